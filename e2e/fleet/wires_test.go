//go:build linux

package fleet

import (
	"net"
	"testing"
)

// What is sent over a cut is lost in silence, and sent again by the system when the cut is mended; other pairs notice nothing.
func TestCutLosesPackets(t *testing.T) {
	w, err := newWires()
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() {
		if err := w.close(); err != nil {
			t.Error(err)
		}
	})
	var nodes []*Node
	for range 3 {
		n := &Node{}
		at, err := w.plug(n)
		if err != nil {
			t.Fatal(err)
		}
		n.door = at.door
		if err := n.space.inside(func() error { echoServer(t, n.door); return nil }); err != nil {
			t.Fatal(err)
		}
		nodes = append(nodes, n)
	}
	a, b, c := nodes[0], nodes[1], nodes[2]
	for _, name := range []string{"switch", "port1", "wire"} {
		if _, err := net.InterfaceByName(name); err == nil {
			t.Errorf("this machine's network has a card %s", name)
		}
	}
	dial := func(from, to *Node) net.Conn {
		conn, err := from.Dial(t.Context(), "tcp", to.door)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		return conn
	}
	ab, ac, bc, aa := dial(a, b), dial(a, c), dial(b, c), dial(a, a)
	for _, conn := range []net.Conn{ab, ac, bc, aa} {
		expectEcho(t, conn, true)
	}
	cut(t, w, a, b)
	expectEcho(t, ab, false)
	expectEcho(t, ac, true)
	expectEcho(t, bc, true)
	mended(t, w, ab)
	if err := w.isolate(a); err != nil {
		t.Fatal(err)
	}
	expectEcho(t, ab, false)
	expectEcho(t, ac, false)
	expectEcho(t, bc, true)
	expectEcho(t, aa, true)
	mended(t, w, ab, ac)
}

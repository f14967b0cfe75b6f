//go:build linux

package fleet

import (
	"context"
	"io"
	"net"
	"os"
	"os/exec"
	"testing"
	"time"
)

// What is sent over a cut waits, and arrives when the cut is mended; other pairs notice nothing.
func TestCutMakesBytesWait(t *testing.T) {
	m := newMesh()
	t.Cleanup(func() {
		if err := m.close(); err != nil {
			t.Error(err)
		}
	})
	me := &Node{cmd: &exec.Cmd{Process: &os.Process{Pid: os.Getpid()}}}
	echo, other := echoServer(t, "127.0.0.1:0"), &Node{}
	way, err := m.open(other, echo)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.open(me, echo); err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("tcp", way)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	expectEcho(t, c, true)
	cut(t, m, me, &Node{})
	expectEcho(t, c, true)
	cut(t, m, me, other)
	expectEcho(t, c, false)
	mended(t, m, c)
}

func cut(t *testing.T, w network, a, b *Node) {
	t.Helper()
	if err := w.cut(a, b); err != nil {
		t.Fatal(err)
	}
}

// mended mends the network, after which what waited on connections comes, and what is sent as well.
func mended(t *testing.T, w network, waiting ...net.Conn) {
	t.Helper()
	if err := w.mend(); err != nil {
		t.Fatal(err)
	}
	for _, c := range waiting {
		if got := make([]byte, 1); read(c, got, 10*time.Second) != nil || got[0] != 'x' {
			t.Errorf("what waited comes as %q", got)
		}
		expectEcho(t, c, true)
	}
}

// expectEcho sends a byte, which is to come back, or not for a while.
func expectEcho(t *testing.T, c net.Conn, comes bool) {
	t.Helper()
	if _, err := c.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	within := 10 * time.Second
	if !comes {
		within = 200 * time.Millisecond
	}
	if err := read(c, make([]byte, 1), within); (err == nil) != comes {
		t.Fatalf("a byte comes back with %v, want it to: %t", err, comes)
	}
}

func read(c net.Conn, b []byte, within time.Duration) error {
	if err := c.SetReadDeadline(time.Now().Add(within)); err != nil {
		return err
	}
	_, err := io.ReadFull(c, b)
	return err
}

// echoServer answers at an address with what it is told.
func echoServer(t *testing.T, address string) string {
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				_, _ = io.Copy(c, c)
			}()
		}
	}()
	return l.Addr().String()
}

//go:build linux

package fleet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
)

// A mesh is a network on the loopback, which takes no privilege. Each node is known to the others by a door
// of the mesh, and the mesh asks the system which process knocks, so that any pair can be cut without the
// others noticing. What is on its way over a cut waits.
type mesh struct {
	ctx   context.Context // of everything that is on its way
	stop  context.CancelFunc
	work  sync.WaitGroup
	doors []net.Listener

	mu    sync.Mutex // guards the others
	nodes []*Node
	gates map[[2]*Node]*gate
}

func newMesh() *mesh {
	m := &mesh{gates: map[[2]*Node]*gate{}}
	m.ctx, m.stop = context.WithCancel(context.Background())
	return m
}

func (m *mesh) plug(n *Node) (at addresses, err error) {
	if at.public, err = freeAddress(); err != nil {
		return at, err
	}
	if at.cluster, err = freeAddress(); err != nil {
		return at, err
	}
	at.door, err = m.open(n, at.cluster)
	return at, err
}

// open makes the door to a node, whose own address is given, and returns the address of the door.
func (m *mesh) open(n *Node, address string) (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	m.doors = append(m.doors, l)
	m.mu.Lock()
	m.nodes = append(m.nodes, n)
	m.mu.Unlock()
	m.work.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			m.work.Go(func() { m.carry(c.(*net.TCPConn), n, address) })
		}
	})
	return l.Addr().String(), nil
}

// carry takes bytes from one who knocks to the node and back, while the gate between them is open.
func (m *mesh) carry(in *net.TCPConn, to *Node, address string) {
	defer in.Close()
	g := m.between(m.caller(in), to)
	if !g.wait(m.ctx) {
		return
	}
	c, err := new(net.Dialer).DialContext(m.ctx, "tcp", address)
	if err != nil {
		return
	}
	out := c.(*net.TCPConn)
	defer out.Close()
	defer context.AfterFunc(m.ctx, func() { in.Close(); out.Close() })()
	var both sync.WaitGroup
	both.Go(func() { g.pump(m.ctx, out, in) })
	both.Go(func() { g.pump(m.ctx, in, out) })
	both.Wait()
}

// between is the gate between two nodes. A nil node is somebody who is none.
func (m *mesh) between(a, b *Node) *gate {
	m.mu.Lock()
	defer m.mu.Unlock()
	g := m.gates[[2]*Node{a, b}]
	if g == nil {
		g = &gate{open: make(chan struct{})}
		close(g.open)
		m.gates[[2]*Node{a, b}], m.gates[[2]*Node{b, a}] = g, g
	}
	return g
}

func (m *mesh) cut(a, b *Node) error {
	m.between(a, b).shut()
	return nil
}

func (m *mesh) isolate(n *Node) error {
	m.mu.Lock()
	nodes := m.nodes
	m.mu.Unlock()
	for _, other := range nodes {
		if other != n {
			m.between(n, other).shut()
		}
	}
	return nil
}

func (m *mesh) mend() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, g := range m.gates {
		g.mend()
	}
	return nil
}

func (m *mesh) close() error {
	m.stop()
	var err error
	for _, l := range m.doors {
		err = errors.Join(err, l.Close())
	}
	m.work.Wait()
	return err
}

// caller is the node whose process holds the other end of a connection.
func (m *mesh) caller(c *net.TCPConn) *Node {
	m.mu.Lock()
	nodes := m.nodes
	m.mu.Unlock()
	inode, err := inodeOf(c.RemoteAddr().(*net.TCPAddr).Port, c.LocalAddr().(*net.TCPAddr).Port)
	if err != nil {
		return nil
	}
	for _, n := range nodes {
		if pid := n.pid(); pid != 0 && holds(pid, inode) {
			return n
		}
	}
	return nil
}

// inodeOf finds the socket on this machine that is bound to the first port and connected to the other.
func inodeOf(local, remote int) (string, error) {
	table, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		return "", err
	}
	from, to := fmt.Sprintf("0100007F:%04X", local), fmt.Sprintf("0100007F:%04X", remote)
	for line := range strings.Lines(string(table)) {
		if f := strings.Fields(line); len(f) > 9 && f[1] == from && f[2] == to {
			return f[9], nil
		}
	}
	return "", fmt.Errorf("no connection from port %d to %d", local, remote)
}

// holds reports whether a process has the socket open.
func holds(pid int, inode string) bool {
	dir := fmt.Sprintf("/proc/%d/fd", pid)
	files, err := os.ReadDir(dir)
	if err != nil {
		return false
	}
	for _, f := range files {
		if at, err := os.Readlink(dir + "/" + f.Name()); err == nil && at == "socket:["+inode+"]" {
			return true
		}
	}
	return false
}

// A gate lets bytes through, or makes them wait.
type gate struct {
	mu   sync.Mutex    // guards open
	open chan struct{} // closed while they may pass
}

func (g *gate) passage() chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.open
}

func (g *gate) shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-g.open:
		g.open = make(chan struct{})
	default:
	}
}

func (g *gate) mend() {
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-g.open:
	default:
		close(g.open)
	}
}

// wait reports whether the gate is open now, or was opened before ctx ended.
func (g *gate) wait(ctx context.Context) bool {
	select {
	case <-g.passage():
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

// pump carries bytes, and the news of an end, in one direction. Its errors are news of the other end, which
// that one hears for itself.
func (g *gate) pump(ctx context.Context, to, from *net.TCPConn) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if !g.wait(ctx) {
			return
		}
		if _, lost := to.Write(buf[:n]); lost != nil {
			_ = from.Close()
			return
		}
		switch {
		case errors.Is(err, io.EOF):
			_ = to.CloseWrite()
			return
		case err != nil:
			_ = to.SetLinger(0) // with a reset, as it came
			_ = to.Close()
			return
		}
	}
}

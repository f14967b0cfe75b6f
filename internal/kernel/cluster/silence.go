package cluster

import (
	"context"
	"io"
	"net"
	"sync"
	"syscall"
	"time"
)

const (
	// unheard is how long the other end of a connection may leave what was sent unacknowledged. Then the connection
	// ends, for one that is kept beyond that is of no use: the longer nothing came through, the rarer does the system
	// try again, up to two minutes after all is well.
	unheard = 5 * time.Second
	// idle is for how long a connection of etcd's may carry nothing. Streams carry something every two seconds; what
	// etcd keeps beside them for later would be dead when a cut is mended, and etcd waits for ever for its answers.
	idle = time.Minute
)

// keepAlive finds out about silent ends that nothing is sent to.
var keepAlive = net.KeepAliveConfig{Enable: true, Idle: unheard, Interval: unheard / 4, Count: 4}

// dialer connects to other nodes.
var dialer = &net.Dialer{Timeout: unheard, KeepAliveConfig: keepAlive, ControlContext: func(_ context.Context, _, _ string, c syscall.RawConn) error {
	_ = boundUnheard(c)
	return nil
}}

// impatient has the system end a connection whose other end has gone without a word. Where it cannot, it ends later.
func impatient(conn net.Conn) {
	if c, ok := conn.(*net.TCPConn); ok {
		_ = c.SetKeepAliveConfig(keepAlive)
		if raw, err := c.SyscallConn(); err == nil {
			_ = boundUnheard(raw)
		}
	}
}

// splice carries bytes both ways until one end closes or neither has said anything for so long, and closes both.
func splice(a, b net.Conn, idle time.Duration) {
	end := func() { a.Close(); b.Close() }
	quiet := time.AfterFunc(idle, end)
	defer quiet.Stop()
	var both sync.WaitGroup
	for _, way := range [][2]net.Conn{{a, b}, {b, a}} {
		both.Go(func() {
			_, _ = io.Copy(way[0], heardReader{way[1], func() { quiet.Reset(idle) }})
			end()
		})
	}
	both.Wait()
}

// A heardReader tells of each read that brought something.
type heardReader struct {
	io.Reader
	heard func()
}

// Read implements io.Reader.
func (r heardReader) Read(b []byte) (int, error) {
	n, err := r.Reader.Read(b)
	if n > 0 {
		r.heard()
	}
	return n, err
}

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
	f := &Fleet{mesh: m}
	me := &Node{cmd: &exec.Cmd{Process: &os.Process{Pid: os.Getpid()}}}
	echo, other := echoServer(t), &Node{}
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
	f.Cut(me, &Node{})
	expectEcho(t, c, true)
	f.Cut(me, other)
	expectEcho(t, c, false)
	m.mend()
	if got := make([]byte, 1); read(c, got, 10*time.Second) != nil || got[0] != 'x' {
		t.Errorf("what waited comes as %q", got)
	}
	expectEcho(t, c, true)
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

func echoServer(t *testing.T) string {
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
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

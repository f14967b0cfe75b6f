package cluster

import (
	"net"
	"testing"

	"golang.org/x/sys/unix"
)

// Both ends of a connection among nodes end it when the other has gone without a word.
func TestConnectionsAreImpatient(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	conn, err := dialer.DialContext(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	accepted, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer accepted.Close()
	impatient(accepted)
	for what, c := range map[string]net.Conn{"dialled": conn, "accepted": accepted} {
		raw, err := c.(*net.TCPConn).SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		err = raw.Control(func(fd uintptr) {
			for option, want := range map[int]int{unix.TCP_USER_TIMEOUT: 5000, unix.TCP_KEEPIDLE: 5} {
				if got, err := unix.GetsockoptInt(int(fd), unix.IPPROTO_TCP, option); err != nil || got != want {
					t.Errorf("option %d of the %s end is %d, %v; want %d", option, what, got, err, want)
				}
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

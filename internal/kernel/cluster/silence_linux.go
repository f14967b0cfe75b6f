package cluster

import (
	"errors"
	"syscall"

	"golang.org/x/sys/unix"
)

// boundUnheard bounds for how long what is sent on a connection may stay unacknowledged.
func boundUnheard(c syscall.RawConn) (err error) {
	lost := c.Control(func(fd uintptr) {
		err = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(unheard.Milliseconds()))
	})
	return errors.Join(err, lost)
}

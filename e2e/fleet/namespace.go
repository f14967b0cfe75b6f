//go:build linux

package fleet

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// A namespace is a network with nothing in it but what is put there. It has no name: it is gone when its file
// is closed and nobody is in it any more, also if this process is killed. Nil is the network of this process.
type namespace struct{ file *os.File }

// newNamespace makes an empty network. It takes privileges.
func newNamespace() (*namespace, error) {
	s := &namespace{}
	return s, onOwnThread(func() (err error) {
		if err = unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("make a network namespace: %w", err)
		}
		s.file, err = os.Open("/proc/thread-self/ns/net")
		return err
	})
}

// inside calls f in the network: sockets that it makes and processes that it starts belong there.
func (s *namespace) inside(f func() error) error {
	if s == nil {
		return f()
	}
	return onOwnThread(func() error {
		if err := unix.Setns(int(s.file.Fd()), unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("enter a network namespace: %w", err)
		}
		return f()
	})
}

// onOwnThread calls f on a thread that nobody else is given afterwards. It is not the first thread of the process, whose
// network the system shows as that of the process.
func onOwnThread(f func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		if unix.Gettid() == unix.Getpid() {
			done <- onOwnThread(f) // on another, for this one is held meanwhile
			runtime.UnlockOSThread()
			return
		}
		done <- f() // and the thread, being locked, ends with this function
	}()
	return <-done
}

// ip runs commands of ip(8) in the network. In their words, /proc/self/fd/3 is the other one.
func (s *namespace) ip(other *namespace, commands ...string) error {
	cmd := exec.Command("ip", "-batch", "-")
	cmd.Stdin = strings.NewReader(strings.Join(commands, "\n"))
	cmd.ExtraFiles = []*os.File{other.file}
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := s.inside(cmd.Run); err != nil {
		return fmt.Errorf("ip(8): %w\n%s\nof: %s", err, said.Bytes(), strings.Join(commands, "; "))
	}
	return nil
}

func (s *namespace) close() error { return s.file.Close() }

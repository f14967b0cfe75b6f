package blob

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// shareLock takes a shared lock on f for as long as f is open. If nobody else holds one, it runs
// alone before anybody can.
//
// Trading the exclusive lock for the shared one is not atomic, so another process may run its own
// alone in between; but the caller has nothing yet for it to sweep away.
func shareLock(f *os.File, alone func() error) error {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	switch {
	case err == nil:
		if err := alone(); err != nil {
			return err
		}
	case !errors.Is(err, syscall.EWOULDBLOCK):
		return fmt.Errorf("lock: %w", err)
	}
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_SH)
		if !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

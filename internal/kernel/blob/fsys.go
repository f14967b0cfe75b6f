package blob

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"

	"hexhub/internal/kernel/fault"
)

// fsys is every step by which a Disk changes the file system. It is a seam: tests put a disk below
// that fills up, fails to sync, tears writes and loses power between any two steps.
type fsys interface {
	create(name string) (file, error) // exclusively, for reading and writing
	rename(from, to string) error
	mkdir(name string) error
	remove(name string) error
	syncDir(name string) error
}

// file is a file being written.
type file interface {
	io.Writer
	io.ReaderAt
	io.Closer
	Sync() error
}

// rootFS is the real fsys. Nothing it is given can name a file outside its directory.
type rootFS struct{ *os.Root }

func (r rootFS) create(name string) (file, error) {
	return r.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
}

func (r rootFS) rename(from, to string) error { return r.Rename(from, to) }
func (r rootFS) mkdir(name string) error      { return r.Mkdir(name, 0o700) }
func (r rootFS) remove(name string) error     { return r.Remove(name) }

func (r rootFS) syncDir(name string) error {
	dir, err := r.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// full turns the errors of a full disk into a fault that says what to do, and leaves others alone.
func full(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fault.Wrap(fault.Unavailable, err, "the server's disk is full, so nothing was stored; "+
			"its administrator must free space on the volume of the data directory, then try again")
	}
	return err
}

// missing turns "no such file" into ErrNotFound, and leaves other errors alone.
func missing(h Hash, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("blob %s: %w", h, ErrNotFound)
	}
	return err
}

//go:build linux

package fleet

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// mountDisk gives a node a disk of its own, of so many bytes of the machine's memory. It takes privileges.
func (n *Node) mountDisk(bytes int64) error {
	if err := os.MkdirAll(n.Data, 0o700); err != nil {
		return err
	}
	if err := unix.Mount("tmpfs", n.Data, "tmpfs", 0, fmt.Sprintf("size=%d,mode=700", bytes)); err != nil {
		return fmt.Errorf("mount a disk for %s: %w", n.Name, err)
	}
	n.mounted = true
	return nil
}

// OwnDisk reports whether the node has a disk of its own; see Options.Disk.
func (n *Node) OwnDisk() bool { return n.mounted }

// FillDisk takes all free space of the node's own disk but for so many bytes, as a neighbour's log would. It may be
// called again, for what was freed meanwhile. FreeDisk undoes it.
func (n *Node) FillDisk(leave int64) (err error) {
	if !n.mounted {
		return fmt.Errorf("%s has no disk of its own to fill", n.Name)
	}
	f, err := os.OpenFile(n.ballast(), os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	var disk unix.Statfs_t
	if err := unix.Statfs(n.Data, &disk); err != nil {
		return err
	}
	more := int64(disk.Bavail)*disk.Bsize - leave
	if more <= 0 {
		return nil
	}
	if err := unix.Fallocate(int(f.Fd()), 0, info.Size(), more); err != nil && !errors.Is(err, unix.ENOSPC) { // the node takes some, too
		return fmt.Errorf("fill the disk of %s: %w", n.Name, err)
	}
	return nil
}

// FreeDisk takes away what FillDisk filled the disk with.
func (n *Node) FreeDisk() error { return os.Remove(n.ballast()) }

func (n *Node) ballast() string { return filepath.Join(n.Data, "ballast") }

// Save copies the files on the node's own disk to a folder beside it, for who wants to look at them after Close.
func (n *Node) Save() error {
	if !n.mounted {
		return nil
	}
	return filepath.WalkDir(n.Data, func(path string, e fs.DirEntry, err error) error {
		to := filepath.Join(n.dir, "saved", path[len(n.Data):])
		switch {
		case err != nil:
			return err
		case e.IsDir():
			return os.MkdirAll(to, 0o700)
		case !e.Type().IsRegular(): // a socket
			return nil
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(to, b, 0o600)
	})
}

func (n *Node) unmountDisk() error {
	if !n.mounted {
		return nil
	}
	n.mounted = false
	return unix.Unmount(n.Data, unix.MNT_DETACH)
}

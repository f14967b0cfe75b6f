//go:build unix

package node

import "golang.org/x/sys/unix"

// diskSize returns what an unprivileged process may still write to dir's disk, and the size of the disk.
func diskSize(dir string) (free, total uint64, err error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, 0, err
	}
	return uint64(s.Bavail) * uint64(s.Bsize), uint64(s.Blocks) * uint64(s.Bsize), nil
}

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

// openFiles is how many files the process may have open at once; zero if nobody can tell.
func openFiles() uint64 {
	var l unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &l); err != nil {
		return 0
	}
	return uint64(l.Cur)
}

//go:build unix

package doctor

import (
	"io/fs"
	"os"
	"syscall"
)

// handed reports whether a file is another account's, which lets a group read it and nobody else: so containers are
// handed their secrets, and this account could not close it further.
func handed(info fs.FileInfo) bool {
	owned, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(owned.Uid) != os.Geteuid() && info.Mode().Perm()&0o037 == 0
}

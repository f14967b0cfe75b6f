package doctor

import "io/fs"

// handed is not asked here, where modes say nothing.
func handed(fs.FileInfo) bool { return false }

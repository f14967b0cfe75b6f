package tarball

import (
	"io"
	"slices"
	"strings"

	"hexhub/hex/version"
)

// OpenDocs checks a documentation tarball, a gzipped tar archive of the given size, and
// returns its regular files in archive order. Besides them there may be directories, which
// are checked and dropped; links are refused, since documentation is served by path and no
// generator makes any. Names may differ only in case, as those of a page and a module often
// do. Paths may have components ".", as all have that "tar -C doc -cz ." packs, and are
// returned without. Files whose first folder is a version are refused, since they would be served as the
// documentation of that version. Errors are those of Open.
func OpenDocs(f io.ReaderAt, size int64) ([]File, error) { return WalkDocs(f, size, nil) }

// WalkDocs is OpenDocs, and lets visit see each regular file on the way, in archive order. As with Walk, visit must not
// keep the reader, and an error takes back what was visited before.
func WalkDocs(f io.ReaderAt, size int64, visit func(f File, contents io.Reader) error) ([]File, error) {
	if size > MaxSize {
		return nil, refuse(TooBig, "tarball error, documentation exceeds max compressed size %d bytes", MaxSize)
	}
	c, err := readContents(io.NewSectionReader(f, 0, size), tree{exactPaths: true, noLinks: true, dots: true}, visit)
	if err != nil {
		return nil, in("tarball error, ", err)
	}
	for _, f := range c.files {
		first, _, _ := strings.Cut(f.Path, "/")
		if _, err := version.Parse(first); err == nil {
			return nil, refuse(VersionedPaths, "tarball error, %s: the first folder must not be a version", f.Path)
		}
	}
	return slices.DeleteFunc(c.files, func(f File) bool { return !f.Mode.IsRegular() }), nil
}

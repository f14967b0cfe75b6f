package tarball

import "io"

// Walk reads the contents of a tarball of the given size once, and lets visit see each regular file in archive order.
// Visit may read as much of the file as it wants, and must not keep the reader. What Walk has not come to yet is
// unchecked, so an error, which is visit's own or one of Open's, takes back what was visited before.
//
// It does not compare checksums or metadata with the contents: the tarball was opened when it was taken in.
func Walk(f io.ReaderAt, size int64, visit func(f File, contents io.Reader) error) error {
	p, err := readPackage(f, size)
	if err != nil {
		return err
	}
	s := p.spans[contentsMember]
	_, err = readContents(io.NewSectionReader(f, s.at, s.size), tree{}, visit)
	return in("inner tarball error, ", err)
}

// read lets visit see a file, and passes over what it did not read.
func (w *walker) read(f File) error {
	left := &io.LimitedReader{R: w.r, N: f.Size}
	if w.visit != nil && f.Mode.IsRegular() {
		if err := w.visit(f, left); err != nil {
			return &visitError{err}
		}
	}
	_, err := io.CopyN(io.Discard, w.r, left.N+padded(f.Size)-f.Size)
	return err
}

// A visitError is one of visit, which is not the archive's.
type visitError struct{ err error }

// Error implements error.
func (e *visitError) Error() string { return e.err.Error() }

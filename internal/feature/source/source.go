// Package source opens the files of releases, so that any one of them can be read.
//
// It knows that a tarball is unpacked once a node, on a shelf that forgets. It refuses to know who may see a release, and
// what its files mean. A tarball costs no more than when it was published: see hex/tarball for the bounds.
package source

import (
	"context"
	"fmt"
	"io"

	"hexhub/hex/tarball"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/pack"
)

// Sources open the files of releases. They are safe for concurrent use.
type Sources struct {
	blobs blob.Store
	shelf *pack.Shelf
}

// New returns the files of the releases whose tarballs are in blobs, unpacked on the shelf.
func New(blobs blob.Store, shelf *pack.Shelf) *Sources { return &Sources{blobs, shelf} }

// Open returns the regular files of a release, which the caller closes. The first to ask waits until they are unpacked.
//
// It fails when the tarball cannot be read now, as when this node waits for it. One that was taken in under older rules
// may not be a tarball any more; then the error is a *tarball.Error.
func (s *Sources) Open(ctx context.Context, r catalog.Release) (*pack.Pack, error) {
	p, err := s.shelf.Get(ctx, "release-"+r.Outer.String(), func(ctx context.Context, w *pack.Writer) error {
		f, err := s.blobs.Open(ctx, blob.Hash(r.Outer))
		if err != nil {
			return err
		}
		defer f.Close()
		return tarball.Walk(f, f.Size(), func(f tarball.File, r io.Reader) error { return w.Add(f.Path, r) })
	})
	if err != nil {
		return nil, fmt.Errorf("open the files of %s %s: %w", r.Ref(), r.Version, err)
	}
	return p, nil
}

package docs

import (
	"context"
	"fmt"
	"io"

	"hexhub/hex/tarball"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/pack"
)

// Trees are documentation unpacked, each archive once a node. They are safe for concurrent use.
type Trees struct {
	blobs blob.Store
	shelf *pack.Shelf
}

// NewTrees returns the documentation whose archives are in blobs, unpacked on the shelf.
func NewTrees(blobs blob.Store, shelf *pack.Shelf) *Trees { return &Trees{blobs, shelf} }

// Open returns the files of a release's documentation, which the caller closes. The first to ask waits until they are
// unpacked. If the release has none, that is not found; other errors are those of an archive that cannot be read now.
func (t *Trees) Open(ctx context.Context, r catalog.Release) (*pack.Pack, error) {
	if !r.HasDocs() {
		return nil, fault.New(fault.NotFound, "%s %s has no documentation", r.Package, r.Version)
	}
	p, err := t.shelf.Get(ctx, treeKey(r.Docs.Hash), func(ctx context.Context, w *pack.Writer) error {
		f, err := t.blobs.Open(ctx, blob.Hash(r.Docs.Hash))
		if err != nil {
			return err
		}
		defer f.Close()
		return fill(w, f, f.Size())
	})
	if err != nil {
		return nil, fmt.Errorf("open the documentation of %s %s: %w", r.Ref(), r.Version, err)
	}
	return p, nil
}

// Holds reports whether the documentation lies unpacked here, so that opening it is cheap.
func (t *Trees) Holds(r catalog.Release) bool {
	return r.HasDocs() && t.shelf.Holds(treeKey(r.Docs.Hash))
}

// Examine is [Examine], and leaves what is good unpacked: once a release names it, nobody waits for it here.
func (t *Trees) Examine(ctx context.Context, up *blob.Spooled) (Archive, error) {
	p, err := t.shelf.Get(ctx, treeKey(tarball.Sum(up.Hash())), func(_ context.Context, w *pack.Writer) error {
		return fill(w, up, up.Size())
	})
	if err != nil {
		return Archive{}, refusal(err)
	}
	defer p.Close()
	if _, ok := p.Find(front); !ok {
		return Archive{}, errNoFront
	}
	return Archive{up}, nil
}

func treeKey(hash tarball.Sum) string { return "docs-" + hash.String() }

func fill(w *pack.Writer, f io.ReaderAt, size int64) error {
	_, err := tarball.WalkDocs(f, size, func(f tarball.File, r io.Reader) error { return w.Add(f.Path, r) })
	return err
}

package docs

import (
	"context"
	"fmt"
	"hash/maphash"
	"io"

	lru "github.com/hashicorp/golang-lru/v2"

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
	lists *lru.Cache[tarball.Sum, list]
	seed  maphash.Seed // of what is in lists
}

// NewTrees returns the documentation whose archives are in blobs, unpacked on the shelf.
func NewTrees(blobs blob.Store, shelf *pack.Shelf) *Trees {
	lists, err := lru.New[tarball.Sum, list](rememberedLists)
	if err != nil { // it fails for no number above zero
		panic(err)
	}
	return &Trees{blobs, shelf, lists, maphash.MakeSeed()}
}

// Open returns the files of a release's documentation, which the caller closes. The first to ask waits until they are
// unpacked. If the release has none, that is not found; other errors are those of an archive that cannot be read now.
func (t *Trees) Open(ctx context.Context, r catalog.Release) (*pack.Pack, error) {
	if !r.HasDocs() {
		return nil, fault.New(fault.NotFound, "%s %s has no documentation", r.Package, r.Version)
	}
	return t.get(ctx, treeKey(r.Docs.Hash), r, whole)
}

// get opens a pack of the shelf. If it is not there, it is made by adding each file of the release's archive.
func (t *Trees) get(ctx context.Context, key string, r catalog.Release, add adder) (*pack.Pack, error) {
	p, err := t.shelf.Get(ctx, key, func(ctx context.Context, w *pack.Writer) error {
		f, err := t.blobs.Open(ctx, blob.Hash(r.Docs.Hash))
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = tarball.WalkDocs(f, f.Size(), into(ctx, w, add))
		return err
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

func treeKey(hash tarball.Sum) string { return "docs-" + hash.String() }

// An adder puts a file of an archive into a pack.
type adder func(w *pack.Writer, f tarball.File, contents io.Reader) error

func whole(w *pack.Writer, f tarball.File, contents io.Reader) error { return w.Add(f.Path, contents) }

// into has add put files into a pack, as long as somebody waits for it.
func into(ctx context.Context, w *pack.Writer, add adder) func(tarball.File, io.Reader) error {
	return func(f tarball.File, contents io.Reader) error {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return add(w, f, contents)
	}
}

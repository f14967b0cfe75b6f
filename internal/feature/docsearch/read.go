package docsearch

import (
	"context"
	"errors"
	"fmt"
	"io"

	"hexhub/hex/tarball"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/kernel/blob"
)

// read returns the places of a release's documentation. It fails when the archive cannot be read now. One that was
// taken in under older rules, and would not be today, has none.
func (x *Index) read(ctx context.Context, r catalog.Release) (*collection, error) {
	return x.readWith(ctx, r, readArchive)
}

func (x *Index) readWith(ctx context.Context, r catalog.Release, read func(io.ReaderAt, int64) (*collection, error)) (*collection, error) {
	f, err := x.blobs.Open(ctx, blob.Hash(r.Docs.Hash))
	if err != nil {
		return nil, fmt.Errorf("open the documentation of %s %s: %w", r.Ref(), r.Version, err)
	}
	defer f.Close()
	c, err := read(f, f.Size())
	if _, refused := errors.AsType[*tarball.Error](err); refused {
		return &collection{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the documentation of %s %s: %w", r.Ref(), r.Version, err)
	}
	return c, nil
}

// readArchive reads search data if there is some that can be read, else all pages. A file that is damaged is passed over:
// its publisher sees it in his own search, and the rest of the archive is as good as before.
func readArchive(f io.ReaderAt, size int64) (*collection, error) {
	c, err := readData(f, size)
	if err != nil {
		return c, err
	}
	return c, c.readPages(f, size, len(c.items) == 0)
}

// readPages reads all pages once: for what they say, if that is wanted, and for the functions that they list, if the
// search data told of none.
func (c *collection) readPages(f io.ReaderAt, size int64, wanted bool) error {
	list := c.Functions == 0
	if !wanted && !list {
		return nil
	}
	_, err := tarball.WalkDocs(f, size, func(f tarball.File, r io.Reader) error {
		if !isPage(f.Path) {
			return nil
		}
		var by []taker
		if wanted && !c.full() {
			by = append(by, c.page(f.Path))
		}
		if list {
			by = append(by, c.list())
		}
		if len(by) > 0 {
			readPage(r, by...)
		}
		return nil
	})
	return err
}

// readData reads the search data alone.
func readData(f io.ReaderAt, size int64) (*collection, error) {
	c := &collection{}
	_, err := tarball.WalkDocs(f, size, func(f tarball.File, r io.Reader) error {
		if isData(f.Path) {
			_ = c.readData(rootOf(f.Path), r)
		}
		return nil
	})
	return c, err
}

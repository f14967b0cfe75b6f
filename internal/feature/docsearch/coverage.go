package docsearch

import (
	"context"
	"io"
	"strings"

	"hexhub/internal/feature/catalog"
)

// A Coverage tells how much of what others may call has a text in its documentation.
type Coverage struct {
	Functions int `json:"functions,omitempty"` // and macros
	Told      int `json:"told,omitempty"`      // of those, that have one
}

// coverages is of how many archives that are not searched it is remembered.
const coverages = 4096

// Coverage is what the documentation of a release says, whether or not this node searches it: tools list functions without
// a text as well. Of documentation that lists none nothing is counted. It fails when the archive cannot be read now.
func (x *Index) Coverage(ctx context.Context, r catalog.Release) (Coverage, error) {
	if !r.HasDocs() {
		return Coverage{}, nil
	}
	return x.counting.Once(ctx, r.Docs.Hash.String(), func() (Coverage, bool) { return x.counted(r) }, func(ctx context.Context) (Coverage, error) {
		c, err := x.count(ctx, r)
		if err == nil {
			x.covered.Add(r.Docs.Hash, c)
		}
		return c, err
	})
}

// counted is what was counted before.
func (x *Index) counted(r catalog.Release) (Coverage, bool) {
	x.mu.RLock()
	s, ok := find(x.have[r.Ref()], r.Version)
	x.mu.RUnlock()
	if ok && s.Hash == r.Docs.Hash {
		return s.Coverage, true
	}
	return x.covered.Get(r.Docs.Hash)
}

// count reads of an archive no more than it takes to count.
func (x *Index) count(ctx context.Context, r catalog.Release) (Coverage, error) {
	c, err := x.readWith(ctx, r, func(f io.ReaderAt, size int64) (*collection, error) {
		c, err := readData(f, size)
		if err != nil {
			return c, err
		}
		return c, c.readPages(f, size, false)
	})
	if err != nil {
		return Coverage{}, err
	}
	return c.Coverage, nil
}

// A tally counts the functions of search data. Of a text with headings ExDoc makes several items: that of the function holds
// what stands before the first, and may be empty.
type tally struct {
	Coverage
	last string // title of the last function if it has no text yet
}

// count takes note of an item.
func (t *tally) count(i Item) {
	switch {
	case i.Type != "function" && i.Type != "macro":
	case !strings.Contains(i.Title, " - "):
		t.Functions, t.last = t.Functions+1, i.Title
		if strings.TrimSpace(i.Text) != "" {
			t.tell()
		}
	case t.last != "" && strings.HasSuffix(i.Title, " - "+t.last):
		t.tell()
	}
}

// tell counts the last function as one that has a text.
func (t *tally) tell() { t.Told, t.last = t.Told+1, "" }

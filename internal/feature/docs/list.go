package docs

import (
	"context"
	"hash/maphash"
	"io"
	"slices"
	"strings"

	"hexhub/hex/tarball"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/kernel/pack"
)

// A list is which files an archive has, each as the hash of its path: whoever asks wants no more than a yes or no.
type list []uint64

// rememberedLists is of how many archives the list is at hand: mostly of some hundred files, and of 160 kB at most.
const rememberedLists = 512

// Has reports whether the documentation of a release has a file. What an archive has is found out once, without
// unpacking it, and kept beside what is unpacked. Who no longer waits for that, when ctx ends, leaves it to the next.
func (t *Trees) Has(ctx context.Context, r catalog.Release, path string) (bool, error) {
	l, err := t.list(ctx, r)
	if err != nil {
		return false, err
	}
	_, ok := slices.BinarySearch(l, maphash.String(t.seed, path))
	return ok, nil
}

func (t *Trees) list(ctx context.Context, r catalog.Release) (list, error) {
	if !r.HasDocs() {
		return nil, nil
	}
	if l, ok := t.lists.Get(r.Docs.Hash); ok {
		return l, nil
	}
	p, err := t.names(ctx, r)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	l := make(list, 0, len(p.Files()))
	for _, f := range p.Files() {
		l = append(l, maphash.String(t.seed, f.Path))
	}
	slices.Sort(l)
	t.lists.Add(r.Docs.Hash, l)
	return l, nil
}

// names opens a pack that has at least the names of the files: the unpacked archive where there is one, else one in which
// all files are empty.
func (t *Trees) names(ctx context.Context, r catalog.Release) (*pack.Pack, error) {
	if t.Holds(r) {
		return t.Open(ctx, r)
	}
	return t.get(ctx, "names-"+r.Docs.Hash.String(), r, func(w *pack.Writer, f tarball.File, _ io.Reader) error {
		return w.Add(f.Path, strings.NewReader(""))
	})
}

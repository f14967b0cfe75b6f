package docsearch

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"hexhub/hex/name"
	"hexhub/hex/version"
	"hexhub/internal/feature/catalog"
)

// A large set is put in step by step. One of which the last step never came is known as such when the index is opened
// again, and leaves nothing behind once it is put in anew.
func TestLargeSetsArePutInStepByStep(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "shard")
	s, _, err := openShard(dir)
	if err != nil {
		t.Fatal(err)
	}
	large := set{Ref: catalog.Ref{Repository: name.MustRepository("hexhub"), Name: name.MustPackage("plug")}, Version: version.MustParse("1.0.0"), Items: 2500, Form: form}
	items := make([]Item, large.Items)
	for i := range items {
		items[i] = Item{Type: "function", Ref: fmt.Sprintf("Plug.html#f%d/1", i), Title: fmt.Sprintf("Plug.f%d/1", i), Text: "parses"}
	}
	put := func(was, now set, items []Item) {
		t.Helper()
		if err := s.put(was, now, items); err != nil {
			t.Fatal(err)
		}
		if n, err := s.DocCount(); err != nil || n != uint64(len(items))+1 {
			t.Fatalf("%d of %d, %v", n, len(items)+1, err)
		}
	}
	again := func() set {
		t.Helper()
		if err := s.shut(); err != nil {
			t.Fatal(err)
		}
		var sets []set
		if s, sets, err = openShard(dir); err != nil || len(sets) != 1 {
			t.Fatalf("%v, %v", sets, err)
		}
		return sets[0]
	}
	put(set{}, large, items)
	if got := again(); got != large {
		t.Fatalf("%+v, want %+v", got, large)
	}

	broken := large
	broken.Hash, broken.Items = [32]byte{1}, 3000
	if err := s.put(large, broken, slices.Concat(items, make([]Item, 500))); err != nil {
		t.Fatal(err)
	}
	if err := s.step(s.NewBatch(), set{Ref: large.Ref, Version: large.Version, Items: broken.Items}); err != nil { // as it is before the last
		t.Fatal(err)
	}
	found := again()
	if found.Form == form || found.Items != broken.Items {
		t.Fatalf("%+v passes for what is finished", found)
	}
	small := large
	small.Items = 10
	put(found, small, items[:10])
	if err := s.shut(); err != nil {
		t.Fatal(err)
	}
}

package source_test

import (
	"bytes"
	"errors"
	"testing"

	"hexhub/hex/tarball"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/source"
	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/pack"
)

// Regular files are there and nothing else is: a link is never followed.
func TestFilesOfARelease(t *testing.T) {
	shelf, err := pack.NewShelf(t.TempDir(), pack.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer shelf.Close()
	var b bytes.Buffer
	sums, err := tarball.Write(&b, tarball.Metadata{Name: "plug", Version: "1.0.0", App: "plug", BuildTools: []string{"mix"}}, []tarball.Source{
		{Path: "mix.exs", Content: []byte("defmodule")}, {Path: "lib/plug.ex", Content: []byte("code")}, {Path: "lib/alias.ex", Link: "plug.ex"},
	})
	if err != nil {
		t.Fatal(err)
	}
	var blobs blob.Memory
	if _, _, err := blobs.Put(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	all := source.New(&blobs, shelf)
	for range 2 {
		p, err := all.Open(t.Context(), catalog.Release{Outer: sums.Outer})
		if err != nil {
			t.Fatal(err)
		}
		if n := len(p.Files()); n != 2 {
			t.Errorf("%d files, want 2", n)
		}
		f, _ := p.Find("lib/plug.ex")
		if got, err := p.Read(f, 100); string(got) != "code" || err != nil {
			t.Errorf("read %q, %v", got, err)
		}
		p.Close()
	}
	if _, err := all.Open(t.Context(), catalog.Release{Outer: tarball.Sum{1}}); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("a tarball that is not there: %v", err)
	}
}

package pack_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"hexhub/internal/kernel/pack"
)

// members are what the packs of these tests hold: what shrinks and what does not, small and large, and nothing.
func members() map[string][]byte {
	noise := make([]byte, 300<<10)
	for i := range noise {
		noise[i] = byte(rand.N(256))
	}
	return map[string][]byte{
		"index.html": []byte(strings.Repeat("<p>hello</p>", 10_000)), "empty": {}, "tiny": []byte("x"), "noise.png": noise,
		"a/b.js": []byte(strings.Repeat("var a = 1;", 50)), "a/c/d": []byte("deep"), "../../etc/passwd": []byte("no path of this machine"),
	}
}

func filler(all map[string][]byte) func(context.Context, *pack.Writer) error {
	return func(_ context.Context, w *pack.Writer) error {
		for path, body := range all {
			if err := w.Add(path, bytes.NewReader(body)); err != nil {
				return err
			}
		}
		return nil
	}
}

func newShelf(t *testing.T, dir string, o pack.Options) *pack.Shelf {
	t.Helper()
	s, err := pack.NewShelf(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func get(t *testing.T, s *pack.Shelf, key string, fill func(context.Context, *pack.Writer) error) *pack.Pack {
	t.Helper()
	p, err := s.Get(t.Context(), key, fill)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

func never(context.Context, *pack.Writer) error { return errors.New("made again") }

// What is added is read back, by whoever opens the shelf next as well.
func TestMembersComeBack(t *testing.T) {
	dir, all := t.TempDir(), members()
	first := newShelf(t, dir, pack.Options{})
	get(t, first, "one", filler(all)).Close()
	first.Close()
	p := get(t, newShelf(t, dir, pack.Options{}), "one", never)
	if len(p.Files()) != len(all) {
		t.Errorf("%d members, want %d", len(p.Files()), len(all))
	}
	for path, want := range all {
		f, ok := p.Find(path)
		if !ok || f.Size != int64(len(want)) {
			t.Errorf("%s: found %v with %d bytes, want %d", path, ok, f.Size, len(want))
		}
		if got, err := p.Read(f, 1<<20); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: read %d bytes, %v", path, len(got), err)
		}
		if got, err := p.Read(f, 2); err != nil || !bytes.Equal(got, want[:min(2, len(want))]) {
			t.Errorf("%s: its first two bytes are %q, %v", path, got, err)
		}
		stored, err := p.Stored(f)
		if err != nil {
			t.Fatal(err)
		}
		if f.Gzip {
			z, err := gzip.NewReader(bytes.NewReader(stored))
			if err != nil {
				t.Fatal(err)
			}
			stored, _ = io.ReadAll(z)
		}
		if !bytes.Equal(stored, want) {
			t.Errorf("%s: what lies in the pack is something else", path)
		}
	}
	if f, _ := p.Find("index.html"); !f.Gzip || f.Stored > f.Size/10 {
		t.Errorf("a page takes %d of %d bytes", f.Stored, f.Size)
	}
	if f, _ := p.Find("noise.png"); f.Gzip {
		t.Error("noise was compressed")
	}
	if _, ok := p.Find("index.htm"); ok || !p.Has("a") || !p.Has("a/c") || p.Has("ind") || p.Has("empty") {
		t.Error("a path or a folder is mistaken")
	}
	if _, err := os.Stat(filepath.Join(dir, "../../etc/passwd")); err == nil {
		t.Error("a member became a file")
	}
}

// Many who ask for one pack wait for one to be made.
func TestManyAskOneMakes(t *testing.T) {
	s, all := newShelf(t, t.TempDir(), pack.Options{Open: 1}), members()
	var made atomic.Int32
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			p, err := s.Get(t.Context(), fmt.Sprint("pack-", i%4), func(ctx context.Context, w *pack.Writer) error {
				made.Add(1)
				return filler(all)(ctx, w)
			})
			if err != nil {
				t.Error(err)
				return
			}
			defer p.Close()
			if f, ok := p.Find("tiny"); !ok {
				t.Error("not whole")
			} else if b, err := p.Read(f, 9); err != nil || string(b) != "x" {
				t.Errorf("read %q, %v", b, err)
			}
		})
	}
	wg.Wait()
	if made.Load() != 4 {
		t.Errorf("made %d times, want 4", made.Load())
	}
}

// A pack is whole or not there: who fails to make it, or is too large, leaves nothing behind.
func TestHalfMadePacksAreGone(t *testing.T) {
	dir := t.TempDir()
	s := newShelf(t, dir, pack.Options{Bytes: 64 << 10})
	broken := errors.New("the archive ends too early")
	_, err := s.Get(t.Context(), "half", func(ctx context.Context, w *pack.Writer) error {
		return errors.Join(w.Add("a", strings.NewReader("a")), broken)
	})
	if !errors.Is(err, broken) || s.Holds("half") {
		t.Errorf("half a pack: %v, held %v", err, s.Holds("half"))
	}
	if _, err := s.Get(t.Context(), "large", filler(members())); !errors.Is(err, pack.ErrTooLarge) {
		t.Errorf("a pack larger than its shelf: %v", err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("%d files are left", len(left))
	}
	if err := os.WriteFile(filepath.Join(dir, "making-x"), []byte("a crash"), 0o600); err != nil {
		t.Fatal(err)
	}
	newShelf(t, dir, pack.Options{})
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("%d files are left of a crash", len(left))
	}
}

// What is damaged is never taken for what was written, and a pack whose list is damaged is made again.
func TestDamageIsSeen(t *testing.T) {
	dir, body := t.TempDir(), []byte(strings.Repeat("hello ", 1000))
	s := newShelf(t, dir, pack.Options{})
	get(t, s, "one", filler(map[string][]byte{"a": body})).Close()
	s.Close()
	file := filepath.Join(dir, "one.pack")
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for at := 0; at < len(whole); at += 5 {
		torn := bytes.Clone(whole)
		torn[at] ^= 0x10
		for _, bytesOf := range [][]byte{torn, whole[:at]} {
			if err := os.WriteFile(file, bytesOf, 0o600); err != nil {
				t.Fatal(err)
			}
			s, err := pack.NewShelf(dir, pack.Options{})
			if err != nil {
				t.Fatal(err)
			}
			p, err := s.Get(t.Context(), "one", filler(map[string][]byte{"a": body}))
			if err != nil {
				t.Fatalf("byte %d: %v", at, err)
			}
			f, _ := p.Find("a")
			if got, err := p.Read(f, 1<<20); err == nil && !bytes.Equal(got, body) {
				t.Errorf("byte %d: damage was not seen", at)
			}
			p.Close()
			s.Close()
		}
	}
}

// The shelf forgets what was not asked for longest; who reads it reads on.
func TestShelfForgetsTheOldest(t *testing.T) {
	body := make([]byte, 10<<10)
	for i := range body {
		body[i] = byte(rand.N(256))
	}
	s := newShelf(t, t.TempDir(), pack.Options{Bytes: 35 << 10, Open: 1})
	fill := filler(map[string][]byte{"a": body})
	old := get(t, s, "p1", fill)
	for _, key := range []string{"p2", "p3", "p2", "p4"} {
		get(t, s, key, fill).Close()
	}
	if s.Holds("p1") || !s.Holds("p2") || !s.Holds("p3") || !s.Holds("p4") {
		t.Error("another one than the oldest was forgotten")
	}
	f, _ := old.Find("a")
	if got, err := old.Read(f, 1<<20); err != nil || !bytes.Equal(got, body) {
		t.Errorf("an open pack that was forgotten: %v", err)
	}
	s.Drop("p2")
	if s.Holds("p2") {
		t.Error("p2 was dropped, and is there")
	}
}

// A key can be no path.
func TestKeysAreNoPaths(t *testing.T) {
	s := newShelf(t, t.TempDir(), pack.Options{})
	for _, key := range []string{"", "..", "../x", "a/b", "A", "a\x00"} {
		if _, err := s.Get(t.Context(), key, filler(nil)); err == nil {
			t.Errorf("%q was taken", key)
		}
	}
}

// Any part of a member can be read, and none of one that is harmed.
func TestPartsOfMembersAreRead(t *testing.T) {
	dir := t.TempDir()
	all := map[string][]byte{"film": bytes.Repeat([]byte("0123456789"), 10_000)}
	all["film"][5] = 'x'
	s := newShelf(t, dir, pack.Options{})
	p := get(t, s, "one", filler(all))
	f, _ := p.Find("film")
	section, err := p.Section(f)
	if err != nil || section.Size() != f.Stored {
		t.Fatal(err)
	}
	whole, err := p.Stored(f)
	if err != nil {
		t.Fatal(err)
	}
	part := make([]byte, 7)
	if _, err := section.ReadAt(part, 90); err != nil || !bytes.Equal(part, whole[90:97]) {
		t.Errorf("%q, %v, want %q", part, err, whole[90:97])
	}
	path := filepath.Join(dir, "one.pack")
	body, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	body[f.At+f.Stored-1] ^= 1
	if err := os.WriteFile(path, body, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Section(f); err == nil {
		t.Error("a part of what is harmed can be read")
	}
}

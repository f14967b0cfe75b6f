package docs_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"hexhub/hex/tarball"
	"hexhub/hex/version"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/docs"
	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/pack"
)

// A bench is where uploads are examined: a shelf of its own, whose folder is looked at.
type bench struct {
	*world
	*docs.Trees
	dir string
}

func newBench(t *testing.T, o pack.Options) *bench {
	t.Helper()
	b := &bench{world: newWorld(t), dir: t.TempDir()}
	shelf, err := pack.NewShelf(b.dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shelf.Close() })
	b.Trees = docs.NewTrees(b.blobs, shelf)
	return b
}

// files counts what lies in the folder.
func (b *bench) files(t *testing.T) int {
	t.Helper()
	left, err := os.ReadDir(b.dir)
	if err != nil {
		t.Fatal(err)
	}
	return len(left)
}

// packed is an archive of such files, whatever becomes of it.
func packed(t testing.TB, files ...tarball.Source) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for _, f := range files {
		if err := w.WriteHeader(&tar.Header{Name: f.Path, Size: int64(len(f.Content)), Mode: 0o644, Format: tar.FormatUSTAR}); err != nil {
			t.Fatal(err)
		}
		w.Write(f.Content)
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func pageAt(path string) tarball.Source {
	return tarball.Source{Path: path, Content: []byte("page")}
}

// What is good lies unpacked once a release names it; of what nobody uploads nothing is left.
func TestUploadedDocsAreUnpacked(t *testing.T) {
	b := newBench(t, pack.Options{})
	for i, upload := range []bool{false, true, true} {
		archive, err := b.Trees.Examine(t.Context(), b.spool(t, bytes.NewReader(packed(t, pageAt("index.html")))))
		if err != nil {
			t.Fatal(err)
		}
		if upload {
			_, err = b.Upload(t.Context(), b.as("joe"), plug, version.MustParse("1.0.0"), archive)
		} else {
			_, err = b.Upload(t.Context(), b.as("eve"), plug, version.MustParse("1.0.0"), archive)
		}
		if archive.Close(); (err == nil) != upload {
			t.Fatal(err)
		}
		if b.Holds(b.release()) != upload || upload != (b.files(t) == 1) {
			t.Errorf("upload %d: held %v, %d files", i, b.Holds(b.release()), b.files(t))
		}
	}
}

// What is refused names the file, by each of the three who check, and leaves nothing behind.
func TestRefusedDocsNameTheFile(t *testing.T) {
	b := newBench(t, pack.Options{})
	for path, ok := range map[string]bool{
		"index.html": true, "./index.html": true, "doc/index.html": false, "Index.html": false,
		"latest/x.html": false, "latest": false, "latest.html": true, "doc/latest/x.html": true, "latest-news/x.html": true,
		"~1.2/x.html": false, "~backup": false, "x~": true, "-/x.html": false, "-": true, "-x/y.html": true, "1.0.0/x.html": false,
	} {
		files := []tarball.Source{pageAt(path)}
		if path != "index.html" && path != "./index.html" && !strings.HasSuffix(strings.ToLower(path), "/index.html") && path != "Index.html" {
			files = append(files, pageAt("index.html"))
		}
		up := b.spool(t, bytes.NewReader(packed(t, files...)))
		archive, err := b.Trees.Examine(t.Context(), up)
		archive.Close()
		_, plain := docs.Examine(up)
		refused, is := errors.AsType[*tarball.Error](docs.Check(up, up.Size()))
		if (err == nil) != ok || (plain == nil) != ok || is == ok {
			t.Errorf("%s: %v, %v and %v", path, err, plain, refused)
		}
		want := "index.html"
		if len(files) > 1 {
			want = path
		}
		if f, is := errors.AsType[*fault.Error](err); err != nil && (!is || f.Kind != fault.Invalid || !strings.Contains(f.Fields.String(), want) || !strings.Contains(f.Fields.String(), refused.Text)) {
			t.Errorf("%s: %v does not name the file", path, err)
		}
		if b.files(t) != 0 {
			t.Errorf("%s: %d files are left", path, b.files(t))
		}
	}
}

// A counter counts the bytes that are read of an archive.
type counter struct {
	io.ReaderAt
	bytes atomic.Int64
}

func (c *counter) ReadAt(b []byte, at int64) (int, error) {
	n, err := c.ReaderAt.ReadAt(b, at)
	c.bytes.Add(int64(n))
	return n, err
}

// L15: what is stored already, and lies unpacked, is examined and unpacked as what is new: the archive is read whole, and
// all of it is packed again.
func TestL15UnpackedBytesAreNoOracle(t *testing.T) {
	b := newBench(t, pack.Options{})
	bytesOf := packed(t, pageAt("index.html"), tarball.Source{Path: "noise.png", Content: noise(200 << 10)})
	for i := range 3 {
		up := b.spool(t, bytes.NewReader(bytesOf))
		read := &counter{ReaderAt: up.SectionReader}
		up.SectionReader = io.NewSectionReader(read, 0, int64(len(bytesOf)))
		before := b.files(t)
		archive, err := b.Trees.Examine(t.Context(), up)
		if err != nil {
			t.Fatal(err)
		}
		if read.bytes.Load() != int64(len(bytesOf)) {
			t.Errorf("upload %d: %d of %d bytes were read", i, read.bytes.Load(), len(bytesOf))
		}
		if before != min(i, 1) || b.files(t) != before+1 {
			t.Errorf("upload %d: %d files were there, and are %d", i, before, b.files(t))
		}
		if _, err := b.Upload(t.Context(), b.as("joe"), plug, version.MustParse("1.0.0"), archive); err != nil {
			t.Fatal(err)
		}
		archive.Close()
	}
}

// noise does not shrink.
func noise(n int) []byte {
	b, x := make([]byte, n), uint32(1)
	for i := range b {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		b[i] = byte(x)
	}
	return b
}

// Documentation that cannot be kept unpacked is refused in words, and not taken for a fault of ours; what others have
// unpacked stays where it is.
func TestDocsLargerThanTheShelfAreRefused(t *testing.T) {
	b := newBench(t, pack.Options{Bytes: 64 << 10})
	archive, err := b.Trees.Examine(t.Context(), b.spool(t, bytes.NewReader(packed(t, pageAt("index.html")))))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Upload(t.Context(), b.as("joe"), plug, version.MustParse("1.0.0"), archive); err != nil {
		t.Fatal(err)
	}
	large := packed(t, pageAt("index.html"), tarball.Source{Path: "noise.png", Content: noise(100 << 10)})
	_, err = b.Trees.Examine(t.Context(), b.spool(t, bytes.NewReader(large)))
	if !fault.Is(err, fault.TooLarge) || !strings.Contains(err.Error(), "unpacked.size") {
		t.Errorf("error = %v", err)
	}
	if !b.Holds(b.release()) || b.files(t) != 1 {
		t.Errorf("held %v, %d files", b.Holds(b.release()), b.files(t))
	}
	// Another node, whose shelf is larger, may have taken it in.
	hash, size, err := b.blobs.Put(t.Context(), bytes.NewReader(large))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Open(t.Context(), catalog.Release{Docs: &catalog.Docs{Hash: tarball.Sum(hash), Size: size}}); !fault.Is(err, fault.Unavailable) {
		t.Errorf("to a reader: %v", err)
	}
}

// bomb is a gzip stream of n zeros, as what is called an archive.
func bomb(t *testing.T, n int64) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := io.CopyN(z, zeros{}, n); err != nil {
		t.Fatal(err)
	}
	z.Close()
	return b.Bytes()
}

// swollen is documentation with a file of n zeros behind its first page.
func swollen(t *testing.T, n int) []byte {
	t.Helper()
	return packed(t, pageAt("index.html"), tarball.Source{Path: "zeros", Content: make([]byte, n)})
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// T30: a bomb is refused in the words of the API, and nothing of what was unpacked before it went off is left.
func TestT30DocsBombsAreInvalid(t *testing.T) {
	b := newBench(t, pack.Options{})
	for name, archive := range map[string][]byte{"no archive": bomb(t, 10<<20), "a file of zeros": swollen(t, 9<<20)} {
		_, err := b.Trees.Examine(t.Context(), b.spool(t, bytes.NewReader(archive)))
		f, ok := errors.AsType[*fault.Error](err)
		if !ok || f.Kind != fault.Invalid || f.Fields["tar"] == nil {
			t.Errorf("T30 %s: %v, want an error about the field tar", name, err)
		}
		if b.files(t) != 0 {
			t.Errorf("T30 %s: %d files are left", name, b.files(t))
		}
	}
}

// T31: fifty at once are refused one after another, in little memory, and who reads meanwhile does not wait for them.
func TestT31ManyDocsBombsWaitInLine(t *testing.T) {
	b, archive := newBench(t, pack.Options{}), swollen(t, 9<<20)
	hash, size, err := b.blobs.Put(t.Context(), bytes.NewReader(packed(t, pageAt("index.html"))))
	if err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	var wg sync.WaitGroup
	var examined atomic.Int32
	for i := range 50 {
		up := b.spool(t, bytes.NewReader(archive))
		wg.Go(func() {
			defer examined.Add(1)
			if _, err := b.Trees.Examine(t.Context(), up); !fault.Is(err, fault.Invalid) {
				t.Errorf("T31 upload %d: %v", i, err)
			}
		})
	}
	tree, err := b.Open(t.Context(), catalog.Release{Docs: &catalog.Docs{Hash: tarball.Sum(hash), Size: size}})
	if err != nil {
		t.Fatalf("T31 a reader meanwhile: %v", err)
	}
	tree.Close()
	atOnce := 0
	for examined.Load() < 50 {
		atOnce = max(atOnce, b.files(t))
		runtime.Gosched()
	}
	if atOnce > 4 {
		t.Errorf("T31 %d are unpacked at once", atOnce)
	}
	wg.Wait()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapSys) - int64(before.HeapSys); grown > 64<<20 {
		t.Errorf("T31 the heap grew by %d bytes", grown)
	}
	if b.files(t) != 1 {
		t.Errorf("T31 %d files are left, want what the reader has", b.files(t))
	}
}

// T35: of documentation that comes in parallel one is what the release has, whole and unpacked, and the others are gone.
func TestT35OneOfManyDocsStays(t *testing.T) {
	b := newBench(t, pack.Options{Bytes: 1 << 20})
	var wg sync.WaitGroup
	for i := range 50 {
		up := b.spool(t, bytes.NewReader(packed(t, pageAt("index.html"), tarball.Source{Path: "by.html", Content: fmt.Append(nil, i%25)})))
		wg.Go(func() {
			archive, err := b.Trees.Examine(t.Context(), up)
			if err == nil {
				defer archive.Close()
				_, err = b.Upload(t.Context(), b.as("joe"), plug, version.MustParse("1.0.0"), archive)
			}
			if err != nil {
				t.Errorf("T35 upload %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	r := b.release()
	tree, err := b.Open(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	if info, err := b.blobs.Stat(t.Context(), blob.Hash(r.Docs.Hash)); err != nil || info.Size != r.Docs.Size || len(tree.Files()) != 2 {
		t.Errorf("T35 %d files of %d bytes, want 2 of %d; %v", len(tree.Files()), info.Size, r.Docs.Size, err)
	}
	if b.files(t) != 25 { // each that was uploaded lies unpacked, and no half of any
		t.Errorf("T35 %d files, want 25", b.files(t))
	}
}

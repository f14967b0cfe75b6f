package docs_test

import (
	"bytes"
	"compress/gzip"
	"testing"

	"hexhub/hex/tarball"
	"hexhub/internal/feature/docs"
	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/pack"
)

// FuzzExamine takes in with unpacking exactly what is taken in without, and leaves nothing of the rest. The gzip stream
// is always good, for its checksum would keep the fuzzer away from what is in it.
func FuzzExamine(f *testing.F) {
	for _, archive := range [][]byte{packed(f, pageAt("index.html"), pageAt("a/b")), packed(f, pageAt("./index.html"), pageAt("latest/x")), packed(f, pageAt("1.0.0/index.html"))} {
		z, err := gzip.NewReader(bytes.NewReader(archive))
		if err != nil {
			f.Fatal(err)
		}
		var inner bytes.Buffer
		if _, err := inner.ReadFrom(z); err != nil {
			f.Fatal(err)
		}
		f.Add(inner.Bytes())
	}
	shelf, err := pack.NewShelf(f.TempDir(), pack.Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { shelf.Close() })
	blobs := &blob.Memory{}
	trees := docs.NewTrees(blobs, shelf)
	f.Fuzz(func(t *testing.T, inner []byte) {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		z.Write(inner)
		z.Close()
		up, err := blobs.Spool(t.Context(), &b, tarball.MaxSize)
		if err != nil {
			t.Fatal(err)
		}
		defer up.Close()
		unpacked, err := trees.Examine(t.Context(), up)
		if err == nil {
			defer unpacked.Close()
		}
		_, plain := docs.Examine(up)
		if (err == nil) != (plain == nil) || err != nil && err.Error() != plain.Error() {
			t.Errorf("unpacking it says %v, reading it %v", err, plain)
		}
		if checked := docs.Check(up, up.Size()); (checked == nil) != (plain == nil) {
			t.Errorf("to whom publishes it is said %v, and here %v", checked, plain)
		}
	})
}

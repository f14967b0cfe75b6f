package docs_test

import (
	"bytes"
	"fmt"
	"testing"

	"hexhub/hex/tarball"
	"hexhub/internal/feature/docs"
	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/pack"
)

// archive is documentation of 20 MB in as many pages.
func archive(b *testing.B, pages int) []byte {
	b.Helper()
	var packed bytes.Buffer
	if err := tarball.WriteDocs(&packed, pagesOf(pages)); err != nil {
		b.Fatal(err)
	}
	return packed.Bytes()
}

// BenchmarkExamine takes in documentation of 20 MB, which is unpacked by that: in large pages and in small ones.
func BenchmarkExamine(b *testing.B) {
	for _, pages := range []int{400, 4000} {
		b.Run(fmt.Sprintf("%d pages", pages), func(b *testing.B) {
			packed := archive(b, pages)
			b.SetBytes(20_000_000)
			b.ReportMetric(float64(len(packed)), "packed-bytes")
			for b.Loop() {
				b.StopTimer()
				shelf, err := pack.NewShelf(b.TempDir(), pack.Options{})
				if err != nil {
					b.Fatal(err)
				}
				blobs := &blob.Memory{}
				up, err := blobs.Spool(b.Context(), bytes.NewReader(packed), 1<<30)
				if err != nil {
					b.Fatal(err)
				}
				trees := docs.NewTrees(blobs, shelf)
				b.StartTimer()
				examined, err := trees.Examine(b.Context(), up)
				if err != nil {
					b.Fatal(err)
				}
				b.StopTimer()
				examined.Close()
				up.Close()
				b.StartTimer()
			}
		})
	}
}

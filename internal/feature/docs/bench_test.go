package docs_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"hexhub/hex/tarball"
	"hexhub/internal/feature/docs"
	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/pack"
)

// archive is documentation of 20 MB in as many pages, of words as random as those of a language.
func archive(b *testing.B, pages int) []byte {
	b.Helper()
	random := rand.New(rand.NewPCG(5, 6))
	rank := rand.NewZipf(random, 1.1, 8, 30_000)
	files := []tarball.Source{{Path: "index.html", Content: []byte("<h1>All</h1>")}}
	for i := range pages {
		var page strings.Builder
		for page.Len() < 20_000_000/pages {
			fmt.Fprintf(&page, "<p>w%x%x <code>%d</code>", rank.Uint64()*7919, rank.Uint64(), rank.Uint64())
		}
		files = append(files, tarball.Source{Path: fmt.Sprintf("page%d.html", i), Content: []byte(page.String())})
	}
	var packed bytes.Buffer
	if err := tarball.WriteDocs(&packed, files); err != nil {
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
				if _, err := trees.Examine(b.Context(), up); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

package docs_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"hexhub/hex/tarball"
	"hexhub/internal/hubtest"
)

// BenchmarkUpload publishes documentation of 20 MB to a whole registry with its log and its blobs on disk, and ends when
// the first page of it was read from the host of documentation. Each time it is another one.
func BenchmarkUpload(b *testing.B) {
	for _, pages := range []int{400, 4000} {
		b.Run(fmt.Sprintf("%d pages", pages), func(b *testing.B) {
			hubtest.Unhurried() // as hexhub serve is
			h := hubtest.Real(b, `
user jose admin password="a long passphrase"
key jose ci permissions=api
package hexhub/decimal owner=jose
release hexhub/decimal 2.1.0
`)
			owner, reader := h.As("jose/ci"), h.Anonymous()
			reader.Header = http.Header{"Host": {"decimal.docs.localhost" + h.Addr()[strings.LastIndex(h.Addr(), ":"):]}}
			files := pagesOf(pages)
			b.SetBytes(20_000_000)
			for i := 0; b.Loop(); i++ {
				b.StopTimer()
				front := fmt.Sprintf("<h1>Upload %d</h1>", i)
				files[0].Content = []byte(front)
				var packed bytes.Buffer
				if err := tarball.WriteDocs(&packed, files); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
				owner.Do(http.MethodPost, "/api/packages/decimal/releases/2.1.0/docs", packed.Bytes()).Expect(b, http.StatusCreated)
				if page := reader.Get("/2.1.0/").Expect(b, http.StatusOK).Body; !bytes.Contains(page, []byte(front)) {
					b.Fatalf("the page is %.100s", page)
				}
			}
		})
	}
}

// pagesOf is documentation of 20 MB in as many pages, of words as random as those of a language.
func pagesOf(n int) []tarball.Source {
	random := rand.New(rand.NewPCG(5, 6))
	rank := rand.NewZipf(random, 1.1, 8, 30_000)
	files := []tarball.Source{{Path: "index.html", Content: []byte("<h1>All</h1>")}}
	for i := range n {
		var page strings.Builder
		for page.Len() < 20_000_000/n {
			fmt.Fprintf(&page, "<p>w%x%x <code>%d</code>", rank.Uint64()*7919, rank.Uint64(), rank.Uint64())
		}
		files = append(files, tarball.Source{Path: fmt.Sprintf("page%d.html", i), Content: []byte(page.String())})
	}
	return files
}

package ui

import (
	"net/http"

	"github.com/klauspost/compress/gzhttp"
)

const (
	worthwhile = 1400 // bytes, below which a page fits a packet as it is
	jitter     = 32   // bytes at most that are added by chance
)

// small compresses pages for those who take that. So that nobody can learn what is in a page from how long it is, the
// length varies by chance.
func small(page http.Handler) http.Handler {
	compress, err := gzhttp.NewWrapper(gzhttp.MinSize(worthwhile), gzhttp.CompressionLevel(4), gzhttp.ContentTypes([]string{"text/html"}), gzhttp.RandomJitter(jitter, 0, false))
	if err != nil {
		panic(err) // the options are constants
	}
	compressed := compress(page)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if wantsEvents(r) { // is sent bit by bit
			page.ServeHTTP(w, r)
			return
		}
		compressed.ServeHTTP(w, r)
	})
}

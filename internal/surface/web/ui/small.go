package ui

import (
	"net/http"

	"github.com/klauspost/compress/gzhttp"
)

const (
	worthwhile = 1400 // bytes, below which a page fits a packet as it is
	jitter     = 32   // bytes at most that are added by chance
)

// compressor compresses pages for those who take that. So that nobody can learn what is in a page from how long it is, the
// length varies by chance. All pages of a site share one: to try its options takes a compressor's megabyte of memory.
func compressor() func(http.Handler) http.HandlerFunc {
	compress, err := gzhttp.NewWrapper(gzhttp.MinSize(worthwhile), gzhttp.CompressionLevel(4), gzhttp.ContentTypes([]string{"text/html"}), gzhttp.RandomJitter(jitter, 0, false))
	if err != nil {
		panic(err) // the options are constants
	}
	return compress
}

// small compresses a page, unless it is sent bit by bit.
func (u *Web) small(page http.Handler) http.Handler {
	compressed := u.compress(page)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if wantsEvents(r) {
			page.ServeHTTP(w, r)
			return
		}
		compressed.ServeHTTP(w, r)
	})
}

package dochost_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"runtime"
	"strings"
	"testing"
)

// numbers is a text of so many bytes, which shrinks as much as an archive may, and is soon packed and unpacked.
func numbers(size int) string {
	var b strings.Builder
	for n := 0; b.Len() < size; n++ {
		fmt.Fprintf(&b, "%d is %s", n*7919, strings.Repeat("one number of many, ", 6))
	}
	return b.String()[:size]
}

// noise is as many bytes as tell that a file does not shrink, if it begins with them.
func noise() string {
	b := make([]byte, 64<<10)
	for i := range b {
		b[i] = byte(rand.Uint32())
	}
	return string(b)
}

// allocated is how much memory was used to do something, given back or not.
func allocated(do func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// D: whatever is in an archive, nobody has all of it held in memory by asking for a part of it, or for what is not there.
func TestLargeFilesAreNotHeld(t *testing.T) {
	h := newHub(t)
	const size = 6 << 20
	film := noise() + numbers(size)
	h.upload("bare", "1.0.0", "index.html", "<p>", "film.mp4", film, "404.html", "<p>"+numbers(size))
	s, _ := h.cold()
	const base = "https://bare.docs.example.com"
	answer(s, base+"/") // unpacks it
	for path, c := range map[string]struct {
		ranged string
		status int
		want   string
	}{
		"/film.mp4":    {"bytes=1000-1009", http.StatusPartialContent, film[1000:1010]},
		"/absent.html": {"", http.StatusNotFound, "This page is not here"},
	} {
		var status int
		var got string
		used := allocated(func() {
			w := ask(s, base+path, http.Header{"Range": {c.ranged}})
			status, got = w.Code, w.Body.String()
		})
		if status != c.status || !strings.Contains(got, c.want) || used > size/4 {
			t.Errorf("%s: %d, %d bytes, and %d bytes were used", path, status, len(got), used)
		}
	}
}

// D: pages with the bar that are long are made each time; what a stranger uploads fills no memory by being read.
func TestLongPagesAreNotRemembered(t *testing.T) {
	h := newHub(t)
	const pages = 10
	files := []string{"index.html", plainPage}
	for i := range pages {
		files = append(files, fmt.Sprintf("p%d.html", i), "<html><body>"+numbers(1<<20)+"</body></html>")
	}
	h.upload("bare", "1.0.0", files...)
	s, _ := h.cold()
	const base = "https://bare.docs.example.com"
	answer(s, base+"/")
	before := live()
	var tag string
	for i := range pages {
		w := answer(s, fmt.Sprintf("%s/p%d.html", base, i))
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String()[:2000], "<hexhub-bar>") {
			t.Fatalf("%d: %.200s", w.Code, w.Body)
		}
		tag = w.Header().Get("Etag")
	}
	if grown := live() - before; grown > pages<<20/4 {
		t.Errorf("%d bytes are remembered of %d pages", grown, pages)
	}
	last := fmt.Sprintf("%s/p%d.html", base, pages-1)
	if used := allocated(func() {
		if w := ask(s, last, http.Header{"If-None-Match": {tag}}); w.Code != http.StatusNotModified {
			t.Errorf("%d", w.Code)
		}
	}); used > 1<<20 {
		t.Errorf("%d bytes were used to say that a page is as it was", used)
	}
}

// live is how much memory is in use.
func live() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc) //nolint:gosec // G115: less than any machine has
}

// D: the bar lists some of the pages of an archive that has a great many.
func TestTheBarListsSomePages(t *testing.T) {
	h := newHub(t)
	files := []string{"index.html", plainPage, "modules-frame.html", plainPage}
	for i := range 1000 {
		files = append(files, fmt.Sprintf("m%d.html", i), plainPage)
	}
	h.upload("bare", "1.0.0", files...)
	if n := strings.Count(string(h.at("bare").Get("/m1.html").Expect(t, 200).Body), `.html"`); n < 400 || n > 600 {
		t.Errorf("%d pages are listed", n)
	}
}

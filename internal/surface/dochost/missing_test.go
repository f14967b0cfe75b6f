package dochost_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"hexhub/hex/name"
	"hexhub/internal/feature/docs"
	"hexhub/internal/hubtest"
	"hexhub/internal/kernel/origin"
	"hexhub/internal/kernel/pack"
	"hexhub/internal/kernel/store"
	"hexhub/internal/surface/dochost"
)

// cold is a surface on a node that has unpacked nothing yet, and the folder in which it does.
func (h *docsHub) cold() (http.Handler, string) {
	h.t.Helper()
	all, err := origin.Parse("https://*.docs.example.com")
	if err != nil {
		h.t.Fatal(err)
	}
	dir := h.t.TempDir()
	shelf, err := pack.NewShelf(dir, pack.Options{})
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { shelf.Close() })
	return dochost.New(dochost.Deps{
		DB: h.DB, Trees: docs.NewTrees(h.Blobs, shelf), Origins: all, Default: name.MustRepository("hexhub"), Site: "https://hub.example.com",
		Passes: h.Passes, External: func(_ store.Reader, private bool) bool { return !private },
	}), dir
}

func answer(s http.Handler, url string) *httptest.ResponseRecorder { return ask(s, url, http.Header{}) }

func ask(s http.Handler, url string, header http.Header) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, url, nil)
	r.Header = header
	s.ServeHTTP(w, r)
	return w
}

// Which versions have a page, and whether the latest has it, is told on a node on which nobody has read them, and they
// are not unpacked for it.
func TestOtherVersionsNeedNotBeUnpacked(t *testing.T) {
	h := newHub(t)
	h.upload("plug", "1.2.0-rc.1", "index.html", "<p>three", "new.html", "<p>new")
	s, dir := h.cold()
	const base = "https://plug.docs.example.com"
	for path, want := range map[string]string{
		"/old.html": "1.0.0/old.html", "/9.0.0/old.html": "1.0.0/old.html", "/1.0.0/guides/": "1.1.0/guides/", "/1.0.0/new.html": "1.2.0-rc.1/new.html", "/nothing.html": "",
	} {
		w := answer(s, base+path)
		if got := strings.Contains(w.Body.String(), "It exists in"); w.Code != http.StatusNotFound || got != (want != "") || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	if whole, _ := filepath.Glob(filepath.Join(dir, "docs-*")); len(whole) > 2 { // of those that were asked themselves, for their own 404.html
		t.Errorf("unpacked: %q", whole)
	}
	for path, want := range map[string]string{"/1.0.0/": `<` + base + `/>; rel="canonical"`, "/1.2.0-rc.1/new.html": "", "/1.2.0-rc.1/": `<` + base + `/>; rel="canonical"`} {
		if w := answer(s, base+path); w.Code != http.StatusOK || w.Header().Get("Link") != want {
			t.Errorf("%s: %d, its canonical address is %q, want %q", path, w.Code, w.Header().Get("Link"), want)
		}
	}
}

// BenchmarkMissing asks for pages that none of a hundred versions has.
func BenchmarkMissing(b *testing.B) {
	h := newHub(b)
	files := []string{"index.html", "<p>"}
	for i := range 300 {
		files = append(files, fmt.Sprintf("Plug.Module%d.html", i), "<p>")
	}
	for i := range 100 {
		v := fmt.Sprintf("2.%d.0", i)
		h.As("joe/all").Publish(hubtest.Tarball(b, "plug", v)).Expect(b, http.StatusCreated)
		h.upload("plug", v, append(files, "of", v)...)
	}
	s, _ := h.cold()
	answer(s, "https://plug.docs.example.com/2.0.0/nothing.html")
	i := 0
	for b.Loop() {
		i++
		if w := answer(s, fmt.Sprintf("https://plug.docs.example.com/2.0.0/nothing%d.html", i)); w.Code != http.StatusNotFound {
			b.Fatal(w.Code)
		}
	}
}

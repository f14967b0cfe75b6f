package ui

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"hexhub/internal/kernel/store"
)

// The operator's name, logo and hue are on each page; what they need is served for ever, and an SVG can do nothing.
func TestD4TheOperatorsLookIsHisOwn(t *testing.T) {
	db, err := store.Open(t.Context(), store.NewMemory(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	logo, err := ParseLogo([]byte(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 2 1"><script>alert(1)</script></svg>`))
	if err != nil {
		t.Fatal(err)
	}
	look := Brand{}
	web := New(Options{Repository: "acme", Log: slog.New(slog.DiscardHandler), DB: db, Logo: logo, Brand: func(store.Reader) Brand { return look }})
	web.Handle("GET /{$}", func(w http.ResponseWriter, r *http.Request) error {
		return web.Say(w, r, http.StatusOK, Message{Heading: "Here"})
	})
	get := func(path string) *httptest.ResponseRecorder {
		rec := httptest.NewRecorder()
		web.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, path, http.NoBody))
		return rec
	}
	if page := get("/").Body.String(); !strings.Contains(page, "<title>Here · acme</title>") || strings.Contains(page, "/assets/hue-") {
		t.Errorf("without a name and a hue the page is:\n%s", page)
	}
	look = Brand{Name: `Acme "&" Sons`, Hue: new(Hue(250))}
	page := get("/").Body.String()
	if !strings.Contains(page, "<title>Here · Acme &#34;&amp;&#34; Sons</title>") {
		t.Errorf("the page has not the name:\n%s", page)
	}
	if name := web.Name(db.View()); name != look.Name {
		t.Errorf("feeds and pictures have the name %q", name)
	}
	for pattern, kind := range map[string]string{`/assets/hue-250\.[0-9a-f]+\.css`: "text/css; charset=utf-8", `/assets/logo\.[0-9a-f]+\.svg`: "image/svg+xml"} {
		path := regexp.MustCompile(pattern).FindString(page)
		a := get(path)
		h := a.Header()
		if a.Code != http.StatusOK || h.Get("Content-Type") != kind || !strings.Contains(h.Get("Cache-Control"), "immutable") || h.Get("Content-Security-Policy") != ownPolicy || h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s (%q): %d %v", pattern, path, a.Code, h)
		}
	}
	for _, path := range []string{"/assets/hue-250.0000000000.css", "/assets/hue-360." + contentHash(nil) + ".css", "/assets/hue-.css", "/assets/logo.svg"} {
		if a := get(path); a.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, a.Code)
		}
	}
}

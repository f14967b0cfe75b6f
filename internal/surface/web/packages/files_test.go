package packages_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

const files = "/packages/decimal/1.2.0/files"

func TestFilesAreShownBesideTheirTree(t *testing.T) {
	s := newSite(t)
	p := s.page(200, files, visit{})
	nav := page{p.one(t, "nav", "aria-label", "Files"), ""}
	for _, path := range []string{"/lib", "/lib/decimal", "/lib/decimal/a%20b.ex", "/lib/decimal.ex", "/mix.exs", "/README.md"} {
		if len(nav.all("a", "href", files+path)) != 1 {
			t.Errorf("the tree lacks %s", path)
		}
	}
	if got := words(nav.one(t, "a", "aria-current", "page")); got != "README.md" {
		t.Errorf("first is shown %q", got)
	}
	p = s.page(200, files+"/lib/decimal.ex", visit{})
	code := p.one(t, "pre", "id", "source")
	if got := words(code); got != "defmodule Decimal do # <b>one</b> U+202E two end" {
		t.Errorf("the code is %q", got)
	}
	if len(p.all("span", "id", "L3")) != 1 || !strings.Contains(words(p.one(t, "main", "", "")), "One character cannot be seen") {
		t.Error("lines or marks are missing")
	}
	p = s.page(200, files+"/lib", visit{})
	if len(p.all("a", "href", files+"/lib/decimal.ex")) != 2 {
		t.Error("a folder does not list its files")
	}
	if got := words(s.page(200, files+"/README.md", visit{}).one(t, "h4", "id", "user-content-use")); got != "Use" {
		t.Errorf("a README is rendered with %q", got)
	}
	if got := words(s.page(200, files+"/README.md?view=code", visit{}).one(t, "pre", "id", "source")); !strings.Contains(got, "## Use") {
		t.Errorf("a README as it was written is %q", got)
	}
}

func TestFilesAreFoundWithoutScripts(t *testing.T) {
	s := newSite(t)
	var found []string
	for _, a := range (page{s.page(200, files+"?find=ab", visit{}).one(t, "div", "id", "found"), ""}).all("a", "", "") {
		found = append(found, words(a))
	}
	if !slices.Equal(found, []string{"lib/decimal/a b.ex"}) {
		t.Errorf("found: %v", found)
	}
	for path, want := range map[string]string{
		"/packages/decimal/files": files, files + "/lib/decimal.ex?line=2": files + "/lib/decimal.ex?view=code#L2",
		files + "/lib/decimal.ex?line=L2-L3": files + "/lib/decimal.ex?view=code#L2-L3", files + "/lib/decimal.ex?line=5001-9999999": files + "/lib/decimal.ex?page=2&view=code#L5001-L9999999",
	} {
		if rec := s.ask(path, visit{}); rec.Code != 303 || rec.Header().Get("Location") != want {
			t.Errorf("%s leads to %d %s", path, rec.Code, rec.Header().Get("Location"))
		}
	}
	for _, path := range []string{"/lib/", "/absent", "/..%2fmix.exs", "/lib%2fdecimal.ex", "/lib/decimal.ex?line=x", "/lib/decimal.ex/"} {
		if rec := s.ask(files+path, visit{}); rec.Code != 404 {
			t.Errorf("%s is answered %d", path, rec.Code)
		}
	}
}

// D4: whatever a file is, a browser that opens it runs nothing of it.
func TestD4RawFilesAreNoPages(t *testing.T) {
	s := newSite(t)
	for path, kind := range map[string]string{"/priv/page.html": "text/plain; charset=utf-8", "/priv/logo.svg": "image/svg+xml", "/lib/decimal/a%20b.ex": "text/plain; charset=utf-8"} {
		rec := s.ask(files+path+"?view=raw", visit{})
		h := rec.Header()
		if rec.Code != 200 || h.Get("Content-Type") != kind || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Content-Security-Policy") != "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; frame-ancestors 'none'" {
			t.Errorf("%s: %d %v", path, rec.Code, h)
		}
		if h.Get("X-Robots-Tag") != "noindex" {
			t.Errorf("robots may remember %s", path)
		}
		if !strings.HasPrefix(h.Get("Content-Disposition"), "inline; filename=") {
			t.Errorf("%s is to be called %s", path, h.Get("Content-Disposition"))
		}
	}
	if rec := s.ask(files+"/priv/page.html?view=raw", visit{method: http.MethodHead}); rec.Code != 200 || rec.Body.Len() != 0 || rec.Header().Get("Content-Length") != "26" {
		t.Errorf("HEAD: %d, %s bytes", rec.Code, rec.Header().Get("Content-Length"))
	}
	for _, path := range []string{"?view=raw", "/lib?view=raw", "/absent?view=raw"} {
		if rec := s.ask(files+path, visit{}); rec.Code != 404 {
			t.Errorf("%s is answered %d", path, rec.Code)
		}
	}
	p := s.page(200, files+"/priv/logo.svg", visit{})
	if len(p.all("svg", "onload", "alert(1)")) != 0 || len(p.all("img", "src", files+"/priv/logo.svg?view=raw")) != 1 {
		t.Error("a drawing is shown, and not as a picture only")
	}
	if got := words(s.page(200, files+"/priv/logo.svg?view=code", visit{}).one(t, "pre", "id", "source")); !strings.HasPrefix(got, "<svg") {
		t.Errorf("as it was written it is %q", got)
	}
}

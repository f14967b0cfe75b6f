package dochost_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"hexhub/hex/name"
	"hexhub/hex/tarball"
	"hexhub/internal/hubtest"
	"hexhub/internal/kernel/origin"
	"hexhub/internal/kernel/store"
	"hexhub/internal/surface/dochost"
)

const plugWorld = `
user joe
org guild admin=joe
key joe all permissions=api
package hexhub/plug owner=joe
package hexhub/bare owner=joe
package guild/vault
release hexhub/plug 1.0.0
release hexhub/plug 1.1.0
release hexhub/plug 1.2.0-rc.1
release hexhub/bare 1.0.0
release guild/vault 1.0.0 docs
`

// A docsHub is a registry with the documentation of plug 1.0.0 and 1.1.0.
type docsHub struct {
	*hubtest.Hub
	t testing.TB
}

func newHub(t testing.TB) *docsHub {
	t.Helper()
	h := &docsHub{hubtest.World(t, plugWorld), t}
	h.upload("plug", "1.0.0", "index.html", "<p>one", "old.html", "<p>gone", "docs_config.js", "alert(1)")
	h.upload("plug", "1.1.0", "index.html", "<p>two", "guides/index.html", "<p>guides", "docs_config.js", "alert(2)", "dist/app-AAAABBBB.js", "1;"+strings.Repeat(" ", 500))
	return h
}

// upload gives a release documentation of files, each a name and what is in it.
func (h *docsHub) upload(pkg, version string, files ...string) hubtest.Answer {
	h.t.Helper()
	var sources []tarball.Source
	for i := 0; i < len(files); i += 2 {
		sources = append(sources, tarball.Source{Path: files[i], Content: []byte(files[i+1])})
	}
	var b bytes.Buffer
	if err := tarball.WriteDocs(&b, sources); err != nil {
		h.t.Fatal(err)
	}
	return h.As("joe/all").Do(http.MethodPost, "/api/packages/"+pkg+"/releases/"+version+"/docs", b.Bytes()).Expect(h.t, http.StatusCreated)
}

// at asks the documentation of a label, such as plug; an empty one is the host that all share.
func (h *docsHub) at(label string) hubtest.Client {
	h.t.Helper()
	u, err := url.Parse(h.URL)
	if err != nil {
		h.t.Fatal(err)
	}
	host := "docs.localhost:" + u.Port()
	if label != "" {
		host = label + "." + host
	}
	c := h.Anonymous()
	c.Header = http.Header{"Host": {host}}
	return c
}

func TestAddressesOfVersions(t *testing.T) {
	h := newHub(t)
	base := strings.Replace(h.URL, "127.0.0.1", "plug.docs.localhost", 1)
	for _, c := range []struct{ path, want string }{
		{"/", "<p>two"},
		{"/index.html", "<p>two"},
		{"/1.0.0/", "<p>one"},
		{"/1.0.0/old.html", "<p>gone"},
		{"/guides/", "<p>guides"},
		{"/1.0.0", "302 /1.0.0/"},
		{"/guides?theme=dark", "302 /guides/?theme=dark"},
		{"/1.1.0/guides", "302 /1.1.0/guides/"},
		{"/latest/guides/?theme=dark", "302 /1.1.0/guides/?theme=dark"},
		{"/latest", "302 /1.1.0/"},
		{"/~1.0.0/old.html", "302 /1.0.0/old.html"},
		{"/~1.0", "302 /1.1.0/"},
		{"/~2.0/", "404"},
		{"/~x/", "404"},
		{"/1.2.0-rc.1/", "404"},
		{"/9.0.0/", "404"},
		{"/old.html", "404"},
		{"/INDEX.html", "404"},
		{"/guides/..;/index.html", "404"},
		{"/guides%2Findex.html", "404"},
		{"/1.0.0%2Findex.html", "404"},
	} {
		a := h.at("plug").Get(c.path)
		got := string(a.Body)
		switch {
		case a.Status == http.StatusFound:
			got = "302 " + strings.TrimPrefix(a.Header.Get("Location"), base)
		case a.Status != http.StatusOK:
			got = http.StatusText(a.Status)
			if a.Status == http.StatusNotFound {
				got = "404"
			}
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.path, got, c.want)
		}
	}
}

// What is not there and what nobody may know of are refused alike.
func TestAbsentDocumentation(t *testing.T) {
	h := newHub(t)
	for label, want := range map[string]int{"nothing": 404, "bare": 404, "guild--vault": 401, "ghost--vault": 401, "guild--ghost": 401} {
		if a := h.at(label).Get("/"); a.Status != want {
			t.Errorf("%s: %d, want %d", label, a.Status, want)
		}
	}
}

// A package that has an origin is shown nowhere else.
func TestOneOriginEach(t *testing.T) {
	h := newHub(t)
	want := strings.Replace(h.URL, "127.0.0.1", "plug.docs.localhost", 1) + "/1.0.0/?theme=dark"
	for name, a := range map[string]hubtest.Answer{
		"the host of all":               h.at("").Get("/plug/1.0.0/?theme=dark"),
		"a path of the site":            h.Anonymous().Get("/docs-view/plug/1.0.0/?theme=dark"),
		"the default repository's name": h.at("").Get("/@hexhub/plug/1.0.0/?theme=dark"),
		"as a label":                    h.at("hexhub--plug").Get("/1.0.0/?theme=dark"),
	} {
		if got := a.Header.Get("Location"); got != want {
			t.Errorf("%s: %d to %q, want %s", name, a.Status, got, want)
		}
	}
}

// The menu of versions is told by the releases as they are, whatever the archive says.
func TestMenuFollowsTheReleases(t *testing.T) {
	h := newHub(t)
	base := strings.Replace(h.URL, "127.0.0.1", "plug.docs.localhost", 1)
	two := `var versionNodes = [{"version":"v1.1.0","url":"` + base + `/1.1.0","latest":true},{"version":"v1.0.0","url":"` + base + `/1.0.0"}];`
	for _, path := range []string{"/docs_config.js", "/1.0.0/docs_config.js", "/guides/docs_config.js", "/9.0.0/docs_config.js"} {
		if got := string(h.at("plug").Get(path).Expect(t, 200).Body); !strings.HasPrefix(got, two) {
			t.Errorf("%s: %s", path, got)
		}
	}
	joe := h.As("joe/all")
	joe.Do(http.MethodPost, "/api/packages/plug/releases/1.0.0/retire", map[string]string{"reason": "security"}).Expect(t, 204)
	if got := string(h.at("plug").Get("/docs_config.js").Body); !strings.Contains(got, `/1.0.0","retired":true}]`) {
		t.Errorf("after one was retired: %s", got)
	}
	joe.Do(http.MethodDelete, "/api/packages/plug/releases/1.1.0/docs", nil).Expect(t, 204)
	if got := string(h.at("plug").Get("/docs_config.js").Body); !strings.Contains(got, `= [{"version":"v1.0.0","url":"`+base+`/1.0.0","latest":true,"retired":true}]`) {
		t.Errorf("after the newest was deleted: %s", got)
	}
}

// ExDoc's first page only sends readers on, and browsers would lose the theme on the way.
func TestFirstPagesThatSendOnKeepTheTheme(t *testing.T) {
	h := newHub(t)
	h.upload("bare", "1.0.0", "index.html", `<html><head><meta http-equiv="refresh" content="0; url=readme.html"></head><body></body></html>`, "readme.html", "<script src=docs_config.js></script><body>")
	base := strings.Replace(h.URL, "127.0.0.1", "bare.docs.localhost", 1)
	for from, to := range map[string]string{"/?theme=dark": "/readme.html?theme=dark", "/1.0.0/": "/1.0.0/readme.html"} {
		if a := h.at("bare").Get(from).Expect(t, 302); a.Header.Get("Location") != base+to {
			t.Errorf("%s leads to %s, want %s", from, a.Header.Get("Location"), to)
		}
	}
	h.upload("bare", "1.0.0", "index.html", `<meta http-equiv="refresh" content="0; url=https://evil.example/">`)
	h.at("bare").Get("/").Expect(t, 200)
}

// Pages that bring no menu of versions get one, without scripts; what brings its own is left as it is.
func TestPlainPagesGetABar(t *testing.T) {
	h := newHub(t)
	edoc := `<!doctype html><html><BODY class=">" bgcolor=white><h1>Module</h1></BODY></html>`
	exdoc := `<html><body><script src="docs_config.js"></script></body></html>`
	for _, version := range []string{"1.0.0", "1.1.0"} {
		h.upload("plug", version, "index.html", edoc, "exdoc.html", exdoc, "modules-frame.html", edoc, "frames.html", "<frameset></frameset>")
	}
	plug := h.at("plug")
	a := plug.Get("/1.0.0/").Expect(t, 200)
	base := strings.Replace(h.URL, "127.0.0.1", "plug.docs.localhost", 1)
	for _, want := range []string{`bgcolor=white><hexhub-bar>`, `<h1>Module</h1>`, `href="` + base + `/1.1.0/"`, `<hexhub-bar>`, `<a target="_top" href="` + h.URL + `/packages/plug/1.0.0">`} {
		if !strings.Contains(string(a.Body), want) {
			t.Errorf("the page lacks %s:\n%s", want, a.Body)
		}
	}
	plug.Header.Set("If-None-Match", a.Header.Get("Etag"))
	plug.Get("/1.0.0/").Expect(t, http.StatusNotModified)
	plug.Header.Del("If-None-Match")
	for path, want := range map[string]string{"/exdoc.html": exdoc, "/modules-frame.html": edoc, "/frames.html": "<frameset></frameset>"} {
		if got := string(plug.Get(path).Body); got != want {
			t.Errorf("%s was changed: %s", path, got)
		}
	}
	plug.Header.Set("Sec-Fetch-Dest", "iframe")
	if got := string(plug.Get("/").Body); got != edoc {
		t.Errorf("in a frame of a page: %s", got)
	}
}

// What is not there is 404, and leads to the versions that have it.
func TestMissingPages(t *testing.T) {
	h := newHub(t)
	plug := h.at("plug")
	base := strings.Replace(h.URL, "127.0.0.1", "plug.docs.localhost", 1)
	for path, want := range map[string]string{
		"/old.html":       `<a href="` + base + `/1.0.0/old.html">1.0.0</a>`,
		"/9.0.0/old.html": `plug has no documentation of this version.`,
		"/1.1.0/x.html":   `The documentation of plug 1.1.0 has no page`,
	} {
		if a := plug.Get(path).Expect(t, http.StatusNotFound); !strings.Contains(string(a.Body), want) || strings.Contains(a.Header.Get("Cache-Control"), "public") {
			t.Errorf("%s: %v %s", path, a.Header, a.Body)
		}
	}
	h.upload("plug", "1.1.0", "index.html", "<p>two", "404.html", "theirs")
	if a := plug.Get("/1.1.0/x.html").Expect(t, http.StatusNotFound); string(a.Body) != "theirs" {
		t.Errorf("%s", a.Body)
	}
}

// D5: what a file may pass for is decided by its name, and what is on no list is to be saved.
func TestD5TypesAreOnAList(t *testing.T) {
	h := newHub(t)
	files := []string{"index.html", "<p>"}
	want := map[string]string{
		"a.svg": "image/svg+xml", "a.xml": "text/plain; charset=utf-8", "a.xsl": "application/octet-stream", "a.manifest": "application/octet-stream", ".htaccess": "application/octet-stream",
		"a.pdf": "application/pdf", "a.swf": "application/octet-stream", "LICENSE": "text/plain; charset=utf-8", "a.HTML": "text/html; charset=utf-8", "a.md": "text/markdown; charset=utf-8",
	}
	for name := range want {
		files = append(files, name, "<html><script>alert(1)</script>")
	}
	h.upload("bare", "1.0.0", files...)
	for name, kind := range want {
		a := h.at("bare").Get("/"+name).Expect(t, 200)
		saved := a.Header.Get("Content-Disposition") == "attachment"
		if got := a.Header.Get("Content-Type"); got != kind || a.Header.Get("X-Content-Type-Options") != "nosniff" || saved != (kind == "application/octet-stream" || kind == "application/pdf") {
			t.Errorf("%s: %v", name, a.Header)
		}
	}
}

// A range of what is stored as it is can be had, for players of films.
func TestRanges(t *testing.T) {
	h := newHub(t)
	h.upload("bare", "1.0.0", "index.html", "<p>", "film.mp4", "0123456789")
	bare := h.at("bare")
	bare.Header.Set("Range", "bytes=2-4")
	if a := bare.Get("/film.mp4").Expect(t, http.StatusPartialContent); string(a.Body) != "234" {
		t.Errorf("%q", a.Body)
	}
}

func TestFilesAreRevalidatedAndCompressed(t *testing.T) {
	h := newHub(t)
	plug := h.at("plug")
	plug.Header.Set("Accept-Encoding", "br, gzip")
	a := plug.Get("/dist/app-AAAABBBB.js").Expect(t, 200)
	if a.Header.Get("Content-Encoding") != "gzip" || len(a.Body) > 200 || !strings.Contains(a.Header.Get("Cache-Control"), "immutable") {
		t.Errorf("%d bytes, %v", len(a.Body), a.Header)
	}
	plug.Header.Set("If-None-Match", a.Header.Get("Etag"))
	plug.Get("/dist/app-AAAABBBB.js").Expect(t, http.StatusNotModified)
	plug.Header.Set("Accept-Encoding", "gzip;q=0")
	if a := plug.Get("/dist/app-AAAABBBB.js").Expect(t, 200); len(a.Body) != 502 || a.Header.Get("Content-Encoding") != "" {
		t.Errorf("%d bytes, %v", len(a.Body), a.Header)
	}
}

// Nothing of the site's is on a host of documentation, and its methods are those that read.
func TestHostsOfDocumentationHaveNoSite(t *testing.T) {
	h := newHub(t)
	for _, path := range []string{"/login", "/api/packages", "/repo/names", "/assets/app.css"} {
		h.at("plug").Get(path).Expect(t, http.StatusNotFound)
	}
	h.at("plug").Do(http.MethodPost, "/", nil).Expect(t, http.StatusMethodNotAllowed)
	if a := h.at("plug").Get("/"); a.Header.Get("Set-Cookie") != "" || a.Header.Get("Service-Worker-Allowed") != "" {
		t.Errorf("%v", a.Header)
	}
}

// header asks a surface whose documentation is at other addresses than the hub's.
func (h *docsHub) header(origins, host, path string) http.Header {
	h.t.Helper()
	all, err := origin.Parse(origins)
	if err != nil {
		all = origin.Beside("https://hub.example.com") // a path of the site
	}
	s := dochost.New(dochost.Deps{
		DB: h.DB, Trees: h.Trees, Origins: all, Default: name.MustRepository("hexhub"), Site: "https://hub.example.com",
		Passes: h.Passes, External: func(_ store.Reader, private bool) bool { return !private },
	})
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Host = host
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		h.t.Errorf("%s%s: %d", host, path, w.Code)
	}
	if strings.HasSuffix(path, "docs_config.js") != strings.Contains(w.Body.String(), "versionNodes") {
		h.t.Errorf("%s%s: %s", host, path, w.Body)
	}
	w.Header().Set("Body", w.Body.String())
	return w.Header()
}

// D1, D2: a package's own origin is closed to windows of others. On one that it shares its pages have no origin at all:
// they reach neither the site's session nor what another keeps, and get storage from us that lasts as long as the page.
func TestD2SharedOriginsAreBoxed(t *testing.T) {
	h := newHub(t)
	for _, c := range []struct {
		origins, host, path string
		boxed               bool
	}{
		{"https://*.docs.example.com", "plug.docs.example.com", "", false},
		{"https://docs.example.com", "docs.example.com", "/plug", true},
		{"", "hub.example.com", "/plug", true},
	} {
		page, config := h.header(c.origins, c.host, c.path+"/1.0.0/"), h.header(c.origins, c.host, c.path+"/docs_config.js")
		policy := page.Get("Content-Security-Policy")
		if got := strings.Contains(policy, "sandbox allow-scripts"); got != c.boxed || strings.Contains(policy, "allow-same-origin") {
			t.Errorf("%s: %s", c.origins, policy)
		}
		if got := strings.Contains(config.Get("Body"), "new Memory"); got != c.boxed {
			t.Errorf("%s: a page gets storage: %v", c.origins, got)
		}
		// Without an origin, a page's own fonts are another's.
		if got := page.Get("Access-Control-Allow-Origin") == "*" && page.Get("Cross-Origin-Resource-Policy") == "cross-origin"; got != c.boxed {
			t.Errorf("%s: %v", c.origins, page)
		}
		if page.Get("Cross-Origin-Opener-Policy") != "same-origin" || page.Get("Service-Worker-Allowed") != "" || page.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s: %v", c.origins, page)
		}
	}
}

// D6: a path leads to a file of the archive or nowhere, whatever it is disguised as.
func TestD6PathsStayInTheArchive(t *testing.T) {
	h := newHub(t)
	for _, path := range []string{
		"/..%2f1.0.0/index.html", "/%2e%2e%2findex.html", "/guides%2f", "/guides%5cindex.html", "/guides/..;/index.html", "/guides;/index.html", "/GUIDES/index.html",
		"/index.html%00.js", "/1.1.0/1.0.0/index.html", "/1.1.0/%2e%2e/index.html", "/./index.html", "/@guild/vault/index.html", "/plug/index.html",
	} {
		if a := h.at("plug").Get(path); a.Status != http.StatusNotFound && a.Status != http.StatusBadRequest {
			t.Errorf("%s: %d %s", path, a.Status, a.Body)
		}
	}
}

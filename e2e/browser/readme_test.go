package browser

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"hexhub/hex/tarball"
	"hexhub/internal/hubtest"
)

// inReadme are ways to run something from a text. RUN is what is to run; it leaves the name of the way behind.
var inReadme = map[string]string{
	"script":   `<script>RUN</script>`,
	"picture":  `<img src="/x" onerror="RUN">`,
	"drawing":  `<svg onload="RUN"></svg>`,
	"details":  `<details open ontoggle="RUN"><summary>a</summary>b</details>`,
	"film":     `<video><source src="/x" onerror="RUN"></video>`,
	"frame":    `<iframe srcdoc="<script>parent.RUN</script>"></iframe>`,
	"noscript": `<noscript><p title="</noscript><img src=/x onerror=RUN>"></p>`,
	"style":    `<style><p title="</style><img src=/x onerror=RUN>"></p>`,
	"focus":    `<input autofocus onfocus="RUN">`,
	"link":     `<a href="javascript:RUN">a link</a>`,
	"disguise": `<a href="java&#10;script&colon;RUN">a link</a>`,
	"object":   `<object data="/x" onerror="RUN"></object>`,
}

// hostile is a text that tries all of them, and asks a place elsewhere for pictures and styles.
func hostile(elsewhere string) string {
	b := strings.Builder{}
	b.WriteString("<p>The text begins.</p>\n\n")
	for name, way := range inReadme {
		b.WriteString(strings.ReplaceAll(way, "RUN", "document.documentElement.dataset."+name+"=1") + "\n\n")
	}
	b.WriteString(`<img src="` + elsewhere + `/pixel"><link rel="stylesheet" href="` + elsewhere + `/style">` + "\n\n![x](" + elsewhere + `/picture)` + "\n\n[x](javascript:document.documentElement.dataset.markdown=1)\n")
	b.WriteString(`<form id="hexhub" name="location"><input name="cookie"></form><a id="body" name="forms">x</a>` + "\n\nThe text ends.\n")
	return b.String()
}

// ran clicks all links that could run something, and returns what has run.
const ran = `(async () => {
	for (const a of document.querySelectorAll('main a:not([href^="/"]):not([href^="http"]), body > a, body p > a')) if (a.protocol === "javascript:") a.click();
	await new Promise((done) => setTimeout(done, 300));
	return JSON.stringify(Object.keys(document.documentElement.dataset).filter((k) => document.documentElement.dataset[k] === "1"));
})()`

// D7: what a README, a changelog and a file are shown as runs nothing and asks nobody, even where no policy would stop it.
// As a page of its own the same text does both.
func TestD7ReadmesRunNothing(t *testing.T) {
	t.Parallel()
	st := newStage(t, nil)
	text := hostile(st.elsewhere)
	raw := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.Write([]byte("<!doctype html><body>" + text))
	}))
	defer raw.Close()
	st.open(raw.URL)
	if got, err := ask[[]string](st.ctx, ran); err != nil || len(got) < 8 || st.heard.Swap(0) < 2 {
		t.Fatalf("as a page the text runs %q only, so this test sees little: %v", got, err)
	}

	var b bytes.Buffer
	if _, err := tarball.Write(&b, tarball.Metadata{Name: "evil", Version: "1.1.0", App: "evil", Description: new("x"), Licenses: []string{"MIT"}, BuildTools: []string{"mix"}}, []tarball.Source{
		{Path: "README.md", Content: []byte(text)}, {Path: "CHANGELOG.md", Content: []byte(text)}, {Path: "mix.exs", Content: []byte("# x")},
	}); err != nil {
		t.Fatal(err)
	}
	st.s.As("eve/all").Publish(b.Bytes()).Expect(t, http.StatusCreated)
	st.unbound(true)
	for _, path := range []string{"/packages/evil", "/packages/evil/1.1.0/changelog", "/packages/evil/1.1.0/files/README.md"} {
		st.open(st.s.URL + path)
		if !st.is(`document.querySelector("main").textContent.includes("The text begins.") && document.querySelector("main").textContent.includes("The text ends.")`) {
			t.Errorf("%s does not show the text", path)
		}
		if got, err := ask[[]string](st.ctx, ran); err != nil || len(got) > 0 || st.heard.Load() > 0 {
			t.Errorf("%s runs %q and asks elsewhere %d times, %v", path, got, st.heard.Load(), err)
		}
		if !st.is(`document.forms.namedItem("location") === null && document.getElementById("hexhub") === null && document.body.tagName === "BODY" && typeof document.forms.length === "number"`) {
			t.Errorf("%s takes names of the page for its own", path)
		}
	}
}

// scribble writes the canary wherever documentation can say something.
func (s *site) scribble() {
	s.t.Helper()
	const words = `"Needle \"><svg/onload=alert(1)>'"`
	page := `<!doctype html><html><head><title>&quot;&gt;&lt;svg/onload=alert(1)&gt;'</title></head><body><h1>Needle</h1></body></html>`
	var b bytes.Buffer
	if err := tarball.WriteDocs(&b, []tarball.Source{
		{Path: "index.html", Content: []byte(page)},
		{Path: "dist/search_data-AAAABBBB.js", Content: []byte(`searchData={"items":[{"type":` + words + `,"title":` + words + `,"doc":` + words + `,"ref":"index.html#\"><svg/onload=alert(1)>'"}]}`)},
	}); err != nil {
		s.t.Fatal(err)
	}
	s.As("pat/all").Do(http.MethodPost, "/api/packages/sprinkled/releases/1.0.0/docs", b.Bytes()).Expect(s.t, http.StatusCreated)
	description := "Later " + canary
	b.Reset()
	if _, err := tarball.Write(&b, tarball.Metadata{
		Name: "sprinkled", Version: "1.1.0", App: "sprinkled", Description: &description, Licenses: []string{"MIT"}, BuildTools: []string{"mix"},
	}, []tarball.Source{
		{Path: "README.md", Content: []byte("# Other " + canary + "\n")},
		{Path: "mix.exs", Content: []byte("# other " + canary + "\n")},
		{Path: "CHANGELOG.md", Content: []byte("# Changelog\n\n## 1.1.0\n\n- other " + canary + "\n")},
		{Path: "LICENSE", Content: []byte("Licence\n")},
		{Path: `lib/"><svg onload=alert(1)>'.ex`, Content: []byte("# " + canary + "\n")},
	}); err != nil {
		s.t.Fatal(err)
	}
	s.As("pat/all").Publish(b.Bytes()).Expect(s.t, http.StatusCreated)
	if err := s.Manuals.Settle(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}

// D9: what is written into documentation, paths and lines is text wherever it comes up: among what is found, in the
// palette, in a comparison, in the bar and the notices of the documentation's host.
func TestD9WhatIsFoundIsText(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.sprinkle()
	s.scribble()
	st := &stage{s: s}
	st.reader = readerOf(t, s.Hub)
	const path = "%22%3E%3Csvg%20onload=alert(1)%3E'"
	for _, c := range []struct {
		host, path string
		shows      bool // the canary, as text
	}{
		{"", "/search?q=needle", true},
		{"", "/search?q=" + path, true},
		{"", "/palette?q=Needle", true},
		{"", "/palette?q=" + path, true},
		{"", "/suggest?q=" + path, true},
		{"", "/search?q=needle&packages=sprinkled:1.0.0", true},
		{"", "/search?q=x&packages=" + path, false},
		{"", "/packages?search=" + path, true},
		{"", "/diff/sprinkled/1.0.0..1.1.0", true},
		{"", "/packages/sprinkled/1.1.0/files", true},
		{"", "/packages/sprinkled/1.1.0/files/lib/" + path + ".ex", true},
		{"", "/packages/sprinkled/1.0.0/quality", false},
		{"", "/packages/sprinkled", true},
		{"sprinkled.docs", "/1.0.0/?theme=" + path, false},
		{"sprinkled.docs", "/" + path, false},
		{"sprinkled.docs", "/1.0.0/" + path + "?theme=dark", false},
		{"docs", "/" + path, false},
	} {
		client := s.as("anonymous")
		base := s.URL
		if c.host != "" {
			base = "http://" + c.host + ".localhost:" + st.port
			client.Header.Set("Host", c.host+".localhost:"+st.port)
		}
		a := client.Get(c.path)
		text := false
		for n := range document(t, a.Body).Descendants() {
			text = text || strings.Contains(strings.ToLower(n.Data), `"><svg`)
			for _, attr := range n.Attr {
				text = text || strings.Contains(attr.Val, `"><svg`)
				if strings.HasPrefix(attr.Key, "on") {
					t.Errorf("%s%s has an element %s with %s=%q", c.host, c.path, n.Data, attr.Key, attr.Val)
				}
			}
		}
		if c.shows && !text {
			t.Errorf("%s%s does not show the canary, %d, so it tells nothing: %.200s", c.host, c.path, a.Status, a.Body)
		}
		st.unbound(true)
		st.open(base + c.path)
		if st.is(`document.querySelector("[onload]") !== null`) {
			t.Errorf("%s%s shows the canary as more than text", c.host, c.path)
		}
	}
	hub := s.Anonymous()
	hub.Header = http.Header{"Host": {"docs.localhost:" + st.port}}
	if a := hub.Get("/?q=needle&query_by=doc,title"); !bytes.Contains(a.Body, []byte("svg")) || bytes.Contains(a.Body, []byte("<svg")) {
		t.Errorf("tools are told %s", a.Body)
	}
	s.As("pat/all").Publish(hubtest.Tarball(t, "sprinkled", "1.2.0", tarball.Requirement{Name: "decimal", App: "decimal", Requirement: canary})).Expect(t, http.StatusUnprocessableEntity)
}

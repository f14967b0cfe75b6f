package packages_test

import (
	"cmp"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"hexhub/hex/name"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/connect"
	"hexhub/internal/feature/diff"
	"hexhub/internal/feature/docs"
	"hexhub/internal/feature/docsearch"
	"hexhub/internal/feature/org"
	"hexhub/internal/feature/policy"
	"hexhub/internal/feature/preview"
	"hexhub/internal/feature/source"
	"hexhub/internal/feature/stats"
	"hexhub/internal/feature/world"
	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/limit"
	"hexhub/internal/kernel/pack"
	"hexhub/internal/kernel/store"
	"hexhub/internal/surface/call"
	"hexhub/internal/surface/web/live"
	"hexhub/internal/surface/web/packages"
	"hexhub/internal/surface/web/ui"
)

var packagesWorld = strings.ReplaceAll(`
user jose password="a long passphrase"
user eva
user sam
org guild admin=eva
package hub/decimal owner=jose maintainer=sam
release hub/decimal 1.0.0
release hub/decimal 1.0.1 requires="jason ~> 1.0"
release hub/decimal 1.1.0 retired="security:see <b>the</b> list"
release hub/decimal 1.2.0 requires="jason ~> 1.0" description="Numbers '><svg/onload=x>" licenses="MIT"
release hub/decimal 2.0.0-rc.1 description="More numbers" licenses="Apache-2.0" link="https://github.com/acme/decimal"
package hub/jason owner=eva
release hub/jason 0.4.2 app=json
package guild/vault
release guild/vault 1.0.0
package hub/early owner=eva
release hub/early 0.1.0-dev
-- decimal-1.2.0/README.md --
# Decimal
Some *numbers* [changes](CHANGELOG.md) <script>alert(1)</script> ![x](https://img.example/x.png)
## Use
## Thanks
-- decimal-1.2.0/CHANGELOG.md --
# 1.2.0
-- decimal-1.2.0/LICENSE --
Do as you <like>
-- decimal-1.2.0/mix.exs --
defmodule Decimal.MixProject do
-- decimal-1.2.0/lib/decimal.ex --
defmodule Decimal do
  # <b>one</b> RLOtwo
end
-- decimal-1.2.0/lib/decimal/a b.ex --
-- decimal-1.2.0/priv/page.html --
<script>alert(1)</script>
-- decimal-1.2.0/priv/logo.svg --
<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>
-- decimal-1.0.0/mix.exs --
`, "RLO", "\u202e")

type site struct {
	testing.TB
	web      *ui.Web
	accounts *account.Accounts
	db       *store.DB
	manuals  *docsearch.Index
	catalog  *catalog.Catalog
	access   *access.Access
	secrets  map[string]string // of keys, by USER/NAME
	restart  func()            // forgets what memory has
}

func newSite(t *testing.T) *site {
	t.Helper()
	return newSiteOn(t, &blob.Memory{})
}

// newWorld is a site with what a world tells.
func newWorld(t testing.TB, text string) *site {
	t.Helper()
	return newSiteOf(t, &blob.Memory{}, text)
}

// newSiteOn is a site whose tarballs are kept in blobs.
func newSiteOn(t testing.TB, blobs blob.Store) *site {
	t.Helper()
	return newSiteOf(t, blobs, packagesWorld)
}

func newSiteOf(t testing.TB, blobs blob.Store, text string) *site {
	t.Helper()
	hub := name.MustRepository("hub")
	db, err := store.Open(t.Context(), store.NewMemory(), store.Options{},
		audit.Tables, limit.Tables, account.Tables, org.Tables, access.Tables, catalog.Tables, policy.Tables, stats.Tables)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	accounts := account.New(db, account.Options{Cost: account.Cost{Memory: 64, Passes: 1, Lanes: 1}})
	r := world.Rooms{
		DB: db, Blobs: blobs, Repository: hub, Accounts: accounts, Orgs: org.New(db, org.Options{}),
		Access:  access.New(db, accounts, make([]byte, 32), access.Options{DefaultRepository: hub, ThingOf: catalog.ThingOf}),
		Catalog: catalog.New(db, catalog.Options{DefaultRepository: hub}),
	}
	if _, err := r.Orgs.EnsureDefault(t.Context(), hub); err != nil {
		t.Fatal(err)
	}
	built, err := world.Build(t.Context(), r, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	shelf, err := pack.NewShelf(t.TempDir(), pack.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shelf.Close() })
	compared, err := pack.NewShelf(t.TempDir(), pack.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { compared.Close() })
	sources := source.New(blobs, shelf)
	log := slog.New(slog.DiscardHandler)
	manuals := docsearch.New(db, blobs, t.TempDir(), docsearch.Options{})
	s := &site{TB: t, accounts: accounts, db: db, manuals: manuals, catalog: r.Catalog, access: r.Access, secrets: built.Secrets}
	d := packages.Deps{
		DB: db, Access: r.Access, Catalog: r.Catalog, Audit: audit.New(db, audit.Options{}), Sources: sources, Trees: docs.NewTrees(blobs, shelf), Previews: preview.New(blobs, sources, preview.Options{}), Log: log, Default: hub,
		Manuals:  manuals,
		Registry: connect.Registry{URL: "https://hub.example.com", Repository: "hub", Fingerprint: "SHA256:abc", PublicPEM: "PEM"},
	}
	s.restart = func() {
		s.web = ui.New(ui.Options{URL: "https://hub.example.com", Repository: "hub", Version: "test", Log: log, DB: db, Open: accounts.Open, Live: live.Options{Most: 100}})
		t.Cleanup(s.web.Close)
		d.Diffs = diff.New(sources, compared, diff.Options{Limiter: limit.New(100)})
		packages.Register(s.web, d)
	}
	s.restart()
	return s
}

// A visit is how a page is asked for.
type visit struct {
	as, tool, method string
	key              string // or another credential
	accept           string
	form             url.Values
}

func (s *site) ask(path string, v visit) *httptest.ResponseRecorder {
	s.Helper()
	var body io.Reader
	if v.form != nil {
		body = strings.NewReader(v.form.Encode())
	}
	r := httptest.NewRequest(cmp.Or(v.method, "GET"), path, body)
	if v.form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if v.tool != "" {
		r.AddCookie(&http.Cookie{Name: "__Host-hexhub-tool", Value: v.tool})
	}
	if v.accept != "" {
		r.Header.Set("Accept", v.accept)
	}
	if v.key != "" {
		r.Header.Set("Authorization", v.key)
	}
	if v.as != "" {
		u, ok := account.ByName(s.db.View(), v.as)
		if !ok {
			s.Fatalf("there is no %s", v.as)
		}
		_, secret, err := s.accounts.StartSession(s.Context(), audit.By{}, u.ID, "192.0.2.1", "test")
		if err != nil {
			s.Fatal(err)
		}
		r.AddCookie(&http.Cookie{Name: "__Host-hexhub", Value: secret})
	}
	rec := httptest.NewRecorder()
	s.web.ServeHTTP(rec, r.WithContext(call.With(s.Context(), &call.Call{ID: "a-request", IP: netip.MustParseAddr("192.0.2.1")})))
	return rec
}

// A page is one that was read as browsers do.
type page struct {
	*html.Node
	raw string
}

func (s *site) page(status int, path string, v visit) page {
	s.Helper()
	rec := s.ask(path, v)
	if rec.Code != status {
		s.Fatalf("%s: %d, want %d:\n%s", path, rec.Code, status, rec.Body)
	}
	tree, err := html.Parse(strings.NewReader(rec.Body.String()))
	if err != nil {
		s.Fatal(err)
	}
	return page{tree, rec.Body.String()}
}

// all are the elements of a name, with an attribute that has the value unless the key is empty.
func (p page) all(element, key, value string) (found []*html.Node) {
	for n := range p.Descendants() {
		if n.Type == html.ElementNode && n.Data == element && (key == "" || attr(n, key) == value) {
			found = append(found, n)
		}
	}
	return found
}

func (p page) one(t *testing.T, element, key, value string) *html.Node {
	t.Helper()
	found := p.all(element, key, value)
	if len(found) != 1 {
		t.Fatalf("%d elements %s with %s=%s in\n%s", len(found), element, key, value, p.raw)
	}
	return found[0]
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func words(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data + " ")
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

func TestAPackageIsShownWithItsNewestStableVersion(t *testing.T) {
	s := newSite(t)
	p := s.page(200, "/packages/decimal", visit{})
	if got := words(p.one(t, "h1", "", "")); got != "decimal" {
		t.Errorf("the heading is %q", got)
	}
	if got := words(p.one(t, "pre", "id", "snippet")); got != `{:decimal, "~> 1.2", repo: "hub"}` {
		t.Errorf("the snippet is %s", got)
	}
	main := words(p.one(t, "main", "", ""))
	for _, want := range []string{`Numbers '><svg/onload=x>`, "Some numbers", "1.2.0", "MIT", "jose", "sam maintainer", "Dependencies 1", "pkg:hex/decimal@1.2.0"} {
		if !strings.Contains(main, want) {
			t.Errorf("the page lacks %q:\n%s", want, main)
		}
	}
	if len(p.all("script", "type", "application/ld+json")) != 1 || len(p.all("svg", "onload", "x")) != 0 {
		t.Error("the description is not where it belongs")
	}
	if got := attr(p.one(t, "link", "rel", "canonical"), "href"); got != "https://hub.example.com/packages/decimal" {
		t.Errorf("canonical = %s", got)
	}
	if len(p.all("meta", "name", "robots")) != 0 {
		t.Error("robots are told not to remember the package's page")
	}
}

// One band, the worst first, with a way out.
func TestTheStateOfAVersionIsSaidAbove(t *testing.T) {
	s := newSite(t)
	for path, want := range map[string][]string{
		"/packages/decimal":            nil,
		"/packages/decimal/1.2.0":      nil,
		"/packages/decimal/1.0.0":      {"3 versions behind 1.2.0", "Go to 1.2.0"},
		"/packages/decimal/1.1.0":      {"retired", "see <b>the</b> list", "Go to 1.2.0", "+1 more", "1 version behind"},
		"/packages/decimal/2.0.0-rc.1": {"2.0.0-rc.1 is a pre-release"},
		"/packages/early":              {"only pre-releases"},
		"/packages/guild/vault":        {"private", "guild"},
	} {
		p := s.page(200, path, visit{as: "eva"})
		var band string
		for n := range p.Descendants() {
			if strings.Contains(attr(n, "class"), "alert") && n.Data == "div" {
				band = words(n)
				break
			}
		}
		if band != "" && want == nil {
			t.Errorf("%s says %q", path, band)
		}
		for _, w := range want {
			if !strings.Contains(band, w) {
				t.Errorf("%s lacks %q: %q", path, w, band)
			}
		}
	}
}

func TestTheChosenToolIsShownWithoutScripts(t *testing.T) {
	s := newSite(t)
	for tool, want := range map[string]string{"": "{:json,", "rebar3": `{json, "0.4.2", {pkg, jason}}`, "erlang.mk": "dep_json = ln", "gleam": "", "cli": "curl", "unknown": "{:json,"} {
		p := s.page(200, "/packages/jason", visit{tool: tool})
		got := ""
		if found := p.all("pre", "id", "snippet"); len(found) == 1 {
			got = words(found[0])
		}
		if !strings.Contains(got, want) || want == "" && got != "" {
			t.Errorf("%s is told %q", tool, got)
		}
		if current := p.all("button", "aria-current", "true"); len(current) != 1 {
			t.Errorf("%s: %d tools are chosen", tool, len(current))
		}
	}
	rec := s.ask("/tool", visit{method: "POST", form: url.Values{"tool": {"rebar3"}, "return": {"/packages/jason"}}})
	if rec.Code != 303 || rec.Header().Get("Location") != "/packages/jason#use" || !strings.Contains(rec.Header().Get("Set-Cookie"), "hexhub-tool=rebar3") {
		t.Errorf("choosing answers %d %v", rec.Code, rec.Header())
	}
	rec = s.ask("/tool", visit{method: "POST", form: url.Values{"tool": {"\r\nx"}, "return": {"//evil.example/packages/"}}})
	if rec.Header().Get("Location") != "/packages" || rec.Header().Get("Set-Cookie") != "" {
		t.Errorf("W6: a stranger's choice answers %v", rec.Header())
	}
}

func TestTextsHaveTabsWhereThereAreAny(t *testing.T) {
	s := newSite(t)
	for path, want := range map[string]string{"/packages/decimal/changelog": "1.2.0", "/packages/decimal/1.2.0/license": "Do as you <like>"} {
		p := s.page(200, path, visit{})
		if !strings.Contains(words(p.one(t, "div", "class", "prose")), want) || len(p.all("meta", "name", "robots")) != 1 {
			t.Errorf("%s lacks %q", path, want)
		}
	}
	if rec := s.ask("/packages/decimal/1.0.0/changelog", visit{}); rec.Code != 404 {
		t.Errorf("a changelog that is not there: %d", rec.Code)
	}
	p := s.page(200, "/packages/decimal/1.0.0", visit{})
	if got := words(p.one(t, "main", "", "")); !strings.Contains(got, "has no README") {
		t.Errorf("a version without README says\n%s", got)
	}
	if len(p.all("a", "href", "/packages/decimal/1.0.0/changelog")) != 0 {
		t.Error("a link leads to a changelog that is not there")
	}
	p = newWorld(t, "user jose\npackage hub/plain owner=jose\nrelease hub/plain 1.0.0\nrelease hub/plain 1.1.0\n-- plain-1.0.0/LICENSE --\nyes\n").page(200, "/packages/plain/1.0.0/license", visit{})
	if len(p.all("a", "href", "/packages/plain/license")) != 0 || len(p.all("a", "href", "/packages/plain")) == 0 {
		t.Error("from an old licence one is led to a newer one that is not there")
	}
}

// D7: what a README may not hold is not in the page, and what is in it asks nobody.
func TestD7AReadmeRunsNothingAndAsksNobody(t *testing.T) {
	p := newSite(t).page(200, "/packages/decimal", visit{})
	prose := p.one(t, "div", "class", "prose")
	for n := range prose.Descendants() {
		if slices.Contains([]string{"script", "img", "style", "iframe", "form"}, n.Data) && n.Type == html.ElementNode {
			t.Errorf("the README has the element %s", n.Data)
		}
	}
	if !strings.Contains(words(prose), "Some numbers") || len(p.all("a", "href", "/packages/decimal/1.2.0/changelog")) == 0 {
		t.Errorf("the README lacks what it should have: %s", words(prose))
	}
}

// L4, Z2: whoever may not read a package is answered as if it were not there, byte for byte.
func TestL4PrivatePackagesLookAbsent(t *testing.T) {
	s := newSite(t)
	for _, tail := range []string{"", "/1.0.0", "/versions", "/1.0.0/license", "/2.0.0", "/versions?range=x", "/1.0.0/files", "/1.0.0/files/mix.exs", "/1.0.0/files/mix.exs?view=raw", "/files", "/quality", "/1.0.0/quality", "/llms.txt", "/1.0.0/llms.txt"} {
		for _, as := range []string{"", "jose"} {
			private, absent := s.ask("/packages/guild/vault"+tail, visit{as: as}), s.ask("/packages/guild/other"+tail, visit{as: as})
			if private.Code != 404 || strings.ReplaceAll(private.Body.String(), "/vault", "/other") != absent.Body.String() {
				t.Errorf("%s for %q: %d, and it differs from what is absent", tail, as, private.Code)
			}
		}
	}
	rec := s.ask("/packages/guild/vault", visit{as: "eva"})
	if rec.Code != 200 || rec.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("a member is answered %d, %s", rec.Code, rec.Header().Get("Cache-Control"))
	}
	p := s.page(200, "/packages/guild/vault", visit{as: "eva"})
	if len(p.all("meta", "name", "robots")) != 1 || len(p.all("script", "type", "application/ld+json")) != 0 {
		t.Error("robots are told of a private package")
	}
}

func TestVersionsAreByTrackAndFilteredByRequirement(t *testing.T) {
	s := newSite(t)
	headings := func(p page) (all []string) {
		for _, h := range p.all("h2", "", "") {
			all = append(all, words(h))
		}
		return all
	}
	p := s.page(200, "/packages/decimal/versions", visit{})
	if got := headings(p); !slices.Equal(got, []string{"2.0", "1.2", "1.1", "1.0"}) {
		t.Errorf("tracks = %v", got)
	}
	for _, want := range []string{"2.0.0-rc.1 pre-release", "1.2.0 latest", "1.1.0 retired", "see <b>the</b> list"} {
		if got := words(p.one(t, "main", "", "")); !strings.Contains(got, want) {
			t.Errorf("the versions lack %q:\n%s", want, got)
		}
	}
	if got := headings(s.page(200, "/packages/decimal/versions?range=~%3E+1.1", visit{})); !slices.Equal(got, []string{"1.2", "1.1"}) {
		t.Errorf("~> 1.1 admits %v", got)
	}
	p = s.page(422, "/packages/decimal/versions?range=%22%3E%3Cb", visit{})
	if got := attr(p.one(t, "input", "id", "range"), "value"); got != `"><b` {
		t.Errorf("what was typed became %q", got)
	}
	if got := words(p.one(t, "p", "role", "alert")); !strings.Contains(got, "is no requirement") {
		t.Errorf("the problem is %q", got)
	}
}

func TestTheVersionMenuKeepsTheTab(t *testing.T) {
	s := newSite(t)
	// A changelog is not in every version, and dependencies are.
	for tab, want := range map[string]string{"1.2.0/dependencies": "/dependencies", "1.2.0/changelog": "", "versions": "", "1.2.0": ""} {
		nav := page{s.page(200, "/packages/decimal/"+tab, visit{}).one(t, "nav", "aria-label", "Versions"), ""}
		if len(nav.all("a", "href", "/packages/decimal/1.0.1"+want)) != 1 {
			t.Errorf("the menu of %s does not lead to 1.0.1%s", tab, want)
		}
	}
}

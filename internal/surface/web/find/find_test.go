package find_test

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"hexhub/hex/name"
	"hexhub/hex/version"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/docs"
	"hexhub/internal/feature/docsearch"
	"hexhub/internal/feature/org"
	"hexhub/internal/feature/search"
	"hexhub/internal/feature/stats"
	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/limit"
	"hexhub/internal/kernel/origin"
	"hexhub/internal/kernel/store"
	"hexhub/internal/surface/web/find"
	"hexhub/internal/surface/web/ui"
)

var (
	acme  = name.MustRepository("acme")
	guild = name.MustRepository("guild")

	packageRows = catalog.Tables[0].(*store.Table[catalog.Package])
	releaseRows = catalog.Tables[1].(*store.Table[catalog.Release])
)

// A world is a site with some packages, of which eva, a member of guild, may read all.
type world struct {
	*testing.T
	db     *store.DB
	site   http.Handler
	secret string // of eva's session

	blobs   *blob.Memory
	manuals *docsearch.Index // which follows nothing until a test lets it
}

func newWorld(t *testing.T, write func(tx *store.Tx)) *world {
	t.Helper()
	db, err := store.Open(t.Context(), store.NewMemory(), store.Options{}, audit.Tables, limit.Tables, catalog.Tables, account.Tables, org.Tables, access.Tables, stats.Tables)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	eva := account.User{ID: "id-eva", Username: name.MustUser("eva"), Emails: []account.Email{{Address: "eva@example.com", Verified: true, Primary: true}}}
	accounts := account.New(db, account.Options{Cost: account.Cost{Memory: 8, Passes: 1, Lanes: 1}})
	web := ui.New(ui.Options{
		URL: "https://hub.example.com", Repository: "acme", Version: "test", Log: slog.New(slog.DiscardHandler), DB: db,
		Open: accounts.Open,
	})
	blobs := &blob.Memory{}
	manuals := docsearch.New(db, blobs, t.TempDir(), docsearch.Options{})
	find.Register(web, find.Deps{
		DB: db, Catalog: catalog.New(db, catalog.Options{DefaultRepository: acme}),
		Search: search.New(db, search.Options{Default: acme}), Manuals: manuals, Docs: docs.Addresses{Origins: origin.Beside("https://hub.example.com"), Default: acme}, URL: "https://hub.example.com", Default: acme,
	})
	w := &world{T: t, db: db, site: web, blobs: blobs, manuals: manuals}
	w.put(func(tx *store.Tx) {
		account.Users.Put(tx, eva)
		org.Repositories.Put(tx, org.Repository{Name: acme, Public: true})
		org.Organizations.Put(tx, org.Organization{Name: guild, Members: map[string]org.Role{eva.ID: org.Read}})
		org.Repositories.Put(tx, org.Repository{Name: guild, Org: guild})
		if write != nil {
			write(tx)
		}
	})
	if _, w.secret, err = accounts.StartSession(t.Context(), audit.By{}, eva.ID, "192.0.2.7", "a browser"); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) put(write func(*store.Tx)) {
	w.Helper()
	if err := w.db.Update(w.Context(), func(tx *store.Tx) error { write(tx); return nil }); err != nil {
		w.Fatal(err)
	}
}

func putTx(tx *store.Tx, repository name.Repository, pkg, description string) {
	one := version.MustParse("1.2.0")
	packageRows.Put(tx, catalog.Package{
		ID: pkg, Repository: repository, Name: name.MustPackage(pkg), UpdatedAt: time.Now(), InsertedAt: time.Now(),
		Owners:  []catalog.Owner{{UserID: "id-eva", Level: access.Full}},
		Meta:    catalog.Meta{Description: &description, Licenses: []string{"MIT"}},
		Summary: catalog.Summary{Latest: one, Stable: one, BuildTools: []string{"mix"}, Depends: []string{"acme/plug"}},
	})
	releaseRows.Put(tx, catalog.Release{Repository: repository, Package: name.MustPackage(pkg), Version: one, App: pkg})
}

func some(tx *store.Tx) {
	putTx(tx, acme, "plug", "Compose web applications")
	putTx(tx, acme, "plug_cowboy", `"><svg/onload=alert(1)>`)
	putTx(tx, acme, "jason", "JSON")
	putTx(tx, guild, "vault", "Keeps plugs secret")
	putTx(tx, guild, "plugg", "Another")
}

// A visit asks for a path, as eva or as nobody.
func (w *world) visit(path string, member bool, header ...string) *http.Response {
	w.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	if member {
		r.AddCookie(&http.Cookie{Name: "__Host-" + ui.SessionCookie, Value: w.secret})
	}
	if len(header) > 0 {
		r.Header.Set(header[0], header[1])
	}
	answer := httptest.NewRecorder()
	w.site.ServeHTTP(answer, r)
	return answer.Result()
}

func (w *world) text(path string, member bool, header ...string) string {
	w.Helper()
	answer := w.visit(path, member, header...)
	if answer.StatusCode != http.StatusOK {
		w.Fatalf("GET %s: %s", path, answer.Status)
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		w.Fatal(err)
	}
	return string(body)
}

var packageLink = regexp.MustCompile(`href="(/packages/[a-z0-9_/]+)"`)

// packages lists where a page leads to packages.
func packages(page string) string {
	var paths []string
	for _, link := range packageLink.FindAllStringSubmatch(page, -1) {
		paths = append(paths, strings.TrimPrefix(link[1], "/packages/"))
	}
	return strings.Join(paths, " ")
}

func TestListShowsWhatOneMayRead(t *testing.T) {
	w := newWorld(t, some)
	for _, c := range []struct {
		path, all, member string
	}{
		{"/packages?sort=name", "jason plug plug_cowboy", "jason plug plug_cowboy guild/plugg guild/vault"},
		{"/packages?search=plug&sort=name", "plug plug_cowboy", "plug plug_cowboy guild/plugg guild/vault"},
		{"/packages?search=vault", "", "guild/vault"},
		{"/packages?search=guild/vault", "", "guild/vault"},
		{"/packages?repository=guild&sort=name", "", "guild/plugg guild/vault"},
		{"/packages?visibility=private&sort=name", "", "guild/plugg guild/vault"},
		{"/packages?search=vualt", "", "guild/vault"}, // what may have been meant
		{"/packages?view=table&search=jason", "jason", "jason"},
		{"/packages?search=build_tool:rebar3", "", ""},
		{"/packages?depends=plug&search=json", "jason", "jason"},
	} {
		if got := packages(w.text(c.path, false)); got != c.all {
			t.Errorf("GET %s shows anybody %q, want %q", c.path, got, c.all)
		}
		if got := packages(w.text(c.path, true)); got != c.member {
			t.Errorf("GET %s shows a member %q, want %q", c.path, got, c.member)
		}
	}
}

// L2: to who may not read it, a private name is one that nobody has, byte for byte, on every page of this room.
func TestL2PrivateNamesAreAsFreeOnes(t *testing.T) {
	with := newWorld(t, some)
	without := newWorld(t, func(tx *store.Tx) {
		some(tx)
		packageRows.Delete(tx, "guild/vault")
		packageRows.Delete(tx, "guild/plugg")
	})
	for _, path := range []string{
		"/packages", "/packages?search=vault", "/packages?search=vualt", "/packages?search=guild/vault", "/packages?search=plug",
		"/packages?repository=guild", "/packages?repository=ghost", "/packages?search=depends:guild:vault", "/packages?visibility=private",
		"/packages.json", "/packages.json?search=vualt", "/suggest?q=v", "/suggest?q=vualt", "/suggest?q=p", "/suggest?as=opensearch&q=vau",
	} {
		if a, b := with.text(path, false), without.text(path, false); timeless(a) != timeless(b) {
			t.Errorf("GET %s tells whether there is a private package:\n%s\n%s", path, a, b)
		}
	}
}

// timeless leaves out when packages were published.
func timeless(page string) string {
	return regexp.MustCompile(`\d{4}-\d\d-\d\dT[\d:.]+Z`).ReplaceAllString(page, "")
}

func TestStrangersTextStaysText(t *testing.T) {
	w := newWorld(t, some)
	const canary = `"><svg/onload=alert(1)>`
	for _, path := range []string{
		"/packages?search=" + canary, "/packages?tool=" + canary, "/packages?license=" + canary, "/packages?depends=" + canary,
		"/packages?repository=" + canary, "/packages?visibility=" + canary, "/packages?retired=" + canary, "/packages?sort=" + canary,
		"/packages?view=" + canary, "/packages?updated=" + canary, "/packages", "/suggest?q=" + canary, "/suggest?q=plug",
	} {
		if body := w.text(strings.NewReplacer(`"`, "%22", ">", "%3E", "<", "%3C").Replace(path), true, "Accept", "text/html"); strings.Contains(body, "<svg/") {
			t.Errorf("GET %s: the page has the element that somebody typed", path)
		}
	}
}

func TestFiltersAreInTheAddressAndCanBeTakenAway(t *testing.T) {
	w := newWorld(t, some)
	body := w.text("/packages?search=build_tool:mix+plug&license=MIT&docs=&updated=week", false)
	var without []string
	for _, m := range regexp.MustCompile(`href="([^"]*)" aria-label="Without: ([^"]*)"`).FindAllStringSubmatch(body, -1) {
		without = append(without, html.UnescapeString(m[2]+" → "+m[1]))
	}
	want := []string{
		"“plug” → /packages?license=MIT&tool=mix&updated=week",
		"built with mix → /packages?license=MIT&search=plug&updated=week",
		"MIT → /packages?search=plug&tool=mix&updated=week",
		"updated in the last week → /packages?license=MIT&search=plug&tool=mix",
	}
	if !slices.Equal(without, want) {
		t.Errorf("ways back:\n%s\nwant:\n%s", strings.Join(without, "\n"), strings.Join(want, "\n"))
	}
	if !strings.Contains(body, `<input type="hidden" name="search" value="plug"`) {
		t.Error("the filters' form forgets what was typed")
	}
}

func TestPagesOfALongList(t *testing.T) {
	w := newWorld(t, func(tx *store.Tx) {
		for i := range 65 {
			putTx(tx, acme, fmt.Sprintf("package_%02d", i), "")
		}
	})
	body := w.text("/packages?sort=name&page=3", false)
	if got, want := packages(body), "package_60 package_61 package_62 package_63 package_64"; got != want {
		t.Errorf("page 3 = %s, want %s", got, want)
	}
	if !strings.Contains(body, `rel="prev" href="/packages?page=2&amp;sort=name"`) || strings.Contains(body, `rel="next"`) {
		t.Error("page 3 does not lead to page 2 alone")
	}
	answer := w.visit("/packages?sort=name&page=9", false)
	if to := answer.Header.Get("Location"); answer.StatusCode != http.StatusSeeOther || to != "/packages?page=3&sort=name" {
		t.Errorf("page 9 = %s to %q, want the last", answer.Status, to)
	}
}

func TestNothingFoundSaysWhatToDo(t *testing.T) {
	w := newWorld(t, some)
	for _, c := range []struct{ path, says, leads string }{
		{"/packages?search=jsaon", "No package matches “jsaon”.", "/packages/jason"},
		{"/packages?search=elephant", "3 packages were searched.", "/publish"},
		{"/packages?search=jason&tool=rebar3", "Without the filters there is one.", "/packages?search=jason"},
	} {
		body := html.UnescapeString(w.text(c.path, false))
		if !strings.Contains(body, c.says) || !strings.Contains(body, `href="`+c.leads+`"`) {
			t.Errorf("GET %s does not say %q or lead to %s", c.path, c.says, c.leads)
		}
	}
	empty := newWorld(t, nil).text("/packages", false)
	if !strings.Contains(empty, `href="/publish"`) || strings.Contains(empty, "data-apply") {
		t.Error("the list of an empty registry does not lead to publishing alone")
	}
}

func TestScriptsHaveTheSameList(t *testing.T) {
	w := newWorld(t, some)
	var list struct {
		Total    int
		Pages    int
		Packages []struct {
			Name, Version, Repository string
			Private                   bool
			URL                       string `json:"html_url"`
		}
		Close []string
	}
	answer := w.visit("/packages.json?search=vault", true)
	if err := json.NewDecoder(answer.Body).Decode(&list); err != nil {
		t.Fatal(err)
	}
	if len(list.Packages) != 1 || list.Total != 1 || list.Pages != 1 {
		t.Fatalf("list = %+v, want one package", list)
	}
	p := list.Packages[0]
	if p.Name != "vault" || p.Repository != "guild" || p.Version != "1.2.0" || !p.Private || p.URL != "https://hub.example.com/packages/guild/vault" {
		t.Errorf("package = %+v", p)
	}
	if c := answer.Header.Get("Cache-Control"); c != "no-store" {
		t.Errorf("what a member is shown may be kept: %q", c)
	}
	if err := json.Unmarshal([]byte(w.text("/packages.json?search=jsaon", false)), &list); err != nil || !slices.Equal(list.Close, []string{"jason"}) {
		t.Errorf("close = %v (%v), want jason", list.Close, err)
	}
}

func TestSuggestions(t *testing.T) {
	w := newWorld(t, some)
	fragment := w.text("/suggest?q=plu", true, "Accept", "text/html")
	if got, want := packages(fragment), "plug plug_cowboy guild/plugg guild/vault"; got != want {
		t.Errorf("options = %s, want %s", got, want)
	}
	if n := strings.Count(fragment, `role="option"`); n != 5 || strings.Contains(fragment, "<html") {
		t.Errorf("options = %d, want those and one for all, without a page around them", n)
	}
	if !strings.Contains(fragment, `>plu</mark>g`) || !strings.Contains(fragment, ">private<") {
		t.Error("neither is what was typed marked, nor what is private")
	}
	if got := packages(w.text("/suggest?q=plu", false, "Accept", "text/html")); got != "plug plug_cowboy" {
		t.Errorf("options for anybody = %s", got)
	}
	if got := w.text("/suggest?q=", false, "Accept", "text/html"); strings.Contains(got, "option") {
		t.Errorf("of nothing, there is suggested: %s", got)
	}
	var browser []any
	if err := json.Unmarshal([]byte(w.text("/suggest?as=opensearch&q=jas", false)), &browser); err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(browser), "[jas [jason] [JSON] [https://hub.example.com/packages/jason]]"; got != want {
		t.Errorf("for browsers = %s, want %s", got, want)
	}
}

func TestBrowsersAreToldHowToSearch(t *testing.T) {
	w := newWorld(t, nil)
	var description struct {
		ShortName string
		Url       []struct {
			Type     string `xml:"type,attr"`
			Template string `xml:"template,attr"`
		}
	}
	if err := xml.Unmarshal([]byte(w.text("/hexsearch.xml", false)), &description); err != nil {
		t.Fatal(err)
	}
	if description.ShortName != "acme" || len(description.Url) != 2 || description.Url[0].Template != "https://hub.example.com/packages?search={searchTerms}" {
		t.Errorf("description = %+v", description)
	}
	if !strings.Contains(w.text("/packages", false), `<link rel="search" href="/hexsearch.xml"`) {
		t.Error("no page leads to the description")
	}
}

func TestEachRowHasWhatToWrite(t *testing.T) {
	body := html.UnescapeString(newWorld(t, some).text("/packages?search=plug", true))
	for _, want := range []string{`{:plug, "~> 1.2", repo: "acme"}`, `{:vault, "~> 1.2", repo: "guild"}`} {
		if !strings.Contains(body, "hidden>"+want+"</code>") {
			t.Errorf("no row has %s to copy", want)
		}
	}
}

func TestSearchesAreNotForRobots(t *testing.T) {
	w := newWorld(t, some)
	for path, hidden := range map[string]bool{"/packages": false, "/packages?search=plug": true, "/packages?tool=mix": true} {
		body := w.text(path, false)
		if got := strings.Contains(body, `content="noindex, follow"`); got != hidden {
			t.Errorf("GET %s: hidden from robots = %t, want %t", path, got, hidden)
		}
		if !strings.Contains(body, `<link rel="canonical" href="https://hub.example.com/packages"`) {
			t.Errorf("GET %s does not say which list it stands for", path)
		}
	}
}

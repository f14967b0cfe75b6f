package site_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"hexhub/docs"
	"hexhub/hex/name"
	"hexhub/hex/version"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/stats"
	"hexhub/internal/hubtest"
	"hexhub/internal/kernel/store"
)

// page reads a page as a browser would, and fails unless it is one.
func page(t *testing.T, h *hubtest.Hub, path string, status int) string {
	t.Helper()
	c := h.Anonymous()
	c.Header = http.Header{"Accept": {"text/html"}}
	a := c.Get(path).Expect(t, status)
	if kind := a.Header.Get("Content-Type"); kind != "text/html; charset=utf-8" {
		t.Fatalf("%s is %s", path, kind)
	}
	return string(a.Body)
}

// has fails unless the page matches all expressions.
func has(t *testing.T, name, page string, expressions ...string) {
	t.Helper()
	for _, e := range expressions {
		if !regexp.MustCompile("(?s)" + e).MatchString(page) {
			t.Errorf("%s lacks %q:\n%.3000s", name, e, page)
		}
	}
}

func TestHomeShowsWhatThereIs(t *testing.T) {
	h := hubtest.World(t, filesWorld)
	for range 3 { // those by HTTP count only after they were answered
		h.Stats.Count(stats.Ref{Repository: name.MustRepository("hexhub"), Package: name.MustPackage("plug"), Version: version.MustParse("1.0.0")})
	}
	home := page(t, h, "/", 200)
	has(t, "before anything is counted", home, `<h2 id="popular">\s*New packages`, `<input[^>]* type="search" name="search"`, `<dt[^>]*>packages</dt><dd[^>]*>2</dd>`, `<dt[^>]*>releases</dt><dd[^>]*>3</dd>`)
	if err := h.Stats.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	h = h.Image().World(t) // counts may be a second old
	home = page(t, h, "/", 200)
	has(t, "home", home,
		`<h1[^>]*>Packages for Elixir, Erlang and Gleam, from hexhub\.</h1>`, `<h2 id="popular">\s*Most downloaded this week`,
		`href="/packages/plug">plug</a>.*<strong[^>]*>3</strong>`, `<dt[^>]*>downloads</dt><dd[^>]*>3</dd>`,
		`id="just-published" data-live|id="home" data-live`, `href="/packages/decimal/2\.0\.0"`, `mix hex\.repo add hexhub`+".*"+regexp.QuoteMeta(h.URL),
		`<link rel="alternate" type="application/atom\+xml" title="New releases" href="/feeds/releases.atom">`, `<meta property="og:image" content="[^"]*/og.png">`)
	if strings.Contains(home, "vault") || strings.Contains(home, "canary") {
		t.Error("what is private is on the home page")
	}
	if err := h.Settings.Set(t.Context(), audit.By{}, "site.promise", `Ours. "><svg/onload=alert(1)>`); err != nil {
		t.Fatal(err)
	}
	home = page(t, h, "/", 200)
	has(t, "the promise", home, `<h1[^>]*>Ours\. &#34;&gt;&lt;svg/onload=alert\(1\)&gt;</h1>`)
}

// loggedIn is the browser of a user.
func loggedIn(t *testing.T, h *hubtest.Hub, login string) hubtest.Client {
	t.Helper()
	u, ok := account.ByLogin(h.DB.View(), login)
	if !ok {
		t.Fatalf("nobody is %s", login)
	}
	_, secret, err := h.Accounts.StartSession(t.Context(), audit.By{}, u.ID, "127.0.0.1", "test")
	if err != nil {
		t.Fatal(err)
	}
	c := h.Anonymous()
	c.Header = http.Header{"Accept": {"text/html"}, "Cookie": {"hexhub=" + secret}}
	return c
}

// Who is logged in finds his packages, and how much needs him.
func TestHomeIsAlsoOnesOwn(t *testing.T) {
	h := hubtest.World(t, filesWorld)
	c := loggedIn(t, h, "joe")
	has(t, "joe's home", string(c.Get("/").Expect(t, 200).Body), `Your packages.*href="/packages/plug">plug</a>`, `href="/dashboard">\s*(One thing needs|\d+ things need) your attention`)
	if strings.Contains(page(t, h, "/", 200), "your attention") {
		t.Error("strangers are told what needs them")
	}
}

// Before anything is published the page says how, and what is published takes its place.
func TestEmptyRegistryIsTheWayToTheFirstPackage(t *testing.T) {
	h := hubtest.World(t, "user root admin\nuser joe\nkey joe all permissions=api,repositories\n")
	has(t, "the empty registry", page(t, h, "/", 200), `id="home" data-live`, `Publish the first package`, `href="/dashboard/keys"`, `HEX_API_URL=`+regexp.QuoteMeta(h.URL)+`/api`)
	h.As("joe/all").Publish(hubtest.Tarball(t, "first", "0.1.0")).Expect(t, 201)
	home := page(t, h, "/", 200)
	has(t, "the first package", home, `id="home" data-live`, `href="/packages/first/0\.1\.0"`)
	if strings.Contains(home, "Publish the first package") {
		t.Error("the page still waits for a first package")
	}
}

func TestWaysAreOfThisRegistry(t *testing.T) {
	h := hubtest.World(t, filesWorld)
	host := regexp.QuoteMeta(h.URL)
	has(t, "connect", page(t, h, "/connect", 200), `mix hex\.repo add hexhub `+host+`/repo`, `id="rebar3"`, `id="gleam"`, `id="github"`, `id="gitlab"`, `id="docker"`, `id="nix"`, `href="#docker"`)
	has(t, "publish", page(t, h, "/publish", 200), `HEX_API_URL=`+host+`/api`, `rebar3 hex publish -r hexhub`, `gleam export hex-tarball`, `href="/login\?return=/publish"`)
	has(t, "keys", page(t, h, "/keys", 200), `BEGIN PUBLIC KEY`, `SHA256:`, host+`/repo/public_key`)
}

// Whoever is logged in sees when a tool of his has come, and makes the key to publish with at one click.
func TestWaysTellWhetherTheyWorked(t *testing.T) {
	h := hubtest.World(t, filesWorld)
	joe := loggedIn(t, h, "joe")
	has(t, "before", string(joe.Get("/connect").Expect(t, 200).Body), `id="contact" data-live`, `No tool has come with a key of yours yet`)
	user, _ := account.ByLogin(h.DB.View(), "joe")
	k := access.KeysOf(h.DB.View(), access.OfUser(user.ID))[0]
	if err := h.DB.Update(t.Context(), func(tx *store.Tx) error {
		access.KeyUses.Put(tx, access.KeyUse{KeyID: k.ID, At: time.Now(), UserAgent: "Hex/2.5.1 (Elixir/1.18.4)"})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	has(t, "after", string(joe.Get("/connect").Expect(t, 200).Body), `It works: Hex/2\.5\.1 came with your key\s*<span[^>]*>`+regexp.QuoteMeta(k.Name)+`</span>`)
	if strings.Contains(page(t, h, "/connect", 200), "data-live") {
		t.Error("strangers are told of somebody's tools")
	}

	c := joe
	c.Header.Set("Origin", h.URL)
	form := url.Values{}
	for _, field := range regexp.MustCompile(`type="hidden" name="([^"]*)" value="([^"]*)"`).FindAllStringSubmatch(string(joe.Get("/publish").Expect(t, 200).Body), -1) {
		form.Set(field[1], field[2])
	}
	has(t, "the key", string(c.Do("POST", "/dashboard/keys", form).Expect(t, 200).Body), `id="secret"`, `The key publishing<`)
}

// Load balancers and older programs ask for /status and read nothing; browsers get a page.
func TestStatusIsAPageForBrowsersOnly(t *testing.T) {
	h := hubtest.World(t, filesWorld)
	for _, accept := range []string{"", "*/*", "application/json"} {
		c := h.Anonymous()
		c.Header = http.Header{"Accept": {accept}}
		if a := c.Get("/status").Expect(t, 200); len(a.Body) != 0 || a.Header.Get("Vary") != "Accept" {
			t.Errorf("Accept: %s: %v %q", accept, a.Header, a.Body)
		}
	}
	has(t, "status", page(t, h, "/status", 200), `id="state" data-live`, `All is well: packages can be fetched and published\.`)
	var told struct {
		State  string
		Writes bool
		Nodes  []map[string]string
	}
	h.Anonymous().Get("/status.json").Expect(t, 200).JSON(t, &told)
	if told.State != "healthy" || !told.Writes || len(told.Nodes) != 1 || len(told.Nodes[0]) != 1 {
		t.Errorf("told: %+v", told)
	}
}

// Every page of the manual is shown, and its links lead to pages and anchors that are there. Its pictures are there as
// well, small, and told in words.
func TestManualIsWhole(t *testing.T) {
	h := hubtest.World(t, filesWorld)
	texts := map[string]string{"/docs": page(t, h, "/docs", 200)}
	for _, p := range docs.Pages() {
		texts["/docs/"+p.Name] = page(t, h, "/docs/"+p.Name, 200)
		has(t, "the contents", texts["/docs"], `href="/docs/`+p.Name+`">`+p.Title)
	}
	link := regexp.MustCompile(`href="(/docs[^"#]*|)(#[^"]*)?"`)
	picture, pictures := regexp.MustCompile(`<img src="([^"]*)" alt="([^"]*)"`), 0
	for path, text := range texts {
		has(t, path, text, `<h1[^>]*>`, `aria-current="page"`)
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			to := texts[m[1]]
			if m[1] == "" {
				to = text
			}
			if to == "" || m[2] != "" && !strings.Contains(to, `id="`+m[2][1:]+`"`) {
				t.Errorf("%s links to %s%s, which is not there", path, m[1], m[2])
			}
		}
		for _, m := range picture.FindAllStringSubmatch(text, -1) {
			if a := h.Anonymous().Get(m[1]).Expect(t, 200); m[2] == "" || len(a.Body) > 120_000 || a.Header.Get("Content-Type") != "image/webp" {
				t.Errorf("%s shows %s, told as %q, of %d bytes", path, m[1], m[2], len(a.Body))
			}
			pictures++
		}
	}
	if pictures == 0 {
		t.Error("no page shows a picture")
	}
	page(t, h, "/docs/architecture", 404)
	page(t, h, "/docs/..%2fREADME", 404)
}

// What is not there says what to do next, and an error of ours what to tell.
func TestErrorsNameTheNextStep(t *testing.T) {
	h := hubtest.World(t, filesWorld)
	has(t, "an address that is nothing", page(t, h, "/no/such", 404), `<input[^>]* name="search" value=""`, `href="/packages">All packages`, `<meta name="robots" content="noindex, follow">`)
	has(t, "a package that is not there", page(t, h, "/packages/decimall/feed.atom", 404), `<input class="input input-lg[^>]* name="search" value="decimall"`)
}

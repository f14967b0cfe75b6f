package account_test

import (
	"encoding/xml"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hexhub/hex/name"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/mail"
	"hexhub/internal/feature/mail/mailtest"
	"hexhub/internal/feature/oauth"
	"hexhub/internal/feature/org"
	"hexhub/internal/kernel/job"
	"hexhub/internal/kernel/limit"
	"hexhub/internal/kernel/seal"
	"hexhub/internal/kernel/store"
	"hexhub/internal/surface/call"
	pages "hexhub/internal/surface/web/account"
	"hexhub/internal/surface/web/ui"
)

const good = "four unrelated words here"

// A world is a site, served over HTTPS, with the rooms behind it.
type world struct {
	*testing.T
	url      string
	from     string // address and port of the browsers
	site     http.Handler
	db       *store.DB
	mail     *mail.Mail
	accounts *account.Accounts
	access   *access.Access
	orgs     *org.Orgs
	oauth    *oauth.OAuth
	rules    *account.Rules
	log      *strings.Builder
}

func newWorld(t *testing.T) *world {
	t.Helper()
	db, err := store.Open(t.Context(), store.NewMemory(), store.Options{},
		job.Tables, mail.Tables, limit.Tables, audit.Tables, account.Tables, org.Tables, access.Tables, oauth.Tables)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	sealer, err := seal.Open(filepath.Join(t.TempDir(), "secret.key"))
	if err != nil {
		t.Fatal(err)
	}
	acme := name.MustRepository("acme")
	open, _ := account.ParseRegistration("open")
	w := &world{T: t, db: db, mail: mailtest.New(t, db), from: "192.0.2.7:1234", rules: &account.Rules{Registration: open, ConfirmMail: true}, log: &strings.Builder{}}
	w.accounts = account.New(db, account.Options{
		Cost: account.Cost{Memory: 8, Passes: 1, Lanes: 1}, Mail: w.mail, Sealer: sealer,
		Rules: func(store.Reader) account.Rules { return *w.rules },
	})
	w.orgs = org.New(db, org.Options{Mail: w.mail})
	if _, err := w.orgs.EnsureDefault(t.Context(), acme); err != nil {
		t.Fatal(err)
	}
	w.access = access.New(db, w.accounts, []byte("pepper"), access.Options{DefaultRepository: acme})
	w.oauth = oauth.New(db, w.accounts, w.access, sealer, oauth.Options{DefaultRepository: acme})

	w.url = "https://hub.example.com"
	log := slog.New(slog.NewTextHandler(w.log, nil))
	web := ui.New(ui.Options{URL: w.url, Repository: "acme", Version: "test", Log: log, Open: w.accounts.Open, Sudo: w.accounts.Sudo})
	pages.Register(web, pages.Deps{
		DB: db, Accounts: w.accounts, Access: w.access, Orgs: w.orgs, OAuth: w.oauth,
		Rules: func(store.Reader) account.Rules { return *w.rules },
	})
	w.site = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { // as the front does
		c := &call.Call{ID: "a-request", IP: netip.MustParseAddrPort(r.RemoteAddr).Addr()}
		web.ServeHTTP(rw, r.WithContext(call.With(r.Context(), c)))
		log.Info("request", "path", c.Path(r.URL.EscapedPath()))
	})
	return w
}

// A wire carries requests to the site without a network, so that time may be what a test wants.
type wire struct{ world *world }

// RoundTrip implements http.RoundTripper.
func (w wire) RoundTrip(r *http.Request) (*http.Response, error) {
	in := r.Clone(r.Context())
	in.RemoteAddr, in.RequestURI = w.world.from, r.URL.RequestURI()
	if in.Host == "" {
		in.Host = r.URL.Host
	}
	in.URL = &url.URL{Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: r.URL.RawQuery}
	if in.Body == nil {
		in.Body = http.NoBody
	}
	rec := httptest.NewRecorder()
	w.world.site.ServeHTTP(rec, in)
	res := rec.Result()
	res.Request = r
	return res, nil
}

var operator = audit.By{Username: "operator"}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// user makes somebody whose address is confirmed.
func (w *world) user(username string) account.User {
	w.Helper()
	u, err := w.accounts.Create(w.Context(), operator, account.Draft{
		Username: username, Emails: []string{username + "@example.com"}, Password: good, Verified: true,
	})
	w.must(err)
	return u
}

// A browser is one with cookies of its own.
type browser struct {
	*world
	client *http.Client
}

func (w *world) browser() *browser {
	jar, err := cookiejar.New(nil)
	w.must(err)
	return &browser{w, &http.Client{Jar: jar, Transport: wire{w}}}
}

// as returns a browser in which the user has logged in.
func (w *world) as(username string) *browser {
	w.Helper()
	b := w.browser()
	p := b.post("/login", "login", username, "password", good)
	if p.path != "/dashboard" {
		w.Fatalf("%s is not logged in but at %s:\n%s", username, p.path, p.html)
	}
	return b
}

func (b *browser) get(path string) page {
	b.Helper()
	r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, b.url+path, nil)
	b.must(err)
	return b.do(r)
}

// post sends a form of names and values in turn.
func (b *browser) post(path string, fields ...string) page {
	b.Helper()
	form := url.Values{}
	for pair := range slices.Chunk(fields, 2) {
		form.Add(pair[0], pair[1])
	}
	r, err := http.NewRequestWithContext(b.Context(), http.MethodPost, b.url+path, strings.NewReader(form.Encode()))
	b.must(err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", b.url)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return b.do(r)
}

// submit sends the form of the page that goes to the action, with what is filled in already, and more.
func (b *browser) submit(p page, action string, fields ...string) page {
	b.Helper()
	for _, form := range p.find("form") {
		if form.attr["action"] != action {
			continue
		}
		var all []string
		given := map[string]bool{}
		for pair := range slices.Chunk(fields, 2) {
			given[pair[0]] = true
		}
		for _, in := range form.find("input") {
			_, checked := in.attr["checked"]
			if box := in.attr["type"] == "checkbox"; given[in.attr["name"]] || box && !checked {
				continue
			}
			all = append(all, in.attr["name"], in.attr["value"])
		}
		for _, in := range form.find("select") {
			for _, o := range in.find("option") {
				if _, selected := o.attr["selected"]; selected && !given[in.attr["name"]] {
					all = append(all, in.attr["name"], o.attr["value"])
				}
			}
		}
		return b.post(action, append(all, fields...)...)
	}
	b.Fatalf("%s has no form to %s:\n%s", p.path, action, p.html)
	return page{}
}

func (b *browser) do(r *http.Request) page {
	b.Helper()
	if r.Header.Get("User-Agent") == "" {
		r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
	}
	res, err := b.client.Do(r)
	b.must(err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	b.must(err)
	p := page{path: res.Request.URL.Path, status: res.StatusCode, header: res.Header, html: string(body)}
	if strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") {
		p.node = parse(b.T, p.html)
	}
	return p
}

// still makes the browser stay where it is told to go on.
func (b *browser) still() *browser {
	c := *b.client
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &browser{b.world, &c}
}

// cookie returns the value of a cookie that the browser has for the site, by its full name.
func (b *browser) cookie(name string) string {
	u, err := url.Parse(b.url)
	b.must(err)
	for _, c := range b.client.Jar.Cookies(u) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

func (b *browser) setCookie(name, value string) {
	u, err := url.Parse(b.url)
	b.must(err)
	b.client.Jar.SetCookies(u, []*http.Cookie{{Name: name, Value: value, Path: "/", Secure: true}})
}

// A page is an answer, at the path to which the browser was led.
type page struct {
	path   string
	status int
	header http.Header
	html   string
	node
}

// A node is an element of a page.
type node struct {
	tag  string
	attr map[string]string
	text string // of itself and all below it
	kids []*node
}

// parse reads HTML as strictly as a test can: what we send is well-formed, so an end tag that is missing
// or a quote that is not escaped fails.
func parse(t testing.TB, html string) node {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(html))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	root := &node{}
	open := []*node{root}
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("the page is no HTML: %v\n%s", err, html)
		}
		switch token := token.(type) {
		case xml.StartElement:
			n := &node{tag: token.Name.Local, attr: map[string]string{}}
			for _, a := range token.Attr {
				n.attr[a.Name.Local] = a.Value
			}
			top := open[len(open)-1]
			top.kids = append(top.kids, n)
			open = append(open, n)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			for _, n := range open {
				n.text += string(token)
			}
		}
	}
	return *root
}

// find returns all elements below with the tag, and with the attributes, names and values in turn.
func (n node) find(tag string, attrs ...string) []*node {
	want := map[string]string{}
	for pair := range slices.Chunk(attrs, 2) {
		want[pair[0]] = pair[1]
	}
	var out []*node
	for _, kid := range n.kids {
		same := func(k string) bool { return kid.attr[k] == want[k] }
		if kid.tag == tag && !slices.ContainsFunc(slices.Collect(maps.Keys(want)), func(k string) bool { return !same(k) }) {
			out = append(out, kid)
		}
		out = append(out, kid.find(tag, attrs...)...)
	}
	return out
}

// says reports whether the visible words of the page contain the text, however it is broken into lines.
func (n node) says(text string) bool {
	return strings.Contains(strings.Join(strings.Fields(n.text), " "), text)
}

// heading is the page's one h1.
func (p page) heading() string {
	all := p.find("h1")
	if len(all) != 1 {
		return ""
	}
	return strings.Join(strings.Fields(all[0].text), " ")
}

// faultOf returns what the page says of the field with the id, which must point to it.
func (p page) faultOf(id string) string {
	for _, in := range p.find("input", "id", id) {
		if in.attr["aria-invalid"] != "true" || !strings.Contains(in.attr["aria-describedby"], id+"-error") {
			return ""
		}
		for _, e := range p.find("p", "id", id+"-error") {
			return e.text
		}
	}
	return ""
}

// problem is what the page says above a form.
func (p page) problem() string {
	for _, e := range p.find("div", "role", "alert") {
		return strings.Join(strings.Fields(e.text), " ")
	}
	return ""
}

// flash is what the page says of the step before.
func (p page) flash() string {
	for _, e := range p.find("p", "role", "status") {
		return e.text
	}
	return ""
}

// wants demands where the browser is, with which status and heading.
func (p page) wants(t testing.TB, status int, path, heading string) {
	t.Helper()
	if p.status != status || p.path != path || p.heading() != heading {
		t.Errorf("%d %s %q, want %d %s %q\n%s", p.status, p.path, p.heading(), status, path, heading, p.html)
	}
}

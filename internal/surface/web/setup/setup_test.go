package setup_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"hexhub/hex/name"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/connect"
	"hexhub/internal/feature/doctor"
	"hexhub/internal/feature/org"
	"hexhub/internal/feature/setting"
	"hexhub/internal/feature/world"
	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/limit"
	"hexhub/internal/kernel/store"
	"hexhub/internal/surface/web/setup"
	"hexhub/internal/surface/web/ui"
)

type wizard struct {
	url      string
	accounts *account.Accounts
	access   *access.Access
	settings *setting.Settings
	db       *store.DB
}

func newWorld(t *testing.T) wizard {
	t.Helper()
	db, err := store.Open(t.Context(), store.NewMemory(), store.Options{}, audit.Tables, limit.Tables, account.Tables, org.Tables, access.Tables, catalog.Tables, setting.Tables)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	if _, err := org.New(db, org.Options{}).EnsureDefault(t.Context(), name.MustRepository("acme")); err != nil {
		t.Fatal(err)
	}
	accounts := account.New(db, account.Options{Cost: account.Cost{Memory: 8, Passes: 1, Lanes: 1}})
	rights := access.New(db, accounts, []byte("pepper"), access.Options{DefaultRepository: name.MustRepository("acme")})
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	settings := setting.New(db, []setting.Definition{
		{Name: "registration", Default: "invite", Check: func(v string) error { _, err := account.ParseRegistration(v); return err }},
		{Name: "org.create", Default: "admins", Check: func(string) error { return nil }},
		{Name: "colour", Default: "blue", Check: func(string) error { return nil }},
	})
	rooms := world.Rooms{
		DB: db, Blobs: new(blob.Memory), Repository: name.MustRepository("acme"), Accounts: accounts, Access: rights,
		Catalog: catalog.New(db, catalog.Options{DefaultRepository: name.MustRepository("acme")}),
	}
	web := ui.New(ui.Options{URL: server.URL, Repository: "acme", Version: "test", Log: slog.New(slog.NewTextHandler(t.Output(), nil)), DB: db, Open: accounts.Open, Sudo: accounts.Sudo})
	setup.Register(web, setup.Deps{
		DB: db, Accounts: accounts, Access: rights, Settings: settings, Rooms: rooms, Examine: func() doctor.Deps { return doctor.Deps{DB: db} },
		Registry: connect.Registry{URL: server.URL, Repository: "acme", Fingerprint: "SHA256:abc", PublicPEM: "PEM"},
	})
	mux.Handle("/", web)
	return wizard{server.URL, accounts, rights, settings, db}
}

func browser(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar}
}

func body(t *testing.T, res *http.Response, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func fill(username, email, password string) url.Values {
	return url.Values{"username": {username}, "email": {email}, "password": {password}}
}

func TestSetupMakesTheAdministratorOnce(t *testing.T) {
	w, b := newWorld(t), browser(t)
	token, _, err := w.accounts.StartSetup(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	res, err := b.Get(w.url + "/setup/" + token)
	page := body(t, res, err)
	if res.Request.URL.Path != "/setup" || !strings.Contains(page, `name="password"`) {
		t.Fatalf("the link leads to %s:\n%s", res.Request.URL, page)
	}
	if strings.Contains(page, token) || res.Header.Get("Cache-Control") != "no-store" || res.Header.Get("Referrer-Policy") != "same-origin" {
		t.Errorf("the token can leak: %v", res.Header)
	}
	res, err = b.PostForm(w.url+"/setup", fill("eva", "eva@example.com", "short"))
	if page = body(t, res, err); res.StatusCode != 422 || !strings.Contains(page, `id="password-error"`) || !strings.Contains(page, `value="eva"`) {
		t.Fatalf("a bad password gave %d:\n%s", res.StatusCode, page)
	}
	res, err = b.PostForm(w.url+"/setup", fill("eva", "eva@example.com", "a long sentence is best"))
	if page = body(t, res, err); res.StatusCode != 200 || res.Request.URL.Path != "/setup/registry" || !strings.Contains(page, `name="registration"`) {
		t.Fatalf("after the first page comes %d %s:\n%s", res.StatusCode, res.Request.URL, page)
	}
	if u, ok := account.ByName(w.db.View(), "eva"); !ok || !u.Admin {
		t.Fatalf("the administrator is %+v, %v", u, ok)
	}
	res, err = browser(t).Get(w.url + "/setup/" + token)
	if body(t, res, err); res.StatusCode == 200 {
		t.Error("the link works twice")
	}
}

// A newcomer comes from the link to a published package in three pages, and back works.
func TestWizardEndsInAPublishedPackage(t *testing.T) {
	w, b := newWorld(t), browser(t)
	token, _, err := w.accounts.StartSetup(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	res, err := b.Get(w.url + "/setup/" + token)
	body(t, res, err)
	res, err = b.PostForm(w.url+"/setup", fill("eva", "eva@example.com", "a long sentence is best"))
	body(t, res, err)
	res, err = b.PostForm(w.url+"/setup/registry", url.Values{"registration": {"domains"}, "domains": {""}, "org.create": {"users"}})
	if page := body(t, res, err); res.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(page, `role="alert"`) {
		t.Fatalf("domains that are none gave %d:\n%s", res.StatusCode, page)
	}
	res, err = b.PostForm(w.url+"/setup/registry", url.Values{"registration": {"domains"}, "domains": {"example.com, example.org"}, "org.create": {"users"}})
	page := body(t, res, err)
	if value, _ := w.settings.Value(w.db.View(), "registration"); value != "domains:example.com,example.org" {
		t.Errorf("registration = %q", value)
	}
	key := regexp.MustCompile(`HEX_API_KEY=([0-9a-f]{32})`).FindStringSubmatch(page)
	if res.Request.URL.Path != "/setup/first" || key == nil || !strings.Contains(page, "Waiting for your package") {
		t.Fatalf("the third page is %s:\n%s", res.Request.URL, page)
	}
	actor, err := w.access.Authenticate(t.Context(), key[1], "", netip.MustParseAddr("127.0.0.1"), "test")
	if err != nil || actor.User.Username.String() != "eva" || !actor.Allows(access.DomainAPI, "write") || actor.Key.RevokeAt == nil {
		t.Fatalf("the key shown is %+v, %v", actor.Key, err)
	}
	for _, path := range []string{"/setup/first?tool=rebar3", "/setup/first?tool=gleam", "/setup/first"} {
		if res, err = b.Get(w.url + path); !strings.Contains(body(t, res, err), key[1]) {
			t.Errorf("%s lacks the key", path)
		}
	}
	if res, err = b.Get(w.url + "/setup"); body(t, res, err) == "" || res.Request.URL.Path != "/setup/registry" {
		t.Errorf("back leads to %s", res.Request.URL)
	}
	res, err = b.PostForm(w.url+"/setup/first", url.Values{"deed": {"sample"}})
	if page = body(t, res, err); !strings.Contains(page, "demo 0.1.0 arrived") || !strings.Contains(page, `href="/packages/demo"`) {
		t.Fatalf("after the sample: %d\n%s", res.StatusCode, page)
	}
	p, ok := catalog.Get(w.db.View(), catalog.Ref{Repository: name.MustRepository("acme"), Name: name.MustPackage("demo")})
	if !ok || len(p.Owners) != 1 || p.Owners[0].UserID != actor.User.ID {
		t.Errorf("the sample is %+v, %v", p, ok)
	}
	entries, _, err := audit.List(t.Context(), w.db.View(), audit.UserRef(actor.User.ID), "", 50)
	if err != nil || !slices.ContainsFunc(entries, func(e audit.Entry) bool { return e.Action == "release.publish" }) {
		t.Errorf("the audit log has %v, %v", entries, err)
	}
}

// Once somebody administers the registry, the wizard is there for administrators alone.
func TestZ1WizardIsAdministrators(t *testing.T) {
	w := newWorld(t)
	if _, err := w.accounts.Create(t.Context(), audit.By{}, account.Draft{Username: "eva", Emails: []string{"e@x.org"}, Password: "a long sentence", Admin: true, Verified: true}); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/setup/registry", "/setup/first"} {
		res, err := browser(t).Get(w.url + path)
		if body(t, res, err); res.StatusCode != http.StatusNotFound {
			t.Errorf("GET %s: %d, want 404", path, res.StatusCode)
		}
		res, err = browser(t).PostForm(w.url+path, url.Values{"registration": {"open"}, "deed": {"sample"}})
		if body(t, res, err); res.StatusCode != http.StatusNotFound {
			t.Errorf("POST %s: %d, want 404", path, res.StatusCode)
		}
	}
	if value, row := w.settings.Value(w.db.View(), "registration"); row.By != "" {
		t.Errorf("a stranger set registration to %q", value)
	}
}

func TestSetupNeedsTheToken(t *testing.T) {
	w := newWorld(t)
	if _, _, err := w.accounts.StartSetup(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, send := range map[string]func(*http.Client) (*http.Response, error){
		"guess": func(b *http.Client) (*http.Response, error) { return b.Get(w.url + "/setup/AAAA-BBBB-CCCC") },
		"post": func(b *http.Client) (*http.Response, error) {
			return b.PostForm(w.url+"/setup", fill("eve", "e@x.org", "a long sentence"))
		},
		"forged cookie": func(b *http.Client) (*http.Response, error) {
			r, _ := http.NewRequest(http.MethodPost, w.url+"/setup", strings.NewReader(fill("eve", "e@x.org", "a long sentence").Encode()))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.AddCookie(&http.Cookie{Name: "hexhub-setup", Value: "AAAA-BBBB-CCCC"})
			return b.Do(r)
		},
	} {
		res, err := send(browser(t))
		page := body(t, res, err)
		if res.StatusCode != http.StatusForbidden || strings.Contains(page, "owner of the package") {
			t.Errorf("%s: %d, want 403 and nothing of packages:\n%s", name, res.StatusCode, page)
		}
	}
	if account.HasAdmin(w.db.View()) {
		t.Fatal("somebody became administrator without the token")
	}
}

func TestW1FormsOfOtherSitesAreRefused(t *testing.T) {
	w := newWorld(t)
	r, _ := http.NewRequest(http.MethodPost, w.url+"/setup", strings.NewReader("username=eve"))
	r.Header.Set("Origin", "https://evil.example")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	res, err := http.DefaultClient.Do(r)
	if body(t, res, err); res.StatusCode != http.StatusForbidden {
		t.Errorf("status = %d, want 403", res.StatusCode)
	}
}

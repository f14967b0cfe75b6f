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
	"strings"
	"testing"

	"hexhub/hex/name"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/connect"
	"hexhub/internal/feature/org"
	"hexhub/internal/kernel/limit"
	"hexhub/internal/kernel/store"
	"hexhub/internal/surface/web/setup"
	"hexhub/internal/surface/web/ui"
)

type world struct {
	url      string
	accounts *account.Accounts
	access   *access.Access
	db       *store.DB
}

func newWorld(t *testing.T) world {
	t.Helper()
	db, err := store.Open(t.Context(), store.NewMemory(), store.Options{}, audit.Tables, limit.Tables, account.Tables, org.Tables, access.Tables, catalog.Tables)
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
	web := ui.New(ui.Options{Repository: "acme", Version: "test", Log: slog.New(slog.DiscardHandler)})
	setup.Register(web, setup.Deps{
		DB: db, Accounts: accounts, Access: rights,
		Registry: connect.Registry{URL: server.URL, Repository: "acme", Fingerprint: "SHA256:abc", PublicPEM: "PEM"},
	})
	mux.Handle("/", web)
	return world{server.URL, accounts, rights, db}
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
	if strings.Contains(page, token) || res.Header.Get("Cache-Control") != "no-store" || res.Header.Get("Referrer-Policy") != "no-referrer" {
		t.Errorf("the token can leak: %v", res.Header)
	}
	res, err = b.PostForm(w.url+"/setup", fill("eva", "eva@example.com", "short"))
	if page = body(t, res, err); res.StatusCode != 422 || !strings.Contains(page, `id="password-error"`) || !strings.Contains(page, `value="eva"`) {
		t.Fatalf("a bad password gave %d:\n%s", res.StatusCode, page)
	}
	res, err = b.PostForm(w.url+"/setup", fill("eva", "eva@example.com", "a long sentence is best"))
	page = body(t, res, err)
	key := regexp.MustCompile(`HEX_API_KEY=([0-9a-f]{32})`).FindStringSubmatch(page)
	if res.StatusCode != 200 || key == nil {
		t.Fatalf("setup gave %d:\n%s", res.StatusCode, page)
	}
	actor, err := w.access.Authenticate(t.Context(), key[1], "", netip.MustParseAddr("127.0.0.1"), "test")
	if err != nil || actor.User.Username.String() != "eva" || !actor.User.Admin {
		t.Fatalf("the key shown is %v's, %v", actor.User.Username, err)
	}
	res, err = browser(t).Get(w.url + "/setup/" + token)
	if body(t, res, err); res.StatusCode == 200 {
		t.Error("the link works twice")
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
		if body(t, res, err); res.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %d, want 403", name, res.StatusCode)
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

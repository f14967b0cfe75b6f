package site_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"regexp"
	"strings"
	"testing"

	"hexhub/hex/name"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/connect"
	"hexhub/internal/feature/health"
	"hexhub/internal/feature/org"
	"hexhub/internal/feature/shelf"
	"hexhub/internal/feature/shortlink"
	"hexhub/internal/feature/stats"
	"hexhub/internal/kernel/limit"
	"hexhub/internal/kernel/origin"
	"hexhub/internal/kernel/store"
	"hexhub/internal/surface/web/site"
	"hexhub/internal/surface/web/ui"
)

type world struct {
	url      string
	accounts *account.Accounts
	links    *shortlink.Links
	db       *store.DB
}

func newWorld(t testing.TB) world {
	t.Helper()
	db, err := store.Open(t.Context(), store.NewMemory(), store.Options{}, audit.Tables, limit.Tables, account.Tables, org.Tables, access.Tables, catalog.Tables, shortlink.Tables, stats.Tables)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	if _, err := org.New(db, org.Options{}).EnsureDefault(t.Context(), name.MustRepository("acme")); err != nil {
		t.Fatal(err)
	}
	accounts := account.New(db, account.Options{Cost: account.Cost{Memory: 8, Passes: 1, Lanes: 1}})
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	links, err := shortlink.New(db, server.URL, origin.Beside(server.URL))
	if err != nil {
		t.Fatal(err)
	}
	web := ui.New(ui.Options{DB: db, Repository: "acme", Version: "test", Log: slog.New(slog.DiscardHandler)})
	site.Register(web, site.Deps{
		DB: db, Links: links, Shelf: shelf.New(db, name.MustRepository("acme")), Said: func(store.Reader) site.Said { return site.Said{} },
		Health: func(context.Context) health.Report { return health.Judge(nil) }, Default: name.MustRepository("acme"),
		Registry: connect.Registry{URL: server.URL, Repository: "acme", Fingerprint: "SHA256:abc", PublicPEM: "PEM"},
	})
	mux.Handle("/", web)
	return world{server.URL, accounts, links, db}
}

func body(t testing.TB, res *http.Response, err error) string {
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

func TestHomeWaitsForTheAdministratorThenGuides(t *testing.T) {
	w := newWorld(t)
	res, err := http.Get(w.url + "/")
	if page := body(t, res, err); !strings.Contains(page, "Almost ready") || strings.Contains(page, "mix hex.repo") {
		t.Errorf("before setup:\n%s", page)
	}
	if _, err := w.accounts.Create(t.Context(), audit.By{}, account.Draft{Username: "eva", Emails: []string{"e@x.org"}, Password: "a long sentence", Admin: true, Verified: true}); err != nil {
		t.Fatal(err)
	}
	res, err = http.Get(w.url + "/")
	page := body(t, res, err)
	for _, want := range []string{"mix hex.repo add acme", "SHA256:abc", "Publish the first package", "HEX_API_URL=" + w.url, `<html lang="en"`} {
		if !strings.Contains(page, want) {
			t.Errorf("home lacks %q", want)
		}
	}
	if csp := res.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(page, "<script>") || strings.Contains(page, "style=") {
		t.Errorf("page and policy %q do not fit", csp)
	}
	sheet := regexp.MustCompile(`/assets/app\.[0-9a-f]+\.css`).FindString(page)
	res, err = http.Get(w.url + sheet)
	if body(t, res, err); res.StatusCode != 200 || !strings.Contains(res.Header.Get("Cache-Control"), "immutable") {
		t.Errorf("style sheet %q: %d", sheet, res.StatusCode)
	}
}

func TestUnknownPagesSayWhatToDo(t *testing.T) {
	w := newWorld(t)
	res, err := http.Get(w.url + "/no/such/page")
	if page := body(t, res, err); res.StatusCode != 404 || !strings.Contains(page, "Nothing is here") {
		t.Errorf("%d:\n%s", res.StatusCode, page)
	}
}

// W6: a short link leads where it was made for, and nothing that is no link leads anywhere.
func TestShortLinksLeadOn(t *testing.T) {
	w := newWorld(t)
	address := "https://hex.pm/diffs?diffs[]=ecto:3.0.0:3.1.0"
	code, err := w.links.Shorten(t.Context(), netip.MustParseAddr("192.0.2.1"), address)
	if err != nil {
		t.Fatal(err)
	}
	here := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		for path, want := range map[string]int{
			code: 301, "": 404, "aaaaa": 404, "//evil.com": 404, "%2f%2fevil.com": 404, "https:%2f%2fevil.com": 404, code + "/": 404, code + "%00": 404,
			"%5cevil.com": 404, code + "%0d%0aX:x": 404,
		} {
			r, err := http.NewRequestWithContext(t.Context(), method, w.url+"/l/"+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			res, err := here.Do(r)
			page := body(t, res, err)
			to := res.Header.Get("Location")
			if want == 301 && (to != address || res.Header.Get("Referrer-Policy") != "same-origin") || want != 301 && to != "" && !strings.HasPrefix(to, "/l/") {
				t.Errorf("W6 %s /l/%s leads to %q", method, path, to)
			}
			if res.StatusCode != want && !(want == 404 && strings.HasPrefix(to, "/l/")) {
				t.Errorf("%s /l/%s: %d, want %d: %.300s", method, path, res.StatusCode, want, page)
			}
		}
	}
}

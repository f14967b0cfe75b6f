package palette_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"hexhub/hex/name"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/docs"
	"hexhub/internal/feature/search"
	"hexhub/internal/hubtest"
	"hexhub/internal/surface/web/palette"
	"hexhub/internal/surface/web/ui"
)

const text = `
user root admin
user eva
user tom
org guild admin=eva
package hexhub/decimal owner=tom
release hexhub/decimal 1.0.0
package guild/deck
release guild/deck 2.0.0
`

// A site has some of the places that the palette knows.
type site struct {
	*hubtest.Hub
	t   *testing.T
	web *ui.Web
}

func newSite(t *testing.T) *site {
	t.Helper()
	return newSiteOf(t, text)
}

func newSiteOf(t *testing.T, text string) *site {
	t.Helper()
	h := hubtest.World(t, text)
	web := ui.New(ui.Options{Repository: "hexhub", Log: slog.New(slog.DiscardHandler), DB: h.DB, Open: h.Accounts.Open})
	def := name.MustRepository("hexhub")
	palette.Register(web, palette.Deps{Catalog: h.Catalog, Search: search.New(h.DB, search.Options{Default: def}), Manuals: h.Manuals, Docs: docs.Addresses{Origins: h.Origins, Default: def}, Default: def, Nodes: func() []string { return []string{"hub-a", "hub-b", "other"} }})
	for _, pattern := range []string{"GET /{$}", "GET /packages", "GET /login", "GET /dashboard/keys", "GET /dashboard/orgs/{org}", "GET /admin/users", "GET /admin/cluster/{node}"} {
		web.Handle(pattern, func(w http.ResponseWriter, r *http.Request) error { return nil })
	}
	return &site{h, t, web}
}

func (s *site) do(r *http.Request, user string) *http.Response {
	s.t.Helper()
	if user != "" {
		u, _ := account.ByLogin(s.DB.View(), user)
		_, secret, err := s.Accounts.StartSession(s.t.Context(), audit.By{}, u.ID, "127.0.0.1", "test")
		if err != nil {
			s.t.Fatal(err)
		}
		r.AddCookie(&http.Cookie{Name: ui.SessionCookie, Value: secret})
	}
	rec := httptest.NewRecorder()
	s.web.ServeHTTP(rec, r)
	return rec.Result()
}

var option = regexp.MustCompile(`role="option"[^>]* href="([^"]*)"`)

// finds returns where the options lead that a user is offered.
func (s *site) finds(user, typed string) []string {
	s.t.Helper()
	res := s.do(httptest.NewRequest(http.MethodGet, "/palette?q="+url.QueryEscape(typed), http.NoBody), user)
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK || res.Header.Get("Cache-Control") != "no-store" {
		s.t.Fatal(res.Status, res.Header, err)
	}
	var paths []string
	for _, m := range option.FindAllStringSubmatch(string(body), -1) {
		paths = append(paths, m[1])
	}
	return paths
}

// The palette offers what the site has and whoever asks may open, and tells nobody what he may not see.
func TestPaletteOffersWhatOneMayOpen(t *testing.T) {
	s := newSite(t)
	for _, c := range []struct {
		user, typed string
		want        []string
	}{
		{"", "", []string{"/login", "/", "/packages", "/preferences"}},
		{"tom", "", []string{"/dashboard/keys", "/", "/packages", "/preferences"}},
		{"eva", "", []string{"/dashboard/orgs/guild", "/dashboard/keys", "/", "/packages", "/preferences"}},
		{"root", "", []string{"/dashboard/keys", "/", "/packages", "/preferences", "/admin/users"}},
		{"", "de", []string{"/packages/decimal", "/packages?search=de", "/search?q=de"}},
		{"tom", "deck", []string{"/packages?search=deck", "/search?q=deck"}},
		{"eva", "deck", []string{"/packages/guild/deck", "/packages?search=deck", "/search?q=deck"}},
		{"", "deck", []string{"/packages?search=deck", "/search?q=deck"}},
		{"tom", "NEW ke", []string{"/dashboard/keys", "/packages?search=NEW+ke", "/search?q=NEW+ke"}},
		{"", "new key", []string{"/packages?search=new+key", "/search?q=new+key"}},
		{"tom", "users", []string{"/packages?search=users", "/search?q=users"}},
		{"root", "users", []string{"/admin/users", "/packages?search=users", "/search?q=users"}},
		{"root", "hub", []string{"/admin/cluster/hub-a", "/admin/cluster/hub-b", "/packages?search=hub", "/search?q=hub"}},
		{"root", "node other", []string{"/admin/cluster/other", "/packages?search=node+other", "/search?q=node+other"}},
		{"tom", "hub", []string{"/packages?search=hub", "/search?q=hub"}},
		{"tom", "guild", []string{"/packages?search=guild", "/search?q=guild"}},
		{"eva", "gui", []string{"/dashboard/orgs/guild", "/packages?search=gui", "/search?q=gui"}},
	} {
		if got := s.finds(c.user, c.typed); !slices.Equal(got, c.want) {
			t.Errorf("%q who types %q is offered %q, want %q", c.user, c.typed, got, c.want)
		}
	}
}

// Modules and functions of documentation that one may read are offered, and lead into it.
func TestPaletteOffersModulesAndFunctions(t *testing.T) {
	s := newSiteOf(t, text+`
release hexhub/decimal 1.1.0 docs
release guild/deck 2.1.0 docs
-- decimal-1.1.0/lib/decimal.ex --
defmodule Decimal.Context do
  @doc "Rounds."
  def round_half(number, places)
end
-- guild/deck-2.1.0/lib/deck.ex --
defmodule Deck.Secret do
  @doc "Deals."
  def deal_cards(deck)
end
`)
	if err := s.Manuals.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ user, typed, in string }{
		{"", "Decimal.Cont", "decimal.docs.localhost"},
		{"", "decimal.context.round", "decimal.docs.localhost"},
		{"", "round_ha", "decimal.docs.localhost"},
		{"tom", "round_half", "decimal.docs.localhost"},
		{"eva", "Deck.Secret", "guild--deck.docs.localhost"},
		{"", "decimal r", "decimal.docs.localhost"},
		{"", "d round h", "decimal.docs.localhost"},
		{"eva", "deal_ca", "guild--deck.docs.localhost"},
		{"eva", "deal c", "guild--deck.docs.localhost"},
		{"", "deal c", ""},
		{"", "decimal x", ""},
		{"tom", "Deck.Secret", ""},
		{"", "deal_c", ""},
	} {
		var leads []string
		for _, path := range s.finds(c.user, c.typed) {
			if strings.Contains(path, ".docs.localhost") {
				leads = append(leads, path)
			}
		}
		if c.in == "" && len(leads) > 0 || c.in != "" && (len(leads) == 0 || !strings.Contains(leads[0], "://"+c.in) || !strings.Contains(leads[0], ".html")) {
			t.Errorf("%q who types %q is led to %q, want to %s", c.user, c.typed, leads, c.in)
		}
	}
}

// W15: neither length nor letters of what is typed do harm.
func TestW15AnyLettersCanBeTyped(t *testing.T) {
	s := newSite(t)
	for _, typed := range []string{strings.Repeat("é", 5000), `"><svg/onload=alert(1)>`, "\x00\xff", "%%%%", strings.Repeat(`"`, 300)} {
		for _, path := range s.finds("", typed) {
			if strings.Contains(path, "<") {
				t.Errorf("%.20q came back as %q", typed, path)
			}
		}
	}
}

// Keys can be turned off and on again without scripts, and all pages of the browser know.
func TestKeysCanBeTurnedOff(t *testing.T) {
	s := newSite(t)
	ask := func(cookies []*http.Cookie) string {
		r := httptest.NewRequest(http.MethodGet, "/preferences", http.NoBody)
		for _, c := range cookies {
			r.AddCookie(c)
		}
		body, err := io.ReadAll(s.do(r, "").Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
	turn := func(to string) []*http.Cookie {
		r := httptest.NewRequest(http.MethodPost, "/preferences", strings.NewReader("keys="+to))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		res := s.do(r, "")
		if res.StatusCode != http.StatusSeeOther || res.Header.Get("Location") != "/preferences" {
			t.Fatal(res.Status, res.Header)
		}
		return slices.DeleteFunc(res.Cookies(), func(c *http.Cookie) bool { return c.MaxAge < 0 })
	}
	if page := ask(nil); strings.Contains(page, `data-keys="off"`) || !strings.Contains(page, "Turn keys off") {
		t.Errorf("at first:\n%s", page)
	}
	if page := ask(turn("off")); !strings.Contains(page, `data-keys="off"`) || !strings.Contains(page, "Turn keys on") || !strings.Contains(page, "Keys are off") {
		t.Errorf("turned off:\n%s", page)
	}
	if page := ask(turn("on")); strings.Contains(page, `data-keys="off"`) || !strings.Contains(page, "Keys are on.") {
		t.Errorf("turned on:\n%s", page)
	}
}

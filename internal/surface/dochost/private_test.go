package dochost_test

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"hexhub/hex/name"
	"hexhub/hex/tarball"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/pass"
	"hexhub/internal/hubtest"
	"hexhub/internal/kernel/origin"
)

const vaultWorld = `
user eva
user rea
user sam
org guild admin=eva read=rea
package guild/vault
package guild/other
release guild/vault 1.0.0
release guild/vault 1.1.0
release guild/other 1.0.0
key eva all permissions=api,repositories
key rea docs permissions=docs:guild
key rea slim permissions=docs:guild/vault
key rea repo permissions=repository:guild
key rea all permissions=repositories
key rea api permissions=api
key sam all permissions=api,repositories
`

// A form is one of the ways to show documentation.
type form struct {
	name string
	at   hubtest.Addresses
	own  bool // each package has an origin
}

var forms = []form{
	{"an origin each", hubtest.Addresses{}, true},
	{"one host for all", hubtest.Addresses{Docs: "http://docs.example.com"}, false},
	{"a path of the site", hubtest.Addresses{Site: "http://hub.example.com"}, false},
}

// newVault is a registry with private documentation, shown in that way.
func newVault(t testing.TB, f form) *docsHub {
	t.Helper()
	h := &docsHub{hubtest.At(t, vaultWorld, f.at), t}
	for at, page := range map[string]string{"vault/releases/1.0.0": "<p>the canary of old", "vault/releases/1.1.0": "<p>the canary", "other/releases/1.0.0": "<p>another bird"} {
		var b bytes.Buffer
		if err := tarball.WriteDocs(&b, []tarball.Source{
			{Path: "index.html", Content: []byte(page)},
			{Path: "Vault.html", Content: []byte(page)},
			{Path: "dist/app-AAAABBBB.js", Content: []byte("canary()")},
			{Path: "sw.js", Content: []byte("canary()")},
		}); err != nil {
			t.Fatal(err)
		}
		h.As("eva/all").Do(http.MethodPost, "/api/repos/guild/packages/"+at+"/docs", b.Bytes()).Expect(t, http.StatusCreated)
	}
	return h
}

func place(repository, pkg string) origin.Place {
	return origin.Place{Repository: name.MustRepository(repository), Name: name.MustPackage(pkg)}
}

// page is the address of a page of a package in guild.
func (h *docsHub) page(pkg, rest string) string {
	return h.Origins.Base(place("guild", pkg)) + rest
}

// A browser keeps cookies by host, and follows where it is led.
type browser struct {
	h   *docsHub
	jar map[string]map[string]string
	at  string // address of what it shows
}

func (h *docsHub) browser() *browser { return &browser{h: h, jar: map[string]map[string]string{}} }

// logIn begins a session of the user on the site.
func (b *browser) logIn(username string) *browser {
	b.h.t.Helper()
	u, _ := account.ByName(b.h.DB.View(), username)
	_, secret, err := b.h.Accounts.StartSession(b.h.t.Context(), audit.By{UserID: u.ID}, u.ID, "127.0.0.1", "test")
	if err != nil {
		b.h.t.Fatal(err)
	}
	b.jar[strings.TrimPrefix(b.h.URL, "http://")] = map[string]string{"hexhub": secret}
	return b
}

// ask sends one request, with cookies unless the headers say that it comes from elsewhere.
func (b *browser) ask(address string, headers map[string]string) hubtest.Answer {
	b.h.t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		b.h.t.Fatal(err)
	}
	c := hubtest.Client{T: b.h.t, URL: "http://" + b.h.Addr(), Header: http.Header{"Host": {u.Host}}}
	if headers["Sec-Fetch-Site"] != "cross-site" {
		for _, name := range slices.Sorted(maps.Keys(b.jar[u.Host])) {
			c.Header.Add("Cookie", name+"="+b.jar[u.Host][name])
		}
	}
	for name, value := range headers {
		c.Header.Set(name, value)
	}
	a := c.Get(u.RequestURI())
	for _, line := range a.Header["Set-Cookie"] {
		cookie, err := http.ParseSetCookie(line)
		if err != nil || !cookie.HttpOnly || cookie.Domain != "" || cookie.SameSite != http.SameSiteLaxMode {
			b.h.t.Errorf("%s sets %s", address, line)
		}
		if b.jar[u.Host] == nil {
			b.jar[u.Host] = map[string]string{}
		}
		b.jar[u.Host][cookie.Name] = cookie.Value
	}
	return a
}

var navigation = map[string]string{"Accept": "text/html", "Sec-Fetch-Dest": "document", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "none"}

// open opens a page in a window, wherever that leads.
func (b *browser) open(address string) hubtest.Answer {
	b.h.t.Helper()
	for range 10 {
		a := b.ask(address, navigation)
		to := a.Header.Get("Location")
		if to == "" {
			b.at = address
			return a
		}
		from, _ := url.Parse(address)
		next, err := from.Parse(to)
		if err != nil {
			b.h.t.Fatal(err)
		}
		address = next.String()
	}
	b.h.t.Fatalf("led in circles to %s", address)
	panic("unreachable")
}

// load loads something for a page that is shown, as browsers do: without cookies if the page is in a sandbox.
func (b *browser) load(f form, rest string) hubtest.Answer {
	b.h.t.Helper()
	u, _ := url.Parse(b.at)
	next, err := u.Parse(rest)
	if err != nil {
		b.h.t.Fatal(err)
	}
	site := "same-origin"
	if !f.own {
		site = "cross-site"
	}
	return b.ask(next.String(), map[string]string{"Accept": "*/*", "Sec-Fetch-Dest": "script", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Site": site})
}

// L12: a member opens a page, and reads it and all that it loads; others learn nothing. No address and no cookie holds
// his session.
func TestL12MembersReadPrivateDocumentation(t *testing.T) {
	for _, f := range forms {
		t.Run(f.name, func(t *testing.T) {
			h := newVault(t, f)
			rea := h.browser().logIn("rea")
			session, _, _ := strings.Cut(rea.jar[strings.TrimPrefix(h.URL, "http://")]["hexhub"], ".")
			a := rea.open(h.page("vault", "/1.0.0/Vault.html?theme=dark")).Expect(t, 200)
			if string(a.Body) != "<p>the canary of old" || !strings.HasSuffix(rea.at, "/1.0.0/Vault.html?theme=dark") {
				t.Errorf("%s shows %s", rea.at, a.Body)
			}
			for name, want := range map[string]string{"Cache-Control": "private, no-cache", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"} {
				if got := a.Header.Get(name); got != want {
					t.Errorf("%s: %s, want %s", name, got, want)
				}
			}
			rea.load(f, "dist/app-AAAABBBB.js").Expect(t, 200)
			if menu := string(rea.load(f, "docs_config.js").Expect(t, 200).Body); !strings.Contains(menu, "searchNodes = [];") || !strings.Contains(menu, "/1.1.0\"") {
				t.Errorf("the menu is %s", menu)
			}
			if strings.Contains(rea.at+fmt.Sprint(rea.jar[mustHost(rea.at)]), session) && f.name != "a path of the site" {
				t.Error("an address or a cookie of documentation tells the session")
			}
			for _, who := range []*browser{h.browser(), h.browser().logIn("sam")} {
				a := who.open(h.page("vault", "/1.0.0/Vault.html"))
				if strings.Contains(string(a.Body), "canary") {
					t.Errorf("a stranger reads %s", a.Body)
				}
			}
			if log := h.Log.String(); strings.Contains(log, session+".") || strings.Contains(log, "code=") || strings.Contains(log, ticketIn(rea.at)) {
				t.Error("the log holds what lets people in")
			}
		})
	}
}

func mustHost(address string) string {
	u, _ := url.Parse(address)
	return u.Host
}

// ticketIn is the ticket in an address, or what is in no text.
func ticketIn(address string) string {
	_, behind, ok := strings.Cut(address, "/-/")
	ticket, _, _ := strings.Cut(behind, "/")
	if !ok {
		return "\x00"
	}
	return ticket
}

// Z3: whatever takes the right away, pages that are open load nothing more, and no other page opens.
func TestZ3NothingIsReadOnceTheRightIsGone(t *testing.T) {
	for _, f := range forms {
		for what, end := range map[string]func(*docsHub, account.User) error{
			"out of the organization": func(h *docsHub, u account.User) error {
				return h.Orgs.RemoveMember(t.Context(), audit.By{}, name.MustRepository("guild"), u.ID)
			},
			"logged out": func(h *docsHub, u account.User) error {
				return h.Accounts.EndSessions(t.Context(), audit.By{}, u.ID, "")
			},
		} {
			t.Run(f.name+", "+what, func(t *testing.T) {
				h := newVault(t, f)
				rea := h.browser().logIn("rea")
				rea.open(h.page("vault", "/1.0.0/Vault.html")).Expect(t, 200)
				page := rea.at
				u, _ := account.ByName(h.DB.View(), "rea")
				if err := end(h, u); err != nil {
					t.Fatal(err)
				}
				for _, a := range []hubtest.Answer{rea.load(f, "dist/app-AAAABBBB.js"), rea.open(page), rea.open(h.page("vault", "/"))} {
					if strings.Contains(string(a.Body), "canary") || a.Status == http.StatusNotModified {
						t.Errorf("%d %s", a.Status, a.Body)
					}
				}
			})
		}
	}
}

// L4, L12: to those who may not read, what is there and what is not are the same, to the last header: opened, loaded, or
// asked for with a key.
func TestL4PrivateDocumentationLooksLikeNone(t *testing.T) {
	for _, f := range forms {
		t.Run(f.name, func(t *testing.T) {
			h := newVault(t, f)
			sam := h.browser().logIn("sam")
			for who, b := range map[string]*browser{"nobody": h.browser(), "sam": sam} {
				for what, headers := range map[string]map[string]string{
					"a page": navigation,
					"a file": {"Accept": "*/*", "Sec-Fetch-Dest": "script", "Sec-Fetch-Site": "same-origin"},
					"a key":  {"Authorization": h.Secrets["sam/all"]}, "no key": {"Authorization": "0123456789abcdef0123456789abcdef"}, "nothing": {},
					"a validator": {"If-None-Match": "*", "Sec-Fetch-Dest": "document"},
				} {
					var seen []string
					for _, n := range []string{"guild/vault", "guild/vapor", "ghost/vault"} {
						org, pkg, _ := strings.Cut(n, "/")
						a := b.ask(h.Origins.Base(place(org, pkg))+"/1.0.0/Vault.html", headers)
						seen = append(seen, strings.NewReplacer("ghost", "guild", "vapor", "vault").Replace(answered(a)))
					}
					if seen[0] != seen[1] || seen[0] != seen[2] {
						t.Errorf("%s, who asks for %s, is told\n%s", who, what, strings.Join(seen, "\n"))
					}
				}
			}
		})
	}
}

// answered is all of an answer that does not differ from each to the next.
func answered(a hubtest.Answer) string {
	h := a.Header.Clone()
	for _, name := range []string{"Date", "X-Request-Id"} {
		h.Del(name)
	}
	if to, err := url.Parse(h.Get("Location")); err == nil && to.Query().Has("with") {
		q := to.Query()
		q.Set("with", "HASH")
		h.Set("Location", "/?"+q.Encode())
		h.Set("Set-Cookie", "WAY")
	}
	return fmt.Sprint(a.Status, h, strings.ReplaceAll(string(a.Body), a.Header.Get("X-Request-Id"), "ID"))
}

// Programs show a key that may read documentation, or the repository, and get each page at its plain address.
func TestKeysReadDocumentation(t *testing.T) {
	for _, f := range forms {
		t.Run(f.name, func(t *testing.T) {
			h := newVault(t, f)
			for key, want := range map[string]int{"rea/docs": 200, "rea/slim": 200, "rea/repo": 200, "rea/all": 200, "eva/all": 200, "rea/api": 404, "sam/all": 404} {
				a := h.browser().ask(h.page("vault", "/1.0.0/Vault.html"), map[string]string{"Authorization": h.Secrets[key]})
				if a.Status != want || a.Header.Get("Set-Cookie") != "" || a.Header.Get("Access-Control-Allow-Origin") != "" {
					t.Errorf("%s: %d, want %d: %v", key, a.Status, want, a.Header)
				}
			}
			a := h.browser().ask(h.page("other", "/1.0.0/Vault.html"), map[string]string{"Authorization": h.Secrets["rea/slim"]})
			a.Expect(t, 404)
			a = h.browser().ask(h.page("vault", "/1.0.0/Vault.html"), nil).Expect(t, 401)
			if got := a.Header.Get("Www-Authenticate"); !strings.HasPrefix(got, "Bearer") {
				t.Errorf("browsers are to ask for a password by %q", got)
			}
		})
	}
}

// D2, L12: pages of other packages, on the same site or from anywhere, load nothing that is private, though the
// browser would send a cookie: nothing tells them even that there is something.
func TestD2OtherPagesLoadNothingPrivate(t *testing.T) {
	for _, f := range forms {
		h := newVault(t, f)
		rea := h.browser().logIn("rea")
		rea.open(h.page("vault", "/1.0.0/Vault.html")).Expect(t, 200)
		for _, dest := range []string{"script", "image", "style", "iframe", "empty"} {
			for _, site := range []string{"same-site", "cross-site"} {
				a := rea.ask(h.page("vault", "/1.0.0/dist/app-AAAABBBB.js"), map[string]string{"Sec-Fetch-Dest": dest, "Sec-Fetch-Site": site})
				if a.Status != http.StatusUnauthorized {
					t.Errorf("%s: a %s of a page that is %s: %d", f.name, dest, site, a.Status)
				}
			}
		}
	}
}

// D1: no worker of a package may answer for its pages.
func TestD1NoServiceWorkers(t *testing.T) {
	h := newVault(t, forms[0])
	rea := h.browser().logIn("rea")
	rea.open(h.page("vault", "/1.0.0/Vault.html")).Expect(t, 200)
	rea.ask(h.page("vault", "/sw.js"), map[string]string{"Service-Worker": "script", "Sec-Fetch-Dest": "serviceworker", "Sec-Fetch-Site": "same-origin"}).Expect(t, 404)
}

// D3: private pages use what lies beside them and nothing else, unless the setting says otherwise; and public ones what
// they like, unless it says otherwise.
func TestD3PrivatePagesTellNobody(t *testing.T) {
	for _, f := range forms {
		h := newVault(t, f)
		rea := h.browser().logIn("rea")
		policy := func() string {
			return rea.open(h.page("vault", "/1.0.0/Vault.html")).Expect(t, 200).Header.Get("Content-Security-Policy")
		}
		strict := policy()
		if strings.Contains(strict, " https: ") || !strings.Contains(strict, "form-action") {
			t.Errorf("%s: %s", f.name, strict)
		}
		if source := "'self'"; f.own != strings.Contains(strict, "default-src "+source) || f.own == strings.Contains(strict, "; sandbox allow-scripts") {
			t.Errorf("%s: %s", f.name, strict)
		}
		if !f.own && !strings.Contains(strict, "default-src "+h.page("vault", "/-/")) {
			t.Errorf("%s: a page may use what is not its own: %s", f.name, strict)
		}
		if err := h.Settings.Set(t.Context(), audit.By{}, "docs.external", "all"); err != nil {
			t.Fatal(err)
		}
		if got := policy(); !strings.Contains(got, " https: ") {
			t.Errorf("%s, allowed: %s", f.name, got)
		}
	}
}

// A13, L12: a code that was used, or is used by another browser, lets nobody in, and leads nowhere.
func TestL12CodesAreOfOneBrowserAndOneUse(t *testing.T) {
	h := newVault(t, forms[0])
	rea, sam := h.browser().logIn("rea"), h.browser()
	to := rea.ask(h.page("vault", "/1.0.0/Vault.html"), navigation).Header.Get("Location")
	enter := rea.ask(to, navigation).Expect(t, http.StatusSeeOther).Header.Get("Location")
	if !strings.HasPrefix(enter, h.page("vault", pass.Enter)) {
		t.Fatalf("sent to %s", enter)
	}
	for _, headers := range []map[string]string{navigation, {"Cookie": "hexhub-docs-way=" + account.NewToken()}} {
		if a := sam.ask(enter, headers); a.Status != http.StatusForbidden || a.Header.Get("Set-Cookie") != "" {
			t.Errorf("another browser: %d %v", a.Status, a.Header)
		}
	}
	if a := rea.ask(enter, navigation); a.Status != http.StatusSeeOther || a.Header.Get("Cache-Control") != "no-store" || a.Header.Get("Referrer-Policy") != "no-referrer" {
		t.Errorf("its own: %d %v", a.Status, a.Header)
	}
	rea.ask(enter, navigation).Expect(t, http.StatusForbidden)
}

// Where people come back to a page whose ticket is over they get another, and what it loads before that is refused.
func TestTicketsAreRenewedByOpeningPages(t *testing.T) {
	f := forms[1]
	h := newVault(t, f)
	rea := h.browser().logIn("rea")
	rea.open(h.page("vault", "/1.0.0/Vault.html")).Expect(t, 200)
	actor, _ := h.Passes.OfSite(h.DB.View(), rea.jar[strings.TrimPrefix(h.URL, "http://")]["hexhub"], time.Now())
	for age, want := range map[time.Duration]bool{time.Minute: true, 6 * time.Minute: false, 11 * time.Minute: false} {
		ticket := h.Passes.Ticket(actor, place("guild", "vault"), time.Now().Add(-age))
		rea.at = h.page("vault", "/-/"+ticket+"/1.0.0/Vault.html")
		if got := rea.load(f, "dist/app-AAAABBBB.js").Status == 200; got != (age < 10*time.Minute) {
			t.Errorf("after %s it is let through: %t", age, got)
		}
		rea.open(rea.at).Expect(t, 200)
		if kept := ticketIn(rea.at) == ticket; kept != want {
			t.Errorf("after %s it is kept: %t", age, kept)
		}
	}
	other := h.Passes.Ticket(actor, place("guild", "other"), time.Now())
	rea.at = h.page("vault", "/-/"+other+"/1.0.0/Vault.html")
	if a := rea.load(f, "dist/app-AAAABBBB.js"); a.Status != http.StatusUnauthorized {
		t.Errorf("the ticket of another package: %d", a.Status)
	}
}

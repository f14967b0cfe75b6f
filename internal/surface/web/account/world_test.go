package account_test

import (
	"log/slog"
	"net/http"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"

	"hexhub/hex/name"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/connect"
	"hexhub/internal/feature/mail"
	"hexhub/internal/feature/mail/mailtest"
	"hexhub/internal/feature/oauth"
	"hexhub/internal/feature/org"
	"hexhub/internal/feature/stats"
	"hexhub/internal/kernel/job"
	"hexhub/internal/kernel/limit"
	"hexhub/internal/kernel/seal"
	"hexhub/internal/kernel/store"
	"hexhub/internal/surface/call"
	pages "hexhub/internal/surface/web/account"
	"hexhub/internal/surface/web/ui"
	"hexhub/internal/surface/web/ui/uitest"
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
		job.Tables, mail.Tables, limit.Tables, audit.Tables, account.Tables, org.Tables, access.Tables, oauth.Tables, catalog.Tables, stats.Tables)
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
	w.access = access.New(db, w.accounts, []byte("pepper"), access.Options{DefaultRepository: acme, ThingOf: catalog.ThingOf})
	w.oauth = oauth.New(db, w.accounts, w.access, sealer, oauth.Options{DefaultRepository: acme})

	w.url = "https://hub.example.com"
	log := slog.New(slog.NewTextHandler(w.log, nil))
	web := ui.New(ui.Options{URL: w.url, Repository: "acme", Version: "test", Log: log, Open: w.accounts.Open, Sudo: w.accounts.Sudo})
	pages.Register(web, pages.Deps{
		DB: db, Accounts: w.accounts, Access: w.access, Orgs: w.orgs, OAuth: w.oauth,
		Registry: connect.Registry{URL: w.url, Repository: "acme", Fingerprint: "SHA256:abc"},
		Rules:    func(store.Reader) account.Rules { return *w.rules },
	})
	w.site = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { // as the front does
		c := &call.Call{ID: "a-request", IP: netip.MustParseAddrPort(r.RemoteAddr).Addr()}
		web.ServeHTTP(rw, r.WithContext(call.With(r.Context(), c)))
		log.Info("request", "path", c.Path(r.URL.EscapedPath()))
	})
	return w
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

func (w *world) browser() *uitest.Browser { return uitest.New(w.T, w.site, w.url, &w.from) }

// as returns a browser in which the user has logged in.
func (w *world) as(username string) *uitest.Browser {
	w.Helper()
	b := w.browser()
	p := b.Post("/login", "login", username, "password", good)
	if p.Path != "/dashboard" {
		w.Fatalf("%s is not logged in but at %s:\n%s", username, p.Path, p.HTML)
	}
	return b
}

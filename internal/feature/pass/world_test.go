package pass_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hexhub/hex/name"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/mail"
	"hexhub/internal/feature/org"
	"hexhub/internal/feature/pass"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/job"
	"hexhub/internal/kernel/limit"
	"hexhub/internal/kernel/origin"
	"hexhub/internal/kernel/seal"
	"hexhub/internal/kernel/store"
)

const (
	each   = "https://*.docs.example.com"
	page   = "https://guild--vault.docs.example.com/1.0.0/Vault.html?theme=dark"
	vaults = "https://guild--vault.docs.example.com" // the origin of that page
)

var (
	guild    = name.MustRepository("guild")
	operator = audit.By{Username: "operator"}
)

// A world has the private organization guild, whose administrator is eva and whose reader is rea, and sam, who has
// no business there.
type world struct {
	testing.TB
	*pass.Passes
	db       *store.DB
	accounts *account.Accounts
	orgs     *org.Orgs
	users    map[string]account.User
}

// newWorld shows documentation at the origins of the setting, or on the site.
func newWorld(t *testing.T, setting string) *world {
	t.Helper()
	db, err := store.Open(t.Context(), store.NewMemory(), store.Options{}, job.Tables, mail.Tables, audit.Tables, limit.Tables, account.Tables, org.Tables, access.Tables, pass.Tables)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	sealer, err := seal.Open(filepath.Join(t.TempDir(), "secret.key"))
	if err != nil {
		t.Fatal(err)
	}
	w := &world{TB: t, db: db, users: map[string]account.User{}, orgs: org.New(db, org.Options{})}
	w.accounts = account.New(db, account.Options{Cost: account.Cost{Memory: 8, Passes: 1, Lanes: 1}})
	origins := origin.Beside("https://hub.example.com")
	if setting != "" {
		origins, err = origin.Parse(setting)
		w.must(err)
	}
	w.Passes = pass.New(db, sealer, origins, name.MustRepository("hexhub"))
	_, err = w.orgs.EnsureDefault(t.Context(), name.MustRepository("hexhub"))
	w.must(err)
	for username := range strings.FieldsSeq("eva rea sam") {
		w.users[username], err = w.accounts.Create(t.Context(), operator, account.Draft{
			Username: username, Emails: []string{username + "@example.com"}, Password: "four unrelated words", Verified: true,
		})
		w.must(err)
	}
	_, err = w.orgs.Create(t.Context(), operator, guild, w.users["eva"].ID)
	w.must(err)
	w.must(w.orgs.SetMember(t.Context(), operator, guild, w.users["rea"].ID, org.Read))
	return w
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// logIn begins a session in a browser, and returns who has it.
func (w *world) logIn(username string) access.Actor {
	w.Helper()
	s, _, err := w.accounts.StartSession(w.Context(), operator, w.users[username].ID, "192.0.2.1", "Firefox")
	w.must(err)
	return access.Actor{User: w.users[username], Session: s.ID, Via: access.Browser}
}

func (w *world) target(address string) pass.Target {
	w.Helper()
	t, err := w.Target(address)
	w.must(err)
	return t
}

// code returns the code with which the actor is sent to the page, where he will show the secret.
func (w *world) code(a access.Actor, address, secret string) string {
	w.Helper()
	to, err := w.Way(w.Context(), a, w.target(address), account.HashToken(secret))
	w.must(err)
	_, code, ok := strings.Cut(to, pass.Enter+"?code=")
	if !ok {
		w.Fatalf("sent to %s, without a code", to)
	}
	return code
}

// enter has the actor come to the page with a cookie, which it returns.
func (w *world) enter(a access.Actor) string {
	w.Helper()
	e, err := w.Redeem(w.Context(), vaults, w.code(a, page, "shown"), "shown")
	w.must(err)
	return e.Cookie
}

// reads reports whether who has the cookie may read the page now.
func (w *world) reads(cookie string) bool {
	v := w.db.View()
	a, ok := w.OfCookie(v, vaults, cookie, time.Now())
	return ok && w.May(v, a, w.target(page).Place) == nil
}

func (w *world) refused(what string, err error, kind fault.Kind) {
	w.Helper()
	if !fault.Is(err, kind) {
		w.Errorf("%s: %v, want a fault of kind %v", what, err, kind)
	}
}

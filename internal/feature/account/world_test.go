package account_test

import (
	"net/netip"
	"path/filepath"
	"testing"

	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/mail"
	"hexhub/internal/kernel/job"
	"hexhub/internal/kernel/limit"
	"hexhub/internal/kernel/seal"
	"hexhub/internal/kernel/store"
)

// A world has accounts that write mail, which rests where a test can read it.
type world struct {
	testing.TB
	*account.Accounts
	db    *store.DB
	log   store.Log
	mail  *mail.Mail
	jobs  *job.Queue
	rules account.Rules

	sealer *seal.Sealer
}

func newWorld(t testing.TB, edits ...func(*account.Options)) *world {
	t.Helper()
	w := emptyWorld(t)
	w.open(edits...)
	return w
}

// emptyWorld has no accounts yet.
func emptyWorld(t testing.TB) *world {
	t.Helper()
	w := &world{TB: t, log: store.NewMemory(), rules: account.Rules{ConfirmMail: true}}
	var err error
	w.db, err = store.Open(t.Context(), w.log, store.Options{}, limit.Tables, job.Tables, audit.Tables, mail.Tables, account.Tables)
	w.must(err)
	t.Cleanup(w.db.Close)
	w.sealer, err = seal.Open(filepath.Join(t.TempDir(), "secret.key"))
	w.must(err)
	w.jobs = job.New(w.db, job.Options{})
	w.mail = mail.New(w.db, w.jobs, w.sealer, mail.Options{URL: "https://hub.test", Registry: "hub"})
	return w
}

func (w *world) open(edits ...func(*account.Options)) {
	o := account.Options{Cost: cheap, Mail: w.mail, Sealer: w.sealer, Rules: func(store.Reader) account.Rules { return w.rules }}
	for _, edit := range edits {
		edit(&o)
	}
	w.Accounts = account.New(w.db, o)
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// user makes a user with a verified address, NAME@example.com.
func (w *world) user(username string) account.User {
	w.Helper()
	u, err := w.Create(w.Context(), operator, account.Draft{
		Username: username, Emails: []string{username + "@example.com"}, Password: good, Verified: true,
	})
	w.must(err)
	return u
}

// again returns the user as he now is.
func (w *world) again(u account.User) account.User {
	u, _ = account.Users.Get(w.db.View(), u.ID)
	return u
}

func by(u account.User) audit.By { return audit.By{UserID: u.ID, Username: u.Username.String()} }

// session begins a session of the user and returns its cookie.
func (w *world) session(u account.User) (account.Session, string) {
	w.Helper()
	s, cookie, err := w.StartSession(w.Context(), by(u), u.ID, "192.0.2.1", "test")
	w.must(err)
	return s, cookie
}

// A letter is one that was written.
type letter struct {
	kind   mail.Kind
	to     []string
	params map[string]string
}

// letters returns what was written, the newest first.
func (w *world) letters() (out []letter) {
	w.Helper()
	page, _, err := w.mail.Outbox(w.Context(), "", 1000)
	w.must(err)
	for _, e := range page {
		params, err := w.mail.Open(e.Stored)
		w.must(err)
		out = append(out, letter{e.Kind, e.To, params})
	}
	return out
}

// wrote returns the newest letter of the kind to the address.
func (w *world) wrote(kind mail.Kind, to string) letter {
	w.Helper()
	for _, l := range w.letters() {
		if l.kind == kind && len(l.to) == 1 && l.to[0] == to {
			return l
		}
	}
	w.Fatalf("there is no letter %s to %s among %v", kind, to, w.letters())
	return letter{}
}

// count tells how many letters of the kind were written.
func (w *world) count(kind mail.Kind) (n int) {
	w.Helper()
	for _, l := range w.letters() {
		if l.kind == kind {
			n++
		}
	}
	return n
}

// logsIn reports whether the password is good.
func (w *world) logsIn(login, password string) bool {
	w.Helper()
	_, err := w.Login(w.Context(), login, password, local)
	return err == nil
}

func at(ip string) account.Origin {
	return account.Origin{IP: netip.MustParseAddr(ip), UserAgent: "test"}
}

const another = "another long password"

// forgive forgets all that was counted.
func (w *world) forgive() {
	w.Helper()
	page, err := w.log.Range(w.Context(), "attempt/", "attempt0", 0, 1000)
	w.must(err)
	var ops []store.Op
	for _, r := range page.Records {
		ops = append(ops, store.Op{Key: r.Key, Delete: true})
	}
	rev, _, err := w.log.Commit(w.Context(), store.Txn{Ops: ops})
	w.must(err)
	w.must(w.db.WaitFor(w.Context(), rev))
}

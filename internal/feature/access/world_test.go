package access_test

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"hexhub/hex/name"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/mail"
	"hexhub/internal/feature/mail/mailtest"
	"hexhub/internal/feature/org"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/job"
	"hexhub/internal/kernel/limit"
	"hexhub/internal/kernel/store"
)

var (
	hexhub   = name.MustRepository("hexhub")
	acme     = name.MustRepository("acme2") // private
	guild    = name.MustRepository("guild") // private, owns a package of the default repository
	library  = name.MustRepository("library")
	operator = audit.By{Username: "operator"}
	home     = netip.MustParseAddr("192.0.2.1")
)

const good = "four unrelated words here"

// A world is a server with users, organizations, repositories and packages, the last by their names
// in permissions.
type world struct {
	testing.TB
	db       *store.DB
	accounts *account.Accounts
	orgs     *org.Orgs
	access   *access.Access
	mail     *mail.Mail
	tokens   map[string]access.Token
	users    map[string]account.User
	things   map[string]access.Thing
}

// newWorld makes a server without anybody.
func newWorld(t testing.TB, o access.Options) *world {
	t.Helper()
	db, err := store.Open(t.Context(), store.NewMemory(), store.Options{}, job.Tables, mail.Tables, audit.Tables, limit.Tables, account.Tables, org.Tables, access.Tables)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	w := &world{TB: t, db: db, users: map[string]account.User{}, things: map[string]access.Thing{}}
	w.accounts = account.New(db, account.Options{Cost: account.Cost{Memory: 8, Passes: 1, Lanes: 1}})
	w.orgs = org.New(db, org.Options{})
	w.mail = mailtest.New(t, db)
	o.DefaultRepository, o.Mail = hexhub, w.mail
	w.tokens = map[string]access.Token{}
	if o.Bearer == nil {
		o.Bearer = func(_ store.Reader, token string, _ time.Time) (access.Token, error) {
			t, ok := w.tokens[token]
			if !ok {
				return t, fault.New(fault.Unauthenticated, "invalid API key")
			}
			return t, nil
		}
	}
	o.ThingOf = func(_ store.Reader, repository org.Repository, pkg name.Package) access.Thing {
		if known, ok := w.things[access.PackageResource(repository, pkg)]; ok {
			return known
		}
		return access.Thing{Repository: repository, Package: pkg}
	}
	w.access = access.New(db, w.accounts, []byte("pepper"), o)
	_, err = w.orgs.EnsureDefault(t.Context(), hexhub)
	w.must(err)
	return w
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// user makes a user whose address is verified, unless d says otherwise.
func (w *world) user(username string, edit ...func(*account.Draft)) account.User {
	w.Helper()
	d := account.Draft{Username: username, Emails: []string{username + "@example.com"}, Password: good, Verified: true}
	for _, e := range edit {
		e(&d)
	}
	u, err := w.accounts.Create(w.Context(), operator, d)
	w.must(err)
	w.users[username] = u
	return u
}

// found makes an organization of users and their roles, "eva admin jose write".
func (w *world) found(n name.Repository, members string) {
	w.Helper()
	f := strings.Fields(members)
	for i := 0; i < len(f); i += 2 {
		var err error
		if i == 0 {
			_, err = w.orgs.Create(w.Context(), operator, n, w.users[f[0]].ID)
		} else {
			err = w.orgs.SetMember(w.Context(), operator, n, w.users[f[i]].ID, org.Role(f[i+1]))
		}
		w.must(err)
	}
}

// as returns the user as he is after he has logged in.
func (w *world) as(username string) access.Actor {
	w.Helper()
	u, ok := w.users[username]
	if !ok {
		w.Fatalf("there is no user %q in this world", username)
	}
	return access.Actor{User: u, Via: access.Password, IP: home, UserAgent: "mix"}
}

// session logs the user in at a browser.
func (w *world) session(username string) string {
	w.Helper()
	s, _, err := w.accounts.StartSession(w.Context(), operator, w.users[username].ID, home.String(), "Firefox")
	w.must(err)
	return s.ID
}

// key makes a key, "api:write package:hexhub/plug", and returns who shows it.
func (w *world) key(o access.Owner, permissions string) access.Actor {
	w.Helper()
	_, secret := w.newKey(access.SystemActor("test"), o, "key", permissions)
	a, err := w.access.Authenticate(w.Context(), secret, "", home, "mix")
	w.must(err)
	return a
}

func (w *world) newKey(a access.Actor, o access.Owner, keyName, permissions string) (access.Key, string) {
	w.Helper()
	k, secret, err := w.access.CreateKey(w.Context(), a, o, access.KeyDraft{Name: keyName, Permissions: parse(permissions)})
	w.must(err)
	return k, secret
}

// token gives out an access token, "api:write package:hexhub/plug", and returns who shows it.
func (w *world) token(text string, t access.Token, permissions string) access.Actor {
	w.Helper()
	t.ID, t.Permissions = text, parse(permissions)
	w.tokens[text] = t
	a, err := w.access.Authenticate(w.Context(), "Bearer "+text, "", home, "mix")
	w.must(err)
	return a
}

func parse(permissions string) []access.Permission {
	var out []access.Permission
	for p := range strings.FieldsSeq(permissions) {
		domain, resource, _ := strings.Cut(p, ":")
		out = append(out, access.Permission{Domain: domain, Resource: resource})
	}
	return out
}

// forge writes a row without asking anybody.
func forge[T any](w *world, table *store.Table[T], row T) {
	w.Helper()
	w.must(w.db.Update(context.Background(), func(tx *store.Tx) error {
		table.Put(tx, row)
		return nil
	}))
}

func (w *world) repository(n name.Repository) org.Repository {
	w.Helper()
	r, ok := org.Repositories.Get(w.db.View(), n.String())
	if !ok {
		w.Fatalf("there is no repository %s", n)
	}
	return r
}

// own makes a package known, with its owners by user name or "org:NAME".
func (w *world) own(n name.Repository, pkg string, owners map[string]access.Level) access.Thing {
	w.Helper()
	t := access.Thing{Repository: w.repository(n), Package: name.MustPackage(pkg), Exists: true, Owners: map[string]access.Level{}}
	for owner, level := range owners {
		if u, ok := w.users[owner]; ok {
			owner = u.ID
		}
		t.Owners[owner] = level
	}
	w.things[access.PackageResource(t.Repository, t.Package)] = t
	return t
}

// wants demands a fault of the kind with exactly the words.
func (w *world) wants(err error, kind fault.Kind, words string) {
	w.Helper()
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.Kind != kind || f.Message != words {
		w.Errorf("error = %v, want %s: %s", err, kind, words)
	}
}

// wantsField demands an Invalid fault, "permissions.domain is invalid".
func (w *world) wantsField(err error, line string) {
	w.Helper()
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.Kind != fault.Invalid || f.Fields.String() != line {
		w.Errorf("error = %v, want %s", err, line)
	}
}

func in(d time.Duration) *time.Time { return new(time.Now().Add(d)) }

// ended returns a context that is over.
func ended(t testing.TB) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

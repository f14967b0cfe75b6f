package catalog_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"hexhub/hex/name"
	"hexhub/hex/tarball"
	"hexhub/hex/version"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/mail"
	"hexhub/internal/feature/mail/mailtest"
	"hexhub/internal/feature/org"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/job"
	"hexhub/internal/kernel/store"
)

var (
	hexhub = name.MustRepository("hexhub") // the default repository, public, with windows
	acme   = name.MustRepository("acme")   // private and immutable: ann administers, wes writes, rob reads
	beta   = name.MustRepository("beta")   // private, with windows: bob administers
)

var (
	jason = catalog.Ref{Repository: hexhub, Name: name.MustPackage("jason")}
	plug  = catalog.Ref{Repository: hexhub, Name: name.MustPackage("plug")}
	tool  = catalog.Ref{Repository: acme, Name: name.MustPackage("tool")}
	gear  = catalog.Ref{Repository: beta, Name: name.MustPackage("gear")}
)

func v(s string) version.Version { return version.MustParse(s) }

// A world is a catalog with some people around it.
type world struct {
	*catalog.Catalog
	db   *store.DB
	mail *mail.Mail
	orgs *org.Orgs
}

func newWorld(t testing.TB) *world { return openWorld(t, store.NewMemory(), hexhub) }

func openWorld(t testing.TB, log store.Log, def name.Repository) *world {
	t.Helper()
	db, err := store.Open(context.Background(), log, store.Options{}, job.Tables, mail.Tables, catalog.Tables, account.Tables, org.Tables, access.Tables, audit.Tables)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	at := time.Now().UTC()
	w := &world{db: db, mail: mailtest.New(t, db)}
	w.Catalog = catalog.New(db, catalog.Options{DefaultRepository: def, Mail: w.mail})
	w.orgs = org.New(db, org.Options{OnLeave: w.EndOwnershipsTx})
	w.put(t, func(tx *store.Tx) {
		for _, n := range []string{"ann", "wes", "rob", "bob", "eve", "joe", "max"} {
			putUser(tx, n, at)
		}
		org.Repositories.Put(tx, org.Repository{Name: def, Public: true, Windows: true, InsertedAt: at})
		putOrg(tx, acme, false, at, map[string]org.Role{"ann": org.Admin, "wes": org.Write, "rob": org.Read})
		putOrg(tx, beta, true, at, map[string]org.Role{"bob": org.Admin})
	})
	return w
}

func putUser(tx *store.Tx, username string, at time.Time) {
	u := account.User{ID: "id-" + username, Username: name.MustUser(username), InsertedAt: at, Emails: []account.Email{
		{Address: username + "@example.com", Verified: true, Primary: true, Public: username != "max"},
	}}
	account.Users.Put(tx, u)
	account.Names.Put(tx, account.Holder{Name: username, Ref: audit.UserRef(u.ID), Since: at})
}

func putOrg(tx *store.Tx, n name.Repository, windows bool, at time.Time, members map[string]org.Role) {
	o := org.Organization{Name: n, Members: map[string]org.Role{}, InsertedAt: at}
	for username, role := range members {
		o.Members["id-"+username] = role
	}
	org.Organizations.Put(tx, o)
	org.Repositories.Put(tx, org.Repository{Name: n, Org: n, Windows: windows, InsertedAt: at})
	account.Names.Put(tx, account.Holder{Name: n.String(), Ref: audit.OrgRef(n.String()), Since: at})
}

func (w *world) put(t testing.TB, write func(*store.Tx)) {
	t.Helper()
	if err := w.db.Update(context.Background(), func(tx *store.Tx) error { write(tx); return nil }); err != nil {
		t.Fatal(err)
	}
}

// as returns the user as an actor, an anonymous one for no name.
func (w *world) as(username string) access.Actor {
	if username == "" {
		return access.Actor{}
	}
	u, _ := account.ByName(w.db.View(), username)
	return access.Actor{User: u, Via: access.Password}
}

// A change makes a draft's metadata another.
type change func(*tarball.Metadata)

// needs states a dependency, NAME or REPOSITORY/NAME.
func needs(refs ...string) change {
	return func(m *tarball.Metadata) {
		for _, ref := range refs {
			in, n, ok := strings.Cut(ref, "/")
			if !ok {
				in, n = "", ref
			}
			m.Requirements = append(m.Requirements, tarball.Requirement{Name: n, App: n, Requirement: "~> 1.0", Repository: in})
		}
	}
}

func draft(ref catalog.Ref, ver string, changes ...change) catalog.Draft {
	m := tarball.Metadata{
		Name: ref.Name.String(), Version: ver, App: ref.Name.String(), BuildTools: []string{"mix"}, Files: []string{"mix.exs"},
		Description: new("a package"), Licenses: []string{"MIT"}, Links: map[string]string{"GitHub": "https://github.com/x/y"},
	}
	for _, c := range changes {
		c(&m)
	}
	text, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	sum := tarball.Sum(sha256.Sum256(text))
	return catalog.Draft{
		Repository: ref.Repository, Size: 1024,
		Tarball: &tarball.Tarball{Metadata: m, Sums: tarball.Sums{Inner: sum, Outer: sum}, Unpacked: 4096},
	}
}

// publish publishes, and fails the test if that fails.
func (w *world) publish(t testing.TB, who string, ref catalog.Ref, ver string, changes ...change) catalog.Release {
	t.Helper()
	rel, _, err := w.Publish(context.Background(), w.as(who), draft(ref, ver, changes...), false)
	if err != nil {
		t.Fatalf("%s publishes %s %s: %v", who, ref, ver, err)
	}
	return rel
}

func (w *world) tryPublish(who string, d catalog.Draft, replace bool) error {
	_, _, err := w.Publish(context.Background(), w.as(who), d, replace)
	return err
}

// said is what a client is told by an error: a kind with words or fields.
func said(err error) string {
	f, ok := errors.AsType[*fault.Error](err)
	switch {
	case err == nil:
		return "ok"
	case !ok:
		return "internal: " + err.Error()
	case f.Kind == fault.Invalid:
		return f.Fields.String()
	}
	return f.Kind.String() + ": " + f.Message
}

const (
	isForbidden = "forbidden: account not authorized for this action"
	isNotFound  = "not found: Page not found"
	isMissing   = "unauthenticated: missing authentication information"
)

func check(t *testing.T, what string, err error, want string) {
	t.Helper()
	if got := said(err); got != want {
		t.Errorf("%s: %s\nwant: %s", what, got, want)
	}
}

// versions lists the releases of the package, ascending.
func (w *world) versions(ref catalog.Ref) string {
	var vs []string
	for _, r := range catalog.Releases(w.db.View(), ref) {
		vs = append(vs, r.Version.String())
	}
	return strings.Join(vs, " ")
}

// owners lists the owners of the package, by name.
func (w *world) owners(ref catalog.Ref) string {
	p, _ := catalog.Get(w.db.View(), ref)
	var os []string
	for _, o := range p.Owners {
		who := "org:" + o.Org.String()
		if o.UserID != "" {
			who = strings.TrimPrefix(o.UserID, "id-")
		}
		os = append(os, who+"="+string(o.Level))
	}
	slices.Sort(os)
	return strings.Join(os, " ")
}

// actions lists what the audit log has about the ref, oldest first.
func (w *world) actions(t *testing.T, ref string) string {
	t.Helper()
	entries, _, err := audit.List(t.Context(), w.db.View(), ref, "", 100)
	if err != nil {
		t.Fatal(err)
	}
	var as []string
	for _, e := range slices.Backward(entries) {
		as = append(as, e.Action)
	}
	return strings.Join(as, " ")
}

func packageRef(ref catalog.Ref) string {
	return audit.PackageRef(ref.Repository.String(), ref.Name.String())
}

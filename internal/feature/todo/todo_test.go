package todo_test

import (
	"fmt"
	"testing"
	"time"

	"hexhub/hex/name"
	"hexhub/hex/version"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/org"
	"hexhub/internal/feature/todo"
	"hexhub/internal/kernel/job"
	"hexhub/internal/kernel/limit"
	"hexhub/internal/kernel/store"
)

var (
	hexhub = name.MustRepository("hexhub")
	acme   = name.MustRepository("acme")
)

const day = 24 * time.Hour

type world struct {
	*testing.T
	db   *store.DB
	orgs *org.Orgs
	now  time.Time
}

func newWorld(t *testing.T) *world {
	t.Helper()
	db, err := store.Open(t.Context(), store.NewMemory(), store.Options{}, job.Tables, limit.Tables, audit.Tables, account.Tables, org.Tables, access.Tables, catalog.Tables)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	w := &world{t, db, org.New(db, org.Options{}), time.Now().UTC()}
	w.put(func(tx *store.Tx) {
		org.Organizations.Put(tx, org.Organization{Name: acme, Members: map[string]org.Role{"boss": org.Admin}})
		org.Repositories.Put(tx, org.Repository{Name: acme, Org: acme})
		org.Repositories.Put(tx, org.Repository{Name: hexhub, Public: true})
		account.Users.Put(tx, eva())
		account.Names.Put(tx, account.Holder{Name: "eva", Ref: audit.UserRef("eva")})
	})
	return w
}

// eva lacks nothing.
func eva() account.User {
	return account.User{
		ID: "eva", Username: name.MustUser("eva"), Emails: []account.Email{{Address: "eva@example.com", Verified: true, Primary: true}},
		Second: &account.SecondFactor{},
	}
}

func (w *world) put(write func(*store.Tx)) {
	w.Helper()
	if err := w.db.Update(w.Context(), func(tx *store.Tx) error { write(tx); return nil }); err != nil {
		w.Fatal(err)
	}
}

func (w *world) key(keyName string, made time.Duration, end *time.Time) {
	w.put(func(tx *store.Tx) {
		access.Keys.Put(tx, access.Key{ID: keyName, UserID: "eva", Name: keyName, Hash: fmt.Sprintf("%-64s", keyName), InsertedAt: w.now.Add(-made), RevokeAt: end})
	})
}

func (w *world) own(repository name.Repository, pkg string, owners ...catalog.Owner) {
	w.put(func(tx *store.Tx) {
		p := catalog.Package{ID: pkg, Repository: repository, Name: name.MustPackage(pkg), Owners: owners}
		catalog.ImportTx(tx, p, []catalog.Release{{ID: pkg, Repository: repository, Package: p.Name, Version: version.MustParse("1.0.0")}}, nil)
	})
}

// list is what the user should see to, in short.
func (w *world) list(u account.User) string {
	text := ""
	for _, i := range todo.For(w.db.View(), u, w.now) {
		text += fmt.Sprintf("%s%v ", i.Kind, i.Names)
	}
	return text
}

func TestWhoLacksNothingHasNothingToDo(t *testing.T) {
	w := newWorld(t)
	w.key("ci", day, new(w.now.Add(60*day)))
	w.own(hexhub, "shared", catalog.Owner{UserID: "eva", Level: access.Full}, catalog.Owner{UserID: "joe", Level: access.Full})
	w.own(hexhub, "helped", catalog.Owner{UserID: "eva", Level: access.Maintainer}, catalog.Owner{UserID: "joe", Level: access.Full})
	w.own(acme, "private", catalog.Owner{UserID: "eva", Level: access.Full})
	if got := w.list(eva()); got != "" {
		t.Errorf("to do: %s", got)
	}
}

func TestWhatIsToDoComesByUrgency(t *testing.T) {
	w := newWorld(t)
	u := eva()
	u.Emails[0].Verified, u.Second = false, nil
	w.put(func(tx *store.Tx) { account.Users.Put(tx, u) })
	w.key("soon", 80*day, new(w.now.Add(10*day)))
	w.key("idle", 200*day, nil)
	w.key("idle too", 200*day, nil)
	w.own(hexhub, "alone", catalog.Owner{UserID: "eva", Level: access.Full}, catalog.Owner{UserID: "joe", Level: access.Maintainer})
	if _, err := w.orgs.Invite(t.Context(), audit.By{Username: "boss"}, acme, org.InvitationDraft{Username: "eva", Role: org.Read}); err != nil {
		t.Fatal(err)
	}
	const want = "confirm-email[eva@example.com] answer-invite[acme] renew-key[soon] add-second-factor[] share-ownership[alone] revoke-key[idle idle too] "
	if got := w.list(u); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestKeysOfOthersAreNobodysBusiness(t *testing.T) {
	w := newWorld(t)
	w.put(func(tx *store.Tx) {
		access.Keys.Put(tx, access.Key{ID: "a", UserID: "joe", Name: "a", Hash: fmt.Sprintf("%-64s", "a"), InsertedAt: w.now.Add(-200 * day)})
		access.Keys.Put(tx, access.Key{ID: "b", Org: acme, Name: "b", Hash: fmt.Sprintf("%-64s", "b"), InsertedAt: w.now.Add(-200 * day)})
	})
	if got := w.list(eva()); got != "" {
		t.Errorf("to do: %s", got)
	}
}

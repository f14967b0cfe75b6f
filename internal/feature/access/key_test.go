package access_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/org"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/limit"
	"hexhub/internal/kernel/store"
)

// keyWorld has eva, who administers acme2, jose, who may write there, and mia, a stranger there who
// maintains a package.
func keyWorld(t *testing.T, o access.Options) *world {
	t.Helper()
	w := newWorld(t, o)
	for _, u := range []string{"eva", "jose", "mia"} {
		w.user(u)
	}
	w.found(acme, "eva admin jose write")
	w.own(hexhub, "plug", map[string]access.Level{"mia": access.Maintainer})
	w.own(acme, "secret", nil)
	w.own(hexhub, "shared", map[string]access.Level{"org:acme2": access.Full})
	return w
}

func (w *world) owner(username string) access.Owner { return access.OfUser(w.users[username].ID) }

func (w *world) create(a access.Actor, o access.Owner, d access.KeyDraft) (access.Key, error) {
	k, _, err := w.access.CreateKey(w.Context(), a, o, d)
	return k, err
}

func names(keys []access.Key) []string {
	var out []string
	for _, k := range keys {
		out = append(out, k.Name)
	}
	return out
}

func TestEqualNamesGetNumbers(t *testing.T) {
	w := keyWorld(t, access.Options{})
	for _, c := range []struct{ wanted, got string }{
		{"ci", "ci"}, {"ci", "ci-2"}, {"ci", "ci-3"}, {"ci-2", "ci-2-2"}, {"ci-9", "ci-9"}, {"ci", "ci-10"}, {"ci-07", "ci-07"}, {"ci-x", "ci-x"}, {"ci", "ci-11"}, {"CI", "CI"},
	} {
		if k, _ := w.newKey(w.as("jose"), w.owner("jose"), c.wanted, "api"); k.Name != c.got {
			t.Errorf("%q is named %q, want %q", c.wanted, k.Name, c.got)
		}
	}
	if k, _ := w.newKey(w.as("mia"), w.owner("mia"), "ci", "api"); k.Name != "ci" {
		t.Errorf("the name is another's, and yet the key is named %q", k.Name)
	}
	_, err := w.access.RevokeKey(t.Context(), w.as("mia"), w.owner("mia"), "ci")
	w.must(err)
	if k, _ := w.newKey(w.as("mia"), w.owner("mia"), "ci", "api"); k.Name != "ci" {
		t.Errorf("the name is that of a dead key, and yet the new one is named %q", k.Name)
	}
}

func TestManyEqualNamesAtOnceAreTold(t *testing.T) {
	w := keyWorld(t, access.Options{})
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if _, err := w.create(w.as("jose"), w.owner("jose"), access.KeyDraft{Name: "ci"}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	want := []string{"ci"}
	for i := 2; i <= 50; i++ {
		want = append(want, fmt.Sprint("ci-", i))
	}
	slices.Sort(want)
	if got := names(access.KeysOf(w.db.View(), w.owner("jose"))); !slices.Equal(got, want) {
		t.Errorf("50 keys are named %v", got)
	}
}

func TestSecretsLookAsClientsKnowThem(t *testing.T) {
	w := keyWorld(t, access.Options{})
	k, secret := w.newKey(w.as("jose"), w.owner("jose"), "any text: ✓ / %", "")
	if len(secret) != 32 || strings.Trim(secret, "0123456789abcdef") != "" {
		t.Errorf("secret = %q, want 32 digits of hex", secret)
	}
	if len(k.Hash) != 64 || strings.Contains(k.Hash, secret) {
		t.Errorf("hash = %q", k.Hash)
	}
	if !slices.Equal(k.Permissions, parse("api")) {
		t.Errorf("a key for nothing in particular is good for %v, want the whole api", k.Permissions)
	}
}

func TestWhatIsWrongWithAKey(t *testing.T) {
	w := keyWorld(t, access.Options{})
	many := strings.Repeat("api:read ", 101)
	const (
		noRepository = "permissions.resource you do not have access to this repository"
		noPackage    = "permissions.resource you do not have access to this package"
		noResource   = "permissions.resource invalid resource for given domain"
	)
	for _, c := range []struct{ who, name, permissions, want string }{
		{"jose", "", "", "name can't be blank"},
		{"jose", " \t", "", "name can't be blank"},
		{"jose", strings.Repeat("é", 256), "", "name should be at most 255 character(s)"},
		{"jose", strings.Repeat("é", 255), "", ""},
		{"jose", "two\nlines", "", "name has invalid format"},
		{"jose", "half\xff", "", "name has invalid format"},
		{"jose", "k", many, "permissions should have at most 100 item(s)"},
		{"jose", "k", "api api:read api:write repositories", ""},
		{"jose", "k", "everything", "permissions.domain is invalid"},
		{"jose", "k", "API", "permissions.domain is invalid"},
		{"jose", "k", ":x", "permissions.domain can't be blank"},
		{"jose", "k", "api:admin", noResource},
		{"jose", "k", "repositories:acme2", noResource},
		{"jose", "k", "repository:acme2 docs:acme2", ""},
		{"jose", "k", "repository docs package", ""}, // good for nothing but the last
		{"jose", "k", "repository:hexpm", ""},
		{"mia", "k", "repository:hexhub", ""},
		{"mia", "A11 k", "repository:acme2", noRepository},
		{"mia", "A11 k", "docs:acme2", noRepository},
		{"jose", "A11 k", "repository:ACME2", noRepository},
		{"jose", "A11 k", "repository:acme2/", noPackage},
		{"mia", "A11 k", "repository:acme2/", noRepository},
		{"mia", "A11 k", "repository:acme2/secret docs:acme2/secret", noRepository},
		{"jose", "k", "repository:acme2/secret docs:acme2/secret repository:hexpm/plug", ""},
		{"jose", "k", "repository:acme2/unknown", noPackage},
		{"jose", "k", "repository:acme2/se/cret", noPackage},
		{"jose", "k", "repository:/secret", noRepository},
		{"acme2", "k", "repository:acme2/secret", ""},
		{"acme2", "k", "repository:guild/secret", noRepository},
		{"jose", "A11 k", "repository:*", noRepository},
		{"jose", "A11 k", "repository:nowhere", noRepository},
		{"mia", "k", "package:plug", ""},
		{"mia", "k", "package:hexpm/plug", ""},
		{"mia", "k", "package:unknown", noPackage},
		{"mia", "k", "package:Plug!", noPackage},
		{"mia", "A11 k", "package:acme2/secret", noPackage},
		{"mia", "A11 k", "package:acme2/unknown", noPackage},
		{"jose", "k", "package:acme2/secret", ""},
		{"jose", "k", "package:hexhub/plug", noPackage},
		{"jose", "k", "package:a/b/c", noPackage},
		{"acme2", "k", "repository:acme2 package:acme2/secret", ""},
		{"acme2", "k", "package:hexhub/plug", noPackage},
		{"acme2", "k", "package:hexhub/shared", noPackage}, // its own, but in another repository
		{"jose", "k", "package:hexhub/shared", ""},
		{"acme2", "k", "docs:guild", noRepository},
	} {
		actor, o := w.as("eva"), access.OfOrg(acme)
		if c.who != "acme2" {
			actor, o = w.as(c.who), w.owner(c.who)
		}
		_, err := w.create(actor, o, access.KeyDraft{Name: c.name, Permissions: parse(c.permissions)})
		if c.want == "" && err != nil {
			t.Errorf("%s makes a key for %q: %v", c.who, c.permissions, err)
		}
		if c.want != "" {
			w.wantsField(err, c.want)
		}
	}
	_, err := w.create(w.as("jose"), w.owner("jose"), access.KeyDraft{Name: "k", RevokeAt: in(-time.Second)})
	w.wantsField(err, "revoke_at must be in the future")
}

func TestPermissionsNameRepositoriesAsTheServerDoes(t *testing.T) {
	w := keyWorld(t, access.Options{})
	k, _ := w.newKey(w.as("mia"), w.owner("mia"), "k", "package:plug package:hexpm/plug repository:hexpm repository:hexpm/plug")
	if want := parse("package:hexhub/plug package:hexhub/plug repository:hexhub repository:hexhub/plug"); !slices.Equal(k.Permissions, want) {
		t.Errorf("permissions = %v, want %v", k.Permissions, want)
	}
}

func TestWhoMayManageKeys(t *testing.T) {
	w := keyWorld(t, access.Options{})
	w.user("root-of-all", func(d *account.Draft) { d.Admin = true })
	w.user("unproved", func(d *account.Draft) { d.Verified = false })
	w.user("robot", func(d *account.Draft) { d.Service, d.Emails = true, nil })
	w.user("reader")
	w.must(w.orgs.SetMember(t.Context(), operator, acme, w.users["reader"].ID, org.Read))
	actors := map[string]access.Actor{
		"anonymous": {}, "system": access.SystemActor("test"),
		"jose by api:read": w.key(w.owner("jose"), "api:read"), "jose by api:write": w.key(w.owner("jose"), "api:write"),
		"acme2": w.key(access.OfOrg(acme), "api"), "administrator by api:read": w.key(w.owner("root-of-all"), "api:read"),
		"administrator": w.as("root-of-all"),
	}
	owners := map[string]access.Owner{"acme2": access.OfOrg(acme), "nobody": access.OfUser("nobody"), "nowhere": access.OfOrg(guild)}
	for u := range w.users {
		actors[u], owners[u] = w.as(u), w.owner(u)
	}
	for _, c := range []struct {
		actor, owner string
		create       byte // as in the matrix of rights
		revoke       byte
	}{
		{"anonymous", "jose", 'm', 'm'},
		{"jose", "jose", '.', '.'},
		{"unproved", "unproved", '.', '.'},
		{"jose", "mia", 'n', 'n'},
		{"jose", "nobody", 'n', 'n'},
		{"jose by api:read", "jose", 'k', 'k'},
		{"jose by api:write", "mia", 'n', 'n'},
		{"jose", "acme2", '.', '.'},
		{"reader", "acme2", 'n', 'n'},
		{"mia", "acme2", 'n', 'n'},
		{"mia", "nowhere", 'n', 'n'},
		{"acme2", "acme2", '.', '.'},
		{"acme2", "jose", 'n', 'n'},
		{"jose", "robot", 'n', 'n'},
		{"administrator", "robot", '.', '.'},
		{"administrator", "jose", 'n', '.'},
		{"administrator", "acme2", '.', '.'},
		{"administrator by api:read", "jose", 'k', 'k'},
		{"system", "jose", '.', '.'},
		{"system", "nobody", 'n', '.'},
	} {
		actor, owner := actors[c.actor], owners[c.owner]
		_, err := w.create(actor, owner, access.KeyDraft{Name: "made", Permissions: parse("api:read")})
		if got := letter(t, err); got != c.create {
			t.Errorf("%s makes a key of %s: %c, want %c", c.actor, c.owner, got, c.create)
		}
		if _, exists := access.KeyOf(w.db.View(), owner, "made"); !exists && c.owner != "nobody" && c.owner != "nowhere" {
			w.newKey(access.SystemActor("test"), owner, "made", "api:read")
		}
		_, err = w.access.RevokeKey(t.Context(), actor, owner, "made")
		if c.owner == "nobody" && c.revoke == '.' {
			c.revoke = 'n' // who may look finds no key
		}
		if got := letter(t, err); got != c.revoke {
			t.Errorf("%s revokes a key of %s: %c, want %c", c.actor, c.owner, got, c.revoke)
		}
	}
}

func TestA10KeysMakeNoStrongerKeys(t *testing.T) {
	for _, c := range []struct {
		parent, child string
		refused       bool
	}{
		{"api", "api", false},
		{"api", "api:read", false}, // these two are what rebar3 does
		{"api", "repositories", false},
		{"api", "package:acme2/secret docs:acme2 repository", false},
		{"api:write", "api:read api:write package:acme2/secret package", false},
		{"api:write", "api", true},
		{"api:write", "repositories", true},
		{"api:write", "repository:acme2", true},
		{"api:write", "docs:acme2", true},
		{"api:write", "", true}, // means the whole api
		{"api:write repositories", "repository:acme2", false},
		{"api:write repositories", "docs:acme2", true},
		{"api:write repository:acme2", "repository:acme2", false},
		{"api:write repository:acme2", "repository:hexhub", true},
		{"api:write docs:acme2", "docs:acme2 api:read", false},
		{"api:write", "api:read repositories", true},
		{"api:write repositories", "repository:acme2/secret", false},
		{"api:write repository:acme2", "repository:acme2/secret", false},
		{"api:write repository:acme2/secret", "repository:acme2/secret", false},
		{"api:write repository:acme2/secret", "repository:acme2", true},
		{"api:write repository:acme2/secret", "repositories", true},
		{"api:write docs:acme2", "docs:acme2/secret", false},
		{"api:write docs:acme2/secret", "docs:acme2", true},
		{"api:write docs:acme2", "repository:acme2/secret", true},
	} {
		t.Run("A10 "+c.parent+" makes "+c.child, func(t *testing.T) {
			w := keyWorld(t, access.Options{})
			_, err := w.create(w.key(w.owner("jose"), c.parent), w.owner("jose"), access.KeyDraft{Name: "child", Permissions: parse(c.child)})
			if c.refused {
				w.wants(err, fault.Forbidden, "a key cannot create one with permissions that it has not itself; log in, or use a key for the whole api")
			} else {
				w.must(err)
			}
		})
	}
}

// Whatever a key is good for that another one covers, the other is good for too.
func TestA10CoveredKeysAreGoodForNoMore(t *testing.T) {
	w := keyWorld(t, access.Options{})
	w.own(hexhub, "plug", map[string]access.Level{"jose": access.Full})
	asks := parse("api api:read api:write package package:hexhub/plug package:acme2/secret repositories repository:acme2 repository:hexhub repository:acme2/secret docs:acme2 docs:acme2/secret docs:hexhub")
	any := rapid.SliceOfN(rapid.SampledFrom(asks), 1, 3)
	rapid.Check(t, func(rt *rapid.T) {
		parent := w.key(w.owner("jose"), "api")
		parent.Key.Permissions = any.Draw(rt, "parent")
		parent.Permissions = parent.Key.Permissions
		forge(w, access.Keys, parent.Key)
		child := any.Draw(rt, "child")
		made, err := w.create(parent, w.owner("jose"), access.KeyDraft{Name: "child", Permissions: child})
		if err == nil {
			wholeAPI := slices.Contains(parent.Key.Permissions, access.Permission{Domain: "api"})
			for _, ask := range asks {
				good := access.Actor{Via: access.APIKey, Key: made, Permissions: made.Permissions}.Allows(ask.Domain, ask.Resource)
				if good && !wholeAPI && !parent.Allows(ask.Domain, ask.Resource) && !(ask.Domain == "package" && parent.Allows("api", "write")) {
					rt.Errorf("a key with %v made one with %v, which is good for %v", parent.Key.Permissions, child, ask)
				}
			}
		}
		_, err = w.access.RevokeAll(context.Background(), w.as("jose"), w.owner("jose"))
		w.must(err)
	})
}

func TestA10KeysMakeNoLongerLivedKeys(t *testing.T) {
	w := keyWorld(t, access.Options{})
	end := in(time.Hour)
	_, secret, err := w.access.CreateKey(t.Context(), w.as("jose"), w.owner("jose"), access.KeyDraft{Name: "parent", RevokeAt: end})
	w.must(err)
	parent, err := w.access.Authenticate(t.Context(), secret, "", home, "")
	w.must(err)
	k, err := w.create(parent, w.owner("jose"), access.KeyDraft{Name: "child"})
	if err != nil || k.RevokeAt == nil || !k.RevokeAt.Equal(end.Truncate(time.Microsecond)) {
		t.Errorf("a child without an end ends at %v (%v), want %v", k.RevokeAt, err, end)
	}
	k, err = w.create(parent, w.owner("jose"), access.KeyDraft{Name: "child", RevokeAt: in(time.Minute)})
	if err != nil || !k.RevokeAt.Before(*end) {
		t.Errorf("a child that is to end sooner ends at %v (%v)", k.RevokeAt, err)
	}
	_, err = w.create(parent, w.owner("jose"), access.KeyDraft{Name: "child", RevokeAt: in(2 * time.Hour)})
	w.wants(err, fault.Forbidden, "a key cannot create one that outlives it; log in, or ask for an earlier end")
}

func TestA8KeysEndWhenTheyMust(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const day = 24 * time.Hour
		w := keyWorld(t, access.Options{Rules: func(store.Reader) access.Rules { return access.Rules{MaxKeyAge: 90 * day} }})
		for _, c := range []struct{ wanted, after time.Duration }{{0, 90 * day}, {365 * day, 90 * day}, {day, day}} {
			d := access.KeyDraft{Name: "k"}
			if c.wanted > 0 {
				d.RevokeAt = in(c.wanted)
			}
			_, secret, err := w.access.CreateKey(t.Context(), w.as("jose"), w.owner("jose"), d)
			w.must(err)
			time.Sleep(c.after - time.Second)
			a, err := w.access.Authenticate(t.Context(), secret, "", home, "")
			w.must(err)
			time.Sleep(time.Second)
			_, err = w.access.Authenticate(t.Context(), secret, "", home, "")
			w.wants(err, fault.Unauthenticated, "API key revoked")
			w.wants(access.May(w.db.View(), a, access.Read, w.things["hexhub/plug"]), fault.Unauthenticated, "API key revoked")
			if _, ok := access.KeyOf(w.db.View(), w.owner("jose"), "k"); ok {
				t.Error("an expired key is listed as live")
			}
		}
	})
}

func TestA8KeyOfALeftOrganizationIsWorthNothing(t *testing.T) {
	w := keyWorld(t, access.Options{})
	a := w.key(w.owner("jose"), "repository:acme2 api")
	thing := w.things["acme2/secret"]
	w.must(access.May(w.db.View(), a, access.Fetch, thing))
	w.must(w.access.Probe(w.db.View(), a, access.Permission{Domain: "repository", Resource: "acme2"}))
	w.must(w.orgs.RemoveMember(t.Context(), operator, acme, w.users["jose"].ID))
	w.wants(access.May(w.db.View(), a, access.Fetch, thing), fault.NotFound, "Page not found")
	w.wants(w.access.Probe(w.db.View(), a, access.Permission{Domain: "repository", Resource: "acme2"}), fault.Forbidden, "account not authorized for this action")
}

// A key that has just been used, and whatever is remembered of it, is worth nothing once the change is made.
func TestA8KeysInUseEndAtOnce(t *testing.T) {
	ctx := context.Background()
	for _, c := range []struct {
		what string
		end  func(w *world) error
		kind fault.Kind
		want string
	}{
		{"revoked", func(w *world) error {
			_, err := w.access.RevokeKey(ctx, w.as("jose"), w.owner("jose"), "ci")
			return err
		}, fault.Unauthenticated, "API key revoked"},
		{"user deactivated", func(w *world) error { return w.accounts.Deactivate(ctx, operator, w.users["jose"].ID) }, fault.Malformed, "Bad request"},
		{"user gone", func(w *world) error {
			return w.db.Update(ctx, func(tx *store.Tx) error {
				account.Users.Delete(tx, w.users["jose"].ID)
				return nil
			})
		}, fault.Unauthenticated, "invalid API key"},
		{"key gone", func(w *world) error {
			return w.db.Update(ctx, func(tx *store.Tx) error {
				k, _ := access.KeyOf(tx, w.owner("jose"), "ci")
				access.Keys.Delete(tx, k.ID)
				return nil
			})
		}, fault.Unauthenticated, "invalid API key"},
	} {
		t.Run("A8 "+c.what, func(t *testing.T) {
			w := keyWorld(t, access.Options{})
			_, secret := w.newKey(w.as("jose"), w.owner("jose"), "ci", "api")
			for range 3 {
				_, err := w.access.Authenticate(ctx, secret, "", home, "")
				w.must(err)
			}
			w.must(c.end(w))
			_, err := w.access.Authenticate(ctx, secret, "", home, "")
			w.wants(err, c.kind, c.want)
		})
	}
}

func TestKeyInUseShowsItsOwnerAsHeIs(t *testing.T) {
	w := keyWorld(t, access.Options{})
	_, secret := w.newKey(w.as("jose"), w.owner("jose"), "ci", "api")
	for _, admin := range []bool{true, false} {
		a, err := w.access.Authenticate(t.Context(), secret, "", home, "one")
		if err != nil || a.User.Admin == admin || a.UserAgent != "one" {
			t.Errorf("actor = %+v, %v", a, err)
		}
		if admin {
			w.user("root-of-all", func(d *account.Draft) { d.Admin = true })
		}
		w.must(w.accounts.SetAdmin(t.Context(), operator, w.users["jose"].ID, admin))
		a, err = w.access.Authenticate(t.Context(), secret, "", home, "two")
		if err != nil || a.User.Admin != admin || a.UserAgent != "two" {
			t.Errorf("actor = %+v, %v; want administrator = %t", a, err, admin)
		}
	}
}

// C4, C9: A clock that is behind brings no key back to life.
func TestNoClockRevivesARevokedKey(t *testing.T) {
	w := keyWorld(t, access.Options{})
	k, _ := w.newKey(w.as("mia"), w.owner("mia"), "ci", "api")
	k, err := w.access.RevokeKey(t.Context(), w.as("mia"), w.owner("mia"), k.Name)
	w.must(err)
	for _, behind := range []time.Duration{0, time.Minute, time.Hour, 1000 * time.Hour} {
		if k.Live(time.Now().Add(-behind)) {
			t.Errorf("a key that was revoked lives where the clock is %s behind", behind)
		}
	}
}

func TestRevokedKeysEndAtOnceAndForAll(t *testing.T) {
	w := keyWorld(t, access.Options{})
	var secrets []string
	for range 200 {
		_, secret := w.newKey(w.as("jose"), w.owner("jose"), "ci", "api")
		secrets = append(secrets, secret)
	}
	_, err := w.create(w.as("jose"), w.owner("jose"), access.KeyDraft{Name: "one too many"})
	w.wantsField(err, "name cannot be given: there are 200 keys, the most allowed; revoke some first")
	_, others := w.newKey(w.as("mia"), w.owner("mia"), "ci", "api")
	caller, err := w.access.Authenticate(t.Context(), secrets[7], "", home, "")
	w.must(err)
	ended, err := w.access.RevokeAll(t.Context(), caller, w.owner("jose"))
	if err != nil || len(ended) != 200 || ended[0].RevokeAt == nil {
		t.Fatalf("%d keys ended: %v", len(ended), err)
	}
	for _, secret := range secrets {
		_, err := w.access.Authenticate(t.Context(), secret, "", home, "")
		w.wants(err, fault.Unauthenticated, "API key revoked")
	}
	if left := access.KeysOf(w.db.View(), w.owner("jose")); len(left) != 0 {
		t.Errorf("%d keys are left", len(left))
	}
	_, err = w.access.Authenticate(t.Context(), others, "", home, "")
	w.must(err)
}

func TestZ11KeysAreFoundAmongTheOwnersOnly(t *testing.T) {
	w := keyWorld(t, access.Options{})
	w.newKey(w.as("mia"), w.owner("mia"), "hers", "api")
	w.newKey(w.as("eva"), access.OfOrg(acme), "theirs", "api")
	for _, other := range []string{"hers", "theirs"} {
		_, err := w.access.RevokeKey(t.Context(), w.as("jose"), w.owner("jose"), other)
		w.wants(err, fault.NotFound, "Page not found")
		if _, ok := access.KeyOf(w.db.View(), w.owner("jose"), other); ok {
			t.Errorf("jose has %s", other)
		}
	}
}

func TestProbe(t *testing.T) {
	w := keyWorld(t, access.Options{})
	w.user("unproved", func(d *account.Draft) { d.Verified = false })
	for _, c := range []struct {
		actor      access.Actor
		permission string
		want       byte
	}{
		{access.Actor{}, "api:read", 'm'},
		{w.as("jose"), "api:read", 'k'},
		{w.key(w.owner("jose"), "api:read"), "api:read", '.'},
		{w.key(w.owner("jose"), "api:read"), "api:write", 'k'},
		{w.key(w.owner("jose"), "api:read"), "repository:acme2", 'k'},
		{w.key(w.owner("jose"), "repositories"), "repository:acme2", '.'},
		{w.key(w.owner("jose"), "repositories"), "repositories", '.'},
		{w.key(w.owner("jose"), "repositories"), "repository:acme2/secret", '.'},
		{w.key(w.owner("jose"), "repository:acme2/secret"), "repository:acme2/secret", '.'},
		{w.key(w.owner("jose"), "repository:acme2/secret"), "repository:acme2", 'k'},
		{w.key(w.owner("jose"), "repository:acme2"), "repository:acme2/unknown", 'f'},
		{w.key(w.owner("mia"), "repositories"), "repository:acme2", 'f'},
		{w.key(w.owner("mia"), "repositories"), "repository:nowhere", 'f'},
		{w.key(w.owner("mia"), "repositories"), "repository:hexpm", '.'},
		{w.key(w.owner("mia"), "package:plug"), "package:plug", '.'},
		{w.key(w.owner("mia"), "package:plug"), "package:hexpm/plug", '.'},
		{w.key(access.OfOrg(acme), "docs:acme2"), "docs:acme2", '.'},
		{w.key(w.owner("mia"), "api"), "package:acme2/secret", 'f'},
		{w.key(w.owner("mia"), "api"), "package:acme2/unknown", 'f'},
		{w.key(w.owner("mia"), "api"), "package:nowhere/unknown", 'f'},
		{w.key(w.owner("jose"), "api"), "everything", 'k'},
		{w.key(w.owner("unproved"), "api"), "api:read", 'v'},
	} {
		p := parse(c.permission)[0]
		if got := letter(t, w.access.Probe(w.db.View(), c.actor, p)); got != c.want {
			t.Errorf("%s with %v asks for %s: %c, want %c", c.actor.User.Username, c.actor.Key.Permissions, c.permission, got, c.want)
		}
	}
}

// A20: the secret is in no row, no entry of the audit log, no error and nothing printed.
func TestA20SecretsAreKeptNowhere(t *testing.T) {
	log := store.NewMemory()
	db, err := store.Open(t.Context(), log, store.Options{}, audit.Tables, limit.Tables, account.Tables, org.Tables, access.Tables)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	var sink bytes.Buffer
	const password = "canary password of jose"
	accounts := account.New(db, account.Options{Cost: account.Cost{Memory: 8, Passes: 1, Lanes: 1}})
	u, err := accounts.Create(t.Context(), operator, account.Draft{Username: "jose", Emails: []string{"j@example.com"}, Password: password, Verified: true})
	if err != nil {
		t.Fatal(err)
	}
	s := access.New(db, accounts, []byte("canary pepper"), access.Options{Log: slog.New(slog.NewTextHandler(&sink, nil))})
	jose := access.Actor{User: u, Via: access.Password}
	k, secret, err := s.CreateKey(t.Context(), jose, access.OfUser(u.ID), access.KeyDraft{Name: "ci"})
	if err != nil {
		t.Fatal(err)
	}
	for _, header := range []string{secret, basic("jose", secret), basic("jose", password), basic("mia", password), secret + "x", "Bearer " + secret} {
		a, err := s.Authenticate(t.Context(), header, "", home, "mix")
		fmt.Fprintf(&sink, "%+v %#v %+v %v\n", a, a, a.By(), err)
	}
	if _, err := s.RevokeKey(t.Context(), jose, access.OfUser(u.ID), k.Name); err != nil {
		t.Fatal(err)
	}
	if err := s.Run(ended(t)); err != nil {
		t.Fatal(err)
	}
	page, err := log.Range(t.Context(), "", "zzzz", 0, 1000)
	if err != nil || len(page.Records) < 5 {
		t.Fatalf("%d records, %v", len(page.Records), err)
	}
	for _, r := range page.Records {
		fmt.Fprintf(&sink, "%s %s\n", r.Key, r.Value)
	}
	for _, canary := range []string{secret, password, "canary pepper"} {
		if strings.Contains(sink.String(), canary) {
			t.Errorf("%q is kept or printed:\n%s", canary, sink.String())
		}
	}
}

func TestKeysAreAudited(t *testing.T) {
	w := keyWorld(t, access.Options{})
	k, _ := w.newKey(w.as("jose"), access.OfOrg(acme), "ci", "repository:acme2")
	_, err := w.access.RevokeKey(t.Context(), w.as("eva"), access.OfOrg(acme), "ci")
	w.must(err)
	page, _, err := audit.List(t.Context(), w.db.View(), audit.OrgRef("acme2"), "", 2)
	w.must(err)
	for i, want := range []struct{ action, by string }{{"key.remove", "eva"}, {"key.generate", "jose"}} {
		e := page[i]
		if e.Action != want.action || e.By.Username != want.by || e.By.IP != "192.0.2.1" || e.Params["id"] != k.ID || e.Params["name"] != "ci" {
			t.Errorf("entry = %+v, want %s by %s", e, want.action, want.by)
		}
		if got := slices.Sorted(maps.Keys(e.Params)); !slices.Equal(got, []string{"id", "name", "organization", "permissions", "user"}) || e.Params["user"] != nil {
			t.Errorf("params = %v", e.Params)
		}
	}
	w.newKey(w.as("jose"), w.owner("jose"), "own", "api")
	page, _, err = audit.List(t.Context(), w.db.View(), audit.UserRef(w.users["jose"].ID), "", 1)
	w.must(err)
	if u, _ := page[0].Params["user"].(map[string]any); u["username"] != "jose" || page[0].Params["organization"] != nil {
		t.Errorf("params = %v", page[0].Params)
	}
}

func TestActorTravelsInTheContext(t *testing.T) {
	w := keyWorld(t, access.Options{})
	if a := access.From(t.Context()); a.LoggedIn() {
		t.Errorf("nobody in particular is %+v", a)
	}
	a := access.From(access.With(t.Context(), w.as("jose")))
	if !a.LoggedIn() || a.Owner() != w.owner("jose") {
		t.Errorf("the actor became %+v", a)
	}
	if by := access.SystemActor("hexhub admin create").By(); by.Username != "hexhub admin create" || by.UserID != "" {
		t.Errorf("the system is audited as %+v", by)
	}
}

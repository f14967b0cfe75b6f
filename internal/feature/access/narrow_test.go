package access_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hexhub/hex/name"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/mail"
	"hexhub/internal/feature/mail/mailtest"
	"hexhub/internal/feature/org"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
)

func TestKeyForOnePackageFetchesNothingElse(t *testing.T) {
	w := keyWorld(t, access.Options{})
	w.own(acme, "other", nil)
	a := w.key(w.owner("jose"), "repository:acme2/secret")
	whole := access.Thing{Repository: w.repository(acme)}
	v := w.db.View()
	w.must(access.May(v, a, access.Fetch, w.things["acme2/secret"]))
	for what, thing := range map[string]access.Thing{
		"another package": w.things["acme2/other"], "the lists": whole,
		"a package whose name begins so": {Repository: w.repository(acme), Package: name.MustPackage("secrets")},
	} {
		w.wants(access.May(v, a, access.Fetch, thing), fault.Unauthenticated, "key not authorized for this action")
		if t.Failed() {
			t.Fatalf("the key fetches %s", what)
		}
	}
	w.wants(access.May(v, a, access.Read, whole), fault.Unauthenticated, "key not authorized for this action")

	w.must(w.orgs.RemoveMember(t.Context(), operator, acme, w.users["jose"].ID))
	v = w.db.View()
	w.wants(access.May(v, a, access.Fetch, w.things["acme2/secret"]), fault.NotFound, "Page not found")
}

// A11: what a key of one organization asks for elsewhere it gets neither when it is made nor when it is used.
func TestA11KeysReachNoForeignRepository(t *testing.T) {
	w := keyWorld(t, access.Options{})
	w.user("gus")
	w.found(guild, "gus admin")
	w.own(guild, "gear", nil)
	for _, permission := range []string{
		"repository:guild", "repository:GUILD", "repository:guild/", "repository:*", "repository:guild/gear", "repository:acme2/../guild",
		"package:guild/gear", "docs:guild", "docs:guild/gear", "repository:ACME2", "repository:acme2/",
	} {
		_, err := w.create(w.as("eva"), access.OfOrg(acme), access.KeyDraft{Name: "k", Permissions: parse(permission)})
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("acme2 gets a key for %s: %v", permission, err)
		}
		// And if there were such a key, by whatever mistake, it would be worth nothing.
		for _, a := range []access.Actor{w.key(access.OfOrg(acme), "api"), w.key(w.owner("jose"), "api")} {
			a.Key.Permissions = parse(permission)
			forge(w, access.Keys, a.Key)
			v := w.db.View()
			for _, verb := range []access.Verb{access.Fetch, access.Read, access.Write, access.Own} {
				if err := access.May(v, a, verb, w.things["guild/gear"]); err == nil {
					t.Errorf("a key for %s does %d in guild", permission, verb)
				}
			}
			w.must(w.db.Update(t.Context(), func(tx *store.Tx) error { access.Keys.Delete(tx, a.Key.ID); return nil }))
		}
	}
}

func TestA10TokensMakeNoStrongerKeys(t *testing.T) {
	w := keyWorld(t, access.Options{})
	user := access.Token{UserID: w.users["jose"].ID, Session: w.session("jose"), ExpiresAt: time.Now().Add(30 * time.Minute)}
	for i, c := range []struct {
		token, child, got string
		refused           bool
	}{
		{"api:read api:write", "", "api", false}, // both halves are what a user gives who is asked for all
		{"api:read api:write", "api", "api", false},
		{"api:read api:write", "repository:acme2", "repository:acme2", false},
		{"api:write", "", "api:write", false},
		{"api:write", "api", "", true},
		{"api:write", "api:read", "api:read", false},
		{"api:write", "repositories", "", true},
		{"api:write repository:acme2", "repository:acme2", "repository:acme2", false},
		{"api:write repository:acme2", "repository:acme2/secret", "repository:acme2/secret", false},
		{"api:write repository:hexhub", "repository:acme2", "", true},
		{"api:write package:hexhub/plug", "docs:acme2", "", true},
	} {
		a := w.token(fmt.Sprint("token-", i), user, c.token)
		k, err := w.create(a, w.owner("jose"), access.KeyDraft{Name: "child", Permissions: parse(c.child)})
		switch {
		case c.refused:
			w.wants(err, fault.Forbidden, "a key cannot create one with permissions that it has not itself; log in, or use a key for the whole api")
		case err != nil || !slices.Equal(k.Permissions, parse(c.got)):
			t.Errorf("a token with %s makes a key for %q: %v, %v; want %s", c.token, c.child, k.Permissions, err, c.got)
		}
	}
	_, err := w.create(w.token("reader", user, "api:read"), w.owner("jose"), access.KeyDraft{Name: "child"})
	w.wants(err, fault.Unauthenticated, "key not authorized for this action")
}

func TestA10TokensOfKeysMakeNoLongerLivedKeys(t *testing.T) {
	w := keyWorld(t, access.Options{})
	parent := w.key(w.owner("jose"), "api").Key
	ends := time.Now().Add(30 * time.Minute).UTC().Truncate(time.Microsecond)
	exchanged := w.token("exchanged", access.Token{UserID: parent.UserID, KeyID: parent.ID, ExpiresAt: ends}, "api")
	given := w.token("given", access.Token{UserID: parent.UserID, Session: w.session("jose"), ExpiresAt: ends}, "api")

	k, err := w.create(exchanged, w.owner("jose"), access.KeyDraft{Name: "child"})
	if err != nil || k.RevokeAt == nil || !k.RevokeAt.Equal(ends) {
		t.Errorf("the child of a machine's token ends at %v (%v), want %v", k.RevokeAt, err, ends)
	}
	_, err = w.create(exchanged, w.owner("jose"), access.KeyDraft{Name: "child", RevokeAt: in(time.Hour)})
	w.wants(err, fault.Forbidden, "a key cannot create one that outlives it; log in, or ask for an earlier end")
	k, err = w.create(given, w.owner("jose"), access.KeyDraft{Name: "child"})
	if err != nil || k.RevokeAt != nil {
		t.Errorf("the child of a user's token ends at %v (%v), want never", k.RevokeAt, err)
	}
}

// A8: an organization's rule holds for its keys and for those of others that name its repository.
func TestA8OrganizationsSayHowLongKeysLive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const day = 24 * time.Hour
		w := keyWorld(t, access.Options{Rules: func(store.Reader) access.Rules { return access.Rules{MaxKeyAge: 90 * day} }})
		w.must(w.orgs.SetKeyMaxAge(t.Context(), operator, acme, 30*day))
		for permissions, want := range map[string]time.Duration{
			"api": 90 * day, "repositories": 90 * day, "repository:hexhub": 90 * day, "api:read": 90 * day,
			"repository:acme2": 30 * day, "api docs:acme2": 30 * day, "package:acme2/secret": 30 * day, "repository:acme2/secret": 30 * day,
		} {
			k, err := w.create(w.as("jose"), w.owner("jose"), access.KeyDraft{Name: "k", Permissions: parse(permissions), RevokeAt: in(365 * day)})
			if err != nil || !k.RevokeAt.Equal(k.InsertedAt.Add(want)) {
				t.Errorf("a key for %s lives until %v (%v), want for %s", permissions, k.RevokeAt, err, want)
			}
		}
		k, err := w.create(w.as("eva"), access.OfOrg(acme), access.KeyDraft{Name: "k"})
		if err != nil || !k.RevokeAt.Equal(k.InsertedAt.Add(30*day)) {
			t.Errorf("the organization's key lives until %v (%v)", k.RevokeAt, err)
		}
		w.must(w.orgs.SetKeyMaxAge(t.Context(), operator, acme, 0))
		if k, err = w.create(w.as("eva"), access.OfOrg(acme), access.KeyDraft{Name: "k"}); err != nil || !k.RevokeAt.Equal(k.InsertedAt.Add(90*day)) {
			t.Errorf("without a rule it lives until %v (%v)", k.RevokeAt, err)
		}
	})
}

// Z3: whatever he was let in with, a member who is removed amid a request is refused when it is to be
// committed.
func TestZ3RemovedMembersAreRefusedAtTheCommit(t *testing.T) {
	for how, let := range map[string]func(*world) access.Actor{
		"password": func(w *world) access.Actor { return w.as("jose") },
		"key":      func(w *world) access.Actor { return w.key(w.owner("jose"), "api repositories") },
		"token": func(w *world) access.Actor {
			return w.token("t", access.Token{UserID: w.users["jose"].ID, Session: w.session("jose"), ExpiresAt: *in(time.Hour)}, "api:write repository:acme2")
		},
		"browser": func(w *world) access.Actor {
			return access.Actor{User: w.users["jose"], Session: w.session("jose"), Via: access.Browser}
		},
	} {
		t.Run("Z3 "+how, func(t *testing.T) {
			w := keyWorld(t, access.Options{})
			a, runs := let(w), 0
			err := w.db.Update(t.Context(), func(tx *store.Tx) error {
				if runs++; runs == 1 { // the upload is here, and as it is being written down
					w.must(w.orgs.RemoveMember(context.Background(), operator, acme, w.users["jose"].ID))
				}
				if err := access.May(tx, a, access.Write, w.things["acme2/secret"]); err != nil {
					return err
				}
				account.Users.Put(tx, w.users["mia"]) // the deed
				return nil
			})
			w.wants(err, fault.NotFound, "Page not found")
			if runs != 2 {
				t.Errorf("it was tried %d times, want 2", runs)
			}
			v := w.db.View()
			for _, verb := range []access.Verb{access.Read, access.Fetch, access.Write, access.Own} {
				if access.May(v, a, verb, w.things["acme2/secret"]) == nil {
					t.Errorf("a former member does %d", verb)
				}
			}
			w.wants(access.MayOrg(v, a, org.Write, acme), fault.NotFound, "Page not found")
		})
	}
}

func TestOwnersOfKeysAreTold(t *testing.T) {
	w := keyWorld(t, access.Options{})
	w.user("unproved", func(d *account.Draft) { d.Verified = false })
	w.newKey(w.as("unproved"), w.owner("unproved"), "ci", "api")
	if got := mailtest.Letters(t, w.mail, ""); len(got) != 0 {
		t.Errorf("an address that nobody has proved is written to: %v", got)
	}
	w.newKey(w.as("jose"), w.owner("jose"), "ci", "api")
	w.newKey(w.as("jose"), access.OfOrg(acme), "deploy", "repository:acme2")
	_, err := w.access.RevokeKey(t.Context(), w.as("jose"), w.owner("jose"), "ci")
	w.must(err)
	_, err = w.access.RevokeAll(t.Context(), w.as("eva"), access.OfOrg(acme))
	w.must(err)
	_, err = w.access.RevokeAll(t.Context(), w.as("eva"), access.OfOrg(acme)) // there are none any more
	w.must(err)
	got := mailtest.Letters(t, w.mail, "")
	for i, want := range []mail.Letter{
		{Kind: mail.KeysRevoked, To: []string{"eva@example.com"}, Params: map[string]string{"username": "acme2", "organization": "acme2", "key": ""}},
		{Kind: mail.KeyRevoked, To: []string{"jose@example.com"}, Params: map[string]string{"username": "jose", "key": "ci"}},
		{Kind: mail.KeyCreated, To: []string{"eva@example.com"}, Params: map[string]string{"username": "acme2", "organization": "acme2", "key": "deploy"}},
		{Kind: mail.KeyCreated, To: []string{"jose@example.com"}, Params: map[string]string{"username": "jose", "key": "ci"}},
	} {
		if len(got) != 4 || fmt.Sprint(got[i]) != fmt.Sprint(want) {
			t.Fatalf("letters = %v, want as number %d %v", got, i, want)
		}
	}
}

// All that an owner may have fits into the one transaction that takes it away.
func TestAllKeysThatMayBeCanBeRevokedAtOnce(t *testing.T) {
	w := keyWorld(t, access.Options{})
	long := strings.Repeat("p", 120)
	var permissions []string
	for i := range 100 {
		pkg := fmt.Sprint(long, i)
		w.own(acme, pkg, nil)
		permissions = append(permissions, "repository:acme2/"+pkg)
	}
	full := access.KeyDraft{Name: strings.Repeat("é", 255), Permissions: parse(strings.Join(permissions, " "))}
	for range 10 {
		_, err := w.create(w.as("eva"), access.OfOrg(acme), full)
		w.must(err)
	}
	_, err := w.create(w.as("eva"), access.OfOrg(acme), full)
	w.wantsField(err, "permissions are too many: all keys together may have 1000; revoke some keys first")
	a := w.as("jose")
	a.UserAgent = strings.Repeat("a", 255)
	ended, err := w.access.RevokeAll(t.Context(), a, access.OfOrg(acme))
	if err != nil || len(ended) != 10 {
		t.Fatalf("%d keys ended: %v", len(ended), err)
	}
	few := access.KeyDraft{Name: full.Name, Permissions: full.Permissions[:5]}
	for range 200 {
		_, err := w.create(w.as("eva"), access.OfOrg(acme), few)
		w.must(err)
	}
	if ended, err = w.access.RevokeAll(t.Context(), a, access.OfOrg(acme)); err != nil || len(ended) != 200 {
		t.Fatalf("%d keys ended: %v", len(ended), err)
	}
}

func TestLongRevokedKeysAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := keyWorld(t, access.Options{})
		for range 300 {
			w.newKey(w.as("jose"), w.owner("jose"), "old", "api")
			_, err := w.access.RevokeKey(t.Context(), w.as("jose"), w.owner("jose"), "old")
			w.must(err)
		}
		_, expired, err := w.access.CreateKey(t.Context(), w.as("jose"), w.owner("jose"), access.KeyDraft{Name: "expires", RevokeAt: in(time.Hour)})
		w.must(err)
		_, live := w.newKey(w.as("jose"), w.owner("jose"), "live", "api")
		time.Sleep(89 * 24 * time.Hour)
		w.must(w.access.Forget(t.Context()))
		_, err = w.access.Authenticate(t.Context(), expired, "", home, "")
		w.wants(err, fault.Unauthenticated, "API key revoked")
		time.Sleep(2 * 24 * time.Hour)
		w.must(w.access.Forget(t.Context()))
		_, err = w.access.Authenticate(t.Context(), expired, "", home, "")
		w.wants(err, fault.Unauthenticated, "invalid API key")
		_, err = w.access.Authenticate(t.Context(), live, "", home, "")
		w.must(err)
		n := 0
		for range access.Keys.All(w.db.View()) {
			n++
		}
		if n != 1 {
			t.Errorf("%d keys are kept, want the live one", n)
		}
	})
}

func TestWhoFoundsOrganizations(t *testing.T) {
	rules := access.Rules{}
	w := keyWorld(t, access.Options{Rules: func(store.Reader) access.Rules { return rules }})
	w.user("root-of-all", func(d *account.Draft) { d.Admin = true })
	w.user("unproved", func(d *account.Draft) { d.Verified = false })
	may := func(a access.Actor) byte {
		t.Helper()
		err := w.access.MayFound(w.db.View(), a)
		if f := err; f != nil && fault.Is(f, fault.Forbidden) && strings.Contains(f.Error(), "org.create") {
			return 'a'
		}
		return letter(t, err)
	}
	for _, c := range []struct {
		actor        access.Actor
		admins, open byte
	}{
		{access.Actor{}, 'm', 'm'},
		{w.as("jose"), 'a', '.'},
		{w.as("unproved"), 'v', 'v'},
		{w.as("root-of-all"), '.', '.'},
		{w.key(w.owner("jose"), "api:write"), 'a', '.'},
		{w.key(w.owner("jose"), "api:read"), 'k', 'k'},
		{w.key(w.owner("root-of-all"), "repositories"), 'k', 'k'},
		{w.key(access.OfOrg(acme), "api"), 'n', 'n'},
	} {
		rules.UsersFound = false
		closed := may(c.actor)
		rules.UsersFound = true
		if open := may(c.actor); closed != c.admins || open != c.open {
			t.Errorf("%s %s: %c and %c, want %c and %c", c.actor.User.Username, c.actor.Org, closed, open, c.admins, c.open)
		}
	}
}

func TestZ4LookingTakesNoRightToChange(t *testing.T) {
	w := keyWorld(t, access.Options{})
	reader := w.key(w.owner("eva"), "api:read")
	v := w.db.View()
	w.must(access.MaySee(v, reader, org.Admin, acme))
	w.wants(access.MayOrg(v, reader, org.Admin, acme), fault.Unauthenticated, "key not authorized for this action")
	w.wants(access.MaySee(v, w.as("jose"), org.Admin, acme), fault.NotFound, "Page not found")
	w.must(access.MaySee(v, w.as("jose"), org.Write, acme))
	w.wants(access.MaySee(v, w.as("mia"), org.Read, acme), fault.NotFound, "Page not found")
	w.wants(access.MaySee(v, access.Actor{}, org.Read, acme), fault.Unauthenticated, "missing authentication information")
}

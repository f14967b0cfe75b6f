package access_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"hexhub/hex/name"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/org"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
)

// answers are the letters of the matrix: what a client is told.
var answers = map[byte]struct {
	kind  fault.Kind
	words string
}{
	'm': {fault.Unauthenticated, "missing authentication information"},
	'k': {fault.Unauthenticated, "key not authorized for this action"},
	'r': {fault.Unauthenticated, "API key revoked"},
	'i': {fault.Unauthenticated, "invalid API key"},
	'v': {fault.Forbidden, "email not verified"},
	'f': {fault.Forbidden, "account not authorized for this action"},
	'n': {fault.NotFound, "Page not found"},
	'b': {fault.Malformed, "Bad request"},
}

var verbs = []access.Verb{access.Read, access.Fetch, access.Write, access.Own, access.Administer}

// The matrix: what each actor may do to each thing, a letter for each of Read, Fetch, Write, Own and
// Administer, the dot being yes. The things are, of the default repository, which is public: an
// existing package (mia maintains it; fay and the guild own it in full) and a new name; of acme2,
// which is private: an existing package (ola and rita own it, in full) and a new name; of the library,
// whose repository is public: an existing package (ola owns it in full) and a new name; and a
// repository that does not exist.
const matrix = `
#                          public      public      private     private     library     library     nowhere
#                          existing    new         existing    new         existing    new
anonymous                  ..mmm       ..mmm       nmmmm       nmmmm       ..mmm       ..mmm       nmmmm

stranger                   ..fff       ....f       nnnnf       nnnnf       ..fff       ..fff       nnnnf
acme2-reader               ..fff       ....f       ..fff       ..fff       ..fff       ..fff       nnnnf
acme2-writer               ..fff       ....f       ...ff       ...ff       ..fff       ..fff       nnnnf
acme2-admin                ..fff       ....f       ....f       ....f       ..fff       ..fff       nnnnf
library-writer             ..fff       ....f       nnnnf       nnnnf       ...ff       ...ff       nnnnf
guild-reader               ..fff       ....f       nnnnf       nnnnf       ..fff       ..fff       nnnnf
guild-writer               ...ff       ....f       nnnnf       nnnnf       ..fff       ..fff       nnnnf
guild-admin                ....f       ....f       nnnnf       nnnnf       ..fff       ..fff       nnnnf
mia                        ...ff       ....f       nnnnf       nnnnf       ..fff       ..fff       nnnnf
fay                        ....f       ....f       ....f       ....f       ..fff       ..fff       nnnnf
ola                        ..fff       ....f       nnnnf       nnnnf       ....f       ..fff       nnnnf
rita                       ..fff       ....f       ....f       ..fff       ..fff       ..fff       nnnnf
Z9-role-of-tomorrow        ..fff       ....f       nnnnf       nnnnf       ..fff       ..fff       nnnnf

unverified                 v.vvv       v.vvv       vvvvv       vvvvv       v.vvv       v.vvv       vvvvv
unverified-key             v.vvv       v.vvv       vvvvv       vvvvv       v.vvv       v.vvv       vvvvv
A8-deactivated             b.bbb       b.bbb       bbbbb       bbbbb       b.bbb       b.bbb       bbbbb
A8-deactivated-key         b.bbb       b.bbb       bbbbb       bbbbb       b.bbb       b.bbb       bbbbb
deleted-key                i.iii       i.iii       iiiii       iiiii       i.iii       i.iii       iiiii
A8-revoked-key             r.rrr       r.rrr       rrrrr       rrrrr       r.rrr       r.rrr       rrrrr
service                    ..fff       ....f       nnnnf       nnnnf       ..fff       ..fff       nnnnf

org-key                    ..fff       ....f       ....f       ....f       ..fff       ..fff       nnnnf
guild-key                  ....f       ....f       nnnnf       nnnnf       ..fff       ..fff       nnnnf

fay-api                    ....f       ....f       .k..f       .k..f       ..fff       ..fff       nknnf
fay-api:read               ..kkk       ..kkk       .kkkk       .kkkk       ..kkk       ..kkk       nkkkk
fay-api:write              ....f       ....f       .k..f       .k..f       ..fff       ..fff       nknnf
fay-repositories           k.kkk       k.kkk       k.kkk       k.kkk       k.kkk       k.kkk       knkkk
fay-repository:acme2       k.kkk       k.kkk       k.kkk       k.kkk       k.kkk       k.kkk       kkkkk
fay-repository:acme2/old   k.kkk       k.kkk       k.kkk       kkkkk       k.kkk       k.kkk       kkkkk
fay-docs:acme2             k.kkk       k.kkk       kkkkk       kkkkk       k.kkk       k.kkk       kkkkk
fay-package:old            ....k       ..kkk       .kkkk       .kkkk       ..kkk       ..kkk       nkkkk
fay-package:acme2/old      ..kkk       ..kkk       .k..k       .kkkk       ..kkk       ..kkk       nkkkk
fay-package                ....k       ..kkk       .k..k       .kkkk       ..ffk       ..kkk       nknnk
Z9-fay-domain-of-tomorrow  k.kkk       k.kkk       kkkkk       kkkkk       k.kkk       k.kkk       kkkkk
Z2-stranger-package        ..ffk       ..kkk       nknnk       nknnk       ..ffk       ..kkk       nknnk
stranger-repositories      k.kkk       k.kkk       knkkk       knkkk       k.kkk       k.kkk       knkkk

administrator              .....       .....       .....       .....       .....       .....       nnnn.
administrator-api:read     ..kkk       ..kkk       .kkkk       .kkkk       ..kkk       ..kkk       nkkkk
administrator-api          .....       .....       .k...       .k...       .....       .....       nknn.
system                     .....       .....       .....       .....       .....       .....       nnnn.
`

// matrixWorld makes everybody and everything in the matrix.
func matrixWorld(t *testing.T) (*world, map[string]access.Actor, []access.Thing) {
	w := newWorld(t, access.Options{})
	for u := range strings.FieldsSeq("stranger acme2-reader acme2-writer acme2-admin library-writer library-admin guild-reader guild-writer guild-admin mia fay ola rita zed deactivated revoked deleted") {
		w.user(u)
	}
	w.user("unverified", func(d *account.Draft) { d.Verified = false })
	w.user("administrator", func(d *account.Draft) { d.Admin = true })
	w.user("service", func(d *account.Draft) { d.Service, d.Emails = true, nil })
	w.found(acme, "acme2-admin admin acme2-writer write acme2-reader read fay admin rita read unverified admin deactivated admin")
	w.found(guild, "guild-admin admin guild-writer write guild-reader read")
	w.found(library, "library-admin admin library-writer write")
	o, _ := org.Organizations.Get(w.db.View(), "acme2")
	o.Members[w.users["zed"].ID] = "owner" // as a later version might have written
	forge(w, org.Organizations, o)
	r := w.repository(library)
	r.Public = true
	forge(w, org.Repositories, r)

	things := []access.Thing{
		w.own(hexhub, "old", map[string]access.Level{"mia": access.Maintainer, "fay": access.Full, "org:guild": access.Full, "zed": "owner"}),
		{Repository: w.repository(hexhub), Package: name.MustPackage("new")},
		w.own(acme, "old", map[string]access.Level{"ola": access.Full, "rita": access.Full}),
		{Repository: w.repository(acme), Package: name.MustPackage("new")},
		w.own(library, "old", map[string]access.Level{"ola": access.Full}),
		{Repository: w.repository(library), Package: name.MustPackage("new")},
		{Package: name.MustPackage("new")},
	}

	actors := map[string]access.Actor{"anonymous": {IP: home}, "system": access.SystemActor("test")}
	for u := range w.users {
		actors[u] = w.as(u)
	}
	actors["Z9-role-of-tomorrow"] = w.as("zed")
	for _, u := range []string{"unverified", "deactivated", "deleted", "revoked"} {
		actors[u+"-key"] = w.key(access.OfUser(w.users[u].ID), "api repositories")
	}
	for _, line := range []string{
		"fay-api", "fay-api:read", "fay-api:write", "fay-repositories", "fay-repository:acme2", "fay-repository:acme2/old", "fay-docs:acme2", "fay-package:old",
		"fay-package:acme2/old", "fay-package", "stranger-repositories", "stranger-package", "administrator-api", "administrator-api:read",
	} {
		u, permission, _ := strings.Cut(line, "-")
		actors[line] = w.key(access.OfUser(w.users[u].ID), permission)
	}
	actors["Z2-stranger-package"] = actors["stranger-package"]
	tomorrow := w.key(access.OfUser(w.users["fay"].ID), "api:read")
	tomorrow.Key.Permissions = []access.Permission{{Domain: "everything"}, {Domain: "api", Resource: "admin"}}
	forge(w, access.Keys, tomorrow.Key)
	actors["Z9-fay-domain-of-tomorrow"] = tomorrow
	actors["org-key"] = w.key(access.OfOrg(acme), "api repositories")
	actors["guild-key"] = w.key(access.OfOrg(guild), "api repositories")

	w.must(w.accounts.Deactivate(t.Context(), operator, w.users["deactivated"].ID))
	actors["A8-deactivated"], actors["A8-deactivated-key"] = w.as("deactivated"), actors["deactivated-key"]
	_, err := w.access.RevokeAll(t.Context(), w.as("revoked"), access.OfUser(w.users["revoked"].ID))
	w.must(err)
	actors["A8-revoked-key"] = actors["revoked-key"]
	w.must(w.db.Update(t.Context(), func(tx *store.Tx) error {
		account.Users.Delete(tx, w.users["deleted"].ID)
		return nil
	}))
	return w, actors, things
}

func TestZ1MatrixOfRights(t *testing.T) {
	w, actors, things := matrixWorld(t)
	for line := range strings.Lines(matrix) {
		row := strings.Fields(line)
		if len(row) == 0 || row[0] == "#" {
			continue
		}
		t.Run(row[0], func(t *testing.T) {
			w.TB = t
			actor, known := actors[row[0]]
			if !known || len(row) != 1+len(things) {
				t.Fatalf("the row has %d columns and its actor is known = %t", len(row), known)
			}
			for i, thing := range things {
				var got strings.Builder
				for _, verb := range verbs {
					got.WriteByte(letter(t, access.May(w.db.View(), actor, verb, thing)))
				}
				if got.String() != row[1+i] {
					t.Errorf("%s/%s, existing = %t: %s, want %s", thing.Repository.Name, thing.Package, thing.Exists, got.String(), row[1+i])
				}
			}
		})
	}
}

// letter finds the letter of an answer, which must be word for word one of them.
func letter(t *testing.T, err error) byte {
	t.Helper()
	if err == nil {
		return '.'
	}
	f, ok := errors.AsType[*fault.Error](err)
	for l, a := range answers {
		if ok && a.kind == f.Kind && a.words == f.Message {
			return l
		}
	}
	t.Errorf("unknown refusal: %v", err)
	return '?'
}

// Who administers an organization owns its packages no further than the organization does.
func TestOrganizationsOwnAsFarAsTheirLevel(t *testing.T) {
	w := newWorld(t, access.Options{})
	w.user("eva")
	w.found(guild, "eva admin")
	for level, want := range map[access.Level]string{access.Full: "..", access.Maintainer: ".f", "owner": "ff", "": "ff"} {
		thing := w.own(hexhub, "old", map[string]access.Level{"org:guild": level})
		for _, actor := range []access.Actor{w.as("eva"), w.key(access.OfOrg(guild), "api")} {
			got := string([]byte{
				letter(t, access.May(w.db.View(), actor, access.Write, thing)), letter(t, access.May(w.db.View(), actor, access.Own, thing)),
			})
			if got != want {
				t.Errorf("through the guild, an owner of level %q, %s%s may Write, Own: %s, want %s", level, actor.User.Username, actor.Org, got, want)
			}
		}
	}
}

func TestMatrixOfOrganizationRights(t *testing.T) {
	w, actors, _ := matrixWorld(t)
	for line := range strings.Lines(`
		#                      read write admin, of acme2; read of an organization that is not
		anonymous              mmmm
		stranger               nnnn
		acme2-reader           .nnn
		acme2-writer           ..nn
		acme2-admin            ...n
		rita                   .nnn
		Z9-role-of-tomorrow    nnnn
		unverified             vvvv
		A8-deactivated         bbbb
		A8-revoked-key         rrrr
		org-key                ...n
		guild-key              nnnn
		fay-api                ...n
		fay-api:write          ...n
		fay-api:read           .kkn
		fay-package:old        .kkn
		fay-repositories       kkkk
		administrator          ...n
		administrator-api:read .kkn
		system                 ...n
	`) {
		row := strings.Fields(line)
		if len(row) == 0 || row[0] == "#" {
			continue
		}
		actor, known := actors[row[0]]
		if !known {
			t.Fatalf("there is no actor %s", row[0])
		}
		var got strings.Builder
		for _, role := range []org.Role{org.Read, org.Write, org.Admin} {
			got.WriteByte(letter(t, access.MayOrg(w.db.View(), actor, role, acme)))
		}
		got.WriteByte(letter(t, access.MayOrg(w.db.View(), actor, org.Read, name.MustRepository("nowhere"))))
		if got.String() != row[1] {
			t.Errorf("%s: %s, want %s", row[0], got.String(), row[1])
		}
	}
}

// A right that was there when an Update began and is gone when it commits is no right.
func TestZ3RightsAreGuardedUntilCommit(t *testing.T) {
	for what, take := range map[string]func(w *world) error{
		"removed member": func(w *world) error {
			return w.orgs.RemoveMember(context.Background(), operator, acme, w.users["jose"].ID)
		},
		"demoted member": func(w *world) error {
			return w.orgs.SetMember(context.Background(), operator, acme, w.users["jose"].ID, org.Read)
		},
		"deactivated user": func(w *world) error { return w.accounts.Deactivate(context.Background(), operator, w.users["jose"].ID) },
		"revoked key": func(w *world) error {
			_, err := w.access.RevokeKey(context.Background(), w.as("jose"), access.OfUser(w.users["jose"].ID), "key")
			return err
		},
	} {
		t.Run(what, func(t *testing.T) {
			w := newWorld(t, access.Options{})
			w.user("eva")
			w.user("jose")
			w.found(acme, "eva admin jose write")
			actor, thing := w.key(access.OfUser(w.users["jose"].ID), "api"), w.own(acme, "old", nil)
			runs := 0
			err := w.db.Update(t.Context(), func(tx *store.Tx) error {
				runs++
				if err := access.May(tx, actor, access.Write, thing); err != nil {
					return err
				}
				if runs == 1 { // after the check and before the commit
					w.must(take(w))
				}
				access.KeyUses.Put(tx, access.KeyUse{KeyID: "the deed"})
				return nil
			})
			if err == nil || runs != 2 {
				t.Errorf("the deed was run %d times and ended with %v; want a second run that refuses it", runs, err)
			}
			if _, done := access.KeyUses.Get(w.db.View(), "the deed"); done {
				t.Error("the deed was done without the right to it")
			}
		})
	}
}

func BenchmarkMay(b *testing.B) {
	w := newWorld(b, access.Options{})
	w.user("eva")
	w.user("jose")
	w.found(acme, "eva admin jose write")
	private, public := w.own(acme, "old", nil), w.own(hexhub, "old", map[string]access.Level{"jose": access.Full})
	for what, c := range map[string]struct {
		actor access.Actor
		thing access.Thing
	}{
		"anonymous":      {access.Actor{}, public},
		"owner by key":   {w.key(access.OfUser(w.users["jose"].ID), "api"), public},
		"member by key":  {w.key(access.OfUser(w.users["jose"].ID), "api"), private},
		"password owner": {w.as("jose"), public},
	} {
		b.Run(what, func(b *testing.B) {
			b.ReportAllocs()
			verb := access.Write
			if c.actor.Via == access.Anonymous {
				verb = access.Read
			}
			for b.Loop() {
				if err := access.May(w.db.View(), c.actor, verb, c.thing); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// To look at all there is takes a credential for the whole API. A key for one package may read the API,
// as on hex.pm, but not everybody's addresses.
func TestInspectingTakesTheWholeAPI(t *testing.T) {
	w := newWorld(t, access.Options{})
	admin := w.user("eva", func(d *account.Draft) { d.Admin = true })
	user := w.user("bob")
	for _, c := range []struct {
		owner       account.User
		permissions string
		want        byte
	}{
		{admin, "api", '.'},
		{admin, "api:write", '.'},
		{admin, "api:read", '.'},
		{admin, "package", 'k'},
		{admin, "repositories", 'k'},
		{user, "api", 'f'},
		{user, "api:read", 'f'},
		{user, "package", 'k'},
	} {
		a := w.key(access.OfUser(c.owner.ID), c.permissions)
		if got := letter(t, access.May(w.db.View(), a, access.Inspect, access.Thing{})); got != c.want {
			t.Errorf("%s's key for %s: %c, want %c", c.owner.Username, c.permissions, got, c.want)
		}
	}
	if got := letter(t, access.May(w.db.View(), access.Actor{}, access.Inspect, access.Thing{})); got != 'm' {
		t.Errorf("a stranger: %c", got)
	}
}

package org_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"hexhub/hex/name"
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

// A world is a server with a few users.
type world struct {
	*testing.T
	db       *store.DB
	mail     *mail.Mail
	accounts *account.Accounts
	orgs     *org.Orgs
}

var (
	operator = audit.By{Username: "operator"}
	acme     = name.MustRepository("acme2")
	hexhub   = name.MustRepository("hexhub")
)

func newWorld(t *testing.T) *world {
	t.Helper()
	db, err := store.Open(t.Context(), store.NewMemory(), store.Options{}, job.Tables, mail.Tables, audit.Tables, limit.Tables, account.Tables, org.Tables)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	cheap := account.Cost{Memory: 8, Passes: 1, Lanes: 1}
	m := mailtest.New(t, db)
	return &world{T: t, db: db, mail: m, accounts: account.New(db, account.Options{Cost: cheap}), orgs: org.New(db, org.Options{Mail: m})}
}

func (w *world) user(username string) string {
	w.Helper()
	u, err := w.accounts.Create(w.Context(), operator, account.Draft{Username: username, Emails: []string{username + "@example.com"}})
	w.must(err)
	return u.ID
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) found(admin string) {
	w.Helper()
	_, err := w.orgs.Create(w.Context(), operator, acme, admin)
	w.must(err)
}

func (w *world) set(user string, r org.Role) {
	w.Helper()
	w.must(w.orgs.SetMember(w.Context(), operator, acme, user, r))
}

// refuses demands an Invalid fault with one field.
func (w *world) refuses(err error, field, words string) {
	w.Helper()
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || cmp.Diff(fault.Fields{field: words}, f.Fields) != "" {
		w.Errorf("error = %v, want %s %s", err, field, words)
	}
}

func TestFoundingMakesAPrivateImmutableRepository(t *testing.T) {
	w := newWorld(t)
	eva := w.user("eva")
	w.found(eva)
	r, ok := org.Resolve(w.db.View(), hexhub, "acme2")
	if !ok || r.Public || r.Windows || r.Org != acme || r.Default() {
		t.Errorf("repository = %+v", r)
	}
	if got := org.RoleOf(w.db.View(), acme, eva); got != org.Admin {
		t.Errorf("the founder is %q, want admin", got)
	}
	page, _, err := audit.List(t.Context(), w.db.View(), audit.OrgRef("acme2"), "", 10)
	if err != nil || len(page) != 1 || page[0].Action != "organization.create" {
		t.Errorf("audit = %v, %v", page, err)
	}
}

func TestUsersAndOrganizationsShareNames(t *testing.T) {
	w := newWorld(t)
	eva := w.user("eva")
	_, err := w.orgs.EnsureDefault(t.Context(), hexhub)
	w.must(err)
	for _, taken := range []string{"eva", "hexhub"} {
		_, err := w.orgs.Create(t.Context(), operator, name.MustRepository(taken), eva)
		w.refuses(err, "name", "has already been taken")
	}
	w.found(eva)
	_, err = w.orgs.Create(t.Context(), operator, acme, eva)
	w.refuses(err, "name", "has already been taken")
	for _, taken := range []string{"acme2", "ACME2", "hexhub"} {
		_, err := w.accounts.Create(t.Context(), operator, account.Draft{Username: taken, Emails: []string{"x@example.com"}})
		w.refuses(err, "username", "has already been taken")
	}
}

func TestOneOfManyFoundersWins(t *testing.T) {
	w := newWorld(t)
	eva := w.user("eva")
	var wg sync.WaitGroup
	errs := make([]error, 20)
	for i := range errs {
		wg.Go(func() {
			if i%2 == 0 {
				_, errs[i] = w.orgs.Create(context.Background(), operator, acme, eva)
				return
			}
			_, errs[i] = w.accounts.Create(context.Background(), operator, account.Draft{Username: "acme2", Emails: []string{fmt.Sprintf("x%d@example.com", i)}})
		})
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		}
	}
	if won != 1 {
		t.Errorf("%d users and organizations have one name, want 1", won)
	}
}

func TestZ7NamesOfTheGoneStayTaken(t *testing.T) {
	w := newWorld(t)
	gone := w.user("gone")
	w.must(w.db.Update(t.Context(), func(tx *store.Tx) error {
		account.Users.Delete(tx, gone)
		return nil
	}))
	if _, ok := account.ByName(w.db.View(), "gone"); ok {
		t.Fatal("the user is not gone")
	}
	_, err := w.orgs.Create(t.Context(), operator, name.MustRepository("gone"), w.user("eva"))
	w.refuses(err, "name", "has already been taken")
	_, err = w.accounts.Create(t.Context(), operator, account.Draft{Username: "gone", Emails: []string{"g@example.com"}})
	w.refuses(err, "username", "has already been taken")
}

func TestZ8ReservedOrganizations(t *testing.T) {
	w := newWorld(t)
	eva := w.user("eva")
	for _, reserved := range []string{"hexpm", "repos", "packages", "tarballs", "api", "docs", "names", "versions", "policies", "installs", "public_key"} {
		_, err := w.orgs.Create(t.Context(), operator, name.MustRepository(reserved), eva)
		w.refuses(err, "name", "is reserved")
	}
}

func TestNobodyUnknownFoundsOrJoins(t *testing.T) {
	w := newWorld(t)
	_, err := w.orgs.Create(t.Context(), operator, acme, "nobody")
	w.refuses(err, "name", "unknown user")
	if _, ok := org.Resolve(w.db.View(), hexhub, "acme2"); ok {
		t.Error("a refused organization left its repository")
	}
	eva := w.user("eva")
	w.found(eva)
	w.refuses(w.orgs.SetMember(t.Context(), operator, acme, "nobody", org.Read), "name", "unknown user")
	if err := w.orgs.SetMember(t.Context(), operator, hexhub, eva, org.Read); !fault.Is(err, fault.NotFound) {
		t.Errorf("joining an organization that is not: %v", err)
	}
}

func TestZ9UnknownRolesAllowNothing(t *testing.T) {
	w := newWorld(t)
	eva, mallory := w.user("eva"), w.user("mallory")
	w.found(eva)
	rapid.Check(t, func(t *rapid.T) {
		r := org.Role(rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "owner", "Admin", "admin ", "READ"})).Draw(t, "role"))
		if slices.Contains([]org.Role{org.Read, org.Write, org.Admin}, r) {
			t.Skip("a role after all")
		}
		if r.Includes(org.Read) || r.Includes(r) || org.Admin.Includes(r) {
			t.Fatalf("role %q allows something", r)
		}
		if err := w.orgs.SetMember(context.Background(), operator, acme, mallory, r); !fault.Is(err, fault.Invalid) {
			t.Fatalf("role %q is given: %v", r, err)
		}
	})
}

func TestRolesIncludeLowerOnes(t *testing.T) {
	order := []org.Role{org.Read, org.Write, org.Admin}
	for i, a := range order {
		for j, b := range order {
			if a.Includes(b) != (i >= j) {
				t.Errorf("%s includes %s = %t", a, b, a.Includes(b))
			}
		}
	}
}

func TestMembershipIsAudited(t *testing.T) {
	w := newWorld(t)
	eva, jose := w.user("eva"), w.user("jose")
	w.found(eva)
	w.set(jose, org.Read)
	w.set(jose, org.Read) // changes nothing, and says nothing
	w.set(jose, org.Write)
	before, _ := org.Organizations.Get(w.db.View(), "acme2")
	w.must(w.orgs.RemoveMember(t.Context(), operator, acme, jose))
	w.must(w.orgs.RemoveMember(t.Context(), operator, acme, jose))
	if before.Members[jose] != org.Write {
		t.Error("a row that was read has been changed under its reader")
	}
	if got := org.RoleOf(w.db.View(), acme, jose); got != "" {
		t.Errorf("a removed member is %q", got)
	}
	page, _, err := audit.List(t.Context(), w.db.View(), audit.UserRef(jose), "", 10)
	w.must(err)
	var got []string
	for _, e := range page {
		got = append(got, e.Action)
	}
	want := []string{"organization.member.remove", "organization.member.role", "organization.member.add", "user.create"}
	if !slices.Equal(got, want) {
		t.Errorf("audit = %v, want %v", got, want)
	}
}

func TestOrganizationsOfAMember(t *testing.T) {
	w := newWorld(t)
	eva, jose := w.user("eva"), w.user("jose")
	w.found(eva)
	_, err := w.orgs.Create(t.Context(), operator, name.MustRepository("aaa"), eva)
	w.must(err)
	var got []string
	v := w.db.View()
	for o := range org.Of(v, eva) {
		got = append(got, o.Name.String())
	}
	for range org.Of(v, jose) {
		t.Error("a stranger is a member")
	}
	if want := []string{"aaa", "acme2"}; !slices.Equal(got, want) {
		t.Errorf("organizations = %v, want %v", got, want)
	}
	w.set(jose, org.Read)
	if !v.Stale() {
		t.Error("who looked at his organizations is not told that he joined one")
	}
}

// Z6 for organizations: whoever goes in whatever order, one administrator stays.
func TestZ6LastAdministratorOfAnOrganizationStays(t *testing.T) {
	w := newWorld(t)
	var users []string
	for i := range 12 {
		users = append(users, w.user(fmt.Sprint("user", i)))
	}
	w.found(users[0])
	for _, u := range users[1:] {
		w.set(u, org.Admin)
	}
	var wg sync.WaitGroup
	errs := make([]error, len(users))
	for i, u := range users {
		wg.Go(func() {
			if i%2 == 0 {
				errs[i] = w.orgs.RemoveMember(context.Background(), operator, acme, u)
				return
			}
			errs[i] = w.orgs.SetMember(context.Background(), operator, acme, u, org.Write)
		})
	}
	wg.Wait()
	refused := slices.DeleteFunc(errs, func(err error) bool { return err == nil })
	if len(refused) != 1 {
		t.Fatalf("%d were refused to go, want 1: %v", len(refused), refused)
	}
	if words := refused[0].Error(); !strings.Contains(words, "last admin member") && !strings.Contains(words, "last member") {
		t.Errorf("refused with %q", words)
	}
	o, _ := org.Organizations.Get(w.db.View(), "acme2")
	admins := 0
	for _, r := range o.Members {
		if r == org.Admin {
			admins++
		}
	}
	if admins != 1 {
		t.Errorf("%d administrators are left, want 1", admins)
	}
}

func TestLastMemberStays(t *testing.T) {
	w := newWorld(t)
	eva := w.user("eva")
	w.found(eva)
	w.refuses(w.orgs.RemoveMember(t.Context(), operator, acme, eva), "base", "cannot remove last member")
	w.refuses(w.orgs.SetMember(t.Context(), operator, acme, eva, org.Read), "base", "cannot demote last admin member")
}

func TestWhichRepositoryIsMeant(t *testing.T) {
	w := newWorld(t)
	w.found(w.user("eva"))
	_, err := w.orgs.EnsureDefault(t.Context(), hexhub)
	w.must(err)
	for text, want := range map[string]string{
		"": "hexhub", "hexpm": "hexhub", "hexhub": "hexhub", "acme2": "acme2", "hexpm:acme2": "acme2", "hexhub:acme2": "acme2",
		"x:acme2": "acme2", ":acme2": "acme2", "x:hexpm": "hexhub",
		"A11 ACME2": "", "ACME2": "", "acme2/": "", "acme2 ": "", "*": "", "acme": "", "acme2:": "", "a:b:acme2": "", "../acme2": "", "HEXPM": "",
	} {
		if r, ok := org.Resolve(w.db.View(), hexhub, text); ok != (want != "") || r.Name.String() != want {
			t.Errorf("%q means %q, want %q", text, r.Name, want)
		}
	}
}

func TestDefaultRepositoryIsMadeOnceAndKeepsItsName(t *testing.T) {
	w := newWorld(t)
	first, err := w.orgs.EnsureDefault(t.Context(), hexhub)
	w.must(err)
	if !first.Public || !first.Windows || !first.Default() {
		t.Errorf("default repository = %+v", first)
	}
	again, err := w.orgs.EnsureDefault(t.Context(), hexhub)
	if err != nil || again != first {
		t.Errorf("a second start has %+v, %v", again, err)
	}
	if _, err := w.orgs.EnsureDefault(t.Context(), acme); err == nil || !strings.Contains(err.Error(), "is named hexhub, not acme2") {
		t.Errorf("a start under another name: %v", err)
	}
}

func TestDefaultRepositoryIsNoOrganizations(t *testing.T) {
	w := newWorld(t)
	w.found(w.user("eva"))
	if _, err := w.orgs.EnsureDefault(t.Context(), acme); !fault.Is(err, fault.Conflict) {
		t.Errorf("error = %v, want a conflict", err)
	}
}

func TestProfileOfAnOrganizationIsCheckedAndKept(t *testing.T) {
	w := newWorld(t)
	acme2 := name.MustRepository("acme2")
	_, err := w.orgs.Create(t.Context(), operator, acme2, w.user("pia"))
	w.must(err)
	p := account.Profile{FullName: " Acme ", Handles: map[string]string{"github": "https://github.com/acme"}}
	w.must(w.orgs.SetProfile(t.Context(), operator, acme2, p))
	w.must(w.orgs.SetProfile(t.Context(), operator, acme2, p)) // which changes nothing
	if o, _ := org.Organizations.Get(w.db.View(), "acme2"); o.FullName != "Acme" || o.Handles["github"] != "acme" {
		t.Errorf("organization = %+v", o)
	}
	if got := w.actions(audit.OrgRef("acme2")); got != "organization.create organization.update" {
		t.Errorf("recorded %s", got)
	}
	if err := w.orgs.SetProfile(t.Context(), operator, acme2, account.Profile{FullName: strings.Repeat("x", 300)}); !fault.Is(err, fault.Invalid) {
		t.Errorf("a long name: %v", err)
	}
	if err := w.orgs.SetProfile(t.Context(), operator, name.MustRepository("nowhere"), p); !fault.Is(err, fault.NotFound) {
		t.Errorf("no organization: %v", err)
	}
}

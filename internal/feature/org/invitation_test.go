package org_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"hexhub/hex/name"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/mail"
	"hexhub/internal/feature/mail/mailtest"
	"hexhub/internal/feature/org"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
)

// guest makes a user with a verified address.
func (w *world) guest(username string) account.User {
	w.Helper()
	u, err := w.accounts.Create(w.Context(), operator, account.Draft{Username: username, Emails: []string{username + "@example.com"}, Verified: true})
	w.must(err)
	return u
}

func (w *world) invite(d org.InvitationDraft) (org.Invitation, string) {
	w.Helper()
	i, err := w.orgs.Invite(w.Context(), operator, acme, d)
	w.must(err)
	return i, mailtest.Last(w, w.mail, mail.OrgInvitation).Params["token"]
}

func (w *world) accept(u account.User, token string) error {
	_, err := w.orgs.Accept(w.Context(), operator, u.ID, token)
	return err
}

func (w *world) role(u account.User) org.Role { return org.RoleOf(w.db.View(), acme, u.ID) }

func (w *world) actions(ref string) string {
	w.Helper()
	page, _, err := audit.List(w.Context(), w.db.View(), ref, "", 100)
	w.must(err)
	var got []string
	for _, e := range page {
		got = append(got, e.Action)
	}
	slices.Reverse(got)
	return strings.Join(got, " ")
}

func TestInvitedPeopleJoin(t *testing.T) {
	w := newWorld(t)
	w.found(w.user("eva"))
	jose, mia, max := w.guest("jose"), w.guest("mia"), w.guest("max")
	i, token := w.invite(org.InvitationDraft{Email: " Somebody@Example.com", Role: org.Write})
	if i.Address != "somebody@example.com" || strings.Contains(fmt.Sprint(i), token) || len(i.Hash) != 64 {
		t.Errorf("invitation = %+v", i)
	}
	if found, ok := org.InvitationFor(w.db.View(), token); !ok || found.Org != acme || found.Role != org.Write {
		t.Errorf("the token is for %+v, %t", found, ok)
	}
	w.must(w.accept(jose, token)) // whoever has the mail
	if got := w.role(jose); got != org.Write {
		t.Errorf("jose is %q", got)
	}
	if err := w.accept(mia, token); !fault.Is(err, fault.NotFound) {
		t.Errorf("a second time: %v", err)
	}

	_, token = w.invite(org.InvitationDraft{Username: "MIA", Role: org.Read})
	if err := w.accept(max, token); !fault.Is(err, fault.NotFound) {
		t.Errorf("somebody else accepts what is for mia: %v", err)
	}
	w.must(w.accept(mia, token))
	if got := w.role(mia) + " " + w.role(max); got != "read " {
		t.Errorf("roles are %q", got)
	}
	want := "organization.create organization.invitation.create organization.invitation.accept organization.invitation.create organization.invitation.accept"
	if got := w.actions(audit.OrgRef("acme2")); got != want {
		t.Errorf("audit = %s", got)
	}
}

func TestInvitedUsersNeedNoMail(t *testing.T) {
	w := newWorld(t)
	w.found(w.user("eva"))
	jose, mia := w.guest("jose"), w.guest("mia")
	i, _ := w.invite(org.InvitationDraft{Email: "jose@example.com", Role: org.Read})
	j, _ := w.invite(org.InvitationDraft{Username: "mia", Role: org.Read})
	unproved := w.user("unproved")
	k, _ := w.invite(org.InvitationDraft{Email: "unproved@example.com", Role: org.Read})
	own := func(u account.User) (ids []string) {
		u, _ = account.Users.Get(w.db.View(), u.ID)
		for _, i := range org.InvitationsOf(w.db.View(), u) {
			ids = append(ids, i.ID)
		}
		return ids
	}
	if !slices.Equal(own(jose), []string{i.ID}) || !slices.Equal(own(mia), []string{j.ID}) || len(own(account.User{ID: unproved})) != 0 {
		t.Errorf("jose has %v, mia has %v, who has not proved his address has %v", own(jose), own(mia), own(account.User{ID: unproved}))
	}
	for _, c := range []struct {
		user, invitation string
		ok               bool
	}{
		{mia.ID, i.ID, false},
		{jose.ID, j.ID, false},
		{unproved, k.ID, false},
		{jose.ID, "", false},
		{jose.ID, i.ID, true},
		{mia.ID, j.ID, true},
		{mia.ID, j.ID, false},
	} {
		_, err := w.orgs.AcceptOwn(t.Context(), operator, c.user, c.invitation)
		if (err == nil) != c.ok || err != nil && !fault.Is(err, fault.NotFound) {
			t.Errorf("%s accepts %s: %v", c.user, c.invitation, err)
		}
	}
}

func TestInvitationsEnd(t *testing.T) {
	for what, end := range map[string]func(w *world, i org.Invitation) error{
		"after seven days": func(*world, org.Invitation) error { time.Sleep(7 * 24 * time.Hour); return nil },
		"when they are taken back": func(w *world, i org.Invitation) error {
			return w.orgs.RevokeInvitation(w.Context(), operator, acme, i.ID)
		},
		"when another is sent": func(w *world, i org.Invitation) error {
			_, err := w.orgs.Invite(w.Context(), operator, acme, org.InvitationDraft{Email: i.Address, Role: org.Read})
			return err
		},
		"when the user is shut out": func(w *world, i org.Invitation) error {
			u, _ := account.ByName(w.db.View(), "jose")
			return w.accounts.Deactivate(w.Context(), operator, u.ID)
		},
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.found(w.user("eva"))
				jose := w.guest("jose")
				i, token := w.invite(org.InvitationDraft{Email: "jose@example.com", Role: org.Admin})
				w.must(end(w, i))
				if err := w.accept(jose, token); !fault.Is(err, fault.NotFound) {
					t.Errorf("accept: %v", err)
				}
				if _, err := w.orgs.AcceptOwn(t.Context(), operator, jose.ID, i.ID); !fault.Is(err, fault.NotFound) {
					t.Errorf("accept without mail: %v", err)
				}
				if got := w.role(jose); got != "" {
					t.Errorf("jose is %q", got)
				}
			})
		})
	}
}

// A13: a thousand who hold one token become one member.
// Who was invited may say no, which ends the invitation; nobody else may for him.
func TestInvitationsAreDeclined(t *testing.T) {
	w := newWorld(t)
	w.found(w.user("eva"))
	jose, joe := w.guest("jose"), w.guest("joe")
	for what, decline := range map[string]func(u account.User, i org.Invitation, token string) error{
		"by the mail": func(u account.User, _ org.Invitation, token string) error {
			return w.orgs.Decline(t.Context(), operator, u.ID, token)
		},
		"without": func(u account.User, i org.Invitation, _ string) error {
			return w.orgs.DeclineOwn(t.Context(), operator, u.ID, i.ID)
		},
	} {
		i, token := w.invite(org.InvitationDraft{Username: "jose", Role: org.Write})
		if err := decline(joe, i, token); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: joe declines for jose: %v", what, err)
		}
		w.must(decline(jose, i, token))
		if err := w.accept(jose, token); !fault.Is(err, fault.NotFound) || w.role(jose) != "" {
			t.Errorf("%s: a declined invitation is accepted: %v", what, err)
		}
	}
}

func TestA13OneInvitationOneWinner(t *testing.T) {
	w := newWorld(t)
	w.found(w.user("eva"))
	_, token := w.invite(org.InvitationDraft{Email: "jose@example.com", Role: org.Read})
	var users []account.User
	for i := range 20 {
		users = append(users, w.guest(fmt.Sprint("user", i)))
	}
	var wg sync.WaitGroup
	errs := make([]error, 1000)
	for i := range errs {
		wg.Go(func() { _, errs[i] = w.orgs.Accept(context.Background(), operator, users[i%len(users)].ID, token) })
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		switch {
		case err == nil:
			won++
		case !fault.Is(err, fault.NotFound):
			t.Fatal(err)
		}
	}
	o, _ := org.Organizations.Get(w.db.View(), "acme2")
	if won != 1 || len(o.Members) != 2 {
		t.Errorf("%d won, and there are %d members", won, len(o.Members))
	}
}

func TestAcceptingTakesNothingAway(t *testing.T) {
	w := newWorld(t)
	w.found(w.user("eva"))
	jose := w.guest("jose")
	w.set(jose.ID, org.Write)
	_, token := w.invite(org.InvitationDraft{Email: "jose@example.com", Role: org.Read})
	w.must(w.accept(jose, token))
	if got := w.role(jose); got != org.Write {
		t.Errorf("jose is %q", got)
	}
	_, token = w.invite(org.InvitationDraft{Email: "jose@example.com", Role: org.Admin})
	w.must(w.accept(jose, token))
	if got := w.role(jose); got != org.Admin {
		t.Errorf("jose is %q", got)
	}
}

func TestOpenInvitationsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.found(w.user("eva"))
		invite := func(i int) error {
			_, err := w.orgs.Invite(t.Context(), operator, acme, org.InvitationDraft{Email: fmt.Sprintf("x%d@example.com", i), Role: org.Read})
			return err
		}
		for i := range 100 {
			w.must(invite(i))
		}
		if err := invite(100); !fault.Is(err, fault.Limited) {
			t.Errorf("the 101st in an hour: %v", err)
		}
		time.Sleep(time.Hour)
		for i := range 100 {
			w.must(invite(100 + i))
		}
		time.Sleep(time.Hour)
		w.refuses(invite(200), "base", "there are 200 open invitations, the most allowed; revoke some first")
		w.must(invite(7)) // again, in place of the one before
		time.Sleep(8 * 24 * time.Hour)
		w.must(w.orgs.Forget(t.Context()))
		if n := w.db.Stats().Rows["invitation"]; n != 0 {
			t.Errorf("%d invitations are kept", n)
		}
		w.must(invite(200))
	})
}

// Z11: an invitation is taken back by those only who gave it.
func TestZ11InvitationsAreFoundInTheirOrganization(t *testing.T) {
	w := newWorld(t)
	eva := w.user("eva")
	w.found(eva)
	_, err := w.orgs.Create(t.Context(), operator, name.MustRepository("beta"), eva)
	w.must(err)
	i, _ := w.invite(org.InvitationDraft{Email: "jose@example.com", Role: org.Read})
	if err := w.orgs.RevokeInvitation(t.Context(), operator, name.MustRepository("beta"), i.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("revoked from elsewhere: %v", err)
	}
	if got := org.Invitations(w.db.View(), acme); len(got) != 1 {
		t.Errorf("%d are left", len(got))
	}
}

// Z3: a right that is lost while its deed is under way is not used.
func TestZ3DeedsAskForTheRightAgain(t *testing.T) {
	w := newWorld(t)
	eva, jose, mia := w.guest("eva"), w.guest("jose"), w.guest("mia")
	w.found(eva.ID)
	w.set(jose.ID, org.Admin)
	no := errors.New("no")
	runs := 0
	asking := w.orgs.If(func(r store.Reader) error {
		if runs++; runs == 1 {
			w.set(jose.ID, org.Read)
		}
		if org.RoleOf(r, acme, jose.ID) != org.Admin {
			return no
		}
		return nil
	})
	if _, err := asking.AddMember(t.Context(), operator, acme, "mia", org.Admin); !errors.Is(err, no) || runs != 2 {
		t.Errorf("a former administrator adds a member: %v after %d runs", err, runs)
	}
	i, token := w.invite(org.InvitationDraft{Email: "mia@example.com", Role: org.Read})
	for what, deed := range map[string]func() error{
		"found": func() error {
			_, err := asking.Create(t.Context(), operator, name.MustRepository("beta"), jose.ID)
			return err
		},
		"set role":    func() error { _, err := asking.SetRole(t.Context(), operator, acme, "eva", org.Read); return err },
		"set member":  func() error { return asking.SetMember(t.Context(), operator, acme, mia.ID, org.Read) },
		"remove":      func() error { return asking.RemoveMember(t.Context(), operator, acme, eva.ID) },
		"age of keys": func() error { return asking.SetKeyMaxAge(t.Context(), operator, acme, time.Hour) },
		"revoke":      func() error { return asking.RevokeInvitation(t.Context(), operator, acme, i.ID) },
		"accept":      func() error { _, err := asking.Accept(t.Context(), operator, mia.ID, token); return err },
		"accept own":  func() error { _, err := asking.AcceptOwn(t.Context(), operator, mia.ID, i.ID); return err },
		"invite": func() error {
			_, err := asking.Invite(t.Context(), operator, acme, org.InvitationDraft{Email: "y@example.com", Role: org.Read})
			return err
		},
	} {
		if err := deed(); !errors.Is(err, no) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestLeavingEverything(t *testing.T) {
	w := newWorld(t)
	eva, jose := w.user("eva"), w.user("jose")
	w.found(eva)
	w.set(jose, org.Write)
	_, err := w.orgs.Create(t.Context(), operator, name.MustRepository("beta"), jose)
	w.must(err)
	leave := func(user string) error {
		return w.db.Update(t.Context(), func(tx *store.Tx) error { return w.orgs.LeaveAllTx(tx, operator, user, time.Now()) })
	}
	for user, where := range map[string]string{eva: "acme2", jose: "beta"} {
		for _, err := range []error{leave(user), w.orgs.MayGo(w.db.View(), user)} {
			if f, ok := errors.AsType[*fault.Error](err); !ok || f.Kind != fault.Conflict || !strings.Contains(f.Message, "nobody else administers "+where+";") {
				t.Errorf("leave: %v", err)
			}
		}
	}
	w.must(w.orgs.SetMember(t.Context(), operator, name.MustRepository("beta"), eva, org.Admin))
	w.must(leave(jose))
	if n := slices.Collect(org.Of(w.db.View(), jose)); len(n) != 0 || org.RoleOf(w.db.View(), acme, jose) != "" {
		t.Errorf("jose is still in %v", n)
	}
	if !strings.HasSuffix(w.actions(audit.UserRef(jose)), "organization.member.remove organization.member.remove") {
		t.Errorf("audit = %s", w.actions(audit.UserRef(jose)))
	}
}

func TestWhereOrganizationsAreWrittenTo(t *testing.T) {
	w := newWorld(t)
	eva, jose, mia := w.guest("eva"), w.guest("jose"), w.user("mia")
	w.found(eva.ID)
	w.set(jose.ID, org.Read)
	w.set(mia, org.Admin) // whose address nobody has proved
	if got := org.Addresses(w.db.View(), acme); !slices.Equal(got, []string{"eva@example.com"}) {
		t.Errorf("administrators are at %v", got)
	}
	w.must(w.accounts.Deactivate(t.Context(), operator, eva.ID))
	if got := org.Addresses(w.db.View(), acme); !slices.Equal(got, []string{"jose@example.com"}) {
		t.Errorf("members are at %v", got)
	}
	if got := org.Addresses(w.db.View(), name.MustRepository("nowhere")); len(got) != 0 {
		t.Errorf("nobody is at %v", got)
	}
}

func TestAgesOfKeys(t *testing.T) {
	w := newWorld(t)
	w.found(w.user("eva"))
	w.refuses(w.orgs.SetKeyMaxAge(t.Context(), operator, acme, time.Minute), "key_max_age", "must be an hour at least, or 0 for ever")
	w.must(w.orgs.SetKeyMaxAge(t.Context(), operator, acme, time.Hour))
	w.must(w.orgs.SetKeyMaxAge(t.Context(), operator, acme, time.Hour))
	if o, _ := org.Organizations.Get(w.db.View(), "acme2"); o.KeyMaxAge != time.Hour {
		t.Errorf("age = %s", o.KeyMaxAge)
	}
	if got := w.actions(audit.OrgRef("acme2")); got != "organization.create organization.update" {
		t.Errorf("audit = %s", got)
	}
	if err := w.orgs.SetKeyMaxAge(t.Context(), operator, name.MustRepository("beta"), 0); !fault.Is(err, fault.NotFound) {
		t.Errorf("of no organization: %v", err)
	}
}

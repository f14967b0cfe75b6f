package org_test

import (
	"testing"

	"hexhub/hex/name"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/org"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
)

// Z7 An organization ends with all that is in it, and its name with it.
func TestZ7DeletedOrganizationsLeaveTheirName(t *testing.T) {
	w := newWorld(t)
	eva, jose := w.user("eva"), w.user("jose")
	w.found(eva)
	w.must(w.orgs.SetMember(t.Context(), operator, acme, jose, org.Read))
	_, err := w.orgs.Invite(t.Context(), operator, acme, org.InvitationDraft{Email: "zoe@example.com", Role: org.Read})
	w.must(err)
	w.must(w.orgs.Delete(t.Context(), operator, acme))

	v := w.db.View()
	_, there := org.Organizations.Get(v, acme.String())
	_, stored := org.Repositories.Get(v, acme.String())
	if there || stored || len(org.Invitations(v, acme)) > 0 || org.RoleOf(v, acme, jose) != "" {
		t.Error("something of it is left")
	}
	for range org.Of(v, eva) {
		t.Error("eva is still a member")
	}
	if _, err := w.orgs.Create(t.Context(), operator, acme, jose); !fault.Is(err, fault.Invalid) {
		t.Errorf("its name can be taken by an organization: %v", err)
	}
	if _, err := w.accounts.Create(t.Context(), operator, account.Draft{Username: acme.String(), Emails: []string{"a@example.com"}}); err == nil {
		t.Error("its name can be taken by a user")
	}
	for _, ref := range []string{audit.OrgRef(acme.String()), audit.UserRef(jose)} {
		page, _, err := audit.List(t.Context(), v, ref, "", 1)
		w.must(err)
		if len(page) != 1 || page[0].Action != "organization.delete" {
			t.Errorf("the last entry about %s is %+v", ref, page)
		}
	}
	if err := w.orgs.Delete(t.Context(), operator, acme); !fault.Is(err, fault.NotFound) {
		t.Errorf("a second time: %v", err)
	}
}

// Nothing ends of an organization that is needed, or when what hangs on it cannot end.
func TestWhatIsInUseStays(t *testing.T) {
	refuse := func(*store.Tx, name.Repository) error { return fault.New(fault.Conflict, "no") }
	for _, o := range []org.Options{{InUse: refuse}, {OnDelete: refuse}} {
		w := newWorld(t)
		w.found(w.user("eva"))
		if err := org.New(w.db, o).Delete(t.Context(), operator, acme); !fault.Is(err, fault.Conflict) {
			t.Errorf("err = %v", err)
		}
		if _, there := org.Repositories.Get(w.db.View(), acme.String()); !there {
			t.Error("the repository is gone")
		}
	}
}

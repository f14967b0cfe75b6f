package account_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/mail"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
)

func TestInvitationsLetIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		_, err := w.Register(t.Context(), audit.By{}, draft("eva"), "")
		wants(t, err, fault.Forbidden, "takes no registrations")
		token, until, err := w.Invite(t.Context(), operator, "Eva@Example.com")
		w.must(err)
		if l := w.wrote(mail.SiteInvitation, "eva@example.com"); l.params["token"] != token || l.params["by"] != "operator" || time.Until(until) != 7*24*time.Hour {
			t.Errorf("letter %v, good until %v", l, until)
		}
		if address, err := w.Invited(token); err != nil || address != "eva@example.com" {
			t.Errorf("invited is %q, %v", address, err)
		}
		refused := func(what, token string) {
			t.Helper()
			_, err := w.Register(t.Context(), audit.By{}, draft("mallory"), token)
			if fields(t, err)["invitation"] == nil {
				t.Errorf("%s: %v", what, err)
			}
		}
		refused("another token", token+"x")
		d := draft("eva")
		d.Emails = append(d.Emails, "eva@elsewhere.example")
		u, err := w.Register(t.Context(), audit.By{}, d, token)
		w.must(err)
		if !u.Emails[0].Verified || u.Emails[1].Verified {
			t.Errorf("addresses are %+v, want the first one proved", u.Emails)
		}
		w.wrote(mail.VerifyEmail, "eva@elsewhere.example")
		refused("used", token)
		late, _, err := w.Invite(t.Context(), operator, "bob@example.com")
		w.must(err)
		time.Sleep(7 * 24 * time.Hour)
		refused("old", late)
		_, _, err = w.Invite(t.Context(), operator, "eva@example.com")
		if fields(t, err)["email"] != "already in use" {
			t.Errorf("who is here is invited: %v", err)
		}
	})
}

func TestInvitationProvesOnlyItsAddress(t *testing.T) {
	w := newWorld(t)
	token, _, err := w.Invite(t.Context(), operator, "eva@example.com")
	w.must(err)
	u, err := w.Register(t.Context(), audit.By{}, draft("mallory"), token)
	w.must(err)
	if u.Verified() {
		t.Errorf("%v is proved", u.Emails)
	}
}

func TestA13OneOfManyInvitedWins(t *testing.T) {
	w := newWorld(t)
	token, _, err := w.Invite(t.Context(), operator, "eva@example.com")
	w.must(err)
	errs := race(1000, func(i int) error {
		_, err := w.Register(context.Background(), audit.By{}, draft(fmt.Sprint("user", i)), token)
		return err
	})
	if won := count(errs); won != 1 {
		t.Errorf("%d of 1000 registered with one invitation, want 1", won)
	}
}

func TestInvitationsAreListedAndTakenBack(t *testing.T) {
	w := newWorld(t)
	token, _, err := w.Invite(t.Context(), operator, "eva@example.com")
	w.must(err)
	hash := account.HashToken("of an organization")
	admit := func(do func(tx *store.Tx)) {
		w.must(w.db.Update(t.Context(), func(tx *store.Tx) error { do(tx); return nil }))
	}
	admit(func(tx *store.Tx) { account.AdmitTx(tx, hash, "Bob@example.com", time.Now().Add(time.Hour)) })
	if got := account.Invitations(w.db.View()); len(got) != 1 || got[0].Address != "eva@example.com" {
		t.Errorf("open: %v", got)
	}
	if got, err := w.Invited("of an organization"); err != nil || got != "bob@example.com" {
		t.Errorf("the organization's: %q, %v", got, err)
	}
	admit(func(tx *store.Tx) { account.DismissTx(tx, hash) })
	w.must(w.Uninvite(t.Context(), operator, "EVA@example.com"))
	wants(t, w.Uninvite(t.Context(), operator, "eva@example.com"), fault.NotFound, "no open invitation")
	for _, token := range []string{token, "of an organization"} {
		if _, err := w.Invited(token); err == nil {
			t.Errorf("%s is still good", token)
		}
	}
}

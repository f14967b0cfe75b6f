package org_test

import (
	"path/filepath"
	"testing"

	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/mail"
	"hexhub/internal/feature/org"
	"hexhub/internal/kernel/job"
	"hexhub/internal/kernel/limit"
	"hexhub/internal/kernel/seal"
	"hexhub/internal/kernel/store"
)

// Whoever is invited by address may make an account where nobody else may, and join; and whoever is no
// longer invited may not.
func TestInvitationAdmitsToTheServer(t *testing.T) {
	w := &world{T: t}
	db, err := store.Open(t.Context(), store.NewMemory(), store.Options{}, job.Tables, audit.Tables, mail.Tables, limit.Tables, account.Tables, org.Tables)
	w.must(err)
	t.Cleanup(db.Close)
	sealer, err := seal.Open(filepath.Join(t.TempDir(), "secret.key"))
	w.must(err)
	letters := mail.New(db, job.New(db, job.Options{}), sealer, mail.Options{})
	w.db, w.orgs = db, org.New(db, org.Options{Mail: letters})
	w.accounts = account.New(db, account.Options{Cost: account.Cost{Memory: 8, Passes: 1, Lanes: 1}, Rules: func(store.Reader) account.Rules {
		return account.Rules{ConfirmMail: true}
	}})
	w.found(w.user("eva"))
	invite := func() (invitationID, token string) {
		i, err := w.orgs.Invite(t.Context(), operator, acme, org.InvitationDraft{Email: "mia@example.com", Role: org.Read})
		w.must(err)
		page, _, err := letters.Outbox(t.Context(), "", 10)
		w.must(err)
		for _, e := range page {
			params, err := letters.Open(e.Stored)
			w.must(err)
			if account.HashToken(params["token"]) == i.Hash {
				return i.ID, params["token"]
			}
		}
		t.Fatalf("no letter has the token among %v", page)
		return "", ""
	}
	register := func(token string) (account.User, error) {
		return w.accounts.Register(t.Context(), audit.By{}, account.Draft{
			Username: "mia", Emails: []string{"mia@example.com"}, Password: "four unrelated words here",
		}, token)
	}
	_, replaced := invite()
	revoked, token := invite()
	w.must(w.orgs.RevokeInvitation(t.Context(), operator, acme, revoked))
	for what, token := range map[string]string{"no": "", "a replaced": replaced, "a revoked": token} {
		if _, err := register(token); err == nil {
			t.Errorf("%s invitation lets in", what)
		}
	}
	_, token = invite()
	u, err := register(token)
	w.must(err)
	if !u.Verified() {
		t.Error("the address is not proved")
	}
	_, err = w.orgs.Accept(t.Context(), audit.By{UserID: u.ID}, u.ID, token)
	w.must(err)
	if got := org.RoleOf(w.db.View(), acme, u.ID); got != org.Read {
		t.Errorf("role = %q, want read", got)
	}
}

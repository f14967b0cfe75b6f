package access_test

import (
	"fmt"
	"testing"
	"time"

	"hexhub/internal/feature/access"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/mail"
	"hexhub/internal/feature/mail/mailtest"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
)

// at returns the user as he acts in a session of his browser.
func (w *world) at(username, session string) access.Actor {
	a := w.as(username)
	a.Via, a.Session = access.Browser, session
	return a
}

// regretted makes a key of jose's and revokes it in the session.
func (w *world) regretted(session, permissions string) (access.Key, string) {
	w.Helper()
	k, secret := w.newKey(w.at("jose", session), w.owner("jose"), "laptop", permissions)
	k, err := w.access.RevokeKey(w.Context(), w.at("jose", session), w.owner("jose"), k.Name)
	w.must(err)
	return k, secret
}

func (w *world) lets(secret string) bool {
	_, err := w.access.Authenticate(w.Context(), secret, "", home, "mix")
	return err == nil
}

// A revocation is whole at once, and is taken back in the session in which it was done.
func TestRevocationIsTakenBack(t *testing.T) {
	w := keyWorld(t, access.Options{})
	session := w.session("jose")
	jose := w.at("jose", session)
	k, secret, err := w.access.CreateKey(t.Context(), jose, w.owner("jose"), access.KeyDraft{Name: "laptop", Permissions: parse("api:read"), RevokeAt: in(time.Hour)})
	w.must(err)
	_, err = w.access.RevokeKey(t.Context(), jose, w.owner("jose"), "laptop")
	w.must(err)
	if w.lets(secret) {
		t.Fatal("the revoked key works")
	}
	if all := access.Regretted(w.db.View(), jose, w.owner("jose"), time.Now()); len(all) != 1 || all[0].ID != k.ID {
		t.Errorf("can be taken back: %+v", all)
	}
	back, err := w.access.UndoRevocation(t.Context(), jose, w.owner("jose"), k.ID)
	w.must(err)
	if back.Name != "laptop" || !back.RevokeAt.Equal(*k.RevokeAt) || back.Regret != nil || !w.lets(secret) {
		t.Errorf("the key is %+v again", back)
	}
	page, _, err := audit.List(t.Context(), w.db.View(), audit.UserRef(w.users["jose"].ID), "", 1)
	w.must(err)
	if page[0].Action != "key.restore" || page[0].By.Username != "jose" || page[0].Params["id"] != k.ID {
		t.Errorf("entry = %+v", page[0])
	}
	if _, err := w.access.UndoRevocation(t.Context(), jose, w.owner("jose"), k.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("a second time: %v", err)
	}
}

func TestOnlyTheSessionThatRevokedTakesItBack(t *testing.T) {
	w := keyWorld(t, access.Options{})
	session := w.session("jose")
	k, secret := w.regretted(session, "api:read")
	ended := w.at("jose", w.session("jose"))
	w.must(w.accounts.EndSession(t.Context(), operator, w.users["jose"].ID, ended.Session))
	for who, a := range map[string]access.Actor{
		"another session": w.at("jose", w.session("jose")), "an ended session": ended, "another user": w.at("mia", session),
		"an administrator": w.at("eva", w.session("eva")), "a password": w.as("jose"), "the machine": access.SystemActor("test"),
		"a key": w.key(w.owner("jose"), "api"), "nobody": {},
	} {
		if _, err := w.access.UndoRevocation(t.Context(), a, w.owner("jose"), k.ID); err == nil {
			t.Errorf("%s took it back", who)
		}
		if all := access.Regretted(w.db.View(), a, w.owner("jose"), time.Now()); len(all) > 0 {
			t.Errorf("%s could take it back", who)
		}
	}
	if _, err := w.access.UndoRevocation(t.Context(), w.at("jose", session), w.owner("mia"), k.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("as a key of another owner: %v", err)
	}
	if w.lets(secret) {
		t.Error("the key works")
	}
}

func TestAfterTenSecondsAKeyStaysRevoked(t *testing.T) {
	w := keyWorld(t, access.Options{})
	session := w.session("jose")
	k, secret := w.regretted(session, "api:read")
	k.Regret.Until = time.Now()
	forge(w, access.Keys, k)
	_, err := w.access.UndoRevocation(t.Context(), w.at("jose", session), w.owner("jose"), k.ID)
	w.wants(err, fault.Conflict, "the key laptop was revoked more than ten seconds ago and stays so; make a new one")
	if w.lets(secret) {
		t.Error("the key works")
	}
}

// A8 What ends all keys ends also those that could have come back.
func TestA8AllKeysStayRevoked(t *testing.T) {
	w := keyWorld(t, access.Options{})
	session := w.session("jose")
	k, _ := w.regretted(session, "api:read")
	w.must(w.db.Update(t.Context(), func(tx *store.Tx) error {
		w.access.RevokeAllTx(tx, operator, w.owner("jose"), time.Now())
		return nil
	}))
	if _, err := w.access.UndoRevocation(t.Context(), w.at("jose", session), w.owner("jose"), k.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("err = %v", err)
	}
}

// A11 Z3 What the owner has lost since, no key brings back; and names that were taken stay taken.
func TestA11WhatWasLostDoesNotComeBack(t *testing.T) {
	w := keyWorld(t, access.Options{})
	session := w.session("jose")
	jose := w.at("jose", session)
	k, _ := w.regretted(session, "repository:acme2")
	w.must(w.orgs.RemoveMember(t.Context(), operator, acme, w.users["jose"].ID))
	if _, err := w.access.UndoRevocation(t.Context(), jose, w.owner("jose"), k.ID); err == nil {
		t.Error("a key for a repository came back to who left it")
	}
	k, _ = w.regretted(session, "api:read")
	w.newKey(jose, w.owner("jose"), "laptop", "api:read")
	back, err := w.access.UndoRevocation(t.Context(), jose, w.owner("jose"), k.ID)
	w.must(err)
	if back.Name != "laptop-2" {
		t.Errorf("it is called %s", back.Name)
	}
}

func TestTheOwnerIsToldOfKeysThatLiveAgain(t *testing.T) {
	w := keyWorld(t, access.Options{})
	session := w.session("jose")
	k, _ := w.regretted(session, "api:read")
	_, err := w.access.UndoRevocation(t.Context(), w.at("jose", session), w.owner("jose"), k.ID)
	w.must(err)
	want := mail.Letter{Kind: mail.KeyRestored, To: []string{"jose@example.com"}, Params: map[string]string{"username": "jose", "key": "laptop"}}
	if got := mailtest.Letters(t, w.mail, ""); len(got) == 0 || fmt.Sprint(got[0]) != fmt.Sprint(want) {
		t.Errorf("letters = %v, want as the newest %v", got, want)
	}
}

package account_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/mail"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
)

// reset asks for another password and returns the mailed token.
func (w *world) reset(u account.User) string {
	w.Helper()
	w.must(w.RequestReset(w.Context(), u.Username.String(), local))
	e, _ := w.again(u).Primary()
	return w.wrote(mail.ResetPassword, e.Address).params["token"]
}

func TestA17ResetEndsWhatTheOldPasswordOpened(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ended []string
		w := newWorld(t, func(o *account.Options) {
			o.OnReset = func(_ *store.Tx, _ audit.By, userID string, _ time.Time) { ended = append(ended, userID) }
		})
		u := w.user("jose")
		d, _ := w.enrol(u)
		_, cookie := w.session(u)
		program := w.oauth(u, "mix")
		token := w.reset(u)
		got, err := w.CheckReset(token)
		w.must(err)
		if got.ID != u.ID {
			t.Errorf("it is the token of %s", got.Username)
		}
		_, err = w.FinishReset(t.Context(), token, "short", local, false)
		if fields(t, err)["password"] == nil {
			t.Errorf("a bad password: %v", err)
		}
		_, err = w.FinishReset(t.Context(), token, another, at("192.0.2.7"), false)
		w.must(err)
		if _, ok := account.LiveSession(w.db.View(), program.ID, time.Now()); ok || w.opens(cookie) {
			t.Error("a session goes on")
		}
		if w.logsIn("jose", good) || !w.logsIn("jose", another) {
			t.Error("the old password is good, or the new one is not")
		}
		if !w.again(u).TwoFactor() {
			t.Error("the second factor was turned off")
		}
		w.must(w.CheckSecondFactor(t.Context(), u.ID, d.code(0), local))
		if !slices.Equal(ended, []string{u.ID}) {
			t.Errorf("keys of %v ended", ended)
		}
		for _, err := range []error{second(w.FinishReset(t.Context(), token, good, local, false)), second(w.CheckReset(token))} {
			wants(t, err, fault.Forbidden, "used already")
		}
		w.wrote(mail.PasswordReset, "jose@example.com")
		time.Sleep(time.Second) // letters of one moment are in no order
		token = w.reset(u)
		_, err = w.FinishReset(t.Context(), token, good, local, true)
		w.must(err)
		if len(ended) != 1 {
			t.Error("keys ended that were to be kept")
		}
		got2 := slices.Sorted(slices.Values(actions(t, w.db, audit.UserRef(u.ID))))
		for _, action := range []string{"password.reset.init", "password.reset.finish", "session.revoke"} {
			if !slices.Contains(got2, action) {
				t.Errorf("%s is not in %v", action, got2)
			}
		}
	})
}

func second[T any](_ T, err error) error { return err }

func TestA17ResetLinksDie(t *testing.T) {
	for what, c := range map[string]struct {
		overtake func(*world, account.User) error
		dead     bool
	}{
		"after almost a day": {func(*world, account.User) error { time.Sleep(24*time.Hour - time.Second); return nil }, false},
		"after a day":        {func(*world, account.User) error { time.Sleep(24 * time.Hour); return nil }, true},
		"after another password": {func(w *world, u account.User) error {
			return w.ChangePassword(w.Context(), by(u), u.ID, account.PasswordChange{Old: good, New: another})
		}, true},
		"when deactivated": {func(w *world, u account.User) error { return w.Deactivate(w.Context(), operator, u.ID) }, true},
		"when removed":     {func(w *world, u account.User) error { return w.Remove(w.Context(), operator, u.ID) }, true},
		"when recovery is blocked": {func(w *world, u account.User) error {
			return w.BlockRecovery(w.Context(), operator, u.ID, true)
		}, true},
		"after another reset": {func(w *world, u account.User) error {
			time.Sleep(time.Minute)
			return second(w.FinishReset(w.Context(), w.reset(u), another, local, false))
		}, true},
		"after it was looked at": {func(w *world, u account.User) error {
			return second(w.CheckReset(w.wrote(mail.ResetPassword, "jose@example.com").params["token"]))
		}, false},
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				u := w.user("jose")
				token := w.reset(u)
				w.must(c.overtake(w, u))
				_, err := w.FinishReset(t.Context(), token, "yet another password", local, false)
				if (err != nil) != c.dead {
					t.Errorf("the link's use: %v, want dead = %t", err, c.dead)
				}
			})
		})
	}
}

func TestA13OneResetTokenOneWinner(t *testing.T) {
	w := newWorld(t)
	u := w.user("jose")
	token := w.reset(u)
	errs := race(1000, func(int) error {
		return second(w.FinishReset(context.Background(), token, another, local, false))
	})
	if won := count(errs); won != 1 {
		t.Errorf("%d of 1000 uses of one token succeeded, want 1", won)
	}
}

// A15: a reset is answered alike, and as quickly, whether there is a user or not.
func TestA15ResetTellsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.user("jose")
		gone := w.user("gone")
		w.must(w.Deactivate(t.Context(), operator, gone.ID))
		for _, login := range []string{"jose", "JOSE@Example.com", "gone", "gone@example.com", "nobody", "nobody@example.com", "", "me", "a b"} {
			w.must(w.RequestReset(t.Context(), login, at("192.0.2.1")))
		}
		if n := w.count(mail.ResetPassword); n != 2 {
			t.Errorf("%d letters, want 2", n)
		}
		for i := range 20 {
			w.must(w.RequestReset(t.Context(), "jose", everywhere(i)))
		}
		if n := w.count(mail.ResetPassword); n != 6 {
			t.Errorf("%d letters within an hour, want 5 for the name and one for the address", n)
		}
		w.must(w.RequestReset(t.Context(), "nobody", at("192.0.2.1")))
		wants(t, w.RequestReset(t.Context(), "nobody", at("192.0.2.1")), fault.Limited, "Too many requests from IP 192.0.2.1")
		time.Sleep(time.Hour)
		w.must(w.RequestReset(t.Context(), "jose", at("192.0.2.1")))
		if n := w.count(mail.ResetPassword); n != 7 {
			t.Errorf("%d letters after an hour, want 7", n)
		}
	})
}

// A15: nor can the time tell: what is done at once is the same for all, and the rest is a job.
func TestA15AskingTakesEquallyLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := emptyWorld(t)
		w.open(func(o *account.Options) { o.Jobs = w.jobs })
		w.user("jose")
		w.register("eva")
		rows := func() (n int) {
			page, err := w.log.Range(t.Context(), "", "zzzz", 0, 1000)
			w.must(err)
			return len(page.Records)
		}
		before := w.count(mail.VerifyEmail)
		for what, ask := range map[string]func(string) error{
			"reset":        func(login string) error { return w.RequestReset(t.Context(), login, local) },
			"confirmation": func(login string) error { return w.ResendConfirmation(t.Context(), login, local) },
		} {
			for _, login := range []string{"jose", "jose@example.com", "eva", "eva@example.com", "nobody", "nobody@example.com"} {
				had := rows()
				w.must(ask(login))
				if got := rows() - had; got != 2 {
					t.Errorf("%s for %s writes %d rows, want a count and a job", what, login, got)
				}
			}
		}
		ctx, stop := context.WithCancel(t.Context())
		go w.jobs.Run(ctx)
		time.Sleep(time.Minute)
		stop()
		synctest.Wait()
		if resets, confirmations := w.count(mail.ResetPassword), w.count(mail.VerifyEmail)-before; resets != 3 || confirmations != 2 {
			t.Errorf("%d letters for resets and %d for confirmations, want 3 and 2", resets, confirmations)
		}
		if token := w.wrote(mail.ResetPassword, "jose@example.com").params["token"]; second(w.CheckReset(token)) != nil {
			t.Error("the mailed link is no good")
		}
	})
}

// A stranger who asks again and again does not end the link that the user waits for.
func TestSeveralResetLinksAreGood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		u := w.user("jose")
		first := w.reset(u)
		for range 4 {
			time.Sleep(time.Minute)
			w.must(w.RequestReset(t.Context(), "jose", everywhere(1)))
		}
		w.must(second(w.FinishReset(t.Context(), first, another, local, false)))
	})
}

// A19: where an address may be somebody else's by now, reading its mail is not enough.
func TestA19RecoveryByMailCanBeBlocked(t *testing.T) {
	w := newWorld(t)
	u := w.user("jose")
	w.must(w.BlockRecovery(t.Context(), operator, u.ID, true))
	w.must(w.RequestReset(t.Context(), "jose", local))
	if n := w.count(mail.ResetPassword); n != 0 {
		t.Error("a link was mailed all the same")
	}
	token, until, err := w.IssueReset(t.Context(), operator, u.ID)
	w.must(err)
	if left := time.Until(until); left > 24*time.Hour || left < 23*time.Hour {
		t.Errorf("the administrator's link is good for %v", left)
	}
	w.must(second(w.FinishReset(t.Context(), token, another, local, false)))
	w.must(w.BlockRecovery(t.Context(), operator, u.ID, false))
	w.must(w.RequestReset(t.Context(), "jose", local))
	w.wrote(mail.ResetPassword, "jose@example.com")
}

func TestResetProvesTheAddressItWasMailedTo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		u, _ := w.register("jose")
		w.must(second(w.FinishReset(t.Context(), w.reset(u), another, local, false)))
		if !w.again(u).Verified() {
			t.Error("who read the mail has not proved to")
		}
		eva, _ := w.register("eva")
		bob := w.user("bob")
		w.must(w.AddEmail(t.Context(), by(bob), bob.ID, "eva@example.com"))
		w.must(w.VerifyEmail(t.Context(), operator, bob.ID, "eva@example.com"))
		w.must(w.RequestReset(t.Context(), "eva", local))
		if n := w.count(mail.ResetPassword); n != 1 {
			t.Error("a link into one account was mailed to the user of another")
		}
		token, _, err := w.IssueReset(t.Context(), operator, eva.ID)
		w.must(err)
		w.must(second(w.FinishReset(t.Context(), token, another, local, false)))
		if w.again(eva).Verified() {
			t.Error("a link that an administrator handed over proved an address")
		}
	})
}

func TestChangingAPassword(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := 0
		w := newWorld(t, func(o *account.Options) {
			o.OnReset = func(*store.Tx, audit.By, string, time.Time) { ended++ }
		})
		u := w.user("jose")
		s, cookie := w.session(u)
		_, other := w.session(u)
		change := func(old, new string, endKeys bool) error {
			return w.ChangePassword(t.Context(), by(u), u.ID, account.PasswordChange{Old: old, New: new, SessionID: s.ID, EndKeys: endKeys})
		}
		for range 5 {
			if got := fields(t, change("wrong password", another, true))["password_current"]; got != "is invalid" {
				t.Errorf("a wrong password: %v", got)
			}
		}
		wants(t, change(good, another, true), fault.Limited, "Too many failed attempts")
		time.Sleep(15 * time.Minute)
		if fields(t, change(good, "password1", true))["password"] == nil {
			t.Error("a bad password is taken")
		}
		w.must(change(good, another, false))
		if !w.opens(cookie) || w.opens(other) {
			t.Errorf("this session opens %t, another one %t", w.opens(cookie), w.opens(other))
		}
		if w.logsIn("jose", good) || !w.logsIn("jose", another) || ended != 0 {
			t.Errorf("old %t, new %t, keys ended %d times", w.logsIn("jose", good), w.logsIn("jose", another), ended)
		}
		w.wrote(mail.PasswordChanged, "jose@example.com")
		w.must(change(another, good, true))
		if ended != 1 {
			t.Error("keys that were to end go on")
		}
	})
}

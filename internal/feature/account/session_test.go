package account_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
)

func (w *world) opens(cookie string) bool {
	_, _, ok := w.Open(cookie, local)
	return ok
}

// oauth begins a session of a program.
func (w *world) oauth(u account.User, name string) (s account.Session) {
	w.Helper()
	w.must(w.db.Update(w.Context(), func(tx *store.Tx) error {
		s = w.StartSessionTx(tx, by(u), account.Session{UserID: u.ID, Kind: account.OAuth, Name: name, Client: "hex"}, time.Now())
		return nil
	}))
	return s
}

// run has what is noted written down until the test ends.
func (w *world) run(t *testing.T) {
	done := make(chan error)
	ctx, stop := context.WithCancel(t.Context())
	go func() { done <- w.Run(ctx) }()
	t.Cleanup(func() { stop(); <-done })
}

func TestCookieOpensItsSession(t *testing.T) {
	w := newWorld(t)
	u := w.user("jose")
	s, cookie := w.session(u)
	got, session, ok := w.Open(cookie, local)
	if !ok || got.ID != u.ID || session.ID != s.ID || session.Hash == "" || !session.Sudo(time.Now()) {
		t.Fatalf("opened %v %+v %+v", ok, got, session)
	}
	sessionID, secret, _ := strings.Cut(cookie, ".")
	if len(secret) != 52 || strings.Contains(session.Hash, secret) {
		t.Errorf("secret %q", secret)
	}
	other, _ := w.session(w.user("eva"))
	for what, bad := range map[string]string{
		"nothing": "", "the id alone": sessionID, "no secret": sessionID + ".", "the hash": sessionID + "." + session.Hash,
		"the secret in capitals": sessionID + "." + strings.ToUpper(secret), "of another session": other.ID + "." + secret, "the secret alone": secret,
		"a path": "../" + cookie, "a program's": w.oauth(u, "mix").ID + ".",
	} {
		if w.opens(bad) {
			t.Errorf("%s opens a session", what)
		}
	}
}

// W8: a new login never has a secret that was known before, and proving again who one is ends copies of
// the old one; logging out ends the session here, and not in the browser only.
func TestW8SecretsAreNewAndEndHere(t *testing.T) {
	w := newWorld(t)
	u := w.user("jose")
	_, first := w.session(u)
	s, second := w.session(u)
	if first == second {
		t.Fatal("two logins have one secret")
	}
	third, err := w.Sudo(t.Context(), u.ID, s.ID, good, local)
	w.must(err)
	if w.opens(second) || !w.opens(third) || !w.opens(first) {
		t.Errorf("after sudo the old secret opens %t, the new one %t", w.opens(second), w.opens(third))
	}
	w.must(w.EndSession(t.Context(), by(u), u.ID, s.ID))
	if w.opens(third) || !w.opens(first) {
		t.Error("logging out ended nothing, or too much")
	}
	wants(t, w.EndSession(t.Context(), by(u), u.ID, s.ID), fault.NotFound, "there is no such session")
}

func TestW9SessionsEndByThemselves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.run(t)
		u := w.user("jose")
		s, cookie := w.session(u)
		_, idle := w.session(u)
		program := w.oauth(u, "mix")
		if at := time.Now(); !s.Sudo(at.Add(10*time.Minute-time.Second)) || s.Sudo(at.Add(10*time.Minute)) {
			t.Error("sudo does not last ten minutes")
		}
		for day := range 30 {
			if day == 6 && !w.opens(idle) {
				t.Error("a session ends after six days without use")
			}
			if !w.opens(cookie) {
				t.Fatalf("a session in use ends on day %d", day)
			}
			time.Sleep(24 * time.Hour)
		}
		if w.opens(cookie) {
			t.Error("a session lives for more than 30 days")
		}
		if w.opens(idle) {
			t.Error("an idle session lives for more than 7 days")
		}
		if _, ok := account.LiveSession(w.db.View(), program.ID, time.Now()); ok {
			t.Error("a program's session lives for more than 30 days")
		}
		if got := account.SessionsOf(w.db.View(), u.ID); len(got) != 0 {
			t.Errorf("listed: %v", got)
		}
	})
}

func TestProgramsMayRestForDays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		s := w.oauth(w.user("jose"), "mix")
		time.Sleep(29 * 24 * time.Hour)
		if _, ok := account.LiveSession(w.db.View(), s.ID, time.Now()); !ok {
			t.Error("a program that was not used for a month must log in again too early")
		}
	})
}

func TestUsesAreWrittenAtMostEveryFiveMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.run(t)
		s, cookie := w.session(w.user("jose"))
		start := time.Now()
		used := func() time.Duration {
			time.Sleep(time.Minute)
			u, _ := account.SessionUses.Get(w.db.View(), s.ID)
			return u.At.Sub(start)
		}
		for i := range 11 {
			w.opens(cookie)
			if got, want := used(), time.Duration(i/5)*5*time.Minute; got != want {
				t.Errorf("in minute %d the last use is at %v, want %v", i, got, want)
			}
		}
		u, _ := account.SessionUses.Get(w.db.View(), s.ID)
		if u.IP != "127.0.0.1" || u.UserAgent != "test" {
			t.Errorf("use = %+v", u)
		}
	})
}

func TestOneSessionTooManyEndsTheLeastUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.run(t)
		w.rules.MaxSessions = 3
		u := w.user("jose")
		_, first := w.session(u)
		time.Sleep(time.Hour)
		second := w.oauth(u, "laptop")
		time.Sleep(time.Hour)
		_, third := w.session(u)
		time.Sleep(time.Hour)
		w.opens(first)
		time.Sleep(time.Hour)
		for i := range 20 {
			w.oauth(u, fmt.Sprint("build ", i))
			w.opens(first)
			time.Sleep(6 * time.Minute)
		}
		if _, ok := account.LiveSession(w.db.View(), second.ID, time.Now()); ok || w.opens(third) {
			t.Error("an unused session outlives a used one")
		}
		if !w.opens(first) {
			t.Error("the session that is used most was ended")
		}
		if n := len(account.SessionsOf(w.db.View(), u.ID)); n != 3 {
			t.Errorf("%d sessions, want 3", n)
		}
	})
}

func TestSessionsStayWithinTheMostUnderRaces(t *testing.T) {
	w := newWorld(t)
	w.rules.MaxSessions = 5
	u := w.user("jose")
	race(50, func(int) error {
		_, _, err := w.StartSession(context.Background(), by(u), u.ID, "", "")
		return err
	})
	if n := len(account.SessionsOf(w.db.View(), u.ID)); n != 5 {
		t.Errorf("%d sessions, want 5", n)
	}
}

// Z11: whose session it is is asked, not only which.
func TestZ11SessionsOfOthersAreNotThere(t *testing.T) {
	w := newWorld(t)
	eva, bob := w.user("eva"), w.user("bob")
	s, cookie := w.session(eva)
	wants(t, w.EndSession(t.Context(), by(bob), bob.ID, s.ID), fault.NotFound, "there is no such session")
	if _, err := w.Sudo(t.Context(), bob.ID, s.ID, good, local); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("sudo in somebody else's session: %v", err)
	}
	if !w.opens(cookie) {
		t.Error("the session ended all the same")
	}
}

// Z3: with the account all that it opened ends, at once.
func TestZ3SessionsEndWithTheAccount(t *testing.T) {
	for what, end := range map[string]func(*world, account.User) error{
		"deactivated":    func(w *world, u account.User) error { return w.Deactivate(w.Context(), operator, u.ID) },
		"removed":        func(w *world, u account.User) error { return w.Remove(w.Context(), operator, u.ID) },
		"given password": func(w *world, u account.User) error { return w.SetPassword(w.Context(), operator, u.ID, another) },
		"all ended":      func(w *world, u account.User) error { return w.EndSessions(w.Context(), by(u), u.ID, "") },
	} {
		t.Run(what, func(t *testing.T) {
			w := newWorld(t)
			u := w.user("jose")
			_, cookie := w.session(u)
			program := w.oauth(u, "mix")
			_, others := w.session(w.user("eva"))
			w.must(end(w, u))
			if _, ok := account.LiveSession(w.db.View(), program.ID, time.Now()); ok || w.opens(cookie) {
				t.Error("a session goes on")
			}
			if !w.opens(others) {
				t.Error("somebody else's session ended, too")
			}
			if what == "deactivated" {
				w.must(w.Reactivate(t.Context(), operator, u.ID))
				if w.opens(cookie) {
					t.Error("the session comes back with the account")
				}
			}
		})
	}
}

func TestAllOtherSessionsAreEnded(t *testing.T) {
	w := newWorld(t)
	u := w.user("jose")
	keep, cookie := w.session(u)
	for range 3 {
		w.session(u)
	}
	w.must(w.EndSessions(t.Context(), by(u), u.ID, keep.ID))
	if got := account.SessionsOf(w.db.View(), u.ID); len(got) != 1 || got[0].ID != keep.ID || !w.opens(cookie) {
		t.Errorf("left: %v", got)
	}
	got := slices.Sorted(slices.Values(actions(t, w.db, audit.UserRef(u.ID))))
	if want := []string{"session.create", "session.create", "session.create", "session.create", "session.revoke", "user.create"}; !slices.Equal(got, want) {
		t.Errorf("audit = %v", got)
	}
}

func TestSudoTakesPasswordCodeOrRecoveryCode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		u := w.user("jose")
		d, codes := w.enrol(u)
		s, _ := w.session(u)
		time.Sleep(time.Hour)
		for what, proof := range map[string]func() string{
			"password": func() string { return good }, "code": func() string { return d.code(0) }, "recovery code": func() string { return codes[0] },
		} {
			cookie, err := w.Sudo(t.Context(), u.ID, s.ID, proof(), local)
			w.must(err)
			if _, now, ok := w.Open(cookie, local); !ok || !now.Sudo(time.Now()) {
				t.Errorf("%s: sudo = %t, %t", what, now.Sudo(time.Now()), ok)
			}
			time.Sleep(10 * time.Minute)
			if _, now, _ := w.Open(cookie, local); now.Sudo(time.Now()) {
				t.Errorf("%s: sudo lasts for more than ten minutes", what)
			}
		}
		_, err := w.Sudo(t.Context(), u.ID, s.ID, codes[0], local)
		wants(t, err, fault.Unauthenticated, "invalid password") // it is no code any more
		if _, err := w.Sudo(t.Context(), u.ID, w.oauth(u, "mix").ID, good, local); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("a program's session: %v", err)
		}
	})
}

func TestSudoIsThrottledForPasswordsAndForCodes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		u := w.user("jose")
		d, codes := w.enrol(u)
		s, _ := w.session(u)
		sudo := func(proof string) error {
			_, err := w.Sudo(t.Context(), u.ID, s.ID, proof, local)
			return err
		}
		for range 5 {
			wants(t, sudo("wrong password"), fault.Unauthenticated, "invalid password")
		}
		wants(t, sudo(good), fault.Limited, "Too many failed attempts")
		for range 5 {
			wantsWrongCode(t, "wrong code", sudo("000000"))
		}
		for _, right := range []string{d.code(0), codes[0]} {
			wants(t, sudo(right), fault.Limited, "Too many failed")
		}
		time.Sleep(15 * time.Minute)
		w.must(sudo(d.code(0)))
		w.must(sudo(good))
	})
}

func TestNobodyStartsASessionOfSomebodyWhoIsShutOut(t *testing.T) {
	w := newWorld(t)
	u := w.user("jose")
	w.must(w.Deactivate(t.Context(), operator, u.ID))
	for _, userID := range []string{u.ID, "nobody"} {
		if _, _, err := w.StartSession(t.Context(), by(u), userID, "", ""); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: %v", userID, err)
		}
	}
}

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
	"hexhub/internal/kernel/fault"
)

// guesses tries logins one after another and tells how many were compared, before others were refused.
func (w *world) guesses(n int, login func(i int) string, from func(i int) account.Origin) (compared int) {
	w.Helper()
	for i := range n {
		_, err := w.Login(w.Context(), login(i), "wrong "+good, from(i))
		switch fault.Of(err) {
		case fault.Unauthenticated:
			compared++
		case fault.Limited:
		default:
			w.Fatalf("guess %d: %v", i, err)
		}
	}
	return compared
}

func everywhere(i int) account.Origin { return at(fmt.Sprintf("198.51.%d.%d", 100+i/250, 1+i%250)) }

func jose(int) string { return "jose" }

func TestA1GuessesFromOneAddressAreFew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.user("jose")
		for i, from := range []func(int) account.Origin{
			func(int) account.Origin { return at("192.0.2.1") },
			func(i int) account.Origin { return at(fmt.Sprintf("2001:db8::%x", i+1)) }, // A2: a /64 is one address
		} {
			if got := w.guesses(500, func(n int) string { return fmt.Sprint("user", n) }, from); got != 10 {
				t.Errorf("%d: %d of 500 guesses were compared, want 10", i, got)
			}
			_, err := w.Login(t.Context(), "jose", good, from(0))
			wants(t, err, fault.Limited, "Too many failed logins from IP "+from(0).IP.String())
		}
		time.Sleep(15 * time.Minute)
		if _, err := w.Login(t.Context(), "jose", good, at("192.0.2.1")); err != nil {
			t.Errorf("after the window: %v", err)
		}
	})
}

func TestA1GuessesAtOnceAreNoMoreThanInTurn(t *testing.T) {
	w := newWorld(t, func(o *account.Options) { o.Hashes = 1 })
	w.user("jose")
	errs := race(500, func(int) error {
		_, err := w.Login(context.Background(), "jose", "wrong", at("192.0.2.1"))
		return err
	})
	compared := 0
	for _, err := range errs {
		if fault.Is(err, fault.Unauthenticated) {
			compared++
		}
	}
	if compared != 10 {
		t.Errorf("%d of 500 guesses at once were compared, want 10", compared)
	}
}

// Nobody is locked out: who guesses from everywhere is slowed down, and so is who has the password, unless he
// comes from where he has been before.
func TestA1StrangersSlowAnAccountDownButDoNotLockIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		u := w.user("jose")
		home, hotel := at("203.0.113.7"), at("203.0.113.200")
		if _, err := w.Login(t.Context(), "jose", good, home); err != nil {
			t.Fatal(err)
		}
		if got := w.guesses(500, jose, everywhere); got != 21 {
			t.Errorf("%d of 500 guesses at one user were compared, want 20 and one more", got)
		}
		if _, err := w.Login(t.Context(), "jose", good, home); err != nil {
			t.Errorf("from home: %v", err)
		}
		_, err := w.Login(t.Context(), "jose", good, hotel)
		wants(t, err, fault.Limited, "Too many failed logins for this account")
		time.Sleep(20 * time.Second)
		if _, err := w.Login(t.Context(), "jose", good, hotel); err != nil {
			t.Errorf("from elsewhere, a little later: %v", err)
		}
		w.guesses(100, jose, func(i int) account.Origin { return everywhere(i + 250) })
		if _, err := w.Login(t.Context(), "jose", good, hotel); err != nil {
			t.Errorf("from where he has been now: %v", err)
		}
		if got := w.guesses(100, jose, func(int) account.Origin { return home }); got != 10 {
			t.Errorf("%d guesses from home were compared, want 10", got)
		}
		elsewhere := at("203.0.113.99")
		w.must(w.RequestReset(t.Context(), "jose", elsewhere))
		token := w.wrote("reset-password", "jose@example.com").params["token"]
		if _, err := w.FinishReset(t.Context(), token, another, elsewhere, false); err != nil {
			t.Fatal(err)
		}
		w.guesses(100, jose, everywhere)
		if _, err := w.Login(t.Context(), "jose", another, elsewhere); err != nil {
			t.Errorf("from where he chose another password: %v", err)
		}
		if !w.again(u).Active() {
			t.Error("the account was deactivated")
		}
	})
}

func TestA1OnePasswordForAllUsersIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.user("jose")
		if got := w.guesses(500, func(i int) string { return fmt.Sprint("user", i) }, everywhere); got != 301 {
			t.Errorf("%d of 500 guesses at 500 users from 500 addresses were compared, want 300 and one more", got)
		}
		_, err := w.Login(t.Context(), "jose", good, at("203.0.113.7"))
		wants(t, err, fault.Limited, "Too many failed logins on this server")
		time.Sleep(time.Second)
		if _, err := w.Login(t.Context(), "jose", good, at("203.0.113.7")); err != nil {
			t.Errorf("a second later: %v", err)
		}
	})
}

// A15: users that are not there are throttled as those that are, and in the same words.
func TestA15ThrottlesTellNobodyApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.user("jose")
		said := map[string][]string{}
		for _, login := range []string{"jose", "JOSE@example.com", "nobody", "nobody@example.com"} {
			for i := range 30 {
				_, err := w.Login(t.Context(), login, "wrong", everywhere(i))
				said[login] = append(said[login], fmt.Sprint(err))
			}
		}
		for login, words := range said {
			if !slices.Equal(words, said["jose"]) {
				t.Errorf("%s is told %q", login, words)
			}
		}
	})
}

// A20: what somebody types as a name may be a password, so not even its hash is kept.
func TestA20NamesThatWereTypedAreNotKept(t *testing.T) {
	w := newWorld(t)
	secret := "correct-horse-battery"
	_, err := w.Login(t.Context(), secret, "wrong", at("192.0.2.1"))
	wants(t, err, fault.Unauthenticated, refusal)
	w.must(w.RequestReset(t.Context(), secret, at("192.0.2.1")))
	w.must(w.ResendConfirmation(t.Context(), secret, at("192.0.2.1")))
	page, err := w.log.Range(t.Context(), "", "zzzz", 0, 1000)
	w.must(err)
	if len(page.Records) == 0 {
		t.Fatal("nothing was counted")
	}
	for _, r := range page.Records {
		if s := r.Key + string(r.Value); strings.Contains(s, secret) || strings.Contains(s, account.HashToken(secret)) {
			t.Errorf("%s holds what was typed: %s", r.Key, r.Value)
		}
	}
}

func TestThisMachineIsNotCountedUnlessAsked(t *testing.T) {
	for _, counted := range []bool{false, true} {
		w := newWorld(t, func(o *account.Options) { o.LimitLoopback = counted })
		w.user("jose")
		if got := w.guesses(50, jose, func(int) account.Origin { return local }); (got == 10) != counted {
			t.Errorf("LimitLoopback %t: %d of 50 guesses were compared", counted, got)
		}
	}
}

// What was hashed at a lower cost is hashed anew, once, after the right password only.
func TestOldHashesAreRaisedAtLogin(t *testing.T) {
	w := newWorld(t)
	u := w.user("jose")
	weak := u.Password
	dearer := account.New(w.db, account.Options{Cost: account.Cost{Memory: 16, Passes: 2, Lanes: 1}})
	if _, err := dearer.Login(t.Context(), "jose", "wrong", local); err == nil {
		t.Fatal("a wrong password logs in")
	}
	if w.again(u).Password != weak {
		t.Error("a wrong password changed the hash")
	}
	for range 2 {
		if _, err := dearer.Login(t.Context(), "jose", good, local); err != nil {
			t.Fatal(err)
		}
	}
	raised := w.again(u).Password
	if raised == weak || !strings.HasPrefix(string(raised), "$argon2id$v=19$m=16,t=2,p=1$") {
		t.Errorf("the hash is still %q", string(raised))
	}
	if !w.logsIn("jose", good) || w.again(u).Password != raised {
		t.Error("a cheaper server does not take the hash, or lowers it")
	}
}

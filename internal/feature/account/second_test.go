package account_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"regexp"
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

// A device shows codes, as the app of a user does. It is written apart from what it tests.
type device struct{ secret []byte }

func newDevice(t testing.TB, e account.Enrolment) device {
	t.Helper()
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(e.Secret)
	if err != nil || len(secret) != 20 {
		t.Fatalf("secret %q is not 160 bits: %v", e.Secret, err)
	}
	return device{secret}
}

// code is what the device shows so many steps from now.
func (d device) code(steps int64) string {
	var message [8]byte
	binary.BigEndian.PutUint64(message[:], uint64(time.Now().Unix()/30+steps))
	mac := hmac.New(sha1.New, d.secret)
	mac.Write(message[:])
	sum := mac.Sum(nil)
	o := sum[len(sum)-1] & 15
	return fmt.Sprintf("%06d", (binary.BigEndian.Uint32(sum[o:])&(1<<31-1))%1e6)
}

// enrol gives the user a second factor, half a minute ago so that no code of now is used.
func (w *world) enrol(u account.User) (device, []string) {
	w.Helper()
	s, _ := w.session(u)
	e, err := w.StartTOTP(w.Context(), u.ID, s.ID)
	w.must(err)
	d := newDevice(w, e)
	codes, err := w.ConfirmTOTP(w.Context(), by(u), u.ID, s.ID, d.code(0), local)
	w.must(err)
	time.Sleep(time.Minute)
	return d, codes
}

func wantsWrongCode(t *testing.T, what string, err error) {
	t.Helper()
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.Kind != fault.Unauthenticated || f.Code != "invalid_totp" || f.Message != "Invalid two-factor authentication code" {
		t.Errorf("%s: %v, want invalid_totp", what, err)
	}
}

// Apps list a code under the name that the operator gave the server, as soon as he gave it.
func TestCodesAreListedUnderTheOperatorsName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		named := ""
		w := newWorld(t, func(o *account.Options) {
			o.Issuer, o.Named = "acme", func(store.Reader) string { return named }
		})
		u := w.user("jose")
		s, _ := w.session(u)
		_, err := w.StartTOTP(t.Context(), u.ID, s.ID)
		w.must(err)
		for _, want := range []string{"acme", "Acme & Sons"} {
			e, err := w.Enrolment(u.ID, s.ID)
			w.must(err)
			uri, err := url.Parse(e.URI)
			w.must(err)
			if uri.Path != "/"+want+":jose" || uri.Query().Get("issuer") != want {
				t.Errorf("URI = %s, want %s", e.URI, want)
			}
			named = "Acme & Sons"
		}
	})
}

func TestSecondFactorIsConfirmedWithACode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(o *account.Options) { o.Issuer = "acme hub" })
		u := w.user("jose")
		s, _ := w.session(u)
		e, err := w.StartTOTP(t.Context(), u.ID, s.ID)
		w.must(err)
		uri, err := url.Parse(e.URI)
		w.must(err)
		if q := uri.Query(); uri.Scheme != "otpauth" || uri.Host != "totp" || uri.Path != "/acme hub:jose" || q.Get("secret") != e.Secret || q.Get("issuer") != "acme hub" || strings.Contains(e.URI, "+") {
			t.Errorf("URI = %s", e.URI)
		}
		if again, err := w.Enrolment(u.ID, s.ID); err != nil || again != e {
			t.Errorf("looked at again it is %v, %v", again, err)
		}
		_, err = w.ConfirmTOTP(t.Context(), by(u), u.ID, s.ID, "000000", local)
		wantsWrongCode(t, "a wrong code", err)
		if w.again(u).TwoFactor() {
			t.Fatal("a wrong code turned the second factor on")
		}
		d := newDevice(t, e)
		codes, err := w.ConfirmTOTP(t.Context(), by(u), u.ID, s.ID, d.code(0), local)
		w.must(err)
		form := regexp.MustCompile(`^[0-9a-v]{4}(-[0-9a-v]{4}){3}$`)
		seen := map[string]bool{}
		for _, c := range codes {
			if seen[c] = true; !form.MatchString(c) {
				t.Errorf("recovery code %q", c)
			}
		}
		if now := w.again(u); len(seen) != 10 || now.RecoveryCodes() != 10 || !now.TwoFactor() {
			t.Errorf("%d recovery codes, %d kept, two factors %t", len(seen), now.RecoveryCodes(), now.TwoFactor())
		}
		wantsWrongCode(t, "A7 the code that confirmed", w.CheckSecondFactor(t.Context(), u.ID, d.code(0), local))
		_, err = w.ConfirmTOTP(t.Context(), by(u), u.ID, s.ID, d.code(1), local)
		wants(t, err, fault.Conflict, "nothing is waiting")
		w.wrote("two-factor-enabled", "jose@example.com")
		w.must(w.DisableTOTP(t.Context(), by(u), u.ID))
		w.wrote("two-factor-disabled", "jose@example.com")
		wantsWrongCode(t, "after it was turned off", w.CheckSecondFactor(t.Context(), u.ID, d.code(1), local))
	})
}

// A6: what was offered in one session is never seen, nor confirmed, in another.
func TestA6EnrolmentBelongsToUserAndSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		eva, bob := w.user("eva"), w.user("bob")
		first, _ := w.session(eva)
		e, err := w.StartTOTP(t.Context(), eva.ID, first.ID)
		w.must(err)
		d := newDevice(t, e)
		second, _ := w.session(eva)
		other, _ := w.session(bob)
		for what, c := range map[string]struct {
			u account.User
			s account.Session
		}{"another session": {eva, second}, "another user": {bob, other}, "another user in the session": {bob, first}} {
			if _, err := w.Enrolment(c.u.ID, c.s.ID); err == nil {
				t.Errorf("%s is shown the secret", what)
			}
			_, err := w.ConfirmTOTP(t.Context(), by(c.u), c.u.ID, c.s.ID, d.code(0), local)
			wants(t, err, fault.Conflict, "nothing is waiting")
		}
		if _, err := w.StartTOTP(t.Context(), bob.ID, first.ID); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("a session of somebody else: %v", err)
		}
		fresh, err := w.StartTOTP(t.Context(), bob.ID, other.ID)
		w.must(err)
		if fresh.Secret == e.Secret {
			t.Error("the next user is offered the same secret")
		}
		w.must(w.EndSession(t.Context(), by(eva), eva.ID, first.ID))
		_, err = w.ConfirmTOTP(t.Context(), by(eva), eva.ID, first.ID, d.code(0), local)
		wants(t, err, fault.Unauthenticated, "the session has ended")
		late, err := w.StartTOTP(t.Context(), eva.ID, second.ID)
		w.must(err)
		time.Sleep(15 * time.Minute)
		_, err = w.ConfirmTOTP(t.Context(), by(eva), eva.ID, second.ID, newDevice(t, late).code(0), local)
		wants(t, err, fault.Conflict, "more than 15 minutes")
	})
}

func TestA7CodesAreUsedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		u := w.user("jose")
		d, _ := w.enrol(u)
		check := func(code string) error { return w.CheckSecondFactor(t.Context(), u.ID, code, local) }
		w.must(check(" " + d.code(0)[:3] + " " + d.code(0)[3:]))
		for what, code := range map[string]string{"again": d.code(0), "with spaces": d.code(0)[:3] + " " + d.code(0)[3:], "an older one": d.code(-1), "two steps ahead": d.code(2)} {
			wantsWrongCode(t, what, check(code))
		}
		w.must(check(d.code(1)))
		time.Sleep(30 * time.Second)
		wantsWrongCode(t, "one that was used ahead of time", check(d.code(0)))
		time.Sleep(time.Minute)
		w.must(check(d.code(-1)))
		wantsWrongCode(t, "of another user", w.CheckSecondFactor(t.Context(), w.user("eva").ID, d.code(0), local))
	})
}

// mix sends one code with several requests, so a program may show its last one again; nobody else may.
func TestA7OnlyTheSameProgramShowsItsCodeAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		u := w.user("jose")
		d, codes := w.enrol(u)
		first, old := d.code(0), d.code(-1)
		for range 8 {
			w.must(w.CheckCode(t.Context(), u.ID, first, "laptop", local))
		}
		wantsWrongCode(t, "another program", w.CheckCode(t.Context(), u.ID, first, "build", local))
		wantsWrongCode(t, "a login", w.CheckSecondFactor(t.Context(), u.ID, first, local))
		wantsWrongCode(t, "an older code", w.CheckCode(t.Context(), u.ID, old, "laptop", local))
		wantsWrongCode(t, "a recovery code", w.CheckCode(t.Context(), u.ID, codes[0], "laptop", local))
		w.must(w.CheckCode(t.Context(), u.ID, d.code(1), "build", local))
		wantsWrongCode(t, "one before that of another program", w.CheckCode(t.Context(), u.ID, first, "laptop", local))
		time.Sleep(time.Minute)
		w.must(w.CheckCode(t.Context(), u.ID, d.code(0), "laptop", local))
		kept := d.code(0)
		time.Sleep(time.Minute)
		wantsWrongCode(t, "when it is no longer current", w.CheckCode(t.Context(), u.ID, kept, "laptop", local))
		w.must(w.CheckSecondFactor(t.Context(), u.ID, d.code(0), local))
		wantsWrongCode(t, "one that logged somebody in", w.CheckCode(t.Context(), u.ID, d.code(0), "laptop", local))
	})
}

func TestA13OneOfManyUsesOfACodeWins(t *testing.T) {
	w := newWorld(t)
	jose, eva := w.user("jose"), w.user("eva")
	for _, u := range []account.User{jose, eva} {
		s, _ := w.session(u)
		e, err := w.StartTOTP(t.Context(), u.ID, s.ID)
		w.must(err)
		d := newDevice(t, e)
		confirmed := race(1000, func(int) error {
			_, err := w.ConfirmTOTP(context.Background(), by(u), u.ID, s.ID, d.code(0), local)
			return err
		})
		if won := count(confirmed); won != 1 {
			t.Errorf("%d confirmations of one enrolment succeeded, want 1", won)
		}
		codes, err := w.RotateRecoveryCodes(t.Context(), by(u), u.ID)
		w.must(err)
		for what, code := range map[string]string{"code": d.code(1), "recovery code": codes[3]} {
			errs := race(1000, func(int) error { return w.CheckSecondFactor(context.Background(), u.ID, code, local) })
			if won := count(errs); won != 1 {
				t.Errorf("%d of 1000 uses of one %s succeeded, want 1", won, what)
			}
			w.forgive()
		}
		if left := w.again(u).RecoveryCodes(); left != 9 {
			t.Errorf("%d recovery codes are left, want 9", left)
		}
	}
}

func TestRecoveryCodesWorkOnceAndUntilTheyAreRotated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		u := w.user("jose")
		_, codes := w.enrol(u)
		check := func(code string) error { return w.CheckSecondFactor(t.Context(), u.ID, code, local) }
		w.must(check(strings.ToUpper(strings.ReplaceAll(codes[0], "-", " "))))
		wantsWrongCode(t, "again", check(codes[0]))
		wantsWrongCode(t, "of another user", w.CheckSecondFactor(t.Context(), w.user("eva").ID, codes[1], local))
		fresh, err := w.RotateRecoveryCodes(t.Context(), by(u), u.ID)
		w.must(err)
		wantsWrongCode(t, "one of before", check(codes[1]))
		w.must(check(fresh[9]))
		if left := w.again(u).RecoveryCodes(); left != 9 {
			t.Errorf("%d are left, want 9", left)
		}
		w.wrote("recovery-codes-rotated", "jose@example.com")
		_, err = w.RotateRecoveryCodes(t.Context(), operator, w.user("bob").ID)
		wants(t, err, fault.Conflict, "two-factor authentication is off")
		want := []string{"security.rotate_recovery_codes", "security.update", "security.use_recovery_code", "security.use_recovery_code", "session.create", "user.create"}
		if got := slices.Sorted(slices.Values(actions(t, w.db, audit.UserRef(u.ID)))); !slices.Equal(got, want) {
			t.Errorf("audit = %v, want %v", got, want)
		}
	})
}

func TestWrongCodesAreThrottled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		u, eva := w.user("jose"), w.user("eva")
		d, codes := w.enrol(u)
		other, _ := w.enrol(eva)
		until := func(most int, check func(code string) error) {
			t.Helper()
			for i := range most {
				wantsWrongCode(t, fmt.Sprint("guess ", i), check("000000"))
			}
			wants(t, check("000000"), fault.Limited, "Too many failed two-factor authentication attempts. Please try again later.")
		}
		from := at("192.0.2.1")
		until(5, func(code string) error { return w.CheckSecondFactor(t.Context(), u.ID, code, at("192.0.2.2")) })
		for _, right := range []string{d.code(0), codes[0]} {
			wants(t, w.CheckSecondFactor(t.Context(), u.ID, right, at("192.0.2.3")), fault.Limited, "Too many failed")
		}
		until(5, func(code string) error { return w.CheckCode(t.Context(), u.ID, code, "laptop", at("192.0.2.2")) })
		w.must(w.CheckCode(t.Context(), u.ID, d.code(0), "build", from)) // each program by itself
		n := 0
		until(20, func(code string) error {
			n++
			return w.CheckCode(t.Context(), eva.ID, code, fmt.Sprint("program ", n), from)
		})
		w.must(w.CheckCode(t.Context(), eva.ID, other.code(0), "program", at("192.0.2.4")))
		time.Sleep(15 * time.Minute)
		w.must(w.CheckSecondFactor(t.Context(), u.ID, d.code(0), from))
	})
}

func TestSecondStepOfALogin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		d, codes := w.enrol(w.user("jose"))
		owe := func() string {
			u, err := w.Login(t.Context(), "jose", good, at("192.0.2.9"))
			w.must(err)
			if !u.TwoFactor() {
				t.Fatal("the password alone does")
			}
			token, err := w.OweSecondFactor(t.Context(), u)
			w.must(err)
			return token
		}
		finish := func(token, code string) error {
			u, err := w.FinishLogin(t.Context(), token, code, at("192.0.2.9"))
			if err == nil && u.Username.String() != "jose" {
				t.Errorf("logged in as %s", u.Username)
			}
			return err
		}
		over := func(what string, err error) {
			t.Helper()
			f, ok := errors.AsType[*fault.Error](err)
			if !ok || f.Kind != fault.Unauthenticated || f.Code != "" {
				t.Errorf("%s: %v, want that it took too long", what, err)
			}
		}
		token := owe()
		wantsWrongCode(t, "a wrong code", finish(token, "000000"))
		w.must(finish(token, d.code(0)))
		over("twice", finish(token, d.code(1)))
		token = owe()
		w.must(finish(token, codes[0]))
		over("no token", finish("", d.code(1)))
		token = owe()
		time.Sleep(15 * time.Minute)
		over("after a quarter of an hour", finish(token, d.code(0)))
		token = owe()
		u, _ := account.ByName(w.db.View(), "jose")
		w.must(w.SetPassword(t.Context(), operator, u.ID, another))
		over("after another password", finish(token, d.code(0)))
		stale := u
		if _, err := w.OweSecondFactor(t.Context(), stale); err == nil {
			t.Error("a token is given for the password of before")
		}
	})
}

// A13: with one password one logs in once, however many good codes follow it at once; and no code is used up
// in vain.
func TestA13OneOfManySecondStepsWins(t *testing.T) {
	w := newWorld(t)
	u := w.user("jose")
	s, _ := w.session(u)
	e, err := w.StartTOTP(t.Context(), u.ID, s.ID)
	w.must(err)
	codes, err := w.ConfirmTOTP(t.Context(), by(u), u.ID, s.ID, newDevice(t, e).code(0), local)
	w.must(err)
	token, err := w.OweSecondFactor(t.Context(), w.again(u))
	w.must(err)
	errs := race(1000, func(i int) error {
		_, err := w.FinishLogin(context.Background(), token, codes[i%len(codes)], local)
		return err
	})
	if won := count(errs); won != 1 {
		t.Errorf("%d of 1000 second steps of one login succeeded, want 1", won)
	}
	if left := w.again(u).RecoveryCodes(); left != 9 {
		t.Errorf("%d recovery codes are left, want 9", left)
	}
}

// A20: neither secrets nor codes rest in the store, or show when a user is printed.
func TestA20SecondFactorsAreSealed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		u := w.user("jose")
		s, cookie := w.session(u)
		e, err := w.StartTOTP(t.Context(), u.ID, s.ID)
		w.must(err)
		d := newDevice(t, e)
		codes, err := w.ConfirmTOTP(t.Context(), by(u), u.ID, s.ID, d.code(0), local)
		w.must(err)
		_, err = w.StartTOTP(t.Context(), u.ID, s.ID)
		w.must(err)
		u = w.again(u)
		var sink bytes.Buffer
		fmt.Fprintf(&sink, "%v %+v %#v %v", u, u, u, *u.Second)
		slog.New(slog.NewJSONHandler(&sink, nil)).Info("user", "second", *u.Second)
		if strings.Contains(sink.String(), u.Second.Recovery[0]) {
			t.Errorf("printed: %s", &sink)
		}
		page, err := w.log.Range(t.Context(), "", "zzzz", 0, 1000)
		w.must(err)
		for _, r := range page.Records {
			fmt.Fprintf(&sink, "%s %s\n", r.Key, r.Value)
		}
		_, secret, _ := strings.Cut(cookie, ".")
		for _, hidden := range []string{e.Secret, string(d.secret), codes[0], strings.ReplaceAll(codes[0], "-", ""), secret} {
			if strings.Contains(sink.String(), hidden) {
				t.Errorf("%q shows", hidden)
			}
		}
	})
}

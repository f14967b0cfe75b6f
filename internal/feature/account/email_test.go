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
	"hexhub/internal/feature/mail"
	"hexhub/internal/kernel/fault"
)

// register makes a user who has yet to confirm NAME@example.com, and returns the token he was mailed.
func (w *world) register(username string) (account.User, string) {
	w.Helper()
	open, err := account.ParseRegistration("open")
	w.must(err)
	w.rules.Registration = open
	u, err := w.Register(w.Context(), audit.By{}, draft(username), "")
	w.must(err)
	return u, w.wrote(mail.VerifyEmail, username+"@example.com").params["token"]
}

func TestRegistrationIsConfirmedByMail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		u, token := w.register("jose")
		if l := w.wrote(mail.VerifyEmail, "jose@example.com"); u.Verified() || l.params["address"] != "jose@example.com" || len(token) != 52 {
			t.Errorf("verified %t, letter %v", u.Verified(), l)
		}
		if _, err := w.ConfirmEmail(t.Context(), token[1:], local); !fault.Is(err, fault.Forbidden) {
			t.Errorf("another token: %v", err)
		}
		got, err := w.ConfirmEmail(t.Context(), token, local)
		w.must(err)
		if got.ID != u.ID || !w.again(u).Verified() {
			t.Error("it is not confirmed")
		}
		_, err = w.ConfirmEmail(t.Context(), token, local)
		wants(t, err, fault.Forbidden, "used already")
		_, late := w.register("eva")
		time.Sleep(24 * time.Hour)
		_, err = w.ConfirmEmail(t.Context(), late, local)
		wants(t, err, fault.Forbidden, "older than 24 hours")
	})
}

// A16: what a letter links to depends on nothing that a stranger says.
func TestA16LettersLinkToTheConfiguredAddress(t *testing.T) {
	w := newWorld(t)
	w.register("jose")
	page, _, err := w.mail.Outbox(t.Context(), "", 1)
	w.must(err)
	_, m, err := w.mail.Read(t.Context(), page[0].ID)
	w.must(err)
	if n := strings.Count(m.Text, "://"); n == 0 || n != strings.Count(m.Text, "https://hub.test") {
		t.Errorf("links elsewhere:\n%s", m.Text)
	}
}

func TestA13OneOfManyConfirmationsWins(t *testing.T) {
	w := newWorld(t)
	_, token := w.register("jose")
	errs := race(1000, func(int) error {
		_, err := w.ConfirmEmail(context.Background(), token, local)
		return err
	})
	if won := count(errs); won != 1 {
		t.Errorf("%d of 1000 uses of one token succeeded, want 1", won)
	}
}

// Of two who claim an address, whoever reads its mail has it.
func TestAddressBelongsToWhoeverConfirmsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		jose, eva := w.user("jose"), w.user("eva")
		w.must(w.AddEmail(t.Context(), by(eva), eva.ID, " Shared@Example.com "))
		first := w.wrote(mail.VerifyEmail, "shared@example.com").params["token"]
		time.Sleep(time.Second)
		w.must(w.AddEmail(t.Context(), by(jose), jose.ID, "shared@example.com"))
		second := w.wrote(mail.VerifyEmail, "shared@example.com").params["token"]
		_, err := w.ConfirmEmail(t.Context(), second, local)
		w.must(err)
		if u, _ := account.ByEmail(w.db.View(), "shared@example.com"); u.ID != jose.ID {
			t.Errorf("it is %s's", u.Username)
		}
		_, err = w.ConfirmEmail(t.Context(), first, local)
		if fields(t, err)["email"] != "already in use" {
			t.Errorf("the other: %v", err)
		}
	})
}

// A15: who adds somebody's address is told nothing by us.
// Whoever claimed an address first does not get the letters that another user of it asks for.
func TestUserIsAskedAgainForHisOwnAddress(t *testing.T) {
	w := newWorld(t)
	first, _ := w.register("eve")
	w.must(w.AddEmail(t.Context(), operator, first.ID, "shared@example.com"))
	second, _ := w.register("jose")
	w.must(w.AddEmail(t.Context(), operator, second.ID, "shared@example.com"))
	w.must(w.ResendOwn(t.Context(), second.ID, "Shared@example.com"))
	if l := w.wrote(mail.VerifyEmail, "shared@example.com"); l.params["username"] != "jose" {
		t.Errorf("the letter is for %s", l.params["username"])
	}
	wants(t, w.ResendOwn(t.Context(), second.ID, "eve@example.com"), fault.NotFound, "no such address")
}

func TestA15AddingAnAddressTellsNothing(t *testing.T) {
	w := newWorld(t)
	w.user("jose")
	eva := w.user("eva")
	for _, address := range []string{"jose@example.com", "nobody@example.com"} {
		w.must(w.AddEmail(t.Context(), by(eva), eva.ID, address))
		w.wrote(mail.VerifyEmail, address)
	}
}

func TestLifeOfAddresses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		u := w.user("jose")
		do := by(u)
		time.Sleep(time.Second) // entries of one moment are in no order
		const old, new = "jose@example.com", "jose@work.example"
		var noted []string
		step := func(action string, err error) {
			t.Helper()
			w.must(err)
			noted = append(noted, action)
			time.Sleep(time.Second)
		}
		step("email.add", w.AddEmail(t.Context(), do, u.ID, new))
		if l := w.wrote(mail.EmailAdded, old); l.params["address"] != new {
			t.Errorf("letter %v", l)
		}
		unverified := func(err error) {
			t.Helper()
			if fields(t, err)["email"] != "is not verified" {
				t.Errorf("an unproved address: %v", err)
			}
		}
		unverified(w.SetPrimary(t.Context(), do, u.ID, new))
		unverified(w.SetPublic(t.Context(), do, u.ID, new))
		_, err := w.ConfirmEmail(t.Context(), w.wrote(mail.VerifyEmail, new).params["token"], local)
		step("email.verify", err)
		w.must(w.RequestReset(t.Context(), "jose", local))
		reset := w.wrote(mail.ResetPassword, old).params["token"]
		noted = append(noted, "password.reset.init")
		time.Sleep(time.Second)
		step("email.primary", w.SetPrimary(t.Context(), do, u.ID, strings.ToUpper(new)))
		if l := w.wrote(mail.PrimaryEmailChanged, old); l.params["address"] != new {
			t.Errorf("letter %v", l)
		}
		_, err = w.FinishReset(t.Context(), reset, another, local, false)
		wants(t, err, fault.Forbidden, "overtaken by a change") // A17
		step("email.public", w.SetPublic(t.Context(), do, u.ID, new))
		if got := w.again(u).PublicEmail(); got != new {
			t.Errorf("public is %q", got)
		}
		step("email.public", w.SetPublic(t.Context(), do, u.ID, account.NoAddress))
		if got := w.again(u).PublicEmail(); got != "" {
			t.Errorf("public is %q, want none", got)
		}
		if f := fields(t, w.RemoveEmail(t.Context(), do, u.ID, new)); !strings.Contains(fmt.Sprint(f["email"]), "primary") {
			t.Errorf("removing the primary address: %v", f)
		}
		step("email.remove", w.RemoveEmail(t.Context(), do, u.ID, old))
		wants(t, w.RemoveEmail(t.Context(), do, u.ID, old), fault.NotFound, "has no such e-mail address")
		for _, e := range []error{w.SetPublic(t.Context(), do, u.ID, account.NoAddress), w.SetPrimary(t.Context(), do, u.ID, new)} {
			w.must(e) // and changes nothing
		}
		got := actions(t, w.db, audit.UserRef(u.ID))[1:]
		if !slices.Equal(got, noted) {
			t.Errorf("audit = %v\nwant    %v", got, noted)
		}
		page, _, err := audit.List(t.Context(), w.db.View(), audit.UserRef(u.ID), "", 1)
		w.must(err)
		if p := page[0].Params; p["email"] != old || p["primary"] != false || p["public"] != false || p["gravatar"] != false {
			t.Errorf("params = %v", p)
		}
	})
}

func TestRemovedAddressCannotBeConfirmed(t *testing.T) {
	w := newWorld(t)
	u := w.user("jose")
	w.must(w.AddEmail(t.Context(), by(u), u.ID, "typo@example.com"))
	w.must(w.RemoveEmail(t.Context(), by(u), u.ID, "typo@example.com"))
	_, err := w.ConfirmEmail(t.Context(), w.wrote(mail.VerifyEmail, "typo@example.com").params["token"], local)
	wants(t, err, fault.Forbidden, "overtaken")
}

func TestWhatIsWrongWithAnotherAddress(t *testing.T) {
	w := newWorld(t)
	u := w.user("jose")
	for address, why := range map[string]string{"": "can't be blank", "x": "has invalid format", "Jose@example.com": "already in use"} {
		if got := fields(t, w.AddEmail(t.Context(), by(u), u.ID, address))["email"]; got != why {
			t.Errorf("%q: %v, want %s", address, got, why)
		}
	}
	for i := range 9 {
		w.must(w.AddEmail(t.Context(), by(u), u.ID, fmt.Sprint(i, "@example.com")))
	}
	if got := fields(t, w.AddEmail(t.Context(), by(u), u.ID, "ten@example.com"))["email"]; got != "should have at most 10 item(s)" {
		t.Errorf("an eleventh address: %v", got)
	}
}

// A15: whether somebody waits for a confirmation is not told, and nobody's mailbox is filled.
func TestA15AskingAgainTellsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		_, first := w.register("jose")
		w.user("eva")
		for _, login := range []string{"jose", "jose@example.com", "eva", "eva@example.com", "nobody", "nobody@example.com", "", "@"} {
			w.must(w.ResendConfirmation(t.Context(), login, at("192.0.2.1")))
			time.Sleep(time.Second)
		}
		if n := w.count(mail.VerifyEmail); n != 3 {
			t.Errorf("%d letters, want 3: one when he registered, two when he asked", n)
		}
		for i := range 20 {
			w.must(w.ResendConfirmation(t.Context(), "jose@example.com", everywhere(i)))
		}
		if n := w.count(mail.VerifyEmail); n != 5 {
			t.Errorf("%d letters within an hour, want 5", n)
		}
		for range 2 {
			w.must(w.ResendConfirmation(t.Context(), "x@example.com", at("192.0.2.1")))
		}
		wants(t, w.ResendConfirmation(t.Context(), "x@example.com", at("192.0.2.1")), fault.Limited, "Too many requests from IP 192.0.2.1")
		_, err := w.ConfirmEmail(t.Context(), first, local)
		if err != nil {
			t.Errorf("the first letter's link was overtaken: %v", err)
		}
	})
}

package account_test

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hexhub/internal/feature/account"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/limit"
	"hexhub/internal/kernel/store"
)

func draft(username string) account.Draft {
	return account.Draft{Username: username, Emails: []string{username + "@example.com"}, Password: good}
}

func startSetup(t *testing.T, a *account.Accounts) string {
	t.Helper()
	token, expires, err := a.StartSetup(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if left := time.Until(expires); left > 30*time.Minute || left < 29*time.Minute {
		t.Errorf("the token lives for %v, want 30 minutes", left)
	}
	if !regexp.MustCompile(`^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){2}$`).MatchString(token) {
		t.Errorf("token %q is not like Q7KX-T3PA-9ZWM", token)
	}
	return token
}

func TestSetupMakesTheFirstAdministrator(t *testing.T) {
	for what, copied := range map[string]func(string) string{
		"as it is":         func(s string) string { return s },
		"in small letters": strings.ToLower,
		"without dashes":   func(s string) string { return strings.ReplaceAll(s, "-", " ") },
		"misread":          func(s string) string { return strings.NewReplacer("0", "o", "1", "l").Replace(s) },
	} {
		t.Run(what, func(t *testing.T) {
			a, db := accounts(t, account.Options{})
			u, err := a.Setup(t.Context(), copied(startSetup(t, a)), draft("eva"))
			if err != nil {
				t.Fatal(err)
			}
			if !u.Admin || !u.Verified() || !account.HasAdmin(db.View()) {
				t.Errorf("setup made %+v", u)
			}
			if _, err := a.Login(t.Context(), "eva", good, local); err != nil {
				t.Error(err)
			}
			_, _, err = a.StartSetup(t.Context())
			wants(t, err, fault.Conflict, "has an administrator already")
		})
	}
}

func TestA13OneOfManySetupsWins(t *testing.T) {
	a, db := accounts(t, account.Options{})
	token := startSetup(t, a)
	errs := race(50, func(i int) error {
		_, err := a.Setup(context.Background(), token, draft(fmt.Sprint("user", i)))
		return err
	})
	if won := count(errs); won != 1 {
		t.Errorf("%d setups with one token succeeded, want 1", won)
	}
	users := 0
	for range account.Users.All(db.View()) {
		users++
	}
	if users != 1 {
		t.Errorf("%d users were made, want 1", users)
	}
	_, err := a.Setup(t.Context(), token, draft("late"))
	wants(t, err, fault.Conflict, "has an administrator already")
}

func TestTenWrongTokensEndTheRightOne(t *testing.T) {
	a, _ := accounts(t, account.Options{})
	token := startSetup(t, a)
	for range 9 {
		_, err := a.Setup(t.Context(), "AAAA-AAAA-AAAA", draft("mallory"))
		wants(t, err, fault.Forbidden, "the setup token is wrong")
	}
	if err := a.TrySetup(t.Context(), token); err != nil {
		t.Errorf("after nine wrong tokens: %v", err)
	}
	race(20, func(int) error { return a.TrySetup(context.Background(), "BBBB-BBBB-BBBB") })
	_, err := a.Setup(t.Context(), token, draft("eva"))
	wants(t, err, fault.Forbidden, "the setup token is wrong")
	if _, err := a.Setup(t.Context(), startSetup(t, a), draft("eva")); err != nil {
		t.Errorf("a fresh token: %v", err)
	}
}

func TestSetupTokenExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, _ := accounts(t, account.Options{})
		token := startSetup(t, a)
		time.Sleep(30*time.Minute - time.Second)
		if err := a.TrySetup(t.Context(), token); err != nil {
			t.Errorf("a second before its end: %v", err)
		}
		time.Sleep(time.Second)
		_, err := a.Setup(t.Context(), token, draft("eva"))
		wants(t, err, fault.Forbidden, "the setup token is wrong")
	})
}

func TestNewSetupTokenEndsTheOld(t *testing.T) {
	a, _ := accounts(t, account.Options{})
	old := startSetup(t, a)
	startSetup(t, a)
	_, err := a.Setup(t.Context(), old, draft("eva"))
	wants(t, err, fault.Forbidden, "the setup token is wrong")
}

func TestSetupWithoutATokenIsRefused(t *testing.T) {
	a, _ := accounts(t, account.Options{})
	_, err := a.Setup(t.Context(), "", draft("eva"))
	wants(t, err, fault.Forbidden, "the setup token is wrong")
	if fields(t, func() error {
		_, err := a.Setup(t.Context(), startSetup(t, a), account.Draft{Username: "eva", Emails: []string{"eva@example.com"}})
		return err
	}())["password"] != "can't be blank" {
		t.Error("an administrator without a password could never log in")
	}
}

func TestA20SetupTokenIsKeptAsAHash(t *testing.T) {
	log := store.NewMemory()
	db, err := store.Open(t.Context(), log, store.Options{}, limit.Tables, account.Tables)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	token := startSetup(t, account.New(db, account.Options{Cost: cheap}))
	page, err := log.Range(t.Context(), "", "zzzz", 0, 100)
	if err != nil || len(page.Records) == 0 {
		t.Fatalf("records = %v, %v", page.Records, err)
	}
	for _, r := range page.Records {
		if s := string(r.Value); strings.Contains(s, token) || strings.Contains(s, strings.ReplaceAll(token, "-", "")) {
			t.Errorf("%s holds the token: %s", r.Key, s)
		}
	}
}

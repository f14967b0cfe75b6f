package account_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
)

const refusal = "invalid username and password combination"

func TestWhoMayLogIn(t *testing.T) {
	a, db := accounts(t, account.Options{})
	create(t, a, account.Draft{Username: "root-of-all", Admin: true})
	create(t, a, account.Draft{Username: "jose", Emails: []string{"jose@example.com"}, Verified: true})
	create(t, a, account.Draft{Username: "eva", Emails: []string{"eva@example.com"}})
	gone := create(t, a, account.Draft{Username: "gone"})
	if err := a.Deactivate(t.Context(), operator, gone.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Create(t.Context(), operator, account.Draft{Username: "robot", Service: true}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ what, login, password, want string }{
		{"by name", "jose", good, "jose"},
		{"by name in capitals", "JOSE", good, "jose"},
		{"by verified address", "Jose@Example.com", good, "jose"},
		{"by name, the address being unproved", "eva", good, "eva"},
		{"by unproved address", "eva@example.com", good, refusal},
		{"wrong password", "jose", good + "!", refusal},
		{"A15 unknown name", "nobody", good, refusal},
		{"A15 unknown address", "nobody@example.com", good, refusal},
		{"A15 account without a password", "robot", "", refusal},
		{"A15 deactivated, wrong password", "gone", "wrong password", refusal},
		{"deactivated", "gone", good, "Bad request"},
		{"nothing at all", "", "", refusal},
		{"A3 password with NUL", "jose", good + "\x00", refusal},
		{"A3 10 MB password", "jose", strings.Repeat("x", 10<<20), refusal},
		{"A22 name in letters that look alike", "jоse", good, refusal}, // a Cyrillic о
		{"A22 name with space", " jose", good, refusal},
	} {
		t.Run(c.what, func(t *testing.T) {
			u, err := a.Login(t.Context(), c.login, c.password, local)
			switch {
			case err == nil && u.Username.String() != c.want:
				t.Errorf("logged in as %s, want %s", u.Username, c.want)
			case err != nil && c.want == "Bad request":
				wants(t, err, fault.Malformed, c.want)
			case err != nil:
				wants(t, err, fault.Unauthenticated, c.want)
			}
		})
	}
	if _, ok := account.ByLogin(db.View(), "jose"); !ok {
		t.Error("the world of this test is empty")
	}
}

func TestA3PasswordsDifferInEveryByte(t *testing.T) {
	a, _ := accounts(t, account.Options{})
	long := strings.Repeat("long ", 200) + "password" // 1008 bytes, far beyond what bcrypt sees
	create(t, a, account.Draft{Username: "jose", Password: long})
	create(t, a, account.Draft{Username: "eva", Password: "zero\x00and more"})
	for _, c := range []struct {
		login, password string
		ok              bool
	}{
		{"jose", long, true},
		{"jose", long[:len(long)-1] + "x", false},
		{"jose", long[:72], false},
		{"jose", long + " ", false},
		{"eva", "zero\x00and more", true},
		{"eva", "zero", false},
		{"eva", "zero\x00and less", false},
	} {
		if _, err := a.Login(t.Context(), c.login, c.password, local); (err == nil) != c.ok {
			t.Errorf("%s logs in with %d bytes: %v, want %t", c.login, len(c.password), err, c.ok)
		}
	}
	_, err := a.Create(t.Context(), operator, account.Draft{Username: "long", Emails: []string{"l@example.com"}, Password: strings.Repeat("ab", 513)})
	if diff := cmp.Diff(fault.Fields{"password": "should be at most 1024 character(s)"}, fields(t, err)); diff != "" {
		t.Error(diff)
	}
}

func TestSetPasswordEndsTheOldOne(t *testing.T) {
	a, db := accounts(t, account.Options{})
	u := create(t, a, account.Draft{Username: "jose"})
	for _, bad := range []string{"short", "password1", "jose@example.com"} {
		if fields(t, a.SetPassword(t.Context(), operator, u.ID, bad))["password"] == nil {
			t.Errorf("%q is taken for a password", bad)
		}
	}
	if err := a.SetPassword(t.Context(), operator, u.ID, "another long password"); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Login(t.Context(), "jose", good, local); err == nil {
		t.Error("the old password still works")
	}
	if _, err := a.Login(t.Context(), "jose", "another long password", local); err != nil {
		t.Error(err)
	}
	if got, want := actions(t, db, audit.UserRef(u.ID)), []string{"user.create", "password.update"}; cmp.Diff(want, got) != "" {
		t.Errorf("audit = %v, want %v", got, want)
	}
}

// The vector is that of the reference implementation: password, somesalt, t=2, m=64 MiB, p=1.
func TestHashesAreThoseOfTheReference(t *testing.T) {
	a, db := accounts(t, account.Options{})
	u := create(t, a, account.Draft{Username: "jose"})
	u.Password = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	put(t, db, u)
	if _, err := a.Login(t.Context(), "jose", "password", local); err != nil {
		t.Error(err)
	}
}

func put(t *testing.T, db *store.DB, u account.User) {
	t.Helper()
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		account.Users.Put(tx, u)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A row that is damaged locks its user out; it neither panics nor lets anybody in.
func TestDamagedHashLetsNobodyIn(t *testing.T) {
	a, db := accounts(t, account.Options{})
	u := create(t, a, account.Draft{Username: "jose"})
	for _, damaged := range []account.PasswordHash{
		"x", "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ", "$argon2id$v=19$m=8,t=0,p=1$c29tZXNhbHQ$AAAA", "$argon2id$v=19$m=8,t=1,p=0$c29tZXNhbHQ$AAAA",
		"$argon2id$v=18$m=8,t=1,p=1$c29tZXNhbHQ$AAAA", "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$", "$argon2id$v=19$m=8,t=1,p=1$!$AAAA", "$argon2i$v=19$m=8,t=1,p=1$c29tZXNhbHQ$AAAA",
	} {
		u.Password = damaged
		put(t, db, u)
		if _, err := a.Login(t.Context(), "jose", good, local); err == nil {
			t.Errorf("%q lets one in", string(damaged))
		}
	}
}

func TestA20HashesHideFromPrintingAndLogging(t *testing.T) {
	a, db := accounts(t, account.Options{})
	u := create(t, a, account.Draft{Username: "jose"})
	var sink bytes.Buffer
	fmt.Fprintf(&sink, "%v %+v %#v %s %q %v", u, u, u, u.Password, u.Password, &u)
	for _, h := range []slog.Handler{slog.NewTextHandler(&sink, nil), slog.NewJSONHandler(&sink, nil)} {
		slog.New(h).Info("user", "hash", u.Password)
	}
	page, _, err := audit.List(t.Context(), db.View(), "", "", 10)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(&sink, "%+v", page)
	for _, secret := range []string{"argon2id$", string(u.Password)[30:], good} {
		if strings.Contains(sink.String(), secret) {
			t.Errorf("%q was printed: %s", secret, sink.String())
		}
	}
}

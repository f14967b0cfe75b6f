package account_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hexhub/hex/name"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/limit"
	"hexhub/internal/kernel/store"
)

const good = "four unrelated words here"

func open(t *testing.T) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), store.NewMemory(), store.Options{}, audit.Tables, limit.Tables, account.Tables)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db
}

var cheap = account.Cost{Memory: 8, Passes: 1, Lanes: 1}

func accounts(t *testing.T, o account.Options) (*account.Accounts, *store.DB) {
	t.Helper()
	o.Cost = cheap
	db := open(t)
	return account.New(db, o), db
}

// local is where nobody is counted by his address.
var local = account.Origin{IP: netip.MustParseAddr("127.0.0.1"), UserAgent: "test"}

var operator = audit.By{Username: "operator"}

func create(t *testing.T, a *account.Accounts, d account.Draft) account.User {
	t.Helper()
	if d.Emails == nil && !d.Service {
		d.Emails = []string{d.Username + "@example.com"}
	}
	if d.Password == "" {
		d.Password = good
	}
	u, err := a.Create(t.Context(), operator, d)
	if err != nil {
		t.Fatalf("create %s: %v", d.Username, err)
	}
	return u
}

// fields returns the fields of an Invalid fault.
func fields(t *testing.T, err error) fault.Fields {
	t.Helper()
	if err == nil {
		return nil
	}
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.Kind != fault.Invalid {
		t.Fatalf("error = %v, want an Invalid fault", err)
	}
	return f.Fields
}

// wants compares a fault by kind and public words.
func wants(t *testing.T, err error, kind fault.Kind, words string) {
	t.Helper()
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.Kind != kind || !strings.Contains(f.Message, words) {
		t.Errorf("error = %v, want %s: %s", err, kind, words)
	}
}

// actions lists what the audit log says of a reference, the oldest first.
func actions(t *testing.T, db *store.DB, ref string) []string {
	t.Helper()
	page, _, err := audit.List(t.Context(), db.View(), ref, "", 100)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for i := range page {
		out = append(out, page[len(page)-1-i].Action)
	}
	return out
}

func TestWhatIsWrongWithADraft(t *testing.T) {
	a, _ := accounts(t, account.Options{})
	create(t, a, account.Draft{Username: "taken", Verified: true})
	email := func(why string) fault.Fields { return fault.Fields{"emails": fault.Fields{"email": why}} }
	ok := account.Draft{Username: "jose", Emails: []string{"jose@example.com"}, Password: good}
	for _, c := range []struct {
		what string
		edit func(*account.Draft)
		want fault.Fields
	}{
		{"no name", func(d *account.Draft) { d.Username = "" }, fault.Fields{"username": "can't be blank"}},
		{"a short name", func(d *account.Draft) { d.Username = "jo" }, fault.Fields{"username": "should be at least 3 character(s)"}},
		{"spaces in the name", func(d *account.Draft) { d.Username = "jo se" }, fault.Fields{"username": "has invalid format"}},
		{"a reserved name", func(d *account.Draft) { d.Username = "HexPM" }, fault.Fields{"username": "is reserved"}},
		{"a taken name", func(d *account.Draft) { d.Username = "Taken" }, fault.Fields{"username": "has already been taken"}},
		{"a long full name", func(d *account.Draft) { d.FullName = strings.Repeat("é", 256) }, fault.Fields{"full_name": "should be at most 255 character(s)"}},
		{"no address", func(d *account.Draft) { d.Emails = nil }, fault.Fields{"emails": "can't be blank"}},
		{"a blank address", func(d *account.Draft) { d.Emails = []string{" "} }, email("can't be blank")},
		{"half an address", func(d *account.Draft) { d.Emails = []string{"jose@localhost"} }, email("has invalid format")},
		{"two lines for an address", func(d *account.Draft) { d.Emails = []string{"a@b.c\r\nBcc: x@y.z"} }, email("has invalid format")},
		{"a space in an address", func(d *account.Draft) { d.Emails = []string{"jo se@b.c"} }, email("has invalid format")},
		{"a long address", func(d *account.Draft) { d.Emails = []string{strings.Repeat("a", 251) + "@b.c"} }, email("should be at most 254 character(s)")},
		{"somebody's verified address", func(d *account.Draft) { d.Emails = []string{"TAKEN@example.com"} }, email("already in use")},
		{"too many addresses", func(d *account.Draft) {
			for i := range 10 {
				d.Emails = append(d.Emails, fmt.Sprintf("jose%d@example.com", i))
			}
		}, fault.Fields{"emails": "should have at most 10 item(s)"}},
		{"a short password", func(d *account.Draft) { d.Password = "éèêëàâä" }, fault.Fields{"password": "should be at least 8 character(s)"}},
		{"all at once", func(d *account.Draft) { *d = account.Draft{Username: "taken", Password: "short"} }, fault.Fields{
			"username": "has already been taken", "emails": "can't be blank", "password": "should be at least 8 character(s)",
		}},
		{"nothing", func(*account.Draft) {}, nil}, // the last, for it makes a user
	} {
		t.Run(c.what, func(t *testing.T) {
			d := ok
			c.edit(&d)
			u, err := a.Create(t.Context(), operator, d)
			if diff := cmp.Diff(c.want, fields(t, err)); diff != "" {
				t.Errorf("%s (-want +got)", diff)
			}
			if err != nil && u.ID != "" {
				t.Error("a refused draft made a user")
			}
		})
	}
}

func TestA4GuessablePasswordsAreRefused(t *testing.T) {
	a, _ := accounts(t, account.Options{})
	for password, guessable := range map[string]bool{
		"password": true, "PassWord": true, "12345678": true, "1qaz2wsx": true, "password1": true, "Welcome2026!": true,
		"!!!admin!!": true, "aaaaaaaaaaaa": true, "josevalim": true, "jose.v@example.com": true, "JoseValim": true,
		"correct horse battery": false, "tr0ub4dor&3": false, "admin-93ba62f0": false, "пароль-для-хекса": false,
	} {
		_, err := a.Create(t.Context(), operator, account.Draft{
			Username: "josevalim", Emails: []string{"jose.v@example.com"}, Password: password, FullName: strings.Repeat("x", 256), // never created
		})
		why, _ := fields(t, err)["password"].(string)
		if got := strings.Contains(why, "too easy to guess"); got != guessable {
			t.Errorf("%q is refused as guessable = %t (%q), want %t", password, got, why, guessable)
		}
	}
}

func TestFirstAddressIsPrimaryAndPublic(t *testing.T) {
	a, db := accounts(t, account.Options{})
	u := create(t, a, account.Draft{Username: "Jose", Emails: []string{"Jose@Example.com", "second@example.com", "jose@example.com"}})
	if got, _ := account.Users.Get(db.View(), u.ID); cmp.Diff(u, got, cmp.AllowUnexported(name.User{})) != "" {
		t.Errorf("created %+v, kept %+v", u, got)
	}
	if len(u.Emails) != 2 || u.Emails[0].Address != "jose@example.com" || !u.Emails[0].Primary || !u.Emails[0].Public || u.Emails[1].Primary {
		t.Errorf("emails = %+v", u.Emails)
	}
	if u.Username.String() != "jose" || u.Verified() || u.PublicEmail() != "" {
		t.Errorf("%s: verified = %t, public address = %q; an address nobody has proved must not be shown", u.Username, u.Verified(), u.PublicEmail())
	}
	if err := a.VerifyEmail(t.Context(), operator, u.ID, "JOSE@example.com"); err != nil {
		t.Fatal(err)
	}
	u, _ = account.ByEmail(db.View(), "jose@EXAMPLE.com")
	if !u.Verified() || u.PublicEmail() != "jose@example.com" {
		t.Errorf("after verification: verified = %t, public address = %q", u.Verified(), u.PublicEmail())
	}
	if got, want := actions(t, db, audit.UserRef(u.ID)), []string{"user.create", "email.verify"}; cmp.Diff(want, got) != "" {
		t.Errorf("audit = %v, want %v", got, want)
	}
}

// Many may claim an address; the first who proves it has it.
func TestVerifiedAddressHasOneUser(t *testing.T) {
	a, db := accounts(t, account.Options{})
	var users []account.User
	for i := range 20 {
		users = append(users, create(t, a, account.Draft{Username: fmt.Sprint("user", i), Emails: []string{"shared@example.com"}}))
	}
	errs := race(len(users), func(i int) error {
		return a.VerifyEmail(context.Background(), operator, users[i].ID, "shared@example.com")
	})
	if won := count(errs); won != 1 {
		t.Fatalf("%d users have verified one address, want 1", won)
	}
	for _, err := range errs {
		if err != nil && cmp.Diff(fault.Fields{"email": "already in use"}, fields(t, err)) != "" {
			t.Errorf("error = %v", err)
		}
	}
	if u, ok := account.ByEmail(db.View(), "shared@example.com"); !ok || !u.Verified() {
		t.Error("the address leads to nobody")
	}
}

func TestNameHasOneUser(t *testing.T) {
	a, _ := accounts(t, account.Options{})
	errs := race(20, func(i int) error {
		_, err := a.Create(context.Background(), operator, account.Draft{Username: "JoSe", Emails: []string{fmt.Sprintf("j%d@example.com", i)}, Password: good})
		return err
	})
	if won := count(errs); won != 1 {
		t.Errorf("%d users have one name, want 1", won)
	}
}

// race runs n functions at once and returns their errors.
func race(n int, f func(i int) error) []error {
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { errs[i] = f(i) })
	}
	wg.Wait()
	return errs
}

// count tells how many succeeded.
func count(errs []error) (won int) {
	for _, err := range errs {
		if err == nil {
			won++
		}
	}
	return won
}

func TestLastAdministratorStays(t *testing.T) {
	a, db := accounts(t, account.Options{})
	var admins []account.User
	for i := range 12 {
		admins = append(admins, create(t, a, account.Draft{Username: fmt.Sprint("admin", i), Admin: true}))
	}
	errs := race(len(admins), func(i int) error {
		if i%2 == 0 {
			return a.Deactivate(context.Background(), operator, admins[i].ID)
		}
		return a.SetAdmin(context.Background(), operator, admins[i].ID, false)
	})
	if won := count(errs); won != len(admins)-1 {
		t.Errorf("%d of %d administrators went, want all but one", won, len(admins))
	}
	for _, err := range errs {
		if err != nil {
			wants(t, err, fault.Conflict, "is the last administrator")
		}
	}
	if !account.HasAdmin(db.View()) {
		t.Error("nobody is left to administer the site")
	}
}

func TestDeactivationAndAdministrationAreUndone(t *testing.T) {
	a, db := accounts(t, account.Options{})
	create(t, a, account.Draft{Username: "root-of-all", Admin: true})
	u := create(t, a, account.Draft{Username: "jose"})
	for _, step := range []func() error{
		func() error { return a.SetAdmin(t.Context(), operator, u.ID, true) },
		func() error { return a.SetAdmin(t.Context(), operator, u.ID, true) }, // changes nothing, and says nothing
		func() error { return a.Deactivate(t.Context(), operator, u.ID) },
		func() error { return a.Deactivate(t.Context(), operator, u.ID) },
		func() error { return a.Reactivate(t.Context(), operator, u.ID) },
		func() error { return a.SetAdmin(t.Context(), operator, u.ID, false) },
	} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"user.create", "user.admin", "user.deactivate", "user.reactivate", "user.admin"}
	if got := actions(t, db, audit.UserRef(u.ID)); cmp.Diff(want, got) != "" {
		t.Errorf("audit = %v, want %v", got, want)
	}
	if u, _ := account.ByName(db.View(), "jose"); !u.Active() || u.Admin {
		t.Errorf("active = %t, administrator = %t; want what he was", u.Active(), u.Admin)
	}
	wants(t, a.Deactivate(t.Context(), operator, "nobody"), fault.NotFound, "no such user")
}

func TestRegistration(t *testing.T) {
	draft := account.Draft{Username: "jose", Emails: []string{"Jose@A.org"}, Password: good}
	for _, c := range []struct {
		policy   string
		confirm  bool
		email    string
		refusal  string // in the fault
		verified bool
	}{
		{policy: "invite", refusal: "takes no registrations"},
		{policy: "open", verified: true},
		{policy: "open", confirm: true},
		{policy: "domains:b.org, a.org"},
		{policy: "domains:b.org,c.org", refusal: "must be an address at b.org or c.org"},
		{policy: "domains:org", refusal: "must be an address at org"},
		{policy: "domains:b.org", email: "x@a.org@b.org", refusal: "must be an address at b.org"},
		{policy: "domains:b.org", email: "@b.org", refusal: "has invalid format"},
	} {
		t.Run(c.policy, func(t *testing.T) {
			policy, err := account.ParseRegistration(c.policy)
			if err != nil {
				t.Fatal(err)
			}
			a, _ := accounts(t, account.Options{Rules: func(store.Reader) account.Rules {
				return account.Rules{Registration: policy, ConfirmMail: c.confirm}
			}})
			d := draft
			if c.email != "" {
				d.Emails = []string{c.email}
			}
			u, err := a.Register(t.Context(), audit.By{}, d, "")
			switch {
			case c.refusal != "" && (err == nil || !strings.Contains(err.Error(), c.refusal)):
				t.Errorf("error = %v, want %q", err, c.refusal)
			case c.refusal == "" && err != nil:
				t.Error(err)
			case c.refusal == "" && u.Verified() != c.verified:
				t.Errorf("verified = %t, want %t", u.Verified(), c.verified)
			}
		})
	}
	for _, bad := range []string{"", "Open", "domains:", "domains:a.org,,b.org", "domains:x@a.org", "domains:a b"} {
		if _, err := account.ParseRegistration(bad); err == nil {
			t.Errorf("%q is read as a policy", bad)
		}
	}
}

func TestZ10RegisteringGivesNoRights(t *testing.T) {
	policy, _ := account.ParseRegistration("open")
	a, db := accounts(t, account.Options{Rules: func(store.Reader) account.Rules {
		return account.Rules{Registration: policy, ConfirmMail: true}
	}})
	u, err := a.Register(t.Context(), audit.By{IP: "192.0.2.1"}, account.Draft{
		Username: "mallory", Emails: []string{"m@example.com"}, Password: good, Admin: true, Service: true, Verified: true,
	}, "")
	if err != nil {
		t.Fatal(err)
	}
	if u.Admin || u.Service || u.Verified() || account.HasAdmin(db.View()) {
		t.Errorf("registering made %+v", u)
	}
	page, _, err := audit.List(t.Context(), db.View(), audit.UserRef(u.ID), "", 10)
	if err != nil || len(page) != 1 || page[0].By.UserID != u.ID || page[0].By.IP != "192.0.2.1" {
		t.Errorf("audit = %+v, %v; want the user's own deed", page, err)
	}
}

func TestMachinesNeedNoAddress(t *testing.T) {
	a, _ := accounts(t, account.Options{})
	if u := create(t, a, account.Draft{Username: "robot", Service: true}); !u.Verified() || len(u.Emails) != 0 {
		t.Errorf("verified = %t, emails = %v", u.Verified(), u.Emails)
	}
}

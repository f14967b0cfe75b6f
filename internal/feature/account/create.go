package account

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"hexhub/hex/name"
	"hexhub/internal/feature/audit"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/id"
	"hexhub/internal/kernel/store"
)

// A Draft is a user to be. Each text is as somebody typed it.
type Draft struct {
	Username string
	FullName string
	Emails   []string // the first becomes primary and public
	Password string   // none if empty: the account cannot log in with one

	// The rest is for administrators to say. Register ignores it.
	Admin    bool
	Service  bool // needs no e-mail address
	Verified bool // the addresses are known to be the user's
}

// The bounds of what people write about themselves.
const (
	maxEmails   = 10
	maxEmail    = 254 // bytes, RFC 5321
	maxFullName = 255 // characters
)

// Create makes a user. What is wrong with the draft comes back as one Invalid fault, with fields as
// the Hex API names them: username, full_name, emails, password.
func (a *Accounts) Create(ctx context.Context, by audit.By, d Draft) (User, error) {
	u, err := a.build(ctx, d)
	if err != nil {
		return User{}, err
	}
	err = a.db.Update(ctx, func(tx *store.Tx) error { return createTx(tx, by, u) })
	if err != nil {
		return User{}, err
	}
	return u, nil
}

// build checks the draft and hashes its password, which takes long: so the draft is checked in full
// before, as far as the present moment can tell.
func (a *Accounts) build(ctx context.Context, d Draft) (User, error) {
	u, wrong := d.user(now())
	maps.Copy(wrong, taken(a.db.View(), u))
	if len(wrong) > 0 {
		return User{}, fault.Validation(wrong)
	}
	if d.Password == "" {
		return u, nil
	}
	var err error
	u.Password, err = a.hasher.hash(ctx, d.Password)
	return u, err
}

// user returns the draft as a row, without its password, and all that is wrong with it by itself.
func (d Draft) user(at time.Time) (User, fault.Fields) {
	wrong := fault.Fields{}
	note := func(field string, why any) {
		if why != "" {
			wrong[field] = why
		}
	}
	u := User{ID: id.New(), FullName: strings.TrimSpace(d.FullName), Admin: d.Admin, Service: d.Service, InsertedAt: at, UpdatedAt: at}
	var err error
	switch u.Username, err = name.ParseUser(d.Username); {
	case err != nil:
		note("username", err.Error())
	case name.ReservedUser(u.Username):
		note("username", "is reserved")
	}
	if len([]rune(u.FullName)) > maxFullName {
		note("full_name", fmt.Sprintf("should be at most %d character(s)", maxFullName))
	}
	u.Emails = d.emails(at, note)
	if d.Password != "" {
		note("password", faultOf(d.Password, u))
	}
	return u, wrong
}

func (d Draft) emails(at time.Time, note func(string, any)) []Email {
	var out []Email
	for _, text := range d.Emails {
		e := Email{Address: cleanAddress(text), Verified: d.Verified, AddedAt: at}
		if why := wrongAddress(e.Address); why != "" {
			note("emails", fault.Fields{"email": why})
			continue
		}
		if !slices.ContainsFunc(out, func(o Email) bool { return o.Address == e.Address }) {
			out = append(out, e)
		}
	}
	switch {
	case len(d.Emails) == 0 && !d.Service:
		note("emails", "can't be blank")
	case len(d.Emails) > maxEmails:
		note("emails", fmt.Sprintf("should have at most %d item(s)", maxEmails))
	}
	if len(out) > 0 {
		out[0].Primary, out[0].Public = true, true
	}
	return out
}

// addressForm is hex.pm's; mail itself is the only real test of an address.
var addressForm = regexp.MustCompile(`^.+@.+\..+$`)

// cleanAddress is an address as it is kept.
func cleanAddress(text string) string { return lower(strings.TrimSpace(text)) }

func wrongAddress(address string) string {
	switch {
	case address == "":
		return "can't be blank"
	case len(address) > maxEmail:
		return fmt.Sprintf("should be at most %d character(s)", maxEmail)
	case !addressForm.MatchString(address), strings.ContainsFunc(address, unprintable):
		return "has invalid format"
	}
	return ""
}

// unprintable characters, and spaces, would end an address early in a mail's header.
func unprintable(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }

// taken returns what of u belongs to others already.
func taken(r store.Reader, u User) fault.Fields {
	wrong := fault.Fields{}
	if _, held := Names.Get(r, u.Username.String()); held {
		wrong["username"] = "has already been taken"
	}
	for _, e := range u.Emails {
		if _, used := ByEmail(r, e.Address); used {
			wrong["emails"] = fault.Fields{"email": "already in use"}
		}
	}
	return wrong
}

func createTx(tx *store.Tx, by audit.By, u User) error {
	if wrong := taken(tx, u); len(wrong) > 0 {
		return fault.Validation(wrong)
	}
	if by.UserID == "" && by.Username == "" && by.Org == "" { // a stranger, until now
		by.UserID, by.Username = u.ID, u.Username.String()
	}
	Names.Put(tx, Holder{Name: u.Username.String(), Ref: audit.UserRef(u.ID), Since: u.InsertedAt})
	Users.Put(tx, u)
	audit.RecordTx(tx, by, "user.create", map[string]any{"user": snapshot(u)}, u.InsertedAt, audit.UserRef(u.ID))
	return nil
}

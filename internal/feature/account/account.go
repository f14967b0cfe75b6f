// Package account keeps users: their names, e-mail addresses, passwords and second factors, the sessions
// in which they are logged in, who is an administrator, and how the first administrator comes to be.
//
// It knows not organizations, keys or what a user may do. It trusts its callers that a deed is
// permitted, and records who they said did it. Whoever has yet to prove who he is, by a password, a code or
// a mailed token, can guess here and nowhere else, and so it is here that guesses are counted.
package account

import (
	"iter"
	"slices"
	"strings"
	"time"

	"hexhub/hex/name"
	"hexhub/internal/feature/mail"
	"hexhub/internal/kernel/store"
)

// A User is a person's or a machine's account. The row holds the hash of the password: never print
// or encode a User for anybody, only chosen fields of it.
type User struct {
	ID            string            `json:"id"`
	Username      name.User         `json:"username"`
	FullName      string            `json:"full_name,omitempty"`
	Emails        []Email           `json:"emails,omitempty"` // at most one is primary
	Password      PasswordHash      `json:"password,omitempty"`
	Admin         bool              `json:"admin,omitempty"`       // administers the whole site
	Service       bool              `json:"service,omitempty"`     // a machine: needs no e-mail address and is not throttled
	Second        *SecondFactor     `json:"second,omitempty"`      // nil if the password alone does
	Handles       map[string]string `json:"handles,omitempty"`     // e.g. "github" → "josevalim"
	URL           string            `json:"url,omitempty"`         // of a page of his own
	Without       []mail.Kind       `json:"without,omitempty"`     // of the optional letters
	NoRecovery    bool              `json:"no_recovery,omitempty"` // mail alone does not get a new password
	DeactivatedAt *time.Time        `json:"deactivated_at,omitempty"`
	InsertedAt    time.Time         `json:"inserted_at"`
	UpdatedAt     time.Time         `json:"updated_at"`
}

// An Email is an address of a user. Several users may claim one, but only one can have it verified.
type Email struct {
	Address  string    `json:"address"` // ASCII letters in lower case
	Verified bool      `json:"verified,omitempty"`
	Primary  bool      `json:"primary,omitempty"`
	Public   bool      `json:"public,omitempty"`
	AddedAt  time.Time `json:"added_at"`
}

// A Holder has a name that users and organizations share. It stays when what it named is gone, so
// that nobody else can ever pass for it.
type Holder struct {
	Name  string    `json:"name"`
	Ref   string    `json:"ref"` // as in the audit log: "user:ID", "org:NAME", or "repository:NAME"
	Since time.Time `json:"since"`
}

// The tables of the package.
var (
	Users = store.NewTable("user", func(u User) string { return u.ID })
	Names = store.NewTable("name", func(h Holder) string { return h.Name })

	emails = Users.Unique("email", User.verifiedAddresses)
	claims = Users.Index("unproved", User.claimedAddresses)
	admins = Users.Group("admin", func(u User) []string {
		if u.Admin && u.Active() {
			return []string{activeAdmin}
		}
		return nil
	})

	setups = store.NewTable("setup", func(setup) string { return setupKey })
)

// activeAdmin is the one value of the index of administrators.
const activeAdmin = "active"

// Tables are what the package keeps.
var Tables = store.Schema{Users, Names, setups, Sessions, SessionUses, tickets, familiars, codeUses, enrolments}

// ByName returns the user with the name, in any case of its letters.
func ByName(r store.Reader, username string) (User, bool) {
	n, err := name.ParseUser(username)
	if err != nil {
		return User{}, false
	}
	h, _ := Names.Get(r, n.String())
	userID, ok := strings.CutPrefix(h.Ref, "user:")
	if !ok {
		return User{}, false
	}
	return Users.Get(r, userID)
}

// ByEmail returns the user who has verified the address.
func ByEmail(r store.Reader, address string) (User, bool) {
	return emails.Get(r, lower(address))
}

// ByLogin returns the user with the name or the verified address: what one may log in with.
func ByLogin(r store.Reader, login string) (User, bool) {
	if strings.Contains(login, "@") {
		return ByEmail(r, login)
	}
	return ByName(r, login)
}

// HasAdmin reports whether there is an administrator who can log in.
func HasAdmin(r store.Reader) bool {
	for range admins.In(r, activeAdmin) {
		return true
	}
	return false
}

// Admins yields the active administrators.
func Admins(r store.Reader) iter.Seq[User] { return admins.In(r, activeAdmin) }

// Active reports whether the user is not deactivated.
func (u User) Active() bool { return u.DeactivatedAt == nil }

// Primary returns the address that mail goes to.
func (u User) Primary() (Email, bool) {
	i := slices.IndexFunc(u.Emails, func(e Email) bool { return e.Primary })
	if i < 0 {
		return Email{}, false
	}
	return u.Emails[i], true
}

// Verified reports whether the user has proved to own the primary address. Machines need not.
func (u User) Verified() bool {
	e, _ := u.Primary()
	return e.Verified || u.Service
}

// PublicEmail returns the verified address that the user shows to everybody, or nothing. An address
// that is not verified may be somebody else's, and is never shown.
func (u User) PublicEmail() string {
	i := slices.IndexFunc(u.Emails, func(e Email) bool { return e.Public && e.Verified })
	if i < 0 {
		return ""
	}
	return u.Emails[i].Address
}

func (u User) verifiedAddresses() []string { return u.addresses(true) }

// claimedAddresses are those that the user has not proved. Others may claim them as well.
func (u User) claimedAddresses() []string { return u.addresses(false) }

func (u User) addresses(verified bool) []string {
	var out []string
	for _, e := range u.Emails {
		if e.Verified == verified {
			out = append(out, e.Address)
		}
	}
	return out
}

// lower folds ASCII letters only: other scripts have letters that fold into them.
func lower(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

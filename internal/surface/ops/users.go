package ops

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"hexhub/internal/feature/account"
	"hexhub/internal/kernel/fault"
)

// A User is an account as operators see it.
type User struct {
	ID            string     `json:"id"`
	Username      string     `json:"username"`
	FullName      string     `json:"full_name,omitempty"`
	Emails        []Email    `json:"emails,omitempty"`
	Admin         bool       `json:"admin"`
	Service       bool       `json:"service"`    // a machine
	TwoFactor     bool       `json:"two_factor"` // has a second factor
	Password      bool       `json:"password"`
	InsertedAt    time.Time  `json:"inserted_at"`
	DeactivatedAt *time.Time `json:"deactivated_at,omitempty"` // nil while active
}

// An Email is an address of a user.
type Email struct {
	Address  string `json:"address"`
	Verified bool   `json:"verified"`
	Primary  bool   `json:"primary"`
}

// Primary returns the address that mail goes to.
func (u User) Primary() Email {
	i := slices.IndexFunc(u.Emails, func(e Email) bool { return e.Primary })
	if i < 0 {
		return Email{}
	}
	return u.Emails[i]
}

func userOf(u account.User) User {
	out := User{
		ID: u.ID, Username: u.Username.String(), FullName: u.FullName, Admin: u.Admin, Service: u.Service, TwoFactor: u.TwoFactor(),
		Password: u.Password != "", InsertedAt: u.InsertedAt, DeactivatedAt: u.DeactivatedAt,
	}
	for _, e := range u.Emails {
		out.Emails = append(out.Emails, Email{Address: e.Address, Verified: e.Verified, Primary: e.Primary})
	}
	return out
}

func (o *Ops) users(*http.Request) (any, error) {
	out := []User{}
	for u := range account.Users.All(o.DB.View()) {
		out = append(out, userOf(u))
	}
	slices.SortFunc(out, func(a, b User) int { return strings.Compare(a.Username, b.Username) })
	return out, nil
}

// named finds the user that the query names, by username or verified address.
func (o *Ops) named(r *http.Request) (account.User, error) {
	login := r.URL.Query().Get("user")
	u, ok := account.ByLogin(o.DB.View(), login)
	if !ok {
		return u, fault.New(fault.NotFound, "there is no user %q", login)
	}
	return u, nil
}

func (o *Ops) user(r *http.Request) (any, error) {
	u, err := o.named(r)
	return userOf(u), err
}

// again reads a user after he was changed.
func (o *Ops) again(u account.User) User {
	now, _ := account.Users.Get(o.DB.View(), u.ID)
	return userOf(now)
}

// A UserDraft is a user to be made. Its address counts as verified: the operator vouches for it.
type UserDraft struct {
	Username string `json:"username"`
	FullName string `json:"full_name,omitempty"`
	Email    string `json:"email,omitempty"` // empty only for a service
	Password string `json:"password,omitempty"`
	Admin    bool   `json:"admin,omitempty"`
	Service  bool   `json:"service,omitempty"`
}

func (o *Ops) createUser(r *http.Request) (any, error) {
	d, err := decode[UserDraft](r)
	if err != nil {
		return nil, err
	}
	draft := account.Draft{
		Username: d.Username, FullName: d.FullName, Password: d.Password, Admin: d.Admin, Service: d.Service, Verified: true,
	}
	if d.Email != "" {
		draft.Emails = []string{d.Email}
	}
	u, err := o.Accounts.Create(r.Context(), actor(r).By(), draft)
	return userOf(u), err
}

// aboutUser reads whom a request is about, and what it says of him.
func aboutUser[T any](o *Ops, r *http.Request) (u account.User, said T, err error) {
	if u, err = o.named(r); err != nil {
		return u, said, err
	}
	said, err = decode[T](r)
	return u, said, err
}

// A PasswordChange gives a user another password.
type PasswordChange struct {
	Password string `json:"password"`
}

func (o *Ops) setPassword(r *http.Request) (any, error) {
	u, c, err := aboutUser[PasswordChange](o, r)
	if err != nil {
		return nil, err
	}
	return userOf(u), o.Accounts.SetPassword(r.Context(), actor(r).By(), u.ID, c.Password)
}

// A Switch turns something on or off.
type Switch struct {
	On bool `json:"on"`
}

func (o *Ops) setAdmin(r *http.Request) (any, error) {
	u, s, err := aboutUser[Switch](o, r)
	if err != nil {
		return nil, err
	}
	if err := o.Accounts.SetAdmin(r.Context(), actor(r).By(), u.ID, s.On); err != nil {
		return nil, err
	}
	return o.again(u), nil
}

func (o *Ops) setActive(r *http.Request) (any, error) {
	u, s, err := aboutUser[Switch](o, r)
	if err != nil {
		return nil, err
	}
	change := o.Accounts.Deactivate
	if s.On {
		change = o.Accounts.Reactivate
	}
	if err := change(r.Context(), actor(r).By(), u.ID); err != nil {
		return nil, err
	}
	return o.again(u), nil
}

// A Verification vouches for an address of a user.
type Verification struct {
	Email string `json:"email,omitempty"` // empty means the primary one
}

func (o *Ops) verifyEmail(r *http.Request) (any, error) {
	u, c, err := aboutUser[Verification](o, r)
	if err != nil {
		return nil, err
	}
	if c.Email == "" {
		primary, ok := u.Primary()
		if !ok {
			return nil, fault.New(fault.NotFound, "%s has no e-mail address", u.Username)
		}
		c.Email = primary.Address
	}
	if err := o.Accounts.VerifyEmail(r.Context(), actor(r).By(), u.ID, c.Email); err != nil {
		return nil, err
	}
	return o.again(u), nil
}

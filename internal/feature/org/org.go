// Package org keeps organizations with their members and invitations, and the repositories that
// packages are in.
//
// It knows users by their ids, and not packages or keys. It trusts its callers that a deed is
// permitted: who may is decided in access, which [Orgs.If] asks within the transaction of the deed.
package org

import (
	"context"
	"iter"
	"maps"
	"slices"
	"time"

	"hexhub/hex/name"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/mail"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
)

// A Role is what a member may do in an organization; a higher one includes the lower. A text that is
// none of the constants includes nothing, and neither does the zero value.
type Role string

// The roles, from the lowest.
const (
	Read  Role = "read"  // fetch and look
	Write Role = "write" // and publish, and manage the organization's keys
	Admin Role = "admin" // and manage members
)

var ranks = map[Role]int{Read: 1, Write: 2, Admin: 3}

// Valid reports whether r is one of the roles.
func (r Role) Valid() bool { return ranks[r] > 0 }

// Includes reports whether r allows what other, which must be valid, allows.
func (r Role) Includes(other Role) bool { return other.Valid() && ranks[r] >= ranks[other] }

// An Organization is a group of users that owns a repository of the same name.
type Organization struct {
	Name       name.Repository `json:"name"`
	Members    map[string]Role `json:"members,omitempty"`     // by the id of the user
	KeyMaxAge  time.Duration   `json:"key_max_age,omitempty"` // how long new keys for the repository live at most; zero for ever
	InsertedAt time.Time       `json:"inserted_at"`
	UpdatedAt  time.Time       `json:"updated_at"`

	// What it says of itself, to everybody.
	FullName string            `json:"full_name,omitempty"`
	URL      string            `json:"url,omitempty"`
	Handles  map[string]string `json:"handles,omitempty"` // by the names of account.HandleServices
}

// The tables of the package.
var (
	Organizations = store.NewTable("org", func(o Organization) string { return o.Name.String() })
	Repositories  = store.NewTable("repository", func(r Repository) string { return r.Name.String() })

	ofMember = Organizations.Index("member", func(o Organization) []string { return slices.Collect(maps.Keys(o.Members)) })
)

// Tables are what the package keeps.
var Tables = store.Schema{Organizations, Repositories, invitations}

// RoleOf returns the role of the user with the id in the organization, the zero Role if he is no
// member or there is no such organization.
func RoleOf(r store.Reader, organization name.Repository, userID string) Role {
	if organization == (name.Repository{}) || userID == "" {
		return ""
	}
	o, _ := Organizations.Get(r, organization.String())
	return o.Members[userID]
}

// Of yields the organizations that the user with the id is a member of, by name.
func Of(v *store.View, userID string) iter.Seq[Organization] { return ofMember.Each(v, userID) }

// Options are what Orgs may be told. The zero value works.
type Options struct {
	Mail *mail.Mail // nil tells nobody anything

	// OnLeave ends, as a membership ends, what else the user has in the organization's repository.
	OnLeave func(tx *store.Tx, organization name.Repository, userID string, at time.Time) error

	// InUse tells why an organization cannot be deleted: it owns something. OnDelete ends, as one is deleted, what
	// others keep for it.
	InUse    func(tx *store.Tx, organization name.Repository) error
	OnDelete func(tx *store.Tx, organization name.Repository) error
}

// Orgs does what is done to organizations and repositories. It is safe for concurrent use.
type Orgs struct {
	db  *store.DB
	o   Options
	may func(store.Reader) error // nil for whoever may everything
}

// New returns the organizations kept in db.
func New(db *store.DB, o Options) *Orgs { return &Orgs{db: db, o: o} }

// If returns Orgs that ask may, within the transaction of each deed, and answer its fault in place of
// doing it. So whoever loses a right meanwhile does nothing with it any more.
func (s *Orgs) If(may func(store.Reader) error) *Orgs {
	asking := *s
	asking.may = may
	return &asking
}

// update is the store's, for who may.
func (s *Orgs) update(ctx context.Context, fn func(*store.Tx) error) error {
	return s.db.Update(ctx, func(tx *store.Tx) error {
		if s.may != nil {
			if err := s.may(tx); err != nil {
				return err
			}
		}
		return fn(tx)
	})
}

func now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// Create founds an organization with one member, who administers it, and its private repository. The
// name must be free among users and organizations, past and present.
func (s *Orgs) Create(ctx context.Context, by audit.By, n name.Repository, adminUserID string) (Organization, error) {
	if name.ReservedOrganization(n) {
		return Organization{}, fault.Field("is reserved", "name")
	}
	at := now()
	o := Organization{Name: n, Members: map[string]Role{adminUserID: Admin}, InsertedAt: at, UpdatedAt: at}
	repository := Repository{Name: n, Org: n, InsertedAt: at, UpdatedAt: at}
	err := s.update(ctx, func(tx *store.Tx) error {
		founder, err := userTx(tx, adminUserID)
		if err != nil {
			return err
		}
		_, held := account.Names.Get(tx, n.String())
		_, stored := Repositories.Get(tx, n.String())
		if held || stored {
			return fault.Field("has already been taken", "name")
		}
		account.Names.Put(tx, account.Holder{Name: n.String(), Ref: audit.OrgRef(n.String()), Since: at})
		Organizations.Put(tx, o)
		Repositories.Put(tx, repository)
		record(tx, by, "organization.create", o, founder, at, nil)
		return nil
	})
	if err != nil {
		return Organization{}, err
	}
	return o, nil
}

// snapshot is what the audit log keeps of an organization.
func snapshot(o Organization) map[string]any {
	return map[string]any{"name": o.Name.String(), "public": false, "active": true, "billing_active": true}
}

func record(tx *store.Tx, by audit.By, action string, o Organization, u account.User, at time.Time, more map[string]any) {
	params := map[string]any{
		"organization": snapshot(o),
		"user":         map[string]any{"id": u.ID, "username": u.Username.String()},
	}
	maps.Copy(params, more)
	audit.RecordTx(tx, by, action, params, at, audit.OrgRef(o.Name.String()), audit.UserRef(u.ID))
}

// SetProfile replaces what the organization says of itself. A handle may be given as an address or with an @.
func (s *Orgs) SetProfile(ctx context.Context, by audit.By, organization name.Repository, p account.Profile) error {
	p, err := p.Checked()
	if err != nil {
		return err
	}
	at := now()
	return s.update(ctx, func(tx *store.Tx) error {
		o, ok := Organizations.Get(tx, organization.String())
		if !ok {
			return notFound()
		}
		if o.FullName == p.FullName && o.URL == p.URL && maps.Equal(o.Handles, p.Handles) {
			return nil
		}
		o.FullName, o.URL, o.Handles, o.UpdatedAt = p.FullName, p.URL, p.Handles, at
		Organizations.Put(tx, o)
		audit.RecordTx(tx, by, "organization.update", map[string]any{"organization": snapshot(o), "full_name": o.FullName}, at, audit.OrgRef(o.Name.String()))
		return nil
	})
}

// minKeyAge is the least that an organization may allow keys: less would end them before they are used.
const minKeyAge = time.Hour

// SetKeyMaxAge says how long keys for the organization's repository may live, zero being for ever.
// Keys that there are already keep their end.
func (s *Orgs) SetKeyMaxAge(ctx context.Context, by audit.By, organization name.Repository, age time.Duration) error {
	if age != 0 && age < minKeyAge {
		return fault.Field("must be an hour at least, or 0 for ever", "key_max_age")
	}
	at := now()
	return s.update(ctx, func(tx *store.Tx) error {
		o, ok := Organizations.Get(tx, organization.String())
		if !ok {
			return notFound()
		}
		if o.KeyMaxAge == age {
			return nil
		}
		params := map[string]any{"organization": snapshot(o), "key_max_age": map[string]any{"from": o.KeyMaxAge.String(), "to": age.String()}}
		o.KeyMaxAge, o.UpdatedAt = age, at
		Organizations.Put(tx, o)
		audit.RecordTx(tx, by, "organization.update", params, at, audit.OrgRef(o.Name.String()))
		return nil
	})
}

func notFound() error { return fault.New(fault.NotFound, "Page not found") }

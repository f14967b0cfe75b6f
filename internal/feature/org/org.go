// Package org keeps organizations with their members, and the repositories that packages are in.
//
// It knows users by their ids, and not packages or keys. It trusts its callers that a deed is
// permitted: who may is decided in access.
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
	Members    map[string]Role `json:"members,omitempty"` // by the id of the user
	InsertedAt time.Time       `json:"inserted_at"`
	UpdatedAt  time.Time       `json:"updated_at"`
}

// The tables of the package.
var (
	Organizations = store.NewTable("org", func(o Organization) string { return o.Name.String() })
	Repositories  = store.NewTable("repository", func(r Repository) string { return r.Name.String() })

	ofMember = Organizations.Index("member", func(o Organization) []string { return slices.Collect(maps.Keys(o.Members)) })
)

// Tables are what the package keeps.
var Tables = store.Schema{Organizations, Repositories}

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

// Orgs does what is done to organizations and repositories. It is safe for concurrent use.
type Orgs struct{ db *store.DB }

// New returns the organizations kept in db.
func New(db *store.DB) *Orgs { return &Orgs{db: db} }

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
	err := s.db.Update(ctx, func(tx *store.Tx) error {
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

func userTx(tx *store.Tx, userID string) (account.User, error) {
	u, ok := account.Users.Get(tx, userID)
	if !ok {
		return account.User{}, fault.Field("unknown user", "name")
	}
	return u, nil
}

func record(tx *store.Tx, by audit.By, action string, o Organization, u account.User, at time.Time, more map[string]any) {
	params := map[string]any{
		"organization": map[string]any{"name": o.Name.String(), "public": false},
		"user":         map[string]any{"id": u.ID, "username": u.Username.String()},
	}
	maps.Copy(params, more)
	audit.RecordTx(tx, by, action, params, at, audit.OrgRef(o.Name.String()), audit.UserRef(u.ID))
}

// SetMember makes a user a member with the role, or gives a member another role. Its faults are those
// of the Hex API. The last administrator of an organization stays one.
func (s *Orgs) SetMember(ctx context.Context, by audit.By, organization name.Repository, userID string, role Role) error {
	if !role.Valid() {
		return fault.Field("is invalid", "role")
	}
	return s.change(ctx, organization, userID, func(tx *store.Tx, o *Organization, u account.User, at time.Time) error {
		old, member := o.Members[u.ID]
		o.Members[u.ID] = role
		switch {
		case old == role:
			return nil
		case !hasAdmin(*o):
			return fault.Field("cannot demote last admin member", "base")
		case member:
			record(tx, by, "organization.member.role", *o, u, at, map[string]any{"role": role})
		default:
			record(tx, by, "organization.member.add", *o, u, at, map[string]any{"role": role})
		}
		return nil
	})
}

// RemoveMember ends a membership, if there is one. The last administrator of an organization stays.
func (s *Orgs) RemoveMember(ctx context.Context, by audit.By, organization name.Repository, userID string) error {
	return s.change(ctx, organization, userID, func(tx *store.Tx, o *Organization, u account.User, at time.Time) error {
		if _, member := o.Members[u.ID]; !member {
			return nil
		}
		delete(o.Members, u.ID)
		switch {
		case len(o.Members) == 0:
			return fault.Field("cannot remove last member", "base")
		case !hasAdmin(*o):
			return fault.Field("cannot remove last admin member", "base")
		}
		record(tx, by, "organization.member.remove", *o, u, at, nil)
		return nil
	})
}

func hasAdmin(o Organization) bool {
	for _, role := range o.Members {
		if role == Admin {
			return true
		}
	}
	return false
}

// change applies edit, which gets a map of members of its own, to the organization.
func (s *Orgs) change(ctx context.Context, organization name.Repository, userID string, edit func(*store.Tx, *Organization, account.User, time.Time) error) error {
	at := now()
	return s.db.Update(ctx, func(tx *store.Tx) error {
		o, ok := Organizations.Get(tx, organization.String())
		if !ok {
			return fault.New(fault.NotFound, "Page not found")
		}
		u, err := userTx(tx, userID)
		if err != nil {
			return err
		}
		before := o.Members
		o.Members = maps.Clone(before)
		if err := edit(tx, &o, u, at); err != nil || maps.Equal(before, o.Members) {
			return err
		}
		o.UpdatedAt = at
		Organizations.Put(tx, o)
		return nil
	})
}

package access

import (
	"hexhub/hex/name"
	"hexhub/internal/feature/org"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
)

var errNotFounder = fault.New(fault.Forbidden, "only administrators of this server create organizations; ask one of them, or have them set org.create to users")

// MaySee is MayOrg for looking only, which takes no permission to write whatever the role.
func MaySee(r store.Reader, a Actor, role org.Role, organization name.Repository) error {
	if err := MayOrg(r, a, org.Read, organization); err != nil {
		return err
	}
	if err := refresh(r, &a); err != nil {
		return err
	}
	if a.Via == System || a.User.Admin || a.roleIn(r, organization).Includes(role) {
		return nil
	}
	return errNotFound
}

// Still is what org.Orgs.If asks: whether the actor may do in the organization what takes the role.
func Still(a Actor, role org.Role, organization name.Repository) func(store.Reader) error {
	return func(r store.Reader) error { return MayOrg(r, a, role, organization) }
}

// MayJoin returns nil if the actor is a user who may become a member of something in his own name.
func MayJoin(r store.Reader, a Actor) error {
	if err := refresh(r, &a); err != nil {
		return err
	}
	switch {
	case a.Via == Anonymous:
		return errMissing
	case !a.verified():
		return errUnverified
	case !a.Allows(DomainAPI, "write"):
		return errKeyLacks
	}
	if err := a.secondFactor(); err != nil {
		return err
	}
	if a.User.ID == "" {
		return errNotFound
	}
	return nil
}

// MayFound returns nil if the actor may found an organization, which he then administers.
func (s *Access) MayFound(r store.Reader, a Actor) error {
	if err := MayJoin(r, a); err != nil {
		return err
	}
	if err := refresh(r, &a); err != nil {
		return err
	}
	if a.User.Admin || s.o.Rules(r).UsersFound {
		return nil
	}
	return errNotFounder
}

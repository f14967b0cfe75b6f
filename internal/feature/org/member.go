package org

import (
	"context"
	"maps"
	"strings"
	"time"

	"hexhub/hex/name"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/mail"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
)

// maxMembers keeps an organization's row small enough to be read by every request.
const maxMembers = 1500

// AddMember makes the user whom a text names a member, and writes to him. The text is a user name, or an
// address that its user shows to everybody. The faults are those of the Hex API.
func (s *Orgs) AddMember(ctx context.Context, by audit.By, organization name.Repository, login string, role Role) (account.User, error) {
	at := now()
	var added account.User
	err := s.update(ctx, func(tx *store.Tx) error {
		o, u, err := s.subjects(tx, organization, login)
		switch {
		case err != nil:
			return err
		case o.Members[u.ID] != "":
			return fault.Field("is already member", "user_id")
		}
		if err := checkRole(role); err != nil {
			return err
		}
		if err := s.joinTx(tx, &o, u, role, at); err != nil {
			return err
		}
		added = u
		record(tx, by, "organization.member.add", o, u, at, map[string]any{"role": role})
		s.o.Mail.SendTx(tx, mail.Letter{Kind: mail.MemberAdded, To: u.AddressesFor(mail.MemberAdded), Params: map[string]string{
			"organization": o.Name.String(), "role": string(role), "by": nameOf(by),
		}}, at)
		return nil
	})
	return added, err
}

// SetRole gives the member whom a text names another role. Who is no member is not found.
func (s *Orgs) SetRole(ctx context.Context, by audit.By, organization name.Repository, login string, role Role) (account.User, error) {
	var changed account.User
	at := now()
	err := s.update(ctx, func(tx *store.Tx) error {
		o, u, err := s.subjects(tx, organization, login)
		if err != nil || o.Members[u.ID] == "" {
			return notFound()
		}
		changed = u
		return setTx(tx, by, o, u, role, at)
	})
	return changed, err
}

// SetMember makes a user a member with the role, or gives a member another role, and writes to nobody. Its
// faults are those of the Hex API. The last administrator of an organization stays one.
func (s *Orgs) SetMember(ctx context.Context, by audit.By, organization name.Repository, userID string, role Role) error {
	at := now()
	return s.update(ctx, func(tx *store.Tx) error {
		o, ok := Organizations.Get(tx, organization.String())
		if !ok {
			return notFound()
		}
		u, err := userTx(tx, userID)
		if err != nil {
			return err
		}
		if o.Members[u.ID] != "" {
			return setTx(tx, by, o, u, role, at)
		}
		if err := checkRole(role); err != nil {
			return err
		}
		if err := s.joinTx(tx, &o, u, role, at); err != nil {
			return err
		}
		record(tx, by, "organization.member.add", o, u, at, map[string]any{"role": role})
		return nil
	})
}

// RemoveMember ends a membership, if there is one, and with it all that the user has in the organization's
// repository. The last administrator of an organization stays.
func (s *Orgs) RemoveMember(ctx context.Context, by audit.By, organization name.Repository, userID string) error {
	at := now()
	return s.update(ctx, func(tx *store.Tx) error {
		o, ok := Organizations.Get(tx, organization.String())
		if !ok {
			return notFound()
		}
		return s.leaveTx(tx, by, o, userID, at)
	})
}

// TouchTx writes the organization's row as it is. So whatever depends on a membership, and is not in that
// row, cannot pass one that ends at the same time.
func TouchTx(tx *store.Tx, organization name.Repository) {
	if o, ok := Organizations.Get(tx, organization.String()); ok {
		Organizations.Put(tx, o)
	}
}

// subjects returns the organization and the user whom login names, as the Hex API knows him.
func (s *Orgs) subjects(tx *store.Tx, organization name.Repository, login string) (Organization, account.User, error) {
	o, ok := Organizations.Get(tx, organization.String())
	if !ok {
		return o, account.User{}, notFound()
	}
	u, err := userNamed(tx, login)
	return o, u, err
}

// userNamed finds an active user. An address that he does not show to everybody tells nobody that he is here.
func userNamed(r store.Reader, login string) (account.User, error) {
	u, ok := account.ByLogin(r, login)
	if ok && u.Active() && (!strings.Contains(login, "@") || strings.EqualFold(u.PublicEmail(), login)) {
		return u, nil
	}
	if n, err := name.ParseRepository(login); err == nil {
		if _, isOrg := Organizations.Get(r, n.String()); isOrg {
			return u, fault.Field("cannot add an organization as member to an organization", "base")
		}
	}
	return u, fault.Field("unknown user", "name")
}

func userTx(tx *store.Tx, userID string) (account.User, error) {
	u, ok := account.Users.Get(tx, userID)
	if !ok {
		return account.User{}, fault.Field("unknown user", "name")
	}
	return u, nil
}

func checkRole(role Role) error {
	switch {
	case role == "":
		return fault.Field("can't be blank", "role")
	case !role.Valid():
		return fault.Field("is invalid", "role")
	}
	return nil
}

// joinTx writes o with one more member, or with a member who has got another role.
func (s *Orgs) joinTx(tx *store.Tx, o *Organization, u account.User, role Role, at time.Time) error {
	if o.Members[u.ID] == "" && len(o.Members) >= maxMembers {
		return fault.Field("cannot add a member: an organization has 1500 at most", "base")
	}
	withMember(tx, o, u.ID, role, at)
	return nil
}

func withMember(tx *store.Tx, o *Organization, userID string, role Role, at time.Time) {
	o.Members = maps.Clone(o.Members)
	o.Members[userID], o.UpdatedAt = role, at
	Organizations.Put(tx, *o)
}

// setTx gives a member another role.
func setTx(tx *store.Tx, by audit.By, o Organization, u account.User, role Role, at time.Time) error {
	if err := checkRole(role); err != nil {
		return err
	}
	old := o.Members[u.ID]
	if old == role {
		return nil
	}
	withMember(tx, &o, u.ID, role, at)
	if !hasAdmin(o) {
		return fault.Field("cannot demote last admin member", "base")
	}
	record(tx, by, "organization.member.role", o, u, at, map[string]any{"role": role})
	return nil
}

// leaveTx ends a membership, if there is one.
func (s *Orgs) leaveTx(tx *store.Tx, by audit.By, o Organization, userID string, at time.Time) error {
	if _, member := o.Members[userID]; !member {
		return nil
	}
	if err := mayLeave(o, userID); err != nil {
		return err
	}
	o.Members = maps.Clone(o.Members)
	delete(o.Members, userID)
	o.UpdatedAt = at
	Organizations.Put(tx, o)
	u, _ := account.Users.Get(tx, userID)
	u.ID = userID // also of one who is no more
	record(tx, by, "organization.member.remove", o, u, at, nil)
	if s.o.OnLeave == nil {
		return nil
	}
	return s.o.OnLeave(tx, o.Name, userID, at)
}

// mayLeave tells why the member cannot leave: somebody must be left to administer the organization.
func mayLeave(o Organization, userID string) error {
	if len(o.Members) == 1 {
		return fault.Field("cannot remove last member", "base")
	}
	for id, role := range o.Members {
		if id != userID && role == Admin {
			return nil
		}
	}
	if o.Members[userID] == Admin {
		return fault.Field("cannot remove last admin member", "base")
	}
	return nil
}

func hasAdmin(o Organization) bool {
	for _, role := range o.Members {
		if role == Admin {
			return true
		}
	}
	return false
}

// nameOf is who did something, for people.
func nameOf(by audit.By) string {
	if by.Username != "" {
		return by.Username
	}
	return by.Org
}

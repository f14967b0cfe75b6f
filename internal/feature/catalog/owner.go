package catalog

import (
	"context"
	"slices"
	"strings"
	"time"

	"hexhub/hex/name"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/org"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
)

// FindOwner returns the user or organization that a text names, as the actor may know it: a user name,
// a verified and public address, or an organization that the actor is a member of. A deactivated user
// is not found.
func FindOwner(r store.Reader, actor access.Actor, login string) (access.Owner, bool) {
	u, ok := account.ByLogin(r, login)
	if ok && u.Active() && (!strings.Contains(login, "@") || strings.EqualFold(u.PublicEmail(), login)) {
		return access.OfUser(u.ID), true
	}
	n, err := name.ParseRepository(login)
	if err != nil {
		return access.Owner{}, false
	}
	o, ok := org.Organizations.Get(r, n.String())
	known := ok && access.MayOrg(r, actor, org.Read, o.Name) == nil
	return access.OfOrg(n), known
}

// SetOwner makes somebody an owner of the package at the level, or gives an owner another level. With
// transfer all other owners are removed. Login is as for FindOwner; whom it does not find is NotFound.
// The zero level is Full. Other faults are those of the Hex API.
func (c *Catalog) SetOwner(ctx context.Context, actor access.Actor, ref Ref, login string, level access.Level, transfer bool) error {
	at := now()
	if level == "" {
		level = access.Full
	}
	return c.db.Update(ctx, func(tx *store.Tx) error {
		repository, pkg, err := target(tx, actor, access.Own, ref)
		if err != nil {
			return err
		}
		who, ok := FindOwner(tx, actor, login)
		if !ok {
			return notFound()
		}
		add := Owner{UserID: who.UserID, Org: who.Org, Level: level}
		if err := mayBecomeOwner(tx, repository, add, transfer); err != nil {
			return err
		}
		before := pkg.Owners
		if pkg.Owners, err = withOwner(before, add, transfer); err != nil {
			return err
		}
		if slices.Equal(before, pkg.Owners) {
			return nil
		}
		if transfer {
			pkg.BadgeSecret = "" // which those who leave may have given to anybody
		}
		if !repository.Public {
			org.TouchTx(tx, repository.Org) // for who is made an owner must not cease to be a member unseen
		}
		touchTx(tx, add.Org)
		packages.Put(tx, pkg)
		recordOwner(tx, actor, setAction(before, add, transfer), repository, pkg, add, at)
		c.tellOwnersTx(tx, actor, repository, pkg, before, at)
		return nil
	})
}

func mayBecomeOwner(tx *store.Tx, repository org.Repository, o Owner, transfer bool) error {
	isOrg := o.UserID == ""
	switch {
	case o.Level != access.Full && o.Level != access.Maintainer:
		return fault.Field("is invalid", "level")
	case !repository.Public && !belongs(tx, repository, o):
		return fault.Field("cannot add owner to private package when the user is not a member of the organization", "username")
	case isOrg && !transfer:
		return fault.Field("organization ownership can only be transferred, removing all existing owners", "username")
	case isOrg && o.Level != access.Full:
		return fault.Field("ownership level is required to be \"full\" for organization ownership", "level")
	}
	return nil
}

// belongs reports whether the owner is a member of the organization with the repository, or is it.
func belongs(r store.Reader, repository org.Repository, o Owner) bool {
	return o.UserID == "" && o.Org == repository.Org || org.RoleOf(r, repository.Org, o.UserID).Includes(org.Read)
}

// withOwner returns the owners with one added or changed, and in the case of a transfer no others. It
// refuses to leave a package without a full owner that had one.
func withOwner(owners []Owner, add Owner, transfer bool) ([]Owner, error) {
	var after []Owner
	if !transfer {
		after = slices.Clone(owners)
	}
	if i := indexOf(after, add.Subject()); i >= 0 {
		after[i] = add
	} else {
		after = append(after, add)
	}
	if fullOwners(owners) > 0 && fullOwners(after) == 0 {
		return nil, fault.Field("cannot demote the last full owner of a package", "username")
	}
	return after, nil
}

func indexOf(owners []Owner, who access.Owner) int {
	return slices.IndexFunc(owners, func(o Owner) bool { return o.Subject() == who })
}

func fullOwners(owners []Owner) (n int) {
	for _, o := range owners {
		if o.Level == access.Full {
			n++
		}
	}
	return n
}

func setAction(before []Owner, add Owner, transfer bool) string {
	switch {
	case transfer:
		return "owner.transfer"
	case indexOf(before, add.Subject()) >= 0:
		return "owner.update"
	}
	return "owner.add"
}

// RemoveOwner ends an ownership. A package in a public repository keeps its last full owner; one in a
// private repository needs none, since its organization is above them.
func (c *Catalog) RemoveOwner(ctx context.Context, actor access.Actor, ref Ref, login string) error {
	at := now()
	return c.db.Update(ctx, func(tx *store.Tx) error {
		repository, pkg, err := target(tx, actor, access.Own, ref)
		if err != nil {
			return err
		}
		who, ok := FindOwner(tx, actor, login)
		if !ok {
			return notFound()
		}
		i := indexOf(pkg.Owners, who)
		if i < 0 {
			return fault.Field("user is not an owner of package", "username")
		}
		before, gone := pkg.Owners, pkg.Owners[i]
		if err := mayGo(repository, before, gone); err != nil {
			return err
		}
		pkg.Owners = slices.Delete(slices.Clone(before), i, i+1)
		packages.Put(tx, pkg)
		recordOwner(tx, actor, "owner.remove", repository, pkg, gone, at)
		c.tellOwnersTx(tx, actor, repository, pkg, before, at)
		return nil
	})
}

func mayGo(repository org.Repository, owners []Owner, gone Owner) error {
	switch {
	case !repository.Public:
		return nil
	case len(owners) == 1:
		return fault.Field("cannot remove last owner of package", "username")
	case gone.Level == access.Full && fullOwners(owners) == 1:
		return fault.Field("cannot remove the last full owner of package", "username")
	}
	return nil
}

// maxEnded is how many ownerships end with a membership. A former member can do nothing with others.
const maxEnded = 400

// EndOwnershipsTx takes from a user who ceases to be a member of an organization what he owns in its
// repository. It is what org.Options.OnLeave is for; SetOwner sees to it that nothing slips by.
func (c *Catalog) EndOwnershipsTx(tx *store.Tx, organization name.Repository, userID string, _ time.Time) error {
	v := c.db.View()
	defer v.Close()
	is := func(o Owner) bool { return o.UserID == userID }
	ended := 0
	for p := range OwnedBy(v, access.OfUser(userID)) {
		if p, ok := packages.Get(tx, p.Ref().Key()); ok && p.Repository == organization && ended < maxEnded {
			p.Owners = slices.DeleteFunc(slices.Clone(p.Owners), is)
			packages.Put(tx, p)
			ended++
		}
	}
	for t := range tombstones.Prefix(v, organization.String()+"/") {
		if t, ok := tombstones.Get(tx, tombstones.Key(t)); ok && slices.ContainsFunc(t.Owners, is) && ended < maxEnded {
			t.Owners = slices.DeleteFunc(slices.Clone(t.Owners), is)
			tombstones.Put(tx, t)
			ended++
		}
	}
	return nil
}

func recordOwner(tx *store.Tx, actor access.Actor, action string, repository org.Repository, pkg Package, o Owner, at time.Time) {
	params, concerns := map[string]any{"level": o.Level}, audit.OrgRef(o.Org.String())
	if u, ok := account.Users.Get(tx, o.UserID); ok {
		params["user"] = map[string]any{"id": u.ID, "username": u.Username, "handles": u.Handles}
		concerns = audit.UserRef(u.ID)
	} else {
		params["organization"] = map[string]any{"name": o.Org}
	}
	record(tx, actor, action, repository, pkg, params, at, concerns)
}

package catalog

import (
	"context"
	"slices"
	"time"
	"unicode/utf8"

	"hexhub/hex/version"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/org"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
)

// check returns the fault of the Hex API for a retirement that is none.
func (t Retirement) check() error {
	wrong := fault.Fields{}
	switch {
	case t.Reason == "":
		wrong["reason"] = "can't be blank"
	case !slices.Contains(Reasons, t.Reason):
		wrong["reason"] = "is invalid"
	}
	switch n := utf8.RuneCountInString(t.Message); {
	case 0 < n && n < 3:
		wrong["message"] = "should be at least 3 character(s)"
	case n > 140:
		wrong["message"] = "should be at most 140 character(s)"
	}
	if len(wrong) > 0 {
		return fault.Validation(fault.Fields{"retirement": wrong})
	}
	return nil
}

// Retire marks a release as not to be chosen, in place of what it may be marked with.
func (c *Catalog) Retire(ctx context.Context, actor access.Actor, ref Ref, v version.Version, t Retirement) error {
	return c.retireOne(ctx, actor, ref, v, &t)
}

// Unretire takes the mark away, if there is one.
func (c *Catalog) Unretire(ctx context.Context, actor access.Actor, ref Ref, v version.Version) error {
	return c.retireOne(ctx, actor, ref, v, nil)
}

func (c *Catalog) retireOne(ctx context.Context, actor access.Actor, ref Ref, v version.Version, t *Retirement) error {
	at := now()
	return c.db.Update(ctx, func(tx *store.Tx) error {
		repository, pkg, rel, err := targetRelease(tx, actor, ref, v)
		if err != nil {
			return refusal(actor, repository, err)
		}
		if t != nil {
			if err := t.check(); err != nil {
				return err
			}
		}
		markTx(tx, actor, repository, pkg, rel, t, at)
		touch(tx, pkg, at)
		return nil
	})
}

// RetireAll retires every release of the package that is not retired yet, or all if replace is set.
func (c *Catalog) RetireAll(ctx context.Context, actor access.Actor, ref Ref, t Retirement, replace bool) error {
	at := now()
	return c.db.Update(ctx, func(tx *store.Tx) error {
		repository, pkg, err := target(tx, actor, access.Write, ref)
		if err != nil {
			return refusal(actor, repository, err)
		}
		if err := t.check(); err != nil {
			return err
		}
		for _, rel := range Releases(tx, ref) {
			if replace || rel.Retirement == nil {
				markTx(tx, actor, repository, pkg, rel, &t, at)
			}
		}
		touch(tx, pkg, at)
		return nil
	})
}

// refusal says what hex.pm says to the anonymous here, who are told elsewhere to log in.
func refusal(actor access.Actor, repository org.Repository, err error) error {
	switch {
	case actor.LoggedIn() || !fault.Is(err, fault.Unauthenticated):
		return err
	case repository.Public:
		return fault.New(fault.Forbidden, "account not authorized for this action")
	}
	return notFound()
}

func markTx(tx *store.Tx, actor access.Actor, repository org.Repository, pkg Package, rel Release, t *Retirement, at time.Time) {
	action := "release.retire"
	if t == nil {
		action = "release.unretire"
	}
	rel.Retirement, rel.UpdatedAt = t, at
	releases.Put(tx, rel)
	record(tx, actor, action, repository, pkg, rel.snapshot(pkg), at)
}

// touch moves the time of the package, by which lists of names tell what is new.
func touch(tx *store.Tx, pkg Package, at time.Time) {
	pkg.UpdatedAt = at
	packages.Put(tx, pkg)
}

package catalog

import (
	"context"

	"hexhub/hex/name"
	"hexhub/hex/version"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/audit"
	"hexhub/internal/kernel/store"
)

// Reserve keeps everybody from publishing a new package of the name, in any repository, or, if v is not
// the zero Version, that version of it. It is for administrators. What is published already stays. The
// audit log has it as name.reserve, and Unreserve as name.unreserve.
func (c *Catalog) Reserve(ctx context.Context, actor access.Actor, pkg name.Package, v version.Version) error {
	at := now()
	return c.reserve(ctx, actor, pkg, v, "name.reserve", func(tx *store.Tx) {
		reserved.Put(tx, Reserved{Package: pkg, Version: v, InsertedAt: at})
	})
}

// Unreserve takes a reservation back, if there is one.
func (c *Catalog) Unreserve(ctx context.Context, actor access.Actor, pkg name.Package, v version.Version) error {
	return c.reserve(ctx, actor, pkg, v, "name.unreserve", func(tx *store.Tx) {
		reserved.Delete(tx, reservedKey(pkg, v))
	})
}

func (c *Catalog) reserve(ctx context.Context, actor access.Actor, pkg name.Package, v version.Version, action string, change func(*store.Tx)) error {
	at := now()
	return c.db.Update(ctx, func(tx *store.Tx) error {
		if err := access.May(tx, actor, access.Administer, access.Thing{}); err != nil {
			return err
		}
		change(tx)
		audit.RecordTx(tx, actor.By(), action, map[string]any{"package": pkg, "version": v}, at)
		return nil
	})
}

// AllReserved returns the reservations of administrators, by name.
func AllReserved(v *store.View) []Reserved {
	var all []Reserved
	for r := range reserved.All(v) {
		all = append(all, r)
	}
	return all
}

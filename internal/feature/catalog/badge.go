package catalog

import (
	"context"
	"crypto/rand"
	"crypto/subtle"

	"hexhub/internal/feature/access"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
)

// ShareBadges makes a secret by which everybody who has it sees the badges of a private package, such as readers of a
// README. It takes the place of the one before. Those of public packages need none.
func (c *Catalog) ShareBadges(ctx context.Context, actor access.Actor, ref Ref) error {
	return c.setBadgeSecret(ctx, actor, ref, "badge.share", rand.Text())
}

// HideBadges has nobody see the badges of a private package any more.
func (c *Catalog) HideBadges(ctx context.Context, actor access.Actor, ref Ref) error {
	return c.setBadgeSecret(ctx, actor, ref, "badge.hide", "")
}

func (c *Catalog) setBadgeSecret(ctx context.Context, actor access.Actor, ref Ref, action, secret string) error {
	at := now()
	return c.db.Update(ctx, func(tx *store.Tx) error {
		repository, pkg, err := target(tx, actor, access.Write, ref)
		if err != nil {
			return err
		}
		if repository.Public {
			return fault.Field("is public, and so are its badges", "repository")
		}
		pkg.BadgeSecret = secret
		packages.Put(tx, pkg)
		record(tx, actor, action, repository, pkg, nil, at)
		return nil
	})
}

// ShowsBadges reports whether whoever has the secret sees the badges of the package.
func (p Package) ShowsBadges(secret string) bool {
	return p.BadgeSecret != "" && subtle.ConstantTimeCompare([]byte(secret), []byte(p.BadgeSecret)) == 1
}

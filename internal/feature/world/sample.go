package world

import (
	"context"
	"fmt"

	"hexhub/hex/name"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/catalog"
)

// Sample publishes a small package of the name, which mix can compile, for an actor who has none at hand. It is in
// the default repository, and the actor's own: he may remove it like any other.
func Sample(ctx context.Context, r Rooms, actor access.Actor, n name.Package) (catalog.Release, error) {
	s, err := parse(fmt.Appendf(nil, "package %[1]s/%[2]s\nrelease %[1]s/%[2]s 0.1.0 description=%[3]q\n", r.Repository, n, "A package to try this registry with."), r.Repository)
	if err != nil {
		return catalog.Release{}, fmt.Errorf("write a sample: %w", err)
	}
	b := builder{ctx: ctx, Rooms: r, script: s}
	draft, err := b.draft(s.releases[0])
	if err != nil {
		return catalog.Release{}, fmt.Errorf("pack a sample: %w", err)
	}
	made, _, err := r.Catalog.Publish(ctx, actor, draft, false)
	return made, err
}

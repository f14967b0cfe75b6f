// Package world builds small registries from text, for tests and for people who want to look around.
//
// A world is a txtar archive. Its comment has one fact a line, in any order:
//
//	# who there is
//	user jose admin email=jose@example.com password="a long passphrase"
//	user eva
//	org guild admin=jose write=eva
//	key jose ci permissions=api:write,repositories
//	policy guild/strict public cooldown=7d deny=evil
//
//	# what they have published
//	package hexhub/decimal owner=jose maintainer=eva
//	release hexhub/decimal 2.1.0 requires="jason ~> 1.0" retired="security:see GHSA-1" docs
//
// Its files, if any, are the contents of releases: decimal-2.1.0/lib/decimal.ex, or
// guild/secret-1.0.0/lib/secret.ex in another repository than the default one. A policy has its rules for
// the default repository and for the organization's own. A release without files
// gets some that its build tool can compile. One with docs gets documentation of the shape that its build tool
// makes, or the one whose files are there: decimal-2.1.0:docs/index.html.
//
// A world is built by the deeds that people do, so nothing can be in it that could not come about
// otherwise. The package knows the rooms it builds with; it refuses to know who asks for a world, and
// writes no row itself.
package world

import (
	"context"
	_ "embed"
	"errors"
	"fmt"

	"hexhub/hex/name"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/org"
	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/store"
)

// Rooms are where a world is built. All are needed.
type Rooms struct {
	DB         *store.DB
	Blobs      blob.Store
	Repository name.Repository // the default one, which must exist
	Accounts   *account.Accounts
	Orgs       *org.Orgs
	Access     *access.Access
	Catalog    *catalog.Catalog
}

// A World is what was built and cannot be looked up again.
type World struct {
	// Secrets are those of the API keys, by OWNER/NAME.
	Secrets map[string]string
}

// Build reads a world and does what it tells, dependencies before what requires them. Nothing is done
// if the text is wrong; but what was done before a deed was refused stays. Errors name the line.
func Build(ctx context.Context, r Rooms, text []byte) (*World, error) {
	s, err := parse(text, r.Repository)
	if err != nil {
		return nil, fmt.Errorf("read the world: %w", err)
	}
	b := builder{ctx: ctx, Rooms: r, script: s, world: &World{Secrets: map[string]string{}}}
	if err := b.build(); err != nil {
		return nil, fmt.Errorf("build the world: %w", err)
	}
	return b.world, nil
}

//go:embed demo.txtar
var demo []byte

// ErrNotEmpty is returned by Demo when there is something in the registry already.
var ErrNotEmpty = errors.New("the registry is not empty")

// Demo builds a world to look at: a dozen packages as one meets them, with several versions,
// dependencies, a retirement, and two organizations. It does so only where nobody has published yet.
func Demo(ctx context.Context, r Rooms) error {
	for range catalog.In(r.DB.View(), r.Repository) {
		return ErrNotEmpty
	}
	_, err := Build(ctx, r, demo)
	return err
}

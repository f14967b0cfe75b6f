// Package docs takes in the documentation of releases: compressed archives, as mix and rebar3 upload them.
//
// It knows what such an archive must be like, and that its blob is there before a release names it. It
// refuses to know pages and hosts; that a release has documentation, and who may say so, is the catalog's.
package docs

import (
	"context"
	"fmt"
	"time"

	"hexhub/hex/tarball"
	"hexhub/hex/version"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/store"
)

// Docs does what is done to documentation. It is safe for concurrent use.
type Docs struct {
	db    *store.DB
	blobs blob.Store
}

// New returns the documentation of the releases that db keeps, with its archives in blobs.
func New(db *store.DB, blobs blob.Store) *Docs { return &Docs{db, blobs} }

// Upload gives the release the documentation, in the place of what it has, and returns the release as it
// then is. The bytes are durable before the release names them, and lie unpacked here when Upload returns, if they were
// unpacked to examine them.
func (d *Docs) Upload(ctx context.Context, actor access.Actor, ref catalog.Ref, v version.Version, a Archive) (catalog.Release, error) {
	hash, size, err := d.blobs.Put(ctx, a.up)
	if err != nil {
		return catalog.Release{}, fmt.Errorf("store documentation: %w", err)
	}
	at := now()
	marked, err := d.mark(ctx, actor, ref, v, &catalog.Docs{Hash: tarball.Sum(hash), Size: size, UpdatedAt: at}, at)
	if err == nil && a.tree != nil {
		_ = a.tree.Keep(treeKey(tarball.Sum(hash))) // if it fails, the first reader has it unpacked again
	}
	return marked, err
}

// Revert takes the release's documentation away. If it has none, that is not found.
func (d *Docs) Revert(ctx context.Context, actor access.Actor, ref catalog.Ref, v version.Version) error {
	_, err := d.mark(ctx, actor, ref, v, nil, now())
	return err
}

func now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

func (d *Docs) mark(ctx context.Context, actor access.Actor, ref catalog.Ref, v version.Version, docs *catalog.Docs, at time.Time) (catalog.Release, error) {
	var marked catalog.Release
	err := d.db.Update(ctx, func(tx *store.Tx) (err error) {
		marked, err = catalog.MarkDocsTx(tx, actor, ref, v, docs, at)
		return err
	})
	if err != nil {
		return catalog.Release{}, err
	}
	return marked, nil
}

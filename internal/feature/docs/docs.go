// Package docs takes in the documentation of releases: compressed archives, as mix and rebar3 upload them.
//
// It knows what such an archive must be like, and that its blob is there before a release names it. It
// refuses to know pages and hosts; that a release has documentation, and who may say so, is the catalog's.
package docs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"hexhub/hex/tarball"
	"hexhub/hex/version"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
)

// Docs does what is done to documentation. It is safe for concurrent use.
type Docs struct {
	db    *store.DB
	blobs blob.Store
}

// New returns the documentation of the releases that db keeps, with its archives in blobs.
func New(db *store.DB, blobs blob.Store) *Docs { return &Docs{db, blobs} }

// An Archive is an upload that was examined and found to be documentation. Whoever spooled it closes it.
type Archive struct{ up *blob.Spooled }

// Examine reads all of an upload, which is dear, and says in the words of the Hex API why it is no
// documentation that could be shown. On hex.pm nobody would hear of it.
func Examine(up *blob.Spooled) (Archive, error) {
	files, err := tarball.OpenDocs(up, up.Size())
	if err != nil {
		return Archive{}, refusal(err)
	}
	if !slices.ContainsFunc(files, func(f tarball.File) bool { return f.Path == front }) {
		return Archive{}, errNoFront
	}
	return Archive{up}, nil
}

// front is the page that the address of documentation shows.
const front = "index.html"

var errNoFront = fault.Field("tarball error, index.html: is missing, and is the page that readers come to first; pack the folder's files, not the folder", "tar")

// refusal says in the words of the API what is wrong with an archive, and which file it is.
func refusal(err error) error {
	if refused, ok := errors.AsType[*tarball.Error](err); ok {
		return fault.Field(refused.Text, "tar")
	}
	return fmt.Errorf("examine documentation: %w", err)
}

// Upload gives the release the documentation, in the place of what it has, and returns the release as it
// then is. The bytes are durable before the release names them.
func (d *Docs) Upload(ctx context.Context, actor access.Actor, ref catalog.Ref, v version.Version, a Archive) (catalog.Release, error) {
	hash, size, err := d.blobs.Put(ctx, a.up)
	if err != nil {
		return catalog.Release{}, fmt.Errorf("store documentation: %w", err)
	}
	at := now()
	return d.mark(ctx, actor, ref, v, &catalog.Docs{Hash: tarball.Sum(hash), Size: size, UpdatedAt: at}, at)
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

package catalog

import (
	"time"

	"hexhub/hex/version"
	"hexhub/internal/feature/access"
	"hexhub/internal/kernel/store"
)

// MayMarkDocs tells, before documentation is read, why the actor may not give the release any, or nil.
// MarkDocsTx asks again.
func MayMarkDocs(r store.Reader, actor access.Actor, ref Ref, v version.Version) error {
	_, _, _, err := targetRelease(r, actor, ref, v)
	return err
}

// MarkDocsTx notes that the release has the documentation, or with nil that it has none any more, if the
// actor may change it, and records that as docs.publish or docs.revert. It returns the release as it then
// is. There is no window for documentation: it can be replaced for ever, and what it replaces stays for
// Grace. Where there is none, none can be taken away: that is not found.
func MarkDocsTx(tx *store.Tx, actor access.Actor, ref Ref, v version.Version, docs *Docs, at time.Time) (Release, error) {
	repository, pkg, rel, err := targetRelease(tx, actor, ref, v)
	if err != nil {
		return Release{}, err
	}
	if docs == nil && !rel.HasDocs() {
		return Release{}, notFound()
	}
	if rel.HasDocs() != (docs != nil) {
		rel.UpdatedAt = at // clients are shown whether there is some, and when it was changed
	}
	if old := rel.Docs; old != nil && (docs == nil || docs.Hash != old.Hash) {
		keepTx(tx, rel, old.Hash, at)
	}
	rel.Docs, pkg.DocsUpdatedAt = docs, at
	releases.Put(tx, rel)
	packages.Put(tx, pkg)
	action := "docs.publish"
	if docs == nil {
		action = "docs.revert"
	}
	record(tx, actor, action, repository, pkg, rel.snapshot(pkg), at)
	return rel, nil
}

package catalog

import (
	"time"

	"hexhub/hex/version"
	"hexhub/internal/feature/access"
	"hexhub/internal/kernel/store"
)

// MarkDocsTx notes that the release has documentation, or has none any more, if the actor may change
// it, and records that as docs.publish or docs.revert. It returns the release as it then is. There is
// no window for documentation.
func MarkDocsTx(tx *store.Tx, actor access.Actor, ref Ref, v version.Version, has bool, at time.Time) (Release, error) {
	repository, pkg, rel, err := targetRelease(tx, actor, access.Write, ref, v)
	if err != nil {
		return Release{}, err
	}
	action := "docs.revert"
	if has {
		action = "docs.publish"
	}
	rel.HasDocs = has
	releases.Put(tx, rel)
	record(tx, actor, action, repository, pkg, rel.snapshot(pkg), at)
	return rel, nil
}

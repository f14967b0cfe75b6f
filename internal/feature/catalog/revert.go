package catalog

import (
	"context"
	"fmt"
	"iter"
	"time"

	"hexhub/hex/tarball"
	"hexhub/hex/version"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/mail"
	"hexhub/internal/feature/org"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
)

// Revert takes a release back while its window is open, and the package with its last release unless
// others depend on it. Its documentation goes with it. Names stay with those who had them, see Tombstone;
// the blobs stay for Grace.
func (c *Catalog) Revert(ctx context.Context, actor access.Actor, ref Ref, v version.Version) error {
	at := now()
	return c.takeBack(ctx, actor, ref, v, at, func(_ *store.Tx, repository org.Repository, pkg Package, rel Release) error {
		if !open(repository, pkg.InsertedAt, rel.InsertedAt, at) {
			return fault.Field(closed(repository, tooLateToRevert), "inserted_at")
		}
		return nil
	})
}

// Remove is Revert for administrators, who may do it at any time and must say why, for it breaks the builds of whoever
// has locked the release. A version whose window is closed is never published again.
func (c *Catalog) Remove(ctx context.Context, actor access.Actor, ref Ref, v version.Version) error {
	if _, err := actor.Because(actor.Reason); err != nil {
		return err
	}
	at := now()
	may := func(tx *store.Tx, _ org.Repository, _ Package, _ Release) error {
		return access.May(tx, actor, access.Administer, access.Thing{})
	}
	if err := c.announce(ctx, actor, ref, v, at, may); err != nil {
		return err
	}
	return c.takeBack(ctx, actor, ref, v, at, may)
}

// announce has those who come to depend on the package write its row from now on, as hostsTx does while the window is
// open: whoever began before has committed by the time this returns, or begins anew.
func (c *Catalog) announce(ctx context.Context, actor access.Actor, ref Ref, v version.Version, at time.Time, may leave) error {
	return c.db.Update(ctx, func(tx *store.Tx) error {
		repository, pkg, rel, err := targetRelease(tx, actor, ref, v)
		if err == nil {
			err = may(tx, repository, pkg, rel)
		}
		if err != nil {
			return err
		}
		pkg.RemovingAt = at
		packages.Put(tx, pkg)
		return nil
	})
}

// A leave says why a release may not be taken away, or nil.
type leave func(tx *store.Tx, repository org.Repository, pkg Package, rel Release) error

func (c *Catalog) takeBack(ctx context.Context, actor access.Actor, ref Ref, v version.Version, at time.Time, may leave) error {
	return c.db.Update(ctx, func(tx *store.Tx) error {
		repository, pkg, rel, err := targetRelease(tx, actor, ref, v)
		if err == nil {
			err = may(tx, repository, pkg, rel)
		}
		if err != nil {
			return err
		}
		record(tx, actor, "release.revert", repository, pkg, rel.snapshot(pkg), at)
		c.tellTx(tx, actor, mail.ReleaseRemoved, repository, pkg, concerned(repository, pkg, actor), map[string]string{"version": v.String()}, at)
		return c.removeTx(tx, pkg, rel, at)
	})
}

func (c *Catalog) removeTx(tx *store.Tx, pkg Package, rel Release, at time.Time) error {
	ref := pkg.Ref()
	releases.Delete(tx, ref.releaseKey(rel.Version))
	releaseMeta.Delete(tx, ref.releaseKey(rel.Version))
	keepTx(tx, rel, rel.Outer, at)
	if rel.HasDocs() {
		keepTx(tx, rel, rel.Docs.Hash, at)
	}
	tombstones.Put(tx, Tombstone{
		Repository: ref.Repository, Package: ref.Name, Version: rel.Version,
		ID: rel.ID, InsertedAt: rel.InsertedAt, RevertedAt: at,
	})
	var left bool
	if pkg.Summary, left = summarize(tx, ref); left {
		pkg.UpdatedAt = at
		packages.Put(tx, pkg)
		return nil
	}
	// Within the Tx only this package is guarded. That suffices: a dependant published meanwhile has
	// written this package's row (see hostsTx), so either the View shows it or the commit fails.
	for range Dependants(c.db.View(), ref) {
		return fault.Field("you cannot delete this package because other packages depend on it", "name")
	}
	packages.Delete(tx, ref.Key())
	tombstones.Put(tx, Tombstone{
		Repository: ref.Repository, Package: ref.Name,
		ID: pkg.ID, Owners: pkg.Owners, InsertedAt: pkg.InsertedAt, RevertedAt: at,
	})
	return nil
}

// TakenBack tells when the version was taken back, or the package for the zero one, if it was and its name was not used
// again. It asks nobody's leave: who may not read the repository must not hear of it.
func TakenBack(r store.Reader, ref Ref, v version.Version) (time.Time, bool) {
	grave, ok := tombstones.Get(r, ref.tombstoneKey(v))
	return grave.RevertedAt, ok
}

// Blobs yields the hash of every tarball and documentation that a release names, or that is kept until
// after the given time although none does any more. A hash may come twice. All others are garbage, unless they were put
// so lately that their release may yet be published.
func Blobs(v *store.View, at time.Time) iter.Seq[tarball.Sum] {
	return func(yield func(tarball.Sum) bool) {
		for r := range releases.All(v) {
			if !yield(r.Outer) || r.HasDocs() && !yield(r.Docs.Hash) {
				return
			}
		}
		for k := range kept.All(v) {
			if k.Until.After(at) && !yield(k.Hash) {
				return
			}
		}
	}
}

// BlobName says what a blob is, for people, or nothing if Blobs does not yield it. It looks through all releases.
func BlobName(v *store.View, sum tarball.Sum, at time.Time) string {
	for r := range releases.All(v) {
		if r.Outer == sum {
			return r.fileName()
		}
		if r.HasDocs() && r.Docs.Hash == sum {
			return "docs of " + r.fileName()
		}
	}
	for k := range kept.All(v) {
		if k.Hash == sum && k.Until.After(at) {
			return "a file that its release no more has"
		}
	}
	return ""
}

func (r Release) fileName() string {
	return fmt.Sprintf("%s/%s-%s.tar", r.Repository, r.Package, r.Version)
}

// Forget drops the notes of kept blobs whose time is over, some at a time.
func (c *Catalog) Forget(ctx context.Context) error {
	at := now()
	var over []string
	for k := range kept.All(c.db.View()) {
		if !k.Until.After(at) && len(over) < store.MaxOps/2 {
			over = append(over, kept.Key(k))
		}
	}
	return c.db.Update(ctx, func(tx *store.Tx) error {
		for _, key := range over {
			if k, ok := kept.Get(tx, key); ok && !k.Until.After(at) {
				kept.Delete(tx, key)
			}
		}
		return nil
	})
}

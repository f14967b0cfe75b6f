package catalog

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"hexhub/hex/name"
	"hexhub/hex/tarball"
	"hexhub/hex/version"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/mail"
	"hexhub/internal/feature/org"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/id"
	"hexhub/internal/kernel/store"
)

// A Draft is a version that somebody wants to publish. Its tarball is a blob already.
type Draft struct {
	Repository  name.Repository
	ClaimedName name.Package // that the upload was addressed to; zero when to no package in particular
	Tarball     *tarball.Tarball
	Size        int64 // bytes of the tarball
}

// Publish makes a release of the draft, and the package if it is the first, or replaces the release of
// that version, if replace is set and its window is open. It reports whether the version is new. Its
// faults are those of the Hex API: first of the package, then of the release.
//
// A package's name and a reverted version's stay with those who had them. Published anew, they keep
// their times, so that reverting wins nobody a longer window, and the package keeps its owners, so that
// a maintainer does not come to own it alone.
func (c *Catalog) Publish(ctx context.Context, actor access.Actor, d Draft, replace bool) (Release, bool, error) {
	p, err := prepare(actor, d)
	if err != nil {
		return Release{}, false, err
	}
	var made Release
	var created bool
	err = c.db.Update(ctx, func(tx *store.Tx) (err error) {
		made, created, err = c.publishTx(tx, p, replace)
		return err
	})
	if err != nil {
		return Release{}, false, err
	}
	return made, created, nil
}

// A publication is a draft with all that is settled before the Update.
type publication struct {
	Draft
	actor              access.Actor
	at                 time.Time
	name               name.Package // that the metadata claims; zero if it is none
	badName            error
	packageID, release string // ids for what may be made
	meta               Meta
}

func prepare(actor access.Actor, d Draft) (*publication, error) {
	p := &publication{Draft: d, actor: actor, at: now(), packageID: id.New(), release: id.New()}
	m := d.Tarball.Metadata
	p.name, p.badName = name.ParsePackage(m.Name)
	p.meta = Meta{Description: m.Description, Licenses: m.Licenses, Links: m.Links, Maintainers: m.Maintainers}
	if m.Extra != nil {
		extra, err := json.Marshal(m.Extra)
		if err != nil {
			return nil, fmt.Errorf("encode extra metadata: %w", err)
		}
		p.meta.Extra = extra
	}
	return p, nil
}

// ref names the package that is published to.
func (p *publication) ref() Ref { return Ref{p.Repository, p.name} }

func (c *Catalog) publishTx(tx *store.Tx, p *publication, replace bool) (Release, bool, error) {
	repository, err := p.admitTx(tx)
	if err != nil {
		return Release{}, false, err
	}
	pkg, err := p.packageTx(tx, repository)
	if err != nil {
		return Release{}, false, err
	}
	rel, created, err := c.releaseTx(tx, p, repository, pkg, replace)
	if err != nil {
		return Release{}, false, err
	}
	releases.Put(tx, rel)
	releaseMeta.Put(tx, p.rest(rel))
	pkg.Summary, _ = summarize(tx, pkg.Ref())
	packages.Put(tx, pkg)
	record(tx, p.actor, "release.publish", repository, pkg, rel.snapshot(pkg), p.at)
	c.tellTx(tx, p.actor, mail.Published, repository, pkg, concerned(repository, pkg, p.actor), map[string]string{"version": rel.Version.String()}, p.at)
	return rel, created, nil
}

// admitTx asks for the actor's right, to the package that the upload was addressed to if it was to one:
// so a name in the metadata reaches no other.
func (p *publication) admitTx(tx *store.Tx) (org.Repository, error) {
	repository, _ := org.Repositories.Get(tx, p.Repository.String())
	wanted := p.name
	if p.ClaimedName != (name.Package{}) {
		wanted = p.ClaimedName
	}
	if err := access.May(tx, p.actor, access.Write, ThingOf(tx, repository, wanted)); err != nil {
		return repository, err
	}
	switch {
	case repository.Name == (name.Repository{}):
		return repository, notFound()
	case wanted != p.name:
		return repository, fault.Field("metadata does not match package name", "name")
	case p.badName != nil:
		return repository, fault.Field(p.badName.Error(), "name")
	}
	return repository, nil
}

// packageTx returns the package as it will be, but for its summary.
func (p *publication) packageTx(tx *store.Tx, repository org.Repository) (Package, error) {
	wrong := p.meta.check(repository)
	pkg, exists := packages.Get(tx, p.ref().Key())
	if !exists {
		grave, buried := tombstones.Get(tx, p.ref().Key())
		if !buried && p.nameReserved(tx) {
			wrong["name"] = "is reserved"
		}
		pkg = p.newPackage(repository, grave, buried)
		tombstones.Delete(tx, p.ref().Key())
		touchTx(tx, repository.Org, p.actor.Org)
	}
	if len(wrong) > 0 {
		return Package{}, fault.Validation(wrong)
	}
	pkg.Meta, pkg.UpdatedAt = p.meta, p.at
	return pkg, nil
}

func (p *publication) nameReserved(tx *store.Tx) bool {
	_, kept := reserved.Get(tx, reservedKey(p.name, version.Version{}))
	return kept || name.ReservedPackage(p.name)
}

// newPackage returns a package for its first owner, or as it was before it was reverted.
func (p *publication) newPackage(repository org.Repository, grave Tombstone, buried bool) Package {
	pkg := Package{Repository: p.Repository, Name: p.name}
	if buried {
		pkg.ID, pkg.Owners, pkg.InsertedAt = grave.ID, grave.Owners, grave.InsertedAt
		return pkg
	}
	pkg.ID, pkg.InsertedAt = p.packageID, p.at
	first := Owner{UserID: p.actor.User.ID, Org: p.actor.Org, Level: access.Full}
	if repository.Public && first.Subject() != (access.Owner{}) {
		pkg.Owners = []Owner{first}
	}
	return pkg
}

// releaseTx returns the release as it will be, and whether its version is new.
func (c *Catalog) releaseTx(tx *store.Tx, p *publication, repository org.Repository, pkg Package, replace bool) (Release, bool, error) {
	m := p.Tarball.Metadata
	v, err := version.Publishable(m.Version)
	if err != nil {
		return Release{}, false, fault.Field(err.Error(), "version")
	}
	rel := p.newRelease(v)
	wrong := checkRelease(m)
	if _, kept := reserved.Get(tx, reservedKey(p.name, v)); kept {
		wrong["version"] = "is reserved"
	}
	created := p.slotTx(tx, repository, pkg, &rel, replace, wrong)
	rel.Requirements = c.requirementsTx(tx, repository, m.Requirements, p.at, wrong)
	if len(wrong) > 0 {
		return Release{}, false, fault.Validation(wrong)
	}
	return rel, created, nil
}

func (p *publication) newRelease(v version.Version) Release {
	m := p.Tarball.Metadata
	return Release{
		ID: p.release, Repository: p.Repository, Package: p.name, Version: v,
		Inner: p.Tarball.Inner, Outer: p.Tarball.Outer, Size: p.Size,
		App: m.App, BuildTools: m.BuildTools, Elixir: m.Elixir,
		Publisher: p.actor.User.ID, InsertedAt: p.at, UpdatedAt: p.at,
	}
}

// slotTx finds what there is of the version, carries over what outlives its replacement, and reports
// whether the version is new. It notes in wrong why the version cannot be published.
func (p *publication) slotTx(tx *store.Tx, repository org.Repository, pkg Package, rel *Release, replace bool, wrong fault.Fields) bool {
	if old, ok := GetRelease(tx, p.ref(), rel.Version); ok {
		switch {
		case !open(repository, pkg.InsertedAt, old.InsertedAt, p.at):
			wrong["inserted_at"] = closed(repository, tooLateToReplace)
		case !replace:
			wrong["inserted_at"] = "must include the --replace flag to update an existing release"
		}
		rel.ID, rel.InsertedAt, rel.Docs, rel.Retirement = old.ID, old.InsertedAt, old.Docs, old.Retirement
		keepTx(tx, old, old.Outer, p.at)
		return false
	}
	if grave, ok := tombstones.Get(tx, p.ref().releaseKey(rel.Version)); ok {
		if !open(repository, pkg.InsertedAt, grave.InsertedAt, p.at) {
			wrong["version"] = "was reverted and stays reserved; publish another version"
		}
		rel.ID, rel.InsertedAt = grave.ID, grave.InsertedAt
		tombstones.Delete(tx, tombstones.Key(grave))
	}
	return true
}

// rest is what of the metadata is not in the release's row.
func (p *publication) rest(r Release) ReleaseMeta {
	m := p.Tarball.Metadata
	m.Files = nil
	return ReleaseMeta{
		Repository: r.Repository, Package: r.Package, Version: r.Version,
		Metadata: m, Unpacked: p.Tarball.Unpacked,
	}
}

// keepTx notes that a blob of the release stays for a while although no release will name it.
func keepTx(tx *store.Tx, r Release, blob tarball.Sum, at time.Time) {
	kept.Put(tx, Kept{Hash: blob, Repository: r.Repository, Package: r.Package, Version: r.Version, Until: at.Add(Grace)})
}

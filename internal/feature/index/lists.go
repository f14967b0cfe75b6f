package index

import (
	"fmt"
	"time"

	"hexhub/hex/name"
	"hexhub/hex/registry"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/kernel/store"
)

func (x *Index) deriveNames(v *store.View, k key, _ *derived) (*derived, error) {
	n := registry.Names{Repository: k.ref.Repository.String()}
	var modified time.Time
	for p := range catalog.In(v, k.ref.Repository) {
		n.Packages = append(n.Packages, registry.NamesEntry{Name: p.Name.String(), UpdatedAt: p.UpdatedAt})
		modified = later(modified, p.UpdatedAt)
	}
	f, err := x.signer.Names(n)
	if err != nil {
		return nil, fmt.Errorf("derive list of names: %w", err)
	}
	return &derived{File: File{File: f, Modified: modified}}, nil
}

// parts are the versions of each package of a repository, with the Views that they were read in. A
// publish changes one of them, so the list of 250,000 versions is not read again for it.
type parts map[name.Package]part

type part struct {
	view     *store.View // closed
	versions []registry.VersionFlags
}

func (x *Index) deriveVersions(v *store.View, k key, last *derived) (*derived, error) {
	for range catalog.ReleasesIn(v, k.ref.Repository) {
		break // one look, and the View remembers all of them
	}
	list := registry.Versions{Repository: k.ref.Repository.String()}
	now := parts{}
	var modified time.Time
	for p := range catalog.In(v, k.ref.Repository) {
		part := last.part(p.Name)
		if part.view == nil || part.view.Stale() {
			part = x.readPart(p.Ref())
		}
		now[p.Name] = part
		list.Packages = append(list.Packages, registry.VersionsEntry{Name: p.Name.String(), Versions: part.versions})
		modified = later(modified, p.UpdatedAt)
	}
	f, err := x.signer.Versions(list)
	if err != nil {
		return nil, fmt.Errorf("derive list of versions: %w", err)
	}
	return &derived{File: File{File: f, Modified: modified}, parts: now}, nil
}

// part returns the zero part when the package was not in the list, or there was no list.
func (d *derived) part(p name.Package) part {
	if d == nil {
		return part{}
	}
	return d.parts[p]
}

// readPart reads a View of its own, which may show more than that of the list. Then the list's is
// stale already, and it will be put together again.
func (x *Index) readPart(ref catalog.Ref) part {
	v := x.db.View()
	defer v.Close()
	releases := catalog.Releases(v, ref)
	versions := make([]registry.VersionFlags, len(releases))
	for i, r := range releases {
		versions[i] = registry.VersionFlags{Version: r.Version.String(), Retired: r.Retirement != nil}
	}
	return part{v, versions}
}

func (ps parts) weight() int64 {
	var n int64
	for _, p := range ps {
		const each, besides = 24, 384 // a version; the view, its channels, the place in the map
		n += besides + each*int64(len(p.versions))
	}
	return n
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

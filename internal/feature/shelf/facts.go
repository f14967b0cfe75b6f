package shelf

import (
	"context"
	"slices"

	"hexhub/hex/name"
	"hexhub/hex/version"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/stats"
	"hexhub/internal/kernel/store"
)

// Facts are a package and one of its releases in a few words.
type Facts struct {
	Item
	Downloads int64 // of the package, ever
}

// Facts returns the facts of a public package with the release of that version, or with its newest one if the
// version is empty. A private package is not there. While the log cannot be read the release is described by what was
// published last.
func (s *Shelf) Facts(ctx context.Context, pkg, text string) (Facts, bool) {
	v := s.db.View()
	defer v.Close()
	p, ok := s.find(v, pkg)
	if !ok {
		return Facts{}, false
	}
	wanted := p.Summary.Newest()
	if text != "" {
		var err error
		if wanted, err = version.Parse(text); err != nil {
			return Facts{}, false
		}
	}
	r, ok := catalog.GetRelease(v, p.Ref(), wanted)
	if !ok {
		return Facts{}, false
	}
	f := Facts{Item: item(v, p, r)}
	downloads, _ := stats.Package(v, p.Repository, p.Name)
	f.Downloads = downloads.Total
	own, _ := catalog.MetaOf(ctx, v, p, r) // that of the package, if it fails
	f.describe(own)
	return f, true
}

// OfPackage returns the releases of a public package, the newest first and at most Newest. A private package is not
// there.
func (s *Shelf) OfPackage(pkg string) ([]Item, bool) {
	v := s.db.View()
	defer v.Close()
	p, ok := s.find(v, pkg)
	if !ok {
		return nil, false
	}
	return items(v, catalog.Releases(v, p.Ref())), true
}

// OfUser returns the user's name as it is written, and the releases of the public packages that he owns, the newest
// first and at most Newest. Who owns none is not there: he may be here for an organization only, of which nobody is
// to know.
func (s *Shelf) OfUser(username string) (string, []Item, bool) {
	v := s.db.View()
	defer v.Close()
	u, ok := account.ByName(v, username)
	if !ok || !u.Active() || !s.public(v) {
		return "", nil, false
	}
	var found []catalog.Release
	for p := range catalog.OwnedBy(v, access.OfUser(u.ID)) {
		if p.Repository == s.repository {
			found = append(found, catalog.Releases(v, p.Ref())...)
		}
	}
	return u.Username.String(), items(v, found), len(found) > 0
}

func items(v *store.View, found []catalog.Release) []Item {
	slices.SortStableFunc(found, newer)
	var out []Item
	for _, r := range found[:min(Newest, len(found))] {
		p, _ := catalog.Get(v, r.Ref())
		out = append(out, item(v, p, r))
	}
	return out
}

func (s *Shelf) find(v *store.View, pkg string) (catalog.Package, bool) {
	n, err := name.ParsePackage(pkg)
	if err != nil || !s.public(v) {
		return catalog.Package{}, false
	}
	return catalog.Get(v, catalog.Ref{Repository: s.repository, Name: n})
}

package depend

import (
	"cmp"
	"iter"
	"slices"
	"strings"

	"hexhub/hex/version"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/stats"
)

// A Dependent is a package whose newest release requires another.
type Dependent struct {
	Package     catalog.Package
	Version     version.Version // of the release, the newest, stable preferred
	Requirement string
	Optional    bool
	Admits      bool  // the newest version of what is required
	Recent      int64 // downloads of the dependent in 90 days
}

// Dependents returns a page, from 1, of those who need the package, as far as the viewer may read them, and
// how many he may read in all. The most downloaded come first, then they are by name.
func (s *Sight) Dependents(p catalog.Package, page, perPage int) (found []Dependent, total int) {
	type hit struct {
		ref    catalog.Ref
		recent int64
	}
	var all []hit
	for d := range s.dependents(p.Ref()) {
		all = append(all, hit{d.Ref(), stats.Downloads(s.view, d.Repository, d.Name).Recent})
	}
	slices.SortFunc(all, func(a, b hit) int {
		return cmp.Or(
			cmp.Compare(b.recent, a.recent),
			strings.Compare(a.ref.Name.String(), b.ref.Name.String()),
			strings.Compare(a.ref.Repository.String(), b.ref.Repository.String()),
		)
	})
	from := min(max(page, 1)-1, len(all)/perPage+1) * perPage
	for _, h := range all[min(from, len(all)):min(from+perPage, len(all))] {
		found = append(found, s.dependent(h.ref, h.recent, p))
	}
	return found, len(all)
}

// CountDependents returns how many packages the viewer may read that need the package.
func (s *Sight) CountDependents(ref catalog.Ref) (n int) {
	for range s.dependents(ref) {
		n++
	}
	return n
}

func (s *Sight) dependents(ref catalog.Ref) iter.Seq[catalog.Package] {
	return func(yield func(catalog.Package) bool) {
		text := ref.String()
		for d := range catalog.Dependants(s.view, ref) {
			if slices.Contains(d.Summary.Depends, text) && s.Reads(d.Repository) && !yield(d) {
				return
			}
		}
	}
}

// dependent says what a package asks for of p.
func (s *Sight) dependent(ref catalog.Ref, recent int64, p catalog.Package) Dependent {
	d := Dependent{Recent: recent}
	d.Package, _ = catalog.Get(s.view, ref)
	d.Version = d.Package.Summary.Newest()
	r, _ := catalog.GetRelease(s.view, ref, d.Version)
	for _, q := range r.Requirements {
		if q.Ref() == p.Ref() {
			d.Requirement, d.Optional, d.Admits = q.Requirement, q.Optional, admits(q.Requirement, p.Summary.Newest())
		}
	}
	return d
}

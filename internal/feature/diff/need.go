package diff

import (
	"cmp"
	"slices"

	"hexhub/internal/feature/catalog"
)

// A Need is a requirement that came, went or changed. One of the two may be nil.
type Need struct{ Old, New *catalog.Requirement }

// Ref names the package that is required, or was.
func (n Need) Ref() catalog.Ref {
	if n.New != nil {
		return n.New.Ref()
	}
	return n.Old.Ref()
}

// Needs are the requirements in which two releases differ, by name.
func Needs(before, after catalog.Release) []Need {
	var all []Need
	for _, old := range before.Requirements {
		i := slices.IndexFunc(after.Requirements, func(r catalog.Requirement) bool { return r.Package == old.Package })
		switch {
		case i < 0:
			all = append(all, Need{Old: &old})
		case after.Requirements[i] != old:
			all = append(all, Need{&old, &after.Requirements[i]})
		}
	}
	for i, added := range after.Requirements {
		if !slices.ContainsFunc(before.Requirements, func(r catalog.Requirement) bool { return r.Package == added.Package }) {
			all = append(all, Need{New: &after.Requirements[i]})
		}
	}
	slices.SortFunc(all, func(a, b Need) int { return cmp.Compare(a.Ref().Name.String(), b.Ref().Name.String()) })
	return all
}

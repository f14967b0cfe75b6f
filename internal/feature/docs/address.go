package docs

import (
	"hexhub/hex/name"
	"hexhub/hex/version"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/kernel/origin"
)

// Addresses say where people read documentation. Whether there is any, they do not know.
type Addresses struct {
	Origins origin.Origins
	Default name.Repository // the one whose packages have no repository in their address
}

// Place is the package as addresses name it.
func (a Addresses) Place(ref catalog.Ref) origin.Place {
	if ref.Repository == a.Default {
		return origin.Place{Name: ref.Name}
	}
	return origin.Place{Repository: ref.Repository, Name: ref.Name}
}

// Ref is the package that a place is of.
func (a Addresses) Ref(p origin.Place) catalog.Ref {
	if p.Repository == (name.Repository{}) {
		p.Repository = a.Default
	}
	return catalog.Ref{Repository: p.Repository, Name: p.Name}
}

// Package is the address of the latest documentation of a package.
func (a Addresses) Package(ref catalog.Ref) string { return a.Origins.Base(a.Place(ref)) + "/" }

// Release is the address of the documentation of that very release.
func (a Addresses) Release(r catalog.Release) string {
	return a.At(r.Ref(), r.Version, "")
}

// At is the address of a page of the documentation of a version, which may have an anchor behind it.
func (a Addresses) At(ref catalog.Ref, v version.Version, page string) string {
	return a.Package(ref) + v.String() + "/" + page
}

package docs

import (
	"slices"

	"hexhub/hex/version"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/kernel/store"
)

// A Set is the documentation of a package at a moment: those of its releases that have some, in ascending precedence.
type Set []catalog.Release

// Of returns the documentation of the package; a package that is not there has none.
func Of(r store.Reader, ref catalog.Ref) Set { return Among(catalog.Releases(r, ref)) }

// Among returns the documentation that a package's releases have, which are in ascending precedence.
func Among(releases []catalog.Release) Set {
	var s Set
	for _, r := range releases {
		if r.HasDocs() {
			s = append(s, r)
		}
	}
	return s
}

// Latest returns the release whose documentation is shown when nobody asks for a version: the highest stable one, or
// the highest of all when there is no stable one. As on hex.pm, that it is retired does not matter.
func (s Set) Latest() (catalog.Release, bool) {
	return s.highest(func(catalog.Release) bool { return true })
}

// Get returns the release of that very version.
func (s Set) Get(v version.Version) (catalog.Release, bool) {
	i, ok := slices.BinarySearchFunc(s, v, func(r catalog.Release, v version.Version) int { return r.Version.Compare(v) })
	if !ok {
		return catalog.Release{}, false
	}
	return s[i], true
}

// Best returns the highest release that meets the requirement. A stable one is better than a pre-release, and any is
// better than one that is retired.
func (s Set) Best(q version.Requirement) (catalog.Release, bool) {
	if r, ok := s.highest(func(r catalog.Release) bool { return r.Retirement == nil && q.Match(r.Version, true) }); ok {
		return r, true
	}
	return s.highest(func(r catalog.Release) bool { return q.Match(r.Version, true) })
}

// highest returns the highest stable release of those that will do, or the highest.
func (s Set) highest(will func(catalog.Release) bool) (best catalog.Release, found bool) {
	for _, r := range slices.Backward(s) {
		switch {
		case !will(r):
		case !r.Version.IsPre():
			return r, true
		case !found:
			best, found = r, true
		}
	}
	return best, found
}

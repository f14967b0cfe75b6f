// Package depend says what a release needs and who needs a package: which version each requirement leads
// to, all that comes along with it, and the packages that would notice a change.
//
// It knows packages, requirements and what a viewer may read. It refuses to know how any of it is shown. A
// name in a repository that the viewer may not read is, in all that it says, one that is not here: nothing
// tells the two apart.
//
// Versions are chosen as Hex's resolver does: one of each package, admitted by all that require it; a stable
// one before a pre-release, then the newest. Of those, one that is not retired is preferred, which Hex leaves
// to people. Optional requirements bring nothing along, but hold for what is there anyway. Unlike Hex, we
// never go back on a choice to make another possible: where requirements contradict each other, that is said.
package depend

import (
	"hexhub/hex/name"
	"hexhub/hex/version"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/org"
	"hexhub/internal/kernel/store"
)

// A Sight is what one viewer may read at one moment. It is for one goroutine.
type Sight struct {
	view  *store.View
	actor access.Actor
	reads map[name.Repository]bool
}

// By returns the sight of the actor.
func By(v *store.View, actor access.Actor) *Sight {
	return &Sight{view: v, actor: actor, reads: map[name.Repository]bool{}}
}

// Within returns the sight of anybody who may read the repository, and of whom nothing else is known.
func Within(v *store.View, repository name.Repository) *Sight {
	return &Sight{view: v, reads: map[name.Repository]bool{repository: true}}
}

// Reads reports whether the viewer may read what is in the repository. One that does not exist he may not.
func (s *Sight) Reads(repository name.Repository) bool {
	may, asked := s.reads[repository]
	if !asked {
		r, ok := org.Repositories.Get(s.view, repository.String())
		may = ok && (r.Public || access.May(s.view, s.actor, access.Read, access.Thing{Repository: r}) == nil)
		s.reads[repository] = may
	}
	return may
}

// Package returns a package that is here for the viewer.
func (s *Sight) Package(ref catalog.Ref) (catalog.Package, bool) {
	if !s.Reads(ref.Repository) {
		return catalog.Package{}, false
	}
	return catalog.Get(s.view, ref)
}

// admits reports whether the requirement admits the version. What was published long ago and cannot be read
// any more admits nothing.
func admits(requirement string, v version.Version) bool {
	r, err := version.ParseRequirement(requirement)
	return err == nil && r.Match(v, true)
}

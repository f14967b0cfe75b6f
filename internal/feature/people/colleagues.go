package people

import (
	"maps"
	"slices"

	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/org"
)

// Colleagues are the names of those with whom the viewer is in an organization or owns a package, in order and without
// his own: whom he is shown anyway.
func (s *Viewer) Colleagues() []string {
	found, me := map[string]bool{}, s.actor.User.ID
	add := func(id string) {
		if u, ok := account.Users.Get(s.view, id); ok && id != me && u.Active() {
			found[u.Username.String()] = true
		}
	}
	if me == "" {
		return nil
	}
	for o := range org.Of(s.view, me) {
		for id := range o.Members {
			add(id)
		}
	}
	for p := range catalog.OwnedBy(s.view, access.OfUser(me)) {
		for _, o := range p.Owners {
			add(o.UserID)
		}
	}
	return slices.Sorted(maps.Keys(found))
}

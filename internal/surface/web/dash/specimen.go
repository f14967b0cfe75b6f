package dash

import (
	"github.com/a-h/templ"

	"hexhub/hex/name"
	"hexhub/internal/feature/org"
	"hexhub/internal/feature/people"
	"hexhub/internal/surface/web/ui"
)

// Specimens are the components that are seen on these pages alone, as they look in use.
func Specimens() []ui.Specimen {
	return []ui.Specimen{
		{Name: "DangerZone", Use: "What cannot be undone: whom it concerns, and a name to type.", Show: func(theme string) templ.Component { return ending(theme).deletion() }},
	}
}

// ending is an organization that can be deleted.
func ending(theme string) *dangerPage {
	p := &dangerPage{End: people.Ending{Members: 4, Invitations: 1, Keys: 2, Policies: 1}, Deletion: ui.Form{ID: theme}}
	p.Org = place{Organization: org.Organization{Name: name.MustRepository("acme")}, Role: org.Admin}
	return p
}

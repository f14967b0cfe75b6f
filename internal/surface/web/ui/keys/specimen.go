package keys

import (
	"time"

	"github.com/a-h/templ"

	"hexhub/internal/surface/web/ui"
)

// Specimens are the components that are seen on these pages alone, as they look in use.
func Specimens() []ui.Specimen {
	tree := []branch{
		{"The API", []ui.Choice{{Scope: "api:read", Words: "Read", Given: true}, {Scope: "api:write", Words: "Publish, and change packages"}}},
		{"Repositories", []ui.Choice{{Scope: "repository:acme", Words: "Fetch from acme"}}},
	}
	made := line{Name: "laptop", Permissions: []string{"api:write"}}
	return []ui.Specimen{
		ui.Specimen{Name: "PermissionTree", Use: "What a key may do, to tick."}.Same(permissions(tree)),
		{Name: "SecretOnce", Use: "A secret that is shown once, with what its key may do and for how long.", Show: func(theme string) templ.Component {
			made.Until = time.Now().Add(90 * 24 * time.Hour)
			return secret(theme+"-secret", "hh_3Xn8v0", made)
		}},
	}
}

package ui

import (
	"net/url"

	"hexhub/internal/feature/account"
)

// A handle is a field for the name that somebody has elsewhere.
type handle struct{ Name, Label string }

var handles = []handle{
	{"github", "GitHub"}, {"twitter", "X"}, {"bluesky", "Bluesky"}, {"elixirforum", "Elixir Forum"}, {"freenode", "Libera"}, {"slack", "Slack"},
}

// ProfileOf reads what ProfileFields asked for, and names the fields.
func ProfileOf(form url.Values) (p account.Profile, fields []string) {
	p = account.Profile{FullName: form.Get("full_name"), URL: form.Get("url"), Handles: map[string]string{}}
	fields = []string{"full_name", "url"}
	for _, h := range handles {
		p.Handles[h.Name] = form.Get(h.Name)
		fields = append(fields, h.Name)
	}
	return p, fields
}

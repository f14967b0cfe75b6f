package find

import (
	"hexhub/internal/feature/search"
	"hexhub/internal/surface/web/ui"
)

// Specimens are the components that are seen on these pages alone, as they look in use.
func Specimens() []ui.Specimen {
	p := &listPage{state: state{Tool: "mix", Updated: "month", Docs: true}, Members: true}
	p.Found.Choices = search.Choices{
		Tools:    []search.Choice{{Value: "mix", Count: 1203}, {Value: "rebar3", Count: 412}, {Value: "gleam", Count: 87}},
		Licenses: []search.Choice{{Value: "Apache-2.0", Count: 931}, {Value: "MIT", Count: 702}},
		Public:   1650, Private: 52, Docs: 1288, Retired: 9, NotRetired: 1693,
	}
	return []ui.Specimen{
		ui.Specimen{Name: "Filters", Use: "What narrows a list, each choice with how many it would leave."}.Same(p.filters()),
	}
}

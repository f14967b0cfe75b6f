package palette

import (
	"github.com/a-h/templ"

	"hexhub/internal/surface/web/ui"
)

// Specimens are the components that are seen on these pages alone, as they look in use.
func Specimens() []ui.Specimen {
	found := []group{
		{"Packages", []link{{"/packages/decimal", "decimal", "2.1.0"}, {"/packages/acme/decibel", "acme/decibel", "0.3.0"}}},
		{"Pages", []link{{Path: "/docs", Words: "Documentation"}}},
	}
	return []ui.Specimen{
		{Name: "Palette", Use: "What a few letters lead to, to choose from by keys.", Show: func(theme string) templ.Component { return offered(theme+"-palette", found, "dec") }},
	}
}

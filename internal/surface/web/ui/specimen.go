package ui

import "github.com/a-h/templ"

// A Specimen is a component as it looks in use, for the gallery, which shows it in each theme.
type Specimen struct {
	Name, Use string // what it is called, and what it is for

	// Show returns it for a theme, which is named as style sheets do. What has an id gets one that no other theme's has.
	Show func(theme string) templ.Component
}

// Same is a specimen that has no ids, so that it is the same in all themes.
func (s Specimen) Same(c templ.Component) Specimen {
	s.Show = func(string) templ.Component { return c }
	return s
}

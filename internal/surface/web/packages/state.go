package packages

import (
	"slices"

	"hexhub/internal/feature/catalog"
	"hexhub/internal/surface/web/ui"
)

// A state is something about what is shown that one should know before using it.
type state struct {
	Tone    ui.Tone
	Icon    string
	Words   string // what it is
	Message string // in the words of somebody else
	Out     *ui.Step
}

// states are those of the release that is shown, the worst first.
func (s *subject) states() []state {
	var all []state
	newest := s.Package.Summary.Newest()
	behind := newer(s.Releases, newest, s.Release.Version)
	jump := &ui.Step{Path: s.Base(), Words: "Go to " + newest.String()}
	if slices.Contains(ofVersion, s.Tab) { // a text like a changelog the newest may lack
		jump.Path += s.suffix()
	}
	if t := s.Release.Retirement; t != nil {
		out := jump
		if behind == 0 {
			out = nil
		}
		all = append(all, state{ui.Bad, "circle-alert", "Version " + s.Release.Version.String() + " is retired: " + retired(t.Reason) + ".", t.Message, out})
	}
	if behind > 0 {
		n := "1 version"
		if behind > 1 {
			n = ui.Count(behind) + " versions"
		}
		all = append(all, state{ui.Caution, "clock", "Version " + s.Release.Version.String() + " is " + n + " behind " + newest.String() + ".", "", jump})
	}
	if s.Release.Version.IsPre() {
		words := "Version " + s.Release.Version.String() + " is a pre-release."
		if newest.IsPre() {
			words = "There are only pre-releases so far. Clients take one only when they are asked for it."
		}
		all = append(all, state{ui.Notice, "flask-conical", words, "", nil})
	}
	if !s.Repository.Public {
		all = append(all, state{ui.Notice, "lock", "This package is private: only members of " + s.Repository.Org.String() + " see it.", "", nil})
	}
	return all
}

// suffix is what the address of the shown tab ends with.
func (s *subject) suffix() string {
	if s.Tab == "" {
		return ""
	}
	return "/" + s.Tab
}

// retired says the reason of a retirement as a part of a sentence.
func retired(r catalog.Reason) string {
	switch r {
	case catalog.Invalid:
		return "it does not work as it should"
	case catalog.Security:
		return "it has a security issue"
	case catalog.Deprecated:
		return "it is deprecated"
	case catalog.Renamed:
		return "the package has another name"
	default:
		return "it should not be used"
	}
}

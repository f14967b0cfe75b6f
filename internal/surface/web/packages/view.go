package packages

import (
	"net/http"
	"net/url"
	"slices"
	"time"

	"hexhub/hex/version"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/docs"
	"hexhub/internal/feature/preview"
	"hexhub/internal/feature/quality"
	"hexhub/internal/surface/web/ui"
)

// A view is what every tab of a package shows around its own.
type view struct {
	ui.Page
	*subject
	Tabs  []ui.Tab
	Texts preview.Preview // the text that is shown, and which others there are

	Quality quality.Report
	Judged  bool // the files could be read, so that there is a report

	pages docs.Addresses // of documentation
}

// view returns the frame of a tab. The title is that of the tab, empty for the first.
func (p *pages) view(w http.ResponseWriter, r *http.Request, s *subject, title string) view {
	what := s.Package.Name.String()
	if s.Pinned {
		what += " " + s.Release.Version.String()
	}
	if title != "" {
		what = title + " · " + what
	}
	s.Meta = p.meta(r.Context(), s)
	v := view{Page: p.web.Page(w, r, what), subject: s, Texts: p.preview(r, s), pages: p.Docs}
	v.Section, v.Canonical, v.NoIndex = "/packages", s.Base(), s.Tab != "" || s.Pinned || !s.Repository.Public || p.unlisted(s)
	if d := s.Meta.Description; d != nil {
		v.About = *d
	}
	v.Picture, v.Embed, v.Tabbed = s.picture(), p.embedding(s), s.tabbed()
	v.Quality, v.Judged = p.judge(r, s)
	v.Tabs = p.tabsOf(s)
	v.Tabs = slices.Insert(v.Tabs, 1, v.textTabs()...)
	return v
}

// comparison is the path of the page on which the package can be compared with others.
func (s *subject) comparison() string {
	called := s.Package.Name.String()
	if !s.Repository.Default() {
		called = s.Repository.Name.String() + "/" + called
	}
	return "/compare?" + url.Values{"p": {called}}.Encode()
}

// forAll reports whether everybody may see the package. It has badges, pictures and feeds then, which know no visitors.
func (s *subject) forAll() bool { return s.Repository.Default() && s.Repository.Public }

// tabbed is the name that all tabs of the package share, and those of no other.
func (s *subject) tabbed() string {
	return "package-" + s.Repository.Name.String() + "-" + s.Package.Name.String()
}

// unlisted reports whether the package is so new that search engines are not to lead to it yet: among what anybody may
// publish are names that are meant to be mistaken for others.
func (p *pages) unlisted(s *subject) bool {
	return p.Unlisted != nil && time.Since(s.Package.InsertedAt) < p.Unlisted(s.view)
}

// picture is the path of the picture that is shown beside a link to the page; empty if only some may know of the package.
func (s *subject) picture() string {
	switch base := "/og/" + s.Package.Name.String(); {
	case !s.forAll():
		return ""
	case s.Pinned:
		return base + "/" + s.Release.Version.String() + ".png"
	default:
		return base + ".png"
	}
}

// tabsOf are the tabs of the package, of which one is open.
func (p *pages) tabsOf(s *subject) []ui.Tab {
	tabs := []ui.Tab{
		{Path: s.Here(), Words: "Readme"},
		ui.Counted(s.Base()+"/versions", "Versions", len(s.Releases)),
	}
	if n := len(s.Release.Requirements); n > 0 || s.Tab == "dependencies" {
		tabs = append(tabs, ui.Counted(s.Here()+"/dependencies", "Dependencies", n))
	}
	tabs = append(
		tabs,
		ui.Counted(s.Base()+"/dependents", "Dependents", s.sight.CountDependents(s.Package.Ref())),
		ui.Tab{Path: s.At(s.Release.Version) + "/files", Words: "Files"},
		ui.Tab{Path: s.Base() + "/audit-logs", Words: "Activity"},
	)
	if s.may(access.Own) == nil {
		tabs = append(tabs, ui.Counted(s.Base()+"/owners", "Owners", len(s.Package.Owners)))
	}
	if s.may(access.Write) == nil {
		tabs = append(tabs, ui.Tab{Path: s.Base() + "/settings", Words: "Settings"})
	}
	for i := range tabs {
		tabs[i].Current = tabs[i].Path == s.Here()+s.suffix() || tabs[i].Path == s.Base()+s.suffix()
	}
	return tabs
}

// textTabs are those of the texts that the release has besides its README.
func (v view) textTabs() (tabs []ui.Tab) {
	for _, t := range []struct {
		part  preview.Part
		words string
	}{{preview.Changelog, "Changelog"}, {preview.License, "Licence"}} {
		if v.Texts.Has(t.part) || v.Tab == string(t.part) {
			tabs = append(tabs, ui.Tab{Path: v.Here() + "/" + string(t.part), Words: t.words, Current: v.Tab == string(t.part)})
		}
	}
	return tabs
}

// crumbs are the way to the package.
func (s *subject) crumbs() []ui.Step {
	steps := []ui.Step{{Path: "/packages", Words: "Packages"}}
	if !s.Repository.Default() {
		steps = append(steps, ui.Step{Path: "/orgs/" + s.Repository.Name.String(), Words: s.Repository.Name.String()})
	}
	return append(steps, ui.Step{Words: s.Package.Name.String()})
}

// keeping is the path of another version's page, on the tab that is open if that is a version's.
func (v view) keeping(to version.Version) string {
	switch {
	case v.subject.File != "":
		return v.At(to) + "/files?" + url.Values{"at": {v.subject.File}}.Encode()
	case slices.Contains(ofVersion, v.Tab):
		return v.At(to) + v.suffix()
	}
	return v.At(to)
}

// ofVersion are the tabs that each version has, and that differ from version to version.
var ofVersion = []string{"", "dependencies", "files", "quality"}

// words tell a version apart from others.
func (s *subject) words(i version.Version, retired bool) (tone ui.Tone, word string) {
	switch {
	case retired:
		return ui.Bad, "retired"
	case i == s.Package.Summary.Newest():
		return ui.Good, "latest"
	case i.IsPre():
		return ui.Notice, "pre-release"
	}
	return ui.Plain, ""
}

package packages

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"hexhub/internal/feature/access"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/preview"
	"hexhub/internal/feature/quality"
	"hexhub/internal/surface/web/ui"
)

// quality is the tab that says how well a release is made, and what would make it better.
func (p *pages) quality(w http.ResponseWriter, r *http.Request, s *subject) error {
	return p.web.Show(w, http.StatusOK, p.view(w, r, s, "Quality").quality())
}

// judge tells how well the release is made, of which nothing can be told while its files cannot be read.
func (p *pages) judge(r *http.Request, s *subject) (quality.Report, bool) {
	readme, err := p.Previews.Show(r.Context(), s.Release, preview.Readme, s.At(s.Release.Version))
	if err != nil {
		return quality.Report{}, false
	}
	f := s.facts()
	f.Readme, f.Changelog, f.License = readme.Has(preview.Readme), readme.Has(preview.Changelog), readme.Has(preview.License)
	f.Example = strings.Contains(string(readme.Document.HTML), `<pre class="code"`)
	return quality.Judge(f, time.Now()), true
}

// facts are those that need no look into the files.
func (s *subject) facts() quality.Facts {
	meta := s.Package.Meta
	f := quality.Facts{
		Licenses: meta.Licenses, Docs: s.Release.HasDocs(), DocsBefore: slices.ContainsFunc(s.Releases, catalog.Release.HasDocs), Needs: s.needs(),
		Organization: !s.Repository.Default(), Pre: s.Release.Version.IsPre(), Stable: !s.Package.Summary.Newest().IsPre(), Retired: s.Release.Retirement != nil,
		Build: len(s.Release.BuildTools) > 0, Language: s.Release.Elixir != "" || !slices.Contains(s.Release.BuildTools, "mix"), At: s.Release.InsertedAt,
	}
	if meta.Description != nil {
		f.Description = *meta.Description
	}
	for _, l := range links(meta) {
		f.Links = append(f.Links, l.Path)
	}
	for _, o := range s.Package.Owners {
		f.Organization = f.Organization || o.UserID == ""
	}
	f.Owners = len(s.owners())
	return f
}

// needs are what the release requires itself, and what that leads to.
func (s *subject) needs() (all []quality.Need) {
	resolved := s.resolution()
	if len(resolved.Nodes) == 0 {
		return nil
	}
	for _, e := range resolved.Nodes[0].Needs {
		n := resolved.Nodes[e.To]
		all = append(all, quality.Need{
			Name: n.Ref.Name.String(), Requirement: e.Requirement, Retired: n.Retired != nil, Behind: e.Outdated, Optional: e.Optional,
		})
	}
	return all
}

// toFix leads to where what a check found missing can be put, if that is a page.
func (v view) toFix(c quality.Check) (to ui.Step, ok bool) {
	switch c.At {
	case quality.InFiles:
		to = ui.Step{Path: v.At(v.Release.Version) + "/files", Words: "Files of this version"}
	case quality.InNeeds:
		to = ui.Step{Path: v.Here() + "/dependencies", Words: "Dependencies"}
	case quality.InOwners:
		if v.may(access.Own) != nil {
			return ui.Step{}, false
		}
		to = ui.Step{Path: v.Base() + "/owners", Words: "Owners"}
	case quality.InVersions:
		to = ui.Step{Path: v.Base() + "/versions", Words: "Versions"}
	case quality.InDocs:
		to = ui.Step{Path: "/publish", Words: "How to publish"}
	case quality.InLicenses:
		to = ui.Step{Path: "https://spdx.org/licenses/", Words: "List of licences"}
	}
	return to, to.Path != ""
}

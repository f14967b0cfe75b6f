package packages

import (
	"net/http"
	"time"

	"hexhub/internal/feature/access"
	"hexhub/internal/feature/quality"
	"hexhub/internal/surface/web/ui"
)

// quality is the tab that says how well a release is made, and what would make it better.
func (p *pages) quality(w http.ResponseWriter, r *http.Request, s *subject) error {
	return p.web.Show(w, http.StatusOK, p.view(w, r, s, "Quality").quality())
}

// judge tells how well the release is made, of which nothing can be told while its files cannot be read.
func (p *pages) judge(r *http.Request, s *subject) (quality.Report, bool) {
	f, err := p.facts(r.Context(), s)
	if err != nil {
		return quality.Report{}, false
	}
	return quality.Judge(f, time.Now()), true
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
	case quality.InProject:
		to = ui.Step{Path: "/publish", Words: "Where it is written"}
	case quality.InDocs:
		to = ui.Step{Path: "/docs/publish-docs", Words: "How to publish documentation"}
	case quality.InLicenses:
		to = ui.Step{Path: "https://spdx.org/licenses/", Words: "List of licences"}
	}
	return to, to.Path != ""
}

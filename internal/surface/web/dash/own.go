package dash

import (
	"maps"
	"net/http"
	"net/url"
	"time"

	"github.com/a-h/templ"

	"hexhub/hex/name"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/connect"
	"hexhub/internal/feature/org"
	"hexhub/internal/feature/people"
	"hexhub/internal/feature/stats"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/surface/web/ui"
	"hexhub/internal/surface/web/ui/keys"
)

type packageLine struct {
	Path, Name, Version, Description string
	Week, All                        int64
	UpdatedAt                        time.Time
}

type packagesPage struct {
	orgPage
	Packages []packageLine
	Publish  []connect.Recipe
}

func (p *pages) packages(w http.ResponseWriter, r *http.Request, v ui.Visit, o place) error {
	page := &packagesPage{orgPage: p.orgPage(w, r, v, o, "packages", "Packages")}
	for pkg := range catalog.In(o.view, o.Name) {
		sums := stats.Downloads(o.view, pkg.Repository, pkg.Name)
		line := packageLine{
			Path: "/packages/" + pkg.Ref().String(), Name: pkg.Name.String(), Version: pkg.Summary.Newest().String(),
			Week: sums.Week, All: sums.All, UpdatedAt: pkg.UpdatedAt,
		}
		if pkg.Meta.Description != nil {
			line.Description = ui.Clip(*pkg.Meta.Description, 160)
		}
		page.Packages = append(page.Packages, line)
	}
	page.Publish = connect.Recipes(p.Registry, connect.Use{Publishes: true, Organization: o.Name.String()})
	return p.web.Show(w, http.StatusOK, page.show())
}

// ownKeys is what the page of the organization's keys is about.
func (p *pages) ownKeys(w http.ResponseWriter, r *http.Request, v ui.Visit, o place) keys.Owned {
	page := p.orgPage(w, r, v, o, "keys", "API keys")
	owned := keys.Owned{
		Owner: access.OfOrg(o.Name), Actor: v.Actor, Name: o.Name.String(), Path: o.Path("keys"), Heading: "API keys",
		Lead:    "These keys belong to the organization and stay when members go. Machines that all share should use one.",
		Command: "hexhub org key", Within: func() templ.Component { return page.within() },
		Repositories: []name.Repository{o.Name},
	}
	for pkg := range catalog.In(o.view, o.Name) {
		owned.Packages = append(owned.Packages, pkg.Ref().String())
	}
	return owned
}

func (p *pages) keys(w http.ResponseWriter, r *http.Request, v ui.Visit, o place) error {
	return p.desk.List(w, p.ownKeys(w, r, v, o))
}

func (p *pages) makeKey(w http.ResponseWriter, r *http.Request, v ui.Visit, o place) error {
	return p.desk.Make(w, r, p.ownKeys(w, r, v, o))
}

func (p *pages) revokeKey(w http.ResponseWriter, r *http.Request, v ui.Visit, o place) error {
	return p.desk.Revoke(w, r, p.ownKeys(w, r, v, o))
}

func (p *pages) restoreKey(w http.ResponseWriter, r *http.Request, v ui.Visit, o place) error {
	return p.desk.Restore(w, r, p.ownKeys(w, r, v, o))
}

type auditPage struct {
	orgPage
	Entries []ui.Entry
	Earlier string
}

// entriesShown is how many deeds a page shows.
const entriesShown = 100

func (p *pages) auditLog(w http.ResponseWriter, r *http.Request, v ui.Visit, o place) error {
	q := audit.Query{Ref: audit.OrgRef(o.Name.String()), After: r.URL.Query().Get("after")}
	entries, next, err := p.Audit.Find(r.Context(), o.view, q, entriesShown)
	if err != nil {
		return err
	}
	page := &auditPage{orgPage: p.orgPage(w, r, v, o, "audit-logs", "Audit log"), Entries: ui.Entries(entries, v.User.ID)}
	if next != "" {
		page.Earlier = o.Path("audit-logs") + "?" + url.Values{"after": {next}}.Encode()
	}
	return p.web.Show(w, http.StatusOK, page.show())
}

type profilePage struct {
	orgPage
}

func (p *pages) profilePage(w http.ResponseWriter, r *http.Request, v ui.Visit, o place) *profilePage {
	return &profilePage{p.orgPage(w, r, v, o, "profile", "Profile")}
}

func (p *pages) profile(w http.ResponseWriter, r *http.Request, v ui.Visit, o place) error {
	page := p.profilePage(w, r, v, o)
	page.Form.Values = url.Values{"full_name": {o.FullName}, "url": {o.URL}}
	for service, handle := range maps.All(o.Handles) {
		page.Form.Values.Set(service, handle)
	}
	return p.web.Show(w, http.StatusOK, page.show())
}

func (p *pages) saveProfile(w http.ResponseWriter, r *http.Request, v ui.Visit, o place) error {
	form, err := ui.ReadForm(w, r)
	if err != nil {
		return err
	}
	profile, fields := ui.ProfileOf(form)
	if err := p.still(v, o, org.Write).SetProfile(r.Context(), v.Actor.By(), o.Name, profile); err != nil {
		page := p.profilePage(w, r, v, o)
		page.Form.Values = form
		return p.web.Refused(w, r, err, &page.Form, page.show, fields...)
	}
	p.web.Flash(w, "org-profile")
	return ui.GoTo(w, o.Path("profile"))
}

type dangerPage struct {
	orgPage
	Member bool // the visitor is one, and can leave
	Last   bool // he is the only administrator, and cannot

	Deletion ui.Form
	End      people.Ending // for who may delete the organization
}

func (p *pages) dangerPage(w http.ResponseWriter, r *http.Request, v ui.Visit, o place) *dangerPage {
	page := &dangerPage{orgPage: p.orgPage(w, r, v, o, "danger-zone", "Danger zone"), Member: o.Members[v.User.ID] != ""}
	admins := 0
	for _, role := range o.Members {
		if role == org.Admin {
			admins++
		}
	}
	page.Last = o.Members[v.User.ID] == org.Admin && admins == 1
	if o.May(org.Admin) {
		page.End = people.EndingOf(o.view, o.Organization)
	}
	return page
}

func (p *pages) danger(w http.ResponseWriter, r *http.Request, v ui.Visit, o place) error {
	return p.web.Show(w, http.StatusOK, p.dangerPage(w, r, v, o).show())
}

// leave ends the visitor's own membership, for which he needs no role but any.
func (p *pages) leave(w http.ResponseWriter, r *http.Request, v ui.Visit, o place) error {
	form, err := ui.ReadForm(w, r)
	if err != nil {
		return err
	}
	switch {
	case o.Members[v.User.ID] == "":
		return errAbsent
	case form.Get("name") != o.Name.String():
		err = fault.Field("is not the organization's", "name")
	default:
		err = p.Orgs.RemoveMember(r.Context(), v.Actor.By(), o.Name, v.User.ID)
	}
	if err != nil {
		page := p.dangerPage(w, r, v, o)
		page.Form.Values = form
		return p.web.Refused(w, r, err, &page.Form, page.show, "name")
	}
	p.web.Flash(w, "left")
	return ui.GoTo(w, "/dashboard/orgs")
}

// delete ends the organization, whose name the visitor has typed.
func (p *pages) delete(w http.ResponseWriter, r *http.Request, v ui.Visit, o place) error {
	form, err := ui.ReadForm(w, r)
	if err != nil {
		return err
	}
	if form.Get("organization") != o.Name.String() {
		err = fault.Field("is not the organization's", "organization")
	} else {
		err = p.still(v, o, org.Admin).Delete(r.Context(), v.Actor.By(), o.Name)
	}
	if err != nil {
		page := p.dangerPage(w, r, v, o)
		page.Deletion.Values = form
		return p.web.Refused(w, r, err, &page.Deletion, page.show, "organization")
	}
	p.web.Flash(w, "org-deleted")
	return ui.GoTo(w, "/dashboard/orgs")
}

package dash

import (
	"net/http"
	"time"

	"hexhub/hex/name"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/org"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
	"hexhub/internal/surface/web/ui"
)

type orgLine struct {
	Path, Name, Title, Role string
	Members, Packages       int
}

type invitedLine struct {
	ID, Organization, Role, By string
	Until                      time.Time
}

type listPage struct {
	ui.Dashboard
	Invitations []invitedLine
	Orgs        []orgLine
	MayFound    bool
}

func (p *pages) listPage(w http.ResponseWriter, r *http.Request, v ui.Visit) *listPage {
	view := p.DB.View()
	page := &listPage{Dashboard: p.web.Dashboard(w, r, v, "Organizations", memberships(view, v)), MayFound: p.Access.MayFound(view, v.Actor) == nil}
	for _, i := range org.InvitationsOf(view, v.User) {
		page.Invitations = append(page.Invitations, invitedLine{i.ID, i.Org.String(), ui.RoleInWords(i.Role), i.By, i.ExpiresAt})
	}
	for o := range org.Of(view, v.User.ID) {
		page.Orgs = append(page.Orgs, orgLine{
			Path: "/dashboard/orgs/" + o.Name.String(), Name: o.Name.String(), Title: o.FullName, Role: ui.RoleInWords(o.Members[v.User.ID]),
			Members: len(o.Members), Packages: catalog.Count(view, []name.Repository{o.Name}),
		})
	}
	return page
}

func (p *pages) list(w http.ResponseWriter, r *http.Request, v ui.Visit) error {
	return p.web.Show(w, http.StatusOK, p.listPage(w, r, v).show())
}

func (p *pages) create(w http.ResponseWriter, r *http.Request, v ui.Visit) error {
	form, err := ui.ReadForm(w, r)
	if err != nil {
		return err
	}
	may := func(r store.Reader) error { return p.Access.MayFound(r, v.Actor) }
	if err := may(p.DB.View()); err != nil {
		return err
	}
	n, err := name.ParseRepository(form.Get("name"))
	if err != nil {
		err = fault.Field(err.Error(), "name")
	} else {
		_, err = p.Orgs.If(may).Create(r.Context(), v.Actor.By(), n, v.User.ID)
	}
	if err != nil {
		page := p.listPage(w, r, v)
		page.Form.Values = form
		return p.web.Refused(w, r, err, &page.Form, page.show, "name")
	}
	p.web.Flash(w, "org-made")
	return ui.GoTo(w, "/dashboard/orgs/"+n.String()+"/members")
}

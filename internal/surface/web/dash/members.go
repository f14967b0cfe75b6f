package dash

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"hexhub/internal/feature/account"
	"hexhub/internal/feature/org"
	"hexhub/internal/feature/people"
	"hexhub/internal/surface/web/ui"
)

type memberLine struct {
	Username, FullName string
	Role               org.Role
	You                bool
}

type waitingLine struct {
	ID, Who string
	Role    org.Role
	Until   time.Time
}

type membersPage struct {
	orgPage
	Members []memberLine
	Waiting []waitingLine
	List    ui.Form // what is wrong with what was done in the lists
	Invited ui.Form

	Colleagues []string // of the visitor, who are no members yet
}

// roles are what a member may be, the least first.
var roles = []ui.Option{
	{Value: string(org.Read), Words: "read", Hint: "Fetch packages and look."},
	{Value: string(org.Write), Words: "write", Hint: "And publish, and manage the organization's keys."},
	{Value: string(org.Admin), Words: "admin", Hint: "And manage members and policies."},
}

func (p *pages) membersPage(w http.ResponseWriter, r *http.Request, v ui.Visit, o place) *membersPage {
	page := &membersPage{orgPage: p.orgPage(w, r, v, o, "members", "Members")}
	page.Form.ID, page.Invited.ID = "add", "invite"
	for id, role := range o.Members {
		u, ok := account.Users.Get(o.view, id)
		if !ok {
			continue
		}
		page.Members = append(page.Members, memberLine{u.Username.String(), u.FullName, role, id == v.User.ID})
	}
	slices.SortFunc(page.Members, func(a, b memberLine) int { return strings.Compare(a.Username, b.Username) })
	if o.May(org.Admin) {
		page.Colleagues = slices.DeleteFunc(people.As(o.view, v.Actor).Colleagues(), func(username string) bool {
			return slices.ContainsFunc(page.Members, func(m memberLine) bool { return m.Username == username })
		})
		for _, i := range org.Invitations(o.view, o.Name) {
			who := i.Address
			if u, ok := account.Users.Get(o.view, i.UserID); ok {
				who = u.Username.String()
			}
			page.Waiting = append(page.Waiting, waitingLine{i.ID, who, i.Role, i.ExpiresAt})
		}
	}
	return page
}

func (p *pages) members(w http.ResponseWriter, r *http.Request, v ui.Visit, o place) error {
	return p.web.Show(w, http.StatusOK, p.membersPage(w, r, v, o).show())
}

func (p *pages) addMember(w http.ResponseWriter, r *http.Request, v ui.Visit, o place) error {
	form, err := ui.ReadForm(w, r)
	if err != nil {
		return err
	}
	if _, err := p.still(v, o, org.Admin).AddMember(r.Context(), v.Actor.By(), o.Name, form.Get("name"), org.Role(form.Get("role"))); err != nil {
		page := p.membersPage(w, r, v, o)
		page.Form.Values = form
		return p.web.Refused(w, r, err, &page.Form, page.show, "name", "role")
	}
	p.web.Flash(w, "member-added")
	return ui.GoTo(w, o.Path("members"))
}

func (p *pages) invite(w http.ResponseWriter, r *http.Request, v ui.Visit, o place) error {
	form, err := ui.ReadForm(w, r)
	if err != nil {
		return err
	}
	d := org.InvitationDraft{Email: strings.TrimSpace(form.Get("email")), Role: org.Role(form.Get("role"))}
	if _, err := p.still(v, o, org.Admin).Invite(r.Context(), v.Actor.By(), o.Name, d); err != nil {
		page := p.membersPage(w, r, v, o)
		page.Invited.Values = form
		return p.web.Refused(w, r, err, &page.Invited, page.show, "email", "role")
	}
	p.web.Flash(w, "invited")
	return ui.GoTo(w, o.Path("members"))
}

func (p *pages) uninvite(w http.ResponseWriter, r *http.Request, v ui.Visit, o place) error {
	form, err := ui.ReadForm(w, r)
	if err != nil {
		return err
	}
	if err := p.still(v, o, org.Admin).RevokeInvitation(r.Context(), v.Actor.By(), o.Name, form.Get("id")); err != nil {
		return err
	}
	p.web.Flash(w, "uninvited")
	return ui.GoTo(w, o.Path("members"))
}

// member finds the member whom the form names.
func (o place) member(username string) (account.User, bool) {
	u, ok := account.ByName(o.view, username)
	return u, ok && o.Members[u.ID] != ""
}

func (p *pages) setRole(w http.ResponseWriter, r *http.Request, v ui.Visit, o place) error {
	form, err := ui.ReadForm(w, r)
	if err != nil {
		return err
	}
	u, ok := o.member(form.Get("user"))
	if !ok {
		return errAbsent
	}
	if _, err := p.still(v, o, org.Admin).SetRole(r.Context(), v.Actor.By(), o.Name, u.Username.String(), org.Role(form.Get("role"))); err != nil {
		page := p.membersPage(w, r, v, o)
		return p.web.Refused(w, r, err, &page.List, page.show)
	}
	p.web.Flash(w, "member-role")
	return ui.GoTo(w, o.Path("members"))
}

func (p *pages) removeMember(w http.ResponseWriter, r *http.Request, v ui.Visit, o place) error {
	form, err := ui.ReadForm(w, r)
	if err != nil {
		return err
	}
	u, ok := o.member(form.Get("user"))
	if !ok {
		return errAbsent
	}
	if err := p.still(v, o, org.Admin).RemoveMember(r.Context(), v.Actor.By(), o.Name, u.ID); err != nil {
		page := p.membersPage(w, r, v, o)
		return p.web.Refused(w, r, err, &page.List, page.show)
	}
	p.web.Flash(w, "member-removed")
	if u.ID == v.User.ID && !v.User.Admin {
		return ui.GoTo(w, "/dashboard/orgs")
	}
	return ui.GoTo(w, o.Path("members"))
}

package account

import (
	"net/http"
	"time"

	"hexhub/internal/feature/org"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/surface/call"
	"hexhub/internal/surface/web/ui"
)

// The token of an invitation is carried by the browser from the link to the answer, through logging in or
// registering, so that it leaves the address bar and the history at once.
const (
	invitationCookie = "hexhub-invitation"
	invitationLife   = time.Hour
)

func (p *pages) openInvitation(w http.ResponseWriter, r *http.Request) error {
	call.HidePath(r.Context(), "/invitations/…")
	token := r.PathValue("token")
	if _, ok := org.InvitationFor(p.DB.View(), token); !ok {
		return errInvitation
	}
	p.web.SetCookie(w, invitationCookie, token, invitationLife)
	return goTo(w, "/invitations")
}

var errInvitation = fault.New(fault.NotFound, "This invitation does not work any more: it was answered, taken back, or is older than seven days. Ask for another one.")

type invitationPage struct {
	frame
	Organization, Role, By string
	Until                  time.Time
	MayRegister            bool
}

func (p *pages) invitationPage(w http.ResponseWriter, r *http.Request) (*invitationPage, error) {
	i, ok := org.InvitationFor(p.DB.View(), p.web.Cookie(r, invitationCookie))
	if !ok {
		return nil, errInvitation
	}
	page := &invitationPage{
		frame: p.frame(w, r, "Invitation", ""), Organization: i.Org.String(), Role: roleInWords(i.Role), By: i.By, Until: i.ExpiresAt,
	}
	open, _ := p.mayRegister()
	_, token := p.invited(r, "")
	page.MayRegister = open || token != ""
	return page, nil
}

func (p *pages) invitation(w http.ResponseWriter, r *http.Request) error {
	page, err := p.invitationPage(w, r)
	if err != nil {
		return err
	}
	return p.web.Show(w, http.StatusOK, page.show())
}

func (p *pages) answerInvitation(w http.ResponseWriter, r *http.Request, v visit) error {
	form, err := ui.ReadForm(w, r)
	if err != nil {
		return err
	}
	token, by := p.web.Cookie(r, invitationCookie), v.actor.By()
	said := "joined"
	if form.Get("answer") == "accept" {
		_, err = p.Orgs.Accept(r.Context(), by, v.User.ID, token)
	} else {
		said = "not-joined"
		err = p.Orgs.Decline(r.Context(), by, v.User.ID, token)
	}
	if err != nil {
		page, gone := p.invitationPage(w, r)
		if gone != nil {
			return err
		}
		return p.refused(w, r, allowed(err), &page.Form, page.show)
	}
	p.web.DropCookie(w, invitationCookie)
	p.web.Flash(w, said)
	return goTo(w, "/account/organizations")
}

// roleInWords goes on from "you can".
func roleInWords(r org.Role) string {
	switch r {
	case org.Admin:
		return "fetch and publish its packages, and look after its members"
	case org.Write:
		return "fetch and publish its packages"
	case org.Read:
		return "fetch its packages"
	}
	return "do nothing"
}

type memberLine struct{ Organization, Role string }

type invitedLine struct {
	ID, Organization, Role, By string
	Until                      time.Time
}

type organizationsPage struct {
	accountPage
	Invitations []invitedLine
	Member      []memberLine
}

func (p *pages) organizations(w http.ResponseWriter, r *http.Request, v visit) error {
	view := p.DB.View()
	page := organizationsPage{accountPage: p.accountPage(w, r, v, "Organizations")}
	for _, i := range org.InvitationsOf(view, v.User) {
		page.Invitations = append(page.Invitations, invitedLine{i.ID, i.Org.String(), roleInWords(i.Role), i.By, i.ExpiresAt})
	}
	for o := range org.Of(view, v.User.ID) {
		page.Member = append(page.Member, memberLine{o.Name.String(), roleInWords(o.Members[v.User.ID])})
	}
	return p.web.Show(w, http.StatusOK, page.show())
}

// answerOwn answers an invitation in the list.
func (p *pages) answerOwn(w http.ResponseWriter, r *http.Request, v visit) error {
	form, err := ui.ReadForm(w, r)
	if err != nil {
		return err
	}
	by, said := v.actor.By(), "joined"
	if form.Get("answer") == "accept" {
		_, err = p.Orgs.AcceptOwn(r.Context(), by, v.User.ID, form.Get("id"))
	} else {
		said = "not-joined"
		err = p.Orgs.DeclineOwn(r.Context(), by, v.User.ID, form.Get("id"))
	}
	if err != nil {
		return err
	}
	p.web.Flash(w, said)
	return goTo(w, "/account/organizations")
}

package account

import (
	"net/http"
	"net/url"
	"time"

	"hexhub/internal/feature/org"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/surface/web/ui"
)

// The token of an invitation is carried by the browser from the link to the answer, through logging in or
// registering, so that it leaves the address bar and the history at once.
const (
	invitationCookie = "hexhub-invitation"
	invitationLife   = time.Hour
)

type invitationPage struct {
	frame
	Organization, Role, By string
	Until                  time.Time
	MayRegister            bool
}

// invitationPage returns nothing if the browser was led here by no invitation that is still open.
func (p *pages) invitationPage(w http.ResponseWriter, r *http.Request) *invitationPage {
	i, ok := org.InvitationFor(p.DB.View(), p.web.Cookie(r, invitationCookie))
	if !ok {
		return nil
	}
	page := &invitationPage{
		frame: p.frame(w, r, "Invitation", ""), Organization: i.Org.String(), Role: ui.RoleInWords(i.Role), By: i.By, Until: i.ExpiresAt,
	}
	open, _ := p.mayRegister()
	_, token := p.invited(r, "")
	page.MayRegister = open || token != ""
	return page
}

// uninvited says why there is nothing to answer.
func (p *pages) uninvited(w http.ResponseWriter, r *http.Request, token string) error {
	m := ui.Message{
		Heading: "This invitation is over.", Problem: "It was answered, taken back, or is older than seven days. Whoever invited you can send another one.",
		Next: &ui.Step{Path: "/dashboard/orgs", Words: "Your organizations"},
	}
	if token == "" {
		m.Heading, m.Problem = "No invitation is open.", "Open the link in the letter once more. Who has an account finds his invitations there, too."
	}
	return p.web.Say(w, r, http.StatusNotFound, m)
}

// invitation takes the token out of the address first.
func (p *pages) invitation(w http.ResponseWriter, r *http.Request) error {
	if token := r.URL.Query().Get("token"); token != "" {
		if _, ok := org.InvitationFor(p.DB.View(), token); !ok {
			return p.uninvited(w, r, token)
		}
		p.web.SetCookie(w, invitationCookie, token, invitationLife)
		return ui.GoTo(w, "/invites")
	}
	page := p.invitationPage(w, r)
	if page == nil {
		return p.uninvited(w, r, p.web.Cookie(r, invitationCookie))
	}
	return p.web.Show(w, http.StatusOK, page.show())
}

// answerInvitation answers the invitation with the id, which is in the user's list, or the one whose mail the
// browser was led here by.
func (p *pages) answerInvitation(w http.ResponseWriter, r *http.Request, v ui.Visit) error {
	form, err := ui.ReadForm(w, r)
	if err != nil {
		return err
	}
	said, err := p.answered(r, v, form)
	if err != nil {
		page := p.invitationPage(w, r)
		switch {
		case form.Has("id") || page == nil && !fault.Is(err, fault.NotFound):
			return err
		case page == nil:
			return p.uninvited(w, r, p.web.Cookie(r, invitationCookie))
		}
		return p.web.Refused(w, r, allowed(err), &page.Form, page.show)
	}
	if !form.Has("id") {
		p.web.DropCookie(w, invitationCookie)
	}
	p.web.Flash(w, said)
	return ui.GoTo(w, "/dashboard/orgs")
}

func (p *pages) answered(r *http.Request, v ui.Visit, form url.Values) (said string, err error) {
	ctx, by, user := r.Context(), v.Actor.By(), v.User.ID
	id, token := form.Get("id"), p.web.Cookie(r, invitationCookie)
	switch listed, accepts := form.Has("id"), form.Get("answer") == "accept"; {
	case listed && accepts:
		_, err = p.Orgs.AcceptOwn(ctx, by, user, id)
		return "joined", err
	case accepts:
		_, err = p.Orgs.Accept(ctx, by, user, token)
		return "joined", err
	case listed:
		return "not-joined", p.Orgs.DeclineOwn(ctx, by, user, id)
	default:
		return "not-joined", p.Orgs.Decline(ctx, by, user, token)
	}
}

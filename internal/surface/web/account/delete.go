package account

import (
	"net/http"

	"hexhub/internal/kernel/fault"
	"hexhub/internal/surface/web/ui"
)

// The token of a deletion is carried by the browser from the link to the last step, through proving once
// more who the user is.
const deletionCookie = "hexhub-deletion"

type deletePage struct {
	accountPage
	Key bool // the mailed link was opened
}

func (p *pages) deletePage(w http.ResponseWriter, r *http.Request, v ui.Visit) *deletePage {
	token := p.web.Cookie(r, deletionCookie)
	return &deletePage{p.accountPage(w, r, v, "Delete your account"), token != "" && p.Accounts.CheckDeletion(v.User.ID, token) == nil}
}

// openDelete takes the token out of the address first, also when its bearer has yet to log in.
func (p *pages) openDelete(w http.ResponseWriter, r *http.Request) error {
	if token := r.URL.Query().Get("key"); token != "" {
		p.web.SetCookie(w, deletionCookie, token, carryLife)
		return ui.GoTo(w, "/dashboard/delete-account")
	}
	return p.web.LoggedIn(p.askDelete)(w, r)
}

func (p *pages) askDelete(w http.ResponseWriter, r *http.Request, v ui.Visit) error {
	return p.web.Show(w, http.StatusOK, p.deletePage(w, r, v).show())
}

func (p *pages) requestDelete(w http.ResponseWriter, r *http.Request, v ui.Visit) error {
	if err := p.Accounts.RequestDeletion(r.Context(), v.Actor.By(), v.User.ID); err != nil {
		page := p.deletePage(w, r, v)
		return p.web.Refused(w, r, err, &page.Form, page.show)
	}
	p.web.Flash(w, "delete-asked")
	return ui.GoTo(w, "/dashboard/delete-account")
}

// delete takes the password with the last step, for only a moment ago counts.
func (p *pages) delete(w http.ResponseWriter, r *http.Request, v ui.Visit) error {
	form, err := ui.ReadForm(w, r)
	if err != nil {
		return err
	}
	err = p.confirmed(w, r, v, form.Get("username"), form.Get(ui.Proof))
	if err == nil {
		err = p.Accounts.Delete(r.Context(), v.Actor.By(), v.User.ID, v.Session.ID, p.web.Cookie(r, deletionCookie))
	}
	if err != nil {
		page := p.deletePage(w, r, v)
		page.Form.Values = form
		return p.web.Refused(w, r, allowed(err), &page.Form, page.show, "username", ui.Proof)
	}
	p.web.DropCookie(w, deletionCookie)
	p.web.DropCookie(w, ui.SessionCookie)
	return p.web.Say(w, r, http.StatusOK, ui.Message{
		Heading: "Your account is gone.", Problem: "Its keys and sessions ended with it. What you published is still here.",
	})
}

// confirmed has the user prove once more who he is, and that he means this account.
func (p *pages) confirmed(w http.ResponseWriter, r *http.Request, v ui.Visit, username, text string) error {
	if username != v.User.Username.String() {
		return fault.Field("is not yours", "username")
	}
	err := p.web.Prove(w, r, v, text)
	if fault.Is(err, fault.Unauthenticated) {
		return fault.Field("is wrong", ui.Proof)
	}
	return err
}

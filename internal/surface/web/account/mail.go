package account

import (
	"net/http"
	"time"

	"hexhub/internal/kernel/fault"
	"hexhub/internal/surface/web/ui"
)

// The pages that links in our mail lead to. Programs follow such links before people do, so none of them
// does anything until a button is pressed.

type verifyPage struct {
	frame
	Username, Email, Key string
}

func (p *pages) askVerify(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	page := verifyPage{frame: p.frame(w, r, "Confirm your address", ""), Username: ui.Clip(q.Get("username"), 100), Email: ui.Clip(q.Get("email"), 254), Key: q.Get("key")}
	return p.web.Show(w, http.StatusOK, page.show())
}

func (p *pages) verify(w http.ResponseWriter, r *http.Request) error {
	form, err := ui.ReadForm(w, r)
	if err != nil {
		return err
	}
	if _, err := p.Accounts.ConfirmEmail(r.Context(), form.Get("key"), ui.Origin(r)); err != nil {
		if !fault.Is(err, fault.Forbidden) {
			page := &verifyPage{frame: p.frame(w, r, "Confirm your address", ""), Key: form.Get("key")}
			return p.web.Refused(w, r, err, &page.Form, page.show)
		}
		return p.web.Say(w, r, http.StatusForbidden, ui.Message{
			Heading: "This link does not work.", Problem: "It was used already, is older than 24 hours, or a newer one was sent.",
			Next: &ui.Step{Path: "/email/verification", Words: "Send me a new one"},
		})
	}
	p.web.Flash(w, "confirmed")
	if _, ok := p.web.Visit(r); ok {
		return ui.GoTo(w, "/dashboard/email")
	}
	return ui.GoTo(w, "/login")
}

func (p *pages) askResend(w http.ResponseWriter, r *http.Request) error {
	page := p.frame(w, r, "Another confirmation mail", "")
	return p.web.Show(w, http.StatusOK, page.resend())
}

func (p *pages) resend(w http.ResponseWriter, r *http.Request) error {
	form, err := ui.ReadForm(w, r)
	if err != nil {
		return err
	}
	if err := p.Accounts.ResendConfirmation(r.Context(), form.Get("login"), ui.Origin(r)); err != nil {
		page := p.frame(w, r, "Another confirmation mail", "")
		page.Form.Values = form
		return p.web.Refused(w, r, err, &page.Form, page.resend, "login")
	}
	return p.web.Say(w, r, http.StatusOK, ui.Message{
		Heading: "Look into your mail.", Problem: "If that address waits to be confirmed, a new link is on its way to it.",
		Next: &ui.Step{Path: "/login", Words: "Log in"},
	})
}

func (p *pages) askReset(w http.ResponseWriter, r *http.Request) error {
	page := p.frame(w, r, "Forgotten your password?", "")
	return p.web.Show(w, http.StatusOK, page.reset())
}

func (p *pages) reset(w http.ResponseWriter, r *http.Request) error {
	form, err := ui.ReadForm(w, r)
	if err != nil {
		return err
	}
	if err := p.Accounts.RequestReset(r.Context(), form.Get("login"), ui.Origin(r)); err != nil {
		page := p.frame(w, r, "Forgotten your password?", "")
		page.Form.Values = form
		return p.web.Refused(w, r, err, &page.Form, page.reset, "login")
	}
	return p.web.Say(w, r, http.StatusOK, ui.Message{
		Heading: "Look into your mail.", Problem: "If there is such an account, a link on which to choose a new password is on its way to its primary address.",
		Next: &ui.Step{Path: "/login", Words: "Log in"},
	})
}

// The token of a reset is carried by the browser from the link to the form, so that it leaves the address
// bar and the history at once.
const (
	resetCookie = "hexhub-reset"
	carryLife   = time.Hour
)

type newPasswordPage struct {
	frame
	Username   string
	RevokeKeys bool
}

func (p *pages) newPassword(w http.ResponseWriter, r *http.Request) error {
	if token := r.URL.Query().Get("key"); token != "" {
		p.web.SetCookie(w, resetCookie, token, carryLife)
		return ui.GoTo(w, "/password/new")
	}
	u, err := p.Accounts.CheckReset(p.web.Cookie(r, resetCookie))
	if err != nil {
		return p.deadReset(w, r, err)
	}
	page := &newPasswordPage{frame: p.frame(w, r, "Choose a new password", ""), Username: u.Username.String(), RevokeKeys: true}
	return p.web.Show(w, http.StatusOK, page.show())
}

func (p *pages) deadReset(w http.ResponseWriter, r *http.Request, err error) error {
	if !fault.Is(err, fault.Forbidden) {
		return err
	}
	p.web.DropCookie(w, resetCookie)
	return p.web.Say(w, r, http.StatusForbidden, ui.Message{
		Heading: "This link does not work.", Problem: "It was used already, is older than 24 hours, or the account was changed since.",
		Next: &ui.Step{Path: "/password/reset", Words: "Ask for a new one"},
	})
}

func (p *pages) setNewPassword(w http.ResponseWriter, r *http.Request) error {
	form, err := ui.ReadForm(w, r)
	if err != nil {
		return err
	}
	token := p.web.Cookie(r, resetCookie)
	u, err := p.Accounts.CheckReset(token)
	if err != nil {
		return p.deadReset(w, r, err)
	}
	if _, err := p.Accounts.FinishReset(r.Context(), token, form.Get("password"), ui.Origin(r), form.Get("revoke_keys") == ""); err != nil {
		if fault.Is(err, fault.Forbidden) {
			return p.deadReset(w, r, err)
		}
		page := &newPasswordPage{frame: p.frame(w, r, "Choose a new password", ""), Username: u.Username.String(), RevokeKeys: form.Get("revoke_keys") != ""}
		return p.web.Refused(w, r, err, &page.Form, page.show, "password")
	}
	p.web.DropCookie(w, resetCookie)
	p.web.Flash(w, "reset")
	return ui.GoTo(w, "/login")
}

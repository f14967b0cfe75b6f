package account

import (
	"net/http"
	"net/url"
	"time"

	"hexhub/internal/surface/web/ui"
)

// A frame is what the pages of one form show.
type frame struct {
	ui.Page
	Form   ui.Form
	Return string // where to go on to
	Onward string // what that is called
}

func (p *pages) frame(w http.ResponseWriter, r *http.Request, title, onto string) frame {
	f := frame{Page: p.web.Page(w, r, title)}
	f.Return, f.Onward = ui.Onward(onto)
	return f
}

type loginPage struct {
	frame
	MayRegister bool
}

func (p *pages) loginPage(w http.ResponseWriter, r *http.Request, onto string) *loginPage {
	page := &loginPage{frame: p.frame(w, r, "Log in", onto)}
	page.MayRegister, _ = p.mayRegister()
	page.Bare = true
	return page
}

func (p *pages) login(w http.ResponseWriter, r *http.Request) error {
	onto := r.URL.Query().Get("return")
	if _, ok := p.web.Visit(r); ok {
		path, _ := ui.Onward(onto)
		return ui.GoTo(w, path)
	}
	return p.web.Show(w, http.StatusOK, p.loginPage(w, r, onto).show())
}

func (p *pages) checkPassword(w http.ResponseWriter, r *http.Request) error {
	form, err := ui.ReadForm(w, r)
	if err != nil {
		return err
	}
	u, err := p.Accounts.Login(r.Context(), form.Get("login"), form.Get("password"), ui.Origin(r))
	if err != nil {
		page := p.loginPage(w, r, form.Get("return"))
		page.Form.Values = form
		return p.web.Refused(w, r, err, &page.Form, page.show)
	}
	path, _ := ui.Onward(form.Get("return"))
	if !u.TwoFactor() {
		return p.enter(w, r, u, path)
	}
	token, err := p.Accounts.OweSecondFactor(r.Context(), u)
	if err != nil {
		return err
	}
	p.web.SetCookie(w, halfCookie, token, halfLife)
	return ui.GoTo(w, ui.With("/tfa", path))
}

// Who gave his password and owes a second factor has a token for it in this cookie.
const (
	halfCookie = "hexhub-login"
	halfLife   = 15 * time.Minute
)

type secondPage struct {
	frame
	Recovery bool   // asks for a recovery code
	Other    string // address of the page that asks for the other
}

func (p *pages) secondPage(w http.ResponseWriter, r *http.Request, onto string, recovery bool) *secondPage {
	page := &secondPage{frame: p.frame(w, r, "Second step", onto), Recovery: recovery}
	page.Bare = true
	query := url.Values{"return": {page.Return}}
	if !recovery {
		query.Set("recovery", "yes")
	}
	page.Other = "/tfa?" + query.Encode()
	return page
}

func (p *pages) second(w http.ResponseWriter, r *http.Request) error {
	if p.web.Cookie(r, halfCookie) == "" {
		return ui.GoTo(w, "/login")
	}
	q := r.URL.Query()
	return p.web.Show(w, http.StatusOK, p.secondPage(w, r, q.Get("return"), q.Get("recovery") != "").show())
}

func (p *pages) checkSecond(w http.ResponseWriter, r *http.Request) error {
	form, err := ui.ReadForm(w, r)
	if err != nil {
		return err
	}
	u, err := p.Accounts.FinishLogin(r.Context(), p.web.Cookie(r, halfCookie), form.Get("code"), ui.Origin(r))
	if err != nil {
		page := p.secondPage(w, r, form.Get("return"), form.Get("recovery") != "")
		return p.web.Refused(w, r, err, &page.Form, page.show, "code")
	}
	p.web.DropCookie(w, halfCookie)
	path, _ := ui.Onward(form.Get("return"))
	return p.enter(w, r, u, path)
}

func (p *pages) logout(w http.ResponseWriter, r *http.Request) error {
	if v, ok := p.web.Visit(r); ok {
		if err := p.Accounts.EndSession(r.Context(), v.Actor.By(), v.User.ID, v.Session.ID); err != nil {
			return err
		}
	}
	p.web.DropCookie(w, ui.SessionCookie)
	p.web.Flash(w, "out")
	return ui.GoTo(w, "/")
}

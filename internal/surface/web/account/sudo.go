package account

import (
	"net/http"
	"net/url"
	"time"

	"hexhub/internal/surface/web/ui"
)

type sudoPage struct {
	frame
	Code  bool     // asks for a code, not the password
	Other *ui.Step // the other proof
}

func (p *pages) sudoPage(w http.ResponseWriter, r *http.Request, v visit, onto string, code bool) *sudoPage {
	page := &sudoPage{frame: p.frame(w, r, "Confirm that it is you", onto), Code: v.User.Password == "" || code && v.User.TwoFactor()}
	query := url.Values{"return": {page.Return}}
	switch {
	case page.Code && v.User.Password != "":
		page.Other = &ui.Step{Path: "/sudo?" + query.Encode(), Words: "Use your password"}
	case !page.Code && v.User.TwoFactor():
		query.Set("code", "yes")
		page.Other = &ui.Step{Path: "/sudo?" + query.Encode(), Words: "Use a code instead"}
	}
	return page
}

func (p *pages) askSudo(w http.ResponseWriter, r *http.Request, v visit) error {
	q := r.URL.Query()
	return p.set.Show(w, http.StatusOK, "sudo", p.sudoPage(w, r, v, q.Get("return"), q.Get("code") != ""))
}

func (p *pages) sudo(w http.ResponseWriter, r *http.Request, v visit) error {
	form, err := ui.ReadForm(w, r)
	if err != nil {
		return err
	}
	secret, err := p.Accounts.Sudo(r.Context(), v.User.ID, v.Session.ID, form.Get("proof"), ui.Origin(r))
	if err != nil {
		page := p.sudoPage(w, r, v, form.Get("return"), form.Get("code") != "")
		return p.refused(w, "sudo", err, &page.Form, page, "proof")
	}
	p.web.SetCookie(w, ui.SessionCookie, secret, time.Until(v.Session.ExpiresAt))
	path, _ := onward(form.Get("return"))
	return goTo(w, path)
}

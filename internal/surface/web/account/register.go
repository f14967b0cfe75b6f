package account

import (
	"cmp"
	"net/http"
	"net/url"
	"strings"

	"hexhub/internal/feature/account"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/surface/web/ui"
)

// mayRegister reports whether somebody may make an account for himself, and at which domains if not at all.
func (p *pages) mayRegister() (yes bool, domains []string) {
	r := p.Rules(p.DB.View()).Registration
	return r.Open() || len(r.Domains()) > 0, r.Domains()
}

type registerPage struct {
	frame
	Domains    string
	Invitation string
}

func (p *pages) registerPage(w http.ResponseWriter, r *http.Request, form url.Values) *registerPage {
	page := &registerPage{frame: p.frame(w, r, "Create your account", form.Get("return"))}
	_, domains := p.mayRegister()
	page.Domains = strings.Join(domains, " or ")
	page.Form.Values = form
	return page
}

// invited returns the token that lets the visitor register although nobody else may: that of the link, or
// that of the invitation into an organization which brought him.
func (p *pages) invited(r *http.Request, token string) (address, usable string) {
	token = cmp.Or(token, p.web.Cookie(r, invitationCookie))
	if token == "" {
		return "", ""
	}
	address, err := p.Accounts.Invited(token)
	if err != nil {
		return "", ""
	}
	return address, token
}

func (p *pages) register(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	address, token := p.invited(r, q.Get("invitation"))
	if open, _ := p.mayRegister(); !open && token == "" {
		if q.Get("invitation") != "" {
			return fault.New(fault.NotFound, "This invitation does not work any more: it was used, taken back, or is older than seven days. Ask for another one.")
		}
		page := p.frame(w, r, "By invitation only", "")
		return p.web.Show(w, http.StatusForbidden, page.closed())
	}
	page := p.registerPage(w, r, url.Values{"return": {q.Get("return")}, "email": {address}})
	page.Invitation = token
	return p.web.Show(w, http.StatusOK, page.show())
}

func (p *pages) createAccount(w http.ResponseWriter, r *http.Request) error {
	form, err := ui.ReadForm(w, r)
	if err != nil {
		return err
	}
	d := account.Draft{Username: form.Get("username"), FullName: form.Get("full_name"), Password: form.Get("password")}
	if email := strings.TrimSpace(form.Get("email")); email != "" {
		d.Emails = []string{email}
	}
	u, err := p.registered(r, d, form.Get("invitation"))
	if err != nil {
		page := p.registerPage(w, r, form)
		_, page.Invitation = p.invited(r, form.Get("invitation"))
		return p.web.Refused(w, r, err, &page.Form, page.show, "username", "full_name", "email", "password")
	}
	path, _ := ui.Onward(form.Get("return"))
	if !u.Verified() {
		p.web.Flash(w, "registered")
	} else {
		p.web.Flash(w, "welcome")
	}
	return p.enter(w, r, u, path)
}

// registered makes the account. Without a password nobody could get into it again, so that here, unlike
// in the API, it takes one.
func (p *pages) registered(r *http.Request, d account.Draft, invitation string) (account.User, error) {
	if d.Password == "" {
		return account.User{}, fault.Field("can't be blank", "password")
	}
	by := ui.ActorOf(r, account.User{}, account.Session{}).By()
	return p.Accounts.Register(r.Context(), by, d, invitation)
}

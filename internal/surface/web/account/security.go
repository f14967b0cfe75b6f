package account

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/a-h/templ"

	"hexhub/internal/feature/account"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/surface/web/ui"
)

type securityPage struct {
	accountPage
	HasPassword, TwoFactor bool
	CodesLeft              int
}

func (p *pages) securityPage(w http.ResponseWriter, r *http.Request, v ui.Visit) *securityPage {
	return &securityPage{
		accountPage: p.accountPage(w, r, v, "Security"), HasPassword: v.User.Password != "",
		TwoFactor: v.User.TwoFactor(), CodesLeft: v.User.RecoveryCodes(),
	}
}

func (p *pages) security(w http.ResponseWriter, r *http.Request, v ui.Visit) error {
	return p.web.Show(w, http.StatusOK, p.securityPage(w, r, v).show())
}

func (p *pages) changePassword(w http.ResponseWriter, r *http.Request, v ui.Visit) error {
	form, err := ui.ReadForm(w, r)
	if err != nil {
		return err
	}
	if v.User.Password == "" {
		err = p.Accounts.SetPassword(r.Context(), v.Actor.By(), v.User.ID, form.Get("password"))
	} else {
		err = p.Accounts.ChangePassword(r.Context(), v.Actor.By(), v.User.ID, account.PasswordChange{
			Old: form.Get("password_current"), New: form.Get("password"), SessionID: v.Session.ID, EndKeys: form.Get("revoke_keys") != "",
		})
	}
	if err != nil {
		page := p.securityPage(w, r, v)
		return p.web.Refused(w, r, err, &page.Form, page.show, "password_current", "password")
	}
	p.web.Flash(w, "password")
	return ui.GoTo(w, "/dashboard/security")
}

func (p *pages) startTOTP(w http.ResponseWriter, r *http.Request, v ui.Visit) error {
	if _, err := p.Accounts.StartTOTP(r.Context(), v.User.ID, v.Session.ID); err != nil {
		return err
	}
	return ui.GoTo(w, "/dashboard/security/totp")
}

type enrolPage struct {
	accountPage
	Secret string
	QR     string
}

// enrolPage shows what waits to be confirmed.
func (p *pages) enrolPage(w http.ResponseWriter, r *http.Request, v ui.Visit) (*enrolPage, error) {
	e, err := p.Accounts.Enrolment(v.User.ID, v.Session.ID)
	if err != nil {
		return nil, err
	}
	picture, err := drawQR(e.URI, "A picture that an authenticator app reads the key from")
	if err != nil {
		return nil, err
	}
	return &enrolPage{p.accountPage(w, r, v, "Two-factor authentication"), inGroups(e.Secret), picture}, nil
}

// inGroups writes a key that people type in groups of four.
func inGroups(secret string) string {
	var groups []string
	for i := 0; i < len(secret); i += 4 {
		groups = append(groups, secret[i:min(i+4, len(secret))])
	}
	return strings.Join(groups, " ")
}

func (p *pages) enrol(w http.ResponseWriter, r *http.Request, v ui.Visit) error {
	page, err := p.enrolPage(w, r, v)
	if fault.Is(err, fault.Conflict) { // nothing waits
		return ui.GoTo(w, "/dashboard/security")
	}
	if err != nil {
		return err
	}
	return p.web.Show(w, http.StatusOK, page.show())
}

type recoveryPage struct {
	accountPage
	Codes []string
}

// file is the address of a text with the codes, which is nowhere but in the page: they are kept by nobody but the user.
func (p *recoveryPage) file() templ.SafeURL {
	text := p.User.Username.String() + "\n\n" + strings.Join(p.Codes, "\n") + "\n"
	return templ.SafeURL("data:text/plain;charset=utf-8," + url.PathEscape(text))
}

func (p *pages) confirmTOTP(w http.ResponseWriter, r *http.Request, v ui.Visit) error {
	form, err := ui.ReadForm(w, r)
	if err != nil {
		return err
	}
	codes, err := p.Accounts.ConfirmTOTP(r.Context(), v.Actor.By(), v.User.ID, v.Session.ID, form.Get("code"), ui.Origin(r))
	if err != nil {
		page, gone := p.enrolPage(w, r, v)
		if gone != nil {
			return err
		}
		return p.web.Refused(w, r, err, &page.Form, page.show, "code")
	}
	return p.web.Show(w, http.StatusOK, (&recoveryPage{p.accountPage(w, r, v, "Recovery codes"), codes}).show())
}

func (p *pages) rotateCodes(w http.ResponseWriter, r *http.Request, v ui.Visit) error {
	codes, err := p.Accounts.RotateRecoveryCodes(r.Context(), v.Actor.By(), v.User.ID)
	if err != nil {
		return err
	}
	return p.web.Show(w, http.StatusOK, (&recoveryPage{p.accountPage(w, r, v, "Recovery codes"), codes}).show())
}

func (p *pages) disableTOTP(w http.ResponseWriter, r *http.Request, v ui.Visit) error {
	if err := p.Accounts.DisableTOTP(r.Context(), v.Actor.By(), v.User.ID); err != nil {
		return err
	}
	p.web.Flash(w, "totp-off")
	return ui.GoTo(w, "/dashboard/security")
}

package account

import (
	"context"
	"net/http"
	"slices"

	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/mail"
	"hexhub/internal/surface/web/ui"
)

type emailsPage struct {
	accountPage
	List ui.Form // what is wrong with what was done in the list
}

func (p *pages) emails(w http.ResponseWriter, r *http.Request, v ui.Visit) error {
	return p.web.Show(w, http.StatusOK, (&emailsPage{accountPage: p.accountPage(w, r, v, "E-mail")}).show())
}

func (p *pages) addEmail(w http.ResponseWriter, r *http.Request, v ui.Visit) error {
	form, err := ui.ReadForm(w, r)
	if err != nil {
		return err
	}
	if err := p.Accounts.AddEmail(r.Context(), v.Actor.By(), v.User.ID, form.Get("email")); err != nil {
		page := &emailsPage{accountPage: p.accountPage(w, r, v, "E-mail")}
		page.Form.Values = form
		return p.web.Refused(w, r, err, &page.Form, page.show, "email")
	}
	u, _ := account.Users.Get(p.DB.View(), v.User.ID)
	if slices.ContainsFunc(u.Emails, func(e account.Email) bool { return !e.Verified }) {
		p.web.Flash(w, "email-added")
	} else {
		p.web.Flash(w, "email-believed")
	}
	return ui.GoTo(w, "/dashboard/email")
}

// letter is an optional kind of mail, as the form shows it.
type letter struct {
	Kind        mail.Kind
	Words, Hint string
}

var letters = []letter{
	{mail.Published, "A version was published", "Of a package that you own, whoever did it."},
	{mail.OwnerAdded, "An owner was added", "To a package that you own, you yourself among them."},
	{mail.OwnerRemoved, "An owner was removed", "From a package that you own or owned."},
	{mail.MemberAdded, "You were added to an organization", ""},
}

// wants reports whether the user gets letters of the kind.
func (p *emailsPage) wants(k mail.Kind) bool { return !slices.Contains(p.User.Without, k) }

func (p *pages) optionalMail(w http.ResponseWriter, r *http.Request, v ui.Visit) error {
	form, err := ui.ReadForm(w, r)
	if err != nil {
		return err
	}
	var wanted []mail.Kind
	for _, k := range form["letter"] {
		wanted = append(wanted, mail.Kind(k))
	}
	if err := p.Accounts.SetOptionalMail(r.Context(), v.Actor.By(), v.User.ID, wanted); err != nil {
		return err
	}
	p.web.Flash(w, "email-optional")
	return ui.GoTo(w, "/dashboard/email")
}

func (p *pages) confirmEmail(w http.ResponseWriter, r *http.Request, v ui.Visit) error {
	return p.toEmail(w, r, v, "email-asked", func(ctx context.Context, _ audit.By, userID, address string) error {
		return p.Accounts.ResendOwn(ctx, userID, address)
	})
}

func (p *pages) primaryEmail(w http.ResponseWriter, r *http.Request, v ui.Visit) error {
	return p.toEmail(w, r, v, "email-primary", p.Accounts.SetPrimary)
}

func (p *pages) publicEmail(w http.ResponseWriter, r *http.Request, v ui.Visit) error {
	return p.toEmail(w, r, v, "email-public", p.Accounts.SetPublic)
}

func (p *pages) removeEmail(w http.ResponseWriter, r *http.Request, v ui.Visit) error {
	return p.toEmail(w, r, v, "email-removed", p.Accounts.RemoveEmail)
}

// toEmail does something to one of the user's addresses, and says so.
func (p *pages) toEmail(w http.ResponseWriter, r *http.Request, v ui.Visit, done string, do func(ctx context.Context, by audit.By, userID, address string) error) error {
	form, err := ui.ReadForm(w, r)
	if err != nil {
		return err
	}
	if err := do(r.Context(), v.Actor.By(), v.User.ID, form.Get("email")); err != nil {
		page := &emailsPage{accountPage: p.accountPage(w, r, v, "E-mail")}
		return p.web.Refused(w, r, err, &page.List, page.show)
	}
	p.web.Flash(w, done)
	return ui.GoTo(w, "/dashboard/email")
}

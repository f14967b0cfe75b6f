package account

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"hexhub/internal/surface/web/ui"
)

type sudoPage struct {
	frame
	Action string
	Label  string
	Sent   []sent // what the user had sent when he was asked who he is
}

// sent is a field of a form that waits for its sender to be known.
type sent struct{ Name, Value string }

func (p *pages) sudoPage(w http.ResponseWriter, r *http.Request, v visit, onto string) *sudoPage {
	page := &sudoPage{frame: p.frame(w, r, "Confirm that it is you", onto), Action: r.URL.Path, Label: "Password"}
	switch {
	case v.User.Password == "":
		page.Label = "Code of your authenticator app, or a recovery code"
	case v.User.TwoFactor():
		page.Label = "Password, or a code of your authenticator app"
	}
	return page
}

func (p *pages) askSudo(w http.ResponseWriter, r *http.Request, v visit) error {
	return p.web.Show(w, http.StatusOK, p.sudoPage(w, r, v, r.URL.Query().Get("return")).show())
}

func (p *pages) sudo(w http.ResponseWriter, r *http.Request, v visit) error {
	form, err := ui.ReadForm(w, r)
	if err != nil {
		return err
	}
	if err := p.prove(w, r, v, form.Get(proof)); err != nil {
		page := p.sudoPage(w, r, v, form.Get("return"))
		return p.refused(w, r, err, &page.Form, page.show, proof)
	}
	path, _ := onward(form.Get("return"))
	return goTo(w, path)
}

// proof is the field in which the user proves that it is he.
const proof = "proof"

// prove lets the user prove that it is he, who gets another secret for his cookie.
func (p *pages) prove(w http.ResponseWriter, r *http.Request, v visit, text string) error {
	secret, err := p.Accounts.Sudo(r.Context(), v.User.ID, v.Session.ID, text, ui.Origin(r))
	if err != nil {
		return err
	}
	p.web.SetSession(w, r, secret, v.Session.ExpiresAt)
	return nil
}

// proved has others prove first who they are. A form that they sent is sent again with the proof.
func (p *pages) proved(render visited) visited {
	return func(w http.ResponseWriter, r *http.Request, v visit) error {
		if v.Session.Sudo(time.Now()) {
			return render(w, r, v)
		}
		if r.Method != http.MethodPost {
			return goTo(w, with("/sudo", pageOf(r)))
		}
		form, err := ui.ReadForm(w, r)
		if err != nil {
			return err
		}
		page := p.sudoPage(w, r, v, "")
		page.Return, page.Sent = "", waiting(form)
		if !form.Has(proof) {
			return p.web.Show(w, http.StatusOK, page.show())
		}
		if err := p.prove(w, r, v, form.Get(proof)); err != nil {
			return p.refused(w, r, err, &page.Form, page.show, proof)
		}
		return render(w, r, v)
	}
}

// waiting lists the fields of a form that are to be sent again. Secrets are typed again: they are not for
// a page to hold.
func waiting(form url.Values) []sent {
	var all []sent
	for name, values := range form {
		if slices.Contains([]string{proof, "who", "password", "password_current", "code"}, name) {
			continue
		}
		for _, value := range values {
			all = append(all, sent{name, value})
		}
	}
	slices.SortStableFunc(all, func(a, b sent) int { return strings.Compare(a.Name, b.Name) })
	return all
}

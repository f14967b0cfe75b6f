package ui

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Proof is the field in which a visitor proves that it is he.
const Proof = "proof"

type surePage struct {
	Page
	Form   Form
	Return string // where to go on to
	Action string
	Label  string
	Sent   []sent // what the visitor had sent when he was asked who he is
}

// sent is a field of a form that waits for its sender to be known.
type sent struct{ Name, Value string }

func (u *Web) surePage(w http.ResponseWriter, r *http.Request, v Visit) *surePage {
	page := &surePage{Page: u.Page(w, r, "Confirm that it is you"), Action: r.URL.Path, Label: "Password"}
	switch {
	case v.User.Password == "":
		page.Label = "Code of your authenticator app, or a recovery code"
	case v.User.TwoFactor():
		page.Label = "Password, or a code of your authenticator app"
	}
	return page
}

// askSure asks for a proof, so that the page can be shown to which one goes on.
func (u *Web) askSure(w http.ResponseWriter, r *http.Request, v Visit) error {
	page := u.surePage(w, r, v)
	page.Return, _ = Onward(r.URL.Query().Get("return"))
	return u.Show(w, http.StatusOK, page.show())
}

func (u *Web) takeSure(w http.ResponseWriter, r *http.Request, v Visit) error {
	form, err := ReadForm(w, r)
	if err != nil {
		return err
	}
	onward, _ := Onward(form.Get("return"))
	if err := u.Prove(w, r, v, form.Get(Proof)); err != nil {
		page := u.surePage(w, r, v)
		page.Return = onward
		return u.Refused(w, r, err, &page.Form, page.show, Proof)
	}
	return GoTo(w, onward)
}

// Prove lets the visitor prove that it is he, who gets another secret for his cookie.
func (u *Web) Prove(w http.ResponseWriter, r *http.Request, v Visit, proof string) error {
	secret, err := u.o.Sudo(r.Context(), v.User.ID, v.Session.ID, proof, Origin(r))
	if err != nil {
		return err
	}
	u.SetSession(w, r, secret, v.Session.ExpiresAt)
	return nil
}

// proved has others prove first who they are. A form that they sent is sent again with the proof.
func (u *Web) proved(render Visited) Visited {
	return func(w http.ResponseWriter, r *http.Request, v Visit) error {
		if v.Session.Sudo(time.Now()) {
			return render(w, r, v)
		}
		if r.Method != http.MethodPost {
			return GoTo(w, With("/sudo", u.PageOf(r)))
		}
		form, err := ReadForm(w, r)
		if err != nil {
			return err
		}
		page := u.surePage(w, r, v)
		page.Sent = waiting(form)
		if !form.Has(Proof) {
			return u.Show(w, http.StatusOK, page.show())
		}
		if err := u.Prove(w, r, v, form.Get(Proof)); err != nil {
			return u.Refused(w, r, err, &page.Form, page.show, Proof)
		}
		return render(w, r, v)
	}
}

// waiting lists the fields of a form that are to be sent again. Secrets are typed again: they are not for
// a page to hold.
func waiting(form url.Values) []sent {
	var all []sent
	for name, values := range form {
		if slices.Contains([]string{Proof, "who", "password", "password_current", "code"}, name) {
			continue
		}
		for _, value := range values {
			all = append(all, sent{name, value})
		}
	}
	slices.SortStableFunc(all, func(a, b sent) int { return strings.Compare(a.Name, b.Name) })
	return all
}

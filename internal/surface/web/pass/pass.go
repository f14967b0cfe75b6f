// Package pass is the page of the site that lets browsers onto the origins of private documentation.
//
// It knows cookies of the site, the way through the login and back, and nothing of documentation: who may read, and
// where one is sent, the room of the same name says.
package pass

import (
	"net/http"
	"net/url"

	"hexhub/internal/feature/pass"
	"hexhub/internal/surface/web/ui"
)

// Register adds the page to the web site.
func Register(web *ui.Web, passes *pass.Passes) {
	p := &pages{web, passes}
	web.Open("GET "+pass.Path, p.letIn)
}

type pages struct {
	web    *ui.Web
	passes *pass.Passes
}

// loginKey is what the query has besides when somebody logged in for it.
const loginKey = "login"

// letIn sends whoever may read to what he wants to read. Others log in first, if they have not, and else find nothing.
func (p *pages) letIn(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	target, err := p.passes.Target(q.Get(pass.WantedKey))
	if err != nil {
		return err
	}
	to, err := p.passes.Way(r.Context(), p.web.Actor(r), target, q.Get(pass.GivenKey))
	switch _, known := p.web.Visit(r); {
	case err != nil && !known:
		return ui.GoTo(w, ui.With("/login", p.after(target, q)))
	case err != nil:
		return err
	case q.Has(loginKey):
		return p.goOn(w, r, to)
	}
	return ui.GoTo(w, to)
}

// after is this page for whoever has just logged in.
func (p *pages) after(target pass.Target, q url.Values) string {
	return pass.Wanted(target.Address, q.Get(pass.GivenKey)) + "&" + loginKey + "=yes"
}

// goOn sends somebody on who has sent a form before. Browsers hold a form to the policy of its page through all
// redirects that follow, and no form of the site may lead to another origin; so it has to be a page.
func (p *pages) goOn(w http.ResponseWriter, r *http.Request, to string) error {
	w.Header().Set("Refresh", "0; url="+to)
	w.Header().Set("Referrer-Policy", "no-referrer")
	return p.web.Say(w, r, http.StatusOK, ui.Message{
		Heading: "You are logged in.", Problem: "The documentation that you want to read opens in a moment.", Next: &ui.Step{Path: to, Words: "Open it now"},
	})
}

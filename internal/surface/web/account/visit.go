package account

import (
	"net/http"

	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/surface/web/ui"
)

// A visit is a request of somebody who is logged in.
type visit struct {
	User    account.User
	Session account.Session
	actor   access.Actor
}

// A visited page is for those who are logged in.
type visited func(w http.ResponseWriter, r *http.Request, v visit) error

// open adds a page for everybody.
func (p *pages) open(pattern string, render ui.Render) {
	p.web.Handle(pattern, func(w http.ResponseWriter, r *http.Request) error {
		w.Header().Set("Cache-Control", "no-store")
		return render(w, r)
	})
}

// user adds a page for those who are logged in.
func (p *pages) user(pattern string, render visited) { p.open(pattern, p.loggedIn(render)) }

// sure adds a page for those who lately proved again who they are.
func (p *pages) sure(pattern string, render visited) { p.user(pattern, p.proved(render)) }

// loggedIn has others log in first.
func (p *pages) loggedIn(render visited) ui.Render {
	return func(w http.ResponseWriter, r *http.Request) error {
		v, ok := p.visit(r)
		if !ok {
			return goTo(w, with("/login", pageOf(r)))
		}
		return render(w, r, v)
	}
}

// visit finds out who is logged in.
func (p *pages) visit(r *http.Request) (visit, bool) {
	u, s, ok := p.web.Visitor(r)
	return visit{User: u, Session: s, actor: actor(r, u, s)}, ok
}

func actor(r *http.Request, u account.User, s account.Session) access.Actor {
	from := ui.Origin(r)
	return access.Actor{User: u, Via: access.Browser, Session: s.ID, IP: from.IP, UserAgent: from.UserAgent}
}

// enter logs the user in: in a session of this moment, so that nobody who knew the browser's last one
// is in as well.
func (p *pages) enter(w http.ResponseWriter, r *http.Request, u account.User, onward string) error {
	if old, ok := p.visit(r); ok {
		if err := p.Accounts.EndSession(r.Context(), old.actor.By(), old.User.ID, old.Session.ID); err != nil {
			return err
		}
	}
	a := actor(r, u, account.Session{})
	s, secret, err := p.Accounts.StartSession(r.Context(), a.By(), u.ID, a.IP.String(), a.UserAgent)
	if err != nil {
		return err
	}
	p.web.SetSession(w, r, secret, s.ExpiresAt)
	return goTo(w, onward)
}

// words are what the pages say of a step that was done.
var words = map[string]string{
	"out":            "You are logged out.",
	"welcome":        "Welcome. Your account is made.",
	"registered":     "Welcome. We have mailed a link to your address; confirm it, and you can publish.",
	"confirmed":      "Your address is confirmed.",
	"reset":          "Your password is set. Log in with it.",
	"password":       "Your password is set, and all your other sessions have ended.",
	"totp-off":       "Two-factor authentication is off.",
	"profile":        "Your profile is saved.",
	"email-added":    "The address is added. We have mailed a link to it; open it to confirm that it is yours.",
	"email-believed": "The address is added.",
	"email-asked":    "If it was not sent too often already, a new link is on its way.",
	"email-primary":  "Your primary address is changed.",
	"email-public":   "What everybody can see is changed.",
	"email-removed":  "The address is removed.",
	"session-ended":  "The session has ended.",
	"sessions-ended": "All other sessions have ended.",
	"key-revoked":    "The key is revoked.",
	"joined":         "You are in.",
	"not-joined":     "You stay out, and the invitation has ended.",
	"device-late":    "Nobody waits with that code: it may be mistyped, or older than ten minutes. Then start the program anew.",
	"delete-asked":   "A link is on its way to your primary address. It is good for 24 hours.",
}

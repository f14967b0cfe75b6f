package account

import (
	"net/http"

	"hexhub/internal/feature/account"
	"hexhub/internal/surface/web/ui"
)

// enter logs the user in: in a session of this moment, so that nobody who knew the browser's last one
// is in as well.
func (p *pages) enter(w http.ResponseWriter, r *http.Request, u account.User, onward string) error {
	if old, ok := p.web.Visit(r); ok {
		if err := p.Accounts.EndSession(r.Context(), old.Actor.By(), old.User.ID, old.Session.ID); err != nil {
			return err
		}
	}
	a := ui.ActorOf(r, u, account.Session{})
	s, secret, err := p.Accounts.StartSession(r.Context(), a.By(), u.ID, a.IP.String(), a.UserAgent)
	if err != nil {
		return err
	}
	p.web.SetSession(w, r, secret, s.ExpiresAt)
	return ui.GoTo(w, onward)
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
	"email-optional": "What you are written about is changed.",
	"email-public":   "What everybody can see is changed.",
	"email-removed":  "The address is removed.",
	"session-ended":  "The session has ended.",
	"sessions-ended": "All other sessions have ended.",
	"joined":         "You are in.",
	"not-joined":     "You stay out, and the invitation has ended.",
	"device-late":    "Nobody waits with that code: it may be mistyped, or older than ten minutes. Then start the program anew.",
	"delete-asked":   "A link is on its way to your primary address. It is good for 24 hours.",
}

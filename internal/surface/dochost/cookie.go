package dochost

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"hexhub/internal/kernel/origin"
	"hexhub/internal/surface/call"
)

// What an origin of documentation gives browsers: what to show when they come back from the site, and what they read by.
const (
	wayCookie  = "hexhub-docs-way"
	readCookie = "hexhub-docs"

	wayLife = time.Hour // people may have to look for their passwords
)

// cookie returns the value that the browser sent, or nothing.
func (s *surface) cookie(r *http.Request, name string) string {
	c, err := r.Cookie(s.cookieName(name))
	if err != nil {
		return ""
	}
	return c.Value
}

// setCookie gives the browser a value to send back to this host alone, never to scripts.
func (s *surface) setCookie(w http.ResponseWriter, name, value string, age time.Duration) {
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: int(age.Seconds()),
		HttpOnly: true, Secure: s.Origins.Secure(), SameSite: http.SameSiteLaxMode,
	})
}

// cookieName is such that, over TLS, browsers take the cookie from this very host only: pages of other packages could
// else set it for all hosts below their common name.
func (s *surface) cookieName(name string) string {
	if s.Origins.Secure() {
		return "__Host-" + name
	}
	return name
}

// redeem exchanges what the site gave a browser for a cookie, and leads to the page. The place is of the host, if it is
// of one.
func (s *surface) redeem(w http.ResponseWriter, r *http.Request, p origin.Place) error {
	at := s.Origins.Origin(p)
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	e, err := s.Passes.Redeem(r.Context(), at, r.URL.Query().Get("code"), s.cookie(r, wayCookie))
	if err != nil {
		return err
	}
	s.setCookie(w, s.cookieName(readCookie), e.Cookie, time.Until(e.Until))
	// The next request may come to another node, which is to know of the session.
	s.setCookie(w, call.RevisionCookie, strconv.FormatInt(int64(s.DB.Revision()), 10), time.Minute)
	h.Set("Location", at+e.Page)
	w.WriteHeader(http.StatusSeeOther)
	return nil
}

// ticketPath stands before a ticket in a path, behind the package. No version and no name of a package is like it.
const ticketPath = "/-/"

// takeTicket takes what may be a ticket out of the path that is asked for, where pages share an origin, and has the log
// not show it.
func (a *asked) takeTicket(r *http.Request) {
	text, ok := strings.CutPrefix(a.rest, ticketPath)
	if a.own || !ok {
		return
	}
	ticket, behind, slash := strings.Cut(text, "/")
	a.ticket, a.rest = ticket, ""
	if slash {
		a.rest = "/" + behind
	}
	if ticket != "" {
		call.HidePath(r.Context(), strings.Replace(r.URL.Path, ticket, "…", 1))
	}
}

// unticketed is what is asked for by addresses that everybody may know.
func (a *asked) unticketed() *asked {
	b := *a
	b.base = strings.TrimSuffix(a.base, ticketPath+a.ticket)
	return &b
}

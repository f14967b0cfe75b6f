package dochost

import (
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/pass"
	"hexhub/internal/kernel/store"
	"hexhub/internal/surface/call"
	"hexhub/internal/surface/door"
)

// enter returns the moment at which whoever asks may read the documentation, or nil if he is answered already. Whether he
// is asked who he is depends on nothing but whether a repository is public: where there is none of that name, what is
// done and answered is the same as where he may not read.
func (s *surface) enter(w http.ResponseWriter, r *http.Request, a *asked) (*store.View, error) {
	v := s.DB.View()
	if a.repository = s.Passes.Repository(v, a.place); a.repository.Public {
		return v, nil
	}
	v.Close()
	a.private = true
	w.Header().Set("Vary", "Accept, Authorization, Cookie, Sec-Fetch-Dest")
	a.takeTicket(r)
	// What somebody may no longer do is not believed on a node that cannot know it.
	if err := s.DB.Fresh(r.Context()); err != nil {
		return nil, err
	}
	if _, err := call.CatchUp(r, s.DB); err != nil {
		return nil, err
	}
	v = s.DB.View()
	answered, err := s.admit(w, r, v, a)
	if answered || err != nil {
		v.Close()
		return nil, err
	}
	return v, nil
}

// admit finds out who asks, by what he shows: a key, the ticket with which a page loads something, or a cookie. It
// answers nobody in particular by sending him to the site, and whoever needs a ticket by giving him one.
func (s *surface) admit(w http.ResponseWriter, r *http.Request, v *store.View, a *asked) (answered bool, err error) {
	shown, at := a.ticket, time.Now().UTC()
	a.ticket = ""
	if len(r.Header["Authorization"]) > 0 {
		actor, err := door.Named(r, s.DB, s.Access)
		if err != nil {
			return false, err
		}
		return false, s.may(r, v, actor, a)
	}
	byTicket, ticketed := s.Passes.OfTicket(v, a.place, shown, at)
	if ticketed && !opensPage(r) {
		a.useTicket(shown)
		return false, s.may(r, v, byTicket.Actor, a)
	}
	actor, known := s.holder(r, v, a, at)
	switch {
	case !known && opensPage(r):
		s.askIn(w, r, a)
		return true, nil
	case !known:
		return false, door.ErrMissing
	}
	if err := s.may(r, v, actor, a); err != nil {
		return false, err
	}
	if a.own {
		return false, nil
	}
	if ticketed && !byTicket.Old && byTicket.Actor.Session == actor.Session {
		a.useTicket(shown)
		return false, nil
	}
	a.useTicket(s.Passes.Ticket(actor, a.place, at))
	return true, a.lead(w, r, a.rest)
}

// useTicket has all addresses of the documentation, as the page that is sent knows them, contain the ticket.
func (a *asked) useTicket(ticket string) {
	a.ticket = ticket
	a.base += ticketPath + ticket
}

// may notes why somebody may not read, which he is not told.
func (s *surface) may(r *http.Request, v *store.View, actor access.Actor, a *asked) error {
	err := s.Passes.May(v, actor, a.place)
	if err != nil {
		call.Note(r.Context(), slog.String("refused", err.Error()))
	}
	return err
}

// holder returns who has a cookie that is good here: where documentation is a path of the site the site's, else that
// which the origin gave. It is taken of what opens a page, and of what pages of this very origin load: another package's
// pages may be of the same site, and browsers send cookies with what those load, too.
func (s *surface) holder(r *http.Request, v *store.View, a *asked, at time.Time) (access.Actor, bool) {
	if from := r.Header.Get("Sec-Fetch-Site"); (from == "same-site" || from == "cross-site") && !opensPage(r) {
		return access.Actor{}, false
	}
	if s.Origins.OnSite() {
		return s.Passes.OfSite(v, s.Session(r), at)
	}
	return s.Passes.OfCookie(v, s.Origins.Origin(a.place), s.cookie(r, readCookie), at)
}

// opensPage reports whether a request is a person's, who opens a page in a window, as far as his browser tells. Those
// that tell nothing are old or speak without TLS; they open a page if that is what they want.
func opensPage(r *http.Request) bool {
	if dest := r.Header.Get("Sec-Fetch-Dest"); dest != "" {
		return dest == "document"
	}
	return strings.Contains(r.Header.Get("Accept"), "text/html")
}

// askIn sends somebody to the site, which knows whether he may read here. He is given something to show when he comes
// back, so that nobody else can use what the site gives him for it, or have him use what it gave another.
func (s *surface) askIn(w http.ResponseWriter, r *http.Request, a *asked) {
	given := ""
	if !s.Origins.OnSite() {
		shown := s.cookie(r, wayCookie)
		if len(shown) != len(account.NewToken()) {
			shown = account.NewToken()
		}
		s.setCookie(w, s.cookieName(wayCookie), shown, wayLife)
		given = account.HashToken(shown)
	}
	wanted := s.Origins.Base(a.place) + (&url.URL{Path: a.rest, RawQuery: r.URL.RawQuery}).String()
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Location", s.Site+pass.Wanted(wanted, given))
	w.WriteHeader(http.StatusFound)
}

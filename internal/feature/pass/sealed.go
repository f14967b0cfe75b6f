package pass

import (
	"encoding/base64"
	"encoding/binary"
	"time"

	"hexhub/internal/feature/access"
	"hexhub/internal/kernel/origin"
	"hexhub/internal/kernel/store"
)

const (
	ticketLife = 10 * time.Minute
	ticketOld  = ticketLife / 2 // so that what a page loads later is let through as well
	maxSealed  = 256            // bytes of text
	stampSize  = 8              // bytes of the moment at which something ends
)

// cookie is what the browser gets on an origin.
func (s *Passes) cookie(at, session string, until time.Time) string {
	return s.seal(cookieLabel(at), session, until)
}

// OfCookie returns who has the cookie on the origin, if his session still lives.
func (s *Passes) OfCookie(r store.Reader, at, value string, moment time.Time) (access.Actor, bool) {
	session, _, ok := s.unseal(cookieLabel(at), value, moment)
	if !ok {
		return access.Actor{}, false
	}
	return bearer(r, session, moment)
}

// Ticket returns a ticket for all that pages of the place load in the actor's session. It lasts for ten minutes and
// no longer than the session.
func (s *Passes) Ticket(a access.Actor, p origin.Place, moment time.Time) string {
	return s.seal(s.ticketLabel(p), a.Session, moment.Add(ticketLife))
}

// A Ticketed is whoever came with a ticket that is good.
type Ticketed struct {
	Actor access.Actor
	Old   bool // whoever opens a page should get another
}

// OfTicket returns whose ticket for the place it is, if it is still good and his session lives.
func (s *Passes) OfTicket(r store.Reader, p origin.Place, text string, moment time.Time) (Ticketed, bool) {
	session, until, ok := s.unseal(s.ticketLabel(p), text, moment)
	if !ok {
		return Ticketed{}, false
	}
	a, ok := bearer(r, session, moment)
	return Ticketed{Actor: a, Old: until.Sub(moment) < ticketOld}, ok
}

func cookieLabel(at string) string { return "docs/cookie/" + at }

func (s *Passes) ticketLabel(p origin.Place) string { return "docs/ticket/" + s.origins.Base(p) }

// seal hides which session it is, and until when it is named.
func (s *Passes) seal(label, session string, until time.Time) string {
	plain := binary.BigEndian.AppendUint64(nil, uint64(until.Unix()))
	return base64.RawURLEncoding.EncodeToString(s.sealer.Seal(label, append(plain, session...)))
}

func (s *Passes) unseal(label, text string, moment time.Time) (session string, until time.Time, ok bool) {
	if text == "" || len(text) > maxSealed {
		return "", time.Time{}, false
	}
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return "", time.Time{}, false
	}
	plain, err := s.sealer.Unseal(label, sealed)
	if err != nil || len(plain) < stampSize {
		return "", time.Time{}, false
	}
	until = time.Unix(int64(binary.BigEndian.Uint64(plain)), 0)
	return string(plain[stampSize:]), until, moment.Before(until)
}

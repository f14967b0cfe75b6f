package account

import (
	"cmp"
	"context"
	"crypto/subtle"
	"slices"
	"strings"
	"time"

	"hexhub/internal/feature/audit"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/id"
	"hexhub/internal/kernel/store"
)

// A SessionKind says who holds a session.
type SessionKind string

// The kinds.
const (
	Browser SessionKind = "browser" // a person, by a cookie
	OAuth   SessionKind = "oauth"   // a program that a person let in, by tokens
)

// A Session is one logging in of a user. While its row is there and its time is not over, whoever holds
// its secret is the user.
type Session struct {
	ID         string      `json:"id"`
	UserID     string      `json:"user_id"`
	Kind       SessionKind `json:"kind"`
	Name       string      `json:"name,omitempty"`   // any text: what a program calls itself
	Client     string      `json:"client,omitempty"` // id of the program
	Hash       string      `json:"hash,omitempty"`   // hex SHA-256 of a cookie's secret; programs have tokens instead
	IP         string      `json:"ip,omitempty"`     // where it began
	UserAgent  string      `json:"user_agent,omitempty"`
	InsertedAt time.Time   `json:"inserted_at"`
	ExpiresAt  time.Time   `json:"expires_at"`
	SudoUntil  *time.Time  `json:"sudo_until,omitempty"` // until then the user need not prove again who he is
}

// A SessionUse is when a session was last used, give or take five minutes, and whence.
type SessionUse struct {
	SessionID string    `json:"session_id"`
	At        time.Time `json:"at"`
	IP        string    `json:"ip,omitempty"`
	UserAgent string    `json:"user_agent,omitempty"`
}

// The tables of sessions.
var (
	Sessions    = store.NewTable("session", func(s Session) string { return s.ID })
	SessionUses = store.NewTable("session-use", func(u SessionUse) string { return u.SessionID })

	sessionsOf = Sessions.Group("user", func(s Session) []string { return []string{s.UserID} })
)

// How long sessions last.
const (
	sessionLife = 30 * 24 * time.Hour
	sessionIdle = 7 * 24 * time.Hour // of browsers
	sudoLife    = 10 * time.Minute
	sessionMost = 50 // of a user, unless the rules say otherwise
)

// live reports whether the session's time is not over; its user may be gone all the same.
func (s Session) live(r store.Reader, at time.Time) bool {
	return at.Before(s.ExpiresAt) && (s.Kind != Browser || at.Sub(s.lastUse(r)) < sessionIdle)
}

func (s Session) lastUse(r store.Reader) time.Time {
	if u, ok := SessionUses.Get(r, s.ID); ok && u.At.After(s.InsertedAt) {
		return u.At
	}
	return s.InsertedAt
}

// Sudo reports whether the user proved lately that it is still he who holds the session.
func (s Session) Sudo(at time.Time) bool { return s.SudoUntil != nil && at.Before(*s.SudoUntil) }

// SessionsOf returns the live sessions of the user, the newest first.
func SessionsOf(r store.Reader, userID string) []Session {
	at := time.Now()
	var out []Session
	for s := range sessionsOf.In(r, userID) {
		if s.live(r, at) {
			out = append(out, s)
		}
	}
	slices.SortFunc(out, func(a, b Session) int { return cmp.Or(b.InsertedAt.Compare(a.InsertedAt), cmp.Compare(a.ID, b.ID)) })
	return out
}

// LiveSession returns the session with the id if it is good for something at the time: it is there, its
// time is not over, and its user is active.
func LiveSession(r store.Reader, sessionID string, at time.Time) (Session, bool) {
	s, ok := Sessions.Get(r, sessionID)
	if !ok || !s.live(r, at) {
		return Session{}, false
	}
	if u, ok := Users.Get(r, s.UserID); !ok || !u.Active() {
		return Session{}, false
	}
	return s, true
}

// StartSessionTx begins a session of an active user and returns it with its id, and with an end if it
// had none. Of a user who has the most allowed, the one that was not used for longest ends.
func (a *Accounts) StartSessionTx(tx *store.Tx, by audit.By, s Session, at time.Time) Session {
	// The id is random within Update, which is harmless: only the run that commits leaves one behind.
	s.ID, s.InsertedAt = id.New(), at
	s.UserAgent = audit.CutAgent(s.UserAgent)
	if s.ExpiresAt.IsZero() {
		s.ExpiresAt = at.Add(sessionLife)
	}
	a.makeRoomTx(tx, by, s.UserID, at)
	Sessions.Put(tx, s)
	recordSession(tx, by, "session.create", at, s)
	return s
}

func (a *Accounts) makeRoomTx(tx *store.Tx, by audit.By, userID string, at time.Time) {
	most := a.o.Rules(tx).MaxSessions
	if most <= 0 {
		most = sessionMost
	}
	live := SessionsOf(tx, userID)
	slices.SortStableFunc(live, func(a, b Session) int { return b.lastUse(tx).Compare(a.lastUse(tx)) })
	if len(live) >= most {
		endTx(tx, by, live[most-1:], at)
	}
}

// endTx ends sessions of one user. When they were last used is forgotten later: all that a user has can
// be ended in one transaction.
func endTx(tx *store.Tx, by audit.By, ended []Session, at time.Time) {
	for _, s := range ended {
		Sessions.Delete(tx, s.ID)
	}
	if len(ended) > 0 {
		recordSession(tx, by, "session.revoke", at, ended...)
	}
}

func recordSession(tx *store.Tx, by audit.By, action string, at time.Time, sessions ...Session) {
	var list []map[string]any
	for _, s := range sessions {
		list = append(list, map[string]any{"id": s.ID, "kind": s.Kind, "name": s.Name, "client": s.Client})
	}
	params := map[string]any{"sessions": list}
	if len(list) == 1 {
		params = list[0]
	}
	audit.RecordTx(tx, by, action, params, at, audit.UserRef(sessions[0].UserID))
}

// StartSession begins a session of a browser, whose user has just proved who he is, and returns the
// secret for its cookie. It is always a new one, so that nobody can have planted it.
func (a *Accounts) StartSession(ctx context.Context, by audit.By, userID, ip, userAgent string) (Session, string, error) {
	secret, at := NewToken(), now()
	s := Session{UserID: userID, Kind: Browser, Hash: HashToken(secret), IP: ip, UserAgent: userAgent, SudoUntil: new(at.Add(sudoLife))}
	var started Session
	err := a.db.Update(ctx, func(tx *store.Tx) error {
		if u, ok := Users.Get(tx, userID); !ok || !u.Active() {
			return fault.New(fault.NotFound, "there is no such user")
		}
		started = a.StartSessionTx(tx, by, s, at)
		return nil
	})
	if err != nil {
		return Session{}, "", err
	}
	return started, started.ID + "." + secret, nil
}

// Open returns whose cookie has the secret, now, and the session. It notes that the session is used.
func (a *Accounts) Open(secret string, from Origin) (User, Session, bool) {
	at := now()
	u, s, ok := OfCookie(a.db.View(), secret, at)
	if ok {
		a.noteUse(s.ID, at, from)
	}
	return u, s, ok
}

// OfCookie returns whose cookie has the secret, and the session, and notes nothing.
func OfCookie(r store.Reader, secret string, at time.Time) (User, Session, bool) {
	sessionID, secret, _ := strings.Cut(secret, ".")
	s, ok := LiveSession(r, sessionID, at)
	if !ok || s.Kind != Browser || subtle.ConstantTimeCompare([]byte(s.Hash), []byte(HashToken(secret))) != 1 {
		return User{}, Session{}, false
	}
	u, _ := Users.Get(r, s.UserID)
	return u, s, true
}

// NoteSession notes that a session of a program is used.
func (a *Accounts) NoteSession(sessionID string, from Origin) { a.noteUse(sessionID, now(), from) }

// EndSession ends a session of the user, and whatever is held by it.
func (a *Accounts) EndSession(ctx context.Context, by audit.By, userID, sessionID string) error {
	at := now()
	return a.db.Update(ctx, func(tx *store.Tx) error {
		s, ok := Sessions.Get(tx, sessionID)
		if !ok || s.UserID != userID {
			return fault.New(fault.NotFound, "there is no such session")
		}
		endTx(tx, by, []Session{s}, at)
		return nil
	})
}

// EndSessions ends all sessions of the user but the one with the id, which may be empty.
func (a *Accounts) EndSessions(ctx context.Context, by audit.By, userID, exceptID string) error {
	at := now()
	return a.db.Update(ctx, func(tx *store.Tx) error {
		EndSessionsTx(tx, by, userID, exceptID, at)
		return nil
	})
}

// EndSessionsTx ends all sessions of the user, of browsers and of programs, but the one with the id,
// which may be empty.
func EndSessionsTx(tx *store.Tx, by audit.By, userID, exceptID string, at time.Time) {
	var ended []Session
	for s := range sessionsOf.In(tx, userID) {
		if s.ID != exceptID {
			ended = append(ended, s)
		}
	}
	endTx(tx, by, ended, at)
}

// EndSessionTx ends the session with the id, if it is there.
func EndSessionTx(tx *store.Tx, by audit.By, sessionID string, at time.Time) {
	if s, ok := Sessions.Get(tx, sessionID); ok {
		endTx(tx, by, []Session{s}, at)
	}
}

package pass

import (
	"context"
	"crypto/subtle"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"

	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/origin"
	"hexhub/internal/kernel/store"
)

// A code lets a browser onto one origin, once, in the session of whoever it was given to.
type code struct {
	Hash      string    `json:"hash"`
	Session   string    `json:"session"`
	Origin    string    `json:"origin"`    // on which alone it is good
	Page      string    `json:"page"`      // to go on to there, from the root of the origin
	Challenge string    `json:"challenge"` // hash of what the browser that asked for it has in a cookie there
	ExpiresAt time.Time `json:"expires_at"`
}

var (
	codes   = store.NewTable("docs-code", func(c code) string { return c.Hash })
	codesOf = codes.Group("session", func(c code) []string { return []string{c.Session} })
)

const (
	codeLife    = time.Minute
	codesMost   = 16   // of one session that were not used yet: tabs that are opened at once
	maxAddress  = 1500 // bytes
	catchUpTime = 2 * time.Second
)

var (
	errAddress = fault.New(fault.Malformed, "That is no address of documentation on this server, so you are not sent there.")
	errCode    = fault.New(fault.Forbidden, "This way in is used up, or older than a minute, or it began in another browser.")
)

// The query of [Path]: an address of documentation, and the hash of what its origin has given the browser.
const (
	WantedKey = "to"
	GivenKey  = "with"
)

// Wanted is the page of the site for whoever wants to read at an address, from the root of the site. Given may be empty.
func Wanted(address, given string) string {
	q := url.Values{WantedKey: {address}}
	if given != "" {
		q.Set(GivenKey, given)
	}
	return Path + "?" + q.Encode()
}

// A Target is a page of documentation that somebody wants to read.
type Target struct {
	Place   origin.Place
	Address string // whole, and put together by us
	page    string // from the root of its origin
}

// Target reads the address of a page. Whatever is not an address of documentation here is Malformed.
func (s *Passes) Target(address string) (Target, error) {
	u, err := url.Parse(address)
	if err != nil || len(address) > maxAddress {
		return Target{}, errAddress
	}
	p, rest, ok := s.origins.Read(u)
	if !ok || !plain(rest) {
		return Target{}, errAddress
	}
	whole := s.origins.Base(p) + rest
	if u.RawQuery != "" {
		whole += "?" + u.RawQuery
	}
	if _, err := url.Parse(whole); err != nil {
		return Target{}, errAddress
	}
	page := strings.TrimPrefix(whole, s.origins.Origin(p))
	if !strings.HasPrefix(page, "/") {
		page = "/" + page
	}
	return Target{Place: p, Address: whole, page: page}, nil
}

// plain reports whether the rest of an escaped path says the same to everybody.
func plain(rest string) bool {
	unescaped, err := url.PathUnescape(rest)
	return err == nil && !strings.ContainsAny(unescaped, "\\\x00") &&
		(rest == "" || path.Clean(unescaped) == strings.TrimSuffix(unescaped, "/") || unescaped == "/")
}

// Way returns where to send the browser of the actor, who comes with its session, so that he reads the page: where
// the site's own cookie reaches and where nobody needs one, to the page itself; else to the page's origin with a code.
// The challenge is the hash of what that origin has given the browser; without one, the browser is sent there to be
// given it.
func (s *Passes) Way(ctx context.Context, a access.Actor, t Target, challenge string) (string, error) {
	v := s.db.View()
	if len(challenge) != len(account.HashToken("")) || s.origins.OnSite() || s.Repository(v, t.Place).Public {
		return t.Address, s.May(v, a, t.Place)
	}
	secret, at := account.NewToken(), now()
	c := code{
		Hash: account.HashToken(secret), Session: a.Session, Origin: s.origins.Origin(t.Place), Page: t.page, Challenge: challenge,
		ExpiresAt: at.Add(codeLife),
	}
	err := s.db.Update(ctx, func(tx *store.Tx) error {
		if _, live := bearer(tx, a.Session, at); !live {
			return errNone
		}
		if err := s.May(tx, a, t.Place); err != nil {
			return err
		}
		makeRoomTx(tx, a.Session)
		codes.Put(tx, c)
		return nil
	})
	if err != nil {
		return "", err
	}
	// The node that is asked next may be another, which is to wait until it has the row.
	text := strconv.FormatInt(int64(s.db.Revision()), 10) + "." + secret
	return c.Origin + Enter + "?code=" + text, nil
}

// makeRoomTx deletes the oldest codes of a session that has as many as it may.
func makeRoomTx(tx *store.Tx, session string) {
	var oldest code
	n := 0
	for c := range codesOf.In(tx, session) {
		if n++; oldest.Hash == "" || c.ExpiresAt.Before(oldest.ExpiresAt) {
			oldest = c
		}
	}
	if n >= codesMost {
		codes.Delete(tx, oldest.Hash)
	}
}

// An Entry is what a code was exchanged for.
type Entry struct {
	Page   string // to go on to, from the root of the origin
	Cookie string // for this origin
	Until  time.Time
}

// Redeem exchanges a code for a cookie, once. It is good on the origin for which it was given, for the browser that
// shows what was given to it there.
func (s *Passes) Redeem(ctx context.Context, at, text, shown string) (Entry, error) {
	rev, secret, _ := strings.Cut(text, ".")
	if err := s.catchUp(ctx, rev); err != nil {
		return Entry{}, err
	}
	hash, moment := account.HashToken(secret), now()
	var e Entry
	err := s.db.Update(ctx, func(tx *store.Tx) error {
		c, ok := codes.Get(tx, hash)
		if !ok || !moment.Before(c.ExpiresAt) || c.Origin != at || !c.answeredBy(shown) {
			return errCode
		}
		live, ok := account.LiveSession(tx, c.Session, moment)
		if !ok {
			return errCode
		}
		codes.Delete(tx, hash)
		e = Entry{Page: c.Page, Cookie: s.cookie(at, c.Session, live.ExpiresAt), Until: live.ExpiresAt}
		return nil
	})
	return e, err
}

func (c code) answeredBy(shown string) bool {
	return subtle.ConstantTimeCompare([]byte(c.Challenge), []byte(account.HashToken(shown))) == 1
}

// catchUp waits until this node shows what the one that gave the code had written.
func (s *Passes) catchUp(ctx context.Context, revision string) error {
	n, err := strconv.ParseInt(revision, 10, 64)
	if err != nil || n < 0 {
		return errCode
	}
	ctx, cancel := context.WithTimeout(ctx, catchUpTime)
	defer cancel()
	if err := s.db.CatchUp(ctx, store.Revision(n)); err != nil {
		late := fault.Wrap(fault.Unavailable, err, "This node has not caught up with the change yet. Try again in a moment.")
		late.RetryAfter = time.Second
		return late
	}
	return nil
}

func now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

package access

import (
	"context"
	"net/netip"
	"time"

	"hexhub/hex/name"
	"hexhub/internal/feature/account"
	"hexhub/internal/kernel/store"
)

// A Token is what an access token says. Whoever gave it out vouches for it; whether session, key and
// user are still there is asked at each use.
type Token struct {
	ID          string // by which it can be revoked
	UserID      string // either this or Org
	Org         name.Repository
	Session     string // id of the account's session, or
	KeyID       string // of the key it was exchanged for
	Permissions []Permission
	ExpiresAt   time.Time // no later than the session or the key ends
}

// actor is whom the token makes its bearer, before any row was asked.
func (t Token) actor() Actor {
	return Actor{
		User: account.User{ID: t.UserID}, Org: t.Org, Key: Key{ID: t.KeyID}, Session: t.Session,
		Permissions: t.Permissions, Via: Bearer, token: t.ID, until: t.ExpiresAt,
	}
}

// maxToken bounds what is read as an access token, in bytes: one with all the scopes that may be.
const maxToken = 32 << 10

func (s *Access) withToken(a Actor, token string) (Actor, error) {
	if len(token) > maxToken || s.o.Bearer == nil {
		return Actor{}, errBadKey
	}
	at := time.Now()
	h, err := s.bearerOf(token, at)
	switch {
	case err != nil:
		return Actor{}, err
	case h.refusal != nil:
		return Actor{}, h.refusal
	case !at.Before(h.until):
		return Actor{}, errExpired
	}
	h.actor.IP, h.actor.UserAgent = a.IP, a.UserAgent
	if h.actor.Session != "" {
		s.accounts.NoteSession(h.actor.Session, account.Origin{IP: a.IP, UserAgent: a.UserAgent})
	} else {
		s.noteUse(h.actor.Key.ID, at, a.IP, a.UserAgent)
	}
	return h.actor, nil
}

// bearerOf is holderOf for access tokens. Those that are none of ours are not remembered.
func (s *Access) bearerOf(token string, at time.Time) (holder, error) {
	hash := s.macs.sum(token)
	if h, ok := s.known.Get(hash); ok && !h.view.Stale() {
		return h, nil
	}
	v := s.db.View()
	t, err := s.o.Bearer(v, token, at)
	if err != nil {
		return holder{}, err
	}
	h := holder{actor: t.actor(), view: v, until: t.ExpiresAt}
	if h.refusal = refresh(v, &h.actor); h.refusal == nil {
		h.actor.second.refusal = s.withoutCode(v, h.actor)
	}
	v.Close()
	s.known.Add(hash, h)
	return h, nil
}

// ByKey returns whom the secret of a key makes its bearer, for whoever gives something in exchange for it.
func (s *Access) ByKey(secret string, ip netip.Addr, userAgent string) (Actor, error) {
	return s.withKey(Actor{IP: ip, UserAgent: userAgent}, secret)
}

// Reaches reports whether the owner himself has what p grants, whatever his credential is good for.
func (s *Access) Reaches(r store.Reader, owner Actor, p Permission) bool {
	return s.reach(r, owner, p) == nil
}

// A revoked is a token that was given back before its time.
type revoked struct {
	ID        string    `json:"id"`
	ExpiresAt time.Time `json:"expires_at"` // when it would have ended by itself
}

var revokedTokens = store.NewTable("revoked-token", func(t revoked) string { return store.Path(t.ID) })

// RevokeToken ends one access token, of a key: those of users end with their session.
func (s *Access) RevokeToken(ctx context.Context, tokenID string, expiresAt time.Time) error {
	if !time.Now().Before(expiresAt) {
		return nil
	}
	return s.db.Update(ctx, func(tx *store.Tx) error {
		revokedTokens.Put(tx, revoked{tokenID, expiresAt.UTC()})
		return nil
	})
}

// forgetGrace is more than the clocks of nodes differ.
const forgetGrace = time.Minute

func (s *Access) forgetTokens(ctx context.Context) error {
	old := time.Now().Add(-forgetGrace)
	return store.Sweep(ctx, s.db, revokedTokens, func(_ store.Reader, t revoked) bool { return t.ExpiresAt.Before(old) })
}

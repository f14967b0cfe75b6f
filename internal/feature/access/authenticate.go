package access

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"net/netip"
	"strings"
	"sync"
	"time"

	"hexhub/internal/feature/account"
	"hexhub/internal/kernel/store"
)

// maxSecret bounds what is hashed as a key, in bytes.
const maxSecret = 256

// Authenticate returns who sends a request with the Authorization header, the empty one being
// anonymous. It knows Basic with a password, or with a key in the place of one, access tokens, and keys
// bare. Its faults are the words of the Hex API. Schemes are told apart by case, and take one space.
// The code is that of a second factor, if one was sent: passwords may need it; see WithCode for tokens.
func (s *Access) Authenticate(ctx context.Context, authorization, code string, ip netip.Addr, userAgent string) (Actor, error) {
	a := Actor{IP: ip, UserAgent: userAgent}
	if authorization == "" {
		return a, nil
	}
	if encoded, ok := strings.CutPrefix(authorization, "Basic "); ok {
		return s.basic(ctx, a, encoded, code)
	}
	if token, ok := strings.CutPrefix(authorization, "Bearer "); ok {
		return s.withToken(a, token)
	}
	return s.withKey(a, authorization)
}

func (s *Access) basic(ctx context.Context, a Actor, encoded, code string) (Actor, error) {
	plain, err := base64.StdEncoding.DecodeString(encoded)
	login, password, ok := strings.Cut(string(plain), ":")
	if err != nil || !ok {
		return Actor{}, errBadBasic
	}
	// A .netrc can hold but a name and a password, so keys come in the place of passwords, too.
	if h, ok := s.holderOf(password); ok && s.belongs(h.actor, login) {
		return s.withKey(a, password)
	}
	rules := s.o.Rules(s.db.View())
	if rules.NoPasswords {
		return Actor{}, errNoBasic
	}
	from := account.Origin{IP: a.IP, UserAgent: a.UserAgent}
	a.User, err = s.accounts.Login(ctx, login, password, from)
	if err == nil && a.User.TwoFactor() && rules.BasicRequireOTP {
		err = s.basicCode(ctx, a.User, code, from)
	}
	if err != nil {
		return Actor{}, err
	}
	a.Via = Password
	return a, nil
}

// basicCode tells why the password of a user who has a second factor is not enough.
func (s *Access) basicCode(ctx context.Context, u account.User, code string, from account.Origin) error {
	if code == "" {
		return errBasicSecond
	}
	return s.accounts.CheckCode(ctx, u.ID, code, "", from)
}

func (s *Access) belongs(holder Actor, login string) bool {
	if holder.User.ID == "" {
		return holder.Org.String() == login
	}
	u, ok := account.ByLogin(s.db.View(), login)
	return ok && u.ID == holder.User.ID
}

func (s *Access) withKey(a Actor, secret string) (Actor, error) {
	at := time.Now()
	h, ok := s.holderOf(secret)
	if err := h.actor.Key.usable(ok, at); err != nil {
		return Actor{}, err
	}
	if h.refusal != nil {
		return Actor{}, h.refusal
	}
	h.actor.IP, h.actor.UserAgent = a.IP, a.UserAgent
	s.noteUse(h.actor.Key.ID, at, a.IP, a.UserAgent)
	return h.actor, nil
}

// A holder is whom a key that exists, perhaps revoked, or a token makes its bearer; or why nobody. It
// holds for as long as its View is not stale.
type holder struct {
	actor   Actor
	refusal error
	view    *store.View // closed
	until   time.Time   // of a token
}

// holders is how many are remembered.
const holders = 4096

// holderOf finds what the secret leads to. Reading three rows takes longer than all the rest, so what
// was read is kept until it changes.
func (s *Access) holderOf(secret string) (holder, bool) {
	if len(secret) > maxSecret {
		return holder{}, false
	}
	hash := s.macs.sum(secret)
	if h, ok := s.known.Get(hash); ok && !h.view.Stale() {
		return h, true
	}
	v := s.db.View()
	k, ok := byHash.Get(v, string(hash[:hashPrefix]))
	if !ok || subtle.ConstantTimeCompare([]byte(k.Hash), hash[:]) != 1 {
		return holder{}, false
	}
	h := holder{actor: Actor{User: account.User{ID: k.UserID}, Org: k.Org, Key: k, Permissions: k.Permissions, Via: APIKey}, view: v}
	h.refusal = refreshOwner(v, &h.actor)
	v.Close()
	s.known.Add(hash, h)
	return h, true
}

// A digest is the hash of a secret in hex.
type digest [2 * sha256.Size]byte

// macs hashes secrets with the pepper.
type macs struct{ pool *sync.Pool } // of *mac

type mac struct {
	hash.Hash
	raw [sha256.Size]byte
}

func newMacs(pepper []byte) macs {
	return macs{&sync.Pool{New: func() any { return &mac{Hash: hmac.New(sha256.New, pepper)} }}}
}

func (m macs) sum(secret string) (hash digest) {
	h := m.pool.Get().(*mac)
	defer m.pool.Put(h)
	h.Reset()
	h.Write([]byte(secret))
	hex.Encode(hash[:], h.Sum(h.raw[:0]))
	return hash
}

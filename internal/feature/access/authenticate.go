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

	"hexhub/internal/feature/account"
	"hexhub/internal/kernel/store"
)

// maxSecret bounds what is hashed as a key, in bytes.
const maxSecret = 256

// Authenticate returns who sends a request with the Authorization header, the empty one being
// anonymous. It knows Basic with a password, or with a key in the place of one, and keys bare. Its
// faults are the words of the Hex API. Schemes are told apart by case, and take one space.
func (s *Access) Authenticate(ctx context.Context, authorization string, ip netip.Addr, userAgent string) (Actor, error) {
	a := Actor{IP: ip, UserAgent: userAgent}
	if authorization == "" {
		return a, nil
	}
	if encoded, ok := strings.CutPrefix(authorization, "Basic "); ok {
		return s.basic(ctx, a, encoded)
	}
	if strings.HasPrefix(authorization, "Bearer ") {
		return Actor{}, errBadKey
	}
	return s.withKey(s.db.View(), a, authorization)
}

func (s *Access) basic(ctx context.Context, a Actor, encoded string) (Actor, error) {
	plain, err := base64.StdEncoding.DecodeString(encoded)
	login, password, ok := strings.Cut(string(plain), ":")
	if err != nil || !ok {
		return Actor{}, errBadBasic
	}
	// A .netrc can hold but a name and a password, so keys come in the place of passwords, too.
	if k, ok := s.lookup(s.db.View(), password); ok && s.belongs(k, login) {
		return s.withKey(s.db.View(), a, password)
	}
	if s.o.Rules(s.db.View()).NoPasswords {
		return Actor{}, errNoBasic
	}
	a.User, err = s.accounts.Authenticate(ctx, login, password)
	if err != nil {
		return Actor{}, err
	}
	a.Via = Password
	return a, nil
}

func (s *Access) belongs(k Key, login string) bool {
	if k.UserID == "" {
		return k.Org.String() == login
	}
	u, ok := account.ByLogin(s.db.View(), login)
	return ok && u.ID == k.UserID
}

func (s *Access) withKey(v *store.View, a Actor, secret string) (Actor, error) {
	k, ok := s.lookup(v, secret)
	if err := k.usable(ok); err != nil {
		return Actor{}, err
	}
	a.Via, a.Key, a.Org, a.User.ID = APIKey, k, k.Org, k.UserID
	if err := refreshOwner(v, &a); err != nil {
		return Actor{}, err
	}
	s.uses.note(k.ID, a.IP, a.UserAgent)
	return a, nil
}

// lookup finds the key with the secret, revoked or not.
func (s *Access) lookup(v *store.View, secret string) (Key, bool) {
	if len(secret) > maxSecret {
		return Key{}, false
	}
	var hash [2 * sha256.Size]byte
	s.macs.sum(&hash, secret)
	k, ok := byHash.Get(v, string(hash[:hashPrefix]))
	return k, ok && subtle.ConstantTimeCompare([]byte(k.Hash), hash[:]) == 1
}

// macs hashes secrets with the pepper.
type macs struct{ pool *sync.Pool }

func newMacs(pepper []byte) macs {
	return macs{&sync.Pool{New: func() any { return hmac.New(sha256.New, pepper) }}}
}

// sum writes the hash in hex.
func (m macs) sum(into *[2 * sha256.Size]byte, secret string) {
	h := m.pool.Get().(hash.Hash)
	defer m.pool.Put(h)
	h.Reset()
	h.Write([]byte(secret))
	var raw [sha256.Size]byte
	hex.Encode(into[:], h.Sum(raw[:0]))
}

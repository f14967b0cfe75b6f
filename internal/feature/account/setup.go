package account

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"strings"
	"time"

	"hexhub/internal/feature/audit"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
)

// A setup is the one chance to become the first administrator with a token.
type setup struct {
	Hash      string    `json:"hash"` // hex SHA-256 of the token's twelve characters
	ExpiresAt time.Time `json:"expires_at"`
	Tries     int       `json:"tries,omitempty"` // with other tokens
}

const (
	setupKey   = "token"
	setupLife  = 30 * time.Minute
	setupTries = 10
)

// tokenLetters leave out those that are mistaken for others; each is 5 bits.
const tokenLetters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// newToken returns 60 random bits, such as Q7KX-T3PA-9ZWM.
func newToken() string {
	b := make([]byte, 12)
	rand.Read(b)
	for i := range b {
		b[i] = tokenLetters[b[i]%32]
	}
	return string(b[:4]) + "-" + string(b[4:8]) + "-" + string(b[8:])
}

// hashToken forgives how people copy a token: case, dashes, spaces, and letters that look alike.
func hashToken(token string) string {
	plain := strings.NewReplacer("-", "", " ", "", "O", "0", "I", "1", "L", "1").Replace(strings.ToUpper(token))
	sum := sha256.Sum256([]byte(plain))
	return hex.EncodeToString(sum[:])
}

func setupDone() error {
	return fault.New(fault.Conflict, "this server has an administrator already; log in, or ask the administrator")
}

func badToken() error {
	return fault.New(fault.Forbidden, "the setup token is wrong, or older than %d minutes, or was tried too often; take the one that the server printed last, or run: hexhub admin create", int(setupLife.Minutes()))
}

// StartSetup returns a new token that makes its bearer the first administrator, such as
// Q7KX-T3PA-9ZWM, and until when. Only its hash is kept, and earlier tokens end. It fails with a
// Conflict when there is an administrator.
func (a *Accounts) StartSetup(ctx context.Context) (token string, expires time.Time, err error) {
	token, expires = newToken(), now().Add(setupLife)
	s := setup{Hash: hashToken(token), ExpiresAt: expires}
	err = a.db.Update(ctx, func(tx *store.Tx) error {
		if HasAdmin(tx) {
			return setupDone()
		}
		setups.Put(tx, s)
		return nil
	})
	if err != nil {
		return "", time.Time{}, err
	}
	return token, expires, nil
}

// TrySetup tells, as an error, why the token does not set up the server now. A wrong one counts.
func (a *Accounts) TrySetup(ctx context.Context, token string) error {
	hash, at := hashToken(token), now()
	var verdict error
	err := a.db.Update(ctx, func(tx *store.Tx) error {
		var s setup
		if s, verdict = checkSetupTx(tx, hash, at); verdict == nil || s.Hash == "" {
			return nil
		}
		s.Tries++
		setups.Put(tx, s)
		return nil
	})
	if err != nil {
		return err
	}
	return verdict
}

// checkSetupTx tells why the token with the hash does not set up the server. The row comes with the
// error when the try is to be counted.
func checkSetupTx(tx *store.Tx, hash string, at time.Time) (setup, error) {
	if HasAdmin(tx) {
		return setup{}, setupDone()
	}
	s, ok := setups.Get(tx, setupKey)
	if !ok || s.Tries >= setupTries || !at.Before(s.ExpiresAt) {
		return setup{}, badToken()
	}
	if subtle.ConstantTimeCompare([]byte(s.Hash), []byte(hash)) != 1 {
		return s, badToken()
	}
	return s, nil
}

// Setup makes the bearer of the token the first administrator and ends the token. Of many who come at
// once with one token, one wins. Ten wrong tokens end the right one.
func (a *Accounts) Setup(ctx context.Context, token string, d Draft) (User, error) {
	if err := a.TrySetup(ctx, token); err != nil {
		return User{}, err
	}
	d.Admin, d.Service, d.Verified = true, false, true
	if d.Password == "" {
		return User{}, fault.Field("can't be blank", "password")
	}
	u, err := a.build(ctx, d)
	if err != nil {
		return User{}, err
	}
	hash, at := hashToken(token), now()
	err = a.db.Update(ctx, func(tx *store.Tx) error {
		if _, err := checkSetupTx(tx, hash, at); err != nil {
			return err
		}
		setups.Delete(tx, setupKey)
		return createTx(tx, audit.By{}, u)
	})
	if err != nil {
		return User{}, err
	}
	return u, nil
}

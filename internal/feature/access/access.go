package access

import (
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"hexhub/hex/name"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/mail"
	"hexhub/internal/feature/org"
	"hexhub/internal/kernel/lastuse"
	"hexhub/internal/kernel/store"
)

// Options are what Access may be told. The zero value works.
type Options struct {
	DefaultRepository name.Repository // what "hexpm" and no repository mean
	Log               *slog.Logger    // nil discards
	Mail              *mail.Mail      // nil tells nobody of keys that come and go

	// Rules are asked for at each use, since they may change meanwhile; nil means the zero value.
	Rules func(store.Reader) Rules
	// Bearer reads an access token; nil means that there are none. Its fault is what whoever shows the
	// token is answered.
	Bearer func(r store.Reader, token string, at time.Time) (Token, error)
	// ThingOf tells who owns a package. Without it no key for a single package can be made.
	ThingOf func(r store.Reader, repository org.Repository, pkg name.Package) Thing
}

// Access authenticates, and does what is done to keys. It is safe for concurrent use.
type Access struct {
	db       *store.DB
	accounts *account.Accounts
	o        Options
	macs     macs
	known    *lru.Cache[digest, holder] // of keys that were shown
	uses     *lastuse.Notes[KeyUse]
}

// Rules are what an administrator decides about credentials.
type Rules struct {
	MaxKeyAge   time.Duration // new keys expire no later; zero means that they need not
	NoPasswords bool          // refuse user names with passwords; keys in their place still pass
	UsersFound  bool          // every user may found organizations, not administrators only

	BasicRequireOTP bool // a password alone does not do for users who have a second factor
	RequireTOTP     bool // nothing is written through the token of a user who has none
}

// New returns the access to what db keeps. The pepper is the secret without which the hashes of keys
// are worth nothing; with another one no key is recognised.
func New(db *store.DB, accounts *account.Accounts, pepper []byte, o Options) *Access {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Rules == nil {
		o.Rules = func(store.Reader) Rules { return Rules{} }
	}
	known, _ := lru.New[digest, holder](holders) // fails only for a size below one
	return &Access{db: db, accounts: accounts, o: o, macs: newMacs(pepper), known: known, uses: lastuse.New[KeyUse]()}
}

// newSecret returns 128 random bits in the form that hex.pm gives keys.
func newSecret() string {
	var b [16]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

package oauth

import (
	"context"
	"net/netip"
	"time"

	"hexhub/hex/name"
	"hexhub/internal/feature/access"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/seal"
	"hexhub/internal/kernel/store"
)

// Options are what OAuth may be told. The zero value works.
type Options struct {
	DefaultRepository name.Repository // what "hexpm" means in scopes
	Issuer            string          // the site's public address, told to clients against mix-ups

	// Rules are asked for at each use, since they may change meanwhile; nil means the zero value.
	Rules func(store.Reader) Rules
}

// Rules are what an administrator decides about grants.
type Rules struct {
	RequireTOTP bool // whoever lets a program write needs a second factor
}

// OAuth gives out tokens, and says what they mean. It is safe for concurrent use.
type OAuth struct {
	db     *store.DB
	access *access.Access
	o      Options
}

// New returns the grants that db keeps. Keys are looked up in a.
func New(db *store.DB, a *access.Access, sealer *seal.Sealer, o Options) *OAuth {
	if o.Rules == nil {
		o.Rules = func(store.Reader) Rules { return Rules{} }
	}
	return &OAuth{db: db, access: a, o: o}
}

// Tables are what the package keeps.
var Tables = store.Schema{}

var errServer = &fault.Error{Kind: fault.Unavailable, Message: "not there yet", Code: "server_error"}

// A TokenRequest is what a client sends to be given tokens. Which fields count, the grant type says.
type TokenRequest struct {
	GrantType    string
	ClientID     string
	ClientSecret string // of a confidential client, or an API key to be exchanged
	Scope        string // separated by spaces
	Name         string // for people to recognise the program by
	DeviceCode   string
	Code         string
	RedirectURI  string
	CodeVerifier string
	RefreshToken string
	IP           netip.Addr
	UserAgent    string
}

// Tokens are what a client is given.
type Tokens struct {
	Access    string
	Refresh   string // empty for a key that was exchanged, which can be exchanged again
	ExpiresIn time.Duration
	Scope     string
}

// Token gives out tokens. Its faults carry the codes of RFC 6749 and 8628.
func (s *OAuth) Token(ctx context.Context, q TokenRequest) (Tokens, error) {
	return Tokens{}, errServer
}

// Revoke ends what the access or refresh token belongs to: the whole session, or the one token of a key.
// What is no token, or another client's, is ignored.
func (s *OAuth) Revoke(ctx context.Context, token, clientID string) error { return nil }

// RevokeByHash ends the session whose refresh token has the hex SHA-256, if there is one.
func (s *OAuth) RevokeByHash(ctx context.Context, hash string) error { return nil }

// Bearer reads an access token, for access.
func (s *OAuth) Bearer(r store.Reader, token string, at time.Time) (access.Token, error) {
	return access.Token{}, fault.New(fault.Unauthenticated, "invalid API key")
}

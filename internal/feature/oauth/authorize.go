package oauth

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"net/url"
	"strings"
	"time"

	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
)

const (
	codeLife = 10 * time.Minute
	maxState = 1024 // bytes

	verifierLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
)

// A code is an authorization code that was given out. It stays until it expires, so that one who uses it
// again is noticed.
type code struct {
	Hash        string    `json:"hash"` // hex SHA-256
	ClientID    string    `json:"client_id"`
	Scopes      []string  `json:"scopes"` // given
	RedirectURI string    `json:"redirect_uri"`
	Challenge   string    `json:"challenge"` // base64url SHA-256 of what the client will show
	Session     string    `json:"session"`   // begun by the user who consented
	Used        bool      `json:"used,omitempty"`
	ExpiresAt   time.Time `json:"expires_at"`
}

var codes = store.NewTable("oauth-code", func(c code) string { return c.Hash })

// AuthorizeParams are the query of an authorization request, as it came. A parameter that came twice is to
// be refused before.
type AuthorizeParams struct {
	ClientID            string
	RedirectURI         string
	ResponseType        string
	Scope               string
	State               string
	CodeChallenge       string
	CodeChallengeMethod string
}

// An AuthorizeRequest is one that was checked.
type AuthorizeRequest struct {
	Client Client
	Scopes []string // asked for; the user may leave some out

	params AuthorizeParams
}

// Params are what the request was made of, to be checked again when the user has answered.
func (q AuthorizeRequest) Params() AuthorizeParams { return q.params }

// A RedirectError is a fault that the client is told, by sending the browser to URL. All other faults of
// CheckAuthorize are to be shown to the user: there is nobody to be trusted with them.
type RedirectError struct {
	URL string
	Err *fault.Error
}

// Error implements error.
func (e *RedirectError) Error() string { return e.Err.Error() }

// Unwrap returns the fault.
func (e *RedirectError) Unwrap() error { return e.Err }

// CheckAuthorize checks an authorization request before the user is asked.
func (s *OAuth) CheckAuthorize(p AuthorizeParams) (AuthorizeRequest, error) {
	c, ok := ClientOf(s.db.View(), p.ClientID)
	switch {
	case !ok:
		return AuthorizeRequest{}, protocol(invalidClient, "The program that sent you here is not registered with this server.")
	case !c.mayRedirect(p.RedirectURI):
		return AuthorizeRequest{}, protocol(invalidRequest, "The program that sent you here wants you back at an address that it is not registered with.")
	}
	asked, err := s.checkAuthorize(c, p)
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return AuthorizeRequest{}, &RedirectError{s.back(p, "error", f.Code, "error_description", f.Message), f}
	}
	return AuthorizeRequest{Client: c, Scopes: asked, params: p}, nil
}

func (s *OAuth) checkAuthorize(c Client, p AuthorizeParams) ([]string, error) {
	challenge, ok := decode64(p.CodeChallenge)
	switch {
	case !c.mayGrant(GrantCode):
		return nil, protocol(unauthorized, "This client may not use this grant type")
	case p.ResponseType != "code":
		return nil, protocol(unsupportedType, "The response_type must be code")
	case p.State == "" || len(p.State) > maxState:
		return nil, protocol(invalidRequest, "Missing or oversized state")
	case p.CodeChallengeMethod != "S256":
		return nil, protocol(invalidRequest, "The code_challenge_method must be S256")
	case !ok || len(challenge) != sha256.Size:
		return nil, protocol(invalidRequest, "Missing or malformed code_challenge")
	}
	asked, err := s.asked(c, p.Scope)
	if err != nil {
		return nil, err
	}
	return pair(asked), nil
}

// back is where the browser is sent, with what the client is told there. The issuer tells a client that
// speaks to several servers which of them answers (RFC 9207).
func (s *OAuth) back(p AuthorizeParams, told ...string) string {
	u, err := url.Parse(p.RedirectURI)
	if err != nil {
		return "" // it is one of the client's, which were parsed
	}
	q := u.Query()
	for i := 0; i < len(told); i += 2 {
		q.Set(told[i], told[i+1])
	}
	if p.State != "" && len(p.State) <= maxState {
		q.Set("state", p.State)
	}
	if s.o.Issuer != "" {
		q.Set("iss", s.o.Issuer)
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// Consent lets the client act for the actor, who comes with a browser's session, in those of the scopes it
// asked for that are given, and returns where to send the browser.
func (s *OAuth) Consent(ctx context.Context, a access.Actor, q AuthorizeRequest, scopes []string) (redirect string, err error) {
	secret, at := random(256), now()
	row := code{
		Hash: account.HashToken(secret), ClientID: q.Client.ID, RedirectURI: q.params.RedirectURI, Challenge: q.params.CodeChallenge,
		ExpiresAt: at.Add(codeLife),
	}
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		u, err := browserTx(tx, a, at, false)
		if err != nil {
			return err
		}
		if row.Scopes, err = s.givenTx(tx, u, q.Scopes, scopes); err != nil {
			return err
		}
		row.Session = s.accounts.StartSessionTx(tx, a.By(), account.Session{
			UserID: u.ID, Kind: account.OAuth, Name: q.Client.Name, Client: q.Client.ID, IP: a.By().IP, UserAgent: a.UserAgent,
			ExpiresAt: at.Add(sessionLife),
		}, at).ID
		codes.Put(tx, row)
		return nil
	})
	if err != nil {
		return "", err
	}
	return s.back(q.params, "code", secret), nil
}

// Refuse returns where to send the browser of a user who does not consent.
func (s *OAuth) Refuse(q AuthorizeRequest) (redirect string) {
	return s.back(q.params, "error", accessDenied, "error_description", "The user refused")
}

var errBadCode = protocol(invalidGrant, "Invalid authorization code")

// redeem changes a code for tokens, once. Whoever can show all that goes with a code which was used ends
// what it led to: one of the two who had it should not have.
func (s *OAuth) redeem(ctx context.Context, q TokenRequest) (Tokens, error) {
	c, err := clientFor(s.db.View(), q.ClientID, q.ClientSecret, GrantCode)
	if err != nil {
		return Tokens{}, err
	}
	if q.Code == "" || !goodVerifier(q.CodeVerifier) {
		return Tokens{}, protocol(invalidRequest, "Missing code, or missing or malformed code_verifier")
	}
	var g grant
	var reused bool
	err = s.db.Update(ctx, func(tx *store.Tx) (err error) {
		g, reused, err = s.redeemTx(tx, c, q)
		return err
	})
	if err == nil && reused {
		err = errBadCode
	}
	if err != nil {
		return Tokens{}, err
	}
	return s.tokens(g)
}

func (s *OAuth) redeemTx(tx *store.Tx, c Client, q TokenRequest) (g grant, reused bool, err error) {
	at := now()
	row, ok := codes.Get(tx, account.HashToken(q.Code))
	if !ok || row.ClientID != c.ID || row.RedirectURI != q.RedirectURI || !row.verifiedBy(q.CodeVerifier) {
		return g, false, errBadCode
	}
	if row.Used {
		if g, ok = grants.Get(tx, row.Session); ok {
			endTx(tx, g.SessionID, s.byOf(tx, g, q.IP, q.UserAgent), at)
		}
		return g, true, nil
	}
	session, live := account.LiveSession(tx, row.Session, at)
	if !live || !at.Before(row.ExpiresAt) {
		return g, false, errBadCode
	}
	if q.Name != "" {
		session.Name = shown(q.Name)
		account.Sessions.Put(tx, session)
	}
	row.Used = true
	codes.Put(tx, row)
	return s.grantTx(tx, c, session, row.Scopes, at), false, nil
}

func (c code) verifiedBy(verifier string) bool {
	sum := sha256.Sum256([]byte(verifier))
	return subtle.ConstantTimeCompare([]byte(base64.RawURLEncoding.EncodeToString(sum[:])), []byte(c.Challenge)) == 1
}

// goodVerifier reports whether the text has the form of RFC 7636.
func goodVerifier(text string) bool {
	return len(text) >= 43 && len(text) <= 128 && strings.Trim(text, verifierLetters) == ""
}

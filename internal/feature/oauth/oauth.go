package oauth

import (
	"context"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"time"

	"hexhub/hex/name"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/org"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/seal"
	"hexhub/internal/kernel/store"
)

// Options are what OAuth may be told. The zero value works.
type Options struct {
	DefaultRepository name.Repository // what "hexpm" means in scopes
	Issuer            string          // the site's public address, told to clients against mix-ups
	LimitLoopback     bool            // count guesses from this machine too, as where a proxy does not say for whom it speaks
	Log               *slog.Logger    // nil discards

	// Rules are asked for at each use, since they may change meanwhile; nil means the zero value.
	Rules func(store.Reader) Rules
}

// Rules are what an administrator decides about grants.
type Rules struct {
	RequireTOTP bool // whoever lets a program write needs a second factor
}

// OAuth gives out tokens, and says what they mean. It is safe for concurrent use.
type OAuth struct {
	db       *store.DB
	accounts *account.Accounts
	access   *access.Access
	o        Options
	polls    polls

	accessKey, refreshKey, codeKey []byte
}

// New returns the grants that db keeps. With another sealer no token is recognised.
func New(db *store.DB, accounts *account.Accounts, a *access.Access, sealer *seal.Sealer, o Options) *OAuth {
	if o.Rules == nil {
		o.Rules = func(store.Reader) Rules { return Rules{} }
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &OAuth{
		db: db, accounts: accounts, access: a, o: o, polls: newPolls(),
		accessKey: sealer.Derive("oauth/access"), refreshKey: sealer.Derive("oauth/refresh"), codeKey: sealer.Derive("oauth/user-code"),
	}
}

// A grant is what a user gave a program. It hangs on a session of his account, and is worth nothing
// without it.
type grant struct {
	SessionID   string    `json:"session_id"`
	UserID      string    `json:"user_id"`
	ClientID    string    `json:"client_id"`
	Scopes      []string  `json:"scopes"`                 // as given: what they lead to is worked out for each token
	Generation  uint32    `json:"generation"`             // of the refresh token that is good
	RefreshHash string    `json:"refresh_hash,omitempty"` // hex SHA-256 of it
	InsertedAt  time.Time `json:"inserted_at"`
	ExpiresAt   time.Time `json:"expires_at"` // as the session
}

var (
	grants = store.NewTable("oauth-grant", func(g grant) string { return g.SessionID })

	byRefresh = grants.Unique("refresh", func(g grant) []string {
		if g.RefreshHash == "" {
			return nil
		}
		return []string{g.RefreshHash}
	})
	byClient = grants.Index("client", func(g grant) []string { return []string{g.ClientID} })
)

// Tables are what the package keeps.
var Tables = store.Schema{clients, grants, devices, codes}

func now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

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
	switch q.GrantType {
	case GrantDevice:
		return s.poll(ctx, q)
	case GrantCode:
		return s.redeem(ctx, q)
	case GrantRefresh:
		return s.refresh(ctx, q)
	case GrantCredentials:
		return s.exchange(q)
	case "":
		return Tokens{}, protocol(invalidRequest, "Missing grant_type")
	}
	return Tokens{}, protocol(unsupportedGrant, "Unsupported grant type")
}

// grantTx gives the client what the user granted in a session that has begun, and returns the grant.
func (s *OAuth) grantTx(tx *store.Tx, c Client, session account.Session, scopes []string, at time.Time) grant {
	g := grant{SessionID: session.ID, UserID: session.UserID, ClientID: c.ID, Scopes: scopes, InsertedAt: at, ExpiresAt: session.ExpiresAt}
	if c.mayGrant(GrantRefresh) {
		g.RefreshHash = account.HashToken(s.encodeRefresh(refresh{g.SessionID, g.Generation}))
	}
	grants.Put(tx, g)
	return g
}

// tokens makes the tokens of a grant, for what it leads to at this moment.
func (s *OAuth) tokens(g grant) (Tokens, error) {
	v, at := s.db.View(), time.Now()
	u, ok := account.Users.Get(v, g.UserID)
	if !ok {
		return Tokens{}, protocol(invalidGrant, "The user is gone")
	}
	scopes := s.effective(v, access.Actor{User: u}, s.permissionsOf(g.Scopes))
	t := s.mint(claims{Subject: audit.UserRef(u.ID), Session: g.SessionID, Scopes: scopes}, at, &g.ExpiresAt)
	if g.RefreshHash != "" {
		t.Refresh = s.encodeRefresh(refresh{g.SessionID, g.Generation})
	}
	return t, nil
}

func (s *OAuth) mint(c claims, at time.Time, latest *time.Time) Tokens {
	until := at.Add(accessLife)
	if latest != nil && latest.Before(until) {
		until = *latest
	}
	c.ID, c.IssuedAt, c.ExpiresAt = random(128), at.Unix(), until.Unix()
	return Tokens{Access: s.encode(c), ExpiresIn: until.Sub(at).Truncate(time.Second), Scope: strings.Join(c.Scopes, " ")}
}

// maxExpanded is how many repositories a token names one by one. Beyond, its header would grow too long,
// and it says repositories, which is judged by the same rows at each use.
const maxExpanded = 200

// effective returns the scopes that the permissions amount to for their owner: what he has no access to
// is left out, and all repositories are named one by one, for what stands between to see.
func (s *OAuth) effective(v *store.View, owner access.Actor, permissions []access.Permission) []string {
	var out []access.Permission
	for _, p := range permissions {
		all := []access.Permission{p}
		if p.Domain == access.DomainRepositories {
			all = s.repositories(v, owner)
		}
		for _, p := range all {
			if s.reaches(v, owner, p) && !slices.Contains(out, p) {
				out = append(out, p)
			}
		}
	}
	return scopesOf(out)
}

// repositories returns what "all repositories" means for the owner of a key or a grant.
func (s *OAuth) repositories(v *store.View, owner access.Actor) []access.Permission {
	if owner.Org != (name.Repository{}) {
		return []access.Permission{{Domain: access.DomainRepository, Resource: owner.Org.String()}}
	}
	out := []access.Permission{{Domain: access.DomainRepository, Resource: s.o.DefaultRepository.String()}}
	for o := range org.Of(v, owner.User.ID) {
		out = append(out, access.Permission{Domain: access.DomainRepository, Resource: o.Name.String()})
	}
	if len(out) > maxExpanded {
		return []access.Permission{{Domain: access.DomainRepositories}}
	}
	return out
}

// reaches reports whether the owner has access to what the permission names.
func (s *OAuth) reaches(r store.Reader, owner access.Actor, p access.Permission) bool {
	if p.Domain == access.DomainRepository {
		p.Resource, _, _ = strings.Cut(p.Resource, "/") // whoever may fetch from a repository may fetch all of it
	}
	return s.access.Reaches(r, owner, p)
}

// Bearer reads an access token, for access. Of one that is none, nothing is told; one that has expired
// says so by its end.
func (s *OAuth) Bearer(r store.Reader, token string, _ time.Time) (access.Token, error) {
	c, ok := s.decode(token)
	if !ok {
		return access.Token{}, errForeign
	}
	t := access.Token{
		ID: c.ID, Session: c.Session, KeyID: c.Key, Permissions: s.permissionsOf(c.Scopes), ExpiresAt: c.end(),
	}
	switch kind, text, _ := strings.Cut(c.Subject, ":"); kind {
	case "user":
		t.UserID = text
	case "org":
		var err error
		if t.Org, err = name.ParseRepository(text); err != nil {
			return access.Token{}, errForeign
		}
	}
	if c.Session != "" {
		g, ok := grants.Get(r, c.Session)
		if _, known := ClientOf(r, g.ClientID); !ok || !known {
			t.ExpiresAt = time.Time{}
		}
	}
	return t, nil
}

var errForeign = fault.New(fault.Unauthenticated, "invalid API key")

// exchange gives a short-lived token for an API key. Nothing is written down: the token names the key, and
// is good for as long as the key is.
func (s *OAuth) exchange(q TokenRequest) (Tokens, error) {
	v := s.db.View()
	c, err := clientFor(v, q.ClientID, q.ClientSecret, GrantCredentials)
	if err != nil {
		return Tokens{}, err
	}
	if q.ClientSecret == "" {
		return Tokens{}, protocol(invalidRequest, "Missing or invalid client_secret")
	}
	a, err := s.access.ByKey(q.ClientSecret, q.IP, q.UserAgent)
	if err != nil {
		return Tokens{}, protocol(invalidClient, "Invalid API key")
	}
	scopes, err := s.exchanged(v, c, a, q.Scope)
	if err != nil {
		return Tokens{}, err
	}
	claim := claims{Subject: audit.UserRef(a.User.ID), Key: a.Key.ID, Scopes: scopes}
	if a.User.ID == "" {
		claim.Subject = audit.OrgRef(a.Org.String())
	}
	return s.mint(claim, time.Now(), a.Key.RevokeAt), nil
}

// exchanged returns the scopes of a token for the key that a shows. Who asks for none gets all that the
// key can be exchanged for; who asks for one that it cannot gets nothing.
func (s *OAuth) exchanged(v *store.View, c Client, a access.Actor, text string) ([]string, error) {
	asked := a.Key.Permissions
	if text != "" {
		var err error
		if asked, err = s.asked(c, text); err != nil {
			return nil, err
		}
	}
	var out []access.Permission
	for _, p := range asked {
		if p.Domain == access.DomainRepositories {
			out = append(out, s.fetchable(v, a)...)
			continue
		}
		good := exchanges(a.Key.Permissions, p) && c.mayAsk(p) && s.reaches(v, a, p)
		switch {
		case good:
			out = append(out, p)
		case text != "":
			return nil, errBadScope
		}
	}
	if len(out) == 0 {
		return nil, errBadScope
	}
	return s.effective(v, a, out), nil
}

// fetchable returns the repositories that the key which a shows can be exchanged for.
func (s *OAuth) fetchable(v *store.View, a access.Actor) []access.Permission {
	var out []access.Permission
	for _, p := range a.Key.Permissions {
		switch p.Domain {
		case access.DomainRepositories:
			out = append(out, s.repositories(v, a)...)
		case access.DomainRepository:
			out = append(out, p)
		}
	}
	return out
}

package oauth_test

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hexhub/hex/name"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/oauth"
	"hexhub/internal/feature/org"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/limit"
	"hexhub/internal/kernel/seal"
	"hexhub/internal/kernel/store"
)

var (
	home  = name.MustRepository("hexhub")
	acme  = name.MustRepository("acme2")
	guild = name.MustRepository("guild")
	here  = netip.MustParseAddr("192.0.2.1")
	there = netip.MustParseAddr("203.0.113.7")
)

const passphrase = "four unrelated words here"

// A world is a server in which eva administers acme2 and guild, jose is a member of acme2, and mallory of
// nothing.
type world struct {
	testing.TB
	log      store.Log
	db       *store.DB
	sealer   *seal.Sealer
	accounts *account.Accounts
	orgs     *org.Orgs
	access   *access.Access
	oauth    *oauth.OAuth
	users    map[string]account.User
	rules    oauth.Rules
	asks     access.Rules
}

func newWorld(t testing.TB) *world {
	t.Helper()
	sealer, err := seal.Open(filepath.Join(t.TempDir(), "secret.key"))
	if err != nil {
		t.Fatal(err)
	}
	log := store.NewMemory()
	db, err := store.Open(t.Context(), log, store.Options{},
		limit.Tables, audit.Tables, account.Tables, org.Tables, access.Tables, oauth.Tables)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	w := &world{TB: t, log: log, db: db, sealer: sealer, users: map[string]account.User{}}
	w.accounts = account.New(db, account.Options{Cost: account.Cost{Memory: 8, Passes: 1, Lanes: 1}, Sealer: sealer})
	w.orgs = org.New(db, org.Options{})
	w.access = access.New(db, w.accounts, []byte("pepper"), access.Options{
		DefaultRepository: home,
		Rules:             func(store.Reader) access.Rules { return w.asks },
		Bearer: func(r store.Reader, token string, at time.Time) (access.Token, error) {
			return w.oauth.Bearer(r, token, at)
		},
		ThingOf: func(_ store.Reader, repository org.Repository, pkg name.Package) access.Thing {
			return access.Thing{Repository: repository, Package: pkg, Exists: pkg.String() == "secret"}
		},
	})
	w.oauth = oauth.New(db, w.accounts, w.access, sealer, oauth.Options{
		DefaultRepository: home, Issuer: "https://hub.test", Rules: func(store.Reader) oauth.Rules { return w.rules },
	})
	_, err = w.orgs.EnsureDefault(t.Context(), home)
	w.must(err)
	for _, username := range []string{"eva", "jose", "mallory"} {
		u, err := w.accounts.Create(t.Context(), audit.By{Username: "test"}, account.Draft{
			Username: username, Emails: []string{username + "@example.com"}, Password: passphrase, Verified: true, Admin: username == "eva",
		})
		w.must(err)
		w.users[username] = u
	}
	for _, n := range []name.Repository{acme, guild} {
		_, err := w.orgs.Create(t.Context(), audit.By{}, n, w.users["eva"].ID)
		w.must(err)
	}
	w.must(w.orgs.SetMember(t.Context(), audit.By{}, acme, w.users["jose"].ID, org.Write))
	return w
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// browser logs a user in, who is in sudo mode for a while.
func (w *world) browser(username string) access.Actor {
	w.Helper()
	u := w.users[username]
	session, _, err := w.accounts.StartSession(w.Context(), audit.By{}, u.ID, here.String(), "Firefox")
	w.must(err)
	return access.Actor{User: u, Via: access.Browser, Session: session.ID, IP: here, UserAgent: "Firefox"}
}

// key makes a key with the permissions, "api:write repositories".
func (w *world) key(o access.Owner, permissions string) (access.Key, string) {
	w.Helper()
	var parsed []access.Permission
	for p := range strings.FieldsSeq(permissions) {
		domain, resource, _ := strings.Cut(p, ":")
		parsed = append(parsed, access.Permission{Domain: domain, Resource: resource})
	}
	k, secret, err := w.access.CreateKey(w.Context(), access.SystemActor("test"), o, access.KeyDraft{Name: "ci", Permissions: parsed})
	w.must(err)
	return k, secret
}

func (w *world) of(username string) access.Owner { return access.OfUser(w.users[username].ID) }

// exchange changes the secret of a key for a token.
func (w *world) exchange(secret, scope string) (oauth.Tokens, error) {
	return w.oauth.Token(w.Context(), oauth.TokenRequest{
		GrantType: oauth.GrantCredentials, ClientID: oauth.HexClient, ClientSecret: secret, Scope: scope, IP: there, UserAgent: "mix",
	})
}

// start begins the device flow, as mix does.
func (w *world) start(scope string) oauth.DeviceCodes {
	w.Helper()
	codes, err := w.oauth.StartDevice(w.Context(), oauth.DeviceStart{ClientID: oauth.HexClient, Scope: scope, Name: "laptop", IP: there, UserAgent: "mix"})
	w.must(err)
	return codes
}

func (w *world) poll(deviceCode string) (oauth.Tokens, error) {
	return w.oauth.Token(w.Context(), oauth.TokenRequest{
		GrantType: oauth.GrantDevice, ClientID: oauth.HexClient, DeviceCode: deviceCode, IP: there, UserAgent: "mix",
	})
}

// device lets a program act for the user.
func (w *world) device(username, scope string) oauth.Tokens {
	w.Helper()
	codes := w.start(scope)
	a := w.browser(username)
	req, err := w.oauth.Request(w.Context(), codes.UserCode, a.User.ID, a.IP)
	w.must(err)
	w.must(w.oauth.Approve(w.Context(), a, codes.UserCode, req.Scopes))
	tokens, err := w.poll(codes.DeviceCode)
	w.must(err)
	return tokens
}

func (w *world) refresh(token string) (oauth.Tokens, error) {
	return w.oauth.Token(w.Context(), oauth.TokenRequest{
		GrantType: oauth.GrantRefresh, ClientID: oauth.HexClient, RefreshToken: token, IP: there, UserAgent: "mix",
	})
}

// bearer is who shows the token.
func (w *world) bearer(token string) (access.Actor, error) {
	return w.access.Authenticate(w.Context(), "Bearer "+token, "", there, "mix")
}

func (w *world) repository(n name.Repository) org.Repository {
	w.Helper()
	r, ok := org.Repositories.Get(w.db.View(), n.String())
	if !ok {
		w.Fatalf("there is no repository %s", n)
	}
	return r
}

// may tells why the bearer of the token may not do v to a repository.
func (w *world) may(token string, v access.Verb, n name.Repository) error {
	w.Helper()
	a, err := w.bearer(token)
	if err != nil {
		return err
	}
	return access.May(w.db.View(), a, v, access.Thing{Repository: w.repository(n)})
}

// program registers a client with the grant of codes.
func (w *world) program(d oauth.ClientDraft) (oauth.Client, string) {
	w.Helper()
	if d.Name == "" {
		d.Name = "Docs"
	}
	if d.Grants == nil {
		d.Grants = []string{oauth.GrantCode, oauth.GrantRefresh}
	}
	if d.RedirectURIs == nil {
		d.RedirectURIs = []string{callback}
	}
	if d.Scopes == nil {
		d.Scopes = []string{"api", "repositories"}
	}
	c, secret, err := w.oauth.CreateClient(w.Context(), w.browser("eva"), d)
	w.must(err)
	return c, secret
}

const (
	callback = "https://docs.example/callback"
	verifier = "abcdefghijklmnopqrstuvwxyz0123456789-._~ABCDEFG"
)

func challenge(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func params(c oauth.Client) oauth.AuthorizeParams {
	return oauth.AuthorizeParams{
		ClientID: c.ID, RedirectURI: callback, ResponseType: "code", Scope: "api:read repositories", State: "xyz",
		CodeChallenge: challenge(verifier), CodeChallengeMethod: "S256",
	}
}

// code lets the client act for the user, and returns the code that the client is sent.
func (w *world) code(username string, p oauth.AuthorizeParams) string {
	w.Helper()
	req, err := w.oauth.CheckAuthorize(p)
	w.must(err)
	redirect, err := w.oauth.Consent(w.Context(), w.browser(username), req, req.Scopes)
	w.must(err)
	u, err := url.Parse(redirect)
	w.must(err)
	if q := u.Query(); q.Get("state") != p.State || q.Get("iss") != "https://hub.test" || q.Get("code") == "" {
		w.Fatalf("the browser is sent to %s", redirect)
	}
	return u.Query().Get("code")
}

func redeem(c oauth.Client, secret, code string) oauth.TokenRequest {
	return oauth.TokenRequest{
		GrantType: oauth.GrantCode, ClientID: c.ID, ClientSecret: secret, Code: code,
		RedirectURI: callback, CodeVerifier: verifier, Name: "server", IP: there,
	}
}

// wants demands a fault with the code.
func (w *world) wants(err error, code string) {
	w.Helper()
	if f, ok := errors.AsType[*fault.Error](err); !ok || f.Code != code {
		w.Errorf("error = %v, want one with the code %s", err, code)
	}
}

// wantsKind demands a fault of the kind.
func (w *world) wantsKind(err error, kind fault.Kind) {
	w.Helper()
	if !fault.Is(err, kind) {
		w.Errorf("error = %v, want one that is %s", err, kind)
	}
}

package oauth

import (
	"context"
	"crypto/subtle"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/id"
	"hexhub/internal/kernel/store"
)

// The grants that a client may be allowed.
const (
	GrantCode        = "authorization_code"
	GrantRefresh     = "refresh_token"
	GrantCredentials = "client_credentials" // an API key for a token
	GrantDevice      = "urn:ietf:params:oauth:grant-type:device_code"
)

// A Client is a program that may ask for tokens.
type Client struct {
	ID           string    `json:"id"`
	Name         string    `json:"name"`
	SecretHash   string    `json:"secret_hash,omitempty"` // hex SHA-256; empty for public clients, which can keep no secret
	Grants       []string  `json:"grants,omitempty"`
	RedirectURIs []string  `json:"redirect_uris,omitempty"` // exact, or https with * for the first label of the host
	Scopes       []string  `json:"scopes,omitempty"`        // the most it may ask for; see scope.go
	BuiltIn      bool      `json:"-"`
	InsertedAt   time.Time `json:"inserted_at"`
}

// The clients that command lines have built in.
const (
	HexClient    = "78ea6566-89fd-481e-a1d6-7d9d78eacca8" // mix, and all that builds on hex_core
	GleamClient  = "877731e8-cb88-45e1-9b84-9214de7da421"
	HexHubClient = "b2f4c1de-6d1e-4f0e-9a54-0d6c6e1f7a10" // hexhub login
)

// builtIn are the clients of command lines. They need no redirect URIs.
var builtIn = []Client{
	{ID: HexClient, Name: "Hex", Grants: []string{GrantDevice, GrantRefresh, GrantCredentials}, Scopes: []string{scopeAPI, scopeRepos}, BuiltIn: true},
	{ID: GleamClient, Name: "Gleam", Grants: []string{GrantDevice, GrantRefresh}, Scopes: []string{scopeAPI, scopeRepos}, BuiltIn: true},
	{ID: HexHubClient, Name: "HexHub", Grants: []string{GrantDevice, GrantRefresh}, Scopes: []string{scopeAPI, scopeRepos}, BuiltIn: true},
}

var clients = store.NewTable("oauth-client", func(c Client) string { return store.Path(c.ID) })

// ClientOf finds a client, built in or made by an administrator.
func ClientOf(r store.Reader, id string) (Client, bool) {
	for _, c := range builtIn {
		if c.ID == id {
			return c, true
		}
	}
	return clients.Get(r, store.Path(id))
}

// Clients lists those that are built in, and then those that administrators made.
func Clients(v *store.View) []Client {
	return slices.AppendSeq(slices.Clone(builtIn), clients.All(v))
}

// Confidential reports whether the client must show a secret.
func (c Client) Confidential() bool { return c.SecretHash != "" }

func (c Client) mayGrant(grant string) bool { return slices.Contains(c.Grants, grant) }

// clientFor finds the client that asks for a grant, and checks that it is the one.
func clientFor(r store.Reader, clientID, secret, grant string) (Client, error) {
	if clientID == "" {
		return Client{}, protocol(invalidClient, "Missing client_id")
	}
	c, ok := ClientOf(r, clientID)
	switch {
	case !ok, c.Confidential() && subtle.ConstantTimeCompare([]byte(account.HashToken(secret)), []byte(c.SecretHash)) != 1:
		return Client{}, protocol(invalidClient, "Invalid client")
	case !c.mayGrant(grant):
		return Client{}, protocol(unauthorized, "This client may not use this grant type")
	}
	return c, nil
}

// A ClientDraft is a client to be.
type ClientDraft struct {
	Name         string
	Confidential bool // it can keep a secret
	Grants       []string
	RedirectURIs []string
	Scopes       []string
}

// The bounds of clients.
const (
	maxName      = 255 // characters, also of what programs call themselves
	maxRedirects = 20
	maxURI       = 2048 // bytes
)

// CreateClient makes a client for an administrator. The secret of a confidential one is told this once.
func (s *OAuth) CreateClient(ctx context.Context, a access.Actor, d ClientDraft) (Client, string, error) {
	if wrong := s.check(d); len(wrong) > 0 {
		return Client{}, "", fault.Validation(wrong)
	}
	c := Client{
		ID: id.New(), Name: d.Name, Grants: slices.Clone(d.Grants), RedirectURIs: slices.Clone(d.RedirectURIs),
		Scopes: slices.Clone(d.Scopes), InsertedAt: now(),
	}
	var secret string
	if d.Confidential {
		secret = secretPrefix + random(256)
		c.SecretHash = account.HashToken(secret)
	}
	err := s.db.Update(ctx, func(tx *store.Tx) error {
		if err := access.May(tx, a, access.Administer, access.Thing{}); err != nil {
			return err
		}
		clients.Put(tx, c)
		record(tx, a.By(), "oauth.client.create", c, c.InsertedAt)
		return nil
	})
	if err != nil {
		return Client{}, "", err
	}
	return c, secret, nil
}

// DeleteClient removes a client for an administrator. Its tokens end with it.
func (s *OAuth) DeleteClient(ctx context.Context, a access.Actor, id string) error {
	at := now()
	err := s.db.Update(ctx, func(tx *store.Tx) error {
		if err := access.May(tx, a, access.Administer, access.Thing{}); err != nil {
			return err
		}
		c, ok := clients.Get(tx, store.Path(id))
		if !ok {
			return fault.New(fault.NotFound, "there is no such client that could be removed")
		}
		clients.Delete(tx, store.Path(id))
		record(tx, a.By(), "oauth.client.delete", c, at)
		return nil
	})
	if err != nil {
		return err
	}
	return s.endOfClient(ctx, id)
}

func record(tx *store.Tx, by audit.By, action string, c Client, at time.Time) {
	params := map[string]any{
		"id": c.ID, "name": c.Name, "confidential": c.Confidential(),
		"grants": c.Grants, "redirect_uris": c.RedirectURIs, "scopes": c.Scopes,
	}
	audit.RecordTx(tx, by, action, params, at)
}

func (s *OAuth) check(d ClientDraft) fault.Fields {
	wrong := fault.Fields{}
	if !printable(d.Name) || strings.TrimSpace(d.Name) == "" {
		wrong["name"] = fmt.Sprintf("should be 1 to %d printable characters", maxName)
	}
	for _, g := range d.Grants {
		if !slices.Contains([]string{GrantCode, GrantRefresh, GrantCredentials, GrantDevice}, g) {
			wrong["grants"] = "is invalid"
		}
	}
	switch {
	case len(d.Grants) == 0:
		wrong["grants"] = "can't be blank"
	case d.Confidential && slices.Contains(d.Grants, GrantCredentials):
		wrong["grants"] = "cannot have client_credentials: the secret of that grant is an API key, not the client's"
	case slices.Contains(d.Grants, GrantCode) && len(d.RedirectURIs) == 0:
		wrong["redirect_uris"] = "can't be blank"
	}
	if len(d.RedirectURIs) > maxRedirects {
		wrong["redirect_uris"] = fmt.Sprintf("should have at most %d item(s)", maxRedirects)
	}
	for _, uri := range d.RedirectURIs {
		if why := wrongRedirect(uri); why != "" {
			wrong["redirect_uris"] = why
		}
	}
	if len(d.Scopes) == 0 || len(d.Scopes) > maxScopes {
		wrong["scopes"] = fmt.Sprintf("should have 1 to %d item(s)", maxScopes)
	}
	for _, scope := range d.Scopes {
		_, ok := s.parseScope(scope)
		if !ok && !slices.Contains([]string{access.DomainPackage, access.DomainRepository, access.DomainDocs}, scope) {
			wrong["scopes"] = "is invalid"
		}
	}
	return wrong
}

// printable reports whether the text can be shown on one line.
func printable(text string) bool {
	return utf8.ValidString(text) && utf8.RuneCountInString(text) <= maxName && !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) })
}

const (
	anyLabel = "*."
	https    = "https://"
)

// wrongRedirect tells what is wrong with an address that a client wants users to be sent back to. It must
// be one that only the client can receive: https, or this machine itself.
func wrongRedirect(uri string) string {
	plain := uri
	if rest, ok := strings.CutPrefix(uri, https+anyLabel); ok {
		if plain = https + "x." + rest; strings.Count(rest[:strings.IndexAny(rest+"/", ":/?#")], ".") == 0 {
			return "may have * for the first label only of a host below a domain of your own"
		}
	}
	u, err := url.Parse(plain)
	switch {
	case err != nil, len(uri) > maxURI, u.Host == "", u.Hostname() == "":
		return "has invalid format"
	case strings.ContainsFunc(plain, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune(`*\"<>`, r) }):
		return "has invalid format"
	case u.Fragment != "" || strings.Contains(uri, "#"):
		return "must not have a fragment"
	case u.User != nil:
		return "must not name a user"
	case u.Scheme == "https", u.Scheme == "http" && loopback(u.Hostname()):
		return ""
	}
	return "must be https, or http to this machine itself"
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// mayRedirect reports whether the address is one that the client is registered with, letter by letter.
func (c Client) mayRedirect(uri string) bool {
	return slices.ContainsFunc(c.RedirectURIs, func(registered string) bool {
		if after, ok := strings.CutPrefix(registered, https+anyLabel); ok {
			return underLabel(after, uri)
		}
		return uri == registered
	})
}

// underLabel reports whether the address is https, with one label before what comes after that.
func underLabel(after, uri string) bool {
	rest, secure := strings.CutPrefix(uri, https)
	label, below, _ := strings.Cut(rest, ".")
	return secure && below == after && isLabel(label)
}

// isLabel reports whether text is one label of a host's name, in small letters as browsers send it.
func isLabel(text string) bool {
	return text != "" && len(text) <= 63 && strings.Trim(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == "" &&
		!strings.HasPrefix(text, "-") && !strings.HasSuffix(text, "-")
}

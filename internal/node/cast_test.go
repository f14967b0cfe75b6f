package node_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"hexhub/hex/name"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/account/accounttest"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/mail"
	"hexhub/internal/feature/mail/mailtest"
	"hexhub/internal/feature/oauth"
	"hexhub/internal/feature/org"
	"hexhub/internal/hubtest"
	"hexhub/internal/kernel/store"
)

// matrixWorld has everybody that the table of routes and callers speaks of. The organization guild has a
// reader, a writer and an administrator; decimal is public and has a maintainer and an owner; pat may do all
// that they may, and has keys that each may do little of it.
const matrixWorld = `
user root admin
user sam password="the password of sam"
user otto
user rea
user wim
user eva
user mia
user joe
user pat password="the password of pat"
user gone
org forge admin=otto
org guild admin=eva,pat write=wim read=rea

policy guild/strict cooldown=7d deny=canary

package hexhub/decimal owner=joe,pat maintainer=mia
release hexhub/decimal 1.0.0
package guild/vault
release guild/vault 1.0.0

key root all permissions=api,repositories
key sam all permissions=api,repositories
key otto all permissions=api,repositories
key rea all permissions=api,repositories
key wim all permissions=api,repositories
key eva all permissions=api,repositories
key mia all permissions=api,repositories
key joe all permissions=api,repositories
key gone all permissions=api,repositories
key pat all permissions=api,repositories
key pat expired permissions=api,repositories
key pat read permissions=api:read
key pat write permissions=api:write
key pat pack permissions=package:hexhub/decimal,package:guild/vault
key pat slim permissions=repository:guild/vault
key pat repo permissions=repository:guild
key pat docs permissions=docs:guild
key guild bot permissions=api,repository:guild
key guild fetch permissions=repository:guild
`

// callers are all kinds of caller, in the order in which they ask. Those of the first line are nobody. Those of
// the second have the right of one person; they show a key, or a browser's session if it is a page that they
// ask for. Those of the third are not people, and nobody to a page: they have a part of pat's right, or an
// organization's. Of these, token and coded are a program that pat lets act for him, without and with a code of
// his second factor. The last two are in browsers only: pat himself, and he without having lately proved
// again that it is he.
var callers = strings.Fields(`
	anon bad expired gone
	sam otto rea wim eva mia joe root
	read write pack slim repo docs token coded bot fetch
	pat stale
`)

// people have sessions in browsers.
var people = strings.Fields("gone sam otto rea wim eva mia joe root pat stale")

// A cast is a registry with everybody in it, and what each of them has been given.
type cast struct {
	*hubtest.Hub
	props
	t *testing.T
}

// props are good in every world that begins as the cast's did.
type props struct {
	invitation string            // id of one into guild
	letter     string            // token of its link
	client     string            // id of a program that sends people here for a code
	cookies    map[string]string // by person
	program    oauth.Tokens      // of one that acts for pat
	stranger   oauth.Tokens      // of one that acts for sam
	secret     string            // of pat's second factor
}

// newCast tells a world that has at least everybody of the table.
func newCast(t *testing.T, text string) *cast {
	t.Helper()
	return newCastIn(t, hubtest.World(t, text))
}

func newCastIn(t *testing.T, hub *hubtest.Hub) *cast {
	t.Helper()
	h := &cast{Hub: hub, t: t, props: props{cookies: map[string]string{}}}
	h.expire("pat", "expired")
	for path, author := range map[string]string{"/api/packages/decimal": "joe", "/api/repos/guild/packages/vault": "eva"} {
		h.As(author+"/all").Do("POST", path+"/releases/1.0.0/docs", hubtest.Docs(t, "<h1>Before</h1>")).Expect(t, 201)
	}
	invited, err := h.Orgs.Invite(t.Context(), audit.By{}, name.MustRepository("guild"), org.InvitationDraft{Email: "secretary@example.com", Role: org.Read})
	h.must(err)
	h.invitation, h.letter = invited.ID, mailtest.Last(t, h.Mail, mail.OrgInvitation).Params["token"]
	c, _, err := h.OAuth.CreateClient(t.Context(), access.SystemActor("test"), oauth.ClientDraft{
		Name: "Board", Grants: []string{oauth.GrantCode, oauth.GrantRefresh}, RedirectURIs: []string{"https://board.example/back"}, Scopes: []string{"api:read"},
	})
	h.must(err)
	h.client = c.ID
	for _, person := range people {
		if h.cookies[person] = h.session(strings.Replace(person, "stale", "pat", 1)); person == "stale" {
			h.makeStale()
		}
	}
	h.secret, _ = h.enrol("pat")
	h.program, h.stranger = h.tokens("pat", "api repositories"), h.tokens("sam", "api repositories")
	h.must(h.Accounts.Deactivate(t.Context(), audit.By{}, h.user("gone").ID))
	return h
}

// table is the world of the table, told once.
var table struct {
	once sync.Once
	*hubtest.Image
	props
}

// newTable begins a world with everybody of the table.
func newTable(t *testing.T) *cast {
	t.Helper()
	table.once.Do(func() {
		first := newCast(t, matrixWorld)
		table.Image, table.props = first.Image(), first.props
	})
	if table.Image == nil {
		t.Fatal("the world of the table could not be told")
	}
	return &cast{Hub: table.World(t), props: table.props, t: t}
}

func (h *cast) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *cast) user(username string) account.User {
	h.t.Helper()
	u, ok := account.ByName(h.DB.View(), username)
	if !ok {
		h.t.Fatalf("there is no user %s", username)
	}
	return u
}

// expire ends a key of a while ago.
func (h *cast) expire(username, key string) {
	h.t.Helper()
	owner := access.OfUser(h.user(username).ID)
	h.must(h.DB.Update(h.t.Context(), func(tx *store.Tx) error {
		k, _ := access.KeyOf(tx, owner, key)
		k.RevokeAt = new(time.Now().Add(-time.Minute))
		access.Keys.Put(tx, k)
		return nil
	}))
}

// session logs the user in, and returns his cookie.
func (h *cast) session(username string) string {
	h.t.Helper()
	u := h.user(username)
	_, cookie, err := h.Accounts.StartSession(h.t.Context(), audit.By{UserID: u.ID, Username: username}, u.ID, "127.0.0.1", "test")
	h.must(err)
	return cookie
}

// makeStale has it be a while ago that the session of that person began.
func (h *cast) makeStale() {
	h.t.Helper()
	sessionID, _, _ := strings.Cut(h.cookies["stale"], ".")
	h.must(h.DB.Update(h.t.Context(), func(tx *store.Tx) error {
		s, _ := account.Sessions.Get(tx, sessionID)
		s.SudoUntil = new(time.Now().Add(-time.Minute))
		account.Sessions.Put(tx, s)
		return nil
	}))
}

// browser is the user in a browser in which he has just logged in.
func (h *cast) browser(username string) access.Actor {
	h.t.Helper()
	sessionID, _, _ := strings.Cut(h.session(username), ".")
	return access.Actor{User: h.user(username), Via: access.Browser, Session: sessionID}
}

// enrol gives the user a second factor, with a code of half a minute ago, so that none of now is used.
func (h *cast) enrol(username string) (secret string, recovery []string) {
	h.t.Helper()
	a := h.browser(username)
	offer, err := h.Accounts.StartTOTP(h.t.Context(), a.User.ID, a.Session)
	h.must(err)
	recovery, err = h.Accounts.ConfirmTOTP(h.t.Context(), a.By(), a.User.ID, a.Session, accounttest.Code(h.t, offer.Secret, time.Now().Add(-30*time.Second)), account.Origin{})
	h.must(err)
	return offer.Secret, recovery
}

// tokens lets a program act for the user, as mix hex.user auth does.
func (h *cast) tokens(username, scope string) oauth.Tokens {
	h.t.Helper()
	ctx := h.t.Context()
	codes, err := h.OAuth.StartDevice(ctx, oauth.DeviceStart{ClientID: oauth.HexClient, Scope: scope, Name: "laptop"})
	h.must(err)
	a := h.browser(username)
	asked, err := h.OAuth.Request(ctx, codes.UserCode, a.User.ID, a.IP)
	h.must(err)
	h.must(h.OAuth.Approve(ctx, a, codes.UserCode, asked.Scopes))
	tokens, err := h.OAuth.Token(ctx, oauth.TokenRequest{GrantType: oauth.GrantDevice, ClientID: oauth.HexClient, DeviceCode: codes.DeviceCode})
	h.must(err)
	return tokens
}

// asks is how the caller asks the API and the repositories. They are sent the cookie of an administrator as
// well, which changes nothing: who they hear is who shows a credential.
func (h *cast) asks(caller string) hubtest.Client {
	h.t.Helper()
	c := h.shows(caller)
	c.Header.Set("Cookie", "hexhub="+h.cookies["root"])
	return c
}

// browses is how the caller asks for pages. They are sent an administrator's key as well by those who have a
// session, and credentials by those who have none, and look at neither.
func (h *cast) browses(caller string) hubtest.Client {
	h.t.Helper()
	cookie, ok := h.cookies[caller]
	if !ok {
		return h.shows(caller)
	}
	c := h.shows("root")
	c.Header.Set("Cookie", "hexhub="+cookie)
	return c
}

// shows is the caller with his credential.
func (h *cast) shows(caller string) hubtest.Client {
	h.t.Helper()
	c := h.Anonymous()
	switch caller {
	case "anon":
	case "bad":
		c = c.With("0123456789abcdef0123456789abcdef")
	case "expired", "read", "write", "pack", "slim", "repo", "docs":
		c = h.As("pat/" + caller)
	case "bot", "fetch":
		c = h.As("guild/" + caller)
	case "token", "coded":
		c = c.With("Bearer " + h.program.Access)
	case "stranger": // in no row: he is an outsider
		c = c.With("Bearer " + h.stranger.Access)
	default:
		c = h.As(caller + "/all")
	}
	c.Header = http.Header{}
	if caller == "coded" {
		c.Header.Set("X-Hex-Otp", accounttest.Code(h.t, h.secret, time.Now()))
	}
	return c
}

// body is what a row of the table sends: JSON, @tarball NAME VERSION, @docs, or @form NAME=VALUE&….
func (h *cast) body(text string) any {
	h.t.Helper()
	switch name, rest, _ := strings.Cut(text, " "); name {
	case "":
		return nil
	case "@tarball":
		return packed(text, func() []byte {
			pkg, version, _ := strings.Cut(rest, " ")
			return hubtest.Tarball(h.t, pkg, version)
		})
	case "@docs":
		return packed(text, func() []byte { return hubtest.Docs(h.t, "<h1>Documentation</h1>") })
	case "@form":
		form, err := url.ParseQuery(rest)
		h.must(err)
		return form
	}
	return json.RawMessage(text)
}

// packages are files by what rows call them. They are sent thousands of times, and packing takes longer than all else
// that a request does.
var packages sync.Map

// packed is the file that a row calls so.
func packed(name string, pack func() []byte) []byte {
	if b, ok := packages.Load(name); ok {
		return b.([]byte)
	}
	b := pack()
	packages.Store(name, b)
	return b
}

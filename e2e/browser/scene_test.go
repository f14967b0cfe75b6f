package browser

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
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
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
	"hexhub/internal/surface/web/gallery"
	"hexhub/internal/surface/web/ui"
)

// quote writes something into a script.
func quote(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // strings and lists of them can be written
	}
	return string(text)
}

func (s *site) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// scene is a visit of somebody who has a session.
func (s *site) scene(name, who, shows string, way ...step) visit {
	s.t.Helper()
	if who != "anonymous" && s.cookies[who] == "" {
		s.t.Fatalf("%s has no session", who)
	}
	return visit{name: name, url: s.URL, cookie: s.cookies[who], way: way, shows: shows}
}

// user is the one of that name.
func (s *site) user(username string) account.User {
	s.t.Helper()
	u, ok := account.ByName(s.DB.View(), username)
	if !ok {
		s.t.Fatalf("there is no user %s", username)
	}
	return u
}

// enrol gives a user whose session this is a second factor, with a code of half a minute ago.
func (s *site) enrol(username string) {
	s.t.Helper()
	u := s.user(username)
	session, _, _ := strings.Cut(s.cookies[username], ".")
	offer, err := s.Accounts.StartTOTP(s.t.Context(), u.ID, session)
	s.must(err)
	_, err = s.Accounts.ConfirmTOTP(s.t.Context(), audit.By{UserID: u.ID, Username: username}, u.ID, session, accounttest.Code(s.t, offer.Secret, time.Now().Add(-30*time.Second)), account.Origin{})
	s.must(err)
}

// forget has it be a while ago that a user proved that it is he.
func (s *site) forget(username string) {
	s.t.Helper()
	session, _, _ := strings.Cut(s.cookies[username], ".")
	s.must(s.DB.Update(s.t.Context(), func(tx *store.Tx) error {
		row, _ := account.Sessions.Get(tx, session)
		row.SudoUntil = new(time.Now().Add(-time.Minute))
		account.Sessions.Put(tx, row)
		return nil
	}))
}

// letter invites somebody into the guild, and returns the token of the letter.
func (s *site) letter(address string) string {
	s.t.Helper()
	return s.letterOf("eva", address)
}

// letterOf is letter for an invitation by somebody else.
func (s *site) letterOf(by, address string) string {
	s.t.Helper()
	_, err := s.Orgs.Invite(s.t.Context(), audit.By{Username: by}, name.MustRepository("guild"), org.InvitationDraft{Email: address, Role: org.Read})
	s.must(err)
	return mailtest.Last(s.t, s.Mail, mail.OrgInvitation).Params["token"]
}

// consent is the address at which a program on another site asks for access.
func (s *site) consent(program string) string {
	s.t.Helper()
	return s.consentFor(program, "https://board.example/back")
}

// consentFor is that at which one asks that users are sent back to.
func (s *site) consentFor(program, back string) string {
	s.t.Helper()
	c, _, err := s.OAuth.CreateClient(s.t.Context(), access.SystemActor("test"), oauth.ClientDraft{
		Name: program, Grants: []string{oauth.GrantCode, oauth.GrantRefresh}, RedirectURIs: []string{back}, Scopes: []string{"api:read"},
	})
	s.must(err)
	return "/oauth/authorize?" + url.Values{
		"client_id": {c.ID}, "redirect_uri": {back}, "response_type": {"code"}, "scope": {"api:read"}, "state": {"x"},
		"code_challenge_method": {"S256"}, "code_challenge": {strings.Repeat("A", 43)},
	}.Encode()
}

// program asks to act for somebody, and returns the code to type.
func (s *site) program(called string) string {
	s.t.Helper()
	codes, err := s.OAuth.StartDevice(s.t.Context(), oauth.DeviceStart{ClientID: oauth.HexClient, Scope: "api repositories", Name: called})
	s.must(err)
	return codes.UserCode
}

// scenes are pages of a registry with everybody in it.
func (s *site) scenes() []visit {
	s.t.Helper()
	for _, who := range []string{"sam", "joe", "otto"} {
		u := s.user(who)
		_, cookie, err := s.Accounts.StartSession(s.t.Context(), audit.By{UserID: u.ID, Username: who}, u.ID, "127.0.0.1", "test")
		s.must(err)
		s.cookies[who] = cookie
	}
	s.enrol("sam")
	s.forget("otto")
	reset, _, err := s.Accounts.IssueReset(s.t.Context(), audit.By{}, s.user("rea").ID)
	s.must(err)
	owner := s.As("joe/all")
	owner.Publish(hubtest.Tarball(s.t, "decimal", "3.0.0")).Expect(s.t, http.StatusCreated)
	owner.Do(http.MethodDelete, "/api/packages/decimal/releases/3.0.0", nil).Expect(s.t, http.StatusNoContent)
	login := send("/login", "login", "sam", "password", "the password of sam")
	keys := "/dashboard/keys"
	return []visit{
		s.scene("second step", "anonymous", "six digits", at("/login"), login),
		s.scene("second step with a recovery code", "anonymous", "recovery codes that you kept", at("/login"), login, at("/tfa?recovery=yes")),
		s.scene("second step refused", "anonymous", "Code", at("/login"), login, send("/tfa", "code", "000000")),
		s.scene("new password", "anonymous", "assword", at("/password/new?key="+url.QueryEscape(reset))),
		s.scene("new password refused", "anonymous", "assword", at("/password/new?key="+url.QueryEscape(reset)), send("/password/new", "password", "short")),
		s.scene("invitation", "mia", "guild", at("/invites?token="+url.QueryEscape(s.letter("mia@example.org")))),
		s.scene("invitation to nobody", "anonymous", "guild", at("/invites?token="+url.QueryEscape(s.letter("guest@example.org")))),
		s.scene("invitation that is none", "anonymous", "No invitation is open", at("/invites")),
		s.scene("invitation that is over", "anonymous", "This invitation is over", at("/invites?token=none")),
		s.scene("program asks", "eva", "laptop", at("/oauth/device"), send("/oauth/device", "user_code", s.program("laptop"))),
		s.scene("program asks with a wrong code", "eva", "none that waits", at("/oauth/device"), send("/oauth/device", "user_code", "BCDF-GHJK")),
		s.scene("program asks for a code", "eva", "Board", at(s.consent("Board"))),
		s.scene("program that is none", "eva", "not known on this server", at("/oauth/authorize?client_id=nobody")),
		s.scene("enrolment", "mia", "authenticator app", at("/dashboard/security"), send("/dashboard/security/totp")),
		s.scene("enrolment refused", "joe", "authenticator app", at("/dashboard/security"), send("/dashboard/security/totp"), send("/dashboard/security/totp/confirm", "code", "000000")),
		s.scene("recovery codes", "sam", "Your recovery codes", at("/dashboard/security"), send("/dashboard/security/recovery-codes")),
		s.scene("security with two factors", "sam", "New recovery codes", at("/dashboard/security")),
		s.scene("key made", "joe", "shown this once", at(keys), send(keys, "name", "laptop", "preset", "publish", "package", "decimal")),
		s.scene("key refused", "joe", "Name", at(keys), send(keys, "name", "", "preset", "exact")),
		s.scene("key revoked", "pat", "Undo", at(keys), send("/dashboard/keys/revoke", "name", "read")),
		s.scene("key of an organization made", "eva", "shown this once", at("/dashboard/orgs/guild/keys"), send("/dashboard/orgs/guild/keys", "name", "builds", "preset", "fetch")),
		s.scene("asked who one is", "otto", "Confirm that it is you", at("/dashboard/email"), send("/dashboard/email/add", "email", "otto@example.org")),
		s.scene("asked who one is, and refused", "otto", "no code of your authenticator app", at("/dashboard/email"), send("/dashboard/email/add", "email", "otto@example.org", "proof", "wrong")),
		s.scene("sign-up refused", "anonymous", "Create your account", at("/signup"), send("/signup", "username", "m", "email", "nothing", "password", "short")),
		s.scene("log-in refused", "anonymous", "Log in", at("/login"), send("/login", "login", "sam", "password", "wrong")),
		s.scene("address refused", "pat", "Add an address", at("/dashboard/email"), send("/dashboard/email/add", "email", "nothing")),
		s.scene("password refused", "pat", "Present password", at("/dashboard/security"), send("/dashboard/security/password", "password_current", "wrong", "password", "short")),
		s.scene("owner refused", "joe", "nobody", at("/packages/decimal/owners"), send("/packages/decimal/owners", "deed", "add", "username", "nobody", "level", "full")),
		s.scene("retirement refused", "joe", "Retire", at("/packages/decimal/settings"), send("/packages/decimal/settings", "deed", "retire", "version", "1.0.0", "reason", "mood", "message", "m")),
		s.scene("member refused", "eva", "Members", at("/dashboard/orgs/guild/members"), send("/dashboard/orgs/guild/members/add", "name", "nobody", "role", "read")),
		s.scene("organization refused", "root", "Organizations", at("/dashboard/orgs"), send("/dashboard/orgs", "name", "A B")),
		s.scene("policy tried", "eva", "decimal", at("/dashboard/orgs/guild/policies/strict"),
			send("/dashboard/orgs/guild/policies/strict", "visibility", "private", "hexhub.cooldown", "30d", "hexhub.retirement", "security", "do", "preview")),
		s.scene("policy refused", "eva", "New policy", at("/dashboard/orgs/guild/policies/new"), send("/dashboard/orgs/guild/policies/new", "name", "x", "visibility", "private", "hexhub.cooldown", "soon", "do", "save")),
		s.scene("setting refused", "root", "session.max", at("/admin/settings"), send("/admin/settings", "deed", "set", "name", "session.max", "value", "none")),
		s.scene("deed of an administrator refused", "root", "decimal", at("/admin/packages/hexhub/decimal"),
			send("/admin/packages/hexhub/decimal", "deed", "retire", "version", "1.0.0", "retirement", "security", "reason", "no")),
		s.scene("node", "root", s.Name, at("/admin/cluster/"+url.PathEscape(s.Name))),
		s.scene("lockfile refused", "anonymous", "Search what your project uses", at("/search"), send("/search", "lockfile", "none")),
		s.scene("lockfile taken", "anonymous", "Search what your project uses", at("/search"), send("/search", "lockfile", `[{<<"decimal">>,{pkg,<<"decimal">>,<<"1.0.0">>},0}]`)),
		s.scene("version taken back", "anonymous", "taken back", at("/packages/decimal/3.0.0")),
		s.scene("not allowed", "mia", "request id", at("/packages/decimal/owners"), send("/packages/decimal/owners", "deed", "add", "username", "wim", "level", "full")),
		s.scene("button that is none", "root", "no such button", at("/admin/jobs"), send("/admin/jobs", "deed", "nothing")),
		s.scene("too much", "pat", "kB", at("/dashboard/profile"), send("/dashboard/profile", "full_name", strings.Repeat("x", 70_000))),
		s.scene("nothing found", "anonymous", "zzzz", at("/packages?search=zzzz")),
	}
}

// beginnings are the pages of registries that are new: before there is an administrator, and when there is no package.
func beginnings(t *testing.T) []visit {
	t.Helper()
	const administered = "user root admin\n"
	bare := siteOf(t, hubtest.World(t, ""))
	token, _, err := bare.Accounts.StartSetup(t.Context())
	bare.must(err)
	asked, guided := siteOf(t, hubtest.World(t, administered), "root"), siteOf(t, hubtest.World(t, administered), "root")
	dressed := siteOf(t, hubtest.World(t, story))
	dressed.must(dressed.Settings.Set(t.Context(), audit.By{}, "site.name", "Acme & Sons"))
	dressed.must(dressed.Settings.Set(t.Context(), audit.By{}, "site.hue", "110"))
	choices := send("/setup/registry", "registration", "invite", "org.create", "users")
	return []visit{
		bare.scene("almost ready", "anonymous", "Almost ready", at("/")),
		bare.scene("setup without a link", "anonymous", "nobody administers it", at("/setup")),
		bare.scene("setup", "anonymous", "Create the administrator", at("/setup/"+token)),
		bare.scene("setup refused", "anonymous", "Create the administrator", at("/setup/"+token), send("/setup", "username", "a", "email", "nothing", "password", "short")),
		bare.scene("setup with a link that is none", "anonymous", "How to get one", at("/setup/unknown")),
		asked.scene("setup of the registry", "root", "Who may come in", at("/setup/registry")),
		asked.scene("setup of the registry refused", "root", "Who may come in", at("/setup/registry"), send("/setup/registry", "registration", "domains", "domains", "", "org.create", "users")),
		asked.scene("first package", "root", "Waiting for your package", at("/setup/registry"), choices),
		guided.scene("first package there", "root", "arrived", at("/setup/first"), send("/setup/first", "deed", "sample")),
		asked.scene("home of a new registry", "anonymous", "Publish", at("/")),
		asked.scene("home of a new registry to its administrator", "root", "Publish", at("/")),
		asked.scene("list of a new registry", "anonymous", "ackage", at("/packages")),
		dressed.scene("home with a look of its own", "anonymous", "Acme & Sons", at("/")),
		dressed.scene("package with a look of its own", "anonymous", "Acme & Sons", at("/packages/decimal")),
		dressed.scene("login with a look of its own", "anonymous", "Acme & Sons", at("/login")),
		asked.scene("no keys", "root", "key", at("/dashboard/keys")),
		asked.scene("no organizations", "root", "rganization", at("/dashboard/orgs")),
		asked.scene("overview of a new registry", "root", "To do", at("/admin")),
	}
}

// workshop has the components that pages are made of, and a page for each kind of fault.
func workshop(t *testing.T) []visit {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	address := "http://" + server.Listener.Addr().String()
	web := ui.New(ui.Options{URL: address, Repository: "hexhub", Version: "test", Log: slog.New(slog.DiscardHandler)})
	gallery.Register(web)
	all := []visit{{name: "components", url: address, way: []step{at(gallery.Path)}, shows: "Components", spare: "landmark-unique"}} // each is there in both themes
	for kind := fault.Internal; kind <= fault.Unavailable; kind++ {
		path := "/fault/" + url.PathEscape(kind.String())
		wrong := fault.New(kind, "This is what it is like when something is %s.", kind)
		if kind == fault.Limited {
			wrong.RetryAfter = 10 * time.Minute
		}
		web.Handle("GET "+path, func(http.ResponseWriter, *http.Request) error { return wrong })
		all = append(all, visit{name: "fault " + kind.String(), url: address, way: []step{at(path)}})
	}
	server.Config.Handler = web
	server.Start()
	t.Cleanup(server.Close)
	return all
}

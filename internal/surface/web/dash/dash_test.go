package dash_test

import (
	"log/slog"
	"net/http"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hexhub/hex/name"
	"hexhub/hex/version"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/connect"
	"hexhub/internal/feature/org"
	"hexhub/internal/feature/policy"
	"hexhub/internal/feature/stats"
	"hexhub/internal/kernel/job"
	"hexhub/internal/kernel/limit"
	"hexhub/internal/kernel/seal"
	"hexhub/internal/kernel/store"
	"hexhub/internal/surface/call"
	"hexhub/internal/surface/web/dash"
	"hexhub/internal/surface/web/ui"
	"hexhub/internal/surface/web/ui/uitest"
)

const (
	good   = "correct horse battery staple"
	canary = `"><svg/onload=alert(1)>`
)

var (
	hexhub = name.MustRepository("hexhub")
	guild  = name.MustRepository("guild")
	mill   = name.MustRepository("mill")
)

// A world has the organizations guild, which ann administers, wes writes in and rob reads, and mill, which is bob's.
type world struct {
	*testing.T
	url, from string
	web       *ui.Web
	site      http.Handler
	db        *store.DB
	accounts  *account.Accounts
	access    *access.Access
	orgs      *org.Orgs
	policies  *policy.Policies
}

func newWorld(t *testing.T) *world {
	t.Helper()
	db, err := store.Open(t.Context(), store.NewMemory(), store.Options{}, job.Tables, limit.Tables, audit.Tables, account.Tables, org.Tables,
		access.Tables, catalog.Tables, policy.Tables, stats.Tables)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	sealer, err := seal.Open(filepath.Join(t.TempDir(), "secret.key"))
	if err != nil {
		t.Fatal(err)
	}
	w := &world{T: t, db: db, url: "https://hub.example.com", from: "192.0.2.7:1234"}
	w.accounts = account.New(db, account.Options{Cost: account.Cost{Memory: 8, Passes: 1, Lanes: 1}, Sealer: sealer})
	w.orgs = org.New(db, org.Options{})
	w.policies = policy.New(db, hexhub)
	_, err = w.orgs.EnsureDefault(t.Context(), hexhub)
	w.must(err)
	w.access = access.New(db, w.accounts, []byte("pepper"), access.Options{DefaultRepository: hexhub, ThingOf: catalog.ThingOf})
	log := slog.New(slog.DiscardHandler)
	w.web = ui.New(ui.Options{URL: w.url, Repository: "hexhub", Version: "test", Log: log, Open: w.accounts.Open, Sudo: w.accounts.Sudo})
	dash.Register(w.web, dash.Deps{
		DB: db, Access: w.access, Orgs: w.orgs, Policies: w.policies, Audit: audit.New(db, audit.Options{Sealer: sealer}),
		Registry: connect.Registry{URL: w.url, Repository: "hexhub", Fingerprint: "SHA256:abc"},
	})
	w.site = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { // as the front does
		w.web.ServeHTTP(rw, r.WithContext(call.With(r.Context(), &call.Call{ID: "a-request", IP: netip.MustParseAddrPort(r.RemoteAddr).Addr()})))
	})
	for _, u := range []string{"ann", "wes", "rob", "bob", "joe"} {
		w.user(u, false)
	}
	w.found(guild, "ann")
	w.found(mill, "bob")
	w.must(w.orgs.SetMember(t.Context(), operator, guild, w.id("wes"), org.Write))
	w.must(w.orgs.SetMember(t.Context(), operator, guild, w.id("rob"), org.Read))
	return w
}

var operator = audit.By{Username: "operator"}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) user(username string, admin bool) {
	w.Helper()
	_, err := w.accounts.Create(w.Context(), operator, account.Draft{
		Username: username, Emails: []string{username + "@example.com"}, Password: good, Verified: true, Admin: admin,
	})
	w.must(err)
}

func (w *world) id(username string) string {
	u, _ := account.ByName(w.db.View(), username)
	return u.ID
}

func (w *world) found(n name.Repository, admin string) {
	w.Helper()
	_, err := w.orgs.Create(w.Context(), operator, n, w.id(admin))
	w.must(err)
}

// as returns a browser in which the user has just logged in.
func (w *world) as(username string) *uitest.Browser {
	w.Helper()
	b := uitest.New(w.T, w.site, w.url, &w.from)
	_, secret, err := w.accounts.StartSession(w.Context(), operator, w.id(username), "192.0.2.7", "Firefox")
	w.must(err)
	b.SetCookie("__Host-hexhub", secret)
	return b
}

func (w *world) role(username string) org.Role { return org.RoleOf(w.db.View(), guild, w.id(username)) }

func (w *world) publish(repository name.Repository, pkg string, versions ...string) {
	w.Helper()
	w.must(w.db.Update(w.Context(), func(tx *store.Tx) error {
		p := catalog.Package{ID: pkg, Repository: repository, Name: name.MustPackage(pkg), UpdatedAt: time.Now()}
		var all []catalog.Release
		for _, v := range versions {
			all = append(all, catalog.Release{ID: pkg + v, Repository: repository, Package: p.Name, Version: version.MustParse(v), InsertedAt: time.Now()})
		}
		catalog.ImportTx(tx, p, all, nil)
		return nil
	}))
}

const home = "/dashboard/orgs/guild/"

func TestAdministratorsLookAfterMembers(t *testing.T) {
	w := newWorld(t)
	b := w.as("ann")
	p := b.Get(home + "members")
	p.Wants(t, 200, home+"members", "Members")
	p = b.Submit(p, home+"members/add", "name", "joe", "role", "read")
	if p.Wants(t, 200, home+"members", "Members"); w.role("joe") != org.Read || !strings.Contains(p.Flash(), "added") {
		t.Errorf("joe is %q: %q", w.role("joe"), p.Flash())
	}
	if p := b.Post(home+"members/add", "name", "nobody", "role", "read"); p.Status != 422 || p.Problem() == "" {
		t.Errorf("adding nobody: %d %q", p.Status, p.Problem())
	}
	b.Post(home+"members/role", "user", "joe", "role", "write")
	if w.role("joe") != org.Write {
		t.Errorf("joe is %q", w.role("joe"))
	}
	b.Post(home+"members/remove", "user", "joe")
	if w.role("joe") != "" {
		t.Error("joe is still in")
	}
	p = b.Submit(b.Get(home+"members"), home+"members/invite", "email", "new@example.com", "role", "read")
	if !p.Says("new@example.com") || len(org.Invitations(w.db.View(), guild)) != 1 {
		t.Errorf("the invitation is not there:\n%s", p.HTML)
	}
	if p := b.Post(home+"members/invite", "email", "no address", "role", "read"); p.FaultOf("invite-email") == "" {
		t.Errorf("a bad address: %d %q", p.Status, p.Problem())
	}
	b.Submit(b.Get(home+"members"), home+"members/uninvite")
	if n := len(org.Invitations(w.db.View(), guild)); n != 0 {
		t.Errorf("%d invitations are left", n)
	}
}

// Z6: the last administrator stays one, whatever page is asked.
func TestZ6LastAdministratorStays(t *testing.T) {
	w := newWorld(t)
	b := w.as("ann")
	for path, fields := range map[string][]string{
		"members/role":      {"user", "ann", "role", "read"},
		"members/remove":    {"user", "ann"},
		"danger-zone/leave": {"name", "guild"},
	} {
		if p := b.Post(home+path, fields...); p.Status != 422 || p.Problem() == "" && p.FaultOf("name") == "" && path != "danger-zone/leave" || w.role("ann") != org.Admin {
			t.Errorf("%s: %d %q, ann is %q", path, p.Status, p.Problem(), w.role("ann"))
		}
	}
}

// L: to outsiders an organization, and to members what takes a higher role, is as absent as what is not there.
func TestLPagesOfOthersLookAbsent(t *testing.T) {
	w := newWorld(t)
	w.publish(guild, "vault", "1.0.0")
	_, err := w.policies.Create(t.Context(), access.SystemActor("operator"), guild, policy.Draft{Name: "strict", Visibility: new("private")})
	w.must(err)
	outsider, reader := w.as("bob"), w.as("rob")
	for _, page := range []string{"", "packages", "members", "keys", "policies", "policies/strict", "policies/new", "audit-logs", "profile", "danger-zone"} {
		path := strings.TrimSuffix(home+page, "/")
		got, want := outsider.Get(path), outsider.Get(strings.Replace(path, "guild", "gone5", 1))
		if got.Status != 404 || strings.ReplaceAll(got.HTML, "guild", "gone5") != want.HTML {
			t.Errorf("%s: %d\n%s\nwhat is absent:\n%s", path, got.Status, got.HTML, want.HTML)
		}
	}
	for _, page := range []string{"keys", "profile", "policies/new", "policies/none"} {
		if got := reader.Get(home + page); got.Status != 404 {
			t.Errorf("a reader opens %s: %d", page, got.Status)
		}
	}
	if p := reader.Get(home + "members"); len(p.Find("form", "action", home+"members/role"))+len(p.Find("form", "action", home+"members/add")) != 0 {
		t.Error("a reader is offered to change members")
	}
}

// Z11, Z4: nobody reaches into another organization, nor above his role.
func TestZ11DeedsStayWithinTheOrganization(t *testing.T) {
	w := newWorld(t)
	i, err := w.orgs.Invite(t.Context(), operator, guild, org.InvitationDraft{Email: "x@example.com", Role: org.Read})
	w.must(err)
	_, _, err = w.access.CreateKey(t.Context(), access.SystemActor("operator"), access.OfOrg(guild), access.KeyDraft{Name: "ci", Permissions: []access.Permission{{Domain: "api"}}})
	w.must(err)
	bob, wes := w.as("bob"), w.as("wes")
	for _, c := range []struct {
		b      *uitest.Browser
		path   string
		fields []string
	}{
		{bob, "/dashboard/orgs/mill/members/uninvite", []string{"id", i.ID}},
		{bob, "/dashboard/orgs/mill/members/role", []string{"user", "wes", "role", "admin"}},
		{bob, "/dashboard/orgs/mill/members/remove", []string{"user", "wes"}},
		{bob, "/dashboard/orgs/mill/keys/revoke", []string{"name", "ci"}},
		{bob, "/dashboard/orgs/mill/policies/strict/delete", nil},
		{bob, home + "members/add", []string{"name", "bob", "role", "admin"}},
		{bob, home + "keys", []string{"name", "k", "preset", "everything"}},
		{wes, home + "members/role", []string{"user", "wes", "role", "admin"}},
		{wes, home + "members/uninvite", []string{"id", i.ID}},
		{wes, home + "policies/new", []string{"name", "mine", "visibility", "private"}},
	} {
		if p := c.b.Post(c.path, c.fields...); p.Status != 404 {
			t.Errorf("%s %v: %d %q", c.path, c.fields, p.Status, p.Problem())
		}
	}
	v := w.db.View()
	if len(org.Invitations(v, guild)) != 1 || w.role("wes") != org.Write || w.role("bob") != "" || len(access.KeysOf(v, access.OfOrg(guild))) != 1 || len(policy.Of(v, guild)) != 0 {
		t.Error("something was done")
	}
}

// W1: no other site can make a browser do anything here.
func TestW1OtherSitesCanDoNothing(t *testing.T) {
	w := newWorld(t)
	b := w.as("ann")
	for _, route := range w.web.Routes() {
		method, path, _ := strings.Cut(route, " ")
		if method != http.MethodPost {
			continue
		}
		path = strings.NewReplacer("{org}", "guild", "{policy}", "strict").Replace(path)
		r, err := http.NewRequestWithContext(t.Context(), method, w.url+path, strings.NewReader("name=guild&user=rob&role=admin"))
		w.must(err)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", "https://evil.example")
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		if p := b.Do(r); p.Status != http.StatusForbidden {
			t.Errorf("%s: %d", path, p.Status)
		}
	}
	if w.role("rob") != org.Read {
		t.Error("something was done")
	}
}

// W9: what could do harm takes a proof of these minutes.
func TestW9DeedsTakeAProof(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		b := w.as("ann")
		time.Sleep(11 * time.Minute)
		p := b.Post(home+"members/role", "user", "rob", "role", "admin")
		if p.Heading() != "Is it you, ann?" || w.role("rob") != org.Read {
			t.Fatalf("%q, rob is %q", p.Heading(), w.role("rob"))
		}
		b.Submit(p, home+"members/role", "proof", good).Wants(t, 200, home+"members", "Members")
		if w.role("rob") != org.Admin {
			t.Error("what was sent is lost")
		}
	})
}

func TestLeavingTakesTheName(t *testing.T) {
	w := newWorld(t)
	b := w.as("rob")
	p := b.Get(home + "danger-zone")
	if p := b.Submit(p, home+"danger-zone/leave", "name", "mill"); p.FaultOf("name") == "" || w.role("rob") != org.Read {
		t.Errorf("a wrong name: %d %q", p.Status, p.Problem())
	}
	b.Submit(p, home+"danger-zone/leave", "name", "guild").Wants(t, 200, "/dashboard/orgs", "Organizations")
	if w.role("rob") != "" {
		t.Error("rob is still in")
	}
	b.Get(home+"packages").Wants(t, 404, home+"packages", "Nothing is here.")
}

func TestDeletionTakesTheNameAndAnEmptyOrganization(t *testing.T) {
	w := newWorld(t)
	w.publish(guild, "vault", "1.0.0")
	if p := w.as("wes").Get(home + "danger-zone"); p.Says("Delete guild") {
		t.Error("who may not is offered to delete it")
	}
	b := w.as("ann")
	p := b.Get(home + "danger-zone")
	if !p.Says("It still has packages") || !p.Says("guild/vault") || len(p.Find("form", "action", home+"danger-zone/delete")) > 0 {
		t.Errorf("with a package:\n%s", p.HTML)
	}
	b = w.as("bob")
	const mine = "/dashboard/orgs/mill/danger-zone"
	p = b.Get(mine)
	if !p.Says("1 member loses") || !p.Says("The name stays reserved") {
		t.Errorf("the preview says\n%s", p.HTML)
	}
	if p := b.Submit(p, mine+"/delete", "organization", "guild"); p.Status != 422 || p.FaultOf("organization") == "" {
		t.Errorf("a wrong name: %d %q", p.Status, p.Problem())
	}
	b.Submit(p, mine+"/delete", "organization", "mill").Wants(t, 200, "/dashboard/orgs", "Organizations")
	b.Get(mine).Wants(t, 404, mine, "Nothing is here.")
}

func TestKeysOfAnOrganizationAreItsOwn(t *testing.T) {
	w := newWorld(t)
	w.publish(guild, "vault", "1.0.0")
	b := w.as("wes")
	p := b.Submit(b.Get(home+"keys"), home+"keys", "name", canary, "preset", "publish", "package", "guild/vault")
	secret := p.Find("pre", "id", "secret")
	if p.Status != 200 || len(secret) != 1 || strings.Contains(p.HTML, "<svg/onload") {
		t.Fatalf("%d\n%s", p.Status, p.HTML)
	}
	a, err := w.access.Authenticate(t.Context(), secret[0].Text, "", netip.MustParseAddr("192.0.2.9"), "mix")
	if err != nil || a.Org != guild || len(a.Permissions) != 1 || a.Permissions[0] != (access.Permission{Domain: "package", Resource: "guild/vault"}) || a.Key.RevokeAt == nil {
		t.Errorf("actor = %+v, %v", a, err)
	}
	for id, want := range map[string]string{"use-0": "HEX_API_URL=https://hub.example.com/api", "use-1": "${{ secrets.HEXHUB_KEY }}", "use-2": "CI_COMMIT_TAG", "use-3": "rebar3 hex publish package -r guild", "same": "hexhub org key create guild"} {
		if got := p.Find("pre", "id", id); len(got) != 1 || !strings.Contains(got[0].Text, want) {
			t.Errorf("%s lacks %q:\n%s", id, want, p.HTML)
		}
	}
	if p := b.Get(home + "keys"); strings.Contains(p.HTML, secret[0].Text) || !p.Says(canary) {
		t.Error("the list shows the secret, or not the key")
	}
	for _, fields := range [][]string{{"name", "k", "preset", "publish"}, {"name", "k"}, {"name", "k", "preset", "custom"}, {"name", "k", "preset", "publish", "package", "mill/tool"}, {"name", "k", "preset", "root"}} {
		if p := b.Post(home+"keys", fields...); p.Status != 422 {
			t.Errorf("%v: %d", fields, p.Status)
		}
	}
	b.Submit(b.Get(home+"keys"), home+"keys/revoke").Wants(t, 200, home+"keys", "API keys")
	if all := access.KeysOf(w.db.View(), access.OfOrg(guild)); len(all) != 0 {
		t.Errorf("keys = %v", all)
	}
}

func TestPoliciesAreTriedBeforeTheyAreKept(t *testing.T) {
	w := newWorld(t)
	w.publish(hexhub, "fresh", "1.0.0", "1.1.0")
	w.publish(hexhub, "evil", "1.0.0")
	b := w.as("ann")
	p := b.Get(home + "policies/new")
	rules := []string{"name", "strict", "description", canary, "visibility", "private", "hexhub.package", "evil", "hexhub.action", "deny", "hexhub.requirement", ""}
	p = b.Submit(p, home+"policies/new", append(rules, "do", "preview")...)
	if !p.Says("1 of 3 releases") || !p.Says("denied by an override") || !p.Says("no version is left") || len(policy.Of(w.db.View(), guild)) != 0 {
		t.Fatalf("the preview, or it was kept:\n%s", p.HTML)
	}
	p = b.Submit(p, home+"policies/new", append(rules, "do", "save")...)
	p.Wants(t, 200, home+"policies/strict", "strict")
	got, _ := policy.Get(w.db.View(), guild, "strict")
	if len(got.Repositories) != 1 || len(got.Repositories[0].Overrides) != 1 || strings.Contains(p.HTML, "<svg/onload") || !strings.Contains(p.Find("pre", "id", "usage")[0].Text, `policy: [repo: "guild", name: "strict"]`) {
		t.Errorf("policy = %+v\n%s", got, p.HTML)
	}
	p = b.Submit(p, home+"policies/strict", "hexhub.cooldown", "7d", "hexhub.package", "", "do", "save")
	if got, _ := policy.Get(w.db.View(), guild, "strict"); got.Repositories[0].Cooldown != "7d" || len(got.Repositories[0].Overrides) != 0 || !p.Says("3 of 3 releases") {
		t.Errorf("policy = %+v\n%s", got, p.HTML)
	}
	if p := b.Post(home+"policies/strict", "visibility", "private", "hexhub.cooldown", "soon", "do", "save"); p.Status != 422 || p.Problem() == "" {
		t.Errorf("a bad cool-down: %d %q", p.Status, p.Problem())
	}
	if p := w.as("rob").Get(home + "policies/strict"); !p.Says("younger than 7d are held back") || len(p.Find("form", "action", home+"policies/strict")) != 0 {
		t.Errorf("a reader sees\n%s", p.HTML)
	}
	b.Submit(b.Get(home+"policies/strict"), home+"policies/strict/delete").Wants(t, 200, home+"policies", "Policies")
	if len(policy.Of(w.db.View(), guild)) != 0 {
		t.Error("the policy is still there")
	}
}

func TestProfileOfAnOrganizationIsSaved(t *testing.T) {
	w := newWorld(t)
	b := w.as("wes")
	p := b.Submit(b.Get(home+"profile"), home+"profile", "full_name", "The Guild "+canary, "github", "@guild")
	p.Wants(t, 200, home+"profile", "Profile")
	if o, _ := org.Organizations.Get(w.db.View(), "guild"); o.FullName != "The Guild "+canary || o.Handles["github"] != "guild" || strings.Contains(p.HTML, "<svg/onload") {
		t.Errorf("organization = %+v\n%s", o, p.HTML)
	}
	if p := b.Post(home+"profile", "full_name", strings.Repeat("x", 300)); p.FaultOf("full_name") == "" {
		t.Errorf("%d %q", p.Status, p.Problem())
	}
	if p := w.as("ann").Get(home + "audit-logs"); !p.Says("organization.update") || !p.Says("by wes") {
		t.Errorf("the log says\n%s", p.HTML)
	}
}

func TestOrganizationsAreMadeByThoseWhoMay(t *testing.T) {
	w := newWorld(t)
	w.user("root", true)
	b := w.as("root")
	b.Submit(b.Get("/dashboard/orgs"), "/dashboard/orgs", "name", "forge").Wants(t, 200, "/dashboard/orgs/forge/members", "Members")
	if p := b.Post("/dashboard/orgs", "name", "guild"); p.FaultOf("name") == "" {
		t.Errorf("a name that is taken: %d %q", p.Status, p.Problem())
	}
	if p := b.Post("/dashboard/orgs", "name", "No Name"); p.FaultOf("name") == "" {
		t.Errorf("a name that is none: %d %q", p.Status, p.Problem())
	}
	joe := w.as("joe")
	if p := joe.Get("/dashboard/orgs"); len(p.Find("form", "action", "/dashboard/orgs")) != 0 {
		t.Error("who may not make one is offered it")
	}
	if p := joe.Post("/dashboard/orgs", "name", "mine1"); p.Status != 403 {
		t.Errorf("who may not makes one: %d", p.Status)
	}
	_, err := w.orgs.Invite(t.Context(), operator, guild, org.InvitationDraft{Username: "joe", Role: org.Read})
	w.must(err)
	if p := joe.Get("/dashboard/orgs"); len(p.Find("form", "action", "/invites")) != 1 || !p.Says("guild") {
		t.Errorf("the invitation is not shown:\n%s", p.HTML)
	}
}

// The repository's page says how to connect and how much there is, and sets the organization's rule.
func TestRepositoryOfAnOrganization(t *testing.T) {
	w := newWorld(t)
	w.publish(guild, "vault", "1.0.0", "1.1.0")
	p := w.as("rob").Get(home + "repository")
	for _, want := range []string{"mix hex.repo add guild https://hub.example.com/repo/repos/guild", "repo_url =&gt; &lt;&lt;&#34;https://hub.example.com/repo/repos/guild", "gleam export hex-tarball", "may live for ever"} {
		if !strings.Contains(p.HTML, want) {
			t.Errorf("lacks %q:\n%s", want, p.HTML)
		}
	}
	ann := w.as("ann")
	if p := ann.Submit(ann.Get(home+"repository"), home+"repository", "key_max_age", "soon"); p.FaultOf("key_max_age") == "" {
		t.Errorf("no age: %d %q", p.Status, p.Problem())
	}
	ann.Submit(ann.Get(home+"repository"), home+"repository", "key_max_age", "90d").Wants(t, 200, home+"repository", "Repository")
	if o, _ := org.Organizations.Get(w.db.View(), "guild"); o.KeyMaxAge != 90*24*time.Hour {
		t.Errorf("keys live %s", o.KeyMaxAge)
	}
	if p := ann.Get(home + "repository"); !strings.Contains(p.HTML, "hexhub org set guild --key-max-age 90d") {
		t.Error("the command is not named")
	}
}

// What a policy may be about is offered of repositories that the member may read, and of no others.
func TestLOffersAreOfWhatMembersMayRead(t *testing.T) {
	w := newWorld(t)
	w.publish(guild, "vault", "1.0.0", "1.1.0")
	w.publish(mill, "valve", "1.0.0")
	rob := w.as("rob")
	for query, want := range map[string]string{
		"repository=guild&package=va":               `<option value="vault"></option>`,
		"repository=guild&package=x":                "",
		"repository=guild&package=vault&versions=1": `<option value="~&gt; 1.1"></option><option value="1.1.0"></option><option value="1.0.0"></option>`,
	} {
		if p := rob.Get(home + "offers?" + query); p.Status != 200 || strings.TrimSpace(p.HTML) != want {
			t.Errorf("%s: %d %q, want %q", query, p.Status, p.HTML, want)
		}
	}
	rob.Get(home+"offers?repository=mill&package=va").Wants(t, 404, home+"offers", "Nothing is here.")
	w.as("joe").Get(home+"offers?repository=guild&package=va").Wants(t, 404, home+"offers", "Nothing is here.")
}

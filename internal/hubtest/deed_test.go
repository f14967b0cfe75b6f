package hubtest_test

import (
	"bufio"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"net/http"
	"net/netip"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"hexhub/hex/name"
	"hexhub/hex/version"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/account/accounttest"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/oauth"
	"hexhub/internal/feature/org"
	"hexhub/internal/feature/policy"
	"hexhub/internal/hubtest"
)

// What each family of actions tells: params, with what is within them behind a dot. Those of hex.pm are its own,
// with names in the place of its numbers.
var (
	ofPackage = []string{"package.id", "package.name", "package.repository", "package.meta.description", "package.meta.licenses", "package.meta.links", "package.meta.maintainers", "package.meta.extra"}
	ofRelease = slices.Concat(ofPackage, []string{
		"release.id", "release.version", "release.checksum", "release.has_docs", "release.package_id",
		"release.meta.app", "release.meta.build_tools", "release.meta.elixir", "release.retirement",
	})
	ofOwner      = slices.Concat(ofPackage, []string{"level", "user.id", "user.username", "user.handles"})
	ofKey        = []string{"id", "name", "permissions", "user", "organization"}
	ofMember     = []string{"organization.name", "organization.public", "organization.active", "organization.billing_active", "user.id", "user.username"}
	ofEmail      = []string{"email", "primary", "public", "gravatar"}
	ofPolicy     = []string{"id", "name", "visibility", "description", "organization", "repositories"}
	ofUser       = []string{"user.id", "user.username", "user.handles"}
	ofSession    = []string{"id", "kind", "name", "client"}
	ofInvitation = []string{"organization.name", "id", "role"}
	ofClient     = []string{"id", "name", "confidential", "grants", "redirect_uris", "scopes"}
)

// actions are all there are, with what their entries tell.
var actions = map[string][]string{
	"release.publish": ofRelease, "release.revert": ofRelease,
	"release.retire":   slices.Concat(ofRelease, []string{"release.retirement.status", "release.retirement.message"}),
	"release.unretire": ofRelease,
	"docs.publish":     ofRelease, "docs.revert": ofRelease,
	"owner.add": ofOwner, "owner.update": ofOwner, "owner.transfer": ofOwner, "owner.remove": ofOwner,
	"key.generate": ofKey, "key.remove": ofKey, "key.restore": ofKey,
	"policy.create": ofPolicy, "policy.update": ofPolicy, "policy.delete": ofPolicy,

	"user.create": ofUser, "user.update": ofUser, "user.delete": ofUser, "user.delete.request": ofUser,
	"password.add": ofUser, "password.update": ofUser, "password.reset.init": ofUser, "password.reset.finish": ofUser,
	"email.add": ofEmail, "email.remove": ofEmail, "email.primary": ofEmail, "email.public": ofEmail,
	"session.create": ofSession, "session.revoke": ofSession,
	"security.update": ofUser, "security.rotate_recovery_codes": ofUser,

	"organization.create": ofMember, "organization.member.add": ofMember, "organization.member.remove": ofMember,
	"organization.member.role":       slices.Concat(ofMember, []string{"role"}),
	"organization.invitation.create": ofInvitation, "organization.invitation.accept": ofInvitation, "organization.invitation.revoke": ofInvitation,

	// Our own.
	"email.verify": ofEmail,
	"user.admin":   slices.Concat(ofUser, []string{"user.admin"}), "user.deactivate": ofUser, "user.reactivate": ofUser,
	"badge.share": ofPackage, "badge.hide": ofPackage,
	"user.invite": {"email"}, "user.uninvite": {"email"},
	"security.use_recovery_code": {"left"},
	"organization.update":        {"organization.name", "key_max_age"},
	"organization.delete":        {"organization.name", "members"},
	"setting.update":             {"name", "from", "to"},
	"name.reserve":               {"package", "version"}, "name.unreserve": {"package", "version"},
	"oauth.client.create": ofClient, "oauth.client.delete": ofClient,
}

// absent are the actions of hex.pm that nobody can do here, and why. When somebody can, they move up.
var absent = map[string]string{
	"email.gravatar": "no address is sent to Gravatar", "email.options": "mail has no options yet",
	"password.remove":          "nobody can log in without a password yet",
	"user_provider.create":     "there is no login by others yet",
	"organization.domain.add":  "organizations have no domains yet",
	"sso.connection.configure": "there is no single sign-on yet",
	"billing.checkout":         "nothing is paid for",
}

// Every deed leaves an entry that tells what its family tells, by whom it was done, and whence.
func TestEveryDeedIsAudited(t *testing.T) {
	h := hubtest.World(t, small)
	d := doer{T: t, h: h, by: audit.By{Username: "jose", IP: "192.0.2.1", UserAgent: strings.Repeat("agent ", 100), Session: "s"}}
	d.by.UserID = d.user("jose")
	d.packages()
	d.accounts()
	d.organizations()
	d.operators()

	seen := map[string]map[string]any{}
	for lines := bufio.NewScanner(strings.NewReader(exported(t, h))); lines.Scan(); {
		var e audit.Entry
		d.must(json.Unmarshal(lines.Bytes(), &e))
		want, known := actions[e.Action]
		if !known {
			t.Errorf("%s is none of the table's actions: say there what its entries tell", e.Action)
			continue
		}
		for _, path := range want {
			if !has(e.Params, strings.Split(path, ".")) {
				t.Errorf("%s does not tell %s: %s", e.Action, path, lines.Text())
			}
		}
		if len(e.By.UserAgent) > 255 || e.At.IsZero() || e.By.UserID+e.By.Username+e.By.Org == "" {
			t.Errorf("%s: by %+v at %s", e.Action, e.By, e.At)
		}
		seen[e.Action] = e.Params
	}
	for action := range actions {
		if seen[action] == nil {
			t.Errorf("%s was done and left no entry, or was not done: it belongs into this test", action)
		}
	}
}

func has(params map[string]any, path []string) bool {
	v, ok := params[path[0]]
	if len(path) == 1 || !ok {
		return ok
	}
	if v == nil { // as the user of an organization's key
		return true
	}
	inner, ok := v.(map[string]any)
	return ok && has(inner, path[1:])
}

// No action is written anywhere that the table does not have.
func TestEveryActionIsInTheTable(t *testing.T) {
	families := map[string]bool{}
	for action := range actions {
		family, _, _ := strings.Cut(action, ".")
		families[family] = true
	}
	other := []string{"session.max", "mail.confirm", "docs.example"} // settings and such
	look := regexp.MustCompile(`^[a-z_]+(\.[a-z_]+)+$`)
	err := filepath.WalkDir("../feature", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			lit, ok := n.(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				return true
			}
			text, _ := strconv.Unquote(lit.Value)
			family, _, _ := strings.Cut(text, ".")
			if _, known := actions[text]; !known && families[family] && look.MatchString(text) && !slices.Contains(other, text) {
				t.Errorf("%s has %q, which is none of the table's actions", path, text)
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for action, why := range absent {
		if _, there := actions[action]; there {
			t.Errorf("%s is done here, and yet %s", action, why)
		}
	}
}

// A doer does deeds.
type doer struct {
	*testing.T
	h  *hubtest.Hub
	by audit.By
}

func (d doer) must(err error) {
	d.Helper()
	if err != nil {
		d.Fatal(err)
	}
}

func (d doer) user(username string) string {
	d.Helper()
	u, ok := account.ByName(d.h.DB.View(), username)
	if !ok {
		d.Fatalf("there is no %s", username)
	}
	return u.ID
}

func (d doer) create(username string) string {
	d.Helper()
	u, err := d.h.Accounts.Create(d.Context(), d.by, account.Draft{
		Username: username, Emails: []string{username + "@example.com"}, Password: "four unrelated wooden words", Verified: true,
	})
	d.must(err)
	return u.ID
}

func (d doer) packages() {
	d.create("bob")
	jose := d.h.As("jose/ci")
	jose.Header = http.Header{"User-Agent": {strings.Repeat("é", 300)}}
	jose.Publish(hubtest.Tarball(d.T, "tool", "1.0.0")).Expect(d.T, http.StatusCreated)
	for _, deed := range []struct {
		method, path string
		body         any
	}{
		{"POST", "/releases/1.0.0/docs", hubtest.Docs(d.T, "<p>hello</p>")},
		{"DELETE", "/releases/1.0.0/docs", nil},
		{"POST", "/releases/1.0.0/retire", map[string]any{"reason": "other", "message": "try another"}},
		{"DELETE", "/releases/1.0.0/retire", nil},
		{"PUT", "/owners/bob", map[string]any{"level": "maintainer"}},
		{"PUT", "/owners/bob", map[string]any{"level": "full"}},
		{"DELETE", "/owners/bob", nil},
		{"DELETE", "/releases/1.0.0", nil},
	} {
		if a := jose.Do(deed.method, "/api/packages/tool"+deed.path, deed.body); a.Status >= 300 {
			d.Fatalf("%s %s: %d %s", deed.method, deed.path, a.Status, a.Body)
		}
	}
	jose.Do("PUT", "/api/packages/decimal/owners/bob", map[string]any{"transfer": true}).Expect(d.T, http.StatusNoContent)
	jose.Do("POST", "/api/keys", map[string]any{"name": "more"}).Expect(d.T, http.StatusCreated)
	jose.Do("DELETE", "/api/keys/more", nil).Expect(d.T, http.StatusOK)
}

func (d doer) accounts() {
	ctx, a, id := d.Context(), d.h.Accounts, d.create("eva")
	by := audit.By{UserID: id, Username: "eva"}
	from := account.Origin{IP: netip.MustParseAddr("192.0.2.2"), UserAgent: "test"}
	d.must(a.SetProfile(ctx, by, id, account.Profile{FullName: "Eva", Handles: map[string]string{"github": "eva"}}))
	d.must(a.AddEmail(ctx, by, id, "eva@example.org"))
	d.must(a.SetPrimary(ctx, by, id, "eva@example.org"))
	d.must(a.SetPublic(ctx, by, id, "eva@example.org"))
	d.must(a.RemoveEmail(ctx, by, id, "eva@example.com"))
	d.must(a.SetPassword(ctx, by, id, "five unrelated wooden words"))
	token, _, err := a.IssueReset(ctx, by, id)
	d.must(err)
	_, err = a.FinishReset(ctx, token, "six unrelated wooden words", from, true)
	d.must(err)

	s, _, err := a.StartSession(ctx, by, id, "192.0.2.2", "test")
	d.must(err)
	offer, err := a.StartTOTP(ctx, id, s.ID)
	d.must(err)
	codes, err := a.ConfirmTOTP(ctx, by, id, s.ID, accounttest.Code(d.T, offer.Secret, time.Now()), from)
	d.must(err)
	d.must(a.CheckSecondFactor(ctx, id, codes[0], from))
	_, err = a.RotateRecoveryCodes(ctx, by, id)
	d.must(err)
	d.must(a.EndSession(ctx, by, id, s.ID))
	d.must(a.RequestDeletion(ctx, by, id))

	_, err = a.Create(ctx, d.by, account.Draft{Username: "zoe", Emails: []string{"zoe@example.com"}, Password: "eight unrelated wooden words"})
	d.must(err)
	d.must(a.VerifyEmail(ctx, d.by, d.user("zoe"), "zoe@example.com"))

	robot, err := a.Create(ctx, d.by, account.Draft{Username: "robot", Service: true})
	d.must(err)
	d.must(a.SetPassword(ctx, d.by, robot.ID, "seven unrelated wooden words"))
	d.must(a.SetAdmin(ctx, d.by, robot.ID, true))
	d.must(a.SetAdmin(ctx, d.by, robot.ID, false))
	d.must(a.Deactivate(ctx, d.by, robot.ID))
	d.must(a.Reactivate(ctx, d.by, robot.ID))
	d.must(a.Remove(ctx, d.by, robot.ID))
	_, _, err = a.Invite(ctx, d.by, "new@example.com")
	d.must(err)
	d.must(a.Uninvite(ctx, d.by, "new@example.com"))
}

func (d doer) organizations() {
	ctx, orgs, acme := d.Context(), d.h.Orgs, name.MustRepository("acme")
	_, err := orgs.Create(ctx, d.by, acme, d.by.UserID)
	d.must(err)
	d.must(orgs.SetMember(ctx, d.by, acme, d.user("bob"), org.Read))
	d.must(orgs.SetMember(ctx, d.by, acme, d.user("bob"), org.Write))
	d.must(orgs.RemoveMember(ctx, d.by, acme, d.user("bob")))
	made, err := orgs.Invite(ctx, d.by, acme, org.InvitationDraft{Username: "bob", Role: org.Read})
	d.must(err)
	_, err = orgs.AcceptOwn(ctx, audit.By{UserID: d.user("bob"), Username: "bob"}, d.user("bob"), made.ID)
	d.must(err)
	made, err = orgs.Invite(ctx, d.by, acme, org.InvitationDraft{Email: "somebody@example.com", Role: org.Read})
	d.must(err)
	d.must(orgs.RevokeInvitation(ctx, d.by, acme, made.ID))
	d.must(orgs.SetKeyMaxAge(ctx, d.by, acme, 90*24*time.Hour))

	u, _ := account.ByName(d.h.DB.View(), "jose")
	jose := access.Actor{User: u, Via: access.Password}
	_, _, err = d.h.Access.CreateKey(ctx, jose, access.OfOrg(acme), access.KeyDraft{Name: "ci"})
	d.must(err)
	d.regret(jose, acme)
	d.badges(jose, acme)
	_, err = d.h.Policies.Create(ctx, jose, acme, policy.Draft{Name: "strict", Visibility: new("private"), Repositories: &[]policy.TabDraft{{Repository: "hexpm", Cooldown: "7d"}}})
	d.must(err)
	_, err = d.h.Policies.Update(ctx, jose, acme, "strict", policy.Draft{Description: new("stricter")})
	d.must(err)
	d.must(d.h.Policies.Delete(ctx, jose, acme, "strict"))
	_, err = orgs.Create(ctx, d.by, name.MustRepository("brief"), d.user("jose"))
	d.must(err)
	d.must(orgs.Delete(ctx, d.by, name.MustRepository("brief")))
}

// badges shares those of a package of the organization, and hides them again.
func (d doer) badges(a access.Actor, organization name.Repository) {
	vault := hubtest.Tarball(d.T, "vault", "1.0.0")
	d.h.As("jose/ci").Do("POST", "/api/repos/"+organization.String()+"/publish", vault).Expect(d.T, http.StatusCreated)
	ref := catalog.Ref{Repository: organization, Name: name.MustPackage("vault")}
	d.must(d.h.Catalog.ShareBadges(d.Context(), a, ref))
	d.must(d.h.Catalog.HideBadges(d.Context(), a, ref))
}

// regret revokes a key of the organization in a browser, and takes that back.
func (d doer) regret(a access.Actor, organization name.Repository) {
	session, _, err := d.h.Accounts.StartSession(d.Context(), d.by, a.User.ID, "192.0.2.1", "Firefox")
	d.must(err)
	a.Via, a.Session = access.Browser, session.ID
	k, err := d.h.Access.RevokeKey(d.Context(), a, access.OfOrg(organization), "ci")
	d.must(err)
	_, err = d.h.Access.UndoRevocation(d.Context(), a, access.OfOrg(organization), k.ID)
	d.must(err)
}

func (d doer) operators() {
	ctx, system := d.Context(), access.SystemActor("test")
	d.must(d.h.Settings.Set(ctx, d.by, "block", "198.51.100.0/24"))
	free := name.MustPackage("reserved_name")
	d.must(d.h.Catalog.Reserve(ctx, system, free, version.Version{}))
	d.must(d.h.Catalog.Unreserve(ctx, system, free, version.Version{}))
	c, _, err := d.h.OAuth.CreateClient(ctx, system, oauth.ClientDraft{Name: "tool", Grants: []string{oauth.GrantDevice}, Scopes: []string{"api:read"}})
	d.must(err)
	d.must(d.h.OAuth.DeleteClient(ctx, system, c.ID))
}

package e2e

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A team lives in an organization with nothing but the client that rebar3 and mix are built on: members,
// keys, private packages and their documentation, and an end that takes effect at once.
func TestHexCoreTeam(t *testing.T) {
	t.Parallel()
	c, s := startHexCore(t), serve(t)
	anonymous := c.config(s)
	users := map[string]config{}
	for _, name := range []string{"eva", "bob", "mallory"} {
		c.api(201, "api_user", "create", anonymous, name, password, name+"@example.com")
		users[name] = with(anonymous, "api_key", c.keyOf(with(anonymous, "api_key", "Basic "+basicOf(name)), "keys", "laptop"))
	}
	s.run("org", "create", "acme", "--admin", "eva")
	eva, bob, mallory := users["eva"], users["bob"], users["mallory"]

	t.Run("members", func(t *testing.T) { c.in(t).checkMembers(eva, bob, mallory) })
	bot := with(anonymous, "api_key", c.keyOf(eva, "orgs/acme/keys", "bot", map[string]any{"domain": "repository", "resource": "acme"}))
	t.Run("keys of the organization", func(t *testing.T) { c.in(t).checkProbes(bot, bob, mallory, anonymous) })
	t.Run("private releases", func(t *testing.T) { c.in(t).checkPrivate(s, eva, bob, mallory, bot) })
	t.Run("documentation", func(t *testing.T) { c.in(t).checkPrivateDocs(s, bob, mallory, bot) })
	t.Run("a key for a token", func(t *testing.T) { c.in(t).checkExchange(anonymous, bot, mallory) })
	t.Run("audit logs", func(t *testing.T) {
		c := c.in(t)
		entries, _ := c.api(200, "api", "get", eva, "orgs/acme/audit-logs").body.([]any)
		var actions []string
		for _, e := range entries {
			action, _ := member(e, "action").(string)
			actions = append(actions, action)
		}
		for _, want := range []string{"organization.create", "organization.member.add", "organization.member.role", "key.generate", "release.publish", "docs.publish"} {
			if !strings.Contains(strings.Join(actions, " "), want) {
				t.Errorf("the log of the organization has no %s: %v", want, actions)
			}
		}
		c.api(404, "api", "get", mallory, "orgs/acme/audit-logs")
	})
	t.Run("a member leaves", func(t *testing.T) { c.in(t).checkLeaving(eva, bob) })
}

// keyOf makes a key at the path and returns its secret.
func (c *hexCore) keyOf(owner config, path, name string, permissions ...any) string {
	c.t.Helper()
	if len(permissions) == 0 {
		permissions = []any{map[string]any{"domain": "api"}, map[string]any{"domain": "repositories"}}
	}
	made := c.api(201, "api", "post", owner, path, map[string]any{"name": name, "permissions": permissions})
	secret, _ := member(made.body, "secret").(string)
	if secret == "" {
		c.t.Fatalf("the key has no secret: %v", made.body)
	}
	return secret
}

func (c *hexCore) checkMembers(eva, bob, mallory config) {
	c.t.Helper()
	orgs, _ := c.api(200, "api", "get", eva, "orgs").body.([]any)
	if len(orgs) != 1 || member(orgs[0], "name") != "acme" || member(orgs[0], "billing_active") != true {
		c.t.Errorf("organizations = %v", orgs)
	}
	if got := c.api(200, "api", "get", mallory, "orgs").body; len(got.([]any)) != 0 {
		c.t.Errorf("a stranger has organizations: %v", got)
	}
	c.api(404, "api", "get", mallory, "orgs/acme")
	c.api(404, "api", "post", mallory, "orgs/acme/members", map[string]any{"name": "mallory", "role": "admin"})

	// Atoms come as roles, as hex_core's own functions send them.
	c.api(200, "api", "post", eva, "orgs/acme/members", map[string]any{"name": "bob", "role": atom("read")})
	c.api(404, "api", "post", bob, "orgs/acme/members/bob", map[string]any{"role": atom("admin")})
	c.api(200, "api", "post", eva, "orgs/acme/members/bob", map[string]any{"role": atom("write")})
	if got := member(c.api(200, "api", "get", bob, "orgs/acme/members/bob").body, "role"); got != "write" {
		c.t.Errorf("bob's role is %v", got)
	}
	var roles []any
	members, _ := c.api(200, "api", "get", bob, "orgs/acme/members").body.([]any)
	for _, m := range members {
		roles = append(roles, member(m, "username"), member(m, "role"))
	}
	if diff := cmp.Diff([]any{"bob", "write", "eva", "admin"}, roles); diff != "" {
		c.t.Errorf("members (-want +got):\n%s", diff)
	}
	last := c.api(422, "api", "post", eva, "orgs/acme/members/eva", map[string]any{"role": atom("read")})
	if got := member(last.body, "errors"); got == nil {
		c.t.Errorf("the last administrator is demoted: %v", last.body)
	}
	mine, _ := member(c.api(200, "api_user", "me", bob).body, "organizations").([]any)
	if len(mine) != 1 || member(mine[0], "name") != "acme" {
		c.t.Errorf("bob's organizations = %v", mine)
	}
}

func (c *hexCore) checkProbes(bot, bob, mallory, anonymous config) {
	c.t.Helper()
	const probe = "auth?domain=repository&resource=acme"
	key := member(c.api(200, "api", "get", bot, probe).body, "key")
	if diff := cmp.Diff(any(map[string]any{"name": "bot", "owner": map[string]any{"type": "organization", "name": "acme"}}), key); diff != "" {
		c.t.Errorf("auth (-want +got):\n%s", diff)
	}
	if got := member(c.api(200, "api", "get", bob, probe).body, "key", "owner", "type"); got != "user" {
		c.t.Errorf("bob's key belongs to a %v", got)
	}
	c.api(403, "api", "get", mallory, probe) // good for all that he may fetch, which this is not
	c.api(401, "api", "get", anonymous, probe)
	c.api(401, "api", "get", bot, "auth?domain=api&resource=write")
	c.api(401, "api", "get", bot, "users/me")
}

// fetching returns a config for the files of acme's repository.
func fetching(from config) config {
	from = with(from, "repo_organization", "acme")
	return with(from, "repo_key", from[atom("api_key")])
}

func (c *hexCore) checkPrivate(s *server, eva, bob, mallory, bot config) {
	c.t.Helper()
	file, inner, outer := c.pack("vault", "1.0.0", "-module(vault).", nil)
	private := func(who config) config { return with(with(who, "api_repository", "acme"), "api_organization", "acme") }
	c.api(404, "api_release", "publish", private(mallory), file)
	c.api(401, "api_release", "publish", private(bot), file)
	c.api(201, "api_release", "publish", private(bob), file)
	c.api(404, "api_package", "get", eva, "vault") // not in the default repository
	c.api(404, "api_package", "get", private(mallory), "vault")
	if got := member(c.api(200, "api_release", "get", private(eva), "vault", "1.0.0").body, "checksum"); got != outer {
		c.t.Errorf("checksum = %v, want %s", got, outer)
	}
	for name, who := range map[string]config{"bob": bob, "bot": bot} {
		releases, _ := c.api(200, "repo", "get_package", fetching(who), "vault").body.([]any)
		if len(releases) != 1 || len(inner) != 64 {
			c.t.Errorf("%s fetches %v", name, releases)
		}
		if c.api(200, "repo", "get_tarball", fetching(who), "vault", "1.0.0").body != file {
			c.t.Errorf("%s fetches another tarball", name)
		}
	}
	c.api(404, "repo", "get_package", fetching(mallory), "vault")
	c.api(401, "repo", "get_package", with(fetching(bob), "repo_key", atom("undefined")), "vault")
	c.api(204, "api_release", "retire", private(bob), "vault", "1.0.0", map[string]any{"reason": "deprecated", "message": "use safe"})
	c.api(404, "api_release", "retire", private(mallory), "vault", "1.0.0", map[string]any{"reason": "other"})
	c.api(204, "api_release", "unretire", private(bob), "vault", "1.0.0")

	// The repository as the client's whole API.
	base := with(bob, "api_url", s.url+"/api/repos/acme")
	if got := member(c.api(200, "api_package", "get", base, "vault").body, "repository"); got != "acme" {
		c.t.Errorf("below /repos/acme, vault is in %v", got)
	}
	if got := member(c.api(200, "api_user", "me", base).body, "username"); got != "bob" {
		c.t.Errorf("below /repos/acme, I am %v", got)
	}
}

// docsTarball packs a documentation tarball.
func docsTarball(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for name, content := range files {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(content))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func (c *hexCore) checkPrivateDocs(s *server, bob, mallory, bot config) {
	c.t.Helper()
	secret := func(who config) string { text, _ := who[atom("api_key")].(string); return text }
	const api, file = "/api/repos/acme/packages/vault/releases/1.0.0/docs", "/repo/repos/acme/docs/vault-1.0.0.tar.gz"
	good, bad := docsTarball(c.t, map[string]string{"index.html": "<h1>vault</h1>"}), docsTarball(c.t, map[string]string{"1.0.0/index.html": "x"})
	author := s.client().With(secret(bob))
	author.Get(api).Expect(c.t, http.StatusNotFound)
	author.Do("POST", api, bad).Expect(c.t, http.StatusUnprocessableEntity)
	author.Do("POST", api, []byte("no gzip at all")).Expect(c.t, http.StatusUnprocessableEntity)
	s.client().With(secret(mallory)).Do("POST", api, good).Expect(c.t, http.StatusNotFound)
	made := author.Do("POST", api, good).Expect(c.t, http.StatusCreated)
	if len(made.Body) != 0 || made.Header.Get("Content-Type") != "" || !strings.HasPrefix(made.Header.Get("Location"), "http") {
		c.t.Errorf("uploaded: %q %v", made.Body, made.Header)
	}
	if got := member(c.api(200, "api", "get", bob, "repos/acme/packages/vault/releases/1.0.0").body, "has_docs"); got != true {
		c.t.Errorf("has_docs = %v", got)
	}
	moved := author.Get(api).Expect(c.t, http.StatusFound)
	if got := moved.Header.Get("Location"); got != s.url+file {
		c.t.Errorf("the documentation is at %s, want %s", got, s.url+file)
	}
	for _, who := range []config{bob, bot} {
		if got := s.client().With(secret(who)).Get(file).Expect(c.t, http.StatusOK).Body; !bytes.Equal(got, good) {
			c.t.Errorf("the documentation has %d bytes, not %d", len(got), len(good))
		}
	}
	s.client().With(secret(mallory)).Get(file).Expect(c.t, http.StatusNotFound)
	s.client().Get(file).Expect(c.t, http.StatusUnauthorized)
	author.Do("DELETE", api, nil).Expect(c.t, http.StatusNoContent)
	author.Get(file).Expect(c.t, http.StatusNotFound)
	author.Do("POST", api, good).Expect(c.t, http.StatusCreated)
}

// checkExchange trades a key for a short-lived token, as mix does before it fetches from an organization.
func (c *hexCore) checkExchange(anonymous, bot, mallory config) {
	c.t.Helper()
	exchange := func(status int64, key any, scope string) reply {
		c.t.Helper()
		return c.api(status, "api", "post", anonymous, "oauth/token", map[string]any{
			"grant_type": "client_credentials", "client_id": "78ea6566-89fd-481e-a1d6-7d9d78eacca8", "client_secret": key, "scope": scope,
		})
	}
	got := exchange(200, bot[atom("api_key")], "repositories")
	if member(got.body, "token_type") != "bearer" || member(got.body, "refresh_token") != nil || member(got.body, "scope") != "repository:acme" {
		c.t.Errorf("token = %v", got.body)
	}
	token, _ := member(got.body, "access_token").(string)
	c.api(200, "repo", "get_package", with(fetching(anonymous), "repo_key", "Bearer "+token), "vault")
	c.api(204, "api", "get", with(anonymous, "api_key", "Bearer "+token), "auth?domain=repository&resource=acme")
	c.api(401, "repo", "get_package", with(fetching(anonymous), "repo_key", "Bearer "+token+"x"), "vault")
	exchange(400, mallory[atom("api_key")], "repository:acme")
	exchange(401, "0123456789abcdef0123456789abcdef", "repositories")
}

func (c *hexCore) checkLeaving(eva, bob config) {
	c.t.Helper()
	c.api(200, "repo", "get_package", fetching(bob), "vault")
	c.api(204, "api", "delete", eva, "orgs/acme/members/bob")
	c.api(404, "repo", "get_package", fetching(bob), "vault")
	c.api(404, "repo", "get_tarball", fetching(bob), "vault", "1.0.0")
	c.api(404, "api", "get", bob, "repos/acme/packages/vault")
	c.api(404, "api", "get", bob, "orgs/acme/members")
	c.api(204, "api", "delete", eva, "orgs/acme/members/bob") // again
	c.api(422, "api", "delete", eva, "orgs/acme/members/eva")
}

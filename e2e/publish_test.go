package e2e

import (
	"encoding/base64"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hexhub/hex/tarball"
)

// pack makes a tarball with hex_core itself.
func (c *hexCore) pack(name, version, content string, requires map[string]string) (file any, inner, outer string) {
	c.t.Helper()
	requirements := map[string]any{}
	for pkg, requirement := range requires {
		requirements[pkg] = map[string]any{"app": pkg, "optional": false, "requirement": requirement}
	}
	made, _ := c.must("r3_hex_tarball", "create", map[string]any{
		"name": name, "version": version, "app": name, "description": "Made by hex_core.",
		"licenses": []string{"MIT"}, "links": map[string]string{}, "build_tools": []string{"rebar3"},
		"files": []string{"src/" + name + ".erl"}, "requirements": requirements,
	}, []any{tuple(charlist("src/"+name+".erl"), content)}).(map[string]any)
	sum := func(key string) string {
		var s tarball.Sum
		copy(s[:], goBytes(c.t, made[key]))
		return s.String()
	}
	return made["tarball"], sum("inner_checksum"), sum("outer_checksum")
}

// member looks into maps within maps.
func member(v any, path ...string) any {
	for _, key := range path {
		m, _ := v.(map[string]any)
		v = m[key]
	}
	return v
}

// A package goes its whole way with the client that rebar3 and mix are built on.
func TestHexCore(t *testing.T) {
	t.Parallel()
	c, s := startHexCore(t), serve(t)
	anonymous := c.config(s)

	c.api(201, "api_user", "create", anonymous, "jose", password, "jose@example.com")
	c.api(201, "api_user", "create", anonymous, "eva", password, "eva@example.com")
	basic := with(anonymous, "api_key", "Basic "+basicOf("jose"))
	made := c.api(201, "api_key", "add", basic, "ci", []any{map[string]any{"domain": "api"}})
	key, _ := member(made.body, "secret").(string)
	jose := with(anonymous, "api_key", key)
	if name := member(c.api(200, "api_user", "me", jose).body, "username"); name != "jose" {
		t.Fatalf("the key is %v's", name)
	}

	file, inner, outer := c.pack("decimal", "1.0.0", "-module(decimal).", nil)
	t.Run("publish", func(t *testing.T) {
		c := c.in(t)
		c.api(401, "api_release", "publish", anonymous, file)
		c.api(401, "api_release", "publish", with(anonymous, "api_key", "0123456789abcdef0123456789abcdef"), file)
		c.api(201, "api_release", "publish", jose, file)
		if got := member(c.api(200, "api_release", "get", jose, "decimal", "1.0.0").body, "checksum"); got != outer {
			t.Errorf("checksum = %v, want %s", got, outer)
		}
	})
	t.Run("publish to the package", func(t *testing.T) {
		c := c.in(t)
		file, _, _ := c.pack("ratio", "0.1.0", "-module(ratio).", map[string]string{"decimal": "~> 1.0"})
		route := s.client().With(key)
		route.Do("POST", "/api/packages/decimal/releases?replace=false", goBytes(t, file)).Expect(t, 422)
		route.Do("POST", "/api/packages/ratio/releases?replace=false", goBytes(t, file)).Expect(t, 201)
		got := member(c.api(200, "api_release", "get", jose, "ratio", "0.1.0").body, "requirements", "decimal", "requirement")
		if got != "~> 1.0" {
			t.Errorf("ratio requires decimal %v", got)
		}
	})
	t.Run("replace", func(t *testing.T) {
		c := c.in(t)
		file, inner, outer = c.pack("decimal", "1.0.0", "-module(decimal). % better", nil)
		replace := func(yes bool) []any { return []any{tuple(atom("replace"), yes)} }
		told := c.api(422, "api_release", "publish", jose, file, replace(false))
		if got := member(told.body, "errors", "inserted_at"); got != "must include the --replace flag to update an existing release" {
			t.Errorf("errors = %v", member(told.body, "errors"))
		}
		c.api(200, "api_release", "publish", jose, file, replace(true))
	})
	t.Run("fetch", func(t *testing.T) { c.in(t).checkFetched(anonymous, file, inner, outer) })
	t.Run("not modified", func(t *testing.T) { c.in(t).checkNotModified(anonymous) })
	t.Run("another key's signature", func(t *testing.T) { c.in(t).checkForeignKey(anonymous) })
	t.Run("retire", func(t *testing.T) { c.in(t).checkRetirement(jose) })
	t.Run("owners", func(t *testing.T) { c.in(t).checkOwners(jose, with(anonymous, "api_key", "Basic "+basicOf("eva"))) })
	t.Run("revert", func(t *testing.T) {
		c := c.in(t)
		c.api(204, "api_release", "delete", jose, "ratio", "0.1.0")
		c.api(404, "api_release", "get", jose, "ratio", "0.1.0")
		c.api(404, "repo", "get_package", anonymous, "ratio")
		c.api(404, "repo", "get_tarball", anonymous, "ratio", "0.1.0")
	})
	t.Run("revoked key", func(t *testing.T) {
		c := c.in(t)
		c.api(200, "api_key", "delete", basic, "ci")
		if got := member(c.api(401, "api_user", "me", jose).body, "message"); got != "API key revoked" {
			t.Errorf("a revoked key is told %v", got)
		}
	})
}

// checkFetched fetches as build tools do: the signed file, then the tarball that it names.
func (c *hexCore) checkFetched(config config, file any, inner, outer string) {
	c.t.Helper()
	// The client verifies the signature and what the file is about.
	got := c.api(200, "repo", "get_package", config, "decimal")
	releases, _ := got.body.([]any)
	if len(releases) != 1 {
		c.t.Fatalf("releases = %v, want one", got.body)
	}
	for key, want := range map[string]string{"inner_checksum": inner, "outer_checksum": outer} {
		var sum tarball.Sum
		copy(sum[:], goBytes(c.t, member(releases[0], key)))
		if sum.String() != want {
			c.t.Errorf("%s = %s, want %s", key, sum, want)
		}
	}
	fetched := c.api(200, "repo", "get_tarball", config, "decimal", "1.0.0")
	if fetched.body != file {
		c.t.Error("the tarball is not what was published")
	}
	opened := c.must("r3_hex_tarball", "unpack", fetched.body, atom("memory")) // which checks the inner checksum
	if got := member(opened, "metadata", "name"); got != "decimal" {
		c.t.Errorf("the tarball is of %v", got)
	}
	for _, list := range []string{"get_names", "get_versions"} {
		var names []any
		entries, _ := c.api(200, "repo", list, config).body.([]any)
		for _, e := range entries {
			names = append(names, member(e, "name"))
		}
		if diff := cmp.Diff([]any{"decimal", "ratio"}, names); diff != "" {
			c.t.Errorf("%s (-want +got):\n%s", list, diff)
		}
	}
}

func (c *hexCore) checkNotModified(config config) {
	c.t.Helper()
	for function, args := range map[string][]any{"get_package": {"decimal"}, "get_tarball": {"decimal", "1.0.0"}} {
		etag, _ := c.api(200, "repo", function, append([]any{config}, args...)...).header["etag"].(string)
		if etag == "" {
			c.t.Fatalf("%s: no etag", function)
		}
		c.api(304, "repo", function, append([]any{with(config, "http_etag", etag)}, args...)...)
		// Debian's rebar3 sends an empty one at first, which means that it has nothing.
		c.api(200, "repo", function, append([]any{with(config, "http_etag", "")}, args...)...)
	}
}

func (c *hexCore) checkForeignKey(config config) {
	c.t.Helper()
	hexpm := c.call("r3_hex_core", "default_config").(map[string]any)["repo_public_key"]
	if got := c.refused("r3_hex_repo", "get_package", with(config, "repo_public_key", hexpm), "decimal"); got != "unverified" {
		c.t.Errorf("with another key: %v, want unverified", got)
	}
	if got := c.refused("r3_hex_repo", "get_package", with(config, "repo_name", "hexpm"), "decimal"); got != "unverified" {
		c.t.Errorf("with another name: %v, want unverified", got)
	}
}

func (c *hexCore) checkRetirement(config config) {
	c.t.Helper()
	retired := func() any {
		releases, _ := c.api(200, "repo", "get_package", config, "decimal").body.([]any)
		return member(releases[0], "retired")
	}
	c.api(204, "api_release", "retire", config, "decimal", "1.0.0", map[string]any{"reason": "security", "message": "see GHSA-1"})
	want := any(map[string]any{"reason": "RETIRED_SECURITY", "message": "see GHSA-1"})
	if diff := cmp.Diff(want, retired()); diff != "" {
		c.t.Errorf("retired (-want +got):\n%s", diff)
	}
	c.api(204, "api_release", "unretire", config, "decimal", "1.0.0")
	if got := retired(); got != nil {
		c.t.Errorf("unretired, it is still %v", got)
	}
}

func (c *hexCore) checkOwners(jose, eva config) {
	c.t.Helper()
	file, _, _ := c.pack("decimal", "1.1.0", "-module(decimal).", nil)
	c.api(403, "api_release", "publish", eva, file)
	c.api(204, "api_package_owner", "add", jose, "decimal", "eva", "maintainer", false)
	c.api(201, "api_release", "publish", eva, file)
	c.api(403, "api_package_owner", "delete", eva, "decimal", "jose")
	var levels []any
	owners, _ := c.api(200, "api_package_owner", "list", jose, "decimal").body.([]any)
	for _, o := range owners {
		levels = append(levels, member(o, "username"), member(o, "level"))
	}
	if diff := cmp.Diff([]any{"eva", "maintainer", "jose", "full"}, levels); diff != "" {
		c.t.Errorf("owners (-want +got):\n%s", diff)
	}
	c.api(204, "api_package_owner", "delete", jose, "decimal", "eva")
	last := c.api(422, "api_package_owner", "delete", jose, "decimal", "jose")
	if got := member(last.body, "errors", "username"); got == nil {
		c.t.Errorf("the last owner goes: %v", last.body)
	}
}

func basicOf(username string) string {
	return base64.StdEncoding.EncodeToString([]byte(username + ":" + password))
}

package repo_test

import (
	"net/http"
	"testing"

	"hexhub/hex/name"
	"hexhub/hex/registry"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/policy"
	"hexhub/internal/kernel/blob"
)

// Everybody fetches a public policy, without the rules that are its members' own, and members the private
// one, whole; mix checks that it is what it asked for.
func TestPoliciesAreFetched(t *testing.T) {
	s := newServer(t, script, &blob.Memory{})
	key, err := registry.ParsePublicKey(s.get(t, "/public_key").Body.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path, policy string
		headers      []string
		tabs         int
	}{
		{"/repos/guild/policies/open", "open", nil, 1},
		{"/repos/guild/policies/open", "open", s.as("jose/all"), 1},
		{"/repos/guild/policies/strict", "strict", s.as("jose/all"), 2},
		{"/repos/guild/policies/strict", "strict", s.as("guild/bot"), 2},
		{"/repos/hexpm:guild/policies/strict", "strict", s.as("guild/bot"), 2},
	} {
		body := s.get(t, c.path, c.headers...).Body.Bytes()
		p, err := registry.ReadPolicy(key, body, "guild", c.policy)
		if err != nil {
			t.Fatalf("%s: %v", c.path, err)
		}
		if len(p.Repositories) != c.tabs || p.Repositories[0].Repository != "hexhub" || p.Repositories[0].Overrides[0].Package != "evil" {
			t.Errorf("%s = %+v", c.path, p)
		}
	}
}

// From the moment at which a policy becomes private or goes, strangers find nothing, whatever was cached.
func TestPoliciesAreHiddenAtOnce(t *testing.T) {
	s := newServer(t, script, &blob.Memory{})
	policies, guild, operator := policy.New(s.DB, hexhub), name.MustRepository("guild"), access.SystemActor("test")
	const path = "/repos/guild/policies/open"
	etag := s.get(t, path).Header().Get("ETag")
	if _, err := policies.Update(t.Context(), operator, guild, "open", policy.Draft{Visibility: new("private")}); err != nil {
		t.Fatal(err)
	}
	for _, headers := range [][]string{nil, {"If-None-Match", etag}} {
		if w := s.ask(path, headers...); w.Code != http.StatusUnauthorized || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("L9 private policy for a stranger = %d %v", w.Code, w.Header())
		}
		if w := s.ask(path, append(headers, s.as("eve/all")...)...); w.Code != http.StatusNotFound {
			t.Errorf("private policy for one who is no member = %d", w.Code)
		}
	}
	s.get(t, path, s.as("jose/all")...)
	if err := policies.Delete(t.Context(), operator, guild, "open"); err != nil {
		t.Fatal(err)
	}
	if w := s.ask(path, s.as("jose/all")...); w.Code != http.StatusNotFound {
		t.Errorf("deleted policy for a member = %d", w.Code)
	}
}

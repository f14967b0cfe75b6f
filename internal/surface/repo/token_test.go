package repo_test

import (
	"testing"

	"hexhub/hex/name"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/oauth"
	"hexhub/internal/kernel/blob"
)

// exchange changes a key for a token, as mix does before it fetches.
func (s *server) exchange(t testing.TB, key, scope string) string {
	t.Helper()
	tokens, err := s.oauth.Token(t.Context(), oauth.TokenRequest{
		GrantType: oauth.GrantCredentials, ClientID: oauth.HexClient, ClientSecret: s.secrets[key], Scope: scope, IP: client,
	})
	if err != nil {
		t.Fatal(err)
	}
	return tokens.Access
}

// device lets a program act for the user, as mix hex.user auth does.
func (s *server) device(t testing.TB, username string) oauth.Tokens {
	t.Helper()
	codes, err := s.oauth.StartDevice(t.Context(), oauth.DeviceStart{ClientID: oauth.HexClient, Scope: "api repositories"})
	if err != nil {
		t.Fatal(err)
	}
	u, _ := account.ByName(s.DB.View(), username)
	session, _, err := s.Accounts.StartSession(t.Context(), audit.By{}, u.ID, client.String(), "")
	if err != nil {
		t.Fatal(err)
	}
	browser := access.Actor{User: u, Via: access.Browser, Session: session.ID, IP: client}
	if err := s.oauth.Approve(t.Context(), browser, codes.UserCode, []string{"api:read", "repositories"}); err != nil {
		t.Fatal(err)
	}
	tokens, err := s.oauth.Token(t.Context(), oauth.TokenRequest{GrantType: oauth.GrantDevice, ClientID: oauth.HexClient, DeviceCode: codes.DeviceCode})
	if err != nil {
		t.Fatal(err)
	}
	return tokens
}

// A12, CVE-2026-86698: a token fetches what its user may fetch, for as long as he may; nothing else that is
// given out does.
func TestA12TokensFetch(t *testing.T) {
	s := newServer(t, script, &blob.Memory{})
	jose, eve := s.device(t, "jose"), s.device(t, "eve")
	ask := func(what, token, path string, status int) {
		t.Helper()
		if w := s.ask(path, "Authorization", "Bearer "+token); w.Code != status {
			t.Errorf("%s by %s = %d %s, want %d", path, what, w.Code, w.Body, status)
		}
	}
	exchanged := map[string]string{
		"a member's key": s.exchange(t, "jose/all", "repositories"), "an organization's key": s.exchange(t, "guild/bot", "repositories"),
		"a key for one": s.exchange(t, "jose/all", "repository:guild"), "a key for one package": s.exchange(t, "jose/all", "repository:guild/secret"),
	}
	for _, path := range []string{"/repos/guild/packages/secret", "/repos/guild/tarballs/secret-1.0.0.tar"} {
		ask("a member", jose.Access, path, 200)
		ask("a stranger", eve.Access, path, 404)
		for what, token := range exchanged {
			ask("a token of "+what, token, path, 200)
		}
		ask("a token for the api", s.exchange(t, "jose/api", "api:write"), path, 404)
		ask("a stranger's key", s.exchange(t, "eve/all", "repositories"), path, 404)
		for what, secret := range map[string]string{
			"a refresh token": jose.Refresh, "a key called a token": s.secrets["jose/all"], "another server's token": "eyJhbGciOi.x.y", "nothing": "",
		} {
			ask(what, secret, path, 401)
			ask(what, secret, "/packages/decimal", 200) // public things do not care
		}
	}
	ask("a token for one package", exchanged["a key for one package"], "/repos/guild/names", 404)
	ask("a token for one", exchanged["a key for one"], "/repos/guild/names", 200)

	u, _ := account.ByName(s.DB.View(), "jose")
	eva, _ := account.ByName(s.DB.View(), "eve")
	guild := name.MustRepository("guild")
	for _, err := range []error{s.Orgs.SetMember(t.Context(), audit.By{}, guild, eva.ID, "admin"), s.Orgs.RemoveMember(t.Context(), audit.By{}, guild, u.ID)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	ask("a former member", jose.Access, "/repos/guild/packages/secret", 404)
	ask("his key's token", exchanged["a member's key"], "/repos/guild/packages/secret", 404)
	ask("the organization's", exchanged["an organization's key"], "/repos/guild/packages/secret", 200)
	for _, session := range account.SessionsOf(s.DB.View(), u.ID) {
		if err := s.Accounts.EndSession(t.Context(), audit.By{}, u.ID, session.ID); err != nil {
			t.Fatal(err)
		}
	}
	ask("whose session was ended", jose.Access, "/repos/guild/packages/secret", 401)
	ask("whose session was ended", jose.Access, "/packages/decimal", 200)
}

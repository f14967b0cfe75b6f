package api_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"hexhub/hex/erlterm"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/oauth"
)

// A notation is how a client of the endpoints below /oauth writes and reads.
type notation struct {
	name   string
	accept string
	encode func(testing.TB, map[string]string) (body []byte, contentType string)
}

var notations = []notation{
	{"JSON", "application/json", func(t testing.TB, fields map[string]string) ([]byte, string) {
		b, err := json.Marshal(fields)
		if err != nil {
			t.Fatal(err)
		}
		return b, "application/json"
	}},
	{"terms", "application/vnd.hex+erlang", func(t testing.TB, fields map[string]string) ([]byte, string) {
		tree := map[string]any{}
		for k, v := range fields {
			tree[k] = v
		}
		b, err := erlterm.Encode(tree)
		if err != nil {
			t.Fatal(err)
		}
		return b, "application/vnd.hex+erlang"
	}},
	{"form", "", func(_ testing.TB, fields map[string]string) ([]byte, string) {
		form := url.Values{}
		for k, v := range fields {
			form.Set(k, v)
		}
		return []byte(form.Encode()), "application/x-www-form-urlencoded"
	}},
}

// ask posts fields to /oauth.
func (w *world) ask(n notation, path string, fields map[string]string, wants ...want) *httptest.ResponseRecorder {
	w.Helper()
	body, contentType := n.encode(w, fields)
	all := []want{header("Content-Type", contentType)}
	if n.accept != "" {
		all = append(all, header("Accept", n.accept))
	}
	return w.do("POST", path, body, append(all, wants...)...)
}

// refused demands an error of RFC 6749.
func (w *world) refused(rec *httptest.ResponseRecorder, status int, code string) {
	w.Helper()
	body := tree(w, rec)
	description, _ := body["error_description"].(string)
	if rec.Code != status || body["error"] != code || description == "" || rec.Header().Get("Cache-Control") != "no-store" || len(body) != 2 {
		w.Errorf("%d %s (%s), want %d %s", rec.Code, rec.Body, rec.Header().Get("Cache-Control"), status, code)
	}
}

// browser logs the user in, in sudo mode.
func (w *world) browser(user string) access.Actor {
	w.Helper()
	s, _, err := w.accounts.StartSession(w.Context(), audit.By{}, w.users[user].ID, "192.0.2.9", "Firefox")
	w.must(err)
	return access.Actor{User: w.users[user], Via: access.Browser, Session: s.ID, IP: netip.MustParseAddr("192.0.2.9")}
}

// tokens lets mix act for the user, by the device flow.
func (w *world) tokens(user, scope string) map[string]any {
	w.Helper()
	start := tree(w, w.ask(notations[0], "/oauth/device_authorization", map[string]string{"client_id": oauth.HexClient, "scope": scope, "name": "laptop"}))
	code, _ := start["user_code"].(string)
	a := w.browser(user)
	req, err := w.oauth.Request(w.Context(), code, a.User.ID, a.IP)
	w.must(err)
	w.must(w.oauth.Approve(w.Context(), a, code, req.Scopes))
	rec := w.ask(notations[0], "/oauth/token", map[string]string{
		"grant_type": oauth.GrantDevice, "client_id": oauth.HexClient, "device_code": start["device_code"].(string),
	})
	if rec.Code != http.StatusOK {
		w.Fatalf("poll: %d %s", rec.Code, rec.Body)
	}
	return tree(w, rec)
}

func bearer(token any) want { return header("Authorization", fmt.Sprint("Bearer ", token)) }

func TestDeviceFlow(t *testing.T) {
	for _, n := range notations {
		for _, prefix := range []string{"", "/repos/hexhub"} {
			t.Run(n.name+prefix, func(t *testing.T) {
				w := newWorld(t)
				rec := w.ask(n, prefix+"/oauth/device_authorization", map[string]string{"client_id": oauth.HexClient, "scope": "api repositories", "name": "laptop"})
				start := tree(t, rec)
				device, _ := start["device_code"].(string)
				code, _ := start["user_code"].(string)
				if rec.Code != 200 || len(code) != 8 || len(device) < 43 || fmt.Sprint(start["expires_in"], start["interval"]) != "600 5" ||
					start["verification_uri"] != "https://hub.test/oauth/device" || start["verification_uri_complete"] != "https://hub.test/oauth/device?user_code="+code {
					t.Errorf("%d %v", rec.Code, start)
				}
				poll := map[string]string{"grant_type": oauth.GrantDevice, "client_id": oauth.HexClient, "device_code": device}
				w.refused(w.ask(n, prefix+"/oauth/token", poll), 400, "authorization_pending")
				w.refused(w.ask(n, prefix+"/oauth/token", poll), 400, "slow_down")
				w.must(w.oauth.Approve(t.Context(), w.browser("eva"), code, []string{"api:read", "api:write", "repositories"}))
				rec = w.ask(n, prefix+"/oauth/token", poll)
				got := tree(t, rec)
				if rec.Code != 200 || got["token_type"] != "bearer" || fmt.Sprint(got["expires_in"]) != "1800" ||
					got["scope"] != "api:read api:write repository:hexhub repository:forge" || rec.Header().Get("Cache-Control") != "no-store" {
					t.Errorf("%d %v", rec.Code, got)
				}
				w.expect(200, "GET", prefix+"/users/me", nil, bearer(got["access_token"]))
				w.refused(w.ask(n, prefix+"/oauth/token", poll), 400, "invalid_grant")

				refresh := map[string]string{"grant_type": "refresh_token", "client_id": oauth.HexClient, "refresh_token": got["refresh_token"].(string)}
				// mix sends the token that has expired, and curl what a .netrc holds: neither matters here.
				next := tree(t, w.ask(n, prefix+"/oauth/token", refresh, bearer("hha_expired")))
				if next["refresh_token"] == got["refresh_token"] || next["access_token"] == got["access_token"] {
					t.Errorf("refreshed: %v", next)
				}
				sum := sha256.Sum256([]byte(next["refresh_token"].(string)))
				for path, fields := range map[string]map[string]string{
					"/oauth/revoke_by_hash": {"token_hash": fmt.Sprintf("%x", sum)},
					"/oauth/revoke":         {"client_id": oauth.HexClient, "token": next["access_token"].(string)},
				} {
					for range 2 {
						if rec := w.ask(n, prefix+path, fields, basic("jose", "nonsense")); rec.Code != 200 || rec.Body.Len() > 0 || rec.Header().Get("Content-Type") != "" {
							t.Errorf("%s: %d %q", path, rec.Code, rec.Body)
						}
					}
				}
				rec = w.do("GET", prefix+"/users/me", nil, bearer(next["access_token"]))
				if rec.Code != 401 || rec.Header().Get("WWW-Authenticate") != `Bearer realm="hex", error="token_expired"` || tree(t, rec)["message"] != "invalid API key" {
					t.Errorf("revoked: %d %v %s", rec.Code, rec.Header(), rec.Body)
				}
			})
		}
	}
}

func TestExchangeOfKeys(t *testing.T) {
	for _, n := range notations {
		t.Run(n.name, func(t *testing.T) {
			w := newWorld(t)
			key := w.key("eva", "ci", access.Permission{Domain: "repositories"})
			fields := map[string]string{"grant_type": "client_credentials", "client_id": oauth.HexClient, "client_secret": key, "scope": "repositories"}
			rec := w.ask(n, "/oauth/token", fields)
			got := tree(t, rec)
			if _, refresh := got["refresh_token"]; rec.Code != 200 || refresh || got["scope"] != "repository:hexhub repository:forge" || got["token_type"] != "bearer" {
				t.Errorf("%d %v", rec.Code, got)
			}
			// What mix asks of its key, its token is answered alike.
			w.expect(204, "GET", "/auth?domain=repository&resource=forge", nil, bearer(got["access_token"]))
			w.expect(401, "GET", "/auth?domain=repository&resource=absent", nil, bearer(got["access_token"]))
			w.expect(401, "GET", "/auth?domain=api", nil, bearer(got["access_token"]))
			w.expect(401, "GET", "/users/me", nil, bearer(got["access_token"]))
			w.expect(401, "POST", "/keys", map[string]any{"name": "x"}, bearer(got["access_token"]))

			fields["scope"] = "repository:absent"
			w.refused(w.ask(n, "/oauth/token", fields), 400, "invalid_scope")
			fields["client_secret"] = strings.Repeat("0", 32)
			w.refused(w.ask(n, "/oauth/token", fields), 401, "invalid_client")
			if rec := w.ask(n, "/oauth/token", fields); rec.Header().Get("WWW-Authenticate") != "" {
				t.Error("a bad key is challenged as if it were a login")
			}
			delete(fields, "client_secret")
			w.refused(w.ask(n, "/oauth/token", fields), 400, "invalid_request")
			delete(fields, "client_id")
			w.refused(w.ask(n, "/oauth/token", fields), 401, "invalid_client")
			delete(fields, "grant_type")
			w.refused(w.ask(n, "/oauth/token", fields), 400, "invalid_request")
			w.refused(w.ask(n, "/oauth/token", map[string]string{"grant_type": "password", "username": "jose", "password": password}), 400, "unsupported_grant_type")
			w.refused(w.ask(n, "/oauth/token", nil), 400, "invalid_request")
		})
	}
}

// A9: what came twice, or in the address, or as something else than text, is not chosen from.
func TestA9DoubledFieldsAreRefused(t *testing.T) {
	w := newWorld(t)
	key := w.key("jose", "ci", access.Permission{Domain: "api", Resource: "read"})
	form := header("Content-Type", "application/x-www-form-urlencoded")
	base := "grant_type=client_credentials&client_id=" + oauth.HexClient + "&client_secret=" + key
	w.refused(w.do("POST", "/oauth/token", base+"&scope=api:read&scope=api:write", form), 400, "invalid_request")
	for _, more := range []string{"", "&scope=", "&scope[]=api", "&Scope=api"} {
		if rec := w.do("POST", "/oauth/token", base+more, form); rec.Code != 200 || tree(t, rec)["scope"] != "api:read" {
			t.Errorf("without a scope, but with %q: %d %s", more, rec.Code, rec.Body)
		}
	}
}

func TestBodiesThatAreNoneAreRefused(t *testing.T) {
	w := newWorld(t)
	for what, c := range map[string]struct{ body, contentType string }{
		"JSON cut short":    {`{"grant_type":`, "application/json"},
		"JSON key twice":    {`{"scope":"api:read","scope":"api"}`, "application/json"},
		"JSON list":         {`{"scope":["api:read","api"]}`, "application/json"},
		"terms cut short":   {"\x83t\x00", "application/vnd.hex+erlang"},
		"compressed terms":  {"\x83P\x00\x00\x00\x01x", "application/vnd.hex+erlang"},
		"form that is none": {"grant_type=%zz", "application/x-www-form-urlencoded"},
	} {
		t.Run(what, func(t *testing.T) {
			w.TB = t
			for _, path := range []string{"/oauth/token", "/oauth/device_authorization", "/oauth/revoke", "/oauth/revoke_by_hash"} {
				w.refused(w.do("POST", path, c.body, header("Content-Type", c.contentType)), 400, "invalid_request")
			}
		})
	}
	w.TB = t
	w.expect(404, "GET", "/oauth/token", nil)
	// Secrets have no place in an address.
	query := url.Values{"grant_type": {"client_credentials"}, "client_id": {oauth.HexClient}, "client_secret": {w.keys["jose"]}, "scope": {"api"}}
	w.refused(w.do("POST", "/oauth/token?"+query.Encode(), nil), 400, "invalid_request")
}

// The endpoints share the throttle of the anonymous, whoever says he is calling.
func TestOAuthIsThrottled(t *testing.T) {
	w := newWorld(t)
	for i := range 100 {
		if rec := w.ask(notations[0], "/oauth/token", nil, w.as("jose")); rec.Code != 400 {
			t.Fatalf("request %d: %d", i, rec.Code)
		}
	}
	rec := w.ask(notations[0], "/oauth/token", nil, w.as("jose"))
	if rec.Code != 429 || tree(t, rec)["message"] != "API rate limit exceeded for IP 192.0.2.1" {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
}

// A12, CVE-2026-86698: of all that is given out, only an access token opens anything.
func TestA12OnlyAccessTokensAreBearers(t *testing.T) {
	w := newWorld(t)
	tokens := w.tokens("jose", "api repositories")
	start := tree(t, w.ask(notations[0], "/oauth/device_authorization", map[string]string{"client_id": oauth.HexClient, "scope": "api"}))
	for what, secret := range map[string]any{
		"refresh token": tokens["refresh_token"], "device code": start["device_code"], "user code": start["user_code"], "key": w.keys["jose"],
		"JWT without a signature": base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + ".e30.",
	} {
		rec := w.do("GET", "/packages", nil, bearer(secret))
		if rec.Code != 401 || rec.Header().Get("WWW-Authenticate") != "Basic realm=hex" {
			t.Errorf("%s: %d %v", what, rec.Code, rec.Header())
		}
	}
	w.expect(200, "GET", "/packages", nil, bearer(tokens["access_token"]))
}

// A22: the one header has one spelling.
func TestA22BearerHasOneSpelling(t *testing.T) {
	w := newWorld(t)
	token := fmt.Sprint(w.tokens("jose", "api")["access_token"])
	for what, c := range map[string]struct {
		headers []string
		status  int
	}{
		"as it should be": {[]string{"Bearer " + token}, 200},
		"small letters":   {[]string{"bearer " + token}, 401},
		"capitals":        {[]string{"BEARER " + token}, 401},
		"two spaces":      {[]string{"Bearer  " + token}, 401},
		"a tab":           {[]string{"Bearer\t" + token}, 401},
		"no scheme":       {[]string{token}, 401},
		"space at end":    {[]string{"Bearer " + token + " "}, 401},
		"two of them":     {[]string{"Bearer " + token, "Bearer " + token}, 400},
		"with a key":      {[]string{"Bearer " + token, w.keys["eva"]}, 400},
		"joined":          {[]string{"Bearer " + token + ", " + w.keys["eva"]}, 401},
		"a megabyte":      {[]string{"Bearer " + strings.Repeat("a", 1<<20)}, 401},
		"Cyrillic":        {[]string{"Веаrer " + token}, 401},
		"unknown scheme":  {[]string{"Token " + token}, 401},
	} {
		rec := w.do("GET", "/users/me", nil, func(r *http.Request) { r.Header["Authorization"] = c.headers })
		if rec.Code != c.status {
			t.Errorf("%s: %d, want %d", what, rec.Code, c.status)
		}
	}
}

// Whoever shows a token counts as its user.
func TestBearersAreCountedAsTheirUser(t *testing.T) {
	w := newWorld(t)
	rec := w.expect(200, "GET", "/users/me", nil, bearer(w.tokens("jose", "api")["access_token"]))
	if rec.Header().Get("X-Ratelimit-Limit") != "500" {
		t.Errorf("limits: %v", rec.Header())
	}
}

func TestTokensPublishAndManage(t *testing.T) {
	w := newWorld(t)
	token := bearer(w.tokens("jose", "api")["access_token"])
	w.expect(201, "POST", "/packages/plug/releases", pack(t, "plug", "1.0.0"), token)
	w.expect(204, "PUT", "/packages/plug/owners/eva", nil, token)
	rec := w.expect(201, "POST", "/keys", map[string]any{"name": "ci"}, token)
	made := tree(t, rec)
	if made["authing_key"] != false || len(fmt.Sprint(made["secret"])) != 32 {
		t.Errorf("key = %v", made)
	}
	w.expect(204, "DELETE", "/keys", nil, token) // it is no key of its own
	w.expect(401, "GET", "/users/me", nil, header("Authorization", fmt.Sprint(made["secret"])))

	read := bearer(w.tokens("jose", "api:read")["access_token"])
	for _, c := range []struct {
		method, path string
		body         any
	}{
		{"POST", "/packages/plug/releases", pack(t, "plug", "1.1.0")},
		{"POST", "/keys", map[string]any{"name": "ci"}},
		{"PUT", "/packages/plug/owners/bob", nil},
		{"DELETE", "/packages/plug/releases/1.0.0", nil},
	} {
		rec := w.expect(401, c.method, c.path, c.body, read)
		if tree(t, rec)["message"] != "key not authorized for this action" {
			t.Errorf("%s %s: %s", c.method, c.path, rec.Body)
		}
	}
}

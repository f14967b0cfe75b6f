package api_test

import (
	"encoding/hex"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hexhub/hex/erlterm"
)

func TestFormatIsWhatWasAskedFor(t *testing.T) {
	const asJSON, asTerms = "application/json; charset=utf-8", "application/vnd.hex+erlang; charset=utf-8"
	w := newWorld(t)
	for _, c := range []struct {
		accept, query string
		status        int
		want          string
	}{
		{"", "", 200, asJSON},
		{"*/*", "", 200, asJSON},
		{"application/json", "", 200, asJSON},
		{"application/vnd.hex+json", "", 200, asJSON},
		{"application/vnd.hex.beta+json", "", 200, asJSON},
		{"application/problem+json", "", 200, asJSON},
		{"application/vnd.hex+erlang", "", 200, asTerms},
		{"application/vnd.hex+erlang; charset=utf-8", "", 200, asTerms},
		{"application/vnd.hex.v2+erlang", "", 200, asTerms},
		{"text/html, application/vnd.hex+erlang, application/json", "", 200, asTerms},
		{"application/json;q=0, application/vnd.hex+erlang", "", 200, asTerms},
		{"text/html, */*;q=0.8", "", 200, asJSON},
		{"text/html", "", 406, asJSON},
		{"application/vnd.hex+elixir", "", 406, asJSON},
		{"application/vnd.hex.+erlang", "", 406, asJSON},
		{"application/vnd.hex+erlang", "?_format=json", 200, asJSON},
		{"text/html", "?_format=erlang", 200, asTerms},
		{"", "?_format=elixir", 406, asJSON},
	} {
		rec := w.do("GET", "/repos"+c.query, nil, header("Accept", c.accept))
		if got := rec.Header().Get("Content-Type"); rec.Code != c.status || got != c.want {
			t.Errorf("Accept %q %s: %d %s, want %d %s", c.accept, c.query, rec.Code, got, c.status, c.want)
		}
	}
}

// hex_core reads an empty body as terms, and fails, if the answer says that it is terms.
func TestAnswersWithoutBodyHaveNoContentType(t *testing.T) {
	w := newWorld(t)
	w.publish("jose", "", "decimal", "1.0.0")
	etag := w.do("GET", "/packages/decimal", nil).Header().Get("ETag")
	for _, rec := range []*httptest.ResponseRecorder{
		w.expect(204, "POST", "/packages/decimal/retire", map[string]any{"reason": "other"}, w.as("jose"), inTerms),
		w.expect(204, "DELETE", "/packages/decimal/releases/1.0.0/retire", nil, w.as("jose"), inTerms),
		w.expect(204, "PUT", "/packages/decimal/owners/eva", nil, w.as("jose"), inTerms, header("Content-Type", "application/vnd.hex+erlang")),
		w.expect(204, "DELETE", "/packages/decimal/owners/eva", nil, w.as("jose"), inTerms),
		w.expect(304, "GET", "/packages/decimal", nil, inTerms, header("If-None-Match", "*")),
		w.expect(204, "DELETE", "/keys", nil, basic("bob", password), inTerms),
	} {
		if rec.Body.Len() != 0 || rec.Header().Get("Content-Type") != "" {
			t.Errorf("%d has %d bytes of %q", rec.Code, rec.Body.Len(), rec.Header().Get("Content-Type"))
		}
	}
	if etag == w.do("GET", "/packages/decimal", nil).Header().Get("ETag") {
		t.Error("retiring and unretiring left the package's ETag as it was")
	}
}

func TestEveryValidatorMustSayFresh(t *testing.T) {
	w := newWorld(t)
	w.publish("jose", "", "decimal", "1.0.0")
	first := w.expect(200, "GET", "/packages/decimal/releases/1.0.0", nil)
	etag, modified := first.Header().Get("ETag"), first.Header().Get("Last-Modified")
	if !regexp.MustCompile(`^[0-9a-f]{32}$`).MatchString(etag) || !strings.HasSuffix(modified, " GMT") {
		t.Fatalf("ETag %q, Last-Modified %q", etag, modified)
	}
	const long, soon = "Sat, 01 Jan 2000 00:00:00 GMT", "Fri, 01 Jan 2100 00:00:00 GMT"
	for _, c := range []struct {
		name   string
		header http.Header
		status int
	}{
		{"none", http.Header{}, 200},
		{"bare", http.Header{"If-None-Match": {etag}}, 304},
		{"quoted", http.Header{"If-None-Match": {`"` + etag + `"`}}, 304},
		{"in a list", http.Header{"If-None-Match": {"x, " + etag}}, 304},
		{"star", http.Header{"If-None-Match": {"*"}}, 304},
		{"another", http.Header{"If-None-Match": {"x"}}, 200},
		{"empty, as old rebar3 sends it", http.Header{"If-None-Match": {""}}, 200},
		{"since then", http.Header{"If-Modified-Since": {modified}}, 304},
		{"since later", http.Header{"If-Modified-Since": {soon}}, 304},
		{"since long", http.Header{"If-Modified-Since": {long}}, 200},
		{"since nonsense", http.Header{"If-Modified-Since": {"yesterday"}}, 200},
		{"both fresh", http.Header{"If-None-Match": {etag}, "If-Modified-Since": {modified}}, 304},
		{"tag stale", http.Header{"If-None-Match": {"x"}, "If-Modified-Since": {modified}}, 200},
		{"time stale", http.Header{"If-None-Match": {etag}, "If-Modified-Since": {long}}, 200},
		{"empty tag, time fresh", http.Header{"If-None-Match": {""}, "If-Modified-Since": {modified}}, 200},
	} {
		rec := w.do("GET", "/packages/decimal/releases/1.0.0", nil, func(r *http.Request) {
			maps.Copy(r.Header, c.header)
		})
		if rec.Code != c.status || rec.Code == 304 && (rec.Body.Len() > 0 || rec.Header().Get("ETag") != etag) {
			t.Errorf("%s: %d with %d bytes, want %d", c.name, rec.Code, rec.Body.Len(), c.status)
		}
	}
}

func TestErrorsAreWhatClientsMatch(t *testing.T) {
	w := newWorld(t)
	w.publish("jose", "", "decimal", "1.0.0")
	w.keys["reader"] = w.key("jose", "reader", readAPI)
	w.keys["fetcher"] = w.key("jose", "fetcher", fetchAll)
	for _, c := range []struct {
		name, method, path string
		body               any
		as                 want
		status             int
		message            any
		challenge          string
	}{
		{"no credentials", "GET", "/users/me", nil, nil, 401, "missing authentication information", "Basic realm=hex"},
		{"no credentials to write", "DELETE", "/packages/decimal/releases/1.0.0", nil, nil, 401, "missing authentication information", "Basic realm=hex"},
		{"bad key on a public page", "GET", "/packages/decimal", nil, header("Authorization", "0123"), 401, "invalid API key", "Basic realm=hex"},
		{"bearer", "GET", "/packages/decimal", nil, header("Authorization", "Bearer x"), 401, "invalid API key", "Basic realm=hex"},
		{"broken Basic", "GET", "/packages/decimal", nil, header("Authorization", "Basic !"), 401, "invalid authentication information", "Basic realm=hex"},
		{"wrong password", "GET", "/users/me", nil, basic("jose", "wrong"), 401, "invalid username and password combination", "Basic realm=hex"},
		{"key lacks permission", "PUT", "/packages/decimal/owners/eva", nil, w.as("reader"), 401, "key not authorized for this action", "Basic realm=hex"},
		{"key lacks the API", "GET", "/users/me", nil, w.as("fetcher"), 401, "key not authorized for this action", "Basic realm=hex"},
		{"not an owner", "PUT", "/packages/decimal/owners/bob", nil, w.as("bob"), 403, "account not authorized for this action", ""},
		{"anonymous may not retire", "POST", "/packages/decimal/retire", map[string]any{"reason": "other"}, nil, 403, "account not authorized for this action", ""},
		{"bad version", "GET", "/packages/decimal/releases/1.0", nil, nil, 400, "invalid version: 1.0", ""},
		{"no domain", "GET", "/auth", nil, w.as("jose"), 400, `missing required parameters: "domain"`, ""},
		{"unknown route", "GET", "/nothing", nil, nil, 404, "Page not found", ""},
		{"unknown method", "PATCH", "/packages/decimal", nil, nil, 404, "Page not found", ""},
		{"unknown package", "GET", "/packages/absent", nil, nil, 404, "Page not found", ""},
		{"no package name", "GET", "/packages/..%2Fx", nil, nil, 404, "Page not found", ""},
		{"broken JSON", "POST", "/keys", json.RawMessage(`{"name":`), nil, 400, "Bad request", ""},
		{"not acceptable", "GET", "/repos", nil, header("Accept", "text/html"), 406, nil, ""},
		{
			"two credentials", "GET", "/repos", nil, func(r *http.Request) { r.Header["Authorization"] = []string{"a", "b"} }, 400,
			"Bad request: send one Authorization header, not 2", "",
		},
		{"no key name", "POST", "/keys", map[string]any{}, w.as("jose"), 422, "Validation error(s)", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			wants := []want{}
			if c.name == "broken JSON" {
				wants = append(wants, w.as("jose"), header("Content-Type", "application/json"))
				c.body = `{"name":`
			}
			if c.as != nil {
				wants = append(wants, c.as)
			}
			rec := w.expect(c.status, c.method, c.path, c.body, wants...)
			got := tree(t, rec)
			if got["message"] != c.message || got["status"] != float64(c.status) {
				t.Errorf("%v, want %d %v", got, c.status, c.message)
			}
			if challenge := rec.Header().Get("WWW-Authenticate"); challenge != c.challenge {
				t.Errorf("challenge %q, want %q", challenge, c.challenge)
			}
		})
	}
}

// Bodies of all kinds arrive as the same fields, whatever Erlang release wrote them.
func TestBodiesDecodeAlike(t *testing.T) {
	w := newWorld(t)
	terms, err := erlterm.Encode(map[string]any{"name": "ci", "permissions": []any{map[string]any{"domain": "api", "resource": nil}}})
	w.must(err)
	utf8Nil := strings.Replace(string(terms), "d\x00\x03nil", "w\x03nil", 1)
	if utf8Nil == string(terms) {
		t.Fatal("the encoder spells nil in another way than this test believes")
	}
	for contentType, body := range map[string]string{
		"application/vnd.hex+erlang":                string(terms),
		"application/vnd.hex+erlang; charset=utf-8": utf8Nil,
		"application/vnd.hex.beta+erlang":           string(terms),
		"application/json":                          `{"name":"ci","permissions":[{"domain":"api","resource":null}]}`,
		"application/vnd.hex+json":                  `{"name":"ci","permissions":[{"domain":"api"}]}`,
		"application/x-www-form-urlencoded":         "name=ci",
	} {
		rec := w.expect(201, "POST", "/keys", body, w.as("jose"), header("Content-Type", contentType))
		got := tree(t, rec)
		if d := cmp.Diff([]any{map[string]any{"domain": "api", "resource": nil}}, got["permissions"]); d != "" || !strings.HasPrefix(got["name"].(string), "ci") {
			t.Errorf("%s: %v %s", contentType, got, d)
		}
		if secret, _ := got["secret"].(string); len(secret) != 32 || rec.Header().Get("Cache-Control") != "max-age=0, private, must-revalidate" {
			t.Errorf("%s: secret of %d characters, cache-control %q", contentType, len(secret), rec.Header().Get("Cache-Control"))
		}
	}
	w.expect(415, "POST", "/keys", "name: ci", w.as("jose"), header("Content-Type", "text/plain"))
	w.expect(413, "POST", "/keys", `{"name":"`+strings.Repeat("x", 8_000_000)+`"}`, w.as("jose"), header("Content-Type", "application/json"))
}

func TestHostileBodiesAreRefusedAtTheDoor(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct{ contentType, body string }{
		"E1 compressed term":       {"application/vnd.hex+erlang", "8350ffffffff789c"},
		"E2 function":              {"application/vnd.hex+erlang", "837000000010"},
		"E3 list longer than body": {"application/vnd.hex+erlang", "836cffffffff61"},
		"E4 deep term":             {"application/vnd.hex+erlang", "83" + strings.Repeat("6c00000001", 100_000)},
		"E5 duplicate keys":        {"application/vnd.hex+erlang", "8374000000026d0000000161610 16d000000016161 02"},
		"E5 duplicate JSON keys":   {"application/json", hex.EncodeToString([]byte(`{"name":"a","name":"b"}`))},
		"E4 deep JSON":             {"application/json", hex.EncodeToString([]byte(strings.Repeat("[", 9000)))},
		"E3 wide JSON":             {"application/json", hex.EncodeToString([]byte("[" + strings.Repeat("0,", 200_000) + "0]"))},
		"E7 two JSON values":       {"application/json", hex.EncodeToString([]byte(`{} {}`))},
		"E11 JSON in Latin-1":      {"application/json", hex.EncodeToString([]byte("{\"name\":\"\xe9\"}"))},
	} {
		t.Run(name, func(t *testing.T) {
			body, err := hex.DecodeString(strings.ReplaceAll(c.body, " ", ""))
			w.must(err)
			got := tree(t, w.expect(400, "POST", "/keys", body, w.as("jose"), header("Content-Type", c.contentType)))
			if got["message"] != "Bad request" {
				t.Errorf("message = %v", got["message"])
			}
		})
	}
}

func TestCachesAreToldWhoMayKeepWhat(t *testing.T) {
	w := newWorld(t)
	w.publish("jose", "", "decimal", "1.0.0")
	w.publish("eva", "/repos/forge", "vault", "1.0.0")
	const public, private, none, never = "public, max-age=60", "private, max-age=60", "max-age=0, private, must-revalidate", "no-store"
	for _, c := range []struct {
		path string
		as   string
		want string
	}{
		{"/packages", "", public},
		{"/packages", "eva", private},
		{"/packages/decimal", "", public},
		{"/packages/decimal", "eva", public},
		{"/packages/decimal/releases/1.0.0", "", public},
		{"/repos/forge/packages/vault", "eva", private},
		{"/repos/forge/packages", "eva", private},
		{"/repos/forge/packages/vault/releases/1.0.0", "eva", private},
		{"/repos", "", public},
		{"/repos", "eva", private},
		{"/repos/hexhub", "eva", public},
		{"/repos/forge", "eva", private},
		{"/users/me", "eva", private},
		{"/users/bob", "", private},
		{"/keys", "eva", private},
		{"/packages/decimal/owners", "", private},
		{"/users/me/audit-logs", "eva", none},
		{"/packages/absent", "", never},
		{"/users/me", "", never},
	} {
		rec := w.do("GET", c.path, nil, header("Authorization", w.keys[c.as]))
		if got := rec.Header().Get("Cache-Control"); got != c.want {
			t.Errorf("%s as %q: %q, want %q", c.path, c.as, got, c.want)
		}
		if vary := rec.Header().Get("Vary"); c.want != never && vary != "accept, accept-encoding, authorization" {
			t.Errorf("%s: Vary %q", c.path, vary)
		}
	}
}

package api_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hexhub/hex/erlterm"
)

func nobody(*http.Request) {}

var strict = map[string]any{
	"name": "strict", "description": "What we build upon.", "visibility": "public", "id": "mine", "organization": "hexhub", // Z10
	"repositories": []any{
		map[string]any{"repository": "forge", "cooldown": "0", "overrides": []any{map[string]any{"action": "allow", "package": "vault"}}},
		map[string]any{
			"repository": "hexhub", "cooldown": "7d", "advisory_min_severity": "high", "retirement_reasons": []any{"security", "invalid"},
			"overrides": []any{map[string]any{"action": "deny", "package": "evil", "requirement": "< 2.0.0"}},
		},
	},
}

// shown is how strict looks to a member, without its times.
const shown = `{"name":"strict","description":"What we build upon.","visibility":"public","url":"https://hub.test/api/orgs/forge/policies/strict",
	"file_url":"https://hub.test/repo/repos/forge/policies/strict","repositories":[
	{"repository":"hexhub","cooldown":"7d","advisory_min_severity":"high","retirement_reasons":["invalid","security"],
	 "overrides":[{"action":"deny","package":"evil","requirement":"< 2.0.0"}]},
	{"repository":"forge","cooldown":"0","advisory_min_severity":null,"retirement_reasons":[],
	 "overrides":[{"action":"allow","package":"vault","requirement":null}]}]}`

// looks demands that an answer is the tree, but for its times.
func looks(t *testing.T, rec *httptest.ResponseRecorder, want string) {
	t.Helper()
	got := tree(t, rec)
	delete(got, "inserted_at")
	delete(got, "updated_at")
	var tree map[string]any
	if err := json.Unmarshal([]byte(want), &tree); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(tree, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestPoliciesInBothFormats(t *testing.T) {
	w := newWorld(t)
	body, err := erlterm.Encode(strict)
	w.must(err)
	for name, send := range map[string]func(method, path string, status int) *httptest.ResponseRecorder{
		"JSON": func(method, path string, status int) *httptest.ResponseRecorder {
			return w.expect(status, method, path, strict, w.as("eva"))
		},
		"terms": func(method, path string, status int) *httptest.ResponseRecorder {
			return w.expect(status, method, path, body, w.as("eva"), inTerms, header("Content-Type", "application/vnd.hex+erlang"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			rec := send("POST", "/orgs/forge/policies", 201)
			if got := rec.Header().Get("Location"); got != "https://hub.test/api/orgs/forge/policies/strict" {
				t.Errorf("Location = %s", got)
			}
			looks(t, rec, shown)
			looks(t, send("PUT", "/orgs/forge/policies/strict", 200), shown)
			looks(t, send("GET", "/orgs/forge/policies/strict", 200), shown)
			if errs := tree(t, send("POST", "/orgs/forge/policies", 422))["errors"].(map[string]any); errs["name"] != "has already been taken" {
				t.Errorf("errors = %v", errs)
			}
			rec = send("DELETE", "/orgs/forge/policies/strict", 204)
			if rec.Body.Len() > 0 || rec.Header().Get("Content-Type") != "" {
				t.Errorf("delete: %q %v", rec.Body, rec.Header())
			}
			send("GET", "/orgs/forge/policies/strict", 404)
			send("PUT", "/orgs/forge/policies/strict", 404)
			send("DELETE", "/orgs/forge/policies/strict", 404)
		})
	}
}

// Signed files number severities and reasons, and so may whoever writes them by hand.
func TestPoliciesTakeNumbers(t *testing.T) {
	w := newWorld(t)
	body := map[string]any{"name": "strict", "visibility": "private", "repositories": []any{
		map[string]any{"repository": "hexpm", "advisory_min_severity": 0, "retirement_reasons": []any{1, 4}},
	}}
	rec := w.expect(201, "POST", "/orgs/forge/policies", body, w.as("eva"))
	tab := tree(t, rec)["repositories"].([]any)[0].(map[string]any)
	if diff := cmp.Diff([]any{"none", []any{"invalid", "renamed"}}, []any{tab["advisory_min_severity"], tab["retirement_reasons"]}); diff != "" {
		t.Error(diff)
	}
}

// What is not spoken of stays.
func TestPoliciesAreUpdatedInPart(t *testing.T) {
	w := newWorld(t)
	w.expect(201, "POST", "/orgs/forge/policies", strict, w.as("eva"))
	looks(t, w.expect(200, "PUT", "/orgs/forge/policies/strict", map[string]any{}, w.as("eva")), shown)
	rec := w.expect(200, "PUT", "/orgs/forge/policies/strict", map[string]any{"visibility": "private", "repositories": []any{}}, w.as("eva"))
	looks(t, rec, `{"name":"strict","description":"What we build upon.","visibility":"private","repositories":[],
		"url":"https://hub.test/api/orgs/forge/policies/strict","file_url":"https://hub.test/repo/repos/forge/policies/strict"}`)
}

func TestPoliciesAreReadByMembersAndPublicOnesByAll(t *testing.T) {
	w := newWorld(t)
	w.expect(201, "POST", "/orgs/forge/policies", strict, w.as("eva"))
	w.expect(201, "POST", "/orgs/forge/policies", map[string]any{"name": "hidden", "visibility": "private"}, w.as("eva"))
	w.keys["fetcher"] = w.key("eva", "fetcher", fetchAll)
	for _, c := range []struct {
		name         string
		as           want
		list, hidden int
		tabs         int // that are seen of the public one
	}{
		{"anonymous", nobody, 401, 401, 1},
		{"stranger", w.as("bob"), 404, 404, 1},
		{"member", w.as("eva"), 200, 200, 2},
		{"member, by a key that may not read", w.as("fetcher"), 401, 401, 1},
	} {
		w.expect(c.list, "GET", "/orgs/forge/policies", nil, c.as)
		w.expect(c.hidden, "GET", "/orgs/forge/policies/hidden", nil, c.as)
		if c.hidden == 200 {
			c.hidden = 404
		}
		w.expect(c.hidden, "GET", "/orgs/forge/policies/absent", nil, c.as)
		rec := w.do("GET", "/orgs/forge/policies/strict", nil, c.as)
		if tabs := tree(t, rec)["repositories"].([]any); rec.Code != 200 || len(tabs) != c.tabs {
			t.Errorf("%s sees of the public policy: %d %v", c.name, rec.Code, tabs)
		}
	}
	member, stranger := w.do("GET", "/orgs/forge/policies/strict", nil, w.as("eva")), w.do("GET", "/orgs/forge/policies/strict", nil, w.as("bob"))
	if member.Header().Get("ETag") == stranger.Header().Get("ETag") {
		t.Error("L9 members and strangers have the same entity tag for different policies")
	}
	for method, path := range map[string]string{"POST": "/orgs/forge/policies", "PUT": "/orgs/forge/policies/strict", "DELETE": "/orgs/forge/policies/strict"} {
		w.expect(404, method, path, strict, w.as("bob"))
		w.expect(401, method, path, strict)
	}
}

// Errors are texts by field, never lists.
func TestWrongPoliciesAreToldByField(t *testing.T) {
	w := newWorld(t)
	for want, body := range map[string]any{
		`{"name":"can't be blank","visibility":"can't be blank"}`: map[string]any{},
		`{"name":"expected type string"}`:                         map[string]any{"name": []any{"a"}},
		`{"repositories":"expected type list(map)"}`:              map[string]any{"repositories": map[string]any{"hexhub": true}},
		`{"repositories":{"hexhub":{"advisory_min_severity":"is invalid","retirement_reasons":"is invalid"}}}`: map[string]any{"repositories": []any{
			map[string]any{"repository": "hexhub", "advisory_min_severity": 5, "retirement_reasons": []any{1.5}},
		}},
		`{"repositories":{"hexhub":{"overrides":"expected type list(map)"}}}`:   map[string]any{"repositories": []any{map[string]any{"repository": "hexhub", "overrides": []any{"evil"}}}},
		`{"repositories":{"repository":{"repository":"expected type string"}}}`: map[string]any{"repositories": []any{map[string]any{"repository": 1}}},
		`{"repositories":{"other":"must be one of hexhub, hexpm, forge"}}`:      map[string]any{"name": "abc", "visibility": "public", "repositories": []any{map[string]any{"repository": "other"}}},
		`{"repositories":{"hexhub":{"overrides":{"evil":{"action":"is invalid"}}}}}`: map[string]any{"name": "abc", "visibility": "public", "repositories": []any{
			map[string]any{"repository": "hexhub", "overrides": []any{map[string]any{"package": "evil", "action": "maim"}}},
		}},
	} {
		rec := w.expect(422, "POST", "/orgs/forge/policies", body, w.as("eva"))
		got, err := json.Marshal(tree(t, rec)["errors"])
		w.must(err)
		if string(got) != want {
			t.Errorf("errors = %s, want %s", got, want)
		}
	}
}

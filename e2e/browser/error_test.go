package browser

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"hexhub/internal/hubtest"
)

// refusals are requests that come to nothing, one way or another.
var refusals = []struct {
	status            int
	who, method, path string
	form              url.Values
}{
	{400, "anonymous", "GET", "/oauth/authorize?client_id=nobody", nil},
	{403, "mia", "POST", "/packages/decimal/owners", url.Values{"deed": {"add"}, "username": {"wim"}, "level": {"full"}}},
	{404, "anonymous", "GET", "/nothing", nil},
	{404, "anonymous", "GET", "/docs/nothing", nil},
	{404, "anonymous", "GET", "/users/nobody", nil},
	{404, "mia", "GET", "/packages/guild/vault", nil},
	{404, "pat", "GET", "/admin/jobs", nil},
	{404, "anonymous", "PUT", "/packages/decimal", nil},
	{404, "anonymous", "POST", "/packages", url.Values{"search": {"x"}}},
	{409, "anonymous", "GET", "/setup/unknown", nil},
	{410, "anonymous", "GET", "/packages/decimal/3.0.0", nil},
	{413, "pat", "POST", "/dashboard/profile", url.Values{"full_name": {strings.Repeat("x", 70_000)}}},
	{422, "anonymous", "POST", "/signup", url.Values{"username": {"m"}}},
	{422, "anonymous", "POST", "/search", url.Values{"lockfile": {"none"}}},
}

// Requests that come to nothing end on a page that says so and where to go on, which is more than what stands on
// every page.
func TestRefusalsNameTheNextStep(t *testing.T) {
	s := newSite(t)
	owner := s.As("joe/all")
	owner.Publish(hubtest.Tarball(t, "decimal", "3.0.0")).Expect(t, http.StatusCreated)
	owner.Do(http.MethodDelete, "/api/packages/decimal/releases/3.0.0", nil).Expect(t, http.StatusNoContent)
	for _, r := range refusals {
		a := s.as(r.who).Do(r.method, r.path, body(r.form))
		if a.Status != r.status || !leadsOn(document(t, a.Body)) {
			t.Errorf("%s %s as %s is answered %d, want %d and a step to go on with: %.3000s", r.method, r.path, r.who, a.Status, r.status, a.Body)
		}
	}
}

// body is what a form sends; nothing if there is none.
func body(form url.Values) any {
	if form == nil {
		return nil
	}
	return form
}

// leadsOn reports whether the main part of a page has a link, a button or a field.
func leadsOn(page *html.Node) bool {
	for n := range page.Descendants() {
		if n.Type != html.ElementNode || n.Data != "main" {
			continue
		}
		for n := range n.Descendants() {
			if n.Data == "a" && strings.HasPrefix(attribute(n, "href"), "/") || n.Data == "button" || n.Data == "input" && attribute(n, "type") != "hidden" {
				return true
			}
		}
	}
	return false
}

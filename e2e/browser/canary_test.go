package browser

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"hexhub/hex/tarball"
	"hexhub/internal/feature/audit"
)

// canary is what people write wherever they may write. It must stay what it is: text.
const canary = `"><svg/onload=alert(1)>'`

// sprinkle writes the canary into all that people write of themselves, of their organizations and of their packages.
func (s *site) sprinkle() {
	s.t.Helper()
	description := "About " + canary
	var b bytes.Buffer
	_, err := tarball.Write(&b, tarball.Metadata{
		Name: "sprinkled", Version: "1.0.0", App: "sprinkled", Description: &description, Licenses: []string{"MIT"}, BuildTools: []string{"mix"},
		Links: map[string]string{canary: "https://example.com/" + canary},
	}, []tarball.Source{
		{Path: "README.md", Content: []byte("# Title " + canary + "\n\n" + canary + "\n\n<svg/onload=alert(1)>\n\n[a link " + canary + "](javascript:alert(1))\n\n```" + canary + "\n" + canary + "\n```\n")},
		{Path: "CHANGELOG.md", Content: []byte("# Changelog " + canary + "\n\n## 1.0.0\n\n- " + canary + "\n")},
		{Path: "LICENSE", Content: []byte("Licence " + canary + "\n")},
		{Path: "mix.exs", Content: []byte("# " + canary + "\n")},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	owner := s.As("pat/all")
	owner.Publish(b.Bytes()).Expect(s.t, http.StatusCreated)
	owner.Do(http.MethodPost, "/api/packages/sprinkled/releases/1.0.0/retire", map[string]string{"reason": "security", "message": canary}).Expect(s.t, http.StatusNoContent)
	for _, key := range []string{canary, "key " + canary} {
		owner.Do(http.MethodPost, "/api/keys", map[string]any{"name": key, "permissions": []map[string]string{{"domain": "api"}}}) // refused, or text
	}
	s.sprinkleMetadata()
	s.must(s.Settings.Set(s.t.Context(), audit.By{}, "site.promise", canary))
	pat := s.user("pat")
	_, _, err = s.Accounts.StartSession(s.t.Context(), audit.By{UserID: pat.ID, Username: "pat", UserAgent: canary}, pat.ID, "127.0.0.1", canary)
	s.must(err)
	s.as("eva").Do(http.MethodPost, "/dashboard/orgs/guild/profile", url.Values{"full_name": {"Guild " + canary}}).Expect(s.t, http.StatusSeeOther)
	s.as("pat").Do(http.MethodPost, "/dashboard/profile", url.Values{"full_name": {canary}}).Expect(s.t, http.StatusSeeOther)
}

// sprinkled are the fields of a package that say something about it, each with the canary in it.
var sprinkled = []func(*tarball.Metadata){
	func(m *tarball.Metadata) { m.Licenses = []string{canary} },
	func(m *tarball.Metadata) { m.BuildTools = []string{canary} },
	func(m *tarball.Metadata) { m.App = canary },
	func(m *tarball.Metadata) { m.Elixir = canary },
	func(m *tarball.Metadata) { m.Maintainers = []string{canary} },
	func(m *tarball.Metadata) { m.Extra = map[string]any{canary: canary} },
	func(m *tarball.Metadata) {
		m.Requirements = []tarball.Requirement{{Name: "ring", App: canary, Requirement: "~> 1.0", Repository: "hexhub"}}
	},
	func(m *tarball.Metadata) {
		m.Requirements = []tarball.Requirement{{Name: "ring", App: "ring", Requirement: canary, Repository: "hexhub"}}
	},
	func(m *tarball.Metadata) {
		m.Requirements = []tarball.Requirement{{Name: canary, App: "ring", Requirement: "~> 1.0", Repository: canary}}
	},
}

// sprinkleMetadata publishes a package for each of them; what is refused is nowhere.
func (s *site) sprinkleMetadata() {
	s.t.Helper()
	for i, sprinkle := range sprinkled {
		m := tarball.Metadata{Name: fmt.Sprintf("sprinkled%d", i), Version: "1.0.0", App: "a", BuildTools: []string{"mix"}, Description: new("About"), Licenses: []string{"MIT"}}
		sprinkle(&m)
		var b bytes.Buffer
		if _, err := tarball.Write(&b, m, []tarball.Source{{Path: "mix.exs", Content: []byte("#")}}); err != nil {
			continue // nothing that we pack can say it
		}
		if a := s.As("pat/all").Publish(b.Bytes()); a.Status != http.StatusCreated && a.Status != http.StatusUnprocessableEntity {
			s.t.Fatalf("%s is answered %d: %s", m.Name, a.Status, a.Body)
		}
	}
}

// typed are what people type, each with the canary: forms, and queries where there is none.
func (s *site) typed() []typing {
	const c = canary
	in := func(who, path string, fields ...string) typing {
		form := url.Values{}
		for i := 0; i+1 < len(fields); i += 2 {
			form.Add(fields[i], fields[i+1])
		}
		return typing{who, path, form}
	}
	return []typing{
		in("anonymous", "/packages?search="+url.QueryEscape(c)),
		in("anonymous", "/packages?depends="+url.QueryEscape(c)+"&licence="+url.QueryEscape(c)+"&tool="+url.QueryEscape(c)+"&sort="+url.QueryEscape(c)),
		in("anonymous", "/search?q="+url.QueryEscape(c)+"&packages="+url.QueryEscape(c)),
		in("anonymous", "/suggest?q="+url.QueryEscape(c)),
		in("pat", "/palette?q="+url.QueryEscape(c)),
		in("anonymous", "/oauth/device?user_code="+url.QueryEscape(c)),
		in("eva", s.consent("Board "+c)),
		in("root", "/admin/audit-logs?package="+url.QueryEscape(c)+"&user="+url.QueryEscape(c)),
		in("root", "/admin/users?search="+url.QueryEscape(c)),
		in("root", "/admin/settings?search="+url.QueryEscape(c)),
		in("anonymous", "/login", "login", c, "password", c, "return", c),
		in("anonymous", "/signup", "username", c, "email", c, "full_name", c, "password", c),
		in("anonymous", "/password/reset", "login", c),
		in("anonymous", "/search", "lockfile", c),
		in("pat", "/oauth/device", "user_code", c),
		in("pat", "/dashboard/profile", "full_name", c, "twitter", c, "github", c, "freenode", c, "bluesky", c, "elixirforum", c, "slack", c),
		in("pat", "/dashboard/email/add", "email", c),
		in("pat", "/dashboard/keys", "name", c, "preset", c, "package", c, "more", c, "permission", c, "expires", c),
		in("pat", "/dashboard/delete-account/confirm", "username", c, "proof", c),
		in("pat", "/packages/decimal/owners", "deed", "add", "username", c, "level", c),
		in("pat", "/packages/decimal/settings", "deed", "retire", "version", c, "reason", c, "message", c),
		in("pat", "/packages/decimal/settings", "deed", "transfer", "username", c, "confirm", c),
		in("eva", "/dashboard/orgs", "name", c),
		in("eva", "/dashboard/orgs/guild/members/add", "name", c, "role", c),
		in("eva", "/dashboard/orgs/guild/members/invite", "email", c, "role", c),
		in("eva", "/dashboard/orgs/guild/keys", "name", c, "preset", "fetch"),
		in("eva", "/dashboard/orgs/guild/policies/new", "name", c, "description", c, "visibility", c, "hexhub.cooldown", c, "hexhub.severity", c, "hexhub.package", c, "hexhub.requirement", c, "do", "save"),
		in("eva", "/dashboard/orgs/guild/policies/strict", "description", c, "visibility", "private", "do", "save"),
		in("eva", "/dashboard/orgs/guild/policies/strict", "visibility", "private", "hexhub.action", "deny", "hexhub.package", c, "hexhub.requirement", c, "do", "preview"),
		in("root", "/admin/settings", "deed", "set", "name", "session.max", "value", c),
		in("root", "/admin/settings", "deed", "set", "name", c, "value", c),
		in("root", "/admin/users", "deed", "invite", "email", c),
		in("root", "/admin/orgs", "deed", "create", "name", c, "username", c),
		in("root", "/admin/packages", "deed", "reserve", "name", c, "version", c, "reason", c),
		in("root", "/admin/packages", "deed", "reserve", "name", "forbidden", "reason", c),
		in("root", "/admin/packages/hexhub/ring", "deed", "retire", "version", "1.0.0", "retirement", "security", "message", c, "reason", c),
		in("root", "/admin/packages/hexhub/ring", "deed", "owner", "username", c, "level", c, "reason", c),
		in("root", "/admin/mail", "deed", "test", "email", c),
	}
}

type typing struct {
	who, path string
	form      url.Values // empty for a query
}

// What people type comes back as text, in whatever says that it is no good, and wherever it stands afterwards.
func TestWhatIsTypedStaysText(t *testing.T) {
	s := newSite(t)
	shown := 0
	for _, typed := range s.typed() {
		method, sent := http.MethodGet, any(nil)
		if len(typed.form) > 0 {
			method, sent = http.MethodPost, typed.form
		}
		client := s.as(typed.who)
		client.Header.Set("User-Agent", canary)
		a := client.Do(method, typed.path, sent)
		if a.Status >= http.StatusInternalServerError {
			t.Errorf("%s %s is answered %d", method, typed.path, a.Status)
		}
		if s.isText(method+" "+typed.path, a.Body) {
			shown++
		}
	}
	if shown < 20 {
		t.Errorf("only %d answers show what was typed, so this test sees little", shown)
	}
	t.Logf("%d answers show what was typed", shown)
	for _, after := range []struct{ who, path string }{
		{"pat", "/users/pat"},
		{"pat", "/dashboard/keys"},
		{"pat", "/dashboard/audit-logs"},
		{"eva", "/dashboard/orgs/guild/policies"},
		{"eva", "/dashboard/orgs/guild/policies/strict"},
		{"eva", "/dashboard/orgs/guild/keys"},
		{"eva", "/dashboard/orgs/guild/members"},
		{"root", "/admin/audit-logs"},
		{"root", "/admin/packages"},
		{"root", "/admin/packages/hexhub/ring"},
		{"anonymous", "/packages/ring"},
	} {
		s.isText(after.path, s.as(after.who).Get(after.path).Body)
	}
}

// isText fails the test if the canary is more than text in a page, and reports whether it is there.
func (s *site) isText(what string, page []byte) (shown bool) {
	s.t.Helper()
	for n := range document(s.t, page).Descendants() {
		shown = shown || n.Type == html.TextNode && strings.Contains(n.Data, "<svg/onload")
		if n.Type != html.ElementNode {
			continue
		}
		for _, a := range n.Attr {
			shown = shown || strings.Contains(a.Val, "<svg/onload")
			if strings.HasPrefix(a.Key, "on") {
				s.t.Errorf("%s: an element %s has %s=%q", what, n.Data, a.Key, a.Val)
			}
		}
	}
	return shown
}

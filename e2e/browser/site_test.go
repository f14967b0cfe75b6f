package browser

import (
	"bytes"
	"flag"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/hubtest"
)

var update = flag.Bool("update", false, "write what is golden anew")

// story has everybody and everything that the table of routes speaks of, so that its paths lead here to the same, and
// more of it to look at.
const story = `
user root admin password="the password of root"
user sam password="the password of sam"
user otto
user rea
user wim
user eva
user mia name="Mia Sørensen"
user joe
user pat password="the password of pat"
org forge admin=otto
org guild admin=eva,pat write=wim read=rea

policy guild/strict cooldown=7d deny=canary

package hexhub/decimal owner=joe,pat maintainer=mia
release hexhub/decimal 0.9.0 description="Arithmetic of any precision." licenses=MIT retired="security:reads past the end; use 1.0.0"
release hexhub/decimal 1.0.0 description="Arithmetic of any precision." licenses=MIT,Apache-2.0 link=https://example.com/decimal requires="ring ~> 1.0" optional="quill ~> 1.0" docs
release hexhub/decimal 1.1.0-rc.1 description="Arithmetic of any precision." licenses=MIT requires="ring ~> 1.0"
package hexhub/ring owner=joe
release hexhub/ring 1.0.0 description="What goes around." requires="quill ~> 1.0"
package hexhub/quill owner=mia
release hexhub/quill 1.0.0 description="A quill."
package guild/vault
release guild/vault 1.0.0 requires="decimal ~> 1.0"

key root all permissions=api,repositories
key joe all permissions=api,repositories
key eva all permissions=api,repositories
key pat all permissions=api,repositories
key pat read permissions=api:read
key guild fetch permissions=repository:guild

-- decimal-1.0.0/README.md --
# Decimal

Numbers of **any** precision. See [the changelog](CHANGELOG.md).

    Decimal.add("0.1", "0.2")

| sum | is |
|---|---|
| 0.1 + 0.2 | 0.3 |
-- decimal-1.0.0/CHANGELOG.md --
# Changelog

## 1.0.0

- First.
-- decimal-1.0.0/LICENSE --
MIT
-- decimal-1.0.0/mix.exs --
defmodule Decimal.MixProject do
end
-- decimal-1.0.0/lib/decimal.ex --
defmodule Decimal do
end
`

// visitors are those who look at the site, the least first; the first is nobody.
var visitors = []string{"anonymous", "mia", "eva", "pat", "root"}

// A site is a registry with the world in it, and everybody logged in.
type site struct {
	*hubtest.Hub
	t       testing.TB
	cookies map[string]string // by visitor
}

func newSite(t testing.TB) *site {
	t.Helper()
	return siteOf(t, hubtest.World(t, story), visitors[1:]...)
}

// siteOf is a registry in which those are logged in.
func siteOf(t testing.TB, hub *hubtest.Hub, people ...string) *site {
	t.Helper()
	s := &site{Hub: hub, t: t, cookies: map[string]string{}}
	for _, who := range people {
		u, ok := account.ByName(s.DB.View(), who)
		if !ok {
			t.Fatalf("there is no user %s", who)
		}
		_, cookie, err := s.Accounts.StartSession(t.Context(), audit.By{UserID: u.ID, Username: who}, u.ID, "127.0.0.1", "test")
		if err != nil {
			t.Fatal(err)
		}
		s.cookies[who] = cookie
	}
	return s
}

// as asks like a visitor's browser.
func (s *site) as(visitor string) hubtest.Client {
	c := s.Anonymous()
	c.Header = http.Header{"Accept": {"text/html,application/xhtml+xml,*/*;q=0.8"}}
	if cookie := s.cookies[visitor]; cookie != "" {
		c.Header.Set("Cookie", "hexhub="+cookie)
	}
	return c
}

// document reads a page.
func document(t testing.TB, body []byte) *html.Node {
	t.Helper()
	root, err := html.Parse(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// attribute is the attribute of an element, or the empty string.
func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// A page is an address of the table of routes that shows something to somebody.
type page struct {
	route   string
	path    string
	visitor string
}

// usual are what variables of paths stand for in the table, unless a row says otherwise.
var usual = map[string]string{
	"package": "decimal", "version": "1.0.0", "user": "mia", "org": "guild", "key": "all", "repository": "guild", "base": "hexhub",
	"policy": "strict", "token": "unknown", "code": "00000", "anything": "nothing",
}

// unseen are routes that no row of the table shows to a visitor, and why; those that have a page are among the scenes.
var unseen = map[string]string{
	"/status":                   "plain words for load balancers",
	"/l/{code}":                 "sends on to another page",
	"/setup":                    "a scene: it is there before the first administrator only",
	"/tfa":                      "a scene, between two steps of logging in",
	"/password/new":             "a scene: it is there with a letter's link only",
	"/invites":                  "a scene: it is there with a letter's link only",
	"/assets/{style}":           "no page",
	"/dashboard/orgs/{org}":     "sends on to its first page",
	"/dashboard/security/totp":  "a scene: it is there once one has begun to turn it on",
	"/oauth/device/authorize":   "a scene: it is there after a code was typed only",
	"/oauth/authorize":          "a scene: it needs a program that asks",
	"/admin/cluster/{node}":     "a scene, for the table knows no name of a node",
	"/setup/{token}":            "a scene, as /setup",
	"/.well-known/security.txt": "no page",
	"/oembed":                   "no page",
	"/docs-access":              "sends on to the host of documentation",
	"/diff/{name}":              "sends on to the newest pair of versions",
	"/packages/{name}/{second}/{third}/{fourth}": "the same pages as below, of packages in another repository",
}

// pages reads the table of all routes: for each that gets a page, one address that shows it to one of the visitors.
// It fails for a route that shows nothing and is not among those with a reason.
func pages(t *testing.T) []page {
	t.Helper()
	text, err := os.ReadFile("../../internal/node/testdata/matrix.txt")
	if err != nil {
		t.Fatal(err)
	}
	var all []page
	shown, named := map[string]bool{}, map[string]bool{}
	var row page
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		switch {
		case len(words) == 0 || words[0][0] == '#':
		case line[0] == ' ':
			if row.path == "" || words[0] != "200:" && (words[0] != "404:" || row.route != "/{anything}") {
				continue
			}
			if row.visitor = who(words[1:]); row.visitor != "" {
				shown[row.route] = true
				all = append(all, row)
			}
		default:
			row = address(words)
			if row.route != "" {
				named[row.route] = true
			}
		}
	}
	for route := range named {
		if why := unseen[route]; !shown[route] && why == "" {
			t.Errorf("no row of the table shows GET %s to anybody, and there is no reason why", route)
		}
	}
	for route := range unseen {
		if !named[route] {
			t.Errorf("there is no route %s, which has a reason", route)
		}
	}
	return all
}

// address is what a row of the table asks for, if that is a page.
func address(words []string) page {
	route := words[1]
	if words[0] != http.MethodGet || strings.HasPrefix(route, "/api/") || strings.HasPrefix(route, "/repo/") || strings.HasPrefix(route, "/operator/") {
		return page{}
	}
	path, query := route, url.Values{}
	for _, word := range words[2:] {
		name, value, _ := strings.Cut(word, "=")
		if strings.HasPrefix(name, "?") {
			query.Set(name[1:], value)
		}
		path = strings.ReplaceAll(path, "{"+name+"}", value)
	}
	for name, value := range usual {
		path = strings.ReplaceAll(path, "{"+name+"}", value)
	}
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	if strings.Contains(path, "{") || strings.Contains(path, "%7B") {
		return page{route: route}
	}
	return page{route: route, path: path}
}

// who of the visitors is among callers of the table.
func who(callers []string) string {
	if slices.Contains(callers, "*") || slices.Contains(callers, "anon") {
		return visitors[0]
	}
	for _, v := range visitors[1:] {
		if slices.Contains(callers, v) {
			return v
		}
	}
	return ""
}

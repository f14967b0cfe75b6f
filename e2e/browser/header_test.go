package browser

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hexhub/assets"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/hubtest"
)

// kinds of answers, with one address of each.
var kinds = []struct{ kind, visitor, path string }{
	{"page for everybody, to nobody", "anonymous", "/packages/decimal"},
	{"page for everybody, to a person", "pat", "/packages/decimal"},
	{"private package, to who may read it", "eva", "/packages/guild/vault"},
	{"private package, to who may not", "mia", "/packages/guild/vault"},
	{"nothing there", "anonymous", "/nothing"},
	{"a person's own page", "pat", "/dashboard/profile"},
	{"a person's own page, to nobody", "anonymous", "/dashboard/profile"},
	{"page with secrets", "pat", "/dashboard/keys"},
	{"page to log in", "anonymous", "/login"},
	{"feed", "anonymous", "/feeds/releases.atom"},
	{"badge", "anonymous", "/badge/decimal/version.svg"},
	{"picture", "anonymous", "/og/decimal.png"},
	{"words for robots", "anonymous", "/robots.txt"},
	{"the API", "anonymous", "/api/packages/decimal"},
	{"the repository", "anonymous", "/repo/packages/decimal"},
	{"tarball", "anonymous", "/repo/tarballs/decimal-1.0.0.tar"},
	{"page of documentation", "anonymous", "decimal.DOCS/1.0.0/readme.html"},
	{"file of documentation", "anonymous", "decimal.DOCS/1.0.0/readme.md"},
	{"menu of documentation", "anonymous", "decimal.DOCS/docs_config.js"},
	{"page of documentation that is not there", "anonymous", "decimal.DOCS/1.0.0/nothing.html"},
	{"private documentation, to nobody", "anonymous", "guild--vault.DOCS/1.0.0/"},
	{"documentation at a path of the site", "anonymous", "/docs-view/decimal/1.0.0/"},
	{"searching documentation, for tools", "anonymous", "DOCS/?q=decimal&query_by=title"},
	{"searching documentation", "anonymous", "/search?q=decimal"},
	{"searching documentation, to a person", "pat", "/search?q=decimal"},
	{"raw file", "anonymous", "/packages/decimal/1.0.0/files/mix.exs?view=raw"},
	{"raw file of a private package", "eva", "/packages/guild/vault/1.0.0/files/mix.exs?view=raw"},
	{"words for models", "anonymous", "/packages/decimal/llms.txt"},
	{"style sheet", "anonymous", "STYLE"},
	{"stream of a page", "anonymous", "stream /packages/decimal"},
	{"page of administration", "root", "/admin/users"},
	{"page of administration, to a person", "pat", "/admin/users"},
	{"the API, to a program of a person", "pat", "/api/users/me"},
	{"the API, nothing there", "anonymous", "/api/packages/nothing"},
	{"leading on", "anonymous", "/diff/decimal"},
	{"parts of a page", "anonymous", "/suggest?q=dec"},
}

// changing are headers, and parts of values, that differ each time.
var (
	changing = []string{"Date", "Content-Length", "X-Request-Id", "X-Hexhub-Revision", "Etag", "Last-Modified", "X-Ratelimit-Reset", "X-Ratelimit-Remaining"}
	hashes   = regexp.MustCompile(`\.[0-9a-f]{10}\.`)
	given    = regexp.MustCompile(`(with=|hexhub-docs-way=)\w+`) // to a browser on its way to the site
)

// What browsers may do with an answer stands in its headers, which change only on purpose.
func TestHeadersAreWhatTheyWere(t *testing.T) {
	s := newSite(t)
	_, port, _ := strings.Cut(s.Addr(), ":")
	here := strings.NewReplacer(s.URL, "http://this", "localhost:"+port, "localhost", "localhost%3A"+port, "localhost")
	var b strings.Builder
	for _, k := range kinds {
		a := s.sent(k.visitor, k.path)
		fmt.Fprintf(&b, "# %s\nGET %s as %s: %d\n", k.kind, k.path, k.visitor, a.Status)
		var lines []string
		for name, values := range a.Header {
			if slices.Contains(changing, name) {
				values = []string{"…"}
			}
			for _, v := range values {
				lines = append(lines, given.ReplaceAllString(hashes.ReplaceAllString(here.Replace(name+": "+v), ".HASH."), "${1}…"))
			}
		}
		slices.Sort(lines)
		fmt.Fprintf(&b, "%s\n\n", strings.Join(lines, "\n"))
	}
	golden := filepath.Join("testdata", "headers.txt")
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("headers differ (-want +got; -update writes them anew):\n%s", diff)
	}
}

// sent is what a visitor's browser is sent, with what there is of the body. An address may name a host of documentation,
// which is sent nothing of the site's, or that the page is followed.
func (s *site) sent(visitor, at string) hubtest.Answer {
	s.t.Helper()
	host, path, _ := strings.Cut(at, "/")
	c := s.as(visitor)
	switch {
	case at == "STYLE":
		return c.Get(assets.Path("app.css"))
	case host == "stream ":
		return s.begun(c, "/"+path)
	case host != "":
		_, port, _ := strings.Cut(s.Addr(), ":")
		c.Header = http.Header{"Host": {strings.Replace(host, "DOCS", "docs.localhost:"+port, 1)}, "Accept": {"text/html"}}
	}
	return c.Get("/" + path)
}

// begun follows a page until it knows how that is answered.
func (s *site) begun(c hubtest.Client, path string) hubtest.Answer {
	s.t.Helper()
	ctx, cancel := context.WithCancel(s.t.Context())
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL+path, http.NoBody)
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header = c.Header.Clone()
	r.Header.Set("Accept", "text/event-stream")
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		s.t.Fatal(err)
	}
	resp.Body.Close()
	return hubtest.Answer{Status: resp.StatusCode, Header: resp.Header}
}

// hasKey reports whether a user has a key of that name.
func (s *site) hasKey(username, name string) bool {
	u, ok := account.ByName(s.DB.View(), username)
	if !ok {
		return false
	}
	_, ok = access.KeyOf(s.DB.View(), access.OfUser(u.ID), name)
	return ok
}

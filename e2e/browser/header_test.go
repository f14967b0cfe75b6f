package browser

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
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
}

// changing are headers, and parts of values, that differ each time.
var (
	changing = []string{"Date", "Content-Length", "X-Request-Id", "X-Hexhub-Revision", "Etag", "Last-Modified", "X-Ratelimit-Reset", "X-Ratelimit-Remaining"}
	hashes   = regexp.MustCompile(`\.[0-9a-f]{10}\.`)
)

// What browsers may do with an answer stands in its headers, which change only on purpose.
func TestHeadersAreWhatTheyWere(t *testing.T) {
	s := newSite(t)
	var b strings.Builder
	for _, k := range kinds {
		a := s.as(k.visitor).Get(k.path)
		fmt.Fprintf(&b, "# %s\nGET %s as %s: %d\n", k.kind, k.path, k.visitor, a.Status)
		var lines []string
		for name, values := range a.Header {
			if slices.Contains(changing, name) {
				values = []string{"…"}
			}
			for _, v := range values {
				lines = append(lines, hashes.ReplaceAllString(strings.ReplaceAll(name+": "+v, s.URL, "http://this"), ".HASH."))
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

// hasKey reports whether a user has a key of that name.
func (s *site) hasKey(username, name string) bool {
	u, ok := account.ByName(s.DB.View(), username)
	if !ok {
		return false
	}
	_, ok = access.KeyOf(s.DB.View(), access.OfUser(u.ID), name)
	return ok
}

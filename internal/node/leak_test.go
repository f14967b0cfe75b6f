package node_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hexhub/hex/tarball"
	"hexhub/internal/hubtest"
)

// The names of what outsiders must not learn of, and those of nothing at all. They are equally long, so that
// two answers that should be the same may echo them and still be.
var (
	secret = map[string]string{"org": "guild", "repository": "guild", "package": "vault"}
	absent = map[string]string{"org": "ghost", "repository": "ghost", "package": "vapor"}
)

// canaries are words that only insiders may read, wherever they look.
var canaries = []string{"vault", "guild", "canary"}

// leakWorld is the one of the table with more to find in it: vault says what it is, has two versions and
// requires a public package.
const leakWorld = matrixWorld + `
release guild/vault 7.7.7 requires="decimal ~> 1.0" description="the canary sings"
`

// outsiders are callers who have no business in guild, with and without a credential.
var outsiders = []string{"anon", "sam", "otto", "mia", "joe"}

// L1 to L5, L10: no outsider is answered anything about a private package that he would not be answered
// about one that does not exist: on no route, by no method, whatever validator or range he sends.
func TestLPrivateLooksLikeAbsent(t *testing.T) {
	h := newCast(t, leakWorld)
	insider := map[string]string{} // the right entity tag, by path
	for _, row := range readMatrix(t) {
		if !strings.Contains(row.route, "{repository}") && !strings.Contains(row.route, "{org}") {
			continue
		}
		row.with(secret)
		if strings.HasPrefix(row.route, "GET ") {
			insider[h.path(row)] = h.ask(row, "eva").Header.Get("ETag")
		}
		for _, caller := range outsiders {
			for _, method := range []string{"", http.MethodHead, http.MethodOptions, http.MethodPatch} {
				for name, header := range map[string][2]string{
					"": {}, "tag": {"If-None-Match", insider[h.path(row)]}, "any tag": {"If-None-Match", "*"},
					"time": {"If-Modified-Since", time.Now().UTC().Format(http.TimeFormat)}, "range": {"Range", "bytes=0-1"}, "match": {"If-Match", "*"},
				} {
					if method != "" && name != "" {
						continue // one thing at a time
					}
					what := fmt.Sprintf("%s as %s, %s %s", row.route, caller, method, name)
					row.with(secret)
					there := h.probe(row, caller, method, header)
					for _, nowhere := range []map[string]string{{"org": "ghost", "repository": "ghost"}, {"package": "vapor"}, absent} {
						if _, ofPackage := nowhere["package"]; ofPackage && !strings.Contains(row.route, "{package}") {
							continue
						}
						row.with(secret)
						row.with(nowhere)
						if diff := cmp.Diff(h.probe(row, caller, method, header), there); diff != "" {
							t.Errorf("%s: what is there (+) and what is not (-) differ:\n%s", what, diff)
						}
					}
				}
			}
		}
	}
}

func (row *matrixRow) with(values map[string]string) {
	row.values = maps.Clone(row.values)
	maps.Copy(row.values, values)
}

// probe asks as the caller and returns all that can be told from the answer, without what the names asked for
// and the moment explain.
func (h *cast) probe(row matrixRow, caller, method string, header [2]string) string {
	h.t.Helper()
	given, _, _ := strings.Cut(row.route, " ")
	if method == "" {
		method = given
	}
	c := h.asks(caller)
	if header[0] != "" {
		c.Header.Set(header[0], header[1])
	}
	a := c.Do(method, h.path(row), h.body(h.fill(row.body)))
	var b strings.Builder
	fmt.Fprintf(&b, "%d\n", a.Status)
	for _, key := range slices.Sorted(maps.Keys(a.Header)) {
		switch key {
		case "Date", "X-Request-Id", "X-Hexhub-Revision":
		default:
			fmt.Fprintf(&b, "%s: %s\n", key, a.Header[key])
		}
	}
	b.Write(a.Body)
	return strings.NewReplacer("ghost", "guild", "vapor", "vault").Replace(b.String())
}

// L1 to L4, L8, L14: no page, list, search or file that an outsider can read has a word of what is private.
func TestLNoPublicAnswerHoldsACanary(t *testing.T) {
	h := newCast(t, leakWorld)
	paths := []string{
		"/", "/favicon.svg", "/robots.txt", "/api", "/api/repos", "/api/packages", "/api/packages?sort=recent_downloads", "/api/packages?search=canary", "/api/packages?search=vau", "/api/packages?search=depends:decimal",
		"/api/packages?search=depends:hexhub:decimal", "/api/packages?search=name:v*", "/api/packages?search=guild/vault", "/api/packages/decimal", "/api/packages/decimal/releases/1.0.0",
		"/api/packages/decimal/owners", "/api/packages/decimal/audit-logs", "/api/users/sam", "/api/users/pat", "/api/openapi.yaml", "/repo/names", "/repo/versions", "/repo/packages/decimal", "/repo/repos/hexhub/names",
	}
	for _, row := range readMatrix(t) {
		if method, _, _ := strings.Cut(row.route, " "); method == http.MethodGet && !strings.Contains(row.route, "{repository}") && !strings.Contains(row.route, "{org}") {
			paths = append(paths, h.path(row))
		}
	}
	for _, path := range paths {
		for _, caller := range outsiders {
			a := h.asks(caller).Get(path)
			text := a.Body
			if strings.HasPrefix(path, "/repo/") && a.Status == http.StatusOK && bytes.HasPrefix(text, []byte{0x1f, 0x8b}) {
				text = unzip(t, text)
			}
			text = append(text, fmt.Sprint(a.Header)...)
			for _, word := range canaries {
				if bytes.Contains(text, []byte(word)) && !strings.Contains(path, word) {
					t.Errorf("GET %s tells %s of %q: %.300q", path, caller, word, text)
				}
			}
		}
	}
	if got := h.asks("eva").Get("/api/packages?search=canary"); !bytes.Contains(got.Body, []byte("vault")) {
		t.Errorf("an insider does not find the canary, so this test finds nothing either: %s", got.Body)
	}
}

// L7, L2, L15: what an outsider publishes tells nothing of what others hold: not by the words for a dependency
// that he may not see, nor by the name, nor by the bytes.
func TestL7PublishingIsNoOracle(t *testing.T) {
	h := newCast(t, leakWorld)
	answer := func(pkg, in, requires string) string {
		a := h.asks("sam").Publish(hubtest.Tarball(t, pkg, "1.0.0", tarball.Requirement{Name: requires, App: requires, Requirement: "~> 1.0", Repository: in}))
		return fmt.Sprint(a.Status, " ", strings.NewReplacer("ghost", "guild", "vapor", "vault").Replace(string(a.Body)))
	}
	if diff := cmp.Diff(answer("first", "ghost", "vapor"), answer("first", "guild", "vault")); diff != "" {
		t.Errorf("a dependency on what is private (+) and on what is not there (-) are answered differently:\n%s", diff)
	}
	for _, pkg := range []string{"vault", "vapor"} {
		h.asks("sam").Publish(hubtest.Tarball(t, pkg, "1.0.0")).Expect(t, http.StatusCreated)
	}
}

// L6: a private package takes as long to be refused as one that is not there. The medians of many turns
// differ by less than a millisecond; on a machine without other work it is a few microseconds.
func TestL6RefusalsTakeEquallyLong(t *testing.T) {
	h := newCast(t, leakWorld)
	for _, path := range []string{"/api/repos/%s/packages/%s", "/repo/repos/%s/packages/%s", "/repo/repos/%s/tarballs/%s-1.0.0.tar", "/api/orgs/%s/members?of=%s"} {
		for _, caller := range []string{"anon", "sam"} {
			c := h.asks(caller)
			var there, gone []time.Duration
			for range 300 {
				for _, turn := range []struct {
					org, pkg string
					took     *[]time.Duration
				}{{"guild", "vault", &there}, {"guild", "vapor", &gone}, {"ghost", "vault", &gone}} {
					start := time.Now()
					c.Get(fmt.Sprintf(path, turn.org, turn.pkg))
					*turn.took = append(*turn.took, time.Since(start))
				}
			}
			slices.Sort(there)
			slices.Sort(gone)
			if gap := there[len(there)/2] - gone[len(gone)/2]; gap.Abs() > time.Millisecond {
				t.Errorf("%s as %s: what is there takes %s longer to refuse", path, caller, gap)
			}
		}
	}
}

func unzip(t *testing.T, b []byte) []byte {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

package node_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hexhub/hex/tarball"
	"hexhub/internal/feature/mail/mailtest"
	"hexhub/internal/hubtest"
)

// leakWorld is the one of the table with more to find in it: vault says what it is, has two versions and
// requires a public package; vault_ is where its documentation has no host of its own.
const leakWorld = matrixWorld + `
release guild/vault 7.7.7 requires="decimal ~> 1.0" description="the canary sings"
package guild/vault_
release guild/vault_ 1.0.0
`

// canaries are words that only insiders may read, wherever they look.
var canaries = []string{"vault", "guild", "canary", "secretary@example.com"}

// outsiders are callers who have no business in guild, with and without a credential. The stranger is a program
// that acts for sam.
var outsiders = []string{"anon", "stranger", "sam", "otto", "mia", "joe"}

// inGuild has a row be about what is in guild.
func (row matrixRow) inGuild() matrixRow {
	row.values = maps.Clone(row.values)
	if strings.Contains(row.route, "{repository}") {
		row.values["package"] = "vault"
	}
	return row
}

// where replaces words wherever the row says them.
func (row matrixRow) where(r *strings.Replacer) matrixRow {
	row.route, row.host, row.body, row.values = r.Replace(row.route), r.Replace(row.host), r.Replace(row.body), maps.Clone(row.values)
	for name, value := range row.values {
		row.values[name] = r.Replace(value)
	}
	return row
}

// says reports whether the row names what is private.
func (row matrixRow) says(word string) bool {
	text := row.host + row.route + " " + row.body
	for name, value := range row.values {
		if strings.Contains(row.route, "{"+name+"}") || name[0] == '?' {
			text += " " + value
		}
	}
	return strings.Contains(text, word)
}

// ofGuild are the rows of the table that name what is private, and more requests of that kind.
func ofGuild(t *testing.T) []matrixRow {
	t.Helper()
	var out []matrixRow
	for _, row := range readMatrix(t) {
		if row = row.inGuild(); row.says("guild") {
			out = append(out, row)
		}
	}
	const exchange = `{"grant_type":"client_credentials","client_id":"78ea6566-89fd-481e-a1d6-7d9d78eacca8","client_secret":"SECRET","scope":"%s"}`
	for _, c := range [][2]string{
		{"POST /api/keys", `{"name":"k","permissions":[{"domain":"repository","resource":"guild"}]}`},
		{"POST /api/keys", `{"name":"k","permissions":[{"domain":"repository","resource":"guild/vault"}]}`},
		{"POST /api/keys", `{"name":"k","permissions":[{"domain":"docs","resource":"guild"}]}`},
		{"POST /api/keys", `{"name":"k","permissions":[{"domain":"package","resource":"guild/vault"}]}`},
		{"POST /api/oauth/token", fmt.Sprintf(exchange, "repository:guild")},
		{"POST /api/oauth/token", fmt.Sprintf(exchange, "repository:guild/vault")},
		{"POST /api/oauth/token", fmt.Sprintf(exchange, "docs:guild package:guild/vault")},
		{"PUT /api/packages/decimal/owners/guild", `{"level":"full"}`},
		{"PUT /api/packages/decimal/owners/guild", `{"level":"full","transfer":true}`},
		{"DELETE /api/packages/decimal/owners/guild", ""},
		{"POST /api/users/guild/reset", ""},
		{"GET /api/users/guild", ""},
		{"GET /api/packages/decimal/owners/guild", ""},
		{"GET /api/packages?search=guild/vault", ""},
		{"GET /api/packages?search=depends:guild:vault", ""},
		{"GET /api/repos/hexhub/repos/guild/packages/vault", ""},
		{"GET /api/repos/hexhub:guild/packages/vault", ""},
		{"GET /repo/repos/hexpm:guild/packages/vault", ""},
		{"GET /repo/repos/guild/tarballs/vault-1.0.0.tar.css", ""},
		{"GET /packages/guild/vault", ""},
		{"GET /packages/vault", ""},
		{"GET /diff/guild/vault", ""},
		{"GET /diff/guild/vault/1.0.0..7.7.7", ""},
		{"GET /diff/guild/vault/1.0.0..", ""},
		{"GET /diff/guild/vault/1.0.0..7.7.7?file=README.md", ""},
		{"GET /diff/vault/1.0.0..7.7.7", ""},
		{"GET /packages/guild/feed.atom", ""},
		{"GET /users/guild/feed.atom", ""},
		{"GET /badge/guild/version.svg", ""},
		{"GET /og/guild/vault.png", ""},
		{"GET /orgs/guild", ""},
		{"GET /docs-view/guild/vault", ""},
		{"POST /dashboard/keys", "@form name=k&more=repository:guild docs:guild package:guild/vault"},
	} {
		out = append(out, matrixRow{route: c[0], body: c[1]})
	}
	return append(out, docsOfGuild()...)
}

// L1 to L5, L10: no outsider is answered anything about what is private that he would not be answered
// about what does not exist: on no route, by no method, whatever validator or range he sends.
func TestLPrivateLooksLikeAbsent(t *testing.T) {
	t.Parallel()
	h := newLeak(t)
	// The names of nothing are as long as those of what is private, so that answers may echo them.
	absences := map[string]*strings.Replacer{
		"guild": strings.NewReplacer("guild", "ghost"), "vault": strings.NewReplacer("vault", "vapor"), "strict": strings.NewReplacer("strict", "straws"),
		"": strings.NewReplacer("guild", "ghost", "vault", "vapor"),
	}
	for _, row := range ofGuild(t) {
		tag := ""
		if strings.HasPrefix(row.route, "GET ") && !row.ofPage() {
			tag = h.ask(row, "eva").Header.Get("ETag")
		}
		for _, caller := range witnesses(3, outsiders...) {
			for _, extra := range tricks(row, caller, tag) {
				there := h.probe(row, caller, extra)
				for word, nowhere := range absences {
					if !row.says(word) {
						continue
					}
					if diff := cmp.Diff(h.probe(row.where(nowhere), caller, extra), there); diff != "" {
						t.Errorf("%s %s as %s with %s: what is there (+) and what is not (-) differ:\n%s", row.route, row.body, caller, extra, diff)
					}
				}
			}
		}
	}
}

// tricks are what an outsider sends besides, or in the place of the method. Two of them try all there are, unless the
// race detector looks on.
func tricks(row matrixRow, caller, tag string) [][2]string {
	out := [][2]string{{}}
	if raced || caller != "anon" && caller != "sam" {
		return out
	}
	out = append(out, [][2]string{{"method", http.MethodHead}, {"method", http.MethodOptions}, {"method", http.MethodPatch}, {"Accept", "application/vnd.hex+erlang"}}...)
	if !strings.HasPrefix(row.route, "GET ") {
		return out
	}
	return append(out, [][2]string{
		{"Accept", "text/html"}, {"If-None-Match", tag}, {"If-None-Match", "*"}, {"If-Modified-Since", time.Now().UTC().Format(http.TimeFormat)}, {"If-Match", "*"}, {"Range", "bytes=0-1"},
	}...)
}

// probe asks as the caller and returns all that can be told from the answer, without what the names asked for
// and the moment explain.
func (h *cast) probe(row matrixRow, caller string, extra [2]string) string {
	h.t.Helper()
	method, _, _ := strings.Cut(row.route, " ")
	c := h.asking(row, caller)
	switch extra[0] {
	case "":
	case "method":
		method = extra[1]
	default:
		c.Header.Set(extra[0], extra[1])
	}
	body := strings.ReplaceAll(row.body, "SECRET", h.Secrets[caller+"/all"])
	return strings.NewReplacer("ghost", "guild", "vapor", "vault", "straws", "strict").Replace(seen(c.Do(method, h.path(row), h.body(h.fill(body)))))
}

// seen is all that an answer tells, but for what differs from each to the next.
func seen(a hubtest.Answer) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d\n", a.Status)
	for _, key := range slices.Sorted(maps.Keys(a.Header)) {
		switch key {
		case "Date", "X-Request-Id", "X-Hexhub-Revision", "X-Hexhub-Stale":
		default:
			fmt.Fprintf(&b, "%s: %s\n", key, a.Header[key])
		}
	}
	b.Write(bytes.ReplaceAll(a.Body, []byte(a.Header.Get("X-Request-Id")), []byte("ID")))
	return withoutPassing(b.String())
}

// lookouts are the paths that an outsider may read, or try to.
func lookouts(t *testing.T) []matrixRow {
	t.Helper()
	var out []matrixRow
	for _, row := range readMatrix(t) {
		if strings.HasPrefix(row.route, "GET ") && !row.inGuild().says("guild") {
			out = append(out, row)
		}
	}
	for _, path := range []string{
		"/api/packages?sort=recent_downloads", "/api/packages?sort=downloads", "/api/packages?sort=updated_at", "/api/packages?sort=inserted_at",
		"/api/packages?search=canary", "/api/packages?search=vau", "/api/packages?search=depends:decimal", "/api/packages?search=depends:hexhub:decimal",
		"/api/packages?search=name:v*", "/api/packages?search=vau&page=2", "/api/packages?per_page=1000", "/api/packages?search=vaul",
		"/api/users/sam", "/api/users/pat", "/api/users/rea", "/api/users/eva@example.com", "/api/repos/hexhub", "/api/repos/hexhub/packages",
		"/repo/repos/hexhub/names", "/repo/repos/hexhub/versions", "/repo/repos/hexhub/packages/decimal", "/api/packages/decimal/releases/1.0.0?downloads=day",
		"/badge/vault/version.svg", "/og/vault.png", "/packages/vault/feed.atom", "/sitemap.xml?part=0", "/feed", "/packages", "/packages/decimal", "/orgs", "/api/nothing/at/all",
	} {
		out = append(out, matrixRow{route: "GET " + path})
	}
	return append(out, docsLookouts()...)
}

// look reads as the caller what is there now. Lists of the repositories may be some seconds old for who does
// not ask so.
func (h *cast) look(row matrixRow, caller string) hubtest.Answer {
	h.t.Helper()
	c := h.asking(row, caller)
	c.Header.Set("X-Hexhub-Revision", strconv.FormatInt(int64(h.DB.Revision()), 10))
	return c.Get(h.path(row))
}

// L1 to L4, L14: no page, list, search, example or file that an outsider can read has a word of what is private.
func TestLNoPublicAnswerHoldsACanary(t *testing.T) {
	t.Parallel()
	h := newLeak(t)
	for _, row := range lookouts(t) {
		for _, caller := range witnesses(2, outsiders...) {
			a := h.look(row, caller)
			text := a.Body
			if strings.HasPrefix(row.route, "GET /repo/") && bytes.HasPrefix(text, []byte{0x1f, 0x8b}) {
				text = unzip(t, text)
			}
			text = append(text, fmt.Sprint(a.Header)...)
			for _, word := range canaries {
				if bytes.Contains(text, []byte(word)) && !strings.Contains(h.path(row), word) { // his own word may come back
					t.Errorf("%s tells %s of %q: %.300q", row.route, caller, word, text)
				}
			}
		}
	}
	for _, path := range []string{"/api/packages?search=canary", "/api/docs/search?q=canary&query_by=doc,title"} {
		if got := h.asks("eva").Get(path); !bytes.Contains(got.Body, []byte("vault")) {
			t.Errorf("an insider does not find the canary, so this test finds nothing either: %s", got.Body)
		}
	}
}

// L3, L1: whatever is done in private, no outsider's answer changes by a byte: no count, no order, no time, no
// tag of a list. L8: and no letter goes to anybody else.
func TestL3PrivateDeedsChangeNothingOutside(t *testing.T) {
	t.Parallel()
	h := newLeak(t)
	lastUse := regexp.MustCompile(`,?"last_use":\{[^}]*\}`)   // one's own, which is noted behind the request
	ago := regexp.MustCompile(`(<time [^>]*>)[^<]*`)          // says the moment that stands beside it in words, which time changes
	size := regexp.MustCompile(`(Content-Length|Etag): .*\n`) // which says as much
	look := func() map[string]string {
		h.must(errors.Join(h.Stats.Flush(t.Context()), h.Manuals.Settle(t.Context())))
		out := map[string]string{}
		for _, row := range lookouts(t) {
			for _, caller := range witnesses(1, "sam", "anon", "joe") {
				if strings.HasPrefix(row.route, "GET /dashboard") || strings.HasPrefix(row.route, "GET /repo/tarballs") {
					continue // there people see when they were here; and what they fetch themselves is counted
				}
				if row.route == "GET /connect" && caller != "anon" {
					continue // and here, which tool came with their key last, noted behind the request
				}
				text := ago.ReplaceAllString(seen(h.look(row, caller)), "$1")
				if lastUse.MatchString(text) || strings.Contains(row.route, " /api/keys") {
					text = size.ReplaceAllString(lastUse.ReplaceAllString(text, ""), "")
				}
				out[row.host+h.path(row)+" as "+caller] = text
			}
		}
		return out
	}
	look() // what is derived only when it is asked for has been
	before, letters := look(), len(mailtest.Letters(t, h.Mail, ""))
	eva := h.asks("eva")
	for _, deed := range []struct {
		method, path string
		body         any
		status       int
	}{
		{"POST", "/api/repos/guild/publish", hubtest.Tarball(t, "vault", "8.8.8", requires("decimal")), 201},
		{"POST", "/api/repos/guild/publish", hubtest.Tarball(t, "hoard", "1.0.0", requires("decimal")), 201},
		{"POST", "/api/repos/guild/packages/hoard/releases/1.0.0/docs", hubtest.Docs(t, "<p>canary"), 201},
		{"POST", "/api/repos/guild/packages/vault/releases/8.8.8/retire", map[string]any{"reason": "security", "message": "canary"}, 204},
		{"PUT", "/api/repos/guild/packages/vault/owners/rea", map[string]any{"level": "full"}, 204},
		{"POST", "/api/orgs/guild/policies", map[string]any{"name": "canary", "visibility": "private"}, 201},
		{"POST", "/api/orgs/guild/keys", map[string]any{"name": "canary", "permissions": []any{map[string]any{"domain": "repository", "resource": "guild"}}}, 201},
		{"POST", "/api/orgs/guild/invitations", map[string]any{"email": "guest@example.com", "role": "read"}, 201},
		{"POST", "/api/orgs/guild/members/rea", map[string]any{"role": "write"}, 200},
		{"GET", "/repo/repos/guild/tarballs/vault-8.8.8.tar", nil, 200},
		{"GET", "/repo/repos/guild/tarballs/vault-7.7.7.tar", nil, 200},
		{"GET", "/repo/repos/guild/tarballs/hoard-1.0.0.tar", nil, 200},
		{"GET", "/repo/repos/guild/docs/hoard-1.0.0.tar.gz", nil, 200},
	} {
		eva.Do(deed.method, deed.path, deed.body).Expect(t, deed.status)
	}
	for what, after := range look() {
		if diff := cmp.Diff(before[what], after); diff != "" {
			t.Errorf("%s after deeds in private (-before +after):\n%s", what, diff)
		}
	}
	all := mailtest.Letters(t, h.Mail, "")
	if len(all) < letters+4 {
		t.Errorf("%d letters for what was done, so nothing is looked at", len(all)-letters)
	}
	for _, l := range all {
		text := fmt.Sprint(l.Kind, l.Params)
		if !slices.ContainsFunc(canaries, func(word string) bool { return strings.Contains(text, word) }) {
			continue
		}
		for _, to := range l.To {
			if who, _, _ := strings.Cut(to, "@"); slices.Contains(outsiders, who) {
				t.Errorf("%s is written %s", to, text)
			}
		}
	}
}

func requires(pkg string) tarball.Requirement {
	return tarball.Requirement{Name: pkg, App: pkg, Requirement: "~> 1.0"}
}

// L9: what is private is for no cache that others ask too, whether it is sent or told to be fresh.
func TestL9PrivateAnswersAreForNoSharedCache(t *testing.T) {
	t.Parallel()
	h := newCast(t, leakWorld)
	told := 0
	for _, row := range readMatrix(t) {
		if row = row.inGuild(); !strings.HasPrefix(row.route, "GET ") || row.want["anon"] == row.want["eva"] {
			continue
		}
		for _, caller := range []string{"eva", "root", "pat"} {
			if caller == "pat" && !row.ofPage() {
				caller = "repo"
			}
			c := h.asking(row, caller)
			a := c.Get(h.path(row))
			if a.Status >= 400 {
				continue
			}
			answers := []hubtest.Answer{a}
			if tag := a.Header.Get("ETag"); tag != "" {
				c.Header.Set("If-None-Match", tag)
				answers = append(answers, c.Get(h.path(row)).Expect(t, http.StatusNotModified))
			}
			for _, a := range answers {
				told++
				cache, vary := a.Header.Get("Cache-Control"), strings.ToLower(fmt.Sprint(a.Header.Values("Vary")))
				if strings.Contains(cache, "public") || !strings.Contains(cache, "private") && !strings.Contains(cache, "no-store") {
					t.Errorf("%s as %s: %d may be kept: Cache-Control is %q", row.route, caller, a.Status, cache)
				}
				credential := "authorization"
				if row.ofPage() {
					credential = "cookie"
				}
				if !strings.Contains(vary, credential) {
					t.Errorf("%s as %s: Vary is %s and Cache-Control %q", row.route, caller, vary, cache)
				}
			}
		}
	}
	if told < 50 {
		t.Errorf("%d answers were looked at", told)
	}
}

// L10: no path is answered with what is private because it seems to be of a picture or a style sheet, and
// what it is answered nobody keeps.
func TestL10DeceivedCachesKeepNothing(t *testing.T) {
	t.Parallel()
	h := newCast(t, leakWorld)
	for _, row := range readMatrix(t) {
		row = row.inGuild()
		if !strings.HasPrefix(row.route, "GET ") || row.want["anon"] == row.want["eva"] {
			continue
		}
		path, query, _ := strings.Cut(h.path(row), "?")
		for _, end := range []string{"/a.css", ";.css", "%2fa.css", "%3b.css", ".css", ";a=.js", "/%2e%2e/a.css", "%0a.css", "%23.css", "%3f.css", "/a.css;x"} {
			for _, caller := range witnesses(1, "eva", "root") {
				a := h.asking(row, caller).Get(path + end + "?" + query)
				if a.Status < 400 || !strings.Contains(a.Header.Get("Cache-Control"), "no-store") && a.Status != http.StatusBadRequest {
					t.Errorf("%s%s as %s: %d %q: %.100s", path, end, caller, a.Status, a.Header.Get("Cache-Control"), a.Body)
				}
			}
		}
	}
}

// L7, L2: what an outsider publishes tells nothing of what others hold: not by the words for a dependency
// that he may not see, nor by the name.
func TestL7PublishingIsNoOracle(t *testing.T) {
	t.Parallel()
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

// L15: bytes that somebody else stores already are taken as new ones are.
func TestL15StoredBytesAreNoOracle(t *testing.T) {
	t.Parallel()
	h := newCast(t, leakWorld)
	secret := hubtest.Docs(t, "<p>the canary's own page")
	h.asks("eva").Do("POST", "/api/repos/guild/packages/vault/releases/7.7.7/docs", secret).Expect(t, 201)
	h.asks("sam").Publish(hubtest.Tarball(t, "first", "1.0.0")).Expect(t, 201)
	upload := func(docs []byte) (string, string) {
		up := h.asks("sam").Do("POST", "/api/packages/first/releases/1.0.0/docs", docs)
		return seen(up), seen(h.Anonymous().Do(http.MethodHead, "/repo/docs/first-1.0.0.tar.gz", nil))
	}
	first, _ := upload(hubtest.Docs(t, "<p>some page of my own"))
	again, _ := upload(secret)
	if diff := cmp.Diff(first, again); diff != "" {
		t.Errorf("bytes that are there (+) and new ones (-) are answered differently:\n%s", diff)
	}
	// The tarball of a private release, whose bytes an outsider might hold, is as good as any.
	theirs := hubtest.Tarball(t, "vault", "9.0.0")
	h.asks("eva").Do("POST", "/api/repos/guild/publish", theirs).Expect(t, 201)
	h.asks("sam").Publish(theirs).Expect(t, 201)
	if owners := h.Anonymous().Get("/api/packages/vault/owners").Expect(t, 200).Body; !bytes.Contains(owners, []byte(`"sam"`)) || bytes.Contains(owners, []byte(`"eva"`)) {
		t.Errorf("owners: %s", owners)
	}
}

// L6: a private package takes as long to be refused as one that is not there, whether it is asked for itself, for its
// files, for what has changed in it, or for its documentation. The medians of many turns differ by less than a
// millisecond; on a machine without other work it is a few microseconds.
func TestL6RefusalsTakeEquallyLong(t *testing.T) {
	if raced {
		t.Skip("what a request takes under the race detector is not what it takes: make test measures it without")
	}
	h := newLeak(t)
	for _, path := range []string{"/api/repos/%s/packages/%s", "/repo/repos/%s/packages/%s", "/repo/repos/%s/tarballs/%s-1.0.0.tar", "/api/orgs/%s/members?of=%s", "/api/orgs/%s/policies/%s", "/repo/repos/%s/policies/%s"} {
		for _, caller := range []string{"anon", "sam", "stranger"} {
			h.timeRefusals(200, caller, matrixRow{route: "GET " + path})
		}
	}
	for _, row := range docsTimed {
		for _, caller := range []string{"anon", "sam", "stranger"} {
			h.timeRefusals(60, caller, row)
		}
	}
}

// timeRefusals compares how long it takes to refuse what is there and what is not. A machine that is busy makes either
// longer by chance, but not three times in a row.
func (h *cast) timeRefusals(turns int, caller string, row matrixRow) {
	h.t.Helper()
	var gaps []time.Duration
	for range 3 {
		gap := h.gap(turns, caller, row)
		if gap.Abs() <= time.Millisecond || len(gaps) > 0 && gap > 0 != (gaps[0] > 0) {
			return
		}
		gaps = append(gaps, gap)
	}
	h.t.Errorf("%s%s as %s: what is there takes longer to refuse, by %s", row.host, row.route, caller, gaps)
}

// gap is how much longer what is there takes, at the median, when one asks for it and for what is not there in turn.
func (h *cast) gap(turns int, caller string, row matrixRow) time.Duration {
	var there, gone []time.Duration
	for range turns {
		for _, turn := range []struct {
			org, pkg string
			took     *[]time.Duration
		}{{"guild", "vault", &there}, {"guild", "vapor", &gone}, {"ghost", "vault", &gone}} {
			one := row.where(strings.NewReplacer("%s/%s", turn.org+"/"+turn.pkg, "%s--%s", turn.org+"--"+turn.pkg, "%s", turn.org))
			one.route = strings.Replace(one.route, "of="+turn.org, "of="+turn.pkg, 1)
			c, path := h.asking(one, caller), h.path(one)
			start := time.Now()
			c.Get(path)
			*turn.took = append(*turn.took, time.Since(start))
		}
	}
	slices.Sort(there)
	slices.Sort(gone)
	return there[len(there)/2] - gone[len(gone)/2]
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

package api_test

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/surface/api"
)

var (
	readAPI  = access.Permission{Domain: access.DomainAPI, Resource: "read"}
	fetchAll = access.Permission{Domain: access.DomainRepositories}
)

func TestRequestsAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		for _, c := range []struct {
			name  string
			limit int
			who   string
			want  want
		}{
			{"anonymous", 100, "IP 192.0.2.9", from("192.0.2.9")},
			{"user", 500, "user jose", w.as("jose")},
			{"T7 a /64 is one caller", 100, "IP 2001:db8::1", from("2001:db8::1")},
		} {
			for i := range c.limit {
				h := w.expect(200, "GET", "/repos", nil, c.want).Header()
				if h.Get("X-Ratelimit-Limit") != strconv.Itoa(c.limit) || h.Get("X-Ratelimit-Remaining") != strconv.Itoa(c.limit-1-i) ||
					h.Get("X-Ratelimit-Reset") != strconv.FormatInt(time.Now().Truncate(time.Minute).Add(time.Minute).Unix(), 10) {
					t.Fatalf("%s: request %d is told %v", c.name, i, h)
				}
			}
			rec := w.expect(429, "GET", "/repos", nil, c.want)
			if got := tree(t, rec)["message"]; got != "API rate limit exceeded for "+c.who || rec.Header().Get("X-Ratelimit-Remaining") != "0" {
				t.Errorf("%s: %v", c.name, got)
			}
		}
		w.expect(429, "GET", "/repos", nil, from("2001:db8::ffff:1"))
		w.expect(200, "GET", "/repos", nil, from("2001:db8:0:1::1"))
		time.Sleep(time.Minute)
		w.expect(200, "GET", "/repos", nil, w.as("jose"))
	})
}

// Whatever becomes of a request, its caller is told where he stands; and it counts, 304s too.
func TestEveryAnswerTellsTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.publish("jose", "", "decimal", "1.0.0")
		etag := w.expect(200, "GET", "/packages/decimal", nil, w.as("jose")).Header().Get("ETag")
		remaining, caller := 100, from("192.0.2.50")
		told := func(what string, rec *httptest.ResponseRecorder, status int) {
			t.Helper()
			if remaining--; rec.Code != status || rec.Header().Get("X-Ratelimit-Limit") != "100" ||
				rec.Header().Get("X-Ratelimit-Remaining") != strconv.Itoa(max(0, remaining)) || rec.Header().Get("X-Ratelimit-Reset") == "" {
				t.Errorf("%s: %d %v, want %d and %d remaining", what, rec.Code, rec.Header(), status, remaining)
			}
		}
		told("200", w.do("GET", "/packages/decimal", nil, caller), 200)
		told("304", w.do("GET", "/packages/decimal", nil, caller, header("If-None-Match", etag)), 304)
		told("HEAD", w.do("HEAD", "/packages/decimal", nil, caller), 200)
		told("400", w.do("GET", "/packages/decimal/releases/x", nil, caller), 400)
		told("401 for want of a credential", w.do("GET", "/users/me", nil, caller), 401)
		told("401 for a bad one", w.do("GET", "/packages/decimal", nil, caller, header("Authorization", "nonsense")), 401)
		told("404", w.do("GET", "/packages/absent", nil, caller), 404)
		told("404 of no route", w.do("GET", "/nothing/here", nil, caller), 404)
		told("404 of no method", w.do("PATCH", "/packages", nil, caller), 404)
		told("422", w.do("POST", "/users", map[string]any{}, caller), 422)
		told("terms", w.do("GET", "/packages/decimal", nil, caller, inTerms), 200)
		told("W19 the path in another case", w.do("GET", "/Packages/Decimal", nil, caller), 404)
		for remaining > 0 {
			told("304 again", w.do("GET", "/packages/decimal", nil, caller, header("If-None-Match", etag)), 304)
		}
		rec := w.do("GET", "/packages/decimal", nil, caller, header("If-None-Match", etag))
		told("429", rec, 429)
		if got := strings.TrimSpace(rec.Body.String()); got != `{"message":"API rate limit exceeded for IP 192.0.2.50","status":429}` {
			t.Errorf("429 says %s", got)
		}
		if rec.Header().Get("Retry-After") != "60" {
			t.Errorf("429 is to be tried again after %q s, want 60", rec.Header().Get("Retry-After"))
		}
		if got := tree(t, w.do("GET", "/packages/decimal", nil, caller, inTerms))["message"]; got != "API rate limit exceeded for IP 192.0.2.50" {
			t.Errorf("429 in terms says %v", got)
		}
	})
}

// W19: keys of one user, and the methods and spellings he uses, are counted together.
func TestW19RotatingKeysGainsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		for i := range 50 {
			w.keys[strconv.Itoa(i)] = w.key("jose", "k"+strconv.Itoa(i))
		}
		methods := []string{"GET", "HEAD"}
		for i := range 500 {
			w.expect(200, methods[i%2], "/repos", nil, w.as(strconv.Itoa(i%50)), from("192.0.2."+strconv.Itoa(i%250)))
		}
		rec := w.expect(429, "GET", "/repos", nil, w.as("7"))
		if got := tree(t, rec)["message"]; got != "API rate limit exceeded for user jose" {
			t.Errorf("429 says %v", got)
		}
		_, secret, err := w.access.CreateKey(t.Context(), access.SystemActor("test"), access.OfOrg(forge), access.KeyDraft{Name: "ci"})
		w.must(err)
		w.keys["forge"] = secret
		for range 500 {
			w.expect(200, "GET", "/repos", nil, w.as("forge"))
		}
		if got := tree(t, w.expect(429, "GET", "/repos", nil, w.as("forge")))["message"]; got != "API rate limit exceeded for organization forge" {
			t.Errorf("429 says %v", got)
		}
	})
}

func TestThisMachineIsNotCountedUnlessAsked(t *testing.T) {
	for _, counted := range []bool{false, true} {
		w := newWorld(t, func(_ *account.Rules, o *api.Options) { o.LimitLoopback = counted })
		rec := w.do("GET", "/repos", nil, from("127.0.0.1"))
		if got := rec.Header().Get("X-Ratelimit-Limit") != ""; got != counted {
			t.Errorf("LimitLoopback %t: counted %t", counted, got)
		}
	}
}

func TestPasswordsCannotBeTriedForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		for range 10 { // A1
			w.expect(401, "GET", "/users/me", nil, basic("jose", "wrong"))
		}
		w.expect(429, "GET", "/users/me", nil, basic("jose", password))
		w.expect(200, "GET", "/users/me", nil, basic("jose", password), from("192.0.2.77"))
		w.expect(200, "GET", "/users/me", nil, w.as("jose"))
		time.Sleep(15 * time.Minute)
		w.expect(200, "GET", "/users/me", nil, basic("jose", password))
	})
}

// A22: an Authorization header is read in one way only.
func TestA22OneParseOfCredentials(t *testing.T) {
	w := newWorld(t)
	good := w.keys["jose"]
	for _, second := range []string{good, "Basic x", ""} {
		w.expect(400, "GET", "/repos", nil, func(r *http.Request) { r.Header["Authorization"] = []string{good, second} })
	}
	for _, value := range []string{
		"basic am9zZTp4", "BASIC am9zZTp4", "Basic  am9zZTp4", "Basic\tam9zZTp4", "Key " + good, good + " ", "Ｂasic am9zZTp4",
		strings.ToUpper(good), strings.Repeat("a", 100_000),
	} {
		if rec := w.do("GET", "/users/me", nil, header("Authorization", value)); rec.Code != 401 {
			t.Errorf("Authorization %.20q: %d, want 401", value, rec.Code)
		}
	}
}

func TestSimpleRequestsOfOtherOriginsMayReadWithoutCookies(t *testing.T) {
	w := newWorld(t)
	origin := header("Origin", "https://evil.test")
	if h := w.do("GET", "/repos", nil, origin).Header(); h.Get("Access-Control-Allow-Origin") != "*" || h.Get("Access-Control-Allow-Credentials") != "" {
		t.Errorf("GET: %v", h)
	}
	if h := w.do("POST", "/publish", nil, origin).Header(); h.Get("Access-Control-Allow-Origin") != "" {
		t.Error("an upload may be read by other origins")
	}
	w.expect(404, "OPTIONS", "/repos", nil, origin)
}

func TestAnswersTellTheirRevision(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		before := w.do("GET", "/repos", nil).Header().Get("X-HexHub-Revision")
		after := w.expect(201, "POST", "/keys", map[string]any{"name": "x"}, w.as("jose")).Header().Get("X-HexHub-Revision")
		b, _ := strconv.Atoi(before)
		if a, err := strconv.Atoi(after); err != nil || a <= b {
			t.Errorf("revision %s, then %s after a write", before, after)
		}
		w.expect(200, "GET", "/repos", nil, header("X-HexHub-Revision", after))
		w.expect(200, "GET", "/repos", nil, header("X-HexHub-Revision", "999999")) // which the log may never come to
	})
}

// What a stranger must not know of is answered as what is not there, to the byte.
func TestPrivateIsAsAbsent(t *testing.T) {
	w := newWorld(t)
	w.publish("eva", "/repos/forge", "vault", "1.0.0")
	w.expect(201, "POST", "/repos/forge/packages/vault/releases/1.0.0/docs", pages(t, "x"), w.as("eva"))
	w.expect(201, "POST", "/orgs/forge/policies", map[string]any{"name": "hidden", "visibility": "private"}, w.as("eva"))
	etag := w.expect(200, "GET", "/repos/forge/packages/vault", nil, w.as("eva")).Header().Get("ETag")
	w.keys["fetcher"] = w.key("bob", "fetcher", fetchAll)
	w.keys["nobody"] = ""
	uncounted := from("127.0.0.1")
	for _, who := range []string{"nobody", "bob", "fetcher"} {
		as := w.as(who)
		if who == "nobody" {
			as = func(*http.Request) {}
		}
		for _, route := range api.Routes() {
			if !strings.HasPrefix(route.Path, "/repos/{repository}") && !strings.HasPrefix(route.Path, "/orgs/") {
				continue
			}
			at := func(repo, pkg string) string {
				return strings.NewReplacer("{repository}", repo, "{org}", repo, "{package}", pkg, "{version}", "1.0.0", "{user}", "eva", "{key}", "k", "{policy}", "hidden").Replace(route.Path)
			}
			for _, extra := range []want{func(*http.Request) {}, inTerms, header("If-None-Match", etag), header("Range", "bytes=0-1")} { // L5
				seen := w.do(route.Method, at("forge", "vault"), nil, as, extra, uncounted)
				for _, absent := range []string{at("nowhere", "vault"), at("nowhere", "absent")} {
					other := w.do(route.Method, absent, nil, as, extra, uncounted)
					if seen.Code != other.Code || seen.Body.String() != other.Body.String() || headers(seen.Header()) != headers(other.Header()) {
						t.Errorf("%s %s %s: %d %s %s\nbut absent: %d %s %s", who, route.Method, route.Path, seen.Code, seen.Body, headers(seen.Header()), other.Code, other.Body, headers(other.Header()))
					}
				}
			}
		}
		for _, path := range []string{"/packages", "/packages?search=vault", "/repos", "/users/eva"} { // L2
			if rec := w.do("GET", path, nil, as, uncounted); strings.Contains(rec.Body.String(), "vault") || strings.Contains(rec.Body.String(), "forge") {
				t.Errorf("%s tells %s of the private package: %s", path, who, rec.Body)
			}
		}
	}
}

// headers are those of an answer that say something about what was asked for.
func headers(h http.Header) string {
	var b strings.Builder
	h.Write(&b)
	return b.String()
}

// A15: an address leads to nobody unless its owner shows it, and who is here for an organization only
// is not here for strangers.
func TestA15UsersAreNotToldOf(t *testing.T) {
	w := newWorld(t)
	w.publish("jose", "", "decimal", "1.0.0")
	w.expect(200, "GET", "/users/jose@example.com", nil)
	w.expect(200, "GET", "/users/jose", nil)
	w.expect(200, "GET", "/users/bob", nil)
	w.expect(404, "GET", "/users/eva", nil)
	w.expect(200, "GET", "/users/eva", nil, w.as("bob"))
	w.expect(404, "GET", "/users/nobody", nil)
	w.expect(404, "GET", "/users/nobody@example.com", nil)
}

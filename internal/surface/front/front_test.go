package front_test

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"hexhub/internal/surface/call"
	"hexhub/internal/surface/front"
)

// echo answers with the surface's name, the path it saw, and who called.
func echo(name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		call.Note(r.Context(), slog.String("seen", name))
		fmt.Fprintf(w, "%s %s %s", name, r.URL.EscapedPath(), call.From(r.Context()).IP)
	})
}

func newFront(log io.Writer, proxies ...string) http.Handler {
	o := front.Options{API: echo("api"), Ops: echo("ops"), Repo: echo("repo"), Site: echo("site"), Log: slog.New(slog.NewJSONHandler(log, nil))}
	for _, p := range proxies {
		o.Proxies = append(o.Proxies, netip.MustParsePrefix(p))
	}
	return front.New(o)
}

func get(t *testing.T, h http.Handler, target string, header http.Header) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	u, err := url.Parse(target) // as it stands: resolving would clean the path
	if err != nil {
		t.Fatal(err)
	}
	r.URL = u
	r.RemoteAddr = "192.0.2.7:1234"
	maps.Copy(r.Header, header)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestPathsReachTheirSurfaceWithoutRedirect(t *testing.T) {
	h := newFront(io.Discard)
	for path, want := range map[string]string{
		"/":                           "site /",
		"/packages/decimal":           "site /packages/decimal",
		"/apis":                       "site /apis",
		"/api":                        "api /",
		"/api/":                       "api /",
		"/api/operator/users":         "ops /operator/users",
		"/api//operator//":            "ops /operator/",
		"/api/operator":               "api /operator",
		"/api/operators/x":            "api /operators/x",
		"/api/operator%2Fusers":       "api /operator%2Fusers",
		"/operator/users":             "site /operator/users",
		"/api//packages/x":            "api /packages/x",
		"http://h//api///packages//x": "api /packages/x",
		"/repo/packages/x":            "repo /packages/x",
		"/api/keys/a%2Fb":             "api /keys/a%2Fb",
		"/api/packages/n/owners/u@e":  "api /packages/n/owners/u@e",
		"/api/packages/x/":            "api /packages/x/",
	} {
		w := get(t, h, path, nil)
		if got := w.Body.String(); w.Code != 200 || !strings.HasPrefix(got, want+" ") {
			t.Errorf("%s: %d %q, want %q", path, w.Code, got, want)
		}
	}
}

func TestW18AmbiguousPathsAreRefused(t *testing.T) {
	h := newFront(io.Discard)
	for _, path := range []string{"/api/../repo/x", "/api/%2e%2e/x", "/api/%2E./x", "/./x", "/api/a%00b", "/x?q=%00"} {
		if w := get(t, h, path, nil); w.Code != http.StatusBadRequest || w.Header().Get("Location") != "" {
			t.Errorf("%s: %d, want 400 and no redirect", path, w.Code)
		}
	}
}

func TestA2OnlyTrustedProxiesAreBelieved(t *testing.T) {
	spoof := http.Header{"X-Forwarded-For": {"1.2.3.4, 203.0.113.9", "10.0.0.5"}, "X-Real-Ip": {"6.6.6.6"}, "Forwarded": {"for=6.6.6.6"}}
	for _, c := range []struct {
		name    string
		proxies []string
		header  http.Header
		want    string
	}{
		{"no proxy is trusted by default", nil, spoof, "192.0.2.7"},
		{"the right-most stranger", []string{"192.0.2.0/24", "10.0.0.0/8"}, spoof, "203.0.113.9"},
		{"a hop nobody vouches for", []string{"192.0.2.0/24"}, spoof, "10.0.0.5"},
		{"nonsense ends the walk", []string{"192.0.2.0/24"}, http.Header{"X-Forwarded-For": {"evil"}}, "192.0.2.7"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := get(t, newFront(io.Discard, c.proxies...), "/", c.header)
			if got := w.Body.String(); !strings.HasSuffix(got, " "+c.want) {
				t.Errorf("ip in %q, want %s", got, c.want)
			}
		})
	}
}

func TestOneLineIsLoggedAndNeverACredential(t *testing.T) {
	var log bytes.Buffer
	h := newFront(&log)
	get(t, h, "/api/users/me", http.Header{"Authorization": {"canary-secret"}, "User-Agent": {"evil\r\n\x1b[31m"}})
	line := log.String()
	if strings.Count(line, "\n") != 1 || !strings.Contains(line, `"seen":"api"`) {
		t.Errorf("log = %q", line)
	}
	if strings.Contains(line, "canary") || strings.ContainsAny(line, "\x1b\r") {
		t.Errorf("log tells too much: %q", line)
	}
}

// A20: a link from a mail holds a token in its path; its page knows, and what is logged is another path.
func TestA20PathsWithTokensAreNotLogged(t *testing.T) {
	var log bytes.Buffer
	h := front.New(front.Options{
		Log: slog.New(slog.NewJSONHandler(&log, nil)),
		Site: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			call.HidePath(r.Context(), "/setup/…")
		}),
	})
	get(t, h, "/setup/s3cret", nil)
	if strings.Contains(log.String(), "s3cret") || !strings.Contains(log.String(), `"path":"/setup/…"`) {
		t.Error(log.String())
	}
}

func TestRequestIDIsKeptWhenPlain(t *testing.T) {
	h := newFront(io.Discard)
	given := "01J8Y6R6M5V0Q2K8Z3B7C9D1E4"
	if got := get(t, h, "/", http.Header{"X-Request-Id": {given}}).Header().Get("X-Request-Id"); got != given {
		t.Errorf("id = %q, want the given one", got)
	}
	for _, bad := range []string{"", "short", strings.Repeat("a", 201), "aaaaaaaaaaaaaaaaaaaaaaa\"<script>"} {
		if got := get(t, h, "/", http.Header{"X-Request-Id": {bad}}).Header().Get("X-Request-Id"); got == bad || len(got) < 20 {
			t.Errorf("id for %q = %q, want a new one", bad, got)
		}
	}
}

func TestPanicIsAnsweredAndLogged(t *testing.T) {
	var log bytes.Buffer
	boom := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("secret detail") })
	h := front.New(front.Options{API: boom, Repo: boom, Site: boom, Log: slog.New(slog.NewJSONHandler(&log, nil))})
	w := get(t, h, "/x", nil)
	if w.Code != 500 || strings.Contains(w.Body.String(), "secret") {
		t.Errorf("answer = %d %q", w.Code, w.Body)
	}
	if !strings.Contains(log.String(), "secret detail") || !strings.Contains(log.String(), `"status":500`) {
		t.Errorf("log = %s", log.String())
	}
}

package api_test

import (
	"encoding/hex"
	"flag"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"hexhub/hex/name"
	"hexhub/hex/tarball"
	"hexhub/hex/version"
	"hexhub/internal/feature/stats"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// Every object that clients see is what it was, in both formats, to the byte.
func TestGoldenObjects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // for its clock
		w := newWorld(t)
		furnish(w)
		for file, get := range map[string]string{
			"index": "/", "user": "/users/jose", "me": "/users/me", "packages": "/packages?sort=name", "package": "/packages/decimal",
			"package_private": "/repos/forge/packages/vault", "release": "/packages/decimal/releases/2.0.0",
			"release_retired": "/packages/decimal/releases/1.0.0", "release_days": "/packages/decimal/releases/2.0.0?downloads=day",
			"release_months": "/packages/decimal/releases/2.0.0?downloads=month&downloads_after=2000-01-01",
			"owners":         "/packages/decimal/owners", "owner": "/packages/decimal/owners/jose",
			"repositories": "/repos", "repository": "/repos/hexhub", "keys": "/keys", "key": "/keys/laptop",
			"orgs": "/orgs", "org": "/orgs/forge", "members": "/orgs/forge/members", "member": "/orgs/forge/members/eva",
			"auth": "/auth?domain=api&resource=read", "not_found": "/packages/absent",
		} {
			viewer := w.as("jose")
			if file == "package_private" || strings.HasPrefix(get, "/orgs") {
				viewer = w.as("eva")
			}
			golden(t, file+".json", w.do("GET", get, nil, viewer))
			golden(t, file+".etf", w.do("GET", get, nil, viewer, inTerms))
		}
		invalid := map[string]any{"reason": "boredom", "message": "x"}
		golden(t, "invalid.json", w.do("POST", "/packages/decimal/retire", invalid, w.as("jose")))
		golden(t, "invalid.etf", w.do("POST", "/packages/decimal/retire", invalid, w.as("jose"), inTerms))
	})
}

// furnish fills the world with what the golden files show.
func furnish(w *world) {
	w.publish("jose", "", "jason", "1.4.0")
	time.Sleep(time.Hour + 123456789*time.Nanosecond)
	w.publish("jose", "", "decimal", "1.0.0")
	w.expect(201, "POST", "/publish", pack(w, "decimal", "2.0.0", func(m *tarball.Metadata) {
		m.Requirements = []tarball.Requirement{{Name: "jason", App: "jason", Requirement: "~> 1.0", Repository: "hexpm", Optional: true}}
	}), w.as("jose"))
	w.publish("jose", "", "decimal", "2.1.0-rc.1")
	w.publish("eva", "/repos/forge", "vault", "0.3.1")
	w.expect(204, "POST", "/packages/decimal/releases/1.0.0/retire", map[string]any{"reason": "security", "message": "rounds badly"}, w.as("jose"))
	w.expect(204, "PUT", "/packages/decimal/owners/eva", map[string]any{"level": "maintainer"}, w.as("jose"))
	for _, v := range []string{"1.0.0", "2.0.0", "2.0.0"} {
		w.counter.Count(stats.Ref{Repository: home, Package: name.MustPackage("decimal"), Version: version.MustParse(v)})
	}
	w.must(w.counter.Flush(w.Context()))
	time.Sleep(24 * time.Hour)
}

// golden compares an answer's first line, content type and body with the file. Terms are kept as hex.
func golden(t *testing.T, file string, rec *httptest.ResponseRecorder) {
	t.Helper()
	body := rec.Body.String()
	if strings.HasSuffix(file, ".etf") {
		body = hex.EncodeToString(rec.Body.Bytes())
	} else {
		body = strings.ReplaceAll(body, `,"`, ",\n\"")
	}
	got := rec.Result().Status + "\n" + rec.Header().Get("Content-Type") + "\n" + body + "\n"
	path := filepath.Join("testdata", file)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s changed (-want +got):\n%s", file, d)
	}
}

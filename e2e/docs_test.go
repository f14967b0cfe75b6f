package e2e

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// Documentation that the client of rebar3 packs and its plugin uploads is a page when the upload is answered, is found
// by the address that the answer tells, and can be fetched as it was.
func TestDocsOfRebar3(t *testing.T) {
	t.Parallel()
	c, s := startHexCore(t), serve(t)
	jose := s.register("jose")
	file, _, _ := c.pack("decimal", "1.0.0", "-module(decimal).", nil)
	jose.Publish(goBytes(t, file)).Expect(t, http.StatusCreated)
	docs := goBytes(t, c.must("r3_hex_tarball", "create_docs", []any{
		tuple(charlist("index.html"), "<!doctype html><title>decimal</title><p>Overview"),
		tuple(charlist("decimal.html"), "<!doctype html><title>Module decimal</title><p>Arithmetic"),
	}))

	made := jose.Do(http.MethodPost, "/api/packages/decimal/releases/1.0.0/docs", docs).Expect(t, http.StatusCreated)
	at, err := url.Parse(made.Header.Get("Location"))
	if err != nil || !strings.HasPrefix(at.Host, "decimal.docs.localhost:") {
		t.Fatalf("documentation is said to be at %q", made.Header.Get("Location"))
	}
	reader := s.client() // whom no resolver needs to know the host
	reader.Header = http.Header{"Host": {at.Host}}
	for path, want := range map[string]string{at.Path: "Overview", "/decimal.html": "Arithmetic", "/1.0.0/decimal.html": "Arithmetic"} {
		if page := string(reader.Get(path).Expect(t, http.StatusOK).Body); !strings.Contains(page, want) {
			t.Errorf("%s of %s: %s", path, at.Host, page)
		}
	}

	fetched := s.client().Get("/repo/docs/decimal-1.0.0.tar.gz").Expect(t, http.StatusOK).Body
	if _, ok := c.must("r3_hex_tarball", "unpack_docs", erlangBytes(fetched), atom("memory")).([]any); !ok || !bytes.Equal(fetched, docs) {
		t.Errorf("what is fetched is not what was sent, or no documentation to the client")
	}
}

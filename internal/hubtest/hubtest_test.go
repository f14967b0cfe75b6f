package hubtest_test

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"testing"

	"hexhub/internal/hubtest"
)

const small = `
user jose admin password="a long passphrase"
key jose ci permissions=api
package hexhub/decimal owner=jose
release hexhub/decimal 2.1.0
`

// What is published over HTTP can be fetched, also by the next process that opens the data.
func TestPublishedStays(t *testing.T) {
	h := hubtest.Real(t, small)
	file := hubtest.Tarball(t, "jason", "1.4.0")
	h.As("jose/ci").Publish(file).Expect(t, http.StatusCreated)
	h.Restart()
	for path, want := range map[string]int{
		"/status":                          http.StatusOK,
		"/api/packages/decimal":            http.StatusOK,
		"/repo/packages/jason":             http.StatusOK,
		"/repo/tarballs/decimal-2.1.0.tar": http.StatusOK,
		"/api/packages/nothing":            http.StatusNotFound,
	} {
		h.Anonymous().Get(path).Expect(t, want)
	}
	var rel struct{ Checksum string }
	h.As("jose/ci").Get("/api/packages/jason/releases/1.4.0").Expect(t, http.StatusOK).JSON(t, &rel)
	sum := sha256.Sum256(file)
	if rel.Checksum != hex.EncodeToString(sum[:]) {
		t.Errorf("checksum = %s, want %x", rel.Checksum, sum)
	}
	if got := h.Anonymous().Get("/repo/tarballs/jason-1.4.0.tar").Expect(t, http.StatusOK).Body; string(got) != string(file) {
		t.Errorf("the tarball has %d bytes, not the %d that were published", len(got), len(file))
	}
}

// A world in memory has the signing key of this package and serves the same.
func TestWorldServes(t *testing.T) {
	h := hubtest.World(t, small)
	if got, want := h.Registry().Fingerprint, hubtest.Signer(t).Public().Fingerprint(); got != want {
		t.Errorf("signed with %s, want %s", got, want)
	}
	h.Anonymous().Get("/repo/packages/decimal").Expect(t, http.StatusOK)
	h.Anonymous().Basic("jose", "a long passphrase").Get("/api/users/me").Expect(t, http.StatusOK)
	h.Anonymous().Basic("jose", "another passphrase").Get("/api/users/me").Expect(t, http.StatusUnauthorized)
}

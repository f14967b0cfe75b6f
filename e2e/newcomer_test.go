package e2e

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hexhub/hex/registry"
	"hexhub/internal/hubtest"
)

// From an empty folder to a package that somebody else fetches, without a browser and as the quickstart
// has it.
func TestNewcomer(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	secret := filepath.Join(dir, "admin-password")
	if err := os.WriteFile(secret, []byte(password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := serveIn(t, filepath.Join(dir, "data"), "HEXHUB_REGISTRATION=invite",
		"HEXHUB_ADMIN_EMAIL=eva@example.com", "HEXHUB_ADMIN_USERNAME=eva", "HEXHUB_ADMIN_PASSWORD_FILE="+secret)

	var me struct{ Username, Email string }
	s.client().Basic("eva", password).Get("/api/users/me").Expect(t, http.StatusOK).JSON(t, &me)
	if me.Username != "eva" || me.Email != "eva@example.com" {
		t.Errorf("the administrator is %+v", me)
	}
	s.client().Do(http.MethodPost, "/api/users", map[string]any{
		"username": "mallory", "email": "mallory@example.com", "password": password,
	}).Expect(t, http.StatusForbidden)

	// One key from curl, one from the command line at the machine.
	web := newKey(s.client().Basic("eva", password), "laptop", "api")
	shell := s.run("key", "create", "eva", "ci", "--permission", "api:write", "--quiet")
	first, second := hubtest.Tarball(t, "decimal", "1.0.0"), hubtest.Tarball(t, "decimal", "1.1.0")
	s.client().With(web).Publish(first).Expect(t, http.StatusCreated)
	s.client().With(shell).Publish(second).Expect(t, http.StatusCreated)

	checkServed(t, s, "decimal", "1.0.0", first)
	checkServed(t, s, "decimal", "1.1.0", second)
	s.run("key", "revoke", "eva", "ci")
	s.client().With(shell).Get("/api/users/me").Expect(t, http.StatusUnauthorized)
	s.stop()
}

// run runs a command at the server's machine and returns what it prints.
func (s *server) run(args ...string) string {
	s.t.Helper()
	s.client().Get("/status").Expect(s.t, http.StatusOK) // the operator's socket is there once it serves
	cmd := s.command(s.t.Context(), args...)
	var talk strings.Builder
	cmd.Stderr = &talk
	out, err := cmd.Output()
	if err != nil {
		s.t.Fatalf("hexhub %s: %v\n%s", strings.Join(args, " "), err, &talk)
	}
	return strings.TrimSpace(string(out))
}

// checkServed looks for a release in the API, in the signed registry, and for its bytes.
func checkServed(t *testing.T, s *server, pkg, version string, file []byte) {
	t.Helper()
	want := sha256.Sum256(file)
	c := s.client()
	var row struct{ Checksum string }
	c.Get("/api/packages/"+pkg+"/releases/"+version).Expect(t, http.StatusOK).JSON(t, &row)
	if row.Checksum != hex.EncodeToString(want[:]) {
		t.Errorf("%s %s: the API has checksum %s, want %x", pkg, version, row.Checksum, want)
	}
	key, err := registry.ParsePublicKey(c.Get("/repo/public_key").Expect(t, http.StatusOK).Body)
	if err != nil {
		t.Fatal(err)
	}
	if key.Fingerprint() != s.fingerprint {
		t.Errorf("the public key is %s, but the server said %s", key.Fingerprint(), s.fingerprint)
	}
	p, err := registry.ReadPackage(key, c.Get("/repo/packages/"+pkg).Expect(t, http.StatusOK).Body, "hexhub", pkg)
	if err != nil {
		t.Fatal(err)
	}
	listed := false
	for _, r := range p.Releases {
		if r.Version == version {
			listed = true
			if r.OuterChecksum != want {
				t.Errorf("%s %s: the registry has checksum %x, want %x", pkg, version, r.OuterChecksum, want)
			}
		}
	}
	if !listed {
		t.Errorf("%s %s is not in the registry", pkg, version)
	}
	if got := c.Get("/repo/tarballs/"+pkg+"-"+version+".tar").Expect(t, http.StatusOK).Body; sha256.Sum256(got) != want {
		t.Errorf("%s %s: the tarball has other bytes than were published", pkg, version)
	}
}

package e2e

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

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

// From the program alone to a package that stock rebar3 has fetched takes four commands and no file that is edited by
// hand. Between the first and the second the newcomer follows the link that is printed, and says who he is.
func TestNewcomerNeedsFourCommands(t *testing.T) {
	t.Parallel()
	rebar3(t)
	home := t.TempDir()
	p := project{t, filepath.Join(home, "app")}
	p.write("rebar.config", "{deps, [{ratio, \"~> 0.1\"}]}.\n") // what an application says of itself anyhow
	p.write("src/app.app.src", `{application, app, [{vsn, "1.0.0"}, {applications, [kernel, stdlib, ratio]}]}.`+"\n")
	file := source(t, "ratio", "0.1.0", "-export([half/0]).\nhalf() -> 0.5.")
	p.write("../ratio-0.1.0.tar", string(file))
	began, commands := time.Now(), 0

	commands++
	s := serveIn(t, filepath.Join(home, "data"), "HEXHUB_REGISTRATION=invite")
	s.becomeAdministrator("eva")
	commands++
	s.run("connect", "rebar3", "--publish")
	commands++
	s.run("publish", filepath.Join(home, "ratio-0.1.0.tar"))
	commands++
	get := exec.CommandContext(t.Context(), rebar3(t), "get-deps")
	get.Dir, get.Env = p.dir, []string{"HOME=" + home, "PATH=" + os.Getenv("PATH"), "REBAR_COLOR=none", "LANG=C.UTF-8"}
	if out, err := get.CombinedOutput(); err != nil {
		t.Fatalf("rebar3 get-deps: %v\n%s", err, out)
	}

	if _, err := os.Stat(filepath.Join(p.dir, "_build/default/lib/ratio/src/ratio.erl")); err != nil {
		t.Errorf("the package was not fetched: %v", err)
	}
	checkLock(t, p, map[string][]byte{"ratio": file})
	if commands > 4 {
		t.Errorf("it took %d commands", commands)
	}
	t.Logf("%d commands, %s", commands, time.Since(began).Round(10*time.Millisecond))
}

// becomeAdministrator follows the link that the server printed, as a browser does.
func (s *server) becomeAdministrator(username string) {
	s.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	browser := http.Client{Jar: jar, Timeout: patience}
	for _, ask := range []func() (*http.Response, error){
		func() (*http.Response, error) { return browser.Get(<-s.log.setup) },
		func() (*http.Response, error) {
			return browser.PostForm(s.url+"/setup", url.Values{"username": {username}, "email": {username + "@example.com"}, "password": {password}})
		},
	} {
		resp, err := ask()
		if err != nil {
			s.t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			s.t.Fatalf("%s answers %s", resp.Request.URL.Path, resp.Status)
		}
	}
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

package account_test

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // what RFC 6238 says
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hexhub/internal/feature/account"
)

// code is what an authenticator app shows now for a secret in base32.
func code(t testing.TB, secret string) string {
	t.Helper()
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ReplaceAll(secret, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	var step [8]byte
	binary.BigEndian.PutUint64(step[:], uint64(time.Now().Unix()/30))
	h := hmac.New(sha1.New, key)
	h.Write(step[:])
	sum := h.Sum(nil)
	at := sum[len(sum)-1] & 15
	return fmt.Sprintf("%06d", (binary.BigEndian.Uint32(sum[at:])&0x7fffffff)%1_000_000)
}

// enrol gives the user a second factor and returns its secret and the recovery codes.
func (w *world) enrol(username string) (secret string, recovery []string) {
	w.Helper()
	b := w.as(username)
	p := b.submit(b.get("/dashboard/security"), "/dashboard/security/totp")
	p.wants(w.T, 200, "/dashboard/security/totp", "Two-factor authentication")
	secret = p.find("pre", "id", "secret")[0].text
	p = b.submit(p, "/dashboard/security/totp/confirm", "code", code(w.T, secret))
	p.wants(w.T, 200, "/dashboard/security/totp/confirm", "Your recovery codes")
	for _, li := range p.find("ul", "id", "recovery")[0].find("li") {
		recovery = append(recovery, li.text)
	}
	return secret, recovery
}

func TestSecondFactorIsAskedForAfterThePassword(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.user("eva")
		secret, recovery := w.enrol("eva")
		if len(recovery) != 10 {
			t.Fatalf("recovery codes = %v", recovery)
		}
		time.Sleep(time.Minute) // the code that confirmed is used up
		b := w.browser()
		p := b.post("/login", "login", "eva", "password", good, "return", "/dashboard/keys")
		p.wants(t, 200, "/tfa", "Second step")
		if got := b.get("/dashboard"); got.path != "/login" {
			t.Fatal("half of the proof is enough")
		}
		if wrong := b.submit(p, "/tfa", "code", "000000"); wrong.status != 422 || wrong.problem() == "" {
			t.Errorf("a wrong code: %d %q", wrong.status, wrong.problem())
		}
		b.submit(p, "/tfa", "code", code(t, secret)).wants(t, 200, "/dashboard/keys", "API keys")

		again := w.browser()
		p = again.post("/login", "login", "eva", "password", good)
		if replay := again.submit(p, "/tfa", "code", code(t, secret)); replay.status != 422 {
			t.Errorf("A7: a code works twice: %d", replay.status)
		}
		p = again.get("/tfa?recovery=yes")
		again.submit(p, "/tfa", "code", recovery[3]).wants(t, 200, "/dashboard", "eva")
		third := w.browser()
		p = third.post("/login", "login", "eva", "password", good)
		if p := third.submit(p, "/tfa", "code", recovery[3]); p.status != 422 {
			t.Error("a recovery code works twice")
		}
		time.Sleep(16 * time.Minute)
		if p := third.submit(p, "/tfa", "code", code(t, secret)); p.path == "/dashboard" {
			t.Error("the second step waits longer than a quarter of an hour")
		}
	})
}

// A6: what one session began nobody else finishes, nor the next user at the same browser.
func TestA6EnrolmentBelongsToItsSession(t *testing.T) {
	w := newWorld(t)
	w.user("eva")
	w.user("joe")
	b := w.as("eva")
	p := b.submit(b.get("/dashboard/security"), "/dashboard/security/totp")
	secret := p.find("pre", "id", "secret")[0].text
	if again := b.get("/dashboard/security/totp").find("pre", "id", "secret"); len(again) != 1 || again[0].text != secret {
		t.Error("looking again shows another secret")
	}
	b.submit(p, "/logout")
	b.post("/login", "login", "joe", "password", good)
	if p := b.get("/dashboard/security/totp"); p.path != "/dashboard/security" || strings.Contains(p.html, secret) {
		t.Errorf("another user at the browser is shown the secret at %s", p.path)
	}
	if p := b.post("/dashboard/security/totp/confirm", "code", code(t, secret)); p.status == 200 {
		t.Errorf("another user confirmed it: %d", p.status)
	}
	next := w.as("eva")
	if p := next.get("/dashboard/security/totp"); p.path != "/dashboard/security" {
		t.Error("the secret outlived its session")
	}
	p = next.submit(next.get("/dashboard/security"), "/dashboard/security/totp")
	if fresh := p.find("pre", "id", "secret")[0].text; fresh == secret {
		t.Error("the old secret is offered again")
	}
	for _, name := range []string{"eva", "joe"} {
		if u, _ := account.ByName(w.db.View(), name); u.TwoFactor() {
			t.Errorf("%s has a second factor", name)
		}
	}
}

func TestRecoveryCodesAreShownOnceAndRotate(t *testing.T) {
	w := newWorld(t)
	w.user("eva")
	_, old := w.enrol("eva")
	b := w.browser()
	b.submit(b.post("/login", "login", "eva", "password", good), "/tfa", "code", old[0]).wants(t, 200, "/dashboard", "eva")
	p := b.get("/dashboard/security")
	if !p.says("You have 9 of them left") || strings.Contains(p.html, old[1]) {
		t.Errorf("the page shows\n%s", p.html)
	}
	p = b.submit(p, "/dashboard/security/recovery-codes")
	p.wants(t, 200, "/dashboard/security/recovery-codes", "Your recovery codes")
	if strings.Contains(p.html, old[1]) || len(p.find("ul", "id", "recovery")[0].find("li")) != 10 {
		t.Error("the codes did not change")
	}
	other := w.browser()
	if p := other.submit(other.post("/login", "login", "eva", "password", good), "/tfa", "code", old[1]); p.status != 422 {
		t.Error("an old code still works")
	}
	p = b.submit(b.get("/dashboard/security"), "/dashboard/security/totp/disable")
	p.wants(t, 200, "/dashboard/security", "Security")
	if !strings.Contains(p.flash(), "off") {
		t.Errorf("flash = %q", p.flash())
	}
}

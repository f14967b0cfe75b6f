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
	p := b.Submit(b.Get("/dashboard/security"), "/dashboard/security/totp")
	p.Wants(w.T, 200, "/dashboard/security/totp", "Two-factor authentication")
	secret = p.Find("pre", "id", "secret")[0].Text
	p = b.Submit(p, "/dashboard/security/totp/confirm", "code", code(w.T, secret))
	p.Wants(w.T, 200, "/dashboard/security/totp/confirm", "Your recovery codes")
	for _, li := range p.Find("ul", "id", "recovery")[0].Find("li") {
		recovery = append(recovery, li.Text)
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
		p := b.Post("/login", "login", "eva", "password", good, "return", "/dashboard/keys")
		p.Wants(t, 200, "/tfa", "Second step")
		if got := b.Get("/dashboard"); got.Path != "/login" {
			t.Fatal("half of the proof is enough")
		}
		if wrong := b.Submit(p, "/tfa", "code", "000000"); wrong.Status != 422 || wrong.Problem() == "" {
			t.Errorf("a wrong code: %d %q", wrong.Status, wrong.Problem())
		}
		b.Submit(p, "/tfa", "code", code(t, secret)).Wants(t, 200, "/dashboard/keys", "API keys")

		again := w.browser()
		p = again.Post("/login", "login", "eva", "password", good)
		if replay := again.Submit(p, "/tfa", "code", code(t, secret)); replay.Status != 422 {
			t.Errorf("A7: a code works twice: %d", replay.Status)
		}
		p = again.Get("/tfa?recovery=yes")
		again.Submit(p, "/tfa", "code", recovery[3]).Wants(t, 200, "/dashboard", "Hello, eva")
		third := w.browser()
		p = third.Post("/login", "login", "eva", "password", good)
		if p := third.Submit(p, "/tfa", "code", recovery[3]); p.Status != 422 {
			t.Error("a recovery code works twice")
		}
		time.Sleep(16 * time.Minute)
		if p := third.Submit(p, "/tfa", "code", code(t, secret)); p.Path == "/dashboard" {
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
	p := b.Submit(b.Get("/dashboard/security"), "/dashboard/security/totp")
	secret := p.Find("pre", "id", "secret")[0].Text
	if again := b.Get("/dashboard/security/totp").Find("pre", "id", "secret"); len(again) != 1 || again[0].Text != secret {
		t.Error("looking again shows another secret")
	}
	b.Submit(p, "/logout")
	b.Post("/login", "login", "joe", "password", good)
	if p := b.Get("/dashboard/security/totp"); p.Path != "/dashboard/security" || strings.Contains(p.HTML, secret) {
		t.Errorf("another user at the browser is shown the secret at %s", p.Path)
	}
	if p := b.Post("/dashboard/security/totp/confirm", "code", code(t, secret)); p.Status == 200 {
		t.Errorf("another user confirmed it: %d", p.Status)
	}
	next := w.as("eva")
	if p := next.Get("/dashboard/security/totp"); p.Path != "/dashboard/security" {
		t.Error("the secret outlived its session")
	}
	p = next.Submit(next.Get("/dashboard/security"), "/dashboard/security/totp")
	if fresh := p.Find("pre", "id", "secret")[0].Text; fresh == secret {
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
	b.Submit(b.Post("/login", "login", "eva", "password", good), "/tfa", "code", old[0]).Wants(t, 200, "/dashboard", "Hello, eva")
	p := b.Get("/dashboard/security")
	if !p.Says("You have 9 of them left") || strings.Contains(p.HTML, old[1]) {
		t.Errorf("the page shows\n%s", p.HTML)
	}
	p = b.Submit(p, "/dashboard/security/recovery-codes")
	p.Wants(t, 200, "/dashboard/security/recovery-codes", "Your recovery codes")
	if strings.Contains(p.HTML, old[1]) || len(p.Find("ul", "id", "recovery")[0].Find("li")) != 10 {
		t.Error("the codes did not change")
	}
	other := w.browser()
	if p := other.Submit(other.Post("/login", "login", "eva", "password", good), "/tfa", "code", old[1]); p.Status != 422 {
		t.Error("an old code still works")
	}
	p = b.Submit(b.Get("/dashboard/security"), "/dashboard/security/totp/disable")
	p.Wants(t, 200, "/dashboard/security", "Security")
	if !strings.Contains(p.Flash(), "off") {
		t.Errorf("flash = %q", p.Flash())
	}
}

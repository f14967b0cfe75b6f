package account_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hexhub/internal/feature/account"
)

func TestLoggingInLeadsOnAndOutAgain(t *testing.T) {
	w := newWorld(t)
	w.user("eva")
	b := w.browser()
	p := b.Get("/dashboard/keys")
	p.Wants(t, 200, "/login", "Log in")
	p = b.Submit(p, "/login", "login", "EVA@example.com", "password", good)
	p.Wants(t, 200, "/dashboard/keys", "API keys")
	if len(p.Find("a", "href", "/dashboard")) == 0 || p.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("the page does not say who is logged in, or may be kept: %v", p.Header)
	}
	old := b.Cookie("__Host-hexhub")
	p = b.Submit(p, "/logout")
	if p.Path != "/" || b.Cookie("__Host-hexhub") != "" {
		t.Errorf("logging out leads to %s", p.Path)
	}
	b.SetCookie("__Host-hexhub", old)
	if p := b.Get("/dashboard"); p.Path != "/login" {
		t.Error("W8: the session of a browser that logged out still works")
	}
}

// A15: nothing tells a name that exists from one that does not.
func TestA15LoginSaysTheSameOfEverybody(t *testing.T) {
	w := newWorld(t)
	w.user("eva")
	answer := func(login string) string {
		p := w.browser().Post("/login", "login", login, "password", "wrong")
		if p.Status != http.StatusUnprocessableEntity || p.Problem() == "" {
			t.Errorf("%s: %d %q", login, p.Status, p.Problem())
		}
		return strings.ReplaceAll(p.HTML, login, "NAME")
	}
	want := answer("eva")
	for _, login := range []string{"nobody", "eva@example.com", "nobody@example.com", "", "e/v/a"} {
		if login == "" {
			continue
		}
		if got := answer(login); got != want {
			t.Errorf("%s is answered otherwise than eva:\n%s", login, got)
		}
	}
}

func TestLimitedLoginSaysSo(t *testing.T) {
	w := newWorld(t)
	w.user("eva")
	for range 10 {
		w.browser().Post("/login", "login", "eva", "password", "wrong")
	}
	if p := w.browser().Post("/login", "login", "eva", "password", "wrong"); p.Status != http.StatusTooManyRequests || !strings.Contains(p.Problem(), "Too many failed logins") || !strings.Contains(p.Problem(), "possible again in") {
		t.Errorf("%d %q", p.Status, p.Problem())
	}
}

// W8: whoever plants a cookie, or knows the one before, is not in after the user logged in.
func TestW8LoggingInStartsAFreshSession(t *testing.T) {
	w := newWorld(t)
	u := w.user("eva")
	b := w.browser()
	b.SetCookie("__Host-hexhub", "planted")
	b.Post("/login", "login", "eva", "password", good)
	first := b.Cookie("__Host-hexhub")
	if first == "planted" || first == "" {
		t.Fatalf("cookie = %q", first)
	}
	b.Post("/login", "login", "eva", "password", good)
	second := b.Cookie("__Host-hexhub")
	if second == first {
		t.Error("logging in again kept the session")
	}
	if live := account.SessionsOf(w.db.View(), u.ID); len(live) != 1 {
		t.Errorf("%d sessions, want 1", len(live))
	}
	thief := w.browser()
	thief.SetCookie("__Host-hexhub", first)
	if p := thief.Get("/dashboard"); p.Path != "/login" {
		t.Error("the session of before still works")
	}
}

func TestW8SessionCookieIsKeptFromScriptsAndOtherSites(t *testing.T) {
	w := newWorld(t)
	w.user("eva")
	p := w.browser().Still().Post("/login", "login", "eva", "password", good)
	set := p.Header.Values("Set-Cookie")
	if len(set) != 1 || !strings.HasPrefix(set[0], "__Host-hexhub=") || !strings.Contains(set[0], "Path=/; Max-Age=2591999; HttpOnly; Secure; SameSite=Lax") &&
		!strings.Contains(set[0], "Path=/; Max-Age=2592000; HttpOnly; Secure; SameSite=Lax") {
		t.Errorf("Set-Cookie = %q", set)
	}
}

// W9: a session nobody uses ends in a week, and any in a month.
func TestW9SessionsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.user("eva")
		b := w.as("eva")
		time.Sleep(6 * 24 * time.Hour)
		if p := b.Get("/dashboard"); p.Path != "/dashboard" {
			t.Error("a session ended before a week was over")
		}
		time.Sleep(8 * 24 * time.Hour)
		if p := b.Get("/dashboard"); p.Path != "/login" {
			t.Error("a session that nobody used lived on")
		}
	})
}

// W9: ten minutes after logging in, what could do harm needs the password again.
func TestW9SudoEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.user("eva")
		b := w.as("eva")
		b.Get("/dashboard/security").Wants(t, 200, "/dashboard/security", "Security")
		time.Sleep(11 * time.Minute)
		before := b.Cookie("__Host-hexhub")
		p := b.Get("/dashboard/security")
		p.Wants(t, 200, "/sudo", "Is it you, eva?")
		wrong := b.Submit(p, "/sudo", "proof", "wrong")
		if wrong.Status != 422 || wrong.Problem() == "" {
			t.Errorf("a wrong password: %d %q", wrong.Status, wrong.Problem())
		}
		b.Submit(p, "/sudo", "proof", good).Wants(t, 200, "/dashboard/security", "Security")
		after := b.Cookie("__Host-hexhub")
		b.SetCookie("__Host-hexhub", before)
		if p := b.Get("/dashboard"); after == before || p.Path != "/login" {
			t.Error("W8: the cookie from before sudo still works")
		}
	})
}

// W9: what somebody sent when his proof was too old is done once he has proved again, and not before; what
// is secret in it he types again.
func TestW9FormsWaitForTheProof(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		u := w.user("eva")
		b := w.as("eva")
		list := b.Get("/dashboard/email")
		time.Sleep(11 * time.Minute)
		p := b.Submit(list, "/dashboard/email/add", "email", "second@example.com", "password", "canary")
		p.Wants(t, 200, "/dashboard/email/add", "Is it you, eva?")
		if strings.Contains(p.HTML, "canary") {
			t.Errorf("the page holds a secret:\n%s", p.HTML)
		}
		if u, _ := account.Users.Get(w.db.View(), u.ID); len(u.Emails) != 1 {
			t.Fatal("it was done before the proof")
		}
		wrong := b.Submit(p, "/dashboard/email/add", "proof", "wrong")
		if wrong.Status != 422 || wrong.Problem() == "" {
			t.Errorf("a wrong password: %d %q", wrong.Status, wrong.Problem())
		}
		p = b.Submit(wrong, "/dashboard/email/add", "proof", good)
		p.Wants(t, 200, "/dashboard/email", "E-mail")
		if !p.Says("second@example.com") {
			t.Errorf("what was sent is lost:\n%s", p.HTML)
		}
		time.Sleep(11 * time.Minute)
		p = b.Submit(b.Submit(p, "/dashboard/email/add", "email", "no address"), "/dashboard/email/add", "proof", good)
		if p.FaultOf("email") == "" || len(p.Find("a", "href", "/dashboard")) < 2 {
			t.Errorf("a page after the proof does not know who is logged in:\n%s", p.HTML)
		}
	})
}

// W6: logging in never leads to another site.
func TestW6LoginLeadsToOurPagesOnly(t *testing.T) {
	w := newWorld(t)
	w.user("eva")
	for _, evil := range []string{"//evil.example", `/\evil.example`, "https:evil.example", "/%09//evil.example", "https://evil.example/account", "/dashboard\r\nX-Evil: 1", "/login"} {
		p := w.browser().Still().Post("/login", "login", "eva", "password", good, "return", evil)
		if got := p.Header.Get("Location"); p.Status != http.StatusSeeOther || got != "/dashboard" || p.Header.Get("X-Evil") != "" {
			t.Errorf("%q leads to %q", evil, got)
		}
		if page := w.browser().Get("/login?return=" + urlEscape(evil)); strings.Contains(page.HTML, "evil.example") {
			t.Errorf("%q shows in the page", evil)
		}
	}
}

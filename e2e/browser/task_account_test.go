package browser

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"hexhub/internal/feature/account/accounttest"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/mail"
	"hexhub/internal/feature/mail/mailtest"
	"hexhub/internal/hubtest"
)

// Somebody whose browser runs no scripts makes an account and comes into it again by each way that there is, chooses
// theme and tool, lets a program in, and in the end deletes the account.
func TestAccountsNeedNoScripts(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.must(s.Settings.Set(t.Context(), audit.By{}, "mail.confirm", "always"))
	h := newPlainHand(t, s.URL)
	const username, password, other = "newcomer", "four unrelated wooden words", "five other unrelated wooden words"
	letter := func(kind mail.Kind) string { return url.QueryEscape(mailtest.Last(t, s.Mail, kind).Params["token"]) }
	login := func(password, field, code string) {
		t.Helper()
		h.open("/login")
		h.send("/login", "six digits", "login", username, "password", password)
		if field == "recovery" {
			h.open("/tfa?recovery=yes")
		}
		h.send("/tfa", "Hello, "+username, "code", code)
	}
	logout := func() {
		t.Helper()
		h.open("/dashboard/sessions")
		h.send("/logout", "You are logged out")
	}

	h.open("/signup")
	h.send("/signup", "We have mailed a link to your address", "username", username, "email", "newcomer@example.org", "password", password)
	h.open("/email/verify?username=newcomer&email=newcomer%40example.org&key=" + letter(mail.VerifyEmail))
	h.send("/email/verify", "Your address is confirmed")

	h.open("/packages/decimal")
	h.send("/theme", "decimal", "theme", "light")
	h.wait("the page has the theme", `document.documentElement.dataset.theme === "comb"`)
	h.send("/tool", "rebar.config", "tool", "rebar3")
	h.wait("the tool is chosen", `document.querySelector("button[name=tool][aria-current]").value === "rebar3"`)

	h.open("/dashboard/security")
	h.send("/dashboard/security/totp", "Open your authenticator app")
	secret := strings.ReplaceAll(h.read("#secret"), " ", "")
	h.send("/dashboard/security/totp/confirm", "Your recovery codes", "code", accounttest.Code(t, secret, time.Now().Add(-30*time.Second)))
	first, second := h.read("#recovery li"), h.read("#recovery li:last-child")

	h.open("/oauth/device")
	h.send("/oauth/device", "laptop", "user_code", s.program("laptop"))
	h.send("/oauth/device/authorize", "Go back to your terminal", "answer", "approve")

	logout()
	login(password, "", accounttest.Code(t, secret, time.Now()))
	logout()
	login(password, "recovery", first)
	logout()

	h.open("/password/reset")
	h.send("/password/reset", "Look into your mail", "login", username)
	h.open("/password/new?username=newcomer&key=" + letter(mail.ResetPassword))
	h.send("/password/new", "Your password is set", "password", other)
	login(other, "recovery", second)

	h.open("/dashboard/profile")
	h.send("/dashboard/profile", "Your profile is saved", "full_name", "Nora Newcomer", "url", "https://example.org/")
	h.open("/dashboard/email")
	h.send("/dashboard/email/add", "We have mailed a link to it", "email", "second@example.org")
	h.open("/email/verify?username=newcomer&email=second%40example.org&key=" + letter(mail.VerifyEmail))
	h.send("/email/verify", "Your address is confirmed")
	h.send("/dashboard/email/primary", "Your primary address is changed", "email", "second@example.org")
	h.send("/dashboard/email/remove", "The address is removed", "email", "newcomer@example.org")
	h.send("/dashboard/email/letters", "What you are written about is changed", "letter", "published")
	h.open("/dashboard/security")
	h.send("/dashboard/security/recovery-codes", "Your recovery codes")
	h.open("/dashboard/security")
	h.send("/dashboard/security/totp/disable", "Two-factor authentication is off")
	h.send("/dashboard/security/password", "Your password is set", "password_current", other, "password", password)

	h.open("/dashboard/delete-account")
	h.send("/dashboard/delete-account", "A link is on its way")
	h.open("/dashboard/delete-account?key=" + letter(mail.DeletionRequest))
	h.send("/dashboard/delete-account/confirm", "", "username", username, "proof", password)
	h.open("/users/" + username)
	h.see("Nothing is here")
}

// A program on a site of its own is let in, and turned away, without a script: the browser is sent back to it with a code,
// and without one.
func TestConsentNeedsNoScripts(t *testing.T) {
	t.Parallel()
	board := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		fmt.Fprintf(w, "state %s, refused %q, code %t", r.FormValue("state"), r.FormValue("error"), r.FormValue("code") != "")
	}))
	t.Cleanup(board.Close)
	s := newSite(t)
	h := newPlainHand(t, s.URL)
	h.become(s, "eva")
	ask := s.consentFor("Board", board.URL+"/back")
	h.open(ask)
	h.see("Board")
	h.send("/oauth/authorize", `state x, refused "access_denied", code false`, "answer", "deny")
	h.open(ask)
	h.send("/oauth/authorize", `state x, refused "", code true`, "scope", "api:read", "answer", "approve")
}

// Whoever starts a registry makes it ready without a script.
func TestSetupNeedsNoScripts(t *testing.T) {
	t.Parallel()
	s := siteOf(t, hubtest.World(t, ""))
	token, _, err := s.Accounts.StartSetup(t.Context())
	s.must(err)
	h := newPlainHand(t, s.URL)
	h.open("/setup/" + token)
	h.send("/setup", "Who may come in", "username", "admin", "email", "root@example.org", "password", "four unrelated wooden words")
	h.send("/setup/registry", "Waiting for your package", "registration", "domains", "domains", "example.org", "org.create", "users")
	h.send("/setup/first", "arrived", "deed", "sample")
}

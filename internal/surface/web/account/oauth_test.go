package account_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/oauth"
	"hexhub/internal/surface/web/ui/uitest"
)

func (w *world) ip() netip.Addr { return netip.MustParseAddrPort(w.from).Addr() }

// start begins a device flow of mix, from elsewhere.
func (w *world) start(name, agent string) oauth.DeviceCodes {
	w.Helper()
	codes, err := w.oauth.StartDevice(w.Context(), oauth.DeviceStart{
		ClientID: oauth.HexClient, Scope: "api repositories", Name: name, IP: netip.MustParseAddr("198.51.100.9"), UserAgent: agent,
	})
	w.must(err)
	return codes
}

func (w *world) poll(deviceCode string) (oauth.Tokens, error) {
	return w.oauth.Token(w.Context(), oauth.TokenRequest{GrantType: oauth.GrantDevice, ClientID: oauth.HexClient, DeviceCode: deviceCode})
}

// O1: a link with the code is not enough. The user compares it, logs in, proves who he is, and sees who asks
// for what, from where; and what he leaves out is not given.
func TestO1DeviceIsApprovedWithOpenEyes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		u := w.user("eva")
		b := w.as("eva")
		time.Sleep(11 * time.Minute)
		codes := w.start("eva's laptop", "hex/2.5.0 (elixir/1.19.0)")
		p := b.Get("/oauth/device?verified=true&user_code=" + codes.UserCode)
		p.Wants(t, 200, "/oauth/device", "Connect a program")
		if !p.Says("Compare each letter") || !p.Says("Did somebody send you here?") {
			t.Errorf("the page does not warn:\n%s", p.HTML)
		}
		p = b.Submit(p, "/oauth/device")
		p.Wants(t, 200, "/sudo", "Is it you, eva?")
		p = b.Submit(p, "/sudo", "proof", good)
		p.Wants(t, 200, "/oauth/device/authorize", "Let this program act as you?")
		for _, want := range []string{"Hex", "eva's laptop", "198.51.100.9", "hex/2.5.0", oauth.ShowCode(codes.UserCode), "eva", "Fetch packages", "I did not start this. Deny"} {
			if !p.Says(want) {
				t.Errorf("the page does not show %q:\n%s", want, p.HTML)
			}
		}
		boxes := p.Find("input", "type", "checkbox")
		if len(boxes) != 3 {
			t.Fatalf("%d scopes to tick:\n%s", len(boxes), p.HTML)
		}
		if _, err := w.poll(codes.DeviceCode); err == nil {
			t.Fatal("the program is in before the user said so")
		}
		p = b.Post("/oauth/device/authorize", "answer", "approve", "scope", "repositories")
		p.Wants(t, 200, "/oauth/device/authorize", "Go back to your terminal.")
		time.Sleep(10 * time.Second)
		tokens, err := w.poll(codes.DeviceCode)
		if err != nil || strings.Contains(tokens.Scope, "api") {
			t.Errorf("tokens for %q, %v", tokens.Scope, err)
		}
		list := b.Get("/dashboard/sessions")
		if !list.Says("Hex program") || !list.Says("eva's laptop") || len(account.SessionsOf(w.db.View(), u.ID)) != 2 {
			t.Errorf("the program is not among the sessions:\n%s", list.HTML)
		}
	})
}

func TestO1DeviceIsDenied(t *testing.T) {
	w := newWorld(t)
	w.user("eva")
	codes := w.start("", "")
	b := w.as("eva")
	b.Post("/oauth/device", "user_code", " "+strings.ToLower(strings.ReplaceAll(codes.UserCode, "-", ""))+" ").Wants(t, 200, "/oauth/device/authorize", "Let this program act as you?")
	b.Post("/oauth/device/authorize", "answer", "deny").Wants(t, 200, "/oauth/device/authorize", "The program was turned away.")
	if _, err := w.poll(codes.DeviceCode); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("the program hears %v", err)
	}
	b.Get("/oauth/device/authorize").Wants(t, 200, "/oauth/device", "Connect a program")
}

// O1: no address leads past typing the code.
func TestO1NoLinkSkipsTheCode(t *testing.T) {
	w := newWorld(t)
	w.user("eva")
	codes := w.start("", "")
	b := w.as("eva")
	for _, path := range []string{"/oauth/device/authorize?user_code=" + codes.UserCode, "/oauth/device/authorize?verified=true&user_code=" + codes.UserCode} {
		b.Get(path).Wants(t, 200, "/oauth/device", "Connect a program")
	}
	b.Post("/oauth/device/authorize", "answer", "approve", "scope", "api", "user_code", codes.UserCode).Wants(t, 200, "/oauth/device", "Connect a program")
	if _, err := w.poll(codes.DeviceCode); err == nil {
		t.Error("the program is in")
	}
	for _, bad := range []string{"BBBB-BBBB", "", "x", canary} {
		if p := b.Post("/oauth/device", "user_code", bad); p.Status != 422 || p.FaultOf("user_code") == "" || strings.Contains(p.HTML, "<svg/onload") {
			t.Errorf("%q: %d %q", bad, p.Status, p.FaultOf("user_code"))
		}
	}
}

// W1: the approval itself is a form of ours, sent from our page, or nothing.
func TestW1OtherSitesApproveNothing(t *testing.T) {
	w := newWorld(t)
	w.user("eva")
	codes := w.start("", "")
	b := w.as("eva")
	b.Post("/oauth/device", "user_code", codes.UserCode)
	for _, path := range []string{
		"/login", "/tfa", "/logout", "/signup", "/email/verify", "/email/verification", "/password/reset", "/password/new", "/sudo", "/invites",
		"/oauth/device", "/oauth/device/authorize", "/oauth/authorize", "/dashboard", "/dashboard/email/add", "/dashboard/email/confirm", "/dashboard/email/primary",
		"/dashboard/email/public", "/dashboard/email/remove", "/dashboard/security/password", "/dashboard/security/totp", "/dashboard/security/totp/confirm",
		"/dashboard/security/totp/disable", "/dashboard/security/recovery-codes", "/dashboard/sessions/revoke", "/dashboard/keys", "/dashboard/keys/revoke",
		"/invites", "/dashboard/delete-account", "/dashboard/delete-account/confirm",
	} {
		for _, kind := range []string{"application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x"} {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.url+path, strings.NewReader("answer=approve&scope=api"))
			w.must(err)
			r.Header.Set("Content-Type", kind)
			r.Header.Set("Origin", "https://evil.example")
			r.Header.Set("Sec-Fetch-Site", "cross-site")
			if p := b.Still().Do(r); p.Status != http.StatusForbidden {
				t.Errorf("%s as %s: %d, want 403", path, kind, p.Status)
			}
		}
		if p := b.Still().Get(path); p.Status == http.StatusInternalServerError {
			t.Errorf("GET %s: %d", path, p.Status)
		}
	}
	if _, err := w.poll(codes.DeviceCode); err == nil {
		t.Error("another site approved a program")
	}
	if p := b.Get("/dashboard"); p.Path != "/dashboard" {
		t.Error("another site logged eva out")
	}
}

// O4: what a program says of itself is text.
func TestO4NamesOfProgramsAreText(t *testing.T) {
	w := newWorld(t)
	w.user("eva")
	root := w.admin()
	c, _, err := w.oauth.CreateClient(t.Context(), root, oauth.ClientDraft{
		Name: "Tool " + canary, Grants: []string{oauth.GrantDevice}, Scopes: []string{"api", "repositories"},
	})
	w.must(err)
	codes, err := w.oauth.StartDevice(t.Context(), oauth.DeviceStart{ClientID: c.ID, Scope: "api:read", Name: canary, IP: w.ip(), UserAgent: "Mozilla/5.0 " + canary})
	w.must(err)
	b := w.as("eva")
	p := b.Post("/oauth/device", "user_code", codes.UserCode)
	p.Wants(t, 200, "/oauth/device/authorize", "Let this program act as you?")
	b.Post("/oauth/device/authorize", "answer", "approve", "scope", "api:read")
	_, err = w.oauth.Token(t.Context(), oauth.TokenRequest{GrantType: oauth.GrantDevice, ClientID: c.ID, DeviceCode: codes.DeviceCode, UserAgent: canary})
	w.must(err)
	for _, p := range []uitest.Page{p, b.Get("/dashboard/sessions"), b.Get("/dashboard/audit-logs"), b.Get("/oauth/device?user_code=" + urlEscape(canary))} {
		if strings.Contains(p.HTML, "<svg/onload") {
			t.Errorf("%s shows a program's name as it is:\n%s", p.Path, p.HTML)
		}
	}
}

func (w *world) admin() access.Actor {
	w.Helper()
	u, err := w.accounts.Create(w.Context(), operator, account.Draft{Username: "root", Emails: []string{"root@example.com"}, Password: good, Verified: true, Admin: true})
	w.must(err)
	return access.Actor{User: u, Via: access.Password}
}

const verifier = "a-verifier-of-at-least-forty-three-characters-0123456789"

// authorize is the address at which a client asks for consent.
func authorize(c oauth.Client, redirect, state string) string {
	sum := sha256.Sum256([]byte(verifier))
	return "/oauth/authorize?" + url.Values{
		"client_id": {c.ID}, "redirect_uri": {redirect}, "response_type": {"code"}, "scope": {"api:read repositories"}, "state": {state},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
	}.Encode()
}

func TestConsentLeadsBackToTheClientWithACode(t *testing.T) {
	w := newWorld(t)
	w.user("eva")
	const back = "https://client.example/cb"
	c, _, err := w.oauth.CreateClient(t.Context(), w.admin(), oauth.ClientDraft{
		Name: "Board", Grants: []string{oauth.GrantCode, oauth.GrantRefresh}, RedirectURIs: []string{back}, Scopes: []string{"api:read", "repositories"},
	})
	w.must(err)
	b := w.browser()
	p := b.Get(authorize(c, back, "xyz&a=b"))
	p.Wants(t, 200, "/login", "Log in")
	p = b.Submit(p, "/login", "login", "eva", "password", good)
	p.Wants(t, 200, "/oauth/authorize", "Board asks for access")
	if !p.Says("https://client.example") || len(p.Find("input", "type", "checkbox")) != 2 {
		t.Errorf("the page shows\n%s", p.HTML)
	}
	// Browsers hold the form to this policy also when its answer redirects.
	if csp := p.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "form-action 'self' https://client.example;") || !strings.Contains(csp, "frame-ancestors 'none'") {
		t.Errorf("W2: policy = %q", csp)
	}
	fields := []string{}
	for _, in := range p.Find("input", "type", "hidden") {
		fields = append(fields, in.Attr["name"], in.Attr["value"])
	}
	yes := b.Still().Post("/oauth/authorize", append(fields, "answer", "approve", "scope", "api:read")...)
	to, err := url.Parse(yes.Header.Get("Location"))
	if err != nil || !strings.HasPrefix(to.String(), back+"?") || to.Query().Get("state") != "xyz&a=b" || to.Query().Get("code") == "" {
		t.Fatalf("%d leads to %q", yes.Status, to)
	}
	tokens, err := w.oauth.Token(t.Context(), oauth.TokenRequest{
		GrantType: oauth.GrantCode, ClientID: c.ID, Code: to.Query().Get("code"), RedirectURI: back, CodeVerifier: verifier,
	})
	if err != nil || tokens.Scope != "api:read" {
		t.Errorf("tokens for %q, %v", tokens.Scope, err)
	}
	no := b.Still().Post("/oauth/authorize", append(fields, "answer", "deny")...)
	to, _ = url.Parse(no.Header.Get("Location"))
	if to.Query().Get("error") != "access_denied" || to.Query().Get("code") != "" {
		t.Errorf("denying leads to %q", to)
	}
}

// O5: with a client or an address that is not known, nobody is sent anywhere.
func TestO5UnknownAddressesAreNotLedTo(t *testing.T) {
	w := newWorld(t)
	w.user("eva")
	c, _, err := w.oauth.CreateClient(t.Context(), w.admin(), oauth.ClientDraft{
		Name: "Board", Grants: []string{oauth.GrantCode}, RedirectURIs: []string{"https://client.example/cb"}, Scopes: []string{"api:read", "repositories"},
	})
	w.must(err)
	b := w.as("eva").Still()
	for _, evil := range []string{"https://client.example/cb/x", "https://client.example.evil/cb", "https://client.example@evil.example/cb", "https://client.example/cb#x", "http://client.example/cb", ""} {
		p := b.Get(authorize(c, evil, "s"))
		if p.Status < 400 || p.Header.Get("Location") != "" {
			t.Errorf("%q: %d to %q", evil, p.Status, p.Header.Get("Location"))
		}
		if csp := p.Header.Get("Content-Security-Policy"); strings.Contains(csp, "evil") || !strings.Contains(csp, "form-action 'self';") {
			t.Errorf("%q: policy %q", evil, csp)
		}
	}
	if p := b.Get(authorize(oauth.Client{ID: "nobody"}, "https://client.example/cb", "s")); p.Status != 400 || !p.Says("is not known on this server") {
		t.Errorf("an unknown client: %d\n%s", p.Status, p.HTML)
	}
}

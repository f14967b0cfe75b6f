package oauth_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/oauth"
	"hexhub/internal/kernel/fault"
)

func TestCodeFlow(t *testing.T) {
	for name, confidential := range map[string]bool{"confidential": true, "public": false} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			c, secret := w.program(oauth.ClientDraft{Confidential: confidential})
			code := w.code("jose", params(c))
			tokens, err := w.oauth.Token(t.Context(), redeem(c, secret, code))
			w.must(err)
			if tokens.Scope != "api:read repository:hexhub repository:acme2" || tokens.Refresh == "" {
				t.Errorf("tokens for %q", tokens.Scope)
			}
			a, err := w.bearer(tokens.Access)
			w.must(err)
			session, _ := account.LiveSession(w.db.View(), a.Session, time.Now())
			if session.Name != "server" || session.Client != c.ID || session.Kind != account.OAuth {
				t.Errorf("the session is %+v", session)
			}
			next, err := w.oauth.Token(t.Context(), oauth.TokenRequest{GrantType: oauth.GrantRefresh, ClientID: c.ID, ClientSecret: secret, RefreshToken: tokens.Refresh})
			w.must(err)
			if next.Scope != tokens.Scope {
				t.Errorf("refreshed for %q", next.Scope)
			}
		})
	}
}

// O5: the browser is sent nowhere but where the client is registered, to the letter.
func TestO5RedirectsAreExact(t *testing.T) {
	w := newWorld(t)
	c, _ := w.program(oauth.ClientDraft{RedirectURIs: []string{callback, "http://localhost:8400/cb", "https://*.docs.example/oauth/callback"}})
	good := map[string]bool{
		callback: true, "http://localhost:8400/cb": true, "https://acme.docs.example/oauth/callback": true, "https://a-1.docs.example/oauth/callback": true,
	}
	for uri := range good {
		p := params(c)
		p.RedirectURI = uri
		if _, err := w.oauth.CheckAuthorize(p); err != nil {
			t.Errorf("%s: %v", uri, err)
		}
	}
	for _, uri := range []string{
		"", "https://docs.example", "https://docs.example/", callback + "/", callback + "x", callback + "?x=y", callback + "#x", callback + "%00", callback + "/../evil",
		"http://docs.example/callback", "HTTPS://docs.example/callback", "https://DOCS.example/callback", "https://docs.example:443/callback",
		"https://docs.example.evil.example/callback", "https://evil.example/https://docs.example/callback", "https://docs.example@evil.example/callback",
		"https://user@docs.example/callback", "https://docs.example\\@evil.example/callback", "//docs.example/callback", "javascript:alert(1)", "data:text/html,x",
		"http://localhost:8401/cb", "http://127.0.0.1:8400/cb", "http://localhost.evil.example:8400/cb", "http://localhost:8400/cb/", "https://localhost:8400/cb",
		"https://docs.example/oauth/callback", "https://.docs.example/oauth/callback", "https://*.docs.example/oauth/callback",
		"https://a.b.docs.example/oauth/callback", "https://evil.example/.docs.example/oauth/callback", "https://evil.example?.docs.example/oauth/callback",
		"https://evil.example#.docs.example/oauth/callback", "https://evil@.docs.example/oauth/callback", "https://x:y.docs.example/oauth/callback",
		"https://acme.docs.example:8443/oauth/callback", "http://acme.docs.example/oauth/callback", "https://acme.docs.example/oauth/callback/",
		"https://ACME.docs.example/oauth/callback", "https://-.docs.example/oauth/callback", "https://a%2f.docs.example/oauth/callback", "https://á.docs.example/oauth/callback",
		"https://acme.docs.example.evil.example/oauth/callback", "https://evil.example\n.docs.example/oauth/callback", "https://" + strings.Repeat("a", 64) + ".docs.example/oauth/callback",
	} {
		p := params(c)
		p.RedirectURI = uri
		_, err := w.oauth.CheckAuthorize(p)
		if _, redirected := errors.AsType[*oauth.RedirectError](err); err == nil || redirected {
			t.Errorf("%q: %v", uri, err)
		}
	}
	p := params(c)
	p.ClientID = "unknown"
	_, err := w.oauth.CheckAuthorize(p)
	if _, redirected := errors.AsType[*oauth.RedirectError](err); err == nil || redirected {
		t.Errorf("an unknown client: %v", err)
	}
	p.ClientID = oauth.HexClient // which needs no addresses, and so has none
	if _, err = w.oauth.CheckAuthorize(p); err == nil {
		t.Error("a command line is sent back to somewhere")
	}
}

// O5: what clients may register.
func TestO5RegisteredRedirects(t *testing.T) {
	w := newWorld(t)
	admin := w.browser("eva")
	for uri, good := range map[string]bool{
		"https://docs.example/callback": true, "https://docs.example": true, "https://docs.example/cb?tenant=1": true, "https://*.docs.example/cb": true,
		"http://localhost/cb": true, "http://127.0.0.1:8080/cb": true, "http://[::1]/cb": true,
		"": false, "docs.example": false, "http://docs.example/cb": false, "https://": false, "https:///cb": false, "https://*": false, "https://*/": false,
		"https://*.example/": false, "https://*.localhost:8000/a.b": false, "https://docs.*.example/": false, "https://*.*.example/": false, "https://docs.example/*": false,
		"https://a*.docs.example/": false, "http://*.docs.example/": false, "https://u@docs.example/": false, "https://u:p@*.docs.example/": false,
		"https://docs.example/#": false, "https://docs.example/#f": false, "javascript:alert(1)": false, "myapp:/cb": false, "https://docs.example/\x00": false,
		"https://docs.example/ cb": false, `https://docs.example\@evil.example`: false, "http://localhost.evil.example/": false, "https://docs.example/" + strings.Repeat("a", 2100): false,
	} {
		_, _, err := w.oauth.CreateClient(t.Context(), admin, oauth.ClientDraft{
			Name: "x", Grants: []string{oauth.GrantCode}, RedirectURIs: []string{uri}, Scopes: []string{"api"},
		})
		if (err == nil) != good {
			t.Errorf("%q: %v, want it taken: %t", uri, err, good)
		}
	}
}

// O5: state and PKCE with S256 are demanded, and a client is told so at its own address.
func TestO5AuthorizationDemandsStateAndPKCE(t *testing.T) {
	w := newWorld(t)
	c, _ := w.program(oauth.ClientDraft{Scopes: []string{"api:read", "repositories"}})
	device, _ := w.program(oauth.ClientDraft{Grants: []string{oauth.GrantDevice}})
	for what, x := range map[string]struct {
		edit func(*oauth.AuthorizeParams)
		code string
	}{
		"no state":             {func(p *oauth.AuthorizeParams) { p.State = "" }, "invalid_request"},
		"endless state":        {func(p *oauth.AuthorizeParams) { p.State = strings.Repeat("x", 5000) }, "invalid_request"},
		"no challenge":         {func(p *oauth.AuthorizeParams) { p.CodeChallenge = "" }, "invalid_request"},
		"plain challenge":      {func(p *oauth.AuthorizeParams) { p.CodeChallengeMethod = "plain" }, "invalid_request"},
		"no method":            {func(p *oauth.AuthorizeParams) { p.CodeChallengeMethod = "" }, "invalid_request"},
		"short challenge":      {func(p *oauth.AuthorizeParams) { p.CodeChallenge = p.CodeChallenge[:40] }, "invalid_request"},
		"padded challenge":     {func(p *oauth.AuthorizeParams) { p.CodeChallenge += "=" }, "invalid_request"},
		"token":                {func(p *oauth.AuthorizeParams) { p.ResponseType = "token" }, "unsupported_response_type"},
		"code and token":       {func(p *oauth.AuthorizeParams) { p.ResponseType = "code token" }, "unsupported_response_type"},
		"no scope":             {func(p *oauth.AuthorizeParams) { p.Scope = "" }, "invalid_scope"},
		"scope beyond its own": {func(p *oauth.AuthorizeParams) { p.Scope = "api:read api:write" }, "invalid_scope"},
		"whole api":            {func(p *oauth.AuthorizeParams) { p.Scope = "api" }, "invalid_scope"},
		"another grant":        {func(p *oauth.AuthorizeParams) { p.ClientID = device.ID }, "unauthorized_client"},
	} {
		p := params(c)
		x.edit(&p)
		_, err := w.oauth.CheckAuthorize(p)
		redirect, ok := errors.AsType[*oauth.RedirectError](err)
		if !ok {
			t.Errorf("%s: %v", what, err)
			continue
		}
		u, _ := url.Parse(redirect.URL)
		q := u.Query()
		if !strings.HasPrefix(redirect.URL, callback+"?") || q.Get("error") != x.code || q.Get("iss") != "https://hub.test" || q.Get("code") != "" ||
			len(p.State) < 100 && q.Get("state") != p.State {
			t.Errorf("%s: %s", what, redirect.URL)
		}
	}
}

// O5: a code is good for the client, the address and the verifier that it was asked for with, once, and for
// ten minutes.
func TestO5CodesAreBound(t *testing.T) {
	w := newWorld(t)
	c, secret := w.program(oauth.ClientDraft{Confidential: true, RedirectURIs: []string{callback, callback + "2"}})
	other, otherSecret := w.program(oauth.ClientDraft{Confidential: true})
	code := w.code("jose", params(c))
	for what, x := range map[string]struct {
		edit func(*oauth.TokenRequest)
		code string
	}{
		"another client":   {func(q *oauth.TokenRequest) { q.ClientID, q.ClientSecret = other.ID, otherSecret }, "invalid_grant"},
		"no secret":        {func(q *oauth.TokenRequest) { q.ClientSecret = "" }, "invalid_client"},
		"another address":  {func(q *oauth.TokenRequest) { q.RedirectURI += "2" }, "invalid_grant"},
		"no address":       {func(q *oauth.TokenRequest) { q.RedirectURI = "" }, "invalid_grant"},
		"another verifier": {func(q *oauth.TokenRequest) { q.CodeVerifier = strings.Repeat("a", 43) }, "invalid_grant"},
		"the challenge":    {func(q *oauth.TokenRequest) { q.CodeVerifier = challenge(verifier) }, "invalid_grant"},
		"no verifier":      {func(q *oauth.TokenRequest) { q.CodeVerifier = "" }, "invalid_request"},
		"short verifier":   {func(q *oauth.TokenRequest) { q.CodeVerifier = verifier[:42] }, "invalid_request"},
		"another code":     {func(q *oauth.TokenRequest) { q.Code += "x" }, "invalid_grant"},
		"no code":          {func(q *oauth.TokenRequest) { q.Code = "" }, "invalid_request"},
	} {
		q := redeem(c, secret, code)
		x.edit(&q)
		_, err := w.oauth.Token(t.Context(), q)
		if f, ok := errors.AsType[*fault.Error](err); !ok || f.Code != x.code {
			t.Errorf("%s: %v, want %s", what, err, x.code)
		}
	}
	tokens, err := w.oauth.Token(t.Context(), redeem(c, secret, code))
	w.must(err)
	// Used again by somebody who has not all of it, a code harms nobody; by somebody who has, it ends the session.
	stranger := redeem(c, secret, code)
	stranger.CodeVerifier = strings.Repeat("b", 50)
	_, err = w.oauth.Token(t.Context(), stranger)
	w.wants(err, "invalid_grant")
	_, err = w.bearer(tokens.Access)
	w.must(err)
	_, err = w.oauth.Token(t.Context(), redeem(c, secret, code))
	w.wants(err, "invalid_grant")
	_, err = w.bearer(tokens.Access)
	w.wants(err, "token_expired")
}

func TestCodesLastTenMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		c, secret := w.program(oauth.ClientDraft{Confidential: true})
		code := w.code("jose", params(c))
		time.Sleep(10 * time.Minute)
		_, err := w.oauth.Token(t.Context(), redeem(c, secret, code))
		w.wants(err, "invalid_grant")
		code = w.code("jose", params(c))
		w.must(w.accounts.EndSessions(t.Context(), audit.By{}, w.users["jose"].ID, ""))
		_, err = w.oauth.Token(t.Context(), redeem(c, secret, code))
		w.wants(err, "invalid_grant")
	})
}

func TestConsentIsTheUsersOwn(t *testing.T) {
	w := newWorld(t)
	c, _ := w.program(oauth.ClientDraft{})
	p := params(c)
	p.Scope = "api repositories"
	req, err := w.oauth.CheckAuthorize(p)
	w.must(err)
	if strings.Join(req.Scopes, " ") != "api:read api:write repositories" {
		t.Errorf("the user is asked for %v", req.Scopes)
	}
	for what, a := range map[string]access.Actor{
		"nobody": {}, "a password": {User: w.users["jose"], Via: access.Password}, "no session": {User: w.users["jose"], Via: access.Browser},
	} {
		if _, err := w.oauth.Consent(t.Context(), a, req, req.Scopes); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("%s consented: %v", what, err)
		}
	}
	jose := w.browser("jose")
	_, err = w.oauth.Consent(t.Context(), jose, req, []string{"api:read", "docs:acme2"})
	w.wantsKind(err, fault.Invalid)
	_, err = w.oauth.Consent(t.Context(), jose, req, nil)
	w.wantsKind(err, fault.Invalid)
	w.rules.RequireTOTP = true
	_, err = w.oauth.Consent(t.Context(), jose, req, []string{"api:write"})
	w.wantsKind(err, fault.Forbidden)
	refused, err := url.Parse(w.oauth.Refuse(req))
	if q := refused.Query(); err != nil || q.Get("error") != "access_denied" || q.Get("state") != "xyz" || q.Get("iss") != "https://hub.test" {
		t.Errorf("refused, the browser is sent to %s", refused)
	}
}

// Only administrators register programs, and a secret is told once.
func TestClientsAreForAdministrators(t *testing.T) {
	w := newWorld(t)
	d := oauth.ClientDraft{Name: "x", Grants: []string{oauth.GrantDevice}, Scopes: []string{"api"}}
	_, _, err := w.oauth.CreateClient(t.Context(), w.browser("jose"), d)
	w.wantsKind(err, fault.Forbidden)
	w.wantsKind(w.oauth.DeleteClient(t.Context(), w.browser("jose"), oauth.HexClient), fault.Forbidden)
	eva := w.browser("eva")
	w.wantsKind(w.oauth.DeleteClient(t.Context(), eva, oauth.HexClient), fault.NotFound)
	for field, wrong := range map[string]oauth.ClientDraft{
		"name":          {Grants: d.Grants, Scopes: d.Scopes},
		"grants":        {Name: "x", Scopes: d.Scopes},
		"scopes":        {Name: "x", Grants: d.Grants},
		"redirect_uris": {Name: "x", Grants: []string{oauth.GrantCode}, Scopes: d.Scopes},
	} {
		_, _, err := w.oauth.CreateClient(t.Context(), eva, wrong)
		if f, ok := errors.AsType[*fault.Error](err); !ok || len(f.Fields) != 1 || f.Fields[field] == nil {
			t.Errorf("without %s: %v", field, err)
		}
	}
	for what, wrong := range map[string]oauth.ClientDraft{
		"markup in lines": {Name: "a\nb", Grants: d.Grants, Scopes: d.Scopes},
		"unknown grant":   {Name: "x", Grants: []string{"password"}, Scopes: d.Scopes},
		"unknown scope":   {Name: "x", Grants: d.Grants, Scopes: []string{"<script>"}},
		"two secrets":     {Name: "x", Grants: []string{oauth.GrantCredentials}, Scopes: d.Scopes, Confidential: true},
	} {
		if _, _, err := w.oauth.CreateClient(t.Context(), eva, wrong); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", what, err)
		}
	}
	public, none := w.program(oauth.ClientDraft{})
	secretive, secret := w.program(oauth.ClientDraft{Confidential: true, Scopes: []string{"api", "package", "docs", "repository"}})
	if none != "" || public.Confidential() || len(secret) < 43 || !secretive.Confidential() || strings.Contains(secretive.SecretHash, secret) {
		t.Errorf("clients %+v, %+v", public, secretive)
	}
	if all := oauth.Clients(w.db.View()); len(all) != 5 || !all[0].BuiltIn || all[3].BuiltIn {
		t.Errorf("clients = %+v", all)
	}
	p := params(secretive)
	p.Scope = "package:acme2/secret docs:acme2 repository:acme2"
	if _, err := w.oauth.CheckAuthorize(p); err != nil {
		t.Errorf("a client that may ask for any package: %v", err)
	}
	p.Scope = "repositories"
	if _, err := w.oauth.CheckAuthorize(p); err == nil {
		t.Error("a client that may ask for any repository asked for all")
	}
}

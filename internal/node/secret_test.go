package node_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/account/accounttest"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/mail"
	"hexhub/internal/feature/mail/mailtest"
	"hexhub/internal/feature/oauth"
	"hexhub/internal/hubtest"
)

// A tab is a page in a browser: it sends back the cookies that it was given.
type tab struct {
	*cast
	cookies map[string]string
}

func (h *cast) tab() *tab { return &tab{h, map[string]string{}} }

func (b *tab) do(method, path string, form url.Values) hubtest.Answer {
	b.t.Helper()
	c := b.Anonymous()
	c.Header = http.Header{}
	for name, value := range b.cookies {
		c.Header.Add("Cookie", name+"="+value)
	}
	c.Header["Cookie"] = []string{strings.Join(c.Header["Cookie"], "; ")}
	var body any
	if form != nil {
		body = form
	}
	a := c.Do(method, path, body)
	for _, set := range (&http.Response{Header: a.Header}).Cookies() {
		b.cookies[set.Name] = set.Value
	}
	return a
}

func (b *tab) get(path string) hubtest.Answer { b.t.Helper(); return b.do("GET", path, nil) }

// post sends a form of names and values in turn, and wants to be led on, or shown a page.
func (b *tab) post(path string, fields ...string) hubtest.Answer {
	b.t.Helper()
	form := url.Values{}
	for pair := range slices.Chunk(fields, 2) {
		form.Add(pair[0], pair[1])
	}
	a := b.do("POST", path, form)
	if a.Status >= 400 {
		b.t.Fatalf("POST %s: %d %.1000s", path, a.Status, a.Body)
	}
	return a
}

// in is a tab in which the user is logged in.
func (h *cast) in(username string) *tab {
	h.t.Helper()
	b := h.tab()
	b.cookies["hexhub"] = h.session(username)
	return b
}

// await returns the newest letter of the kind, once there is one: some are written behind the request.
func (h *cast) await(kind mail.Kind) mail.Letter {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.t.Context(), 10*time.Second)
	defer cancel()
	for {
		before := h.DB.Revision()
		if all := mailtest.Letters(h.t, h.Mail, kind); len(all) > 0 {
			return all[0]
		}
		h.must(h.DB.WaitFor(ctx, before+1))
	}
}

// A18, A20: of all that is given out for somebody to come in with, nothing is ever written down as it is: in
// no row, not even in one that was deleted, in no log line, no entry of the audit log and no number.
func TestA18WhatLetsInIsNeverWrittenDown(t *testing.T) {
	t.Parallel()
	h := newCast(t, matrixWorld)
	secrets := map[string]string{"password": "the password of sam", "secret of a second factor": h.secret, "access token": h.program.Access, "refresh token": h.program.Refresh, "invitation": h.letter}
	for name, secret := range h.Secrets {
		secrets["key "+name] = secret
	}
	cookie := func(b *tab, what string) {
		t.Helper()
		_, secret, _ := strings.Cut(b.cookies["hexhub"], ".")
		secrets[what] = secret
	}
	letter := func(kind mail.Kind, what string) string {
		t.Helper()
		secrets[what] = h.await(kind).Params["token"]
		return url.QueryEscape(secrets[what])
	}

	// Logging in, with and without a second step, and proving again who one is.
	sam, pat := h.tab(), h.tab()
	sam.post("/login", "login", "sam", "password", "the password of sam")
	cookie(sam, "cookie of a login")
	sam.post("/sudo", "proof", "the password of sam")
	cookie(sam, "cookie after a proof")
	pat.post("/login", "login", "pat", "password", "the password of pat")
	secrets["token of half a login"] = pat.cookies["hexhub-login"]
	pat.post("/tfa", "code", accounttest.Code(t, h.secret, time.Now()))
	cookie(pat, "cookie of a login in two steps")
	second, codes := h.enrol("mia")
	secrets["another secret of a second factor"], secrets["recovery code"], secrets["used recovery code"] = second, codes[1], codes[0]
	h.in("mia").post("/sudo", "proof", codes[0])
	h.Anonymous().Basic("sam", "the password of sam").Get("/api/users/me").Expect(t, 200)

	// Links in letters.
	joe, rea := h.tab(), h.in("rea")
	joe.post("/password/reset", "login", "joe")
	joe.get("/password/new?key=" + letter(mail.ResetPassword, "reset token"))
	joe.post("/password/new", "password", "a new password of joe")
	secrets["new password"] = "a new password of joe"
	newcomer := h.tab()
	newcomer.post("/signup", "username", "newcomer", "email", "newcomer@example.com", "password", "the password of newcomer")
	newcomer.post("/dashboard/email/add", "email", "newcomer@example.org")
	rea.post("/dashboard/delete-account")
	rea.get("/dashboard/delete-account?key=" + letter(mail.DeletionRequest, "token of a deletion"))
	h.tab().get("/invites?token=" + url.QueryEscape(h.letter))
	_, _, err := h.Accounts.Invite(t.Context(), audit.By{Username: "root"}, "guest@example.com")
	h.must(err)
	h.tab().get("/signup?invitation=" + letter(mail.SiteInvitation, "invitation to the site"))
	var issued string
	issued, _, err = h.Accounts.IssueReset(t.Context(), audit.By{Username: "root"}, h.user("wim").ID)
	h.must(err)
	secrets["reset token of an administrator"] = issued

	// Keys, and programs that act for people.
	var made struct{ Secret string }
	h.As("sam/all").Do("POST", "/api/keys", map[string]any{"name": "more"}).Expect(t, 201).JSON(t, &made)
	secrets["new key"] = made.Secret
	page := sam.post("/dashboard/keys", "name", "page", "permission", "api:read").Body
	secrets["key of the page"] = string(regexp.MustCompile(`[0-9a-f]{32}`).Find(page))
	h.programs(sam, secrets)

	// And all of it shown where it has no place.
	for _, secret := range secrets {
		c := h.Anonymous().With("Bearer " + secret)
		c.Header = http.Header{"Cookie": {"hexhub=x." + secret}, "Referer": {"https://hub.example/?key=" + url.QueryEscape(secret)}, "X-Hex-Otp": {secret}}
		for _, path := range []string{"/api/packages", "/repo/names", "/", "/api/oauth/token", "/login"} {
			c.Get(path + "?key=" + url.QueryEscape(secret))
		}
		h.Anonymous().Basic("sam", secret).Get("/api/users/me")
		h.Anonymous().Do("POST", "/api/invitations/accept", map[string]any{"token": secret})
		h.Anonymous().Do("POST", "/login", url.Values{"login": {secret}, "password": {secret}})
	}

	var exported bytes.Buffer
	h.must(h.Audit.Export(t.Context(), &exported, time.Time{}, time.Time{}, ""))
	sinks := map[string]string{
		"the store": h.Written(), "the log": h.Log.String(), "the audit log": exported.String(), "the metrics": h.Operator("/metrics"),
		"the operator's jobs": h.Operator("/operator/jobs"), "the operator's sessions": h.Operator("/operator/user/sessions?user=sam"),
	}
	for sink, text := range sinks {
		if len(text) < 20 {
			t.Errorf("%s is %q: nothing is looked at", sink, text)
		}
		for what, secret := range secrets {
			for _, spelling := range spellings(secret) {
				if len(spelling) < 8 {
					t.Fatalf("the %s is %q", what, spelling)
				}
				if i := strings.Index(text, spelling); i >= 0 {
					t.Errorf("%s holds the %s: %q", sink, what, text[max(0, i-200):min(len(text), i+len(spelling)+50)])
				}
			}
		}
	}
	if !strings.Contains(sinks["the store"], account.HashToken(secrets["reset token of an administrator"])) {
		t.Error("the store does not hold the hash of a token, so nothing of this was looked at")
	}
}

// spellings are the ways in which a secret could be written down.
func spellings(secret string) []string {
	out := []string{secret, base64.StdEncoding.EncodeToString([]byte(secret)), hex.EncodeToString([]byte(secret)), url.QueryEscape(secret)}
	if key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret); err == nil {
		out = append(out, base64.StdEncoding.EncodeToString(key), hex.EncodeToString(key))
	}
	if plain := strings.ReplaceAll(secret, "-", ""); len(secret) < 20 {
		out = append(out, plain)
	}
	return out
}

// programs has programs get tokens in every way there is.
func (h *cast) programs(user *tab, secrets map[string]string) {
	h.t.Helper()
	token := func(what string, body map[string]any) (got struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
	},
	) {
		h.t.Helper()
		h.Anonymous().Do("POST", "/api/oauth/token", body).Expect(h.t, 200).JSON(h.t, &got)
		secrets["access token of "+what] = got.Access
		if got.Refresh != "" {
			secrets["refresh token of "+what] = got.Refresh
		}
		h.Anonymous().With("Bearer "+got.Access).Get("/api/users/me").Expect(h.t, 200)
		return got
	}
	var device struct {
		Device string `json:"device_code"`
		User   string `json:"user_code"`
	}
	h.Anonymous().Do("POST", "/api/oauth/device_authorization", map[string]any{"client_id": oauth.HexClient, "scope": "api repositories"}).Expect(h.t, 200).JSON(h.t, &device)
	secrets["device code"], secrets["user code"], secrets["user code as it is shown"] = device.Device, device.User, oauth.ShowCode(device.User)
	user.post("/oauth/device", "user_code", oauth.ShowCode(device.User))
	user.post("/oauth/device/authorize", "answer", "approve", "scope", "api:read", "scope", "api:write")
	got := token("a device", map[string]any{"grant_type": oauth.GrantDevice, "client_id": oauth.HexClient, "device_code": device.Device})
	got = token("a refresh", map[string]any{"grant_type": oauth.GrantRefresh, "client_id": oauth.HexClient, "refresh_token": got.Refresh})
	token("a key", map[string]any{"grant_type": oauth.GrantCredentials, "client_id": oauth.HexClient, "client_secret": h.Secrets["sam/all"], "scope": "api:read"})

	c, secret, err := h.OAuth.CreateClient(h.t.Context(), access.SystemActor("test"), oauth.ClientDraft{
		Name: "Board", Grants: []string{oauth.GrantCode, oauth.GrantRefresh}, RedirectURIs: []string{"https://board.example/back"}, Scopes: []string{"api:read"}, Confidential: true,
	})
	h.must(err)
	secrets["secret of a client"], secrets["verifier"] = secret, strings.Repeat("verifier-", 6)
	sum := sha256.Sum256([]byte(secrets["verifier"]))
	yes := user.post("/oauth/authorize", "answer", "approve", "scope", "api:read", "asked", "api:read", "client_id", c.ID, "redirect_uri", "https://board.example/back",
		"response_type", "code", "state", "x", "code_challenge_method", "S256", "code_challenge", base64.RawURLEncoding.EncodeToString(sum[:]))
	to, err := url.Parse(yes.Header.Get("Location"))
	h.must(err)
	secrets["authorization code"] = to.Query().Get("code")
	token("a code", map[string]any{
		"grant_type": oauth.GrantCode, "client_id": c.ID, "client_secret": secret, "code": secrets["authorization code"],
		"redirect_uri": "https://board.example/back", "code_verifier": secrets["verifier"],
	})
	h.Anonymous().Do("POST", "/api/oauth/revoke", map[string]any{"token": got.Refresh, "client_id": oauth.HexClient}).Expect(h.t, 200)
}

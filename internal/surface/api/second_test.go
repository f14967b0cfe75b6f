package api_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/oauth"
)

// enrol gives the user a second factor, and returns what shows its code of the moment. A code that was shown
// is used up, so it waits for the next one.
func (w *world) enrol(user string) (code func() string) {
	w.Helper()
	a := w.browser(user)
	from := account.Origin{IP: a.IP}
	offer, err := w.accounts.StartTOTP(w.Context(), a.User.ID, a.Session)
	w.must(err)
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(offer.Secret)
	w.must(err)
	show := func() string {
		var message [8]byte
		binary.BigEndian.PutUint64(message[:], uint64(time.Now().Unix()/30))
		h := hmac.New(sha1.New, secret)
		h.Write(message[:])
		sum := h.Sum(nil)
		n := binary.BigEndian.Uint32(sum[sum[19]&0xf:]) & 0x7fffffff
		return fmt.Sprintf("%06d", n%1_000_000)
	}
	_, err = w.accounts.ConfirmTOTP(w.Context(), audit.By{}, a.User.ID, a.Session, show(), from)
	w.must(err)
	return func() string {
		time.Sleep(30 * time.Second)
		return show()
	}
}

func otp(code string) want { return header("X-Hex-Otp", code) }

// challenged demands a refusal with the challenge, to the byte, and the words.
func (w *world) challenged(rec *httptest.ResponseRecorder, challenge, words string) {
	w.Helper()
	if got := rec.Header().Get("WWW-Authenticate"); rec.Code != 401 || got != challenge || tree(w, rec)["message"] != words {
		w.Errorf("%d %s %s; want %s %s", rec.Code, got, rec.Body, challenge, words)
	}
}

const (
	codeRequired = `Bearer realm="hex", error="totp_required"`
	codeInvalid  = `Bearer realm="hex", error="invalid_totp"`

	requiredWords = "Two-factor authentication required. Include X-Hex-OTP header with your TOTP code."
	invalidWords  = "Invalid two-factor authentication code"
	enableWords   = "Two-factor authentication must be enabled for API write access"
	lacksWords    = "key not authorized for this action"
)

// A program that acts for a user who has a second factor writes with a code only. hex_core matches the
// challenges by their first bytes.
func TestWritingThroughATokenTakesACode(t *testing.T) {
	for name, in := range map[string]want{"JSON": header("Accept", "application/json"), "terms": inTerms} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.publish("jose", "", "plug", "1.0.0")
				w.publish("eva", "", "ecto", "1.0.0")
				code := w.enrol("jose")
				token, other := bearer(w.tokens("jose", "api")["access_token"]), bearer(w.tokens("jose", "api")["access_token"])
				read := bearer(w.tokens("jose", "api:read")["access_token"])
				key := map[string]any{"name": "ci"}

				w.expect(200, "GET", "/users/me", nil, token, in)
				w.expect(200, "GET", "/keys", nil, token, in)
				w.challenged(w.do("POST", "/keys", key, token, in), codeRequired, requiredWords)
				w.challenged(w.do("POST", "/keys", key, token, in, otp("")), codeRequired, requiredWords)
				w.challenged(w.do("POST", "/packages/plug/releases", pack(t, "plug", "1.1.0"), token, in), codeRequired, requiredWords)
				w.challenged(w.do("DELETE", "/keys/laptop", nil, token, in), codeRequired, requiredWords)
				w.challenged(w.do("POST", "/keys", key, token, in, otp("000000")), codeInvalid, invalidWords)
				// The permission comes before the code, and the code before the right.
				w.challenged(w.do("POST", "/keys", key, read, in), "Basic realm=hex", lacksWords)
				w.challenged(w.do("PUT", "/packages/ecto/owners/bob", nil, token, in), codeRequired, requiredWords)

				now := code()
				w.expect(403, "PUT", "/packages/ecto/owners/bob", nil, token, in, otp(now))
				w.expect(201, "POST", "/keys", key, token, in, otp(now)) // mix sends one code with several requests
				w.expect(201, "POST", "/packages/plug/releases", pack(t, "plug", "1.1.0"), token, in, otp(now))
				w.challenged(w.do("POST", "/keys", key, other, in, otp(now)), codeInvalid, invalidWords)

				time.Sleep(20 * time.Minute)
				for range 5 {
					w.challenged(w.do("POST", "/keys", key, token, in, otp("000000")), codeInvalid, invalidWords)
				}
				rec := w.expect(429, "POST", "/keys", key, token, in, otp(code()))
				if tree(t, rec)["message"] != "Too many failed two-factor authentication attempts. Please try again later." {
					t.Errorf("words: %s", rec.Body)
				}
			})
		})
	}
}

// A key has no second factor, and neither has what it was exchanged for.
func TestKeysTakeNoCode(t *testing.T) {
	w := newWorld(t)
	w.enrol("jose")
	key := w.key("jose", "ci")
	rec := w.ask(notations[0], "/oauth/token", map[string]string{
		"grant_type": "client_credentials", "client_id": oauth.HexClient, "client_secret": key, "scope": "api",
	})
	w.expect(201, "POST", "/keys", map[string]any{"name": "x"}, header("Authorization", key))
	w.expect(201, "POST", "/keys", map[string]any{"name": "x"}, bearer(tree(t, rec)["access_token"]))
	w.expect(201, "POST", "/keys", map[string]any{"name": "x"}, basic("jose", key))
}

// Who has no second factor needs none, unless all must have one. gleam sends a code in any case.
func TestUsersWithoutASecondFactor(t *testing.T) {
	w := newWorld(t)
	token := bearer(w.tokens("jose", "api")["access_token"])
	w.expect(201, "POST", "/keys", map[string]any{"name": "x"}, token)
	w.expect(201, "POST", "/keys", map[string]any{"name": "x"}, token, otp("123456"))
	w.rules.RequireTOTP = true
	token = bearer(w.tokens("jose", "api")["access_token"])
	w.expect(200, "GET", "/users/me", nil, token)
	for _, code := range []want{otp(""), otp("123456")} {
		rec := w.expect(403, "POST", "/keys", map[string]any{"name": "x"}, token, code)
		if tree(t, rec)["message"] != enableWords {
			t.Errorf("words: %s", rec.Body)
		}
	}
	w.expect(201, "POST", "/keys", map[string]any{"name": "x"}, w.as("jose")) // keys are exempt
}

// A5: the password alone of a user who has a second factor opens nothing, unless the rules say so.
func TestA5PasswordDoesNotBypassTheSecondFactor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.rules.BasicRequireOTP = true
		code := w.enrol("jose")
		jose := basic("jose", password)
		for _, c := range []struct {
			method, path string
			body         any
		}{
			{"GET", "/users/me", nil},
			{"GET", "/packages", nil},
			{"GET", "/users/eva", nil},
			{"POST", "/keys", map[string]any{"name": "ci"}},
			{"POST", "/users", map[string]any{}},
			{"POST", "/packages/plug/releases", pack(t, "plug", "1.0.0")},
		} {
			rec := w.do(c.method, c.path, c.body, jose)
			if rec.Code != 401 || rec.Header().Get("WWW-Authenticate") != `Bearer realm="hex"` || !strings.Contains(fmt.Sprint(tree(t, rec)["message"]), "API key") {
				t.Errorf("%s %s: %d %v %s", c.method, c.path, rec.Code, rec.Header(), rec.Body)
			}
		}
		w.challenged(w.do("POST", "/keys", map[string]any{"name": "ci"}, jose, otp("000000")), codeInvalid, invalidWords)
		now := code()
		rec := w.expect(201, "POST", "/keys", map[string]any{"name": "ci"}, jose, otp(now)) // as rebar3 does first
		made := header("Authorization", fmt.Sprint(tree(t, rec)["secret"]))
		w.expect(201, "POST", "/keys", map[string]any{"name": "ci-read"}, made) // and then
		w.challenged(w.do("GET", "/users/me", nil, jose, otp(now)), codeInvalid, invalidWords)
		w.expect(401, "GET", "/users/me", nil, basic("jose", "wrong"), otp(code()))

		w.expect(200, "GET", "/users/me", nil, basic("eva", password)) // who has none
		w.rules.BasicRequireOTP = false
		w.expect(200, "GET", "/users/me", nil, jose)
		w.rules.NoPasswords = true
		rec = w.expect(401, "GET", "/users/me", nil, basic("eva", password))
		if rec.Header().Get("WWW-Authenticate") != `Bearer realm="hex"` {
			t.Errorf("where passwords are off: %v", rec.Header())
		}
	})
}

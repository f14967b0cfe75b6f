package oauth_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/oauth"
	"hexhub/internal/feature/org"
	"hexhub/internal/kernel/fault"
)

// A9, HX-3 (CVE-2026-21621): a token never may more than the key it was exchanged for.
func TestA9TokenOfAKeyMaysNoMore(t *testing.T) {
	w := newWorld(t)
	const no = ""
	for _, c := range []struct{ key, asks, gets string }{
		{"api", "api", "api"},
		{"api", "api:read", "api:read"},
		{"api", "api:read api:write", "api:read api:write"},
		{"api", "", "api"},
		{"api", "repositories", no},
		{"api", "repository:acme2", no},
		{"api:write", "api", no},
		{"api:write", "api:write", "api:write"},
		{"api:write", "api:read", "api:read"},
		{"api:write", "", "api:write"},
		{"api:read", "api", no},
		{"api:read", "api:write", no},
		{"api:read", "api:read api:write", no},
		{"api:read", "api:read", "api:read"},
		{"api:read", "api:read api:read", "api:read"},
		{"api:read", "", "api:read"},
		{"api:read", "api:read ", no},
		{"api:read", " api:read", no},
		{"api:read", "api:read  api:read", no},
		{"api:read", "api:read\tapi:write", no},
		{"api:read", "API:READ", no},
		{"api:read", "api:admin", no},
		{"api:read", "api:", no},
		{"api:read", "*", no},
		{"repositories", "repositories", "repository:hexhub repository:acme2"},
		{"repositories", "", "repository:hexhub repository:acme2"},
		{"repositories", "repository:acme2", "repository:acme2"},
		{"repositories", "repository:hexpm", "repository:hexhub"},
		{"repositories", "repository:acme2/secret", "repository:acme2/secret"},
		{"repositories", "api:read", no},
		{"repositories", "repositories api", no},
		{"repository:acme2", "repositories", "repository:acme2"},
		{"repository:acme2", "repository:acme2", "repository:acme2"},
		{"repository:acme2", "repository:acme2/secret", "repository:acme2/secret"},
		{"repository:acme2", "repository:hexhub", no},
		{"docs:acme2", "docs:acme2", no},
		{"docs:acme2", "repositories", no},
		{"docs:acme2", "", no},
		{"api docs:acme2", "", "api"},
		{"api repositories", "api repositories", "api repository:hexhub repository:acme2"},
	} {
		t.Run(c.key+" asks "+c.asks, func(t *testing.T) {
			w.TB = t
			_, secret := w.key(w.of("jose"), c.key)
			tokens, err := w.exchange(secret, c.asks)
			if c.gets == no {
				w.wants(err, "invalid_scope")
				return
			}
			if err != nil || tokens.Scope != c.gets {
				t.Errorf("the token is for %q, %v; want %q", tokens.Scope, err, c.gets)
			}
			if tokens.Refresh != "" || tokens.ExpiresIn != 30*time.Minute {
				t.Errorf("the token comes with %q and lasts %v", tokens.Refresh, tokens.ExpiresIn)
			}
		})
	}
}

// HX-3: what a read-only key leads to cannot make a key, and A10: no token makes one that is wider or
// outlives it.
func TestA10TokenMakesNoWiderKey(t *testing.T) {
	w := newWorld(t)
	make := func(token string, until *time.Time, p ...access.Permission) (access.Key, error) {
		a, err := w.bearer(token)
		w.must(err)
		k, _, err := w.access.CreateKey(t.Context(), a, a.Owner(), access.KeyDraft{Name: "child", Permissions: p, RevokeAt: until})
		return k, err
	}
	exchanged := func(permissions, scope string) string {
		_, secret := w.key(w.of("jose"), permissions)
		tokens, err := w.exchange(secret, scope)
		w.must(err)
		return tokens.Access
	}
	api, read, write := access.Permission{Domain: "api"}, access.Permission{Domain: "api", Resource: "read"}, access.Permission{Domain: "api", Resource: "write"}
	_, err := make(exchanged("api:read", "api:read"), nil, read)
	w.wantsKind(err, fault.Unauthenticated)
	_, err = make(exchanged("api", "api:read"), nil, read)
	w.wantsKind(err, fault.Unauthenticated)
	_, err = make(exchanged("api", "api:write"), nil, api)
	w.wantsKind(err, fault.Forbidden)
	_, err = make(exchanged("api", "api:write"), nil, access.Permission{Domain: "repositories"})
	w.wantsKind(err, fault.Forbidden)
	_, err = make(exchanged("api repositories", "repositories"), nil, access.Permission{Domain: "repositories"})
	w.wantsKind(err, fault.Unauthenticated)
	if _, err = make(exchanged("api", "api:write"), nil, read, write); err != nil {
		t.Errorf("a token cannot make a key that may less: %v", err)
	}

	until := time.Now().Add(time.Hour)
	_, secret, err := w.access.CreateKey(t.Context(), access.SystemActor("test"), w.of("jose"), access.KeyDraft{Name: "short", RevokeAt: &until})
	w.must(err)
	tokens, err := w.exchange(secret, "api")
	w.must(err)
	if k, err := make(tokens.Access, nil, api); err != nil || k.RevokeAt == nil || k.RevokeAt.After(until) {
		t.Errorf("a token of a key that ends at %v made one that ends at %v, %v", until, k.RevokeAt, err)
	}
	late := until.Add(time.Hour)
	_, err = make(tokens.Access, &late, api)
	w.wantsKind(err, fault.Forbidden)

	// What a user gave a program himself is the whole api if both its halves are.
	device := w.device("jose", "api")
	if k, err := make(device.Access, nil, api); err != nil || k.RevokeAt != nil {
		t.Errorf("who logged in with mix cannot make a key for all: %v", err)
	}
	half := w.device("jose", "api:write")
	_, err = make(half.Access, nil, api)
	w.wantsKind(err, fault.Forbidden)
}

// A11, CVE-2026-75542: a key leads to no token for another organization, however its name is written.
func TestA11NoTokenForAnothersOrganization(t *testing.T) {
	w := newWorld(t)
	_, ofOrg := w.key(access.OfOrg(acme), "api repositories")
	_, ofJose := w.key(w.of("jose"), "api repositories")
	_, ofMallory := w.key(w.of("mallory"), "api repositories")
	for _, scope := range []string{
		"repository:guild", "repository:GUILD", "repository:guild/", "repository:Guild", "repository:*", "repository:", "repository",
		"repository:acme2 repository:guild", "repository:acme2,guild", "repository:acme2:guild", "repository:x:guild", "repository:../guild",
		"repository:guild%00", "repository:guild ", "repository:ＧUILD", "repository:absent", "repository:guild/secret",
		"package:guild/secret", "package:acme2/secret", "package:secret", "package", "package:*", "docs:guild", "docs:acme2", "docs", "docs:*",
		"repository:ACME2", "repository:acme2/", "repository:/acme2", "repository:acme2/../guild",
	} {
		for who, secret := range map[string]string{"an organization": ofOrg, "a member": ofJose, "a stranger": ofMallory} {
			if tokens, err := w.exchange(secret, scope); err == nil {
				t.Errorf("%s asked for %q and got %q", who, scope, tokens.Scope)
			} else {
				w.wants(err, "invalid_scope")
			}
		}
	}
	for who, c := range map[string]struct{ secret, gets string }{
		"an organization": {ofOrg, "repository:acme2"},
		"a member":        {ofJose, "repository:hexhub repository:acme2"},
		"a stranger":      {ofMallory, "repository:hexhub"},
	} {
		if tokens, err := w.exchange(c.secret, "repositories"); err != nil || tokens.Scope != c.gets {
			t.Errorf("%s may fetch %q, %v; want %q", who, tokens.Scope, err, c.gets)
		}
	}
}

// A11, C9, CVE-2026-86698: what a token is for is asked of the rows at each use.
func TestA11MembershipIsAskedAtEachUse(t *testing.T) {
	w := newWorld(t)
	_, secret := w.key(w.of("jose"), "repositories")
	ofKey, err := w.exchange(secret, "repositories")
	w.must(err)
	device := w.device("jose", "api repositories")
	for _, token := range []string{ofKey.Access, device.Access} {
		w.must(w.may(token, access.Fetch, acme))
		w.wantsKind(w.may(token, access.Fetch, guild), fault.Unauthenticated) // lacks the scope
	}
	w.must(w.orgs.RemoveMember(t.Context(), audit.By{}, acme, w.users["jose"].ID))
	for _, token := range []string{ofKey.Access, device.Access} {
		w.wantsKind(w.may(token, access.Fetch, acme), fault.NotFound)
	}
	w.wantsKind(w.may(device.Access, access.Write, acme), fault.NotFound)
	again, err := w.refresh(device.Refresh)
	if err != nil || again.Scope != "api:read api:write repository:hexhub" {
		t.Errorf("after he left, jose's token is for %q, %v", again.Scope, err)
	}
	w.must(w.orgs.SetMember(t.Context(), audit.By{}, guild, w.users["jose"].ID, org.Read))
	again, err = w.refresh(again.Refresh)
	if err != nil || again.Scope != "api:read api:write repository:hexhub repository:guild" {
		t.Errorf("after he came to guild, jose's token is for %q, %v", again.Scope, err)
	}
	w.must(w.may(again.Access, access.Fetch, guild))
}

// A12, CVE-2026-86698: only an access token is one.
func TestA12OtherSecretsAreNoBearers(t *testing.T) {
	w := newWorld(t)
	tokens := w.device("jose", "api repositories")
	waiting := w.start("api")
	c, clientSecret := w.program(oauth.ClientDraft{Confidential: true})
	_, key := w.key(w.of("jose"), "api repositories")
	_, cookie, err := w.accounts.StartSession(t.Context(), audit.By{}, w.users["jose"].ID, here.String(), "")
	w.must(err)
	for what, secret := range map[string]string{
		"refresh token":                   tokens.Refresh,
		"refresh token called access":     "hha_" + strings.TrimPrefix(tokens.Refresh, "hhr_"),
		"device code":                     waiting.DeviceCode,
		"user code":                       waiting.UserCode,
		"authorization code":              w.code("jose", params(c)),
		"secret of a client":              clientSecret,
		"key":                             key,
		"cookie":                          cookie,
		"access token without its prefix": strings.TrimPrefix(tokens.Access, "hha_"),
		"access token as a refresh token": "hhr_" + strings.TrimPrefix(tokens.Access, "hha_"),
		"nothing":                         "",
	} {
		_, err := w.bearer(secret)
		w.wantsKind(err, fault.Unauthenticated)
		if f, _ := errors.AsType[*fault.Error](err); f.Code != "" || f.Message != "invalid API key" {
			t.Errorf("%s as a bearer: %v", what, err)
		}
	}
	// And an access token is none of the others.
	_, err = w.refresh(tokens.Access)
	w.wants(err, "invalid_grant")
	_, err = w.poll(tokens.Access)
	w.wants(err, "invalid_grant")
	_, err = w.exchange(tokens.Access, "repositories")
	w.wants(err, "invalid_client")
	_, err = w.access.Authenticate(t.Context(), tokens.Access, "", there, "") // without the word Bearer
	w.wantsKind(err, fault.Unauthenticated)
	if _, err := w.bearer(tokens.Access); err != nil {
		t.Errorf("the access token itself: %v", err)
	}
}

// A14: no JWT is a token, and a token has one spelling.
func TestA14ForgedTokensAreRefused(t *testing.T) {
	w := newWorld(t)
	token := w.device("jose", "api").Access
	b64 := base64.RawURLEncoding.EncodeToString
	head, mac, _ := strings.Cut(token, ".")
	payload := strings.TrimPrefix(head, "hha_")
	text, err := base64.RawURLEncoding.DecodeString(payload)
	w.must(err)
	var claims map[string]any
	w.must(json.Unmarshal(text, &claims))
	if claims["jti"] == "" || claims["typ"] != "access" || claims["sub"] != "user:"+w.users["jose"].ID {
		t.Errorf("the token says %s", text)
	}
	claims["scopes"], claims["exp"] = []string{"api", "repositories"}, time.Now().Add(1000*time.Hour).Unix()
	wider, _ := json.Marshal(claims)
	sign := func(key []byte, text string) string {
		h := hmac.New(sha256.New, key)
		h.Write([]byte(text))
		return b64(h.Sum(nil))
	}
	jwt := func(header string) string { return b64([]byte(header)) + "." + b64(wider) }
	flip := func(s string) string { // the last bit that the decoder might drop
		last := strings.IndexByte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", s[len(s)-1])
		return s[:len(s)-1] + string("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[last^1])
	}
	for what, forged := range map[string]string{
		"alg none":            jwt(`{"alg":"none"}`) + ".",
		"alg HS256":           jwt(`{"alg":"HS256"}`) + "." + sign(nil, "x"),
		"kid of a file":       jwt(`{"alg":"HS256","kid":"../../dev/null"}`) + "." + sign(nil, "x"),
		"jku":                 jwt(`{"alg":"ES256","jku":"https://evil.example/keys"}`) + "." + sign(nil, "x"),
		"wider claims":        "hha_" + b64(wider) + "." + mac,
		"no signature":        head + ".",
		"no dot":              head,
		"signature only":      "hha_." + mac,
		"own signature":       "hha_" + b64(wider) + "." + sign(nil, "hha_"+b64(wider)),
		"half the signature":  token[:len(token)-20],
		"spare bits":          flip(token),
		"padded":              token + "=",
		"padded twice":        token + "==",
		"line break":          token[:20] + "\n" + token[20:],
		"line break at end":   token + "\n",
		"space before":        " " + token,
		"dot more":            token + ".",
		"part more":           token + "." + mac,
		"other prefix":        "hhA_" + payload + "." + mac,
		"capitals":            strings.ToUpper(token),
		"other alphabet":      strings.NewReplacer("-", "+", "_", "/").Replace(token[4:]),
		"another's":           "Bearer " + token,
		"a megabyte":          "hha_" + strings.Repeat("A", 1<<20) + "." + mac,
		"another type signed": "",
	} {
		if forged == token {
			continue // nothing there to be replaced
		}
		if a, err := w.bearer(forged); !fault.Is(err, fault.Unauthenticated) || a.LoggedIn() {
			t.Errorf("%s: %s, %v", what, a.User.Username, err)
		}
	}
	// Revocation goes by the token's id, so no other spelling survives it.
	w.must(w.oauth.Revoke(t.Context(), token, oauth.HexClient, there, ""))
	_, err = w.bearer(token)
	w.wants(err, "token_expired")
}

// A13: of very many who use a refresh token, a device code or an authorization code at once, one succeeds.
func TestA13OneWinner(t *testing.T) {
	race := func(t *testing.T, use func() error) {
		t.Helper()
		var won atomic.Int32
		var wg sync.WaitGroup
		for range 1000 {
			wg.Go(func() {
				if use() == nil {
					won.Add(1)
				}
			})
		}
		wg.Wait()
		if n := won.Load(); n != 1 {
			t.Errorf("%d of 1,000 succeeded", n)
		}
	}
	t.Run("refresh token", func(t *testing.T) {
		w := newWorld(t)
		tokens := w.device("jose", "api")
		var mu sync.Mutex
		var next oauth.Tokens
		race(t, func() error {
			got, err := w.refresh(tokens.Refresh)
			if err == nil {
				mu.Lock()
				defer mu.Unlock()
				next = got
			}
			return err
		})
		// It was used twice, so nothing of the family is good any more.
		for _, token := range []string{tokens.Access, next.Access} {
			_, err := w.bearer(token)
			w.wants(err, "token_expired")
		}
		_, err := w.refresh(next.Refresh)
		w.wants(err, "invalid_grant")
		if left := account.SessionsOf(w.db.View(), w.users["jose"].ID); len(left) != 1 {
			t.Errorf("jose has %d sessions left, want that of the browser", len(left))
		}
	})
	t.Run("device code", func(t *testing.T) {
		w := newWorld(t)
		codes := w.start("api")
		w.must(w.oauth.Approve(t.Context(), w.browser("jose"), codes.UserCode, []string{"api:read"}))
		race(t, func() error { _, err := w.poll(codes.DeviceCode); return err })
	})
	t.Run("authorization code", func(t *testing.T) {
		w := newWorld(t)
		c, secret := w.program(oauth.ClientDraft{Confidential: true})
		q := redeem(c, secret, w.code("jose", params(c)))
		race(t, func() error { _, err := w.oauth.Token(t.Context(), q); return err })
	})
}

func TestRefreshTokenUsedAgainEndsTheSession(t *testing.T) {
	w := newWorld(t)
	first := w.device("jose", "api repositories")
	second, err := w.refresh(first.Refresh)
	w.must(err)
	if second.Refresh == first.Refresh || second.Access == first.Access {
		t.Error("a refresh gave the same tokens")
	}
	w.must(w.may(second.Access, access.Fetch, acme))
	w.must(w.may(first.Access, access.Fetch, acme)) // for as long as it lasts
	_, err = w.refresh(first.Refresh)
	w.wants(err, "invalid_grant")
	_, err = w.bearer(second.Access)
	w.wants(err, "token_expired")
	_, err = w.refresh(second.Refresh)
	w.wants(err, "invalid_grant")
}

func TestRefreshDoesNotProlong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		tokens := w.device("jose", "api")
		for range 29 {
			time.Sleep(24 * time.Hour)
			next, err := w.refresh(tokens.Refresh)
			w.must(err)
			tokens = next
		}
		time.Sleep(24*time.Hour - 10*time.Minute)
		last, err := w.refresh(tokens.Refresh)
		w.must(err)
		if last.ExpiresIn > 10*time.Minute {
			t.Errorf("ten minutes before the end a token lasts %v", last.ExpiresIn)
		}
		time.Sleep(11 * time.Minute)
		_, err = w.refresh(last.Refresh)
		w.wants(err, "invalid_grant")
		_, err = w.bearer(last.Access)
		w.wants(err, "token_expired")
	})
}

func TestAccessTokenLastsHalfAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		tokens := w.device("jose", "api")
		until := time.Now().Add(20 * time.Minute)
		_, secret, err := w.access.CreateKey(t.Context(), access.SystemActor("test"), w.of("jose"), access.KeyDraft{Name: "short", RevokeAt: &until})
		w.must(err)
		ofKey, err := w.exchange(secret, "api")
		w.must(err)
		time.Sleep(19 * time.Minute)
		for _, token := range []string{tokens.Access, ofKey.Access} {
			if _, err := w.bearer(token); err != nil {
				t.Errorf("after 19 minutes: %v", err)
			}
		}
		time.Sleep(time.Minute)
		_, err = w.bearer(ofKey.Access) // no longer than the key
		w.wants(err, "token_expired")
		time.Sleep(10 * time.Minute)
		_, err = w.bearer(tokens.Access)
		w.wants(err, "token_expired")
	})
}

// A8, C9: what ends a session, a key, a user or a client ends its tokens at once.
func TestA8TokensEndWithWhatTheyHangOn(t *testing.T) {
	for what, c := range map[string]struct {
		token func(*world) string
		end   func(*world)
		code  string
	}{
		"session": {deviceToken, func(w *world) {
			for _, s := range account.SessionsOf(w.db.View(), w.users["jose"].ID) {
				w.must(w.accounts.EndSession(w.Context(), audit.By{}, s.UserID, s.ID))
			}
		}, "token_expired"},
		"user": {deviceToken, func(w *world) { w.must(w.accounts.Deactivate(w.Context(), audit.By{}, w.users["jose"].ID)) }, "token_expired"},
		"client": {func(w *world) string {
			c, secret := w.program(oauth.ClientDraft{Confidential: true})
			tokens, err := w.oauth.Token(w.Context(), redeem(c, secret, w.code("jose", params(c))))
			w.must(err)
			return tokens.Access
		}, func(w *world) {
			for _, c := range oauth.Clients(w.db.View()) {
				if !c.BuiltIn {
					w.must(w.oauth.DeleteClient(w.Context(), w.browser("eva"), c.ID))
				}
			}
		}, "token_expired"},
		"key": {keyToken, func(w *world) {
			_, err := w.access.RevokeAll(w.Context(), access.SystemActor("test"), w.of("jose"))
			w.must(err)
		}, "token_expired"},
		"user of a key": {keyToken, func(w *world) { w.must(w.accounts.Deactivate(w.Context(), audit.By{}, w.users["jose"].ID)) }, ""},
	} {
		t.Run(what, func(t *testing.T) {
			w := newWorld(t)
			token := c.token(w)
			a, err := w.bearer(token)
			w.must(err)
			c.end(w)
			_, err = w.bearer(token)
			w.wants(err, c.code)
			// Also for a request that came in before.
			err = access.May(w.db.View(), a, access.Write, access.Thing{Repository: w.repository(home)})
			w.wants(err, c.code)
		})
	}
}

func deviceToken(w *world) string { return w.device("jose", "api repositories").Access }

func keyToken(w *world) string {
	_, secret := w.key(w.of("jose"), "api")
	tokens, err := w.exchange(secret, "api")
	w.must(err)
	return tokens.Access
}

func TestRevoke(t *testing.T) {
	w := newWorld(t)
	revoke := func(token, client string) { w.must(w.oauth.Revoke(t.Context(), token, client, there, "mix")) }
	t.Run("by access token", func(t *testing.T) {
		tokens := w.device("jose", "api")
		revoke(tokens.Access, oauth.GleamClient) // another's
		if _, err := w.bearer(tokens.Access); err != nil {
			t.Errorf("another client ended the session: %v", err)
		}
		revoke(tokens.Access, oauth.HexClient)
		_, err := w.refresh(tokens.Refresh)
		w.wants(err, "invalid_grant")
	})
	t.Run("by refresh token", func(t *testing.T) {
		tokens := w.device("jose", "api")
		revoke(tokens.Refresh, oauth.HexClient)
		_, err := w.bearer(tokens.Access)
		w.wants(err, "token_expired")
	})
	t.Run("by hash", func(t *testing.T) {
		tokens := w.device("jose", "api")
		sum := sha256.Sum256([]byte(tokens.Refresh))
		w.must(w.oauth.RevokeByHash(t.Context(), strings.ToUpper(fmt.Sprintf("%x", sum)), there, "gleam"))
		_, err := w.refresh(tokens.Refresh)
		w.wants(err, "invalid_grant")
	})
	t.Run("the token of a key", func(t *testing.T) {
		_, secret := w.key(w.of("jose"), "api")
		one, err := w.exchange(secret, "api")
		w.must(err)
		two, err := w.exchange(secret, "api")
		w.must(err)
		before, err := w.bearer(one.Access)
		w.must(err)
		revoke(one.Access, oauth.HexClient)
		_, err = w.bearer(one.Access)
		w.wants(err, "token_expired")
		w.wants(access.May(w.db.View(), before, access.Write, access.Thing{Repository: w.repository(home)}), "token_expired")
		if _, err = w.bearer(two.Access); err != nil {
			t.Errorf("another token of the key: %v", err)
		}
	})
	t.Run("nothing", func(t *testing.T) {
		for _, token := range []string{"", "hhr_", "hha_x.y", "0123456789abcdef0123456789abcdef"} {
			revoke(token, oauth.HexClient)
		}
		w.must(w.oauth.RevokeByHash(t.Context(), "", there, ""))
	})
}

// mix says farewell with its access token alone, which has mostly expired by then.
func TestExpiredAccessTokenStillEndsItsSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		tokens := w.device("jose", "api")
		time.Sleep(2 * time.Hour)
		w.must(w.oauth.Revoke(t.Context(), tokens.Access, oauth.HexClient, there, "mix"))
		_, err := w.refresh(tokens.Refresh)
		w.wants(err, "invalid_grant")
	})
}

func TestClientsAreToldApart(t *testing.T) {
	w := newWorld(t)
	c, secret := w.program(oauth.ClientDraft{Confidential: true})
	tokens := w.device("jose", "api")
	for what, x := range map[string]struct {
		edit func(*oauth.TokenRequest)
		code string
	}{
		"no client":             {func(q *oauth.TokenRequest) { q.ClientID = "" }, "invalid_client"},
		"unknown client":        {func(q *oauth.TokenRequest) { q.ClientID = "x" }, "invalid_client"},
		"path for a client":     {func(q *oauth.TokenRequest) { q.ClientID = "../" + c.ID }, "invalid_client"},
		"no secret":             {func(q *oauth.TokenRequest) { q.ClientID = c.ID }, "invalid_client"},
		"wrong secret":          {func(q *oauth.TokenRequest) { q.ClientID, q.ClientSecret = c.ID, secret+"x" }, "invalid_client"},
		"another's token":       {func(q *oauth.TokenRequest) { q.ClientID, q.ClientSecret = c.ID, secret }, "invalid_grant"},
		"another public client": {func(q *oauth.TokenRequest) { q.ClientID = oauth.GleamClient }, "invalid_grant"},
		"no grant":              {func(q *oauth.TokenRequest) { q.GrantType = "" }, "invalid_request"},
		"unknown grant":         {func(q *oauth.TokenRequest) { q.GrantType = "password" }, "unsupported_grant_type"},
		"grant not allowed":     {func(q *oauth.TokenRequest) { q.GrantType = oauth.GrantCode }, "unauthorized_client"},
		"exchange not allowed":  {func(q *oauth.TokenRequest) { q.GrantType, q.ClientID = oauth.GrantCredentials, oauth.GleamClient }, "unauthorized_client"},
		"no token":              {func(q *oauth.TokenRequest) { q.RefreshToken = "" }, "invalid_request"},
		"no key":                {func(q *oauth.TokenRequest) { q.GrantType = oauth.GrantCredentials }, "invalid_request"},
		"bad key":               {func(q *oauth.TokenRequest) { q.GrantType, q.ClientSecret = oauth.GrantCredentials, "x" }, "invalid_client"},
		"password for a key": {func(q *oauth.TokenRequest) {
			q.GrantType = oauth.GrantCredentials
			q.ClientSecret = "Basic " + base64.StdEncoding.EncodeToString([]byte("jose:"+passphrase))
		}, "invalid_client"},
	} {
		t.Run(what, func(t *testing.T) {
			w.TB = t
			q := oauth.TokenRequest{GrantType: oauth.GrantRefresh, ClientID: oauth.HexClient, RefreshToken: tokens.Refresh}
			x.edit(&q)
			_, err := w.oauth.Token(t.Context(), q)
			w.wants(err, x.code)
		})
	}
	w.TB = t
	if _, err := w.refresh(tokens.Refresh); err != nil {
		t.Errorf("after all that the token is gone: %v", err)
	}
}

// What is kept leads nobody in, and A20: no secret is in a row.
func TestA20NoSecretIsKept(t *testing.T) {
	w := newWorld(t)
	waiting, tokens := w.start("api"), w.device("jose", "api")
	c, clientSecret := w.program(oauth.ClientDraft{Confidential: true})
	code := w.code("jose", params(c))
	_, key := w.key(w.of("jose"), "api")
	ofKey, err := w.exchange(key, "api")
	w.must(err)
	w.must(w.oauth.Revoke(t.Context(), ofKey.Access, oauth.HexClient, there, ""))
	again, err := w.refresh(tokens.Refresh)
	w.must(err)
	_, err = w.refresh(tokens.Refresh)
	w.wants(err, "invalid_grant")
	page, err := w.log.Range(t.Context(), "", "zzzz", 0, 1000)
	if err != nil || len(page.Records) < 20 {
		t.Fatalf("%d records, %v", len(page.Records), err)
	}
	var kept strings.Builder
	for _, r := range page.Records {
		fmt.Fprintf(&kept, "%s %s\n", r.Key, r.Value)
	}
	for what, secret := range map[string]string{
		"device code": waiting.DeviceCode, "user code": waiting.UserCode, "access token": again.Access, "refresh token": again.Refresh,
		"used refresh token": tokens.Refresh, "code": code, "secret of a client": clientSecret, "token of a key": ofKey.Access,
	} {
		if strings.Contains(kept.String(), secret) {
			t.Errorf("the %s is kept", what)
		}
	}
}

// What expired is forgotten, with the sessions that nobody took up.
func TestForget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		rows := func() (n int64) {
			for table, count := range w.db.Stats().Rows {
				if strings.HasPrefix(table, "oauth-") || table == "revoked-token" || table == "session" {
					n += count
				}
			}
			return n
		}
		c, secret := w.program(oauth.ClientDraft{Confidential: true})
		before := rows()
		jose := w.browser("jose")
		w.start("api")
		left := w.start("api")
		w.must(w.oauth.Approve(t.Context(), jose, left.UserCode, []string{"api:read"}))
		w.code("jose", params(c))
		used, err := w.oauth.Token(t.Context(), redeem(c, secret, w.code("jose", params(c))))
		w.must(err)
		ended := w.device("jose", "api")
		w.must(w.oauth.Revoke(t.Context(), ended.Refresh, oauth.HexClient, there, ""))
		token := keyToken(w)
		w.must(w.oauth.Revoke(t.Context(), token, oauth.HexClient, there, ""))
		w.must(w.oauth.Forget(t.Context()))
		w.must(w.access.Forget(t.Context()))
		if _, err := w.bearer(token); err == nil {
			t.Error("a revoked token was forgotten while it would have lasted")
		}
		time.Sleep(32 * time.Minute)
		w.must(w.oauth.Forget(t.Context()))
		w.must(w.access.Forget(t.Context()))
		kept, err := w.oauth.Token(t.Context(), oauth.TokenRequest{GrantType: oauth.GrantRefresh, ClientID: c.ID, ClientSecret: secret, RefreshToken: used.Refresh})
		if err != nil {
			t.Errorf("a code was forgotten, and its session with it: %v", err)
		}
		for _, s := range account.SessionsOf(w.db.View(), w.users["jose"].ID) {
			w.must(w.accounts.EndSession(t.Context(), audit.By{}, s.UserID, s.ID))
		}
		_, err = w.bearer(kept.Access)
		w.wants(err, "token_expired")
		w.must(w.oauth.Forget(t.Context()))
		if after := rows(); after != before {
			t.Errorf("%d rows are left, there were %d", after, before)
		}
	})
}

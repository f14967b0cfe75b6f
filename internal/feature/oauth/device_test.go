package oauth_test

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/oauth"
	"hexhub/internal/kernel/fault"
)

func TestDeviceFlow(t *testing.T) {
	w := newWorld(t)
	codes := w.start("api repositories")
	if len(codes.UserCode) != 8 || len(codes.DeviceCode) < 43 || codes.ExpiresIn != 10*time.Minute || codes.Interval != 5*time.Second {
		t.Errorf("codes = %+v", codes)
	}
	_, err := w.poll(codes.DeviceCode)
	w.wants(err, "authorization_pending")
	a := w.browser("jose")
	w.must(w.oauth.Approve(t.Context(), a, codes.UserCode, []string{"api:read", "api:write", "repositories"}))
	tokens, err := w.poll(codes.DeviceCode)
	w.must(err)
	if tokens.Scope != "api:read api:write repository:hexhub repository:acme2" || tokens.ExpiresIn != 30*time.Minute {
		t.Errorf("tokens for %q that last %v", tokens.Scope, tokens.ExpiresIn)
	}
	b, err := w.bearer(tokens.Access)
	w.must(err)
	if b.User.ID != a.User.ID || b.Via != access.Bearer || b.Key.ID != "" || b.IP != there {
		t.Errorf("the bearer is %+v", b.By())
	}
	session, live := account.LiveSession(w.db.View(), b.Session, time.Now())
	if !live || session.Kind != account.OAuth || session.Name != "laptop" || session.Client != oauth.HexClient || session.IP != there.String() || session.UserAgent != "mix" {
		t.Errorf("the session is %+v", session)
	}
	w.must(access.May(w.db.View(), b, access.Write, access.Thing{Repository: w.repository(acme)}))
}

// A user may leave out scopes, and add none.
func TestUserChoosesScopes(t *testing.T) {
	w := newWorld(t)
	a := w.browser("jose")
	codes := w.start("api")
	for _, wrong := range [][]string{nil, {"repositories"}, {"api"}, {"api:read", "repository:acme2"}} {
		w.wantsKind(w.oauth.Approve(t.Context(), a, codes.UserCode, wrong), fault.Invalid)
	}
	w.must(w.oauth.Approve(t.Context(), a, codes.UserCode, []string{"api:read"}))
	tokens, err := w.poll(codes.DeviceCode)
	w.must(err)
	if tokens.Scope != "api:read" {
		t.Errorf("the token is for %q", tokens.Scope)
	}
	w.wantsKind(w.may(tokens.Access, access.Write, home), fault.Unauthenticated)
	next, err := w.refresh(tokens.Refresh)
	if err != nil || next.Scope != "api:read" {
		t.Errorf("refreshed, the token is for %q, %v", next.Scope, err)
	}
	codes = w.start("repository:guild")
	w.wantsKind(w.oauth.Approve(t.Context(), a, codes.UserCode, []string{"repository:guild"}), fault.Invalid)
}

// O1: whoever is asked sees who asks, and nothing but his own approval with the code lets a program in.
func TestO1UserSeesWhoAsks(t *testing.T) {
	w := newWorld(t)
	codes := w.start("api repositories")
	a := w.browser("jose")
	req, err := w.oauth.Request(t.Context(), strings.ToLower(oauth.ShowCode(codes.UserCode)), a.User.ID, a.IP)
	w.must(err)
	if req.Client.Name != "Hex" || req.Name != "laptop" || req.IP != there.String() || req.UserAgent != "mix" ||
		!slices.Equal(req.Scopes, []string{"api:read", "api:write", "repositories"}) || req.ExpiresAt.Sub(req.RequestedAt) != 10*time.Minute {
		t.Errorf("the user is shown %+v", req)
	}
	_, err = w.poll(codes.DeviceCode) // having been looked at changes nothing
	w.wants(err, "authorization_pending")

	_, secret := w.key(w.of("jose"), "api")
	byKey, err := w.access.Authenticate(t.Context(), secret, "", here, "")
	w.must(err)
	byToken, err := w.bearer(w.device("jose", "api").Access)
	w.must(err)
	_, _, err = w.accounts.StartSession(t.Context(), audit.By{}, w.users["mallory"].ID, "", "")
	w.must(err)
	stolen := a
	stolen.User = w.users["mallory"]
	for what, a := range map[string]access.Actor{
		"nobody":                {},
		"a password":            {User: w.users["jose"], Via: access.Password},
		"a key":                 byKey,
		"a token":               byToken,
		"a token for a browser": {User: w.users["jose"], Via: access.Browser, Session: byToken.Session},
		"no session":            {User: w.users["jose"], Via: access.Browser},
		"another's session":     stolen,
	} {
		err := w.oauth.Approve(t.Context(), a, codes.UserCode, []string{"api:read"})
		if !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("%s approved: %v", what, err)
		}
	}
	_, err = w.poll(codes.DeviceCode)
	if f, _ := errors.AsType[*fault.Error](err); f.Code == "" {
		t.Errorf("poll: %v", err)
	}
}

func TestO1ApprovalTakesSudo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a := w.browser("jose")
		time.Sleep(2 * time.Hour)
		codes := w.start("api")
		w.wants(w.oauth.Approve(t.Context(), a, codes.UserCode, []string{"api:read"}), "sudo_required")
	})
}

// O2: guesses of user codes run out, for the user and for the address, also when they are made at once.
func TestO2GuessesRunOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		right := w.start("api")
		guess := func(user string, ip netip.Addr) error {
			_, err := w.oauth.Request(t.Context(), "BBBBBBBB", w.users[user].ID, ip)
			return err
		}
		var wg sync.WaitGroup
		var mu sync.Mutex
		kinds := map[fault.Kind]int{}
		for range 50 {
			wg.Go(func() {
				err := guess("mallory", there)
				mu.Lock()
				defer mu.Unlock()
				kinds[fault.Of(err)]++
			})
		}
		wg.Wait()
		if kinds[fault.NotFound] != 10 || kinds[fault.Limited] != 40 {
			t.Errorf("of fifty guesses: %v", kinds)
		}
		_, err := w.oauth.Request(t.Context(), right.UserCode, w.users["mallory"].ID, here)
		w.wantsKind(err, fault.Limited) // even the right one, from elsewhere
		if f, _ := errors.AsType[*fault.Error](err); f.RetryAfter <= 0 || f.RetryAfter > 15*time.Minute {
			t.Errorf("try again after %v", f.RetryAfter)
		}
		w.wantsKind(w.oauth.Approve(t.Context(), access.Actor{User: w.users["mallory"], Via: access.Browser, IP: here}, right.UserCode, nil), fault.Limited)
		time.Sleep(15 * time.Minute)
		for i := range 30 {
			w.wantsKind(guess([]string{"mallory", "jose", "eva"}[i/10], there), fault.NotFound)
		}
		_, _, bob := w.start("api"), 0, account.User{ID: "another"}
		_, err = w.oauth.Request(t.Context(), "BBBBBBBB", bob.ID, there)
		w.wantsKind(err, fault.Limited)
		_, err = w.oauth.Request(t.Context(), "BBBBBBBB", bob.ID, here)
		w.wantsKind(err, fault.NotFound)
	})
}

// Who types right is not counted, and neither is what cannot be a code.
func TestRightCodesAreNoGuesses(t *testing.T) {
	w := newWorld(t)
	codes := w.start("api")
	for range 40 {
		_, err := w.oauth.Request(t.Context(), codes.UserCode, w.users["jose"].ID, here)
		w.must(err)
		_, err = w.oauth.Request(t.Context(), "hello", w.users["jose"].ID, here)
		w.wantsKind(err, fault.NotFound)
	}
}

// O2: codes are long enough not to be guessed.
func TestO2CodesAreRandom(t *testing.T) {
	w := newWorld(t)
	seen := map[string]bool{}
	for range 200 {
		c := w.start("api")
		if seen[c.UserCode] || seen[c.DeviceCode] || strings.Trim(c.UserCode, "23456789BCDFGHJKLMNPQRSTVWXYZ") != "" || len(c.DeviceCode)*6 < 256 {
			t.Fatalf("codes = %+v", c)
		}
		seen[c.UserCode], seen[c.DeviceCode] = true, true
	}
}

// O3: polling has its pace, its client and its end.
func TestO3Polling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		codes := w.start("api")
		poll := func(code string) {
			t.Helper()
			_, err := w.poll(codes.DeviceCode)
			w.wants(err, code)
		}
		poll("authorization_pending")
		poll("slow_down") // from now on ten seconds
		time.Sleep(5 * time.Second)
		poll("slow_down") // fifteen
		time.Sleep(15 * time.Second)
		poll("authorization_pending")
		time.Sleep(15 * time.Second)
		poll("authorization_pending")

		other := oauth.TokenRequest{GrantType: oauth.GrantDevice, ClientID: oauth.GleamClient, DeviceCode: codes.DeviceCode}
		_, err := w.oauth.Token(t.Context(), other)
		w.wants(err, "invalid_client")
		w.must(w.oauth.Approve(t.Context(), w.browser("jose"), codes.UserCode, []string{"api:read"}))
		_, err = w.oauth.Token(t.Context(), other)
		w.wants(err, "invalid_client")
		_, err = w.poll(codes.DeviceCode) // at once: what is settled is told
		w.must(err)
		poll("invalid_grant")
		w.wantsKind(w.oauth.Approve(t.Context(), w.browser("jose"), codes.UserCode, []string{"api:read"}), fault.NotFound)

		codes = w.start("api")
		w.must(w.oauth.Deny(t.Context(), w.browser("jose"), codes.UserCode))
		poll("access_denied")
		w.wantsKind(w.oauth.Approve(t.Context(), w.browser("jose"), codes.UserCode, []string{"api:read"}), fault.NotFound)
		poll("access_denied")

		codes = w.start("api")
		time.Sleep(10 * time.Minute)
		w.wantsKind(w.oauth.Approve(t.Context(), w.browser("jose"), codes.UserCode, []string{"api:read"}), fault.NotFound)
		poll("expired_token")

		codes = w.start("api")
		w.must(w.oauth.Approve(t.Context(), w.browser("jose"), codes.UserCode, []string{"api:read"}))
		time.Sleep(10 * time.Minute)
		poll("expired_token")
		poll("expired_token")
		codes.DeviceCode += "x"
		poll("invalid_grant")
		codes.DeviceCode = ""
		poll("invalid_request")
	})
}

// What was approved is worth nothing once the user's sessions are ended, as by a new password.
func TestApprovalEndsWithTheSessions(t *testing.T) {
	w := newWorld(t)
	codes := w.start("api")
	w.must(w.oauth.Approve(t.Context(), w.browser("jose"), codes.UserCode, []string{"api:read"}))
	w.must(w.accounts.EndSessions(t.Context(), audit.By{}, w.users["jose"].ID, ""))
	_, err := w.poll(codes.DeviceCode)
	w.wants(err, "access_denied")
}

// Where a second factor is required, nobody without one lets a program write.
func TestWritingTakesASecondFactorWhereRequired(t *testing.T) {
	w := newWorld(t)
	w.rules.RequireTOTP = true
	codes, a := w.start("api repositories"), w.browser("jose")
	w.wantsKind(w.oauth.Approve(t.Context(), a, codes.UserCode, []string{"api:read", "api:write"}), fault.Forbidden)
	w.must(w.oauth.Approve(t.Context(), a, codes.UserCode, []string{"api:read", "repositories"}))
	_, err := w.poll(codes.DeviceCode)
	w.must(err)
}

// O4, CVE-2026-21618: no scope, name or client carries markup to a page.
func TestO4NothingOddIsKept(t *testing.T) {
	w := newWorld(t)
	for _, scope := range []string{
		"package:<script>alert(1)</script>", "package:acme2/<b>", "repository:<img src=x>", "api:<", `docs:"`, "<script>", "api\x00", "api\n",
		"package:acme2/a b", "repository:acme2%3Cscript%3E", strings.Repeat("api:read ", 2000) + "api:read", "", strings.Repeat("a", 1<<20),
	} {
		_, err := w.oauth.StartDevice(t.Context(), oauth.DeviceStart{ClientID: oauth.HexClient, Scope: scope})
		w.wants(err, "invalid_scope")
		if f, _ := errors.AsType[*fault.Error](err); strings.ContainsAny(f.Message, `<>"\`) {
			t.Errorf("the fault repeats what was sent: %s", f.Message)
		}
	}
	codes, err := w.oauth.StartDevice(t.Context(), oauth.DeviceStart{
		ClientID: oauth.HexClient, Scope: "api", Name: "lap\x00top\u202e\r\nX: y" + strings.Repeat("é", 400), UserAgent: "\x1b[31mmix\xff",
	})
	w.must(err)
	req, err := w.oauth.Request(t.Context(), codes.UserCode, w.users["jose"].ID, here)
	w.must(err)
	if !strings.HasPrefix(req.Name, "laptopX: yéé") || len([]rune(req.Name)) != 255 || req.UserAgent != "[31mmix" {
		t.Errorf("the user is shown %q and %q", req.Name, req.UserAgent)
	}
}

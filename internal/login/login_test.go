package login_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/oauth"
	"hexhub/internal/hubtest"
	"hexhub/internal/login"
)

func newFile(t *testing.T) login.File {
	t.Helper()
	return login.File{Path: filepath.Join(t.TempDir(), "hexhub", "servers.json")}
}

// must stops the test.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// loggedIn logs eva in at a hub, as hexhub login does.
func loggedIn(t *testing.T, h *hubtest.Hub) login.Server {
	t.Helper()
	var c login.Client
	d, err := c.Start(t.Context(), h.URL, "laptop")
	must(t, err)
	if !strings.HasPrefix(d.URI, h.URL) || d.Interval < 1 || d.Expires < 60 {
		t.Errorf("device = %+v", d)
	}
	eva, _ := account.ByName(h.DB.View(), "eva")
	s, _, err := h.Accounts.StartSession(t.Context(), audit.By{}, eva.ID, "127.0.0.1", "test")
	must(t, err)
	must(t, h.OAuth.Approve(t.Context(), access.Actor{User: eva, Via: access.Browser, Session: s.ID}, d.UserCode, []string{"api:read", "repositories"}))
	got, err := h.OAuth.Token(t.Context(), oauth.TokenRequest{GrantType: oauth.GrantDevice, DeviceCode: d.Code, ClientID: oauth.HexHubClient})
	must(t, err)
	return login.Server{Name: "work", URL: h.URL, User: "eva", Tokens: login.Tokens{
		Access: login.Secret(got.Access), Refresh: login.Secret(got.Refresh), ExpiresAt: time.Now().Add(time.Minute),
	}}
}

// me is the status that the API answers a login with.
func me(h *hubtest.Hub, x login.Server) int {
	return h.Anonymous().With(x.Authorization()).Get("/api/users/me").Status
}

// Of many programs whose token is about to expire, one renews it, since a refresh token that is shown twice
// ends the login; all go on with the new one.
func TestA13OneOfManyRefreshes(t *testing.T) {
	h := hubtest.World(t, "user eva")
	f := newFile(t)
	must(t, f.Save(t.Context(), loggedIn(t, h)))
	var refreshes atomic.Int64
	refresh := func(ctx context.Context, x login.Server) (login.Tokens, error) {
		refreshes.Add(1)
		return login.Client{}.Refresh(ctx, x)
	}
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			x, err := login.File{Path: f.Path}.Fresh(t.Context(), "work", "", refresh)
			if err != nil {
				t.Error(err)
			} else if status := me(h, x); status != 200 {
				t.Errorf("with the fresh token: %d", status)
			}
		})
	}
	wg.Wait()
	if n := refreshes.Load(); n != 1 {
		t.Errorf("%d refreshes, want 1", n)
	}
	// What was refused is renewed once more, however long it would have lasted.
	servers, err := f.Read()
	must(t, err)
	x, err := f.Fresh(t.Context(), "work", servers.Servers[0].Tokens.Access, refresh)
	must(t, err)
	if refreshes.Load() != 2 || me(h, x) != 200 {
		t.Errorf("after a refusal: %d refreshes", refreshes.Load())
	}
}

func TestEndedLoginsAreNoticed(t *testing.T) {
	h := hubtest.World(t, "user eva")
	f, x := newFile(t), loggedIn(t, h)
	must(t, f.Save(t.Context(), x))
	must(t, login.Client{}.Revoke(t.Context(), x))
	_, err := f.Fresh(t.Context(), "work", "", login.Client{}.Refresh)
	if !login.Ended(err) {
		t.Errorf("after it was revoked: %v", err)
	}
	if strings.Contains(fmt.Sprint(err), string(x.Tokens.Refresh)) {
		t.Errorf("A20 the error holds the token: %v", err)
	}
	if status := me(h, x); status != 401 {
		t.Errorf("the access token of a revoked login: %d", status)
	}
}

// While the server does not answer, a token that still works is used; one that has expired is not.
func TestATokenThatWorksIsGoodEnough(t *testing.T) {
	f := newFile(t)
	down := errors.New("no route to host")
	refresh := func(context.Context, login.Server) (login.Tokens, error) { return login.Tokens{}, down }
	x := login.Server{Name: "work", URL: "http://127.0.0.1:1", Tokens: login.Tokens{Access: "a", Refresh: "r", ExpiresAt: time.Now().Add(time.Minute)}}
	must(t, f.Save(t.Context(), x))
	if got, err := f.Fresh(t.Context(), "work", "", refresh); err != nil || got.Tokens.Access != "a" {
		t.Errorf("with a minute left: %v", err)
	}
	if _, err := f.Fresh(t.Context(), "work", "a", refresh); !errors.Is(err, down) {
		t.Errorf("when it was refused: %v", err)
	}
	x.Tokens.ExpiresAt = time.Now().Add(-time.Minute)
	must(t, f.Save(t.Context(), x))
	if _, err := f.Fresh(t.Context(), "work", "", refresh); !errors.Is(err, down) {
		t.Errorf("expired: %v", err)
	}
	if _, err := f.Fresh(t.Context(), "home", "", refresh); err == nil {
		t.Error("an unknown login is fresh")
	}
}

func TestA20LoginsAreForTheirOwner(t *testing.T) {
	f := newFile(t)
	x := login.Server{Name: "work", URL: "https://hub.example.com", Key: "canary-key"}
	must(t, f.Save(t.Context(), x))
	for path, want := range map[string]os.FileMode{f.Path: 0o600, filepath.Dir(f.Path): 0o700, f.Path + ".lock": 0o600} {
		info, err := os.Stat(path)
		must(t, err)
		if info.Mode().Perm() != want {
			t.Errorf("%s has mode %o, want %o", path, info.Mode().Perm(), want)
		}
	}
	if text := fmt.Sprintf("%v %+v %#v %s", x, x, x, x.Key); strings.Contains(text, "canary") {
		t.Errorf("printed: %s", text)
	}
	must(t, os.Chmod(f.Path, 0o640))
	_, err := f.Read()
	if _, ok := errors.AsType[*login.OpenError](err); !ok {
		t.Errorf("a file that others can read: %v", err)
	}
	must(t, os.Chmod(f.Path, 0o600))
	must(t, os.WriteFile(f.Path, []byte(`{"v":1,"servers":[{"key":"canary-key"`), 0o600))
	if _, err := f.Read(); err == nil || strings.Contains(err.Error(), "canary") {
		t.Errorf("a broken file: %v", err)
	}
	if entries, err := os.ReadDir(filepath.Dir(f.Path)); err != nil || len(entries) != 2 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

func TestLoginsAreFoundByNameAndAddress(t *testing.T) {
	f := newFile(t)
	for _, x := range []login.Server{
		{Name: "one", URL: "https://a.example.com", Key: "1"}, {Name: "two", URL: "https://b.example.com", Key: "2"}, {Name: "three", URL: "https://b.example.com", Key: "3"},
	} {
		must(t, f.Save(t.Context(), x))
	}
	wants := func(text, want string) {
		t.Helper()
		s, err := f.Read()
		must(t, err)
		if got, _ := s.Find(text); got.Name != want {
			t.Errorf("%q is %q, want %q", text, got.Name, want)
		}
	}
	wants("@", "one") // the first becomes the default
	wants("@two", "two")
	wants("@four", "")
	wants("https://a.example.com", "one")
	wants("https://b.example.com", "two")
	wants("https://c.example.com", "")
	must(t, f.Prefer(t.Context(), "three"))
	wants("@", "three")
	wants("https://b.example.com", "three")
	must(t, f.Forget(t.Context(), "three"))
	wants("@", "one")
	must(t, f.Forget(t.Context(), "one"))
	must(t, f.Forget(t.Context(), "two"))
	wants("@", "")
}

func TestParseURL(t *testing.T) {
	for text, want := range map[string]string{
		"https://hub.example.com": "https://hub.example.com", "https://Hub.example.com/": "https://hub.example.com",
		"http://127.0.0.1:4000/api": "http://127.0.0.1:4000", "https://example.com/hex/api/": "https://example.com/hex",
		"hub.example.com": "", "ftp://hub.example.com": "", "https://eva:secret@hub.example.com": "", "": "", "https://hub.example.com?x=y": "",
	} {
		if got, err := login.ParseURL(text); got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
}

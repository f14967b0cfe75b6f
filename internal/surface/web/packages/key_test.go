package packages_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/kernel/blob"
)

// keysWorld is packagesWorld with keys.
var keysWorld = strings.Replace(packagesWorld, "-- decimal", `key eva all permissions=api,repositories
key eva slim permissions=repository:guild/vault
key eva read permissions=api:read
key eva docs permissions=docs:guild
key sam all permissions=api,repositories
key guild fetch permissions=repository:guild
-- decimal`, 1)

const (
	vaultModels = "/packages/guild/vault/llms.txt"
	vaultRaw    = "/packages/guild/vault/1.0.0/files/mix.exs?view=raw"
)

// told is all that an answer tells about a private package, had it the name of another.
func told(rec *httptest.ResponseRecorder) string {
	var b strings.Builder
	rec.Header().Write(&b)
	return strings.NewReplacer("ghost", "guild", "vapor", "vault").Replace(b.String() + rec.Body.String())
}

// Programs, which have no session, read with a key what is made for them, as they fetch the package.
func TestKeysReadWhatIsForPrograms(t *testing.T) {
	s := newWorld(t, keysWorld)
	for key, want := range map[string]int{"eva/all": 200, "eva/slim": 200, "guild/fetch": 200, "eva/read": 404, "eva/docs": 404, "sam/all": 404} {
		for _, path := range []string{vaultModels, vaultRaw} {
			rec := s.ask(path, visit{key: s.secrets[key]})
			if h := rec.Header(); rec.Code != want || h.Get("Cache-Control") != "no-store" || !slices.Contains(h.Values("Vary"), "Authorization") {
				t.Errorf("%s with %s: %d %v", path, key, rec.Code, h)
			}
		}
	}
	text := s.ask(vaultModels, visit{key: s.secrets["eva/all"]}).Body.String()
	for _, want := range []string{"# vault 1.0.0", "send an API key", "[Files](https://hub.example.com/packages/guild/vault/1.0.0/files)"} {
		if !strings.Contains(text, want) {
			t.Errorf("a program is not told %q:\n%s", want, text)
		}
	}
}

// Keys let programs read, and nobody see pages; a session counts for itself, whatever is sent along.
func TestKeysOpenNoPages(t *testing.T) {
	s := newWorld(t, keysWorld)
	for _, tail := range []string{"", "/1.0.0", "/versions", "/quality", "/settings", "/1.0.0/files", "/1.0.0/files/mix.exs", "/1.0.0/files/mix.exs?view=code"} {
		if rec := s.ask("/packages/guild/vault"+tail, visit{key: s.secrets["eva/all"]}); rec.Code != 404 {
			t.Errorf("%s is shown to a key: %d", tail, rec.Code)
		}
	}
	if rec := s.ask(vaultRaw, visit{as: "sam", key: s.secrets["eva/all"]}); rec.Code != 404 {
		t.Errorf("sam reads with the key that was sent along: %d", rec.Code)
	}
	if rec := s.ask(vaultRaw, visit{as: "eva", key: s.secrets["sam/all"]}); rec.Code != 200 {
		t.Errorf("eva does not read for the key that was sent along: %d", rec.Code)
	}
}

// L4: what is private looks as what is not there, whatever credential is shown.
func TestL4KeysAreNoOracle(t *testing.T) {
	s := newWorld(t, keysWorld)
	for who, key := range map[string]string{"nobody": "", "sam": s.secrets["sam/all"], "a wrong key": strings.Repeat("0", 32), "a wrong token": "Bearer x", "garbage": "Basic %"} {
		for _, path := range []string{vaultModels, vaultRaw} {
			there := told(s.ask(path, visit{key: key}))
			for _, names := range [][2]string{{"vault", "vapor"}, {"guild", "ghost"}} {
				if diff := cmp.Diff(told(s.ask(strings.ReplaceAll(path, names[0], names[1]), visit{key: key})), there); diff != "" {
					t.Errorf("%s as %s: what is there (+) and what is not (-) differ:\n%s", path, who, diff)
				}
			}
		}
	}
}

// Programs are told in a line of text, and not on a page, that their key is none.
func TestBadKeysAreAnsweredInText(t *testing.T) {
	s := newWorld(t, keysWorld)
	for who, key := range map[string]string{"a wrong key": strings.Repeat("0", 32), "a wrong token": "Bearer x", "garbage": "Basic %"} {
		for _, path := range []string{vaultModels, vaultRaw} {
			rec := s.ask(path, visit{key: key})
			h, text := rec.Header(), rec.Body.String()
			if rec.Code != 401 || h.Get("Content-Type") != "text/plain; charset=utf-8" || h.Get("Www-Authenticate") == "" || h.Get("Cache-Control") != "no-store" {
				t.Errorf("%s with %s: %d %v", path, who, rec.Code, h)
			}
			if strings.Contains(text, "<") || strings.Count(text, "\n") != 1 || !strings.Contains(text, "Send an API key") {
				t.Errorf("%s with %s is told %q", path, who, text)
			}
		}
	}
}

// What is for programs and not here, not here any more or not to be read now is said to programs in a line of text, and to
// browsers on a page.
func TestProgramsAreToldInTextWhatIsNotHere(t *testing.T) {
	blobs := &unready{blob.Memory{}, false}
	s := newSiteOf(t, blobs, keysWorld)
	s.takeBack(t, "hub", "decimal", "1.0.0")
	blobs.away = true
	for path, want := range map[string]struct {
		status int
		text   string
	}{
		"/packages/ghost/llms.txt":                           {404, "There is no such package or version here"},
		"/packages/decimal/1.2.0/files/absent?view=raw":      {503, "The files of this version cannot be read just now."},
		"/packages/decimal/9.0.0/files/mix.exs?view=raw":     {404, "There is no such package or version here"},
		"/packages/decimal/1.0.0/files/mix.exs?view=raw":     {410, "Version 1.0.0 of decimal was taken back on"},
		"/packages/guild/vault/1.0.0/files/mix.exs?view=raw": {404, "There is no such package or version here"},
		"/packages/decimal/1.0.0/llms.txt":                   {410, "Version 1.0.0 of decimal was taken back on"},
	} {
		rec := s.ask(path, visit{accept: "*/*"})
		h, text := rec.Header(), rec.Body.String()
		if rec.Code != want.status || h.Get("Content-Type") != "text/plain; charset=utf-8" || h.Get("Cache-Control") != "no-store" || h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %d %v", path, rec.Code, h)
		}
		if !strings.HasPrefix(text, want.text) || strings.Count(text, "\n") != 1 || strings.Contains(text, "<") {
			t.Errorf("%s: %s", path, text)
		}
		rec = s.ask(path, visit{accept: "text/html,application/xhtml+xml,*/*;q=0.8"})
		if rec.Code != want.status || rec.Header().Get("Content-Type") != "text/html; charset=utf-8" {
			t.Errorf("%s in a browser: %d %v", path, rec.Code, rec.Header())
		}
	}
}

// Unready blobs can be put, and not be read while they are away.
type unready struct {
	blob.Memory
	away bool
}

func (u *unready) Open(ctx context.Context, h blob.Hash) (blob.Reader, error) {
	if u.away {
		return nil, errors.New("away")
	}
	return u.Memory.Open(ctx, h)
}

// A key that does not count is said so, but for what is everybody's: programs send what they have.
func TestRevokedKeysReadNothingPrivate(t *testing.T) {
	s := newWorld(t, keysWorld)
	eva, _ := account.ByName(s.db.View(), "eva")
	actor := access.Actor{User: eva, Via: access.Password}
	if _, err := s.access.RevokeKey(t.Context(), actor, access.OfUser(eva.ID), "all"); err != nil {
		t.Fatal(err)
	}
	rec := s.ask(vaultRaw, visit{key: s.secrets["eva/all"]})
	if rec.Code != 401 || rec.Header().Get("Www-Authenticate") == "" {
		t.Errorf("a revoked key: %d %v", rec.Code, rec.Header())
	}
	if rec := s.ask("/packages/decimal/1.2.0/files/mix.exs?view=raw", visit{key: s.secrets["eva/all"]}); rec.Code != 200 {
		t.Errorf("a revoked key where none is needed: %d", rec.Code)
	}
}

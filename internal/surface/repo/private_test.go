package repo_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/kernel/blob"
)

func basic(login, password string) []string {
	return []string{"Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte(login+":"+password))}
}

type answer struct {
	Status int
	Header http.Header
	Body   string
}

func answerOf(w *httptest.ResponseRecorder) answer {
	return answer{w.Code, w.Header(), w.Body.String()}
}

// To whoever has no right to it, a private repository is answered for in the very bytes of one that
// does not exist, whatever else the request says.
func TestPrivateLooksAbsent(t *testing.T) {
	s := newServer(t, script, &blob.Memory{})
	tag := func(path string) string {
		return s.get(t, "/repos/guild"+path, s.as("jose/all")...).Header().Get("ETag")
	}
	callers := []struct {
		name    string
		headers []string
		status  int
	}{
		{"nobody", nil, 401},
		{"empty credential", []string{"Authorization", ""}, 401},
		{"two credentials", append(s.as("jose/all"), s.as("jose/all")...), 401},
		{"unknown key", []string{"Authorization", "0123456789abcdef0123456789abcdef"}, 401},
		{"another server's token", []string{"Authorization", "Bearer eyJhbGciOi.x.y"}, 401},
		{"wrong password", basic("jose", "wrong"), 401},
		{"stranger", s.as("eve/all"), 404},
		{"member, by a key that may not fetch", s.as("jose/api"), 404},
	}
	requests := []struct {
		name    string
		headers []string
	}{
		{"plain", nil},
		{"L5 If-None-Match with the right tag of the package", []string{"If-None-Match", tag("/packages/secret")}},
		{"L5 If-None-Match with the right tag of the tarball", []string{"If-None-Match", tag("/tarballs/secret-1.0.0.tar")}},
		{"L5 If-None-Match with the right tag of the documentation", []string{"If-None-Match", tag("/docs/secret-1.0.0.tar.gz")}},
		{"L5 If-None-Match with the right tag of the policy", []string{"If-None-Match", tag("/policies/strict")}},
		{"L5 If-None-Match any", []string{"If-None-Match", "*"}},
		{"L5 If-Match", []string{"If-Match", `"x"`}},
		{"L5 Range", []string{"Range", "bytes=0-0"}},
		{"L5 Range out of bounds", []string{"Range", "bytes=99999999-"}},
	}
	paths := []string{
		"/names", "/versions", "/packages/secret", "/packages/missing", "/tarballs/secret-1.0.0.tar", "/tarballs/secret-9.9.9.tar",
		"", "/", "/docs/secret-1.0.0.tar.gz", "/docs/secret-9.9.9.tar.gz", "/docs/missing-1.0.0.tar.gz",
		"/policies/strict", "/policies/missing", "/policies/", "/policies/open/", "/policies/Open", "/packages/secret/a.css", "/packages/secret;.css", "/packages/secret%2fa.css",
	}
	for _, caller := range callers {
		for _, request := range requests {
			for _, path := range paths {
				for _, method := range []string{"GET", "HEAD"} {
					t.Run(strings.Join([]string{caller.name, request.name, method, path}, "/"), func(t *testing.T) {
						headers := append(append([]string{}, caller.headers...), request.headers...)
						there := answerOf(s.ask(method+" /repos/guild"+path, headers...))
						absent := answerOf(s.ask(method+" /repos/nobody"+path, headers...))
						if diff := cmp.Diff(absent, there); diff != "" {
							t.Errorf("existing differs from absent (-absent +existing):\n%s", diff)
						}
						if there.Status != caller.status && there.Status != http.StatusTooManyRequests {
							t.Errorf("status = %d, want %d", there.Status, caller.status)
						}
						if cc, vary := there.Header.Get("Cache-Control"), there.Header.Get("Vary"); cc != "no-store" || vary != "Authorization" {
							t.Errorf("L9 L10 Cache-Control = %q, Vary = %q", cc, vary)
						}
					})
				}
			}
		}
	}
}

// A member is told what is missing in the same words.
func TestMemberFindsMissingAsStrangersDo(t *testing.T) {
	s := newServer(t, script, &blob.Memory{})
	stranger := answerOf(s.ask("/repos/guild/packages/secret", s.as("eve/all")...))
	member := answerOf(s.ask("/repos/guild/packages/missing", s.as("jose/all")...))
	if diff := cmp.Diff(stranger, member); diff != "" {
		t.Errorf("(-stranger +member):\n%s", diff)
	}
}

func TestMembersFetch(t *testing.T) {
	s := newServer(t, script, &blob.Memory{})
	for caller, headers := range map[string][]string{
		"key":                         s.as("jose/all"),
		"key of the organization":     s.as("guild/bot"),
		"password, as .netrc sends":   basic("jose", password),
		"key in place of a password":  basic("jose", s.secrets["jose/all"]),
		"organization's key likewise": basic("guild", s.secrets["guild/bot"]),
	} {
		for _, path := range []string{"/repos/guild/names", "/repos/guild/packages/secret", "/repos/guild/tarballs/secret-1.0.0.tar", "/repos/guild/docs/secret-1.0.0.tar.gz", "/repos/guild/policies/strict"} {
			if w := s.ask(path, headers...); w.Code != 200 {
				t.Errorf("%s by %s = %d %s", path, caller, w.Code, w.Body)
			}
		}
	}
}

// A key for CI may be for single packages: their files, and nothing that tells of others.
func TestKeyForOnePackageFetchesItsFiles(t *testing.T) {
	s := newServer(t, script, &blob.Memory{})
	jose, _ := account.ByName(s.DB.View(), "jose")
	_, secret, err := s.Access.CreateKey(t.Context(), access.SystemActor("test"), access.OfUser(jose.ID), access.KeyDraft{
		Name: "ci", Permissions: []access.Permission{{Domain: access.DomainRepository, Resource: "guild/secret"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]int{
		"/repos/guild/packages/secret": 200, "/repos/guild/tarballs/secret-1.0.0.tar": 200, "/repos/guild/docs/secret-1.0.0.tar.gz": 200,
		"/repos/guild/public_key": 200, "/packages/decimal": 200,
		"/repos/guild/names": 404, "/repos/guild/versions": 404, "/repos/guild/packages/other": 404, "/repos/guild/tarballs/secrets-1.0.0.tar": 404,
		"/repos/guild": 404, "/repos/guild/": 404, "/repos/guild/policies/strict": 404,
	} {
		for what, headers := range map[string][]string{"bare": {"Authorization", secret}, "in place of a password": basic("jose", secret)} {
			if w := s.ask(path, headers...); w.Code != want {
				t.Errorf("%s by the key %s = %d %s, want %d", path, what, w.Code, w.Body, want)
			}
		}
	}
}

// Build tools send repositories what was meant for another server; public things do not care.
func TestPublicIgnoresCredentials(t *testing.T) {
	s := newServer(t, script, &blob.Memory{})
	for _, headers := range [][]string{
		{"Authorization", "Bearer eyJhbGciOi.x.y"},
		{"Authorization", "0123456789abcdef0123456789abcdef"},
		{"Authorization", "Basic !"},
		basic("jose", "wrong"), s.as("eve/all"), s.as("jose/api"),
	} {
		for _, path := range []string{
			"/names", "/versions", "/packages/decimal", "/tarballs/decimal-2.0.0.tar", "/docs/decimal-2.0.0.tar.gz", "/public_key",
			"/repos/hexhub/packages/decimal", "/repos/guild/public_key", "/repos/guild/policies/open", "/repos/hexpm:guild/policies/open", "/installs/hex-1.x.csv",
		} {
			if w := s.ask(path, headers...); w.Code != 200 {
				t.Errorf("%s with %q = %d %s", path, headers[1], w.Code, w.Body)
			}
		}
	}
}

func TestL1PrivateNamesAreInNoOtherList(t *testing.T) {
	s := newServer(t, script+`
org other admin=eve
package other/thing
release other/thing 1.0.0
`, &blob.Memory{})
	for path, headers := range map[string][]string{
		"/names": nil, "/versions": nil, "/repos/other/names": s.as("eve/all"), "/repos/other/versions": s.as("eve/all"),
	} {
		body := unzipped(t, s.get(t, path, headers...).Body.Bytes())
		if bytes.Contains(body, []byte("secret")) {
			t.Errorf("L1 %s tells of a private package", path)
		}
	}
}

// A1: who guesses passwords is soon refused, also with the right one; a key still passes.
func TestA1GuessingIsThrottled(t *testing.T) {
	s := newServer(t, script, &blob.Memory{})
	for i := range 10 {
		if w := s.ask("/repos/guild/names", basic("jose", fmt.Sprint("guess ", i))...); w.Code != 401 {
			t.Fatalf("guess %d = %d", i, w.Code)
		}
	}
	if w := s.ask("/repos/guild/names", basic("jose", password)...); w.Code != 429 {
		t.Errorf("right password after ten wrong ones = %d", w.Code)
	}
	if w := s.ask("/repos/guild/names", s.as("jose/all")...); w.Code != 200 {
		t.Errorf("key after ten wrong passwords = %d", w.Code)
	}
}

func TestUnauthorizedSaysHow(t *testing.T) {
	s := newServer(t, script, &blob.Memory{})
	w := s.ask("/repos/guild/names")
	if w.Header().Get("WWW-Authenticate") != `Basic realm="hex"` || !strings.Contains(w.Body.String(), "--auth-key") {
		t.Errorf("401 = %v %s", w.Header(), w.Body)
	}
}

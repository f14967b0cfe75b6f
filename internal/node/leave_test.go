package node_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"hexhub/hex/name"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/oauth"
	"hexhub/internal/feature/org"
	"hexhub/internal/hubtest"
)

var guild = name.MustRepository("guild")

// A leaver is wim, who writes for guild, with everything that lets somebody in: key is for all that he may,
// slim for fetching from guild, swap is a token that the key was exchanged for, token one of a program that he
// lets act for him, word his password, and page the session of his browser.
type leaver struct {
	*cast
	ways    map[string]hubtest.Client
	session string // of page
	version int    // of vault, next
}

const wimsPassword = "the password of wim"

func newLeaver(t *testing.T) *leaver {
	t.Helper()
	h := &leaver{cast: newTable(t), version: 1}
	wim := h.user("wim")
	h.must(h.Accounts.SetPassword(t.Context(), audit.By{}, wim.ID, wimsPassword)) // it ends all sessions of before
	_, slim, err := h.Access.CreateKey(t.Context(), access.SystemActor("test"), access.OfUser(wim.ID), access.KeyDraft{
		Name: "slim", Permissions: []access.Permission{{Domain: access.DomainRepository, Resource: "guild"}},
	})
	h.must(err)
	swapped, err := h.OAuth.Token(t.Context(), oauth.TokenRequest{
		GrantType: oauth.GrantCredentials, ClientID: oauth.HexClient, ClientSecret: h.Secrets["wim/all"], Scope: "api repositories",
	})
	h.must(err)
	cookie := h.cast.session("wim")
	h.session, _, _ = strings.Cut(cookie, ".")
	page := h.Anonymous()
	page.Header = http.Header{"Cookie": {"hexhub=" + cookie}}
	h.ways = map[string]hubtest.Client{
		"key": h.As("wim/all"), "slim": h.Anonymous().With(slim), "swap": h.Anonymous().With("Bearer " + swapped.Access),
		"token": h.Anonymous().With("Bearer " + h.tokens("wim", "api repositories").Access),
		"word":  h.Anonymous().Basic("wim", wimsPassword), "page": page,
	}
	return h
}

// leavings are what may be done to wim, with what he is answered who was let in just before it: the status of an
// upload that was begun with his key and with his program.
var leavings = []struct {
	what       string
	do         func(context.Context, *leaver, account.User) error
	left       string // what each way is good for afterwards
	key, token int
}{
	{"is removed from the organization", func(ctx context.Context, h *leaver, wim account.User) error {
		return h.Orgs.RemoveMember(ctx, audit.By{}, guild, wim.ID)
	}, "key:known slim: swap:known token:known word:known page:known", 404, 404},
	{"may only read", func(ctx context.Context, h *leaver, wim account.User) error {
		return h.Orgs.SetMember(ctx, audit.By{}, guild, wim.ID, org.Read)
	}, "key:known,reads,fetches slim:fetches swap:known,reads,fetches token:known,reads,fetches word:known,reads,fetches page:known,reads", 403, 403},
	{"is deactivated", func(ctx context.Context, h *leaver, wim account.User) error {
		return h.Accounts.Deactivate(ctx, audit.By{}, wim.ID)
	}, "key: slim: swap: token: word: page:", 400, 401},
	{"is deleted", func(ctx context.Context, h *leaver, wim account.User) error {
		return h.Accounts.Remove(ctx, audit.By{}, wim.ID)
	}, "key: slim: swap: token: word: page:", 401, 401},
	{"has a new password by mail", func(ctx context.Context, h *leaver, wim account.User) error {
		token, _, err := h.Accounts.IssueReset(ctx, audit.By{}, wim.ID)
		if err == nil {
			_, err = h.Accounts.FinishReset(ctx, token, "another password of wim", account.Origin{}, false)
		}
		return err
	}, "key: slim: swap: token: word: page:", 401, 401},
	{"changes his password", func(ctx context.Context, h *leaver, wim account.User) error {
		return h.Accounts.ChangePassword(ctx, audit.By{}, wim.ID, account.PasswordChange{Old: wimsPassword, New: "another password of wim", SessionID: h.session})
	}, "key:known,reads,fetches,writes slim:fetches swap:known,reads,fetches,writes token: word: page:known,reads", 201, 401},
	{"ends his sessions", func(ctx context.Context, h *leaver, wim account.User) error {
		return h.Accounts.EndSessions(ctx, audit.By{}, wim.ID, "")
	}, "key:known,reads,fetches,writes slim:fetches swap:known,reads,fetches,writes token: word:known,reads,fetches,writes page:", 201, 401},
	{"revokes his keys", func(ctx context.Context, h *leaver, wim account.User) error {
		_, err := h.Access.RevokeAll(ctx, access.SystemActor("test"), access.OfUser(wim.ID))
		return err
	}, "key: slim: swap: token:known,reads,fetches,writes word:known,reads,fetches,writes page:known,reads", 401, 201},
}

const allWays = "key:known,reads,fetches,writes slim:fetches swap:known,reads,fetches,writes token:known,reads,fetches,writes word:known,reads,fetches,writes page:known,reads"

// good says what each way is good for.
func (h *leaver) good() string {
	h.t.Helper()
	var out []string
	for way := range strings.FieldsSeq("key slim swap token word page") {
		c := h.ways[way]
		var can []string
		is := func(what string, yes bool) {
			if yes {
				can = append(can, what)
			}
		}
		if way == "page" {
			is("known", c.Get("/dashboard").Status == 200)
			is("reads", bytes.Contains(c.Get("/dashboard/orgs").Body, []byte("guild")))
		} else {
			is("known", c.Get("/api/users/me").Status == 200)
			is("reads", c.Get("/api/repos/guild/packages/vault").Status == 200)
			is("fetches", c.Get("/repo/repos/guild/packages/vault").Status == 200 && c.Get("/repo/repos/guild/tarballs/vault-1.0.0.tar").Status == 200 &&
				c.Get("/repo/repos/guild/docs/vault-1.0.0.tar.gz").Status == 200)
			h.version++
			is("writes", c.Do("POST", "/api/repos/guild/publish", hubtest.Tarball(h.t, "vault", fmt.Sprintf("1.%d.0", h.version))).Status == 201)
		}
		out = append(out, way+":"+strings.Join(can, ","))
	}
	return strings.Join(out, " ")
}

// Z3, A8, C9: whatever somebody loses he has lost by every way, at every surface, when the deed is done.
func TestZ3WhatIsTakenAwayIsGoneByEveryWay(t *testing.T) {
	t.Parallel()
	for _, leaving := range leavings {
		t.Run(leaving.what, func(t *testing.T) {
			t.Parallel()
			h := newLeaver(t)
			if got := h.good(); got != allWays {
				t.Fatalf("before it:\n%s, want\n%s", got, allWays)
			}
			h.must(leaving.do(t.Context(), h, h.user("wim")))
			if got := h.good(); got != leaving.left {
				t.Errorf("afterwards:\n%s, want\n%s", got, leaving.left)
			}
			if got := h.As("guild/bot").Get("/api/repos/guild/packages/vault").Status; got != 200 {
				t.Errorf("the organization's own key: %d", got)
			}
		})
	}
}

// Z3: an upload that was let in is judged again when it is written down, whatever let it in.
func TestZ3UploadsUnderWayAreJudgedAgain(t *testing.T) {
	t.Parallel()
	uploads := map[string]func(testing.TB) []byte{
		"/api/repos/guild/publish":                              func(t testing.TB) []byte { return hubtest.Tarball(t, "vault", "2.0.0") },
		"/api/repos/guild/packages/vault/releases?replace=true": func(t testing.TB) []byte { return hubtest.Tarball(t, "vault", "2.0.0") },
		"/api/repos/guild/packages/vault/releases/1.0.0/docs":   func(t testing.TB) []byte { return hubtest.Docs(t, "<h1>After</h1>") },
	}
	for path, file := range uploads {
		for _, leaving := range leavings {
			for way, want := range map[string]int{"key": leaving.key, "token": leaving.token} {
				t.Run(path+" by "+way+" of who "+leaving.what, func(t *testing.T) {
					t.Parallel()
					h := newLeaver(t)
					before := h.published()
					got := h.interrupted(h.ways[way], path, file(t), func() { h.must(leaving.do(t.Context(), h, h.user("wim"))) })
					if got != want {
						t.Errorf("%d, want %d", got, want)
					}
					if after := h.published(); (after == before) != (want >= 400) {
						t.Errorf("published before it:\n%s\nand after:\n%s", before, after)
					}
				})
			}
		}
	}
}

// published is what insiders see of vault.
func (h *leaver) published() string {
	h.t.Helper()
	eva := h.As("eva/all")
	docs := eva.Get("/repo/repos/guild/docs/vault-1.0.0.tar.gz").Header.Get("ETag")
	return fmt.Sprintf("%x %s %s", eva.Get("/repo/repos/guild/packages/vault").Expect(h.t, 200).Body, eva.Get("/api/repos/guild/packages/vault").Expect(h.t, 200).Body, docs)
}

// interrupted uploads a file, and does something once the server has let the client in and waits for it.
func (h *leaver) interrupted(c hubtest.Client, path string, file []byte, meanwhile func()) int {
	h.t.Helper()
	body := io.MultiReader(bytes.NewReader(file[:1]), onRead(meanwhile), bytes.NewReader(file[1:]))
	req, err := http.NewRequestWithContext(h.t.Context(), http.MethodPost, c.URL+path, body)
	h.must(err)
	req.ContentLength = int64(len(file))
	req.Header.Set("Authorization", c.Authorization)
	req.Header.Set("Content-Type", "application/octet-stream")
	req.Header.Set("Expect", "100-continue") // which the server answers when it has judged who asks
	transport := &http.Transport{ExpectContinueTimeout: time.Minute, DisableKeepAlives: true}
	resp, err := transport.RoundTrip(req)
	h.must(err)
	defer resp.Body.Close()
	return resp.StatusCode
}

// onRead is an empty file that does something once when it is read.
type onRead func()

// Read implements io.Reader.
func (f onRead) Read([]byte) (int, error) { f(); return 0, io.EOF }

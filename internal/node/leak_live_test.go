package node_test

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hexhub/internal/hubtest"
)

// follow asks for a page as one who has it open.
func (h *cast) follow(ctx context.Context, row matrixRow, caller string) *http.Response {
	h.t.Helper()
	c := h.asking(row, caller)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL+h.path(row), http.NoBody)
	h.must(err)
	req.Header, req.Host = c.Header.Clone(), c.Header.Get("Host")
	req.Header.Set("Accept", "text/event-stream")
	if c.Authorization != "" {
		req.Header.Set("Authorization", c.Authorization)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	h.must(err)
	return resp
}

// followed is all that can be told of a page by asking to follow it: of one that may be followed no more than that.
func (h *cast) followed(row matrixRow, caller string) string {
	h.t.Helper()
	ctx, cancel := context.WithCancel(h.t.Context())
	defer cancel()
	resp := h.follow(ctx, row, caller)
	defer resp.Body.Close()
	a := hubtest.Answer{Status: resp.StatusCode, Header: resp.Header}
	if resp.Header.Get("Content-Type") != "text/event-stream" {
		var err error
		a.Body, err = io.ReadAll(resp.Body)
		h.must(err)
	}
	return strings.NewReplacer("ghost", "guild", "vapor", "vault").Replace(seen(a))
}

// L11: each page is a stream of what becomes of it. Nobody follows what he may not read, nor can he tell from the refusal
// that it is there.
func TestL11NobodyFollowsWhatHeMayNotRead(t *testing.T) {
	t.Parallel()
	h := newLeak(t)
	nowhere, open := strings.NewReplacer("guild", "ghost", "vault", "vapor"), 0
	for _, row := range ofGuild(t) {
		if !strings.HasPrefix(row.route, "GET ") || !row.says("guild") && !row.says("vault") {
			continue
		}
		for _, caller := range witnesses(1, "sam", "anon", "otto") {
			there := h.followed(row, caller)
			if diff := cmp.Diff(h.followed(row.where(nowhere), caller), there); diff != "" {
				t.Errorf("%s%s as %s: following what is there (+) and what is not (-) differ:\n%s", row.host, row.route, caller, diff)
			}
			if strings.Contains(there, "event-stream") && row.want["eva"] == "200" && row.want[caller] != "200" {
				t.Errorf("%s as %s may be followed", row.route, caller)
			}
		}
		if strings.Contains(h.followed(row, "eva"), "event-stream") {
			open++
		}
	}
	if open < 10 {
		t.Errorf("an insider follows %d pages, so this test sees little", open)
	}
}

// L11: those who have pages open learn of what is public as it happens, and nothing of what happens in private.
func TestL11StreamsTellNothingPrivate(t *testing.T) {
	t.Parallel()
	h := newLeak(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	said := make(chan string)
	pages := []string{"/", "/packages", "/packages/decimal", "/packages/decimal/dependents", "/search?q=canary", "/orgs"}
	for _, path := range pages {
		for _, caller := range []string{"anon", "sam"} {
			resp := h.follow(ctx, matrixRow{route: "GET " + path}, caller)
			if resp.Header.Get("Content-Type") != "text/event-stream" {
				h.must(resp.Body.Close()) // a page that does not change while it is looked at
				continue
			}
			go listen(ctx, resp.Body, path, said)
		}
	}
	eva := h.asks("eva")
	eva.Do("POST", "/api/repos/guild/publish", hubtest.Tarball(t, "vault", "8.8.8", requires("decimal"))).Expect(t, 201)
	eva.Do("POST", "/api/repos/guild/publish", hubtest.Tarball(t, "hoard", "1.0.0", requires("decimal"))).Expect(t, 201)
	h.asks("joe").Publish(hubtest.Tarball(t, "beacon", "1.0.0", requires("decimal"))).Expect(t, 201)
	h.asks("joe").Publish(hubtest.Tarball(t, "decimal", "1.0.1")).Expect(t, 201)
	told := map[string]int{}
	for told["/"] < 2 || told["/packages/decimal"] < 2 {
		select {
		case line := <-said:
			path, text, _ := strings.Cut(line, "\n")
			if strings.Contains(text, "beacon") || strings.Contains(text, "1.0.1") {
				told[path]++
			}
			if i := slices.IndexFunc(append(slices.Clone(canaries), "hoard", "8.8.8"), func(word string) bool { return strings.Contains(text, word) && !strings.Contains(path, word) }); i >= 0 {
				t.Errorf("who has %s open is told %.500s", path, text)
			}
		case <-ctx.Done():
			t.Fatalf("nobody was told of what is public: %v", told)
		}
	}
}

// listen passes on what a stream says, one event at a time, behind the page that it is of.
func listen(ctx context.Context, body io.ReadCloser, path string, said chan<- string) {
	defer body.Close()
	var event bytes.Buffer
	lines := bufio.NewScanner(body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if event.WriteString(lines.Text() + "\n"); lines.Text() != "" {
			continue
		}
		select {
		case said <- path + "\n" + event.String():
		case <-ctx.Done():
			return
		}
		event.Reset()
	}
}

// L13: what is told or handed out of one organization holds nothing of another, and only administrators get the whole.
func TestL13ExportsOfAnOrganizationHoldNothingOfAnother(t *testing.T) {
	t.Parallel()
	h := newLeak(t)
	h.asks("eva").Do("POST", "/api/orgs/guild/keys", map[string]any{"name": "canary", "permissions": []any{map[string]any{"domain": "repository", "resource": "guild"}}}).Expect(t, 201)
	h.asks("otto").Do("POST", "/api/orgs/forge/keys", map[string]any{"name": "anvil", "permissions": []any{map[string]any{"domain": "repository", "resource": "forge"}}}).Expect(t, 201)
	secrets := regexp.MustCompile(`\b(eva|wim)\b|` + strings.Join(canaries, "|")) // a font is called Geneva
	theirs, ours := 0, 0
	for _, row := range readMatrix(t) {
		_, path, _ := strings.Cut(row.route, " ")
		if !strings.HasPrefix(row.route, "GET ") || !strings.Contains(path, "{org}") && !strings.Contains(path, "{repository}") || row.values["org"] != "guild" || row.values["repository"] != "guild" {
			continue
		}
		if bytes.Contains(h.look(row, "eva").Body, []byte("canary")) {
			theirs++
		}
		a := h.look(row.where(strings.NewReplacer("guild", "forge")), "otto")
		if bytes.Contains(a.Body, []byte("anvil")) {
			ours++
		}
		for _, word := range secrets.FindAllString(string(a.Body), -1) {
			if !strings.Contains(h.path(row), word) {
				t.Errorf("%s of forge holds %q: %.300s", row.route, word, a.Body)
			}
		}
	}
	if theirs < 3 || ours < 2 {
		t.Errorf("%d answers tell of guild and %d of forge, so this test sees little", theirs, ours)
	}
	for _, path := range []string{"/api/operator/backups", "/api/operator/audit/export"} {
		for _, caller := range []string{"anon", "otto", "eva", "sam"} {
			if a := h.asks(caller).Get(path); a.Status < 400 {
				t.Errorf("%s gets %s", caller, path)
			}
		}
	}
}

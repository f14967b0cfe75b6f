//go:build linux

package chaos

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"hexhub/e2e/fleet"
)

// A reader is a browser, or a program with a key, that asks one node for pages of documentation. Every name leads it to
// that node.
type reader struct {
	*testing.T
	client *http.Client
	node   *fleet.Node
	key    string // sent as Authorization; empty for none
}

func newReader(t *testing.T, n *fleet.Node) *reader {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
		return n.Dial(ctx, network, strings.TrimPrefix(n.URL, "http://"))
	}
	way := &http.Transport{DialContext: dial}
	t.Cleanup(way.CloseIdleConnections)
	return &reader{T: t, node: n, client: &http.Client{Jar: jar, Transport: way, Timeout: answerPatience}}
}

// page is the address of a page on the node's host for the documentation of a package.
func (r *reader) page(host, path string) string {
	_, port, err := net.SplitHostPort(strings.TrimPrefix(r.node.URL, "http://"))
	if err != nil {
		r.Fatal(err)
	}
	return "http://" + host + ".docs.localhost:" + port + path
}

// open opens a page in a window, wherever that leads.
func (r *reader) open(address string) (status int, body string) {
	r.Helper()
	req, err := http.NewRequestWithContext(r.Context(), http.MethodGet, address, nil)
	if err != nil {
		r.Fatal(err)
	}
	req.Header.Set("Accept", "text/html")
	if r.key != "" {
		req.Header.Set("Authorization", r.key)
	}
	return r.do(req)
}

func (r *reader) do(req *http.Request) (status int, body string) {
	r.Helper()
	resp, err := r.client.Do(req)
	if err != nil {
		r.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		r.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

// logIn begins a session on the node's site.
func (r *reader) logIn(username string) {
	r.Helper()
	form := url.Values{"login": {username}, "password": {password}}
	req, err := http.NewRequestWithContext(r.Context(), http.MethodPost, r.node.URL+"/login", strings.NewReader(form.Encode()))
	if err != nil {
		r.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if status, body := r.do(req); status != http.StatusOK {
		r.Fatalf("log in at %s: %d %s", r.node.Name, status, body)
	}
}

// password is that of whom fleet.Client registers.
const password = "four unrelated words here"

// Z3, C9: whose membership ends on one node reads no private documentation on any other within a second, be it by a key
// or by the cookie that a browser has.
func TestZ3FormerMembersReadNoDocsOnAnyNode(t *testing.T) {
	f := start(t, fleet.Options{Dir: folder(t), Nodes: 3})
	a := f.Nodes[0]
	c := fleet.NewClient(answerPatience)
	jose, err := c.Register(t.Context(), a, "jose")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Register(t.Context(), a, "bob"); err != nil {
		t.Fatal(err)
	}
	must(t, a, "org", "create", "acme", "--admin", "jose")
	deed := func(c *fleet.Client, status int, method, path string, body any) fleet.Answer {
		t.Helper()
		answer, err := c.Do(t.Context(), a, method, path, body, 0)
		if err != nil || answer.Status != status {
			t.Fatalf("%s %s: %d %s, %v", method, path, answer.Status, answer.Body, err)
		}
		return answer
	}
	deed(jose, 201, http.MethodPost, "/api/repos/acme/publish", fleet.Tarball("vault", "1.0.0", "words"))
	deed(jose, 201, http.MethodPost, "/api/repos/acme/packages/vault/releases/1.0.0/docs", pageArchive(t, "<p>the canary"))
	deed(jose, 200, http.MethodPost, "/api/orgs/acme/members", map[string]string{"name": "bob", "role": "read"})
	basic := c.With("Basic " + base64.StdEncoding.EncodeToString([]byte("bob:"+password)))
	made := deed(basic, 201, http.MethodPost, "/api/keys", map[string]any{"name": "docs", "permissions": []map[string]string{{"domain": "docs", "resource": "acme"}}})
	var key struct{ Secret string }
	if err := json.Unmarshal(made.Body, &key); err != nil {
		t.Fatal(err)
	}

	var readers []*reader
	for _, n := range f.Nodes {
		program, browser := newReader(t, n), newReader(t, n)
		program.key = key.Secret
		browser.logIn("bob")
		readers = append(readers, program, browser)
	}
	reads := func(r *reader) bool {
		_, body := r.open(r.page("acme--vault", "/1.0.0/"))
		return strings.Contains(body, "the canary")
	}
	for i, r := range readers {
		if !reads(r) {
			status, body := r.open(r.page("acme--vault", "/1.0.0/"))
			t.Fatalf("reader %d on %s, while he is a member: %d %s", i, r.node.Name, status, body)
		}
	}
	deed(jose, 204, http.MethodDelete, "/api/orgs/acme/members/bob", nil)
	ended := time.Now()
	for i, r := range readers {
		for reads(r) {
			if late := time.Since(ended); late > time.Second {
				t.Errorf("reader %d on %s reads %s after his membership ended", i, r.node.Name, late)
				break
			}
		}
	}
}

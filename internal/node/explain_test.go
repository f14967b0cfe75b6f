package node_test

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"hexhub/internal/node"
	"hexhub/internal/surface/ops"
)

// explain asks the operator's socket which rule refused a request.
func explain(t *testing.T, n *node.Node, id string) (e ops.Explanation, status int) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", n.Config.OpsSocket())
	}, DisableKeepAlives: true}}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://ops/operator/refusal?id="+url.QueryEscape(id), nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode == http.StatusOK {
		if err := json.NewDecoder(res.Body).Decode(&e); err != nil {
			t.Fatal(err)
		}
	}
	return e, res.StatusCode
}

// Whoever is refused is told an id, by which the operator learns the rule, and no secret.
func TestRefusalsAreExplained(t *testing.T) {
	t.Parallel()
	n, v := proxied(t, "127.0.0.1")
	set(t, n, "block", "198.51.100.1")
	const secret = "0123456789abcdef0123456789abcdef"
	for _, c := range []struct {
		name, path, ip, key string
		status              int
		rule                string
	}{
		{"blocked", "/repo/names", "198.51.100.1", "", 403, "every request from that address is refused"},
		{"bad key", "/api/users/me?key=" + secret, "203.0.113.9", secret, 401, "a credential is needed"},
		{"not there", "/api/packages/nothing", "203.0.113.9", "", 404, "not for who asked"},
		{"no page", "/nothing", "203.0.113.9", "", 404, "not for who asked"},
		{"hidden", "/repo/repos/others/names", "203.0.113.9", "", 401, "a credential is needed"},
	} {
		header := forwarded(c.ip)
		if c.key != "" {
			header.Set("Authorization", c.key)
		}
		res, _ := v.ask(c.path, header)
		if res.StatusCode != c.status {
			t.Errorf("%s: status %d, want %d", c.name, res.StatusCode, c.status)
		}
		e, status := explain(t, n, res.Header.Get("X-Request-Id"))
		if status != 200 || e.Status != c.status || e.IP != c.ip || e.Node != n.Name || e.Why == "" || e.Why == http.StatusText(e.Status) || e.Todo == "" || !strings.Contains(e.Rule, c.rule) {
			t.Errorf("%s: %d %+v", c.name, status, e)
		}
		if text, err := json.Marshal(e); err != nil || strings.Contains(string(text), secret) {
			t.Errorf("%s: tells the secret: %s, %v", c.name, text, err)
		}
	}
	res, _ := v.ask("/api/packages", forwarded("203.0.113.9"))
	if _, status := explain(t, n, res.Header.Get("X-Request-Id")); status != 404 {
		t.Errorf("a request that was answered is explained: %d", status)
	}
}

package node_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"hexhub/internal/feature/audit"
	"hexhub/internal/node"
)

// A visitor comes through a proxy on this machine, from an address of his own.
type visitor struct {
	t      *testing.T
	client *http.Client
	url    string
}

func (v visitor) ask(path string, header http.Header) (*http.Response, string) {
	v.t.Helper()
	req, err := http.NewRequestWithContext(v.t.Context(), http.MethodGet, v.url+path, nil)
	if err != nil {
		v.t.Fatal(err)
	}
	req.Header = header.Clone()
	res, err := v.client.Do(req)
	if err != nil {
		v.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return res, string(body)
}

// proxied runs a node that trusts proxies on this machine.
func proxied(t *testing.T, proxies ...string) (*node.Node, visitor) {
	t.Helper()
	c := settings(t)
	c.TrustedProxies = proxies
	n, _ := start(t, c)
	return n, visitor{t, http.DefaultClient, n.URL}
}

func forwarded(chain string) http.Header { return http.Header{"X-Forwarded-For": {chain}} }

func set(t *testing.T, n *node.Node, name, value string) {
	t.Helper()
	if err := n.Settings.Set(t.Context(), audit.By{Username: "test"}, name, value); err != nil {
		t.Fatal(err)
	}
}

func TestBlockedAddressesAreRefusedEverywhereAtOnce(t *testing.T) {
	t.Parallel()
	n, v := proxied(t, "127.0.0.1")
	paths := []string{"/", "/api/packages", "/api/nothing", "/repo/names", "/repo/nothing", "/nothing"}
	status := func(ip, path string) int { res, _ := v.ask(path, forwarded(ip)); return res.StatusCode }
	before := map[string]int{}
	for _, path := range paths {
		before[path] = status("203.0.113.9", path)
	}
	set(t, n, "block", "198.51.100.1, 203.0.113.0/24 ,2001:db8:1::/48")
	for ip, blocked := range map[string]bool{
		"203.0.113.9": true, "::ffff:203.0.113.9": true, "198.51.100.1": true, "198.51.100.2": false,
		"2001:db8:1:2::3": true, "2001:db8:2::1": false, "6.6.6.6, 203.0.113.9": true, "203.0.113.9, 6.6.6.6": false,
	} {
		for _, path := range paths {
			want := before[path]
			if blocked {
				want = http.StatusForbidden
			}
			if got := status(ip, path); got != want {
				t.Errorf("%s from %s: %d, want %d", path, ip, got, want)
			}
		}
		if got := status(ip, "/status"); got != http.StatusOK { // a load balancer's
			t.Errorf("/status from %s: %d", ip, got)
		}
	}
	if res, body := v.ask("/api/packages", forwarded("203.0.113.9")); body != `{"message":"Blocked","status":403}` {
		t.Errorf("%v %s", res.Header, body)
	}
	if res, _ := v.ask("/api/packages", http.Header{"X-Forwarded-For": {"203.0.113.9"}, "Accept": {"application/vnd.hex+erlang"}}); !strings.HasPrefix(res.Header.Get("Content-Type"), "application/vnd.hex+erlang") {
		t.Errorf("to a client that speaks terms: %v", res.Header)
	}
	if res, body := v.ask("/", forwarded("203.0.113.9")); body != "Blocked\n" || res.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%v %q", res.Header, body)
	}
	set(t, n, "block", "127.0.0.0/8")
	if res, _ := v.ask("/api/packages", nil); res.StatusCode != http.StatusOK {
		t.Errorf("this machine is blocked: %d", res.StatusCode)
	}
	set(t, n, "block", "")
	if got := status("203.0.113.9", "/api/packages"); got != http.StatusOK {
		t.Errorf("after the list was emptied: %d", got)
	}
	page, _, err := n.Audit.Find(t.Context(), n.DB.View(), audit.Query{Action: "setting.update"}, 10)
	if err != nil || len(page) != 3 || page[0].Params["name"] != "block" {
		t.Errorf("the audit log has %v, %v; want each change", page, err)
	}
}

func TestListsOfBlockedAddressesAreChecked(t *testing.T) {
	t.Parallel()
	n, _ := proxied(t)
	for _, bad := range []string{"x", "0.0.0.0/0", "::/0", "::ffff:0.0.0.0/96", "203.0.113.0/33", "203.0.113.0/24;198.51.100.1", "evil.example"} {
		if err := n.Settings.Set(t.Context(), audit.By{}, "block", bad); err == nil {
			t.Errorf("%q is taken for a list of networks", bad)
		}
	}
}

// A2: who sends a request is told by trusted proxies only. Whatever else a client writes about
// itself changes nothing about whom it is counted as.
func TestA2ClaimsOfAddressesGainNothing(t *testing.T) {
	t.Parallel()
	for name, claim := range map[string]func(i int) http.Header{
		"rotating X-Forwarded-For": func(i int) http.Header { return forwarded(fmt.Sprintf("1.2.3.%d, 203.0.113.9", i)) },
		"several headers": func(i int) http.Header {
			return http.Header{"X-Forwarded-For": {fmt.Sprintf("1.2.3.%d", i), "10.9.8.7", "203.0.113.9"}}
		},
		"Forwarded and X-Real-IP": func(i int) http.Header {
			ip := fmt.Sprintf("1.2.3.%d", i)
			return http.Header{
				"X-Forwarded-For": {"203.0.113.9"}, "Forwarded": {"for=" + ip}, "X-Real-Ip": {ip}, "True-Client-Ip": {ip},
				"Cf-Connecting-Ip": {ip}, "X-Client-Ip": {ip}, "X-Forwarded": {ip}, "Client-Ip": {ip},
			}
		},
		"hopping within an IPv6 /64": func(i int) http.Header { return forwarded(fmt.Sprintf("2001:db8:1:2::%x", i)) },
		"IPv4 in all its spellings": func(i int) http.Header {
			return forwarded([]string{"203.0.113.9", "::ffff:203.0.113.9", " 203.0.113.9 ", "::ffff:cb00:7109"}[i%4])
		},
		"nonsense before it": func(i int) http.Header { return forwarded(fmt.Sprintf("x%d,,;,203.0.113.9", i)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n, _ := proxied(t, "127.0.0.1")
			v := visitor{t, http.DefaultClient, n.URL}
			passed := 0
			for i := range 250 {
				if res, _ := v.ask("/api/repos", claim(i)); res.StatusCode == http.StatusOK {
					passed++
				}
			}
			if passed < 100 || passed > 200 { // a minute may end meanwhile, but not two
				t.Errorf("%d of 250 requests passed, want 100", passed)
			}
		})
	}
}

// A2: without trusted proxies nothing that a client writes is believed at all.
func TestA2NobodyIsBelievedByDefault(t *testing.T) {
	t.Parallel()
	n, v := proxied(t)
	set(t, n, "block", "203.0.113.0/24")
	for _, header := range []http.Header{forwarded("203.0.113.9"), {"Forwarded": {"for=203.0.113.9"}}, {"X-Real-Ip": {"203.0.113.9"}}} {
		if res, _ := v.ask("/api/repos", header); res.StatusCode != http.StatusOK || res.Header.Get("X-Ratelimit-Limit") != "" {
			t.Errorf("%v is believed: %d %v", header, res.StatusCode, res.Header)
		}
	}
}

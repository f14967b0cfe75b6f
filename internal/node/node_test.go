package node_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hexhub/internal/config"
	"hexhub/internal/feature/account"
	"hexhub/internal/node"
)

func settings(t *testing.T) config.Server {
	t.Helper()
	c := config.Default()
	c.Data, c.Listen, c.RepositoryName = t.TempDir(), "127.0.0.1:0", "acme"
	return c
}

// start runs a node until the returned function stops it, which waits for all to be written down.
func start(t testing.TB, c config.Server) (*node.Node, func()) {
	t.Helper()
	return startWith(t, c, node.Options{})
}

func startWith(t testing.TB, c config.Server, o node.Options) (*node.Node, func()) {
	t.Helper()
	o.Version, o.Cost, o.Log = "test", account.Cost{Memory: 8, Passes: 1, Lanes: 1}, slog.New(slog.DiscardHandler)
	n, err := node.Open(t.Context(), c, o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- n.Run(ctx) }()
	stopped := false
	stop := func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("run: %v", err)
		}
		if err := n.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}
	t.Cleanup(stop)
	return n, stop
}

func get(t *testing.T, client *http.Client, url string) (int, string) {
	t.Helper()
	res, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

func operator(c config.Server) *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", c.OpsSocket())
	}}}
}

func TestARestartKeepsTheKeyAndTheAdministrator(t *testing.T) {
	t.Parallel()
	c := settings(t)
	c.AdminEmail, c.AdminPasswordFile = "eva@example.com", filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(c.AdminPasswordFile, []byte("a long sentence is best\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	n, stop := start(t, c)
	if n.NeedsSetup() {
		t.Error("the configured administrator was not made")
	}
	_, before := get(t, http.DefaultClient, n.URL+"/repo/public_key")
	stop()
	n, _ = start(t, c)
	if n.NeedsSetup() {
		t.Error("the administrator is gone")
	}
	if _, after := get(t, http.DefaultClient, n.URL+"/repo/public_key"); after != before || !strings.Contains(after, "BEGIN PUBLIC KEY") {
		t.Errorf("the public key changed from %q to %q", before, after)
	}
}

func TestEverySurfaceAnswersAtItsPlace(t *testing.T) {
	t.Parallel()
	c := settings(t)
	c.OpsListen = "127.0.0.1:0"
	n, _ := start(t, c)
	for path, want := range map[string]int{
		"/status": 200, "/": 200, "/api": 200, "/api/packages": 200, "/repo/names": 200, "/repo/public_key": 200,
		"/repo/packages/absent": 404, "/api/packages/absent": 404, "/repo/repos/secret/names": 401, "/metrics": 404, "/operator/users": 404,
	} {
		if status, body := get(t, http.DefaultClient, n.URL+path); status != want {
			t.Errorf("%s: %d, want %d: %s", path, status, want, body)
		}
	}
	for _, path := range []string{"/healthz", "/readyz", "/metrics", "/operator/status"} {
		if status, body := get(t, operator(c), "http://hexhub"+path); status != 200 {
			t.Errorf("operator's %s: %d %s", path, status, body)
		}
	}
	if info, err := os.Stat(c.OpsSocket()); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the operator's socket: %v, %v; want 0600", info.Mode(), err)
	}
}

func TestTheSetupLinkIsForgottenOnceUsed(t *testing.T) {
	t.Parallel()
	c := settings(t)
	n, stop := start(t, c)
	link, _, err := n.StartSetup(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(c.Data, "setup-url")
	if b, err := os.ReadFile(file); err != nil || strings.TrimSpace(string(b)) != link {
		t.Fatalf("setup-url holds %q, %v; want %s", b, err, link)
	}
	_, token, _ := strings.Cut(link, "/setup/")
	draft := account.Draft{Username: "eva", Emails: []string{"eva@example.com"}, Password: "a long sentence is best"}
	if _, err := n.Accounts.Setup(t.Context(), token, draft); err != nil {
		t.Fatal(err)
	}
	stop() // waits for the chore that removes it
	if _, err := os.Stat(file); err == nil {
		t.Error("the link's file is still there")
	}
}

func TestTwoNodesCannotShareAFolder(t *testing.T) {
	t.Parallel()
	c := settings(t)
	start(t, c)
	_, err := node.Open(t.Context(), c, node.Options{})
	if err == nil || !strings.Contains(err.Error(), "uses") {
		t.Fatalf("err = %v, want who uses the folder", err)
	}
}

func TestATakenAddressIsNamed(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c := settings(t)
	c.Listen = l.Addr().String()
	if _, err := node.Open(t.Context(), c, node.Options{}); err == nil || !strings.Contains(err.Error(), c.Listen) {
		t.Fatalf("err = %v, want the address", err)
	}
}

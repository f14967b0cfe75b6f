//go:build linux

package chaos

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"testing"
	"time"

	"hexhub/e2e/fleet"
)

// leads waits until a node of those that are not out of reach names the leader that is wanted.
func leads(t *testing.T, f *fleet.Fleet, what string, wanted func(*fleet.Node) bool, outOfReach ...*fleet.Node) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) { // real nodes tell nobody
		leader, err := f.Leader(t.Context(), outOfReach...)
		if err == nil && wanted(leader) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: not in 20s: %v leads, %v", what, leader, err)
		}
	}
}

// onRead is an empty file that does something once when it is read.
type onRead func()

// Read implements io.Reader.
func (f onRead) Read([]byte) (int, error) { f(); return 0, io.EOF }

// interrupted publishes, and does something once the node has let the client in and waits for the file.
func interrupted(t *testing.T, c *fleet.Client, n *fleet.Node, file []byte, meanwhile func()) int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, n.URL+"/api/publish", io.MultiReader(onRead(meanwhile), bytes.NewReader(file)))
	if err != nil {
		t.Fatal(err)
	}
	req.ContentLength = int64(len(file))
	req.Header.Set("Authorization", c.Authorization)
	req.Header.Set("Content-Type", "application/octet-stream")
	req.Header.Set("Expect", "100-continue") // which the server answers when it has judged who asks
	resp, err := (&http.Transport{ExpectContinueTimeout: time.Minute, DisableKeepAlives: true, DialContext: n.Dial}).RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	return resp.StatusCode
}

// must runs a command of a node, again while there is an election, and fails the test if it fails.
func must(t *testing.T, n *fleet.Node, args ...string) string {
	t.Helper()
	out, err := n.Insist(t.Context(), args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// A node that leads and is stopped has another one lead before it has finished what it has begun, so that nobody
// waits for an election; and what it has begun it finishes.
func TestLeaderThatStopsHandsOverFirst(t *testing.T) {
	t.Parallel()
	f := start(t, fleet.Options{Dir: folder(t), Nodes: 3})
	first, second := f.Nodes[0], f.Nodes[1]
	owner, err := fleet.NewClient(answerPatience).Register(t.Context(), first, "jose")
	if err != nil {
		t.Fatal(err)
	}
	must(t, first, "cluster", "transfer-leader", second.Name, "--yes")
	leads(t, f, "the second node leads", func(n *fleet.Node) bool { return n == second })
	status := interrupted(t, owner, second, fleet.Tarball("decimal", "1.0.0", "words"), func() {
		if err := second.Stop(); err != nil {
			t.Error(err)
		}
		leads(t, f, "another node leads while the second finishes", func(n *fleet.Node) bool { return n != second }, second)
		if !second.Up() {
			t.Error("it ended with a client waiting")
		}
	})
	if status != http.StatusCreated {
		t.Errorf("what it had begun is answered with %d", status)
	}
	if err := second.AwaitEnd(); err != nil {
		t.Error(err)
	}
}

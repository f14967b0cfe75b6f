//go:build linux

package chaos

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hexhub/e2e/fleet"
)

// published waits for a release to be acknowledged, and returns its path below the repository.
func published(t *testing.T, c *fleet.Client, n *fleet.Node, version string) string {
	t.Helper()
	a, err := c.Do(t.Context(), n, http.MethodPost, "/api/publish", fleet.Tarball("decimal", version, "words of "+version), 0)
	if err != nil || a.Status != http.StatusCreated {
		t.Fatalf("publish %s on %s: %d %s, %v", version, n.Name, a.Status, a.Body, err)
	}
	return "/repo/tarballs/decimal-" + version + ".tar"
}

// has wants a node to serve a file, or to serve none.
func has(t *testing.T, c *fleet.Client, n *fleet.Node, path string, status int) {
	t.Helper()
	if a, err := c.Do(t.Context(), n, http.MethodGet, path, nil, 0); err != nil || a.Status != status {
		t.Errorf("%s of %s: %d, %v; want %d", path, n.Name, a.Status, err, status)
	}
}

// names lists the nodes that a node believes.
func names(t *testing.T, n *fleet.Node) string {
	t.Helper()
	return strings.Join(strings.Fields(must(t, n, "cluster", "members", "--quiet")), " ")
}

// The last node of three, the others being lost, is made a cluster of one: what was acknowledged is there to the
// last, it takes writes, and a machine that is emptied joins it. One of the lost that returns with its folder is
// refused, and hears nothing.
func TestLastNodeBecomesAClusterOfOne(t *testing.T) {
	t.Parallel()
	f := start(t, fleet.Options{Dir: folder(t), Nodes: 3, Env: []string{"HEXHUB_BLOB_COPIES=3"}})
	last, returns, wiped := f.Nodes[0], f.Nodes[1], f.Nodes[2]
	owner, err := fleet.NewClient(answerPatience).Register(t.Context(), last, "jose")
	if err != nil {
		t.Fatal(err)
	}
	var before []string
	for i := range 5 {
		before = append(before, published(t, owner, f.Nodes[i%3], fmt.Sprintf("1.%d.0", i)))
	}
	acknowledged := published(t, owner, last, "1.9.0") // and at once the power fails everywhere
	for _, n := range f.Nodes {
		if err := n.Kill(); err != nil {
			t.Fatal(err)
		}
	}
	if err := wiped.Wipe(); err != nil {
		t.Fatal(err)
	}

	var plan struct {
		Recovery struct {
			Revision, Missing int
			Dropped           []struct{ Name string }
		}
	}
	if err := json.Unmarshal([]byte(must(t, last, "cluster", "recover", "--data", last.Data, "--dry-run", "--json")), &plan); err != nil {
		t.Fatal(err)
	}
	if r := plan.Recovery; r.Revision == 0 || r.Missing != 0 || len(r.Dropped) != 2 {
		t.Errorf("the plan is %+v", r)
	}
	must(t, last, "cluster", "recover", "--data", last.Data, "--yes")

	// Interrupted between its two steps, it would leave a folder without a log. No server starts on that.
	if err := errors.Join(
		os.Rename(filepath.Join(last.Data, "etcd"), filepath.Join(last.Data, "etcd.recovered")),
		os.WriteFile(filepath.Join(last.Data, "recovering"), nil, 0o600),
	); err != nil {
		t.Fatal(err)
	}
	if ended, ok := errors.AsType[*fleet.EndedError](last.Start(t.Context())); !ok || !strings.Contains(ended.Said, "hexhub cluster recover") {
		t.Fatalf("on a folder that is half recovered a server says %v", ended)
	}
	must(t, last, "cluster", "recover", "--data", last.Data, "--yes")
	if err := last.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, path := range append(before, acknowledged) {
		has(t, owner, last, path, http.StatusOK)
	}
	later := published(t, owner, last, "2.0.0")
	if got := names(t, last); got != last.Name {
		t.Errorf("its nodes are %q", got)
	}

	// The one that returns is up as one that is cut off, and stays so.
	if err := returns.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	refused(t, owner, returns)
	has(t, owner, returns, later, http.StatusNotFound)
	has(t, owner, returns, before[0], http.StatusOK)
	if got := names(t, last); got != last.Name {
		t.Errorf("since one returned, its nodes are %q", got)
	}

	// Its successor is let in, and so would it be itself with an empty folder.
	if err := wiped.Join(t.Context(), last); err != nil {
		t.Fatal(err)
	}
	has(t, owner, wiped, later, http.StatusOK)
	has(t, owner, wiped, acknowledged, http.StatusOK)
	if got := names(t, wiped); got != last.Name+" "+wiped.Name {
		t.Errorf("with its successor, its nodes are %q", got)
	}
}

// refused wants a node to take no writes, since nobody believes it.
func refused(t *testing.T, c *fleet.Client, n *fleet.Node) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	a, err := c.Do(ctx, n, http.MethodPost, "/api/publish", fleet.Tarball("decimal", "3.0.0", "words"), 0)
	if err != nil || a.Status != http.StatusServiceUnavailable {
		t.Errorf("%s answers a publish with %d %s, %v", n.Name, a.Status, a.Body, err)
	}
}

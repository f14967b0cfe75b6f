//go:build linux

package browser

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"hexhub/e2e/fleet"
	"hexhub/internal/hubtest"
)

// program is the hexhub that fleets run. Linking it takes as long as a test, and is done once.
var program = sync.OnceValues(func() (string, error) { return fleet.Build(context.Background(), scratch) })

// soon is how long a release may take from the publisher to a page that is open on another node. The goal is a second;
// this is for a machine that has much else to do.
const soon = 20 * time.Second

// What is published on one node of three comes into a page that is open on another.
func TestPublishedIsSeenOnAnotherNode(t *testing.T) {
	t.Parallel()
	b := openTab(t)
	program, err := program()
	if err != nil {
		t.Fatal(err)
	}
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte("correct horse battery staple\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := fleet.Start(t.Context(), fleet.Options{Program: program, Dir: t.TempDir(), Nodes: 3, Env: []string{
		"HEXHUB_ADMIN_EMAIL=root@example.com", "HEXHUB_ADMIN_USERNAME=root", "HEXHUB_ADMIN_PASSWORD_FILE=" + password,
	}})
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	first, last := f.Nodes[0], f.Nodes[2]
	jose, err := fleet.NewClient(soon).Register(t.Context(), first, "jose")
	if err != nil {
		t.Fatal(err)
	}
	publish := func(name string) {
		t.Helper()
		a, err := jose.Do(t.Context(), first, http.MethodPost, "/api/publish?replace=false", hubtest.Tarball(t, name, "1.0.0"), 0)
		if err != nil || a.Status != http.StatusCreated {
			t.Fatalf("%s is answered %d, %v: %s", name, a.Status, err, a.Body)
		}
	}
	publish("before")
	ctx, cancel := context.WithTimeout(b.ctx, 3*time.Minute)
	defer cancel()
	h := hand{t, ctx}
	if err := chromedp.Do(ctx, chromedp.Navigate(last.URL+"/")); err != nil {
		t.Fatal(err)
	}
	h.wait("the page is live", isLive)
	h.wait("it shows what was there", `document.querySelector('#just-published a[href^="/packages/before"]')`)
	var worst time.Duration
	for i := range 5 {
		began := time.Now()
		publish(fmt.Sprintf("after%d", i))
		h.wait("what was published elsewhere is there", fmt.Sprintf(`document.querySelector('#just-published a[href^="/packages/after%d"]')`, i))
		worst = max(worst, time.Since(began))
	}
	if worst > soon {
		t.Errorf("a page on another node showed a release %s after it was sent", worst)
	}
	t.Logf("a page on another node showed each of 5 releases within %s of its being sent", worst.Round(time.Millisecond))
}

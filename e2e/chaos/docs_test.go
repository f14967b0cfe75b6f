//go:build linux

package chaos

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"hexhub/e2e/fleet"
	"hexhub/hex/tarball"
)

// Documentation that is answered 201 is there on every node at once, for whoever asks without knowing of the upload: the
// archive in the repository, the pages, and the menu of versions.
func TestDocsAreOnEveryNodeWhenAnswered(t *testing.T) {
	f := start(t, fleet.Options{Dir: folder(t), Nodes: 3})
	owner, err := fleet.NewClient(answerPatience).Register(t.Context(), f.Nodes[0], "jose")
	if err != nil {
		t.Fatal(err)
	}
	if a, err := owner.Do(t.Context(), f.Nodes[0], http.MethodPost, "/api/publish", fleet.Tarball("decimal", "1.0.0", "words"), 0); err != nil || a.Status != http.StatusCreated {
		t.Fatalf("publish: %d %s, %v", a.Status, a.Body, err)
	}
	readers := map[*fleet.Node]*reader{}
	for _, n := range f.Nodes {
		readers[n] = newReader(t, n)
	}
	for round := range 30 {
		page := fmt.Sprintf("<p>round %d.", round)
		archive := pageArchive(t, page)
		at := f.Nodes[round%3]
		a, err := insist(t, owner, at, "/api/packages/decimal/releases/1.0.0/docs", archive)
		if err != nil || a.Status != http.StatusCreated {
			t.Fatalf("upload %d: %d %s, %v", round, a.Status, a.Body, err)
		}
		for _, n := range f.Nodes {
			a, err := fleet.NewClient(answerPatience).Do(t.Context(), n, http.MethodGet, "/repo/docs/decimal-1.0.0.tar.gz", nil, 0)
			if err != nil || !bytes.Equal(a.Body, archive) {
				t.Errorf("upload %d to %s, read from %s: %d, %d bytes, %v", round, at.Name, n.Name, a.Status, len(a.Body), err)
			}
			reads := readers[n]
			for path, want := range map[string]string{"/": page, "/1.0.0/": page, "/docs_config.js": `"v1.0.0"`, "/1.0.0/docs_config.js": `"v1.0.0"`} {
				if status, body := reads.open(reads.page("decimal", path)); status != http.StatusOK || !strings.Contains(body, want) {
					t.Errorf("upload %d to %s, %s on %s: %d %.200s, want %s", round, at.Name, path, n.Name, status, body, want)
				}
			}
		}
	}
}

// pageArchive is documentation of one page.
func pageArchive(t *testing.T, page string) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := tarball.WriteDocs(&b, []tarball.Source{{Path: "index.html", Content: []byte(page)}}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// insist posts until it is answered otherwise than with 503, which a node says that is out of touch with the others for a
// moment, as nodes are on a machine that is busy with much else.
func insist(t *testing.T, c *fleet.Client, n *fleet.Node, path string, body []byte) (fleet.Answer, error) {
	deadline := time.Now().Add(5 * answerPatience)
	for {
		a, err := c.Do(t.Context(), n, http.MethodPost, path, body, 0)
		if err != nil || a.Status != http.StatusServiceUnavailable || time.Now().After(deadline) {
			return a, err
		}
		time.Sleep(time.Second) // as Retry-After says
	}
}

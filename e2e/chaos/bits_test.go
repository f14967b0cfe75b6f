//go:build linux

package chaos

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"hexhub/e2e/fleet"
)

// C6: Whatever bit of the database flips while a node is down, it serves what it served before, or refuses.
func TestC6FlippedBitsServeNoOtherRows(t *testing.T) {
	t.Parallel()
	random, _ := chance(t)
	f := start(t, fleet.Options{Dir: folder(t)})
	n := f.Nodes[0]
	user, err := fleet.NewClient(answerPatience).Register(t.Context(), n, "jose")
	if err != nil {
		t.Fatal(err)
	}
	paths := []string{"/repo/versions", "/repo/names", "/api/users/me", "/api/keys"}
	for i := range 40 {
		name := fmt.Sprintf("p%d", i)
		paths = append(paths, "/repo/packages/"+name, "/api/packages/"+name, "/api/packages/"+name+"/releases/1.0.0", "/api/packages/"+name+"/owners")
		if a, err := user.Do(t.Context(), n, http.MethodPost, "/api/publish", fleet.Tarball(name, "1.0.0", name), 0); err != nil || a.Status != http.StatusCreated {
			t.Fatal(a.Status, err)
		}
	}
	truth := map[string][]byte{}
	for _, path := range paths {
		a, err := user.Do(t.Context(), n, http.MethodGet, path, nil, 0)
		if err != nil || a.Status != http.StatusOK {
			t.Fatal(path, a.Status, err)
		}
		truth[path] = a.Body
	}
	refused, rounds := 0, 0
	for began := time.Now(); rounds < 6 || time.Since(began) < *long; rounds++ {
		if err := n.Kill(); err != nil {
			t.Fatal(err)
		}
		d, err := n.FlipDB(random)
		if err != nil {
			t.Fatal(err)
		}
		if err = n.Start(t.Context()); err == nil {
			err = n.AwaitSaid(t.Context(), "every row is what was written")
		}
		if _, ended := errors.AsType[*fleet.EndedError](err); ended {
			refused++
		} else if err != nil {
			t.Errorf("%s: %v", d.What, err)
		}
		for path, want := range truth {
			a, err := user.Do(t.Context(), n, http.MethodGet, path, nil, 0)
			if err == nil && a.Status < 500 && !bytes.Equal(a.Body, want) {
				t.Errorf("%s: %s is answered %d:\n%.300q\nand was\n%.300q", d.What, path, a.Status, a.Body, want)
			}
		}
		if err := errors.Join(n.Kill(), d.Undo()); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("of %d flipped bits the node noticed %d; nobody needs the others", rounds, refused)
}

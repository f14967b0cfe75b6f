package people_test

import (
	"fmt"
	"strings"
	"testing"

	"hexhub/internal/feature/account"
	"hexhub/internal/hubtest"
	"hexhub/internal/kernel/store"
)

const world = `
user ada
user rob
org acme admin=ada read=rob
package hexhub/money owner=ada
release hexhub/money 1.0.0
release hexhub/money 1.1.0 retired="security:bad news"
package acme/vault owner=ada
release acme/vault 1.0.0
`

// D: what a user writes of himself stays text, and leads nowhere but to the services that he names.
func TestDWhatUsersSayOfThemselvesStaysText(t *testing.T) {
	const canary = `"><svg/onload=alert(1)>`
	h := hubtest.World(t, world)
	err := h.DB.Update(t.Context(), func(tx *store.Tx) error {
		u, _ := account.ByName(tx, "ada")
		u.FullName, u.Handles = canary, map[string]string{"github": canary, "elixirforum": "javascript:alert(1)", "freenode": canary}
		account.Users.Put(tx, u)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/users/ada", "/users/ada/stats"} {
		page := string(h.Anonymous().Get(path).Expect(t, 200).Body)
		if strings.Contains(page, "<svg/onload") {
			t.Errorf("%s: the canary is markup", path)
		}
		if strings.Contains(page, `href="javascript:`) {
			t.Errorf("%s leads to a script", path)
		}
	}
	page := string(h.Anonymous().Get("/users/ada").Body)
	if want := `rel="me nofollow noopener noreferrer" href="https://elixirforum.com/u/javascript:alert%281%29"`; !strings.Contains(page, want) {
		t.Errorf("the link to the forum is not %s", want)
	}
}

// L3: to strangers a page of somebody is the same with his private packages and without.
func TestL3PrivatePackagesLeaveNoTraceOnPagesOfPeople(t *testing.T) {
	h := hubtest.World(t, world)
	for _, path := range []string{"/users/ada", "/users/ada?sort=newest", "/users/ada/stats"} {
		page := string(h.Anonymous().Get(path).Expect(t, 200).Body)
		for _, secret := range []string{"vault", "acme"} {
			if strings.Contains(page, secret) {
				t.Errorf("%s says %s", path, secret)
			}
		}
		if !strings.Contains(page, "/packages/money") {
			t.Errorf("%s does not lead to the public package", path)
		}
	}
}

// All packages of somebody can be reached by links, thirty to a page, whatever number is asked for.
func TestPagesOfPackagesAreReachedByLinks(t *testing.T) {
	var text strings.Builder
	text.WriteString("user ada\n")
	for i := range 31 {
		fmt.Fprintf(&text, "package hexhub/pkg%02d owner=ada\nrelease hexhub/pkg%02d 1.0.0\n", i, i)
	}
	h := hubtest.World(t, text.String())
	for path, want := range map[string]string{
		"/users/ada?sort=name":        "/users/ada?page=2&amp;sort=name",
		"/users/ada":                  "/users/ada?page=2",
		"/users/ada?page=2":           "/packages/pkg30",
		"/users/ada?page=999999999":   "/packages/pkg30",
		"/users/ada?page=-1":          "/packages/pkg00",
		"/users/ada?sort=name&page=2": `href="/users/ada?sort=name"`,
	} {
		if page := string(h.Anonymous().Get(path).Expect(t, 200).Body); !strings.Contains(page, want) {
			t.Errorf("%s does not have %s", path, want)
		}
	}
}

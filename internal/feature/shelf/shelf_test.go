package shelf_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hexhub/hex/name"
	"hexhub/hex/version"
	"hexhub/internal/feature/shelf"
	"hexhub/internal/feature/stats"
	"hexhub/internal/hubtest"
)

const text = `
user joe
user mia
user zoe
user idle
org guild admin=zoe

package hexhub/decimal owner=joe maintainer=mia
release hexhub/decimal 1.0.0 description="Numbers." licenses=MIT
release hexhub/decimal 2.0.0 description="Numbers." licenses=MIT requires="plug ~> 1.0" optional="jason ~> 1.0"
release hexhub/decimal 3.0.0-rc.1 description="Numbers." licenses=MIT
package hexhub/plug owner=joe
release hexhub/plug 1.0.0 retired="security:it leaks"
package hexhub/jason owner=zoe
release hexhub/jason 1.0.0
package guild/vault owner=zoe
release guild/vault 9.9.9

key joe all permissions=api,repositories
key zoe all permissions=api,repositories
`

func newShelf(t *testing.T) (*hubtest.Hub, *shelf.Shelf) {
	t.Helper()
	h := hubtest.World(t, text)
	return h, shelf.New(h.DB, name.MustRepository("hexhub"))
}

func titles(items []shelf.Item) (out []string) {
	for _, i := range items {
		out = append(out, i.Package+" "+i.Version)
	}
	return out
}

// What was just published is what is newest, at once, although it was kept before.
func TestNewestIsNeverOld(t *testing.T) {
	h, s := newShelf(t)
	if got := s.Releases(nil); len(got) != 5 {
		t.Fatalf("releases: %v", titles(got))
	}
	if got := s.Packages(nil); len(got) != 3 {
		t.Fatalf("packages: %v", titles(got))
	}
	h.As("joe/all").Publish(hubtest.Tarball(t, "plug", "1.1.0")).Expect(t, 201)
	h.As("joe/all").Publish(hubtest.Tarball(t, "fresh", "0.1.0")).Expect(t, 201)
	if got := titles(s.Releases(nil)); len(got) != 7 || got[0] != "fresh 0.1.0" || got[1] != "plug 1.1.0" {
		t.Errorf("releases: %v", got)
	}
	if got := titles(s.Packages(nil)); len(got) != 4 || got[0] != "fresh 0.1.0" {
		t.Errorf("packages: %v", got)
	}
	if i := s.Releases(nil)[0]; i.Publisher != "joe" || i.ID == "" || time.Since(i.InsertedAt) > time.Hour {
		t.Errorf("the newest: %+v", i)
	}
}

// The newest releases are those of all packages, although only as many packages are looked into as can have one.
func TestNewestReleasesAreFoundWhateverChangedLast(t *testing.T) {
	h, s := newShelf(t)
	joe := h.As("joe/all")
	var want []string
	for patch := range shelf.Newest + 5 {
		v := fmt.Sprintf("1.0.%d", patch)
		joe.Publish(hubtest.Tarball(t, "many", v)).Expect(t, 201)
		want = append([]string{"many " + v}, want...)
	}
	// Retiring moves a package to the front, and makes none of its releases new.
	joe.Do("POST", "/api/packages/decimal/releases/1.0.0/retire", map[string]string{"reason": "other"}).Expect(t, 204)
	if diff := cmp.Diff(want[:shelf.Newest], titles(s.Releases(nil))); diff != "" {
		t.Error(diff)
	}
}

// downloaded tells of downloads. Those by HTTP count only after they were answered.
func downloaded(t *testing.T, h *hubtest.Hub, repository, pkg, text string, n int) {
	t.Helper()
	for range n {
		h.Stats.Count(stats.Ref{Repository: name.MustRepository(repository), Package: name.MustPackage(pkg), Version: version.MustParse(text)})
	}
	if err := h.Stats.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// L3: what is private is on no shelf and in no count, for anybody.
func TestL3NothingPrivateIsOnTheShelf(t *testing.T) {
	h, s := newShelf(t)
	h.As("zoe/all").Get("/repo/repos/guild/tarballs/vault-9.9.9.tar").Expect(t, 200)
	downloaded(t, h, "guild", "vault", "9.9.9", 2)
	for _, i := range append(s.Releases(nil), s.Packages(nil)...) {
		if i.Package == "vault" {
			t.Errorf("shown: %+v", i)
		}
	}
	if got := s.Counts(nil); got.Packages != 3 || got.Releases != 5 || got.Downloads != 0 || len(got.Busiest) != 0 {
		t.Errorf("counted: %+v", got)
	}
	if _, ok := s.Facts(t.Context(), "vault", ""); ok {
		t.Error("its facts are told")
	}
	if _, ok := s.OfPackage("vault"); ok {
		t.Error("its releases are told")
	}
	if _, items, ok := s.OfUser("zoe"); !ok || len(items) != 1 {
		t.Errorf("the owner's releases: %v", titles(items))
	}
	for _, n := range s.Names(nil) {
		if n.Package == "vault" {
			t.Error("its name is told")
		}
	}
}

// Whoever owns nothing public may be here for an organization only.
func TestUsersWithoutPublicPackagesAreNotThere(t *testing.T) {
	_, s := newShelf(t)
	for _, user := range []string{"idle", "nobody", "", "a/b"} {
		if username, items, ok := s.OfUser(user); ok {
			t.Errorf("%q is %q with %v", user, username, titles(items))
		}
	}
	if username, items, ok := s.OfUser("MIA"); !ok || username != "mia" || len(items) != 3 {
		t.Errorf("mia: %q, %v, %t", username, titles(items), ok)
	}
}

func TestFactsAreOfTheNewestStableRelease(t *testing.T) {
	h, s := newShelf(t)
	downloaded(t, h, "hexhub", "decimal", "1.0.0", 2)
	f, ok := s.Facts(t.Context(), "decimal", "")
	if !ok || f.Version != "2.0.0" || f.Downloads != 2 || f.Week != 2 || len(f.Daily) != shelf.Days || f.Daily[shelf.Days-1] != 2 {
		t.Errorf("decimal: %+v", f)
	}
	if f, ok := s.Facts(t.Context(), "decimal", "3.0.0-rc.1"); !ok || f.Version != "3.0.0-rc.1" {
		t.Errorf("the prerelease: %+v, %t", f, ok)
	}
	if f, ok := s.Facts(t.Context(), "plug", ""); !ok || f.Retired == nil {
		t.Errorf("the retired: %+v, %t", f, ok)
	}
	for _, v := range []string{"4.0.0", "x", "1"} {
		if _, ok := s.Facts(t.Context(), "decimal", v); ok {
			t.Errorf("there is a release %q", v)
		}
	}
	if got := s.Counts(nil); got.Downloads != 2 || len(got.Busiest) != 1 || got.Busiest[0].Package != "decimal" {
		t.Errorf("counted: %+v", got)
	}
}

// The busiest come first, and equals by name.
func TestBusiestAreInOrder(t *testing.T) {
	h, _ := newShelf(t)
	for pkg, n := range map[string]int{"decimal": 1, "plug": 3, "jason": 1} {
		downloaded(t, h, "hexhub", pkg, "1.0.0", n)
	}
	var got []string
	busiest, all := stats.Busiest(h.DB.View(), name.MustRepository("hexhub"), 2)
	for _, d := range busiest {
		got = append(got, d.Package.String())
	}
	if diff := cmp.Diff([]string{"plug", "decimal"}, got); diff != "" || all != 5 {
		t.Errorf("%d in all, %s", all, diff)
	}
}

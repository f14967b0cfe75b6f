package depend_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"hexhub/hex/version"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/depend"
	"hexhub/internal/kernel/store"
)

func TestTheNewestAdmittedVersionIsChosen(t *testing.T) {
	for _, c := range []struct{ name, world, want string }{
		{"the newest", "app 1.0.0: aa ~> 1.0\naa 1.0.0\naa 1.2.0\naa 2.0.0", "1 aa 1.2.0\n"},
		{"a stable one before a pre-release", "app 1.0.0: aa >= 1.0.0\naa 1.0.0\naa 1.1.0-rc.1", "1 aa 1.0.0\n"},
		{"a pre-release when there is nothing else", "app 1.0.0: aa ~> 1.0\naa 1.0.0-rc.1\naa 1.1.0-rc.1", "1 aa 1.1.0-rc.1\n"},
		{"one not retired before one that is", "app 1.0.0: aa ~> 1.0\naa 1.0.0\naa 1.1.0 retired", "1 aa 1.0.0\n"},
		{"aa retired one when there is nothing else", "app 1.0.0: aa ~> 1.0\naa 1.0.0 retired\naa 2.0.0", "1 aa 1.0.0 retired\n"},
		{"a stable one that is retired before a pre-release", "app 1.0.0: aa ~> 1.0\naa 1.0.0 retired\naa 1.1.0-rc.1", "1 aa 1.0.0 retired\n"},
		{"none when none is admitted", "app 1.0.0: aa ~> 3.0\naa 1.0.0", "1 aa \n"},
		{"not here", "app 1.0.0: hexpm/aa ~> 3.0", "1 aa not here\n"},
		{"one for all who require it", "app 1.0.0: aa ~> 1.0, bb ~> 1.0\nbb 1.0.0: aa ~> 1.1.0\naa 1.1.0\naa 1.2.0", "1 aa 1.1.0\n1 bb 1.0.0\n"},
		{"by what the optional ask for, too", "app 1.0.0: aa ~> 1.0, bb ~> 1.0\nbb 1.0.0: aa ~> 1.1.0 optional\naa 1.1.0\naa 1.2.0", "1 aa 1.1.0\n1 bb 1.0.0\n"},
		{"the nearest requirement when they contradict each other", "app 1.0.0: aa ~> 1.0, bb ~> 1.0\nbb 1.0.0: aa ~> 2.0\naa 1.0.0\naa 2.0.0", "1 aa 1.0.0 conflict\n1 bb 1.0.0\n"},
		{"a diamond once", "app 1.0.0: aa ~> 1.0, bb ~> 1.0\naa 1.0.0: cc ~> 1.0\nbb 1.0.0: cc ~> 1.0\ncc 1.0.0", "1 aa 1.0.0\n1 bb 1.0.0\n2 cc 1.0.0\n"},
		{"a circle once", "app 1.0.0: aa ~> 1.0\naa 1.0.0: bb ~> 1.0\nbb 1.0.0: aa ~> 1.0, app ~> 1.0", "1 aa 1.0.0\n2 bb 1.0.0\n"},
		{"optional ones of the release, without what they need", "app 1.0.0: aa ~> 1.0 optional\naa 1.0.0: bb ~> 1.0\nbb 1.0.0", "1 aa 1.0.0\n"},
		{"no optional ones of others", "app 1.0.0: aa ~> 1.0\naa 1.0.0: bb ~> 1.0 optional\nbb 1.0.0", "1 aa 1.0.0\n"},
		{"what is optional and comes along anyway with what it needs", "app 1.0.0: aa ~> 1.0, bb ~> 1.0 optional\naa 1.0.0: bb ~> 1.0\nbb 1.0.0: cc ~> 1.0\ncc 1.0.0", "1 aa 1.0.0\n2 bb 1.0.0\n3 cc 1.0.0\n"},
		{"nothing because of a requirement that was dropped again", "app 1.0.0: aa ~> 1.0, bb ~> 1.0\naa 1.0.0\naa 1.1.0: cc ~> 1.0\nbb 1.0.0: aa ~> 1.0.0\ncc 1.0.0", "1 aa 1.0.0\n1 bb 1.0.0\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, lines(newWorld(t).told(c.world).resolve("app", "1.0.0", ""))); diff != "" {
				t.Errorf("what comes along (-want +got):\n%s", diff)
			}
		})
	}
}

func TestARequirementThatTheNewestVersionDoesNotMeetIsOutdated(t *testing.T) {
	r := newWorld(t).told("app 1.0.0: aa ~> 1.0, bb ~> 1.0, cc ~> 1.0\naa 1.0.0\naa 2.0.0\nbb 1.0.0\nbb 2.0.0-rc.1\ncc 1.1.0-rc.1").resolve("app", "1.0.0", "")
	var outdated []string
	for _, e := range r.Nodes[0].Needs {
		if e.Outdated {
			outdated = append(outdated, r.Nodes[e.To].Ref.Name.String())
		}
	}
	if diff := cmp.Diff([]string{"aa"}, outdated); diff != "" {
		t.Errorf("outdated (-want +got):\n%s", diff)
	}
}

// What a viewer may not read and what is nowhere look alike in all that is said.
func TestL3APrivateDependencyLooksLikeOneNotHere(t *testing.T) {
	const app = "app 1.0.0: acme/vault ~> 1.0, acme/nothing ~> 1.0, hexpm/gone ~> 1.0\n"
	w := newWorld(t).told(app + "acme/vault 1.0.0: acme/deeper ~> 1.0\nacme/deeper 1.0.0")
	hidden := w.resolve("app", "1.0.0", "")
	if diff := cmp.Diff(lines(newWorld(t).told(app).resolve("app", "1.0.0", "")), lines(hidden)); diff != "" {
		t.Errorf("a world with the private packages differs from one without them (-without +with):\n%s", diff)
	}
	for _, n := range hidden.Nodes[1:] {
		if n.Here() || n.Ref.Repository.String() != "" {
			t.Errorf("%v is known to somebody who may not read it", n)
		}
	}
	if diff := cmp.Diff("1 vault 1.0.0\n1 nothing not here\n1 gone not here\n2 deeper 1.0.0\n", lines(w.resolve("app", "1.0.0", "rob"))); diff != "" {
		t.Errorf("a member (-want +got):\n%s", diff)
	}
}

func TestWhatIsFollowedIsBounded(t *testing.T) {
	var deep, wide strings.Builder
	for i := range depend.MaxDepth + 3 {
		fmt.Fprintf(&deep, "p%d 1.0.0: p%d ~> 1.0\n", i, i+1)
	}
	r := newWorld(t).told(deep.String()).resolve("p0", "1.0.0", "")
	if !r.Cut || r.All() != depend.MaxDepth {
		t.Errorf("a chain without end: %d packages, cut = %t; want %d, and that there is more", r.All(), r.Cut, depend.MaxDepth)
	}
	var needs []string
	for i := range depend.MaxNodes + 10 {
		needs = append(needs, fmt.Sprintf("hexpm/q%d ~> 1.0", i))
	}
	fmt.Fprintf(&wide, "qq 1.0.0: %s\n", strings.Join(needs, ", "))
	r = newWorld(t).told(wide.String()).resolve("qq", "1.0.0", "")
	if !r.Cut || len(r.Nodes) != depend.MaxNodes || r.Direct != depend.MaxNodes+10 {
		t.Errorf("a wide one: %d of %d, cut = %t; want %d, and that there is more", len(r.Nodes), r.Direct, r.Cut, depend.MaxNodes)
	}
}

// A tree of packages that all require each other ends.
func TestTreesAreBounded(t *testing.T) {
	var text strings.Builder
	for i := range 60 {
		fmt.Fprintf(&text, "p%d 1.0.0:", i)
		for k := range 60 {
			fmt.Fprintf(&text, " p%d ~> 1.0,", k)
		}
		text.WriteString("\n")
	}
	all, cut := newWorld(t).told(text.String()).resolve("p0", "1.0.0", "").Tree()
	count := 0
	var walk func([]depend.Branch)
	walk = func(all []depend.Branch) {
		for _, b := range all {
			count++
			walk(b.Branches)
		}
	}
	walk(all)
	if !cut || count != depend.MaxBranches {
		t.Errorf("%d branches, cut = %t; want %d, and that there is more", count, cut, depend.MaxBranches)
	}
}

// anyWorld draws a registry of a few packages that need each other in any way.
func anyWorld(t *rapid.T, w *world) {
	packages := rapid.IntRange(1, 8).Draw(t, "packages")
	versions := []string{"1.0.0", "1.1.0-rc.1", "1.1.0", "2.0.0"}
	requirements := []string{"~> 1.0", ">= 1.1.0", "~> 1.0.0", "== 2.0.0", "~> 1.1-rc", "< 1.1.0"}
	var text strings.Builder
	for p := range packages {
		for _, v := range versions[:rapid.IntRange(1, len(versions)).Draw(t, "versions")] {
			fmt.Fprintf(&text, "p%d %s%s:", p, v, rapid.SampledFrom([]string{"", "", " retired"}).Draw(t, "retired"))
			needs := map[string]bool{}
			for range rapid.IntRange(0, 3).Draw(t, "needs") {
				q := rapid.SampledFrom([]string{"", "", "", "hexpm/", "acme/"}).Draw(t, "repository") + fmt.Sprintf("p%d", rapid.IntRange(0, packages).Draw(t, "to"))
				if needs[q] {
					continue
				}
				needs[q] = true
				fmt.Fprintf(&text, " %s %s%s,", q, rapid.SampledFrom(requirements).Draw(t, "requirement"), rapid.SampledFrom([]string{"", "", " optional"}).Draw(t, "optional"))
			}
			text.WriteString("\n")
		}
	}
	w.told(text.String())
	t.Log(text.String())
}

// Whatever the registry: every package stands once, is reached from the release by requirements, has a version
// that the nearest requirement admits unless there is none, and what it needs is there, too.
func TestResolutionsAreWhole(outer *testing.T) {
	rapid.Check(outer, func(t *rapid.T) {
		w := newWorld(outer)
		anyWorld(t, w)
		view := w.db.View()
		for root := range catalog.ReleasesIn(view, hexhub) {
			r := w.sight(view, "").Resolve(root)
			checkWhole(t, view, root, r)
			checkTree(t, r)
			checkDrawing(t, r, r.Draw())
		}
	})
}

func checkWhole(t *rapid.T, view *store.View, root catalog.Release, r depend.Resolution) {
	seen := map[catalog.Ref]bool{}
	needed := map[int][]depend.Edge{}
	for i, n := range r.Nodes {
		if seen[n.Ref] {
			t.Fatalf("%s stands twice", n.Ref)
		}
		seen[n.Ref] = true
		if i > 0 && n.Depth < r.Nodes[i-1].Depth {
			t.Fatalf("%s stands behind what is farther away", n.Ref)
		}
		for _, e := range n.Needs {
			needed[e.To] = append(needed[e.To], e)
		}
	}
	if got := len(r.Nodes[0].Needs); got != len(root.Requirements) {
		t.Fatalf("%d of %d requirements of the release are there", got, len(root.Requirements))
	}
	for i, n := range r.Nodes[1:] {
		if len(needed[i+1]) == 0 {
			t.Fatalf("nobody needs %s", n.Ref)
		}
		if n.Version == (version.Version{}) {
			continue
		}
		all := true
		for _, e := range needed[i+1] {
			all = all && version.MustParseRequirement(e.Requirement).Match(n.Version, true)
		}
		if !all && !n.Conflict {
			t.Fatalf("%s %s is not admitted by all who need it, and nothing says so", n.Ref, n.Version)
		}
		if _, there := catalog.GetRelease(view, n.Ref, n.Version); !there {
			t.Fatalf("%s %s was made up", n.Ref, n.Version)
		}
	}
}

func checkTree(t *rapid.T, r depend.Resolution) {
	apart := map[int]int{}
	var walk func([]depend.Branch)
	walk = func(all []depend.Branch) {
		for _, b := range all {
			if !b.Again {
				apart[b.To]++
			}
			walk(b.Branches)
		}
	}
	all, cut := r.Tree()
	if cut {
		t.Fatal("a small tree is cut")
	}
	walk(all)
	for i := range r.Nodes[1:] {
		if apart[i+1] != 1 {
			t.Fatalf("the tree takes %s apart %d times", r.Nodes[i+1].Ref, apart[i+1])
		}
	}
}

package depend_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"hexhub/hex/name"
	"hexhub/hex/version"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/depend"
	"hexhub/internal/feature/stats"
	"hexhub/internal/kernel/store"
)

// dependents says a page of who needs the package as text, one a line.
func (w *world) dependents(pkg, who string, page, perPage int) (string, int) {
	view := w.db.View()
	p, _ := catalog.Get(view, ref(pkg))
	found, total := w.sight(view, who).Dependents(p, page, perPage)
	var b strings.Builder
	for _, d := range found {
		fmt.Fprintf(&b, "%s %s %s", d.Package.Name, d.Version, d.Requirement)
		if !d.Admits {
			b.WriteString(" behind")
		}
		b.WriteString("\n")
	}
	return b.String(), total
}

// downloads has a package downloaded, and a day go by, since today does not count.
func (w *world) downloads(pkg string, n int) {
	c := stats.New(w.db, stats.Options{})
	for range n {
		c.Count(stats.Ref{Repository: ref(pkg).Repository, Package: ref(pkg).Name, Version: version.MustParse("1.0.0")})
	}
	if err := c.Flush(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	time.Sleep(24 * time.Hour)
}

const needed = `
aa 1.0.0
aa 2.0.0
old 1.0.0: aa ~> 1.0
new 1.0.0: aa ~> 1.0
new 1.1.0: aa ~> 2.0
loved 1.0.0: aa >= 1.0.0
gone 1.0.0: aa ~> 1.0
gone 1.1.0
`

func TestDependentsAreThoseWhoseNewestReleaseNeedsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t).told(needed)
		w.downloads("loved", 3)
		got, total := w.dependents("aa", "", 1, 30)
		if diff := cmp.Diff("loved 1.0.0 >= 1.0.0\nnew 1.1.0 ~> 2.0\nold 1.0.0 ~> 1.0 behind\n", got); diff != "" || total != 3 {
			t.Errorf("%d dependents (-want +got):\n%s", total, diff)
		}
		for page, want := range map[int]string{0: "loved 1.0.0 >= 1.0.0\nnew 1.1.0 ~> 2.0\n", 2: "old 1.0.0 ~> 1.0 behind\n", 3: "", 1 << 60: ""} {
			if got, total := w.dependents("aa", "", page, 2); got != want || total != 3 {
				t.Errorf("page %d of %d: %q, want %q", page, total, got, want)
			}
		}
	})
}

// A private package that needs a public one shows to its readers, and to nobody else in any number.
func TestL3PrivateDependentsAreCountedForTheirReadersOnly(t *testing.T) {
	w := newWorld(t).told(needed)
	without, totalWithout := w.dependents("aa", "", 1, 30)
	w.told("acme/vault 1.0.0: aa ~> 2.0")
	for who, want := range map[string]int{"": totalWithout, "rob": totalWithout + 1} {
		got, total := w.dependents("aa", who, 1, 30)
		if total != want || strings.Contains(got, "vault") != (who == "rob") || who == "" && got != without {
			t.Errorf("%q sees %d dependents, want %d:\n%s", who, total, want, got)
		}
		if n := w.sight(w.db.View(), who).CountDependents(ref("aa")); n != want {
			t.Errorf("%q is told a count of %d, want %d", who, n, want)
		}
	}
}

// large is a registry of 20,000 packages with the dependencies that packages have: each on up to four
// of those that all know or of its neighbours, at most 40 releases.
func large(b *testing.B) *world {
	w := newWorld(b)
	for chunk := 0; chunk < 20000; chunk += 200 {
		w.update(func(tx *store.Tx) {
			for i := chunk; i < chunk+200; i++ {
				pkg := catalog.Package{Repository: hexhub, Name: name.MustPackage(fmt.Sprintf("p%d", i))}
				var releases []catalog.Release
				for k := range 1 + i%40/16 {
					var needs []string
					for d := range i % 5 {
						to := (i*7919 + d*104729) % (1 + i/(1+d*d*40))
						needs = append(needs, fmt.Sprintf("p%d ~> 1.0", to))
					}
					releases = append(releases, release(pkg.Name.String(), fmt.Sprintf("1.%d.0", k), strings.Join(needs, ",")))
				}
				catalog.ImportTx(tx, pkg, releases, nil)
			}
		})
	}
	return w
}

func BenchmarkResolve20000Packages(b *testing.B) {
	w := large(b)
	for _, pkg := range []string{"p10", "p1004", "p19999"} {
		view := w.db.View()
		p, _ := catalog.Get(view, ref(pkg))
		root, _ := catalog.GetRelease(view, ref(pkg), p.Summary.Latest)
		var r depend.Resolution
		b.Run(pkg+"/resolve", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r = w.sight(w.db.View(), "").Resolve(root)
			}
			b.ReportMetric(float64(r.All()), "packages")
		})
		b.Run(pkg+"/draw", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r.Draw()
			}
		})
	}
	for _, pkg := range []string{"p0", "p100", "p19998"} {
		view := w.db.View()
		p, _ := catalog.Get(view, ref(pkg))
		total := 0
		b.Run(pkg+"/dependents", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, total = w.sight(w.db.View(), "").Dependents(p, 1, 30)
			}
			b.ReportMetric(float64(total), "dependents")
		})
	}
}

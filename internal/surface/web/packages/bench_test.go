package packages_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"hexhub/hex/name"
	"hexhub/hex/tarball"
	"hexhub/hex/version"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/store"
)

// crowd adds 20,000 packages, each of which needs up to four others: those that all know, and neighbours. The last has
// 200 versions, a README of 24 kB, and a source of 5,000 lines.
func (s *site) crowd(b *testing.B, blobs blob.Store) {
	b.Helper()
	readme := "# Package\n" + strings.Repeat("\n## Use\nSome *words* about [it](https://example.com), then `code`:\n\n```elixir\ndef f(x), do: x + 1\n```\n", 240)
	source := strings.Repeat("  @doc \"Adds one\"\n  def add(%{count: n} = state, key \\\\ :default) when is_integer(n) do\n    # why\n    Map.put(state, key, n + 1)\n  end\n", 1000)
	var packed bytes.Buffer
	sums, err := tarball.Write(&packed, tarball.Metadata{Name: "p", Version: "1.0.0", App: "p", BuildTools: []string{"mix"}, Requirements: []tarball.Requirement{}},
		[]tarball.Source{{Path: "README.md", Content: []byte(readme)}, {Path: "CHANGELOG.md", Content: []byte(readme)}, {Path: "lib/long.ex", Content: []byte(source)}})
	if err != nil {
		b.Fatal(err)
	}
	if _, _, err := blobs.Put(b.Context(), &packed); err != nil {
		b.Fatal(err)
	}
	hub := name.MustRepository("hub")
	for chunk := 0; chunk < 20000; chunk += 200 {
		err := s.db.Update(b.Context(), func(tx *store.Tx) error {
			for i := chunk; i < chunk+200; i++ {
				pkg := name.MustPackage(fmt.Sprintf("p%d", i))
				versions := 1 + i%3
				if i == 19999 {
					versions = 200
				}
				var releases []catalog.Release
				for k := range versions {
					var needs []catalog.Requirement
					for d := range i % 5 {
						to := name.MustPackage(fmt.Sprintf("p%d", (i*7919+d*104729)%(1+i/(1+d*d*40))))
						needs = append(needs, catalog.Requirement{Package: to, Repository: hub, Requirement: "~> 1.0", App: to.String()})
					}
					v := version.MustParse(fmt.Sprintf("1.%d.%d", k/10, k%10))
					at := time.Unix(1_700_000_000+int64(k), 0)
					releases = append(releases, catalog.Release{
						ID: fmt.Sprintf("r%d-%d", i, k), Repository: hub, Package: pkg, Version: v, App: pkg.String(), Outer: sums.Outer, Size: int64(packed.Cap()),
						BuildTools: []string{"mix"}, Requirements: needs, InsertedAt: at, UpdatedAt: at,
					})
				}
				about := "One of many packages"
				catalog.ImportTx(tx, catalog.Package{ID: fmt.Sprintf("p%d", i), Repository: hub, Name: pkg, Meta: catalog.Meta{Description: &about}}, releases, nil)
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPages asks for pages of a package among 20,000, as somebody who is not logged in, and tells the median
// and the 99th percentile beside the mean. What came out is in docs/benchmarks.md.
func BenchmarkPages(b *testing.B) {
	blobs := &blob.Memory{}
	s := newSiteOn(b, blobs)
	s.crowd(b, blobs)
	for _, path := range []string{"/packages/p1004", "/packages/p19999", "/packages/p19999/versions", "/packages/p19999/changelog", "/packages/p19999/1.0.0/files/lib/long.ex"} {
		b.Run(path[len("/packages/"):], func(b *testing.B) {
			if rec := s.ask(path, visit{}); rec.Code != 200 {
				b.Fatalf("%d: %s", rec.Code, rec.Body)
			}
			var took []time.Duration
			b.ReportAllocs()
			for b.Loop() {
				at := time.Now()
				s.ask(path, visit{})
				took = append(took, time.Since(at))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
		})
	}
}

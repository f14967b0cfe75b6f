package site_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"hexhub/hex/name"
	"hexhub/hex/version"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/kernel/store"
)

// crowd adds 20,000 packages with a version each.
func (w world) crowd(b *testing.B) {
	b.Helper()
	acme, about := name.MustRepository("acme"), "One of many packages"
	for chunk := 0; chunk < 20_000; chunk += 200 {
		err := w.db.Update(b.Context(), func(tx *store.Tx) error {
			for i := chunk; i < chunk+200; i++ {
				p := catalog.Package{ID: fmt.Sprintf("p%d", i), Repository: acme, Name: name.MustPackage(fmt.Sprintf("p%d", i)), Meta: catalog.Meta{Description: &about}}
				at := time.Unix(1_700_000_000+int64(i), 0)
				catalog.ImportTx(tx, p, []catalog.Release{{
					ID: fmt.Sprintf("r%d", i), Repository: acme, Package: p.Name, Version: version.MustParse("1.0.0"), App: p.Name.String(),
					BuildTools: []string{"mix"}, InsertedAt: at, UpdatedAt: at,
				}}, nil)
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkHome20000Packages asks for the home page of a registry with 20,000 packages, over HTTP on this machine, and
// tells the median and the 99th percentile beside the mean. What came out is in docs/benchmarks.md.
func BenchmarkHome20000Packages(b *testing.B) {
	w := newWorld(b)
	if _, err := w.accounts.Create(b.Context(), audit.By{}, account.Draft{Username: "eva", Emails: []string{"e@x.org"}, Password: "a long sentence", Admin: true, Verified: true}); err != nil {
		b.Fatal(err)
	}
	w.crowd(b)
	var took []time.Duration
	b.ReportAllocs()
	for b.Loop() {
		at := time.Now()
		res, err := http.Get(w.url + "/")
		if body(b, res, err); res.StatusCode != http.StatusOK {
			b.Fatal(res.Status)
		}
		took = append(took, time.Since(at))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
}

package find_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"hexhub/hex/name"
	"hexhub/hex/version"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/hubtest"
	"hexhub/internal/kernel/store"
)

// crowd adds 20,000 packages with a version each, and waits until they are found.
func crowd(b *testing.B, h *hubtest.Hub) {
	b.Helper()
	about := "One of many packages that parse and format text"
	for chunk := 0; chunk < 20_000; chunk += 200 {
		err := h.DB.Update(b.Context(), func(tx *store.Tx) error {
			for i := chunk; i < chunk+200; i++ {
				id, at := fmt.Sprintf("p%d", i), time.Unix(1_700_000_000+int64(i), 0)
				p := catalog.Package{ID: id, Repository: name.MustRepository("hexhub"), Name: name.MustPackage(id), Meta: catalog.Meta{Description: &about}}
				catalog.ImportTx(tx, p, []catalog.Release{{
					ID: "r" + id, Repository: p.Repository, Package: p.Name, Version: version.MustParse("1.0.0"), App: id, BuildTools: []string{"mix"}, InsertedAt: at, UpdatedAt: at,
				}}, nil)
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	for began := time.Now(); !strings.Contains(string(h.Anonymous().Get("/packages?search=p19999").Body), `href="/packages/p19999"`); {
		if time.Since(began) > time.Minute {
			b.Fatal("what was added is not found")
		}
	}
}

// BenchmarkPages20000 asks for what finds packages in a registry with 20,000 of them, over HTTP on this machine, and tells
// the median and the 99th percentile beside the mean. What came out is in docs/benchmarks.md.
func BenchmarkPages20000(b *testing.B) {
	h := hubtest.World(b, "user eva admin\n")
	crowd(b, h)
	for _, path := range []string{"/packages", "/packages?search=p12", "/packages?search=parse+format", "/packages?page=500", "/suggest?q=p12", "/search?q=parse"} {
		b.Run(path[1:], func(b *testing.B) {
			client := h.Anonymous()
			client.T, client.Header = b, http.Header{"Accept": {"text/html"}}
			var took []time.Duration
			b.ReportAllocs()
			for b.Loop() {
				at := time.Now()
				client.Get(path).Expect(b, http.StatusOK)
				took = append(took, time.Since(at))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
		})
	}
}

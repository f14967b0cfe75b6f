package search_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/search"
	"hexhub/internal/kernel/store"
)

const manyPackages = 20_000

// many is a registry of the size that the budgets speak of, with names and descriptions as people choose them: some
// words are in many, most in few.
func many(b *testing.B) (*store.DB, *search.Index) {
	b.Helper()
	db := open(b)
	chance := rand.New(rand.NewPCG(1, 2))
	common := strings.Fields("phoenix ecto plug live view html json http client server api web socket parser test tool mix gen auth user cache pool queue job event log metric trace kafka redis postgres sql graph ql rest aws s3 crypto hash id time date money math csv xml yaml toml file upload image mail sms push chat bot")
	rare := make([]string, 6000)
	for i := range rare {
		letters := make([]byte, 4+chance.IntN(6))
		for j := range letters {
			letters[j] = "etaoinsrhldcumfpgwybvkxjqz"[min(25, int(chance.ExpFloat64()*6))]
		}
		rare[i] = string(letters)
	}
	word := func() string {
		if chance.IntN(2) == 0 {
			return common[min(len(common)-1, int(chance.ExpFloat64()*12))]
		}
		return rare[min(len(rare)-1, int(chance.ExpFloat64()*1500))]
	}
	taken := map[string]bool{}
	for len(taken) < manyPackages {
		update(b, db, func(tx *store.Tx) {
			for range 250 {
				var n, description []string
				for range 1 + chance.IntN(3) {
					n = append(n, word())
				}
				for range 4 + chance.IntN(16) {
					description = append(description, word(), "the")
				}
				ref := strings.Join(n, "_")
				if taken[ref] {
					ref = fmt.Sprint(ref, len(taken))
				}
				taken[ref] = true
				changes := []change{
					about(strings.Join(description, " ")), downloaded(int64(10_000_000 / (1 + chance.IntN(20_000)))),
					licensed([]string{"MIT", "Apache-2.0", "BSD-3-Clause"}[chance.IntN(3)]),
					built([]string{"mix", "rebar3", "gleam"}[chance.IntN(3)]), needs("hexhub/jason", "hexhub/plug"), updated(chance.IntN(2000)),
				}
				if chance.IntN(30) == 0 {
					changes = append(changes, retired)
				}
				putTx(tx, ref, changes...)
			}
		})
	}
	return db, search.New(db, search.Options{Default: hexhub})
}

// report adds quantiles to what a benchmark tells: what matters to somebody who types is the slowest of his keys.
func report(b *testing.B, took []time.Duration) {
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
}

func Benchmark20000Packages(b *testing.B) {
	db, x := many(b)
	x.Find(typed(""))
	b.Run("find", func(b *testing.B) { benchmarkFind(b, x) })
	b.Run("suggest", func(b *testing.B) { benchmarkSuggest(b, x) })
	b.Run("follow", func(b *testing.B) { benchmarkFollow(b, db, x) })
}

func benchmarkFind(b *testing.B, x *search.Index) {
	for _, bench := range []struct {
		name string
		q    search.Query
	}{
		{"everything, with choices", search.Query{Count: true}},
		{"everything, page 500", search.Query{Page: 500}},
		{"exact name", typed("phoenix")},
		{"exact name, with choices", search.Query{Search: catalog.ParseSearch("phoenix"), Count: true}},
		{"one letter", typed("e")},
		{"three words", typed("phoenix html json")},
		{"nothing found, close names", typed("phoeinxs")},
		{"depends", typed("depends:jason build_tool:gleam")},
	} {
		b.Run(bench.name, func(b *testing.B) {
			bench.q.In = public
			var took []time.Duration
			b.ReportAllocs()
			for b.Loop() {
				start := time.Now()
				x.Find(bench.q)
				took = append(took, time.Since(start))
			}
			report(b, took)
		})
	}
}

// benchmarkSuggest types the names of packages letter by letter.
func benchmarkSuggest(b *testing.B, x *search.Index) {
	var keys []string
	for _, h := range x.Find(search.Query{In: public, PerPage: 200}).Hits {
		n := h.Name.String()
		for i := range n {
			keys = append(keys, n[:i+1])
		}
	}
	var took []time.Duration
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		q := typed(keys[i%len(keys)])
		q.PerPage = 8
		start := time.Now()
		x.Find(q)
		took = append(took, time.Since(start))
	}
	report(b, took)
}

func benchmarkFollow(b *testing.B, db *store.DB, x *search.Index) {
	b.Run("one package described anew", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			b.StopTimer()
			update(b, db, func(tx *store.Tx) { putTx(tx, "phoenix", about(fmt.Sprint("described in words ", i))) })
			b.StartTimer()
			x.Follow()
		}
	})
	b.Run("downloads", func(b *testing.B) {
		for b.Loop() {
			x.Count()
		}
	})
	b.Run("made anew", func(b *testing.B) {
		for b.Loop() {
			search.New(db, search.Options{Default: hexhub}).Follow()
		}
		b.StopTimer()
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		fresh := search.New(db, search.Options{Default: hexhub})
		fresh.Follow()
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/manyPackages, "bytes/package")
		runtime.KeepAlive(fresh)
	})
}

package docsearch_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"hexhub/hex/name"
	"hexhub/hex/version"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/docsearch"
	"hexhub/internal/kernel/store"
)

// The size of the registry that is searched.
const (
	benchSets  = 5000
	benchItems = 40
	benchText  = 60 // words
)

// vocabulary is words as rare as in a language: the n-th comes with a frequency of about 1/n.
type vocabulary struct {
	*rand.Rand
	rank *rand.Zipf
}

func newVocabulary() vocabulary {
	r := rand.New(rand.NewPCG(1, 2))
	return vocabulary{r, rand.NewZipf(r, 1.1, 8, 30_000)}
}

var syllables = strings.Fields("ba ce di fo gu ha je ki lo mu na pe qui ro su ta ve wi xo zu")

func (v vocabulary) word() string {
	n := v.rank.Uint64() + 20
	var b strings.Builder
	for ; n > 0; n /= uint64(len(syllables)) {
		b.WriteString(syllables[n%uint64(len(syllables))])
	}
	return b.String()
}

func (v vocabulary) words(n int) string {
	out := make([]string, n)
	for i := range out {
		out[i] = v.word()
	}
	return strings.Join(out, " ")
}

// documentation is the places of a package: one module in five, else functions of it.
func (v vocabulary) documentation() map[string]string {
	var items []string
	module := ""
	for n := range benchItems {
		if n%5 == 0 {
			module = strings.ToUpper(v.word()[:1]) + v.word() + "." + v.word()
		}
		kind, title := "module", module
		if n%5 != 0 {
			kind, title = "function", fmt.Sprintf("%s.%s_%s/%d", module, v.word(), v.word(), v.IntN(4))
		}
		items = append(items, kind+" "+title+": "+v.words(benchText))
	}
	return data(items...)
}

// BenchmarkSearch5000 searches the documentation of 5,000 packages, 200,000 places, for one to three words as they come
// in it.
func BenchmarkSearch5000(b *testing.B) {
	w, v := newWorld(b), newVocabulary()
	start := time.Now()
	for from := 0; from < benchSets; from += 250 {
		w.publish(v, from, from+250)
	}
	w.settle()
	b.Logf("indexed %d documentations, %+v, in %v", benchSets, w.Numbers(), time.Since(start).Round(time.Second))
	var took []time.Duration
	for b.Loop() {
		start := time.Now()
		w.find(docsearch.Query{In: public, Typed: v.words(1 + len(took)%3)})
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "p95-ms")
	b.ReportMetric(float64(took[len(took)-1].Microseconds())/1000, "max-ms")
}

// publish publishes packages with documentation, many in one step.
func (w *world) publish(v vocabulary, from, to int) {
	docs := make([]*catalog.Docs, to-from)
	for i := range docs {
		docs[i] = w.archive(v.documentation())
	}
	one := version.MustParse("1.0.0")
	w.update(func(tx *store.Tx) {
		for i, d := range docs {
			n := name.MustPackage(fmt.Sprintf("package%d", from+i))
			packageRows.Put(tx, catalog.Package{ID: n.String(), Repository: hexhub, Name: n})
			releaseRows.Put(tx, catalog.Release{Repository: hexhub, Package: n, Version: one, Docs: d})
		}
	})
}

package etcdlog

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"hexhub/internal/kernel/store"
)

// An item stands for a row of any table of a registry.
type item struct {
	Key  string `json:"key"`
	Of   string `json:"of,omitempty"`
	N    int    `json:"n,omitempty"`
	Text string `json:"text,omitempty"`
}

func itemKey(i item) string { return i.Key }

var (
	packages = store.NewTable("package", itemKey)
	releases = store.NewTable("release", itemKey)
	_        = releases.Group("package", func(i item) []string { return []string{i.Of} })
	jobs     = store.NewTable("job", itemKey)
	metas    = store.NewCold("meta", itemKey)
	audits   = store.NewCold("audit", itemKey)
)

// BenchmarkCommit measures Updates that return when durable and shown, by how many clients there are.
// Its x-fsync is how many commits there were for each sync that the same disk, asked just before by a
// lone writer, could have done.
func BenchmarkCommit(b *testing.B) {
	for _, work := range []struct {
		name string
		do   func(tx *store.Tx, client, n int)
	}{
		{"row", func(tx *store.Tx, client, n int) {
			packages.Put(tx, item{Key: fmt.Sprint("p", client), N: n, Text: strings.Repeat("x", 300)})
		}},
		{"publish", publish},
	} {
		for _, clients := range []int{1, 64} {
			b.Run(fmt.Sprintf("%s/clients=%d", work.name, clients), func(b *testing.B) {
				commits(b, clients, work.do)
			})
		}
	}
}

// publish writes six keys of 3 kB together: a release, its package and the fence between them, its
// metadata, an audit entry and a job.
func publish(tx *store.Tx, client, n int) {
	of := fmt.Sprint("p", client)
	key := fmt.Sprintf("%s/%d", of, n)
	p, _ := packages.Get(tx, of)
	packages.Put(tx, item{Key: of, N: p.N + 1})
	releases.Put(tx, item{Key: key, Of: of, Text: strings.Repeat("r", 400)})
	jobs.Put(tx, item{Key: key})
	metas.Put(tx, item{Key: key, Text: strings.Repeat("m", 2000)})
	audits.Put(tx, item{Key: key, Text: strings.Repeat("a", 300)})
}

func commits(b *testing.B, clients int, do func(*store.Tx, int, int)) {
	dir := b.TempDir()
	syncs := syncRate(b, dir)
	log := openDir(b, filepath.Join(dir, "log"), func(o *Options) { o.Logger = nil })
	db, err := store.Open(b.Context(), log, store.Options{}, store.Schema{packages, releases, jobs, metas, audits})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	var turn atomic.Int64
	var wg sync.WaitGroup
	b.ResetTimer()
	for c := range clients {
		wg.Go(func() {
			for n := turn.Add(1); n <= int64(b.N); n = turn.Add(1) {
				err := db.Update(b.Context(), func(tx *store.Tx) error {
					do(tx, c, int(n))
					return nil
				})
				if err != nil {
					b.Error(err)
				}
			}
		})
	}
	wg.Wait()
	rate := float64(b.N) / b.Elapsed().Seconds()
	b.ReportMetric(rate, "commits/s")
	b.ReportMetric(syncs, "fsyncs/s")
	b.ReportMetric(rate/syncs, "x-fsync")
}

// syncRate returns how often per second a lone writer can append 4 kB and sync.
func syncRate(b *testing.B, dir string) float64 {
	f, err := os.Create(filepath.Join(dir, "calibration"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	const span = 300 * time.Millisecond
	block := make([]byte, 4096)
	if err := f.Truncate(64 << 20); err != nil {
		b.Fatal(err)
	}
	n := 0
	for start := time.Now(); time.Since(start) < span; n++ {
		if _, err := f.Write(block); err != nil {
			b.Fatal(err)
		}
		if err := unix.Fdatasync(int(f.Fd())); err != nil {
			b.Fatal(err)
		}
	}
	return float64(n) / span.Seconds()
}

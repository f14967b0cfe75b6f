package stats

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	mathrand "math/rand/v2"
	"slices"
	"sync"
	"time"

	"hexhub/hex/name"
	"hexhub/hex/version"
	"hexhub/internal/kernel/store"
)

// A Ref names what was downloaded.
type Ref struct {
	Repository name.Repository
	Package    name.Package
	Version    version.Version
}

// Options are what a Counter may be told. The zero value works.
type Options struct {
	Node  string        // tells this node from the others; two that run at once must not share it
	Every time.Duration // between additions to the rows; zero means five seconds
	Log   *slog.Logger  // nil discards
}

const (
	stripes    = 64
	batchRows  = 200
	lastChance = 5 * time.Second // for the addition when Run ends
)

// A Counter counts in memory until Run adds it to the rows. It is safe for concurrent use.
type Counter struct {
	db *store.DB
	o  Options

	stripes [stripes]stripe

	mu   sync.Mutex // guards owed, and lets one flush run at a time
	owed []batch    // taken from the stripes but not known to be in the rows, in order
}

// A stripe is a part of the counts. Each Count picks one at random, so that even those who download
// the same thing seldom meet; a flush adds the parts together.
type stripe struct {
	mu     sync.Mutex // guards counts
	counts map[dated]int64
	_      [112]byte // keeps neighbours off this cache line and the one fetched with it
}

type dated struct {
	Ref
	date Date
}

// New returns a Counter that adds to db while its Run does.
func New(db *store.DB, o Options) *Counter {
	o.Every = cmp.Or(o.Every, 5*time.Second)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Counter{db: db, o: o}
}

// Count counts one download, now. It takes well under a microsecond and never waits for the log. The
// memory it takes is bounded by what exists, as long as only that is counted.
func (c *Counter) Count(ref Ref) {
	key := dated{ref, Today()}
	s := &c.stripes[mathrand.Uint32N(stripes)]
	s.mu.Lock()
	if s.counts == nil {
		s.counts = map[dated]int64{}
	}
	s.counts[key]++
	s.mu.Unlock()
}

// Run adds what was counted to the rows now and then, and a last time when ctx ends; then it returns
// nil. Whoever counts must have stopped by then, or the last counts are lost. What cannot be added
// because the log is away is kept and tried again.
func (c *Counter) Run(ctx context.Context) error {
	tick := time.NewTicker(c.o.Every)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			c.report(c.Flush(ctx))
		case <-ctx.Done():
			c.report(c.lastFlush(ctx))
			return nil
		}
	}
}

func (c *Counter) lastFlush(ended context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ended), lastChance)
	defer cancel()
	return c.Flush(ctx)
}

func (c *Counter) report(err error) {
	if err != nil {
		c.o.Log.Warn("downloads not added to the totals yet", "error", err)
	}
}

// Flush adds all that was counted to the rows. After an error the rest is kept for the next time.
func (c *Counter) Flush(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.owed = append(c.owed, batched(c.take())...)
	for len(c.owed) > 0 {
		if err := c.add(ctx, c.owed[0]); err != nil {
			return fmt.Errorf("add downloads: %w", err)
		}
		c.owed = c.owed[1:]
	}
	return nil
}

// take empties the stripes.
func (c *Counter) take() map[dated]int64 {
	all := map[dated]int64{}
	for i := range c.stripes {
		s := &c.stripes[i]
		s.mu.Lock()
		counts := s.counts
		s.counts = nil
		s.mu.Unlock()
		for k, n := range counts {
			all[k] += n
		}
	}
	return all
}

// A batch is what one Update adds.
type batch struct {
	id        string
	additions []addition
}

// An addition is a count for one row: a release's, or a package's if the version is zero.
type addition struct {
	dated
	n int64
}

// batched turns counts of releases into additions to their rows and to those of their packages.
func batched(counts map[dated]int64) []batch {
	rows := make(map[dated]int64, 2*len(counts))
	for k, n := range counts {
		rows[k] += n
		k.Version = version.Version{}
		rows[k] += n
	}
	additions := make([]addition, 0, len(rows))
	for k, n := range rows {
		additions = append(additions, addition{k, n})
	}
	slices.SortFunc(additions, func(a, b addition) int { return cmp.Compare(a.row().key(), b.row().key()) })
	var out []batch
	for part := range slices.Chunk(additions, batchRows) {
		out = append(out, batch{rand.Text(), part})
	}
	return out
}

// row returns an empty row for what is added to.
func (a addition) row() DownloadTotal {
	return DownloadTotal{Repository: a.Repository, Package: a.Package, Version: a.Version}
}

func (a addition) table() *store.Table[DownloadTotal] {
	if a.Version == (version.Version{}) {
		return byPackage
	}
	return byRelease
}

func (c *Counter) add(ctx context.Context, b batch) error {
	first := Today() - Kept + 1
	return c.db.Update(ctx, func(tx *store.Tx) error {
		mark := flushed{c.o.Node, b.id}
		if last, ok := batches.Get(tx, batches.Key(mark)); ok && last == mark {
			return nil // it was added, but we were not told
		}
		batches.Put(tx, mark)
		for _, a := range b.additions {
			row, ok := a.table().Get(tx, a.row().key())
			if !ok {
				row = a.row()
			}
			row.Total += a.n
			row.Days = row.Days.plus(a.date, a.n, first)
			a.table().Put(tx, row)
		}
		return nil
	})
}

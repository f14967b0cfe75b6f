package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-memdb"
	"golang.org/x/sync/errgroup"
)

const loadPage = 20_000 // records asked for at once, some 15 MB; etcd counts all that remain for each page

// load reads all tables at one revision and shows them.
func (db *DB) load(ctx context.Context) (Revision, error) {
	mem, err := newMemory(db.tables)
	if err != nil {
		return 0, err
	}
	txn := mem.Txn(true)
	counts := map[string]int64{}
	// The tables are read at one revision.
	start := time.Now()
	at, err := db.newest(ctx)
	current := err == nil
	if errors.Is(err, ErrNoLeader) && db.local() > 0 {
		at, err = db.local(), nil // old, and better than nothing
	}
	if err != nil {
		return 0, fmt.Errorf("read the log: %w", err)
	}
	for _, d := range append([]*declaration{claimTable, fenceTable}, db.tables...) {
		if !d.hot {
			continue
		}
		n, err := db.loadTable(ctx, txn, d, at)
		if err != nil {
			return 0, fmt.Errorf("load table %s: %w", d.name, err)
		}
		counts[d.name] = n
	}
	must(txn.Insert(momentTable.name, &entry{key: momentKey, revision: at}))
	txn.Commit()
	db.cold.clear(at)
	db.counts.replace(counts)
	db.recent.reset(at)
	old := db.shown.Swap(&shown{mem: mem, replaced: make(chan struct{})})
	if old != nil {
		close(old.replaced)
	}
	db.applied.advance(at)
	switch {
	case current:
		db.fresh.current(start)
	case old == nil:
		db.fresh.current(start.Add(-unknownAge))
	}
	if sumRows(counts) > manyRows {
		debug.FreeOSMemory() // loading leaves as much garbage as rows, once
	}
	return at, nil
}

const manyRows = 50_000

func sumRows(counts map[string]int64) (n int64) {
	for _, c := range counts {
		n += c
	}
	return n
}

// Verify reads what opening the tables has not: cold rows, and what no table claims, such as a row whose key
// is no longer what it was. It returns an error that is ErrDamaged as soon as the log finds one, for such a
// row would be taken for absent; and nil when all is well or ctx ends.
func (db *DB) Verify(ctx context.Context) error {
	const pause = 10 * time.Second
	for start := time.Now(); ; {
		err := db.readRest(ctx, db.Revision())
		switch {
		case err == nil:
			db.slog.Info("every row is what was written", "took", time.Since(start))
			return nil
		case errors.Is(err, ErrDamaged):
			return fmt.Errorf("verify rows: %w", err)
		case ctx.Err() != nil:
			return nil
		}
		db.slog.Warn("cannot verify rows; trying again", "err", err, "pause", pause)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil
		}
	}
}

func (db *DB) readRest(ctx context.Context, at Revision) error {
	var loaded []string
	for _, d := range append([]*declaration{claimTable, fenceTable}, db.tables...) {
		if d.hot {
			loaded = append(loaded, d.name+"/")
		}
	}
	slices.Sort(loaded)
	from := ""
	for _, prefix := range loaded {
		if err := db.readAll(ctx, from, prefix, at, func([]Record) error { return nil }); err != nil {
			return err
		}
		from = PrefixEnd(prefix)
	}
	return db.readAll(ctx, from, "\xff", at, func([]Record) error { return nil })
}

// readAll reads the records with from ≤ key < to, page by page.
func (db *DB) readAll(ctx context.Context, from, to string, at Revision, use func([]Record) error) error {
	for more := from < to; more; {
		p, err := db.log.Range(ctx, from, to, at, loadPage)
		if err != nil {
			return err
		}
		if more = p.More; more {
			from = p.Records[len(p.Records)-1].Key + "\x00"
		}
		if err := use(p.Records); err != nil {
			return err
		}
	}
	return nil
}

// loadTable inserts a table's rows. Reading, decoding and inserting go on at the same time, a page apart.
func (db *DB) loadTable(ctx context.Context, txn *memdb.Txn, d *declaration, at Revision) (int64, error) {
	g, ctx := errgroup.WithContext(ctx)
	pages, decoded := make(chan []Record, 1), make(chan []*entry, 1)
	g.Go(func() error {
		defer close(pages)
		return db.readPages(ctx, d, at, pages)
	})
	g.Go(func() error {
		defer close(decoded)
		for records := range pages {
			entries, err := decodeAll(d, records)
			if err != nil {
				return err
			}
			select {
			case decoded <- entries:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	var n int64
	for entries := range decoded {
		for _, e := range entries {
			must(txn.Insert(d.name, e))
		}
		n += int64(len(entries))
	}
	err := g.Wait()
	return n, err
}

func (db *DB) readPages(ctx context.Context, d *declaration, at Revision, pages chan<- []Record) error {
	return db.readAll(ctx, d.name+"/", PrefixEnd(d.name+"/"), at, func(records []Record) error {
		select {
		case pages <- records:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
}

// decodeAll decodes records on all cores.
func decodeAll(d *declaration, records []Record) ([]*entry, error) {
	const share = 256
	out := make([]*entry, len(records))
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for start := 0; start < len(records); start += share {
		end := min(start+share, len(records))
		g.Go(func() error { return d.entries(out[start:end], records[start:end]) })
	}
	return out, g.Wait()
}

// entries decodes records into out, which is as long.
func (d *declaration) entries(out []*entry, records []Record) error {
	if d.many == nil {
		for i, rec := range records {
			e, err := d.entry(rec)
			if err != nil {
				return err
			}
			out[i] = e
		}
		return nil
	}
	rows, unknown, err := d.many(records)
	if err != nil {
		return err
	}
	for i, rec := range records {
		_, path := split(rec.Key)
		out[i] = &entry{key: path, revision: rec.Revision, row: rows[i], extra: unknown[i]}
	}
	return nil
}

func (d *declaration) entry(rec Record) (*entry, error) {
	row, x, err := d.decode(rec.Value)
	if err != nil {
		return nil, fmt.Errorf("decode row %s: %w", rec.Key, err)
	}
	_, path := split(rec.Key)
	return &entry{key: path, revision: rec.Revision, row: row, extra: x}, nil
}

// follow applies the log to the tables until ctx ends. Whatever breaks is said and tried again: the
// tables stay readable meanwhile, and know their age.
func (db *DB) follow(ctx context.Context, after Revision) {
	pause := 50 * time.Millisecond
	for {
		err := db.log.Watch(ctx, after, func(changes []Change, through Revision) error {
			if err := db.apply(changes, through); err != nil {
				return err
			}
			after, pause = through, 50*time.Millisecond
			return nil
		})
		if ctx.Err() != nil {
			return
		}
		if errors.Is(err, ErrCompacted) {
			db.slog.Warn("tables fell behind the log's compaction; loading them anew", "after", after)
			db.stats.reloads.Add(1)
			at, failed := db.load(ctx)
			if err = failed; err == nil {
				after = at
			}
		}
		if err != nil {
			db.slog.Error("tables cannot follow the log; trying again", "err", err, "after", after, "pause", pause)
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return
		}
		pause = min(2*pause, 5*time.Second)
	}
}

// apply puts whole revisions into the tables, as one transaction, so that every View shows a state
// that existed.
func (db *DB) apply(changes []Change, through Revision) error {
	mem := db.shown.Load().mem
	txn := mem.Txn(true)
	defer txn.Abort() // of no effect after Commit
	delta, touched := map[string]int64{}, map[string][]touch{}
	for _, c := range changes {
		table, path := split(c.Key)
		d := db.byName[table]
		if d == nil || !d.hot {
			continue // cold, or a table of a newer binary
		}
		touched[table] = append(touched[table], touch{c.Revision, path})
		old, err := txn.First(table, "id", path)
		must(err)
		if c.Deleted {
			if old != nil {
				must(txn.Delete(table, old))
				delta[table]--
			}
			continue
		}
		e, err := d.entry(c.Record)
		if err != nil {
			return err
		}
		must(txn.Insert(table, e))
		if old == nil {
			delta[table]++
		}
	}
	must(txn.Insert(momentTable.name, &entry{key: momentKey, revision: through}))
	db.cold.forget(changes, through)
	for table, made := range touched {
		db.recent.note(table, made) // before any View can show it
	}
	txn.Commit()
	db.counts.add(delta)
	db.applied.advance(through)
	return nil
}

// progress is a revision that only grows, and that can be waited for.
type progress struct {
	rev     atomic.Int64
	mu      sync.Mutex // guards waiters
	waiters []waiter   // by revision, lowest first
}

type waiter struct {
	rev   Revision
	there chan struct{}
}

func (p *progress) now() Revision { return Revision(p.rev.Load()) }

func (p *progress) advance(r Revision) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rev.Store(int64(max(r, p.now())))
	n := 0
	for n < len(p.waiters) && p.waiters[n].rev <= r {
		close(p.waiters[n].there)
		n++
	}
	p.waiters = slices.Delete(p.waiters, 0, n)
}

func (p *progress) wait(ctx context.Context, r Revision) error {
	p.mu.Lock()
	if p.now() >= r {
		p.mu.Unlock()
		return nil
	}
	w := waiter{rev: r, there: make(chan struct{})}
	at, _ := slices.BinarySearchFunc(p.waiters, r, func(w waiter, r Revision) int { return cmp.Compare(w.rev, r) })
	p.waiters = slices.Insert(p.waiters, at, w)
	p.mu.Unlock()
	select {
	case <-w.there:
		return nil
	case <-ctx.Done():
		p.mu.Lock()
		defer p.mu.Unlock()
		p.waiters = slices.DeleteFunc(p.waiters, func(o waiter) bool { return o.there == w.there })
		return ctx.Err()
	}
}

// rowCounts counts hot rows by table.
type rowCounts struct {
	mu sync.Mutex // guards n
	n  map[string]int64
}

func (c *rowCounts) replace(n map[string]int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n = n
}

func (c *rowCounts) add(delta map[string]int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for t, d := range delta {
		c.n[t] += d
	}
}

func (c *rowCounts) all() map[string]int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := maps.Clone(c.n)
	delete(out, claims)
	delete(out, fences)
	return out
}

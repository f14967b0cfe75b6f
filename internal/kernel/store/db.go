package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-memdb"

	"hexhub/internal/kernel/fault"
)

// Options are what a DB may be told. The zero value works.
type Options struct {
	Log *slog.Logger // nil discards

	// MaxAge is up to which age of the tables an Update that commits nothing is believed, and Fresh is content;
	// zero means a second.
	MaxAge time.Duration
}

// A DB is this node's tables over the log. It is safe for concurrent use.
type DB struct {
	log    Log
	slog   *slog.Logger
	tables []*declaration
	byName map[string]*declaration
	cold   *coldCache
	locks  keyLocks

	shown    atomic.Pointer[shown]
	applied  progress
	fresh    freshness
	readOnly atomic.Pointer[fault.Error]
	counts   rowCounts
	recent   recent
	stats    counters

	stop context.CancelFunc
	done chan struct{}
}

// shown is the set of tables that new Views are taken from.
type shown struct {
	mem      *memdb.MemDB
	replaced chan struct{} // closed once a later set is shown
}

type counters struct{ updates, conflicts, reloads atomic.Int64 }

// Stats are numbers for metrics and for people.
type Stats struct {
	Revision  Revision
	Rows      map[string]int64 // hot rows by table
	Updates   int64            // commits by this node
	Conflicts int64            // runs of an Update that had to be repeated
	Reloads   int64            // times the watch fell behind compaction
	Age       time.Duration    // see DB.Age
	Missed    int64            // times the log did not say which revision is its newest
}

// Open loads all tables from the log, keeps them up to date, and returns when they show what was
// committed before the call; or what this node has, if the log has no leader and can be read without. The
// DB uses log until Close, and does not close it.
func Open(ctx context.Context, log Log, o Options, schemas ...Schema) (*DB, error) {
	db := &DB{log: log, slog: o.Log, byName: map[string]*declaration{}, cold: newColdCache(log), done: make(chan struct{})}
	if db.slog == nil {
		db.slog = slog.New(slog.DiscardHandler)
	}
	if db.fresh.bound = o.MaxAge; o.MaxAge == 0 {
		db.fresh.bound = time.Second
	}
	_, db.fresh.always = bare(log).(*memoryLog)
	for _, s := range schemas {
		for _, t := range s {
			db.tables = append(db.tables, t.declared())
		}
	}
	for _, d := range append([]*declaration{claimTable, fenceTable}, db.tables...) {
		if db.byName[d.name] != nil {
			return nil, fmt.Errorf("table %q is declared twice", d.name)
		}
		db.byName[d.name] = d
	}
	start := time.Now()
	at, err := db.load(ctx)
	for errors.Is(err, ErrNoLeader) && patiently(ctx, start) {
		at, err = db.load(ctx)
	}
	if err != nil {
		return nil, err
	}
	ctx, db.stop = context.WithCancel(context.WithoutCancel(ctx))
	go func() {
		defer close(db.done)
		var parts sync.WaitGroup
		parts.Go(func() { db.follow(ctx, at) })
		parts.Go(func() { db.pulse(ctx) })
		parts.Wait()
	}()
	return db, nil
}

// Close stops following the log. Views taken before stay readable.
func (db *DB) Close() {
	db.stop()
	<-db.done
}

// Revision tells which revision this node's tables show.
func (db *DB) Revision() Revision { return db.applied.now() }

// WaitFor blocks until this node's tables show the revision, or ctx ends.
func (db *DB) WaitFor(ctx context.Context, r Revision) error {
	if err := db.applied.wait(ctx, r); err != nil {
		return fault.Wrap(fault.Unavailable, err, "this node has not caught up with the change yet; try again")
	}
	return nil
}

// SetReadOnly makes every Update fail with reason, until it is called with nil.
func (db *DB) SetReadOnly(reason *fault.Error) { db.readOnly.Store(reason) }

// ReadOnly returns why Updates are refused now, or nil.
func (db *DB) ReadOnly() error {
	if f := db.readOnly.Load(); f != nil {
		return f
	}
	return nil
}

// Stats returns the DB's numbers as of now.
func (db *DB) Stats() Stats {
	return Stats{
		Revision: db.Revision(), Rows: db.counts.all(), Updates: db.stats.updates.Load(),
		Conflicts: db.stats.conflicts.Load(), Reloads: db.stats.reloads.Load(),
		Age: db.Age(), Missed: db.fresh.failed.Load(),
	}
}

// Update runs fn on the present moment and commits what it wrote if all it read is still so; else it
// runs fn again, as often as it takes. So fn reads and writes rows and does nothing else: time,
// randomness and ids are settled before. When Update returns nil the change is durable and this
// node's tables show it. An error from fn changes nothing and is returned as it is.
//
// What fn made of rows that may be old is not told: when it returns an error or writes nothing, and the
// tables are older than Options.MaxAge, the log is asked whether they are still current.
//
// A fault of kind Unavailable tells that the change is not known to have happened. If it wraps ErrNoSpace
// or ErrNoLeader, or if fn's outcome was to be told, it has not; else, or when ctx ended meanwhile, it may
// have, and may yet.
func (db *DB) Update(ctx context.Context, fn func(*Tx) error) error {
	start := time.Now()
	for {
		if err := db.ReadOnly(); err != nil {
			return err
		}
		done, err := db.attempt(ctx, fn)
		if errors.Is(err, ErrNoLeader) && patiently(ctx, start) {
			continue
		}
		if err != nil || done {
			return err
		}
		db.stats.conflicts.Add(1)
	}
}

// attempt runs fn once. It reports false when it must be run again, the tables having caught up.
func (db *DB) attempt(ctx context.Context, fn func(*Tx) error) (bool, error) {
	tx := db.begin()
	err := tx.run(ctx, fn)
	if err == nil {
		err = tx.err
	}
	if errors.Is(err, ErrCompacted) {
		return false, nil // the moment is too old for its cold rows
	}
	if err != nil || len(tx.ops) == 0 {
		settled, doubt := db.settled(ctx, tx)
		if doubt != nil {
			return true, doubt
		}
		if !settled {
			return false, nil
		}
		return true, err
	}
	keys := slices.Sorted(maps.Keys(tx.ops))
	// Writers on this node of the same keys take turns: that costs less than asking the log to judge.
	if err := db.locks.lock(ctx, keys); err != nil {
		return false, err
	}
	defer db.locks.unlock(keys)
	if db.moved(tx) {
		return false, nil
	}
	txn := tx.txn()
	if err := CheckTxn(txn); err != nil {
		return false, err // whoever wrote fn must make it smaller; trying again will not
	}
	rev, committed, err := db.log.Commit(ctx, txn)
	if err != nil {
		return false, commitFault(ctx, err)
	}
	if err := db.applied.wait(ctx, rev); err != nil {
		return false, fmt.Errorf("wait for the tables to show the commit: %w", err)
	}
	if committed {
		db.stats.updates.Add(1)
	}
	return committed, nil
}

// moved reports whether a guard is known to fail already.
func (db *DB) moved(tx *Tx) bool {
	now := db.shown.Load().mem.Txn(false)
	for key, want := range tx.guards {
		table, path := split(key)
		d := db.byName[table]
		if d == nil || !d.hot {
			continue
		}
		raw, err := now.First(table, "id", path)
		must(err)
		var have Revision
		if e, ok := raw.(*entry); ok {
			have = e.revision
		}
		if have != want {
			return true
		}
	}
	return false
}

func commitFault(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("commit: %w", err)
	case errors.Is(err, ErrNoSpace):
		return fault.Wrap(fault.Unavailable, err, "the registry is read-only because its disk or its store quota is full; free space and try again")
	case errors.Is(err, ErrNoLeader):
		f := fault.Wrap(fault.Unavailable, err, "nothing was changed, because this server does not reach enough of the others: try again, or ask another one")
		f.RetryAfter = time.Second
		return f
	default:
		f := fault.Wrap(fault.Unavailable, err, "it is not known whether the change was made, because the servers did not agree on it in time: look before you try again")
		f.RetryAfter = time.Second
		return f
	}
}

// keyLocks lets those who write the same keys take turns.
type keyLocks struct {
	mu   sync.Mutex // guards held
	held map[string]*keyLock
}

type keyLock struct {
	turn  chan struct{} // holds one token while locked
	users int
}

// lock takes all keys, which are sorted so that two callers cannot wait for each other.
func (l *keyLocks) lock(ctx context.Context, keys []string) error {
	for i, k := range keys {
		select {
		case l.enter(k).turn <- struct{}{}:
		case <-ctx.Done():
			l.leave(k)
			l.unlock(keys[:i])
			return ctx.Err()
		}
	}
	return nil
}

func (l *keyLocks) unlock(keys []string) {
	for _, k := range keys {
		<-l.leave(k).turn
	}
}

func (l *keyLocks) enter(key string) *keyLock {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held == nil {
		l.held = map[string]*keyLock{}
	}
	k := l.held[key]
	if k == nil {
		k = &keyLock{turn: make(chan struct{}, 1)}
		l.held[key] = k
	}
	k.users++
	return k
}

func (l *keyLocks) leave(key string) *keyLock {
	l.mu.Lock()
	defer l.mu.Unlock()
	k := l.held[key]
	if k.users--; k.users == 0 {
		delete(l.held, key)
	}
	return k
}

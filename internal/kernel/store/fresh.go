package store

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"hexhub/internal/kernel/fault"
)

const (
	beatEvery  = 250 * time.Millisecond // between one beat's answer and the next beat
	beatWithin = 2 * time.Second        // a beat that takes longer is given up
	unknownAge = 24 * time.Hour         // of tables that were loaded without a majority: older than any bound
	askWithin  = time.Second            // how long somebody waits to be told that the tables are fresh
)

// freshness is how recent the tables are known to be. That a watch is quiet proves nothing on a node that
// is cut off from the others. So the node asks the log again and again which revision is the newest, in a
// way that only a majority of the nodes can answer; as of the moment it asked, the tables were current.
//
// Only the monotonic clock counts: a stepped wall clock makes nothing older or younger.
type freshness struct {
	always bool          // the log is this process's own memory, which nothing can cut off
	bound  time.Duration // up to this age the tables are as good as current
	since  atomic.Pointer[time.Time]
	failed atomic.Int64
}

// bare returns the log itself, where others look on at what is done with it.
func bare(log Log) Log {
	for {
		l, ok := log.(interface{ Unwrap() Log })
		if !ok {
			return log
		}
		log = l.Unwrap()
	}
}

// local returns the revision up to which the log can be read without a majority, or zero if there is none. After
// a start it may be older than what was acknowledged.
func (db *DB) local() Revision {
	if l, ok := bare(db.log).(interface{ LocalRevision() Revision }); ok {
		return l.LocalRevision()
	}
	return 0
}

// current notes that the tables showed everything there was at start.
func (f *freshness) current(start time.Time) {
	for {
		old := f.since.Load()
		if old != nil && !start.After(*old) || f.since.CompareAndSwap(old, &start) {
			return
		}
	}
}

// Age tells how old what a View shows may be: the time since this node last asked the log for its newest
// revision and came to show it. A node that reaches the others stays well below a second.
func (db *DB) Age() time.Duration {
	if db.fresh.always {
		return 0
	}
	return time.Since(*db.fresh.since.Load())
}

// Fresh returns nil if what a View taken now shows is at most Options.MaxAge old, asking the log if need
// be. On a node that is cut off from the others it is Unavailable: what only some may see, and what somebody
// may no longer do, is not to be read there.
func (db *DB) Fresh(ctx context.Context) error {
	if db.Age() <= db.fresh.bound {
		return nil
	}
	_, err := db.confirm(ctx)
	return err
}

// CatchUp blocks until the tables show the revision, as WaitFor does. One that the log has not come to is not
// waited for: it is from before a restore, or made up, and may never be.
func (db *DB) CatchUp(ctx context.Context, r Revision) error {
	if r <= db.Revision() {
		return nil
	}
	newest, err := db.newest(ctx)
	if err != nil {
		return unconfirmed(err)
	}
	return db.WaitFor(ctx, min(r, newest))
}

// newest asks the log for its newest revision, linearizably.
func (db *DB) newest(ctx context.Context) (Revision, error) {
	page, err := db.log.Range(ctx, "\x00", "\x01", 0, 1) // holds no key
	return page.At, err
}

// confirm has the tables show all that was committed before the call, and returns the revision of that.
func (db *DB) confirm(ctx context.Context) (Revision, error) {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	at, err := db.beat(ctx)
	if err != nil {
		return 0, unconfirmed(err)
	}
	return at, nil
}

func unconfirmed(err error) error {
	f := fault.Wrap(fault.Unavailable, err, "this server does not reach enough of the others to know whether what it has seen is still so: try again, or ask another one")
	f.RetryAfter = time.Second
	return f
}

func (db *DB) beat(ctx context.Context) (Revision, error) {
	start := time.Now()
	at, err := db.newest(ctx)
	if err == nil {
		err = db.applied.wait(ctx, at)
	}
	if err != nil {
		db.fresh.failed.Add(1)
		return 0, fmt.Errorf("ask the log for its newest revision: %w", err)
	}
	db.fresh.current(start)
	return at, nil
}

// pulse beats until ctx ends.
func (db *DB) pulse(ctx context.Context) {
	if db.fresh.always {
		return
	}
	wait := time.NewTimer(beatEvery)
	defer wait.Stop()
	for {
		select {
		case <-wait.C:
		case <-ctx.Done():
			return
		}
		limited, cancel := context.WithTimeout(ctx, beatWithin)
		_, _ = db.beat(limited) // Age tells
		cancel()
		wait.Reset(beatEvery)
	}
}

// settled reports whether an outcome of tx that commits nothing may be told: tx's rows were current no longer
// ago than the bound, or are found to be so still. When it reports false, tx must be run again.
func (db *DB) settled(ctx context.Context, tx *Tx) (bool, error) {
	if db.Age() <= db.fresh.bound || ctx.Value(belief{}) != nil {
		return true, nil
	}
	at, err := db.confirm(ctx)
	return err == nil && tx.base >= at, err
}

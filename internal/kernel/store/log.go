package store

import (
	"context"
	"errors"
	"time"
)

// A Revision counts commits: the log's first is greater than zero, each later one greater still.
type Revision int64

// A Record is a key with its value as of some revision.
type Record struct {
	Key      string
	Value    []byte
	Revision Revision // of the commit that wrote this value

	// At is when that commit was asked for, by the clock of the node that was asked, to the microsecond.
	At time.Time
}

// A Change is what one commit did to one key.
type Change struct {
	Record       // Revision is that of the commit; when Deleted, Value is nil and At zero
	Deleted bool // the key is gone as of Revision
}

// A Guard demands that a key was last written by the given revision; zero demands that it is absent.
type Guard struct {
	Key      string
	Revision Revision
}

// An Op writes or deletes one key. A transaction names each key at most once.
type Op struct {
	Key    string
	Value  []byte
	Delete bool
}

// A Txn is applied whole, if all its guards hold at that moment, or not at all.
type Txn struct {
	Guards []Guard
	Ops    []Op
}

// A Page is a run of records in key order at one revision.
type Page struct {
	Records []Record
	At      Revision // the revision the page shows
	More    bool     // records remain after the last one
}

// The bounds of one transaction. A larger change is a job in steps.
const (
	MaxOps   = 1000    // guards, and likewise operations
	MaxValue = 1 << 20 // bytes of one value; rows should stay under a tenth of it
	MaxTxn   = 1400 << 10
)

// ErrCompacted is returned by Range and Watch for a revision whose history is forgotten.
var ErrCompacted = errors.New("revision is compacted")

// ErrNoSpace is returned by Commit when the log may not grow: its quota or its disk is used up.
// Nothing was written.
var ErrNoSpace = errors.New("log is out of space")

// ErrNoLeader is returned by Commit, and by a linearizable Range, on a node that knows no leader: it is cut
// off from a majority of the nodes, or they are about to agree on one. Nothing was written.
var ErrNoLeader = errors.New("log has no leader")

// ErrDamaged is returned by Range and Watch when a record is not what was committed.
var ErrDamaged = errors.New("it is not what was written; the disk or the memory is failing: replace it, and copy this node anew from another or from a backup")

// A Log is the replicated, durable order of all commits. Implementations are safe for concurrent
// use. What Commit acknowledges survives a crash of this process, and of a minority of nodes.
//
// An error from Commit other than ErrNoSpace and ErrNoLeader may leave the outcome unknown: the commit can
// still take effect. The watch tells.
type Log interface {
	// Commit applies txn if its guards hold. It reports whether they did, and the revision the commit
	// made or, if they did not, at which the guards were judged.
	Commit(ctx context.Context, txn Txn) (Revision, bool, error)

	// Range returns at most limit records with from ≤ key < to, in key order, as of revision at.
	// A zero at means now, linearizably: no older than any commit acknowledged before the call.
	Range(ctx context.Context, from, to string, at Revision, limit int) (Page, error)

	// Watch calls apply with the changes of every revision after the given one, whole revisions in
	// order, several at a time when it is behind; changes may be empty when only time has passed.
	// through is the last revision that apply now knows all about. It blocks until ctx ends, apply
	// fails or the log does, and returns ErrCompacted when after lies before the kept history.
	Watch(ctx context.Context, after Revision, apply func(changes []Change, through Revision) error) error

	// Compact forgets the history before the revision; current values stay.
	Compact(ctx context.Context, before Revision) error

	// Close releases what the log holds. No method may be called afterwards.
	Close() error
}

// PrefixEnd returns the end of the key range that holds exactly the keys starting with prefix.
func PrefixEnd(prefix string) string {
	b := []byte(prefix)
	for i := len(b) - 1; i >= 0; i-- {
		if b[i] < 0xff {
			b[i]++
			return string(b[:i+1])
		}
	}
	return "\xff"
}

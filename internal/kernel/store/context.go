package store

import (
	"context"
	"time"
)

type condition struct{}

// OnlyIf returns a context whose every Update first runs check, in the same transaction: what check reads is
// guarded with all the rest, and its error ends the Update. So whoever may act only while something is so, such
// as being the leader, cannot commit once it is not, however late he comes; and whoever does the Update for him
// need not know. The latest condition counts.
func OnlyIf(ctx context.Context, check func(*Tx) error) context.Context {
	return context.WithValue(ctx, condition{}, check)
}

type patience struct{}

const retryEvery = 100 * time.Millisecond

// Patient returns a context with which Open, and each Update, waits for so long for the log to have a leader,
// where others fail at once. It is for what nothing can go on without.
func Patient(ctx context.Context, within time.Duration) context.Context {
	return context.WithValue(ctx, patience{}, within)
}

// patiently reports whether what began at start and found no leader is to be tried again, after a little while.
func patiently(ctx context.Context, start time.Time) bool {
	if within, _ := ctx.Value(patience{}).(time.Duration); time.Since(start) >= within {
		return false
	}
	select {
	case <-time.After(retryEvery):
		return true
	case <-ctx.Done():
		return false
	}
}

type belief struct{}

// Believing returns a context whose Updates believe tables of any age when they commit nothing. It is for what
// only has to be done once, and was done if the tables say so, however old they are.
func Believing(ctx context.Context) context.Context { return context.WithValue(ctx, belief{}, true) }

// run runs fn, if the context's condition holds.
func (tx *Tx) run(ctx context.Context, fn func(*Tx) error) error {
	if check, ok := ctx.Value(condition{}).(func(*Tx) error); ok {
		if err := check(tx); err != nil {
			return err
		}
	}
	return fn(tx)
}

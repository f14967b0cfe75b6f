// Package lastuse notes when things were last used, and hands the notes out to be written: for each thing at
// most one in five minutes, some seconds later, many in one go.
//
// It knows keys and times; what is used and what a note holds is its caller's. A note that cannot be written
// is lost: the next use will tell.
package lastuse

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"
)

// Grain is how far apart two notes of one thing are, as on hex.pm. Whoever writes a note asks again, since
// other nodes note as well.
const Grain = 5 * time.Minute

const (
	writeEvery = 10 * time.Second
	batch      = 200             // notes written at a time
	writeTime  = 5 * time.Second // for all that is written in one go
)

// Notes are those that are not written yet, and when each thing's was last made. Note real things only: then
// it holds no more than are in use. It is safe for concurrent use.
type Notes[T any] struct {
	mu    sync.Mutex // guards all below
	noted map[string]time.Time
	fresh map[string]T
}

// New returns no notes.
func New[T any]() *Notes[T] { return &Notes[T]{noted: map[string]time.Time{}, fresh: map[string]T{}} }

// Due reports whether a note of the thing is to be made now. Who is told so makes it with Add.
func (n *Notes[T]) Due(key string, at time.Time) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if last, ok := n.noted[key]; ok && at.Sub(last) < Grain {
		return false
	}
	n.noted[key] = at
	return true
}

// Add makes the note that was due.
func (n *Notes[T]) Add(key string, note T) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.fresh[key] = note
}

// take returns what is to be written, and forgets it and what is too old to hold back another note.
func (n *Notes[T]) take() []T {
	at := time.Now()
	n.mu.Lock()
	defer n.mu.Unlock()
	maps.DeleteFunc(n.noted, func(_ string, last time.Time) bool { return at.Sub(last) >= Grain })
	out := slices.Collect(maps.Values(n.fresh))
	clear(n.fresh)
	return out
}

// Run has the notes written until ctx ends, and once more before it returns. Write logs what fails.
func (n *Notes[T]) Run(ctx context.Context, write func(context.Context, []T)) {
	tick := time.NewTicker(writeEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		select {
		case <-tick.C:
			n.write(ctx, write)
		case <-ctx.Done():
		}
	}
	n.write(ctx, write)
}

// write is not cut short when the end comes, or what it took would be lost.
func (n *Notes[T]) write(ctx context.Context, write func(context.Context, []T)) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTime)
	defer cancel()
	for some := range slices.Chunk(n.take(), batch) {
		write(ctx, some)
	}
}

package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"hexhub/internal/kernel/store"
)

// patience bounds every wait for another goroutine; only a broken store takes so long.
const patience = 30 * time.Second

// A watcher records what a watch tells, and checks that it tells whole revisions in order.
type watcher struct {
	t    testing.TB
	stop func() // ends the watch and waits for its goroutine

	mu    sync.Mutex // guards all below
	told  []string   // "REVISION key=value", or "REVISION -key"
	known store.Revision
	moved chan struct{} // closed and replaced whenever known moves
}

// follow watches the log until the test ends.
func follow(t testing.TB, log store.Log, after store.Revision) *watcher {
	ctx, cancel := context.WithCancel(context.Background())
	w := &watcher{t: t, known: after, moved: make(chan struct{})}
	var done sync.WaitGroup
	done.Go(func() {
		if err := log.Watch(ctx, after, w.apply); !errors.Is(err, context.Canceled) {
			t.Errorf("Watch after %d ended: %v", after, err)
		}
	})
	w.stop = func() {
		cancel()
		done.Wait()
	}
	t.Cleanup(w.stop)
	return w
}

func (w *watcher) apply(changes []store.Change, through store.Revision) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if through < w.known {
		w.t.Errorf("told through %d after %d", through, w.known)
	}
	last := w.known + 1
	var lines []string
	for _, c := range changes {
		if c.Revision < last || c.Revision > through {
			w.t.Errorf("told a change of revision %d within (%d, %d], after one of %d", c.Revision, w.known, through, last)
		}
		last = c.Revision
		if c.Deleted {
			if c.Value != nil {
				w.t.Errorf("deletion of %s has value %q", c.Key, c.Value)
			}
			lines = append(lines, fmt.Sprintf("%d -%s", c.Revision, c.Key))
		} else {
			lines = append(lines, fmt.Sprintf("%d %s=%s", c.Revision, c.Key, c.Value))
		}
	}
	w.told = append(w.told, inOrder(lines)...)
	w.known = through
	close(w.moved)
	w.moved = make(chan struct{})
	return nil
}

// inOrder sorts the changes within each revision by key: their order is nobody's promise.
func inOrder(lines []string) []string {
	revision := func(s string) (r int64) {
		fmt.Sscan(s, &r)
		return r
	}
	key := func(s string) string {
		var r int64
		var k string
		fmt.Sscan(s, &r, &k)
		if len(k) > 0 && k[0] == '-' {
			return k[1:]
		}
		return k
	}
	slices.SortStableFunc(lines, func(a, b string) int {
		if d := revision(a) - revision(b); d != 0 {
			return int(d)
		}
		if key(a) < key(b) {
			return -1
		}
		return 1
	})
	return lines
}

// through waits until the watch knows all about rev.
func (w *watcher) through(rev store.Revision) {
	w.t.Helper()
	late := time.After(patience)
	for {
		w.mu.Lock()
		known, moved := w.known, w.moved
		w.mu.Unlock()
		if known >= rev {
			return
		}
		select {
		case <-moved:
		case <-late:
			w.t.Fatalf("the watch knows %d, and not %d after %v", known, rev, patience)
		}
	}
}

func (w *watcher) lines() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.told)
}

package backup

import (
	"context"
	"errors"
	"time"

	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/store"
)

const (
	sealEvery = 5 * time.Second // while there are changes
	sealSize  = 8 << 20         // bytes of changes at which a segment is sealed at once
)

// An archiver seals what happens into segments.
type archiver struct {
	*keeper

	at   store.Revision // everything up to it is sealed
	prev blob.Hash      // of the segment that ends there, or zero
	last time.Time      // when the last commit was made

	pending []commit
	through store.Revision // what pending knows all about
	size    int
}

// resume finds where the set's history ends, which must be behind one of its snapshots. It reports false for
// a set without one.
func (a *archiver) resume(ctx context.Context) (bool, error) {
	snapshots, err := a.set.snapshots(ctx)
	if err != nil || len(snapshots) == 0 {
		return false, err
	}
	newest := snapshots[len(snapshots)-1]
	a.begin(newest.Revision, newest.At)
	places, err := a.set.places(ctx)
	if err != nil {
		return false, err
	}
	for next, ok := furthest(places, a.at); ok; next, ok = furthest(places, a.at) {
		_, hash, err := a.set.segment(ctx, next, func(commit) error { return nil })
		if err != nil {
			return false, err
		}
		a.at, a.prev, a.last = next.last, hash, next.to
	}
	return true, nil
}

// begin starts a chain behind a snapshot.
func (a *archiver) begin(at store.Revision, asOf time.Time) {
	a.at, a.prev, a.last = at, blob.Hash{}, asOf
}

// run archives until ctx ends, or something fails: what was not sealed then is read again. It returns
// store.ErrCompacted when the log has forgotten what should come next.
func (a *archiver) run(ctx context.Context, every time.Duration) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	a.pending, a.through, a.size = nil, a.at, 0
	type batch struct {
		changes []store.Change
		through store.Revision
	}
	batches, ended := make(chan batch), make(chan error, 1)
	go func() {
		ended <- a.from.Log.Watch(ctx, a.at, func(changes []store.Change, through store.Revision) error {
			select {
			case batches <- batch{changes, through}:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	}()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		var due bool
		select {
		case b := <-batches:
			a.add(b.changes, b.through)
			due = a.size >= sealSize
		case <-tick.C:
			due = len(a.pending) > 0
		case err := <-ended:
			return err
		}
		if !due {
			continue
		}
		if err := a.write(ctx); err != nil {
			stop()
			if was := <-ended; !errors.Is(was, context.Canceled) {
				err = errors.Join(err, was)
			}
			return err
		}
	}
}

// add takes whole revisions in order. Their times never go back.
func (a *archiver) add(changes []store.Change, through store.Revision) {
	seen := store.Now()
	for i, x := range changes {
		if n := len(a.pending); n == 0 || a.pending[n-1].Revision != x.Revision {
			if at := madeAt(changes[i:], seen); at.After(a.last) {
				a.last = at
			}
			a.pending = append(a.pending, commit{Revision: x.Revision, At: a.last})
		}
		c := &a.pending[len(a.pending)-1]
		c.Changes = append(c.Changes, x)
		a.size += len(x.Key) + len(x.Value)
	}
	a.through = through
}

// madeAt is when the first of the changes was made. Those that only delete don't say, and are then as old as the
// next that does. None is from the future, whatever the clock of its node.
func madeAt(changes []store.Change, seen time.Time) time.Time {
	for _, x := range changes {
		if x.At.IsZero() {
			continue
		}
		if x.At.Before(seen) {
			return x.At
		}
		break
	}
	return seen
}

// write seals what is pending: blobs first, then the segment that names them, then the head that names it.
func (a *archiver) write(ctx context.Context) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	g := Segment{
		Set: a.set.ID, First: a.at + 1, Last: a.through, Prev: a.prev,
		From: a.pending[0].At, To: a.pending[len(a.pending)-1].At, Commits: len(a.pending),
	}
	if err := a.copyBlobs(ctx, &g); err != nil {
		return err
	}
	hash, err := a.set.putSegment(ctx, g, a.pending)
	if err != nil {
		return err
	}
	a.head.Segment, a.head.Hash, a.head.At = g.name(), hash, g.To
	if err := a.putHead(ctx); err != nil {
		return err
	}
	a.at, a.prev, a.pending, a.size = g.Last, hash, nil, 0
	return nil
}

func (a *archiver) copyBlobs(ctx context.Context, g *Segment) error {
	seen := map[blob.Hash]bool{}
	for _, c := range a.pending {
		for _, x := range c.Changes {
			if x.Deleted {
				continue
			}
			named, err := namedBy(a.from.Names, x.Key, x.Value, c.At)
			if err != nil {
				return err
			}
			for _, h := range named {
				if seen[h] {
					continue
				}
				seen[h] = true
				g.Blobs = append(g.Blobs, h)
				there, err := a.set.needBlob(ctx, a.from.Blobs, h)
				if err != nil {
					return err
				}
				if !there {
					g.Missing = append(g.Missing, h)
				}
			}
		}
	}
	return nil
}

// needBlob sees to it that the set has a blob. It reports false if neither the set nor the server has it.
func (s *Set) needBlob(ctx context.Context, from blob.Store, h blob.Hash) (bool, error) {
	there, err := s.names(ctx, s.blobName(h))
	if err != nil || len(there) > 0 {
		return err == nil, err
	}
	return s.copyBlob(ctx, from, h)
}

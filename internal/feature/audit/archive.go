package audit

import (
	"context"
	"fmt"
	"time"

	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/id"
	"hexhub/internal/kernel/store"
)

const (
	fullRun = 5000                // entries in a segment
	patient = 30 * 24 * time.Hour // for so long old entries wait for a segment to fill
	atOnce  = 50                  // segments that one Archive makes
	maxOps  = 800                 // of one Update, which is some less than the log allows
)

// Archive moves entries from before a time out of rows into sealed segments, and returns how many it
// made. They are found as before. It may be stopped at any point, and run on several nodes at once:
//
// A blob is durable before its row is committed; entries leave their rows after it; the next segment is
// not begun before all have left. In between an entry is in both, and readers take it once.
func (a *Audit) Archive(ctx context.Context, before time.Time) (made int, err error) {
	for made < atOnce {
		last, found := lastSegment(a.db.View())
		if found && !last.Cleared {
			if err := a.clear(ctx, last); err != nil {
				return made, err
			}
		}
		done, err := a.archiveNext(ctx, last, before)
		if err != nil || !done {
			return made, err
		}
		made++
	}
	return made, nil
}

// lastSegment returns the newest segment, a zero one if there is none.
func lastSegment(v *store.View) (last Segment, found bool) {
	for s := range segments.All(v) {
		last, found = s, true
	}
	return last, found
}

// archiveNext makes the segment that follows last, and reports whether there was enough for one.
func (a *Audit) archiveNext(ctx context.Context, last Segment, before time.Time) (bool, error) {
	run, err := a.oldRun(ctx, before)
	if err != nil || len(run) == 0 {
		return false, err
	}
	s, err := a.pack(ctx, last.Number+1, last.Blob, run)
	if err != nil {
		return false, err
	}
	if err := a.hint(ctx, s.Number, run[:s.Entries]); err != nil {
		return false, err
	}
	mine, err := a.commit(ctx, s)
	if err != nil || !mine {
		return false, err // another node made it: its blob is the one, and ours is swept
	}
	return true, a.clear(ctx, s)
}

// oldRun returns what a segment should hold: the newest of the entries from before a time, if they fill
// one or the oldest of them has waited long enough.
func (a *Audit) oldRun(ctx context.Context, before time.Time) ([]Entry, error) {
	var run []Entry
	v, after := a.db.View(), id.Floor(before.Add(-time.Nanosecond))
	for len(run) < a.o.Run {
		page, next, err := entries.Page(ctx, v, "", after, min(pageEntries, a.o.Run-len(run)))
		if err != nil {
			return nil, fmt.Errorf("read old audit entries: %w", err)
		}
		run = append(run, page...)
		if after = next; next == "" {
			break
		}
	}
	if n := len(run); n < a.o.Run && (n == 0 || run[n-1].At.After(before.Add(-patient))) {
		return nil, nil
	}
	return run, nil
}

// hint notes whom the entries concern, before the segment is there: hints of no segment mislead nobody.
func (a *Audit) hint(ctx context.Context, number int, run []Entry) error {
	var all []hint
	seen := map[string]bool{}
	for _, e := range run {
		for _, ref := range e.Refs {
			if !seen[ref] {
				seen[ref] = true
				all = append(all, hint{ref, number})
			}
		}
	}
	return a.steps(ctx, len(all), func(int) int { return 1 }, func(tx *store.Tx, i int) { hints.Put(tx, all[i]) })
}

// commit makes the segment one, and reports false if there is one of its number already.
func (a *Audit) commit(ctx context.Context, s Segment) (mine bool, err error) {
	err = a.db.Update(ctx, func(tx *store.Tx) error {
		mine = false
		if _, taken := segments.Get(tx, segmentKey(s.Number)); taken {
			return nil
		}
		prev, ok := segments.Get(tx, segmentKey(s.Number-1))
		if s.Number > 1 && (!ok || !prev.Cleared) || prev.Blob != s.Prev {
			return nil
		}
		segments.Put(tx, s)
		mine = true
		return nil
	})
	return mine, err
}

// clear deletes the rows of what the segment holds, having read it back.
func (a *Audit) clear(ctx context.Context, s Segment) error {
	held, err := a.open(ctx, s)
	if err != nil {
		return err
	}
	err = a.steps(ctx, len(held), func(i int) int { return 1 + len(held[i].Refs) }, func(tx *store.Tx, i int) {
		entries.Delete(tx, held[i].ID)
		for _, ref := range held[i].Refs {
			links.Delete(tx, linkKey(link{ref, held[i].ID}))
		}
	})
	if err != nil {
		return err
	}
	return a.db.Update(ctx, func(tx *store.Tx) error {
		if now, ok := segments.Get(tx, segmentKey(s.Number)); ok && !now.Cleared {
			now.Cleared = true
			segments.Put(tx, now)
		}
		return nil
	})
}

// steps does n things in as few Updates as the log allows, each costing some operations.
func (a *Audit) steps(ctx context.Context, n int, cost func(i int) int, do func(tx *store.Tx, i int)) error {
	for from := 0; from < n; {
		to, ops := from, 0
		for to < n && (to == from || ops+cost(to) <= maxOps) {
			ops += cost(to)
			to++
		}
		err := a.db.Update(ctx, func(tx *store.Tx) error {
			for i := from; i < to; i++ {
				do(tx, i)
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("archive the audit log: %w", err)
		}
		from = to
	}
	return nil
}

// opened is the segment that was read last, since pages follow each other.
type opened struct {
	hash    blob.Hash
	entries []Entry
}

package store

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// NewMemory returns a log kept in this process's memory, for tests and throw-away servers. It keeps
// the same laws as the durable log, but for surviving the process.
func NewMemory() Log {
	return &memoryLog{versions: map[string][]Change{}, last: 1, grown: make(chan struct{})}
}

type memoryLog struct {
	mu       sync.Mutex          // guards all below
	keys     []string            // every key that has history, sorted
	versions map[string][]Change // by key, oldest first
	history  []Change            // all changes after compacted, in order
	floor    Revision            // history before it is forgotten
	last     Revision
	grown    chan struct{} // closed and replaced at every commit
}

func (m *memoryLog) Commit(ctx context.Context, txn Txn) (Revision, bool, error) {
	if err := CheckTxn(txn); err != nil {
		return 0, false, err
	}
	if err := ctx.Err(); err != nil {
		return 0, false, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, g := range txn.Guards {
		if m.revisionOf(g.Key) != g.Revision {
			return m.last, false, nil
		}
	}
	if len(txn.Ops) == 0 {
		return m.last, true, nil
	}
	next, at, changed := m.last+1, Now(), false
	for _, op := range txn.Ops {
		if op.Delete && m.revisionOf(op.Key) == 0 {
			continue
		}
		changed = true
		c := Change{Record: Record{Key: op.Key, Revision: next}, Deleted: op.Delete}
		if !op.Delete {
			c.Value, c.At = slices.Clone(op.Value), at
		}
		if at, ok := slices.BinarySearch(m.keys, op.Key); !ok {
			m.keys = slices.Insert(m.keys, at, op.Key)
		}
		m.versions[op.Key] = append(m.versions[op.Key], c)
		m.history = append(m.history, c)
	}
	if changed {
		m.last = next
		close(m.grown)
		m.grown = make(chan struct{})
	}
	return m.last, true, nil
}

func (m *memoryLog) revisionOf(key string) Revision {
	vs := m.versions[key]
	if len(vs) == 0 || vs[len(vs)-1].Deleted {
		return 0
	}
	return vs[len(vs)-1].Revision
}

func (m *memoryLog) Range(ctx context.Context, from, to string, at Revision, limit int) (Page, error) {
	if err := ctx.Err(); err != nil {
		return Page{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case at == 0:
		at = m.last
	case at < m.floor:
		return Page{}, ErrCompacted
	case at > m.last:
		return Page{}, fmt.Errorf("revision %d is in the future of %d", at, m.last)
	}
	p := Page{At: at}
	first, _ := slices.BinarySearch(m.keys, from)
	for _, k := range m.keys[first:] {
		if k >= to {
			break
		}
		rec, ok := recordAt(m.versions[k], at)
		if !ok {
			continue
		}
		if len(p.Records) == limit {
			p.More = true
			break
		}
		p.Records = append(p.Records, rec)
	}
	return p, nil
}

func recordAt(versions []Change, at Revision) (Record, bool) {
	for _, c := range slices.Backward(versions) {
		if c.Revision <= at {
			return c.Record, !c.Deleted
		}
	}
	return Record{}, false
}

func (m *memoryLog) Watch(ctx context.Context, after Revision, apply func([]Change, Revision) error) error {
	for {
		m.mu.Lock()
		if after+1 < m.floor {
			m.mu.Unlock()
			return ErrCompacted
		}
		at, _ := slices.BinarySearchFunc(m.history, after+1, func(c Change, r Revision) int { return int(c.Revision - r) })
		batch, through, grown := slices.Clone(m.history[at:]), m.last, m.grown
		m.mu.Unlock()
		if through > after {
			if err := apply(batch, through); err != nil {
				return err
			}
			after = through
			continue
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (m *memoryLog) Compact(_ context.Context, before Revision) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if before > m.last {
		return fmt.Errorf("revision %d is in the future of %d", before, m.last)
	}
	if before <= m.floor {
		return ErrCompacted
	}
	m.floor = before
	m.history = slices.DeleteFunc(m.history, func(c Change) bool { return c.Revision < before })
	m.keys = slices.DeleteFunc(m.keys, func(k string) bool {
		vs := m.versions[k]
		keep := len(vs) - 1
		for keep > 0 && vs[keep].Revision > before {
			keep--
		}
		if vs = vs[keep:]; len(vs) == 1 && vs[0].Deleted && vs[0].Revision <= before {
			delete(m.versions, k)
			return true
		}
		m.versions[k] = vs
		return false
	})
	return nil
}

func (m *memoryLog) Close() error { return nil }

// Now is the time as logs tell it.
func Now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// CheckTxn returns why a log must refuse txn, if it must: too large, or a key named twice.
func CheckTxn(txn Txn) error {
	if len(txn.Guards) > MaxOps || len(txn.Ops) > MaxOps {
		return fmt.Errorf("transaction has %d guards and %d operations; the limit is %d each: split it into steps", len(txn.Guards), len(txn.Ops), MaxOps)
	}
	size, seen := 0, make(map[string]struct{}, len(txn.Ops))
	for _, op := range txn.Ops {
		if _, twice := seen[op.Key]; twice {
			return fmt.Errorf("transaction writes %q twice", op.Key)
		}
		seen[op.Key] = struct{}{}
		if len(op.Value) > MaxValue {
			return fmt.Errorf("value of %q is %d bytes; the limit is %d: keep large things in blobs", op.Key, len(op.Value), MaxValue)
		}
		size += len(op.Key) + len(op.Value)
	}
	if size > MaxTxn {
		return fmt.Errorf("transaction is %d bytes; the limit is %d: split it into steps", size, MaxTxn)
	}
	return nil
}

package blob

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"maps"
	"math"
	"slices"
	"sync"
	"time"
)

// Memory is a Store that forgets everything with the process. Its zero value is empty and ready.
type Memory struct {
	mu    sync.RWMutex // guards blobs; the bytes themselves never change
	blobs map[Hash]stored
}

type stored struct {
	heap
	modified time.Time
}

// heap is bytes in memory as a source.
type heap struct{ *bytes.Reader }

func (heap) Close() error { return nil }

// Put implements Store.
func (m *Memory) Put(ctx context.Context, r io.Reader) (Hash, int64, error) {
	s, ok := r.(*Spooled)
	if !ok {
		var err error
		if s, err = m.Spool(ctx, r, math.MaxInt64); err != nil {
			return Hash{}, 0, err
		}
	}
	b, ok := s.rest.(heap)
	if !ok {
		return m.Put(ctx, io.NewSectionReader(s, 0, s.Size()))
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.blobs == nil {
		m.blobs = make(map[Hash]stored)
	}
	m.blobs[s.hash] = stored{b, time.Now()}
	return s.hash, s.Size(), nil
}

// Spool implements Store.
func (m *Memory) Spool(ctx context.Context, r io.Reader, max int64) (*Spooled, error) {
	var buf bytes.Buffer
	h, size, err := copyHashed(ctx, &buf, r, max)
	if err != nil {
		return nil, err
	}
	return newSpooled(heap{bytes.NewReader(buf.Bytes())}, h, size), nil
}

func (m *Memory) get(h Hash) (stored, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	b, ok := m.blobs[h]
	if !ok {
		return stored{}, fmt.Errorf("blob %s: %w", h, ErrNotFound)
	}
	return b, nil
}

// Open implements Store.
func (m *Memory) Open(_ context.Context, h Hash) (Reader, error) {
	b, err := m.get(h)
	if err != nil {
		return nil, err
	}
	return verify(b.heap, h, b.Size(), func() {}), nil
}

// Stat implements Store.
func (m *Memory) Stat(_ context.Context, h Hash) (Info, error) {
	b, err := m.get(h)
	if err != nil {
		return Info{}, err
	}
	return Info{h, b.Size(), b.modified}, nil
}

// Check implements Store. Memory does not rot, so a blob that is there is right.
func (m *Memory) Check(_ context.Context, h Hash) error {
	_, err := m.get(h)
	return err
}

// Delete implements Store.
func (m *Memory) Delete(_ context.Context, h Hash, before time.Time) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	b, ok := m.blobs[h]
	if !ok || !b.modified.Before(before) {
		return false, nil
	}
	delete(m.blobs, h)
	return true, nil
}

// Walk implements Store.
func (m *Memory) Walk(ctx context.Context) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		m.mu.RLock()
		hashes := slices.SortedFunc(maps.Keys(m.blobs), func(a, b Hash) int { return bytes.Compare(a[:], b[:]) })
		m.mu.RUnlock()
		for _, h := range hashes {
			if err := ctx.Err(); err != nil {
				yield(Info{}, fmt.Errorf("walk blobs: %w", err))
				return
			}
			info, err := m.Stat(ctx, h)
			if err != nil {
				continue // deleted meanwhile
			}
			if !yield(info, nil) {
				return
			}
		}
	}
}

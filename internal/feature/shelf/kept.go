package shelf

import (
	"sync"
	"time"

	"hexhub/internal/kernel/store"
)

// kept holds what was read from a View for as long as the rows that were read stand, and after that for as long as
// it may be old. One caller reads anew; meanwhile the others get what there was, if there may be something old.
type kept[T any] struct {
	rest time.Duration // for how long what no longer stands is good enough

	reading sync.Mutex // held by whoever reads anew
	mu      sync.Mutex // guards all below
	view    *store.View
	at      time.Time
	value   T
}

func (k *kept[T]) get(db *store.DB, read func(*store.View) T) T {
	if value, ok := k.fresh(); ok {
		return value
	}
	if !k.reading.TryLock() {
		if value, ok := k.old(); ok {
			return value
		}
		k.reading.Lock()
	}
	defer k.reading.Unlock()
	if value, ok := k.fresh(); ok {
		return value
	}
	at := time.Now()
	v := db.View()
	value := read(v)
	v.Close()
	k.mu.Lock()
	defer k.mu.Unlock()
	k.view, k.at, k.value = v, at, value
	return value
}

func (k *kept[T]) fresh() (value T, ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.view == nil || k.view.Stale() && time.Since(k.at) >= k.rest {
		return value, false
	}
	return k.value, true
}

// old returns what there was, where something old is good enough.
func (k *kept[T]) old() (value T, ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.value, k.view != nil && k.rest > 0
}

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

// get returns what there is, having told saw, unless that is nil, from which View.
func (k *kept[T]) get(db *store.DB, saw func(*store.View), read func(*store.View) T) T {
	value, v := k.find(db, read)
	if saw != nil {
		saw(v)
	}
	return value
}

func (k *kept[T]) find(db *store.DB, read func(*store.View) T) (T, *store.View) {
	if value, v, ok := k.fresh(); ok {
		return value, v
	}
	if !k.reading.TryLock() {
		if value, v, ok := k.old(); ok {
			return value, v
		}
		k.reading.Lock()
	}
	defer k.reading.Unlock()
	if value, v, ok := k.fresh(); ok {
		return value, v
	}
	at := time.Now()
	v := db.View()
	value := read(v)
	v.Close()
	k.mu.Lock()
	defer k.mu.Unlock()
	k.view, k.at, k.value = v, at, value
	return value, v
}

func (k *kept[T]) fresh() (value T, v *store.View, ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.view == nil || k.view.Stale() && time.Since(k.at) >= k.rest {
		return value, nil, false
	}
	return k.value, k.view, true
}

// old returns what there was, where something old is good enough.
func (k *kept[T]) old() (value T, v *store.View, ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.value, k.view, k.view != nil && k.rest > 0
}

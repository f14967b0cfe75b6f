// Package keep remembers what was dear to make, up to a number of bytes, and forgets that first which was not asked for
// longest.
//
// It knows keys and how large what it keeps is said to be; it refuses to know what that is, and whether it still holds:
// what is kept here should be true for ever, such as what was made of bytes that the key is the checksum of.
package keep

import (
	"container/list"
	"sync"
)

// overhead is what something kept takes beside its bytes.
const overhead = 512

// A Shelf keeps values by their keys. It is safe for concurrent use.
type Shelf[K comparable, V any] struct {
	bytes int

	mu    sync.Mutex // guards all below
	left  int        // bytes that may be put in besides
	order *list.List // of *item, those asked for lately in front
	by    map[K]*list.Element
}

type item[K comparable, V any] struct {
	key   K
	value V
	size  int
}

// New returns an empty shelf for as many bytes.
func New[K comparable, V any](bytes int) *Shelf[K, V] {
	return &Shelf[K, V]{bytes: bytes, left: bytes, order: list.New(), by: map[K]*list.Element{}}
}

// Get returns the value that is kept under a key.
func (s *Shelf[K, V]) Get(key K) (value V, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.by[key]
	if !ok {
		return value, false
	}
	s.order.MoveToFront(e)
	return e.Value.(*item[K, V]).value, true
}

// Put keeps a value that takes size bytes, unless it alone exceeds what may be kept: then nothing has to go for it, but what
// was kept under its key.
func (s *Shelf[K, V]) Put(key K, value V, size int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e, ok := s.by[key]; ok {
		s.drop(e)
	}
	if size += overhead; size > s.bytes {
		return
	}
	s.by[key] = s.order.PushFront(&item[K, V]{key, value, size})
	for s.left -= size; s.left < 0; {
		s.drop(s.order.Back())
	}
}

func (s *Shelf[K, V]) drop(e *list.Element) {
	i := s.order.Remove(e).(*item[K, V])
	delete(s.by, i.key)
	s.left += i.size
}

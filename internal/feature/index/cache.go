package index

import (
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"hexhub/internal/feature/catalog"
	"hexhub/internal/kernel/store"
)

// A key names a file. The lists of a repository have no package name, nor have its policies.
type key struct {
	kind   kind
	ref    catalog.Ref
	policy string // of policies only
}

type kind uint8

const (
	packageFile kind = iota
	namesFile
	versionsFile
	policyFile
)

// derived is a file with what tells whether it still holds. It never changes once it is kept.
type derived struct {
	File
	view  *store.View // closed
	at    time.Time   // when it was made
	parts parts       // what a list was put together from; nil for other files
}

func (d *derived) isFresh() bool { return !d.view.Stale() }

// servesList reports whether a list is good enough for a reader who knows of the revision since.
func (d *derived) servesList(since store.Revision) bool {
	return d.isFresh() || d.view.Revision() >= since && time.Since(d.at) < lull
}

// weight is what keeping the file takes, in bytes.
func (d *derived) weight() int64 {
	const besides = 1024 // the view's channels, keys, the slot
	return int64(len(d.Body)) + d.parts.weight() + besides
}

// A slot is the place of one file.
type slot struct {
	turn sync.Mutex              // held by whoever makes the file
	now  atomic.Pointer[derived] // nil until it is made
}

// A cache keeps the files asked for last, up to a weight. It may hold files that are stale.
type cache struct {
	max int64

	mu    sync.Mutex // guards slots and weight
	slots *simplelru.LRU[key, *slot]
	total int64 // weight of all files in slots
}

func newCache(limit int64) *cache {
	slots, _ := simplelru.NewLRU[key, *slot](math.MaxInt, nil) // fails only for a size below one
	return &cache{max: limit, slots: slots}
}

// get returns the file as it was made last, or nil.
func (c *cache) get(k key) *derived {
	c.mu.Lock()
	s, ok := c.slots.Get(k)
	c.mu.Unlock()
	if !ok {
		return nil
	}
	return s.now.Load()
}

// slot returns the file's place, which it makes if there is none.
func (c *cache) slot(k key) *slot {
	c.mu.Lock()
	defer c.mu.Unlock()
	s, ok := c.slots.Get(k)
	if !ok {
		s = new(slot)
		c.slots.Add(k, s)
	}
	return s
}

// keep puts the file into its slot, and lets go of others that were not asked for lately. If the slot
// has been let go of itself meanwhile, the file serves those who wait for it and no one else.
func (c *cache) keep(k key, s *slot, d *derived) {
	c.mu.Lock()
	defer c.mu.Unlock()
	old := s.now.Swap(d)
	if held, ok := c.slots.Peek(k); !ok || held != s {
		return
	}
	c.total += d.weight() - weightOf(old)
	for c.total > c.max && c.slots.Len() > 1 {
		_, oldest, _ := c.slots.RemoveOldest()
		c.total -= weightOf(oldest.now.Load())
	}
}

// drop lets go of a slot for which there is no file.
func (c *cache) drop(k key, s *slot) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if held, ok := c.slots.Peek(k); ok && held == s {
		c.slots.Remove(k)
		c.total -= weightOf(s.now.Load())
	}
}

func weightOf(d *derived) int64 {
	if d == nil {
		return 0
	}
	return d.weight()
}

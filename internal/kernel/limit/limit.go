// Package limit counts requests by key in fixed windows and says when there were too many.
//
// It knows keys, rules and the time it is told; it does not know routes, users, or what a refusal
// looks like. There are two ways to count. A [Limiter] counts in memory, at no cost, and hears from
// other nodes through a [Sharer], a moment late. [Spend] and its like count in rows, exactly and on all
// nodes, at the cost of a write: for guesses at secrets, which are few and must stay few.
//
// Windows are aligned to the wall clock, as Hex clients see in x-ratelimit-reset, and not to a
// key's first request. So twice the limit may pass around a boundary.
package limit

import (
	"hash/maphash"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// A Rule allows Limit requests in every Window. Window must be at least a millisecond, and Limit less
// than two thousand million.
type Rule struct {
	Limit  int
	Window time.Duration
}

// index returns the number of the window that holds now, since the Unix epoch.
func (r Rule) index(now time.Time) int64 { return now.UnixMilli() / r.Window.Milliseconds() }

// end returns when window number index ends, in milliseconds since the Unix epoch.
func (r Rule) end(index int64) int64 { return (index + 1) * r.Window.Milliseconds() }

// Result is what a limiter decided, and what clients are told of it.
type Result struct {
	Allowed   bool
	Limit     int
	Remaining int   // requests left in this window after this one; never negative
	Reset     int64 // when this window ends, in Unix seconds, rounded up
}

const (
	shards    = 64
	minSweep  = 32 // entries below which a shard is not worth sweeping
	evictFrom = 8  // entries looked at to find one to forget
)

// A Limiter counts. It is safe for concurrent use and needs no goroutine.
type Limiter struct {
	seed   maphash.Seed
	most   int          // entries in a shard
	tell   atomic.Int64 // a key is told to others from 1/tell of its limit on; zero tells nothing
	shards [shards]shard
}

type shard struct {
	mu      sync.Mutex // guards all below
	counts  map[entry]count
	news    map[entry]struct{} // counted since the Sharer last looked, and worth telling
	sweepAt int                // number of entries at which closed windows are looked for
	closes  int64              // no window in counts ends before this time, in Unix milliseconds
	_       [64]byte
}

// entry is a key under a rule: the same key counts apart for each rule.
type entry struct {
	key  string
	rule Rule
}

type count struct {
	window int64
	n      int32 // counted here
	others int32 // counted by other nodes, as far as they told
}

func (c count) total() int { return int(c.n) + int(c.others) }

// New returns a limiter that remembers about maxKeys keys, at some 100 bytes and the key for each.
// When there are more, it forgets those with few requests first, so that a flood of new keys does
// not free one that is at its limit.
func New(maxKeys int) *Limiter {
	l := &Limiter{seed: maphash.MakeSeed(), most: max(1, maxKeys/shards)}
	for i := range l.shards {
		s := &l.shards[i]
		s.counts = make(map[entry]count)
		s.sweepAt = min(minSweep, l.most)
		s.closes = math.MaxInt64
	}
	return l
}

// Allow counts one request of key under rule, and says whether it may pass. Keys of different kinds
// need different prefixes. If the clock is set back, the key starts a new window.
func (l *Limiter) Allow(key string, rule Rule, now time.Time) Result {
	window := rule.index(now)
	s := l.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	c, known := s.counts[entry{key, rule}]
	if !known {
		s.makeRoom(l.most, now)
		s.closes = min(s.closes, rule.end(window))
		key = strings.Clone(key) // it may be a piece of a whole request
	}
	if c.window != window {
		c = count{window: window}
	}
	allowed := c.total() < rule.Limit
	if allowed {
		c.n++
	}
	if allowed || !known {
		s.counts[entry{key, rule}] = c
	}
	if allowed {
		l.note(s, entry{key, rule}, c)
	}
	return Result{
		Allowed:   allowed,
		Limit:     rule.Limit,
		Remaining: max(0, rule.Limit-c.total()),
		Reset:     (rule.end(window) + 999) / 1000,
	}
}

// Exhausted reports whether key has used up rule, without counting anything: for what is counted only
// when it fails.
func (l *Limiter) Exhausted(key string, rule Rule, now time.Time) bool {
	s := l.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.counts[entry{key, rule}]
	return c.total() >= rule.Limit && c.window == rule.index(now)
}

func (l *Limiter) shard(key string) *shard { return &l.shards[maphash.String(l.seed, key)%shards] }

// makeRoom sees to it that one more entry does not exceed most. It forgets closed windows whenever
// the shard has doubled, which makes it cheap on average, and else an entry with a low count.
func (s *shard) makeRoom(most int, now time.Time) {
	if len(s.counts) >= s.sweepAt && s.closes <= now.UnixMilli() {
		s.sweep(now)
		s.sweepAt = min(most, max(minSweep, 2*len(s.counts)))
	}
	if len(s.counts) >= most {
		s.evict()
	}
}

// sweep forgets windows that do not hold now.
func (s *shard) sweep(now time.Time) {
	s.closes = math.MaxInt64
	for e, c := range s.counts {
		if c.window == e.rule.index(now) {
			s.closes = min(s.closes, e.rule.end(c.window))
		} else {
			delete(s.counts, e)
		}
	}
}

// evict forgets the entry that has used the least of its limit among a few, which the map's random
// order picks.
func (s *shard) evict() {
	var least entry
	low, seen := math.Inf(1), 0
	for e, c := range s.counts {
		if used := float64(c.total()) / float64(max(1, e.rule.Limit)); used < low {
			least, low = e, used
		}
		if seen++; seen == evictFrom {
			break
		}
	}
	delete(s.counts, least)
}

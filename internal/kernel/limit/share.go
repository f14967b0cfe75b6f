package limit

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"slices"
	"time"

	"hexhub/internal/kernel/id"
	"hexhub/internal/kernel/store"
)

// A share is what one node tells the others: how often it counted the keys that are far enough used.
type share struct {
	Node   string    `json:"node"`
	Counts []told    `json:"counts"`
	Ends   time.Time `json:"ends"` // of the last window in it: after that it says nothing
}

type told struct {
	Key    string `json:"k"`
	Limit  int    `json:"l"`
	Millis int64  `json:"w"`
	Index  int64  `json:"i"`
	Count  int    `json:"c"`
}

func (t told) entry() entry {
	return entry{t.Key, Rule{Limit: t.Limit, Window: time.Duration(t.Millis) * time.Millisecond}}
}

var shares = store.NewTable("limit-share", func(s share) string { return store.Path(s.Node) })

// The bounds of one row.
const (
	maxTold    = 400 // keys, those used most first
	maxToldKey = 100 // bytes; longer keys are not told
)

// Sharing is how a Sharer does its work.
type Sharing struct {
	// Node tells this process from the others; empty makes a random one. The row of a process that
	// ended counts until its windows close.
	Node string

	// Nodes says how many nodes serve, and is asked now and then; nil means that this one is alone.
	// Alone, nothing is told and nothing is written.
	Nodes func(context.Context) int

	Every time.Duration // between telling and hearing; zero means 250 ms
	Log   *slog.Logger  // nil discards
}

// A Sharer tells other nodes what its Limiter counts, and its Limiter what the others tell. The rows of
// the log carry it: at most one small row every 250 ms from each node, and none while nothing is near
// its limit.
//
// A key is told once a node has counted its part of half the limit; and once one node tells a key, all
// that count it do. So while a key is told by nobody, less than half of its limit is used, and after
// that nodes differ only by what passed since they last spoke. A client that goes from node to node
// gets at most so much over its limit, whatever it does: twice Every at its own pace.
type Sharer struct {
	db *store.DB
	l  *Limiter
	o  Sharing

	mine    map[entry]count // told, or to be told
	changed bool            // mine is more than what was told
	seen    *store.View     // from which the others were last heard; nil to hear them again
	failing bool            // the last row could not be written
}

const askNodes = 10 * time.Second // between questions how many nodes there are

// NewSharer returns a Sharer that works while its Run does.
func NewSharer(db *store.DB, l *Limiter, o Sharing) *Sharer {
	o.Node = cmp.Or(o.Node, id.New())
	o.Every = cmp.Or(o.Every, 250*time.Millisecond)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Sharer{db: db, l: l, o: o, mine: map[entry]count{}}
}

// Run shares until ctx ends, and returns nil.
func (s *Sharer) Run(ctx context.Context) error {
	if s.o.Nodes == nil {
		<-ctx.Done()
		return nil
	}
	defer s.l.tell.Store(0)
	for {
		nodes := s.o.Nodes(ctx)
		if nodes < 2 {
			s.l.tell.Store(0)
			if !wait(ctx, askNodes) {
				return nil
			}
			continue
		}
		s.l.tell.Store(int64(2 * nodes))
		for range int(askNodes / s.o.Every) {
			if !wait(ctx, s.o.Every) {
				return nil
			}
			s.hear(time.Now())
			s.say(ctx, time.Now())
		}
	}
}

func wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// hear adds up what the others tell, if that has changed, and gives it to the Limiter.
func (s *Sharer) hear(now time.Time) {
	if s.seen != nil && !s.seen.Stale() {
		return
	}
	v := s.db.View()
	others, early := map[entry]int{}, false
	for row := range shares.All(v) {
		if row.Node == s.o.Node {
			continue
		}
		for _, t := range row.Counts {
			e := t.entry()
			if t.Millis <= 0 || t.Index < e.rule.index(now) {
				continue
			}
			if t.Index > e.rule.index(now) {
				early = true // that node's clock is ahead: hear it again when the window opens here
				continue
			}
			others[e] += t.Count
		}
	}
	for e, n := range others {
		s.l.hear(e, n, now)
	}
	v.Close()
	if s.seen = v; early {
		s.seen = nil
	}
}

// say writes this node's row, if there is anything new in it.
func (s *Sharer) say(ctx context.Context, now time.Time) {
	for e, c := range s.l.takeNews() {
		old := s.mine[e]
		if c.n > 0 && len(e.key) <= maxToldKey && (old.window != c.window || old.n < c.n) {
			s.mine[e] = c
			s.changed = true
		}
	}
	maps.DeleteFunc(s.mine, func(e entry, c count) bool { return c.window != e.rule.index(now) })
	if !s.changed || len(s.mine) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	row := s.row()
	err := s.db.Update(ctx, func(tx *store.Tx) error {
		shares.Put(tx, row)
		return nil
	})
	s.changed = err != nil
	if err != nil && !s.failing {
		s.o.Log.Warn("other nodes do not hear what this one counts towards limits; trying again", "error", err)
	}
	s.failing = err != nil
}

func (s *Sharer) row() share {
	row := share{Node: s.o.Node}
	for e, c := range s.mine {
		row.Counts = append(row.Counts, told{e.key, e.rule.Limit, e.rule.Window.Milliseconds(), c.window, int(c.n)})
		if ends := time.UnixMilli(e.rule.end(c.window)).UTC(); ends.After(row.Ends) {
			row.Ends = ends
		}
	}
	slices.SortFunc(row.Counts, func(a, b told) int {
		return cmp.Or(cmp.Compare(b.Count*max(a.Limit, 1), a.Count*max(b.Limit, 1)), cmp.Compare(a.Key, b.Key))
	})
	row.Counts = row.Counts[:min(len(row.Counts), maxTold)]
	return row
}

// note remembers that the key is worth telling: it has used its part of half the limit, or another
// node tells it. The shard is locked.
func (l *Limiter) note(s *shard, e entry, c count) {
	parts := l.tell.Load()
	if parts == 0 || c.n == 0 || (c.others == 0 && int64(c.n)*parts < int64(e.rule.Limit)) {
		return
	}
	if s.news == nil {
		s.news = map[entry]struct{}{}
	}
	s.news[e] = struct{}{}
}

// hear sets what other nodes have counted in the window that holds now.
func (l *Limiter) hear(e entry, others int, now time.Time) {
	window := e.rule.index(now)
	s := l.shard(e.key)
	s.mu.Lock()
	defer s.mu.Unlock()
	c, known := s.counts[e]
	if !known {
		s.makeRoom(l.most, now)
		s.closes = min(s.closes, e.rule.end(window))
	}
	if c.window != window {
		c = count{window: window}
	}
	c.others = int32(min(others, e.rule.Limit)) // more makes no difference
	s.counts[e] = c
	l.note(s, e, c)
}

// takeNews returns what was counted since the last call and is worth telling.
func (l *Limiter) takeNews() map[entry]count {
	out := map[entry]count{}
	for i := range l.shards {
		s := &l.shards[i]
		s.mu.Lock()
		for e := range s.news {
			out[e] = s.counts[e]
		}
		s.news = nil
		s.mu.Unlock()
	}
	return out
}

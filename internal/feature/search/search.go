// Package search finds packages by what people type: fast enough to answer at every key stroke, and by
// rules that can be told.
//
// It knows the words of names and descriptions, what is like them, and which of two packages somebody more
// probably means. It refuses to know who is looking: the caller hands it the repositories that may be read.
//
// # How packages are ranked
//
// Letters are compared without regard to case, and names without their underscores: "Phoenix.LiveView",
// "phoenix live view" and phoenix_live_view are the same name. A package is found in the first of these ways
// that holds, and has the points of it:
//
//	the name is what was typed              1000, and 2000 if it is so to the letter
//	the name begins with it                   40
//	every word begins a part of the name      30
//	the name contains it (three letters)      20
//	every word is in name or description      10
//
// In a description a word counts as a whole or in another form (parse, parsing), and as the beginning of one from
// three letters on. Words that are in every text, such as "the", are not looked for beside others.
//
// Ten points are a step. Popularity adds three points for each tenfold of downloads in the last 90 days, so it
// decides within a step, and what has a thousand times the downloads of another climbs past it. Of what is
// retired, ten points are taken. Equals stand by name.
//
// If nothing is found in these ways, names are offered that somebody may have meant: those that share some run
// of three letters with what was typed and differ from it by one letter put in, left out, changed or swapped; by
// two if it has more than four letters, by three if it has more than eight. The fewest differences come first,
// then the most downloads.
//
// # No oracle
//
// There is one index a repository, and a search opens those that it was handed and no other. So what somebody
// may not read changes nothing in what he sees: neither order nor counts nor offers, nor, but for what the
// processor does besides, the time that it takes.
//
// # How it follows the rows
//
// An Index is a pure function of the rows of packages. A search first asks the [store.View] that the index was
// made from whether it is stale, and if so has the rows that changed put in: who has published finds the package
// at once. Downloads are read anew every [Options.Downloads], for they change all the time and by little.
package search

import (
	"cmp"
	"context"
	"sync"
	"time"

	"hexhub/hex/name"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/stats"
	"hexhub/internal/kernel/store"
)

// Options are what an Index may be told. The zero value works, but for Default.
type Options struct {
	Default   name.Repository // the server's own repository, which requirements may name in two ways
	Downloads time.Duration   // how often downloads are read anew; zero means fifteen seconds
}

// An Index holds what can be searched for, in memory. It is safe for concurrent use.
type Index struct {
	db *store.DB
	o  Options

	mu     sync.RWMutex               // guards all below
	shards map[name.Repository]*shard // by repository; nil until the first search
	labels labels
	view   *store.View // closed; stale when rows have changed that the shards show
	counts *store.View // closed; the same for downloads
	day    stats.Date  // on which downloads were read
}

// New returns an index of what db holds. It is made by Run, or by the first search.
func New(db *store.DB, o Options) *Index {
	o.Downloads = cmp.Or(o.Downloads, 15*time.Second)
	return &Index{db: db, o: o}
}

// Run keeps the index up to date until ctx ends, so that searches seldom have to; then it returns nil.
func (x *Index) Run(ctx context.Context) error {
	const lull = 100 * time.Millisecond // so that many publishes at once are one piece of work
	tick := time.NewTicker(x.o.Downloads)
	defer tick.Stop()
	for ctx.Err() == nil {
		waiting, stop := context.WithTimeout(ctx, x.o.Downloads)
		_ = x.current().Wait(waiting) // whatever ends it, one looks again
		stop()
		select {
		case <-tick.C:
			x.recount()
		case <-ctx.Done():
		case <-time.After(lull):
		}
	}
	return nil
}

// current brings the index up to date, and returns the View that tells for how long it is.
func (x *Index) current() *store.View {
	x.mu.RLock()
	view := x.view
	x.mu.RUnlock()
	if view != nil && !view.Stale() {
		return view
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.view == nil || x.view.Stale() {
		x.follow()
	}
	return x.view
}

// follow puts in what has changed since the last time, or everything.
func (x *Index) follow() {
	watch := x.db.View()
	for range catalog.All(watch) {
		break // one look, and the View remembers all of them
	}
	watch.Close()
	var since store.Revision
	if x.view != nil {
		since = x.view.Revision()
	}
	x.view = watch
	// What is read may be newer than what is watched. Then the index is stale already, and it will be read again.
	v := x.db.View()
	changed, known := catalog.Changed(v, since)
	if x.shards == nil || !known {
		x.rebuild(v)
		return
	}
	for _, ref := range changed {
		if p, ok := catalog.Get(v, ref); ok {
			total, _ := stats.Package(v, ref.Repository, ref.Name)
			x.shard(ref.Repository).put(x.entry(v, p), newDownloads(total, x.day))
		} else if s := x.shards[ref.Repository]; s != nil {
			s.remove(ref.Name)
		}
	}
}

// rebuild makes the index from nothing.
func (x *Index) rebuild(v *store.View) {
	x.shards, x.labels = map[name.Repository]*shard{}, labels{numbers: map[string]uint32{}}
	for p := range catalog.All(v) {
		x.shard(p.Repository).add(x.entry(v, p))
	}
	for _, s := range x.shards {
		s.settle()
	}
	x.count()
}

func (x *Index) shard(repository name.Repository) *shard {
	s := x.shards[repository]
	if s == nil {
		s = newShard()
		x.shards[repository] = s
	}
	return s
}

// recount reads downloads anew if there were any.
func (x *Index) recount() {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.shards != nil && (x.counts.Stale() || x.day != stats.Today()) {
		x.count()
	}
}

// count takes over how often packages were downloaded. Of what is not among the totals that is never.
func (x *Index) count() {
	for _, s := range x.shards {
		clear(s.downloads)
	}
	v := x.db.View()
	x.day = stats.Today()
	for total := range stats.Each(v) {
		if s := x.shards[total.Repository]; s != nil {
			s.count(total, x.day)
		}
	}
	v.Close()
	x.counts = v
}

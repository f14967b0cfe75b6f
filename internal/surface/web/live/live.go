// Package live sends pages again to those who have them open: the pieces of them that have changed, as soon as
// they have, for as long as whoever looks may see them.
//
// It knows streams of server-sent events, how many there may be, and when a page is to be made again. What a page
// is made of, and who may see it, it is told. However many look at one page as the same viewer, it is made once.
//
// What it promises:
//
//   - The first thing on a stream is the page as it is. Then come differences, in order; one that a slow reader
//     did not take in time is joined with the next. No more than the present page is ever kept.
//   - A page that changes all the time is made four times a second at most, and one that has rested is made up to
//     five times at once: what is published often changes rows a few times. All pages together use at most half of
//     the processors.
//   - When a right that the page was made with is taken away, it is made again at once, and its streams end if
//     it is no longer to be seen. They end also when the node stops or is drained, and after some hours.
//   - A reader that takes nothing is dropped after ten seconds.
package live

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"runtime"
	"runtime/debug"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
)

const (
	againAfter = 250 * time.Millisecond // between two makings of a page that changes all the time
	saved      = 4                      // makings that a page which rests saves up, to be made sooner
	sweepEvery = 30 * time.Second       // a page is made again, whatever it read: it tells times, too
	beatEvery  = 20 * time.Second       // proxies cut what is silent for a minute
	writeTime  = 10 * time.Second       // for a reader to take what is sent
	life       = 4 * time.Hour          // of a stream, and up to a quarter more
	perViewer  = 8                      // a viewer has at most one in so many of all streams
)

// A Piece is a part of a page, in an element with the id.
type Piece struct{ ID, HTML string }

// A Picture is a page as it is at a moment.
type Picture struct {
	Pieces []Piece       // that may change; without any, there is nothing to look at
	Rows   *store.Sight  // what it was made from, the rights among it; closed
	Rights *store.Sight  // what says who looks, and what he may see; closed
	Within time.Duration // it is made again after this time even if no row has changed; zero means half a minute
	Err    error         // why there is no page
}

// A Page is what somebody looks at.
type Page struct {
	Key  string                            // pages of one key are the same, to the byte
	Who  string                            // looks, as far as his streams are counted
	Make func(ctx context.Context) Picture // is called by one goroutine at a time, and not by that of the caller of Serve
}

// Options are how streams are kept. The zero value allows none.
type Options struct {
	Most    int         // streams at once
	Drained func() bool // says that streams are to go elsewhere; nil never does
	Metrics *Metrics    // nil counts nothing
	Log     *slog.Logger
}

// Streams are all streams of a node.
type Streams struct {
	o    Options
	turn chan struct{} // to make a page takes one
	ctx  context.Context
	stop context.CancelFunc
	work sync.WaitGroup

	mu     sync.Mutex // guards all below
	topics map[[sha256.Size]byte]*topic
	open   int
	of     map[string]int // streams by who looks
}

// New returns no streams yet.
func New(o Options) *Streams {
	if o.Drained == nil {
		o.Drained = func() bool { return false }
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Streams{
		o: o, turn: make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2)),
		topics: map[[sha256.Size]byte]*topic{}, of: map[string]int{},
	}
	s.ctx, s.stop = context.WithCancel(context.Background())
	return s
}

// Close ends all streams, whose readers are told to come again, and refuses new ones. It returns when no page is
// being made.
func (s *Streams) Close() {
	s.mu.Lock()
	s.stop() // within, so that no topic begins after
	s.mu.Unlock()
	s.work.Wait()
}

// Serve answers a request with a stream of the page, until one of them ends; or with 204 if there is nothing in it
// that may change. It returns an error if there is no page, before anything is written.
func (s *Streams) Serve(w http.ResponseWriter, r *http.Request, p Page) error {
	if s.o.Most <= 0 {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	t, err := s.join(p)
	if err != nil {
		return err
	}
	defer s.leave(t, p.Who)
	now, err := t.fresh(r.Context(), s.ctx)
	switch {
	case err != nil:
		return err
	case now.err != nil:
		return now.err
	case now.over():
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	newReader(w, s.o.Metrics).follow(r.Context(), s, t, now)
	return nil
}

// join counts one who looks in, and finds the topic of his page.
func (s *Streams) join(p Page) (*topic, error) {
	key := sha256.Sum256([]byte(p.Key))
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.ctx.Err() != nil, s.o.Drained():
		return nil, refuse(fault.Unavailable, "this node takes no more readers of live pages; the page itself is as it was when you opened it")
	case s.open >= s.o.Most:
		return nil, refuse(fault.Unavailable, "too many pages are open live; this one is as it was when you opened it")
	case s.of[p.Who] >= max(1, s.o.Most/perViewer):
		return nil, refuse(fault.Limited, "too many pages are open live from where you are; this one is as it was when you opened it")
	}
	t := s.topics[key]
	if t == nil {
		t = newTopic(key, p.Make)
		s.topics[key] = t
		ctx, cancel := context.WithCancel(s.ctx)
		t.cancel = cancel
		s.work.Go(func() { s.run(ctx, t) })
	}
	t.readers++
	s.open++
	s.of[p.Who]++
	s.o.Metrics.count(s.open, len(s.topics))
	return t, nil
}

func refuse(kind fault.Kind, words string) error {
	f := fault.New(kind, "%s", words)
	f.RetryAfter = time.Minute
	return f
}

func (s *Streams) leave(t *topic, who string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open--
	if s.of[who]--; s.of[who] == 0 {
		delete(s.of, who)
	}
	if t.readers--; t.readers == 0 {
		t.cancel()
		s.forget(t)
	}
	s.o.Metrics.count(s.open, len(s.topics))
}

// forget lets the next reader of the page begin a topic of his own. s.mu is held.
func (s *Streams) forget(t *topic) {
	if s.topics[t.key] == t {
		delete(s.topics, t.key)
	}
}

// run makes the page of a topic whenever it is to be made, until nobody looks or there is nothing more to see.
func (s *Streams) run(ctx context.Context, t *topic) {
	pace := rate.NewLimiter(rate.Every(againAfter), saved)
	for ctx.Err() == nil {
		p := s.picture(ctx, t)
		if ctx.Err() != nil {
			break
		}
		if p.Err != nil || len(p.Pieces) == 0 {
			s.mu.Lock()
			s.forget(t)
			s.mu.Unlock()
			t.show(p)
			return
		}
		t.show(p)
		pause := pace.Reserve().Delay()
		if waitFor(ctx, p.Rights, pause) {
			continue
		}
		within := p.Within
		if within <= 0 {
			within = sweepEvery
		}
		waitFor(ctx, p.Rows, max(within, pause)-pause)
	}
	t.show(Picture{Err: refuse(fault.Unavailable, "this node stops")})
}

// waitFor waits until the sight is stale, and reports whether it is; but no longer than for a while.
func waitFor(ctx context.Context, s *store.Sight, while time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, while)
	defer cancel()
	return s.Wait(ctx) == nil
}

// picture makes the page, when it is its turn.
func (s *Streams) picture(ctx context.Context, t *topic) (p Picture) {
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return Picture{Err: ctx.Err()}
	}
	defer func() {
		if what := recover(); what != nil {
			s.o.Log.Error("making a live page panicked", "panic", what, "stack", string(debug.Stack()))
			p = Picture{Err: fmt.Errorf("make a live page: panic: %v", what)}
		}
	}()
	s.o.Metrics.made()
	return t.render(ctx)
}

// lifetime is how long a stream lasts, so that not all of them end at once.
func lifetime() time.Duration { return life + rand.N(life/4) }

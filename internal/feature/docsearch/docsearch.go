package docsearch

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"hexhub/hex/name"
	"hexhub/hex/tarball"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/flight"
	"hexhub/internal/kernel/store"
)

// Options are what an Index may be told. The zero value works.
type Options struct {
	Versions int          // of a package that are searched, the newest ones; zero means ten
	Log      *slog.Logger // nil discards
}

// An Index holds what can be searched for, in a folder of this node. It is safe for concurrent use, by one process.
type Index struct {
	db    *store.DB
	blobs blob.Store
	dir   string
	o     Options

	mu     sync.RWMutex // guards all below
	shards map[name.Repository]*shard
	have   map[catalog.Ref][]set // what is put in; ascending by version
	view   *store.View           // closed; stale when rows have changed that the index shows; nil at first
	passed chan struct{}         // closed when another pass through the rows is done
	behind int                   // packages that the pass has yet to look at
	closed bool

	missing map[catalog.Ref]bool // whose archives could not be read; of the one who follows

	counting flight.Group[Coverage]
	covered  *lru.Cache[tarball.Sum, Coverage] // by the sum of the archive
}

// New returns the index of the documentation that db names, whose archives are in blobs. It lies in dir, which is made
// when it is needed. Until [Index.Run] runs nothing is found.
func New(db *store.DB, blobs blob.Store, dir string, o Options) *Index {
	o.Versions = cmp.Or(o.Versions, 10)
	o.Log = cmp.Or(o.Log, slog.New(slog.DiscardHandler))
	covered, _ := lru.New[tarball.Sum, Coverage](coverages) // which fails for no positive size
	return &Index{
		db: db, blobs: blobs, dir: dir, o: o, covered: covered,
		have: map[catalog.Ref][]set{}, passed: make(chan struct{}), missing: map[catalog.Ref]bool{},
	}
}

// again is after how long is tried anew what could not be done.
const again = time.Minute

// Run keeps the index up to date until ctx ends; then it closes it and returns nil.
func (x *Index) Run(ctx context.Context) error {
	defer x.close()
	for ctx.Err() == nil {
		err := x.follow(ctx)
		if err != nil && ctx.Err() == nil {
			x.o.Log.Error("the search of documentation is not up to date; trying again", "err", err)
		}
		x.await(ctx, err != nil || len(x.missing) > 0)
	}
	return nil
}

// await waits until rows have changed; not for ever if there is something to be tried anew.
func (x *Index) await(ctx context.Context, unfinished bool) {
	if unfinished {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeout(ctx, again)
		defer stop()
	}
	if x.view == nil {
		<-ctx.Done()
		return
	}
	_ = x.view.Wait(ctx) // whatever ends it, one looks again
}

// Settle waits until the index shows what the rows say.
func (x *Index) Settle(ctx context.Context) error {
	for {
		x.mu.RLock()
		view, passed := x.view, x.passed
		x.mu.RUnlock()
		if view != nil && !view.Stale() {
			return nil
		}
		select {
		case <-passed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Numbers are what an index tells of itself.
type Numbers struct {
	Sets   int // documentations of releases
	Items  int // places in them
	Behind int // packages that are yet to be looked at
}

// Numbers returns them as of now.
func (x *Index) Numbers() Numbers {
	x.mu.RLock()
	defer x.mu.RUnlock()
	n := Numbers{Behind: x.behind}
	for _, sets := range x.have {
		n.Sets += len(sets)
		for _, s := range sets {
			n.Items += s.Items
		}
	}
	return n
}

func (x *Index) close() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.closed = true
	var err error
	for _, s := range x.shards {
		err = errors.Join(err, s.shut())
	}
	if err != nil {
		x.o.Log.Warn("an index of documentation could not be closed; it may have to be made anew", "err", err)
	}
}

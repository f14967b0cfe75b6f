// Package lead has one node at a time do what only one should: the chores of the whole cluster.
//
// Which node leads, the log's own election says where it has one; else the nodes watch each other. Neither is
// proof: a leader that was paused wakes up believing that it still leads. So a leader claims a row and gives it
// a new term, and all that it writes is fenced by the term: every [store.DB.Update] made with its context
// demands, in the same transaction, that the row still holds it. No clock is compared with another's.
//
// Why that suffices: all commits have one order. A claim is a commit that changes the row; an Update of a chore is
// a commit only if the row holds its own term at that place in the order. So the commits of one term lie between
// its claim and the next, whatever the nodes believe meanwhile.
//
// It knows no chore.
package lead

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"hexhub/internal/kernel/id"
	"hexhub/internal/kernel/store"
)

// A reign is who leads. There is one row of it.
type reign struct {
	Node string `json:"node"` // its name, for people
	Run  string `json:"run"`  // tells one process of the node from the next
	Term int64  `json:"term"` // greater with each other one who leads
	Beat int64  `json:"beat,omitempty"`

	Since time.Time `json:"since,omitzero"` // of the term; zero where an older binary began it
}

const theRow = "cluster"

var reigns = store.NewTable("lead", func(reign) string { return theRow })

// Tables are the tables of this package.
var Tables = store.Schema{reigns, turns}

// ErrDeposed ends the Updates of a leader that is none any more.
var ErrDeposed = errors.New("another node leads by now")

// Options are what a Lead may be told. The zero value is that of a lone node.
type Options struct {
	Node string // tells this node from the others; empty means "node"

	// Leads says whether the log's election has this node lead. It is asked twice a second. Without, the nodes
	// watch each other: who leads says so every five seconds, and who has not heard of it for thirty takes over.
	Leads func() bool

	After time.Duration // before the first claim of this process, which has better things to do at first
	Log   *slog.Logger  // nil discards
}

const (
	ask    = 500 * time.Millisecond
	beat   = 5 * time.Second
	silent = 30 * time.Second
)

// A Lead is this node's part in leading. It is safe for concurrent use.
type Lead struct {
	db  *store.DB
	o   Options
	run string
}

// New returns a Lead that claims nothing until its Run does.
func New(db *store.DB, o Options) *Lead {
	o.Node = cmp.Or(o.Node, "node")
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Lead{db: db, o: o, run: id.New()}
}

// Leader names the node that claimed to lead last, and its term; both are empty before the first did.
func Leader(r store.Reader) (node string, term int64) {
	now, _ := reigns.Get(r, theRow)
	return now.Node, now.Term
}

// Since returns when the present leader began; zero when that is not known.
func Since(r store.Reader) time.Time {
	now, _ := reigns.Get(r, theRow)
	return now.Since
}

// Run does work whenever this node leads, until ctx ends. Work is called anew for each term, with a context that
// fences all Updates made with it and that ends once this node leads no more; it returns when that ends. Two
// calls never overlap on this node, and what those of two nodes write never does.
func (l *Lead) Run(ctx context.Context, work func(context.Context)) error {
	if !wait(ctx, l.o.After) {
		return nil
	}
	for ctx.Err() == nil {
		if !l.due(ctx) {
			continue
		}
		term, err := l.claim(ctx)
		if err != nil {
			if ctx.Err() == nil {
				l.o.Log.Warn("cannot claim to lead; trying again", "err", err)
			}
			wait(ctx, ask)
			continue
		}
		l.reign(ctx, term, work)
		wait(ctx, ask) // for the election to know what the row says
	}
	return nil
}

// due waits for a while if need be, and reports whether this node is to claim that it leads.
func (l *Lead) due(ctx context.Context) bool {
	if l.o.Leads != nil {
		if l.o.Leads() {
			return true
		}
		wait(ctx, ask)
		return false
	}
	v := l.db.View()
	now, ok := reigns.Get(v, theRow)
	if !ok || now.Run == l.run {
		return true
	}
	heard, cancel := context.WithTimeout(ctx, silent)
	defer cancel()
	return v.Wait(heard) != nil && ctx.Err() == nil
}

// claim makes the row this process's, in a new term if it was another's. It writes the row in any case, for only a
// write is sure to have read the newest: this process may not have heard yet of one that led in between.
func (l *Lead) claim(ctx context.Context) (term int64, err error) {
	at := time.Now().UTC().Truncate(time.Second)
	err = l.db.Update(ctx, func(tx *store.Tx) error {
		now, _ := reigns.Get(tx, theRow)
		if now.Run != l.run {
			now = reign{Node: l.o.Node, Run: l.run, Term: now.Term + 1, Since: at}
		}
		reigns.Put(tx, now)
		term = now.Term
		return nil
	})
	return term, err
}

// reign does the work of one term.
func (l *Lead) reign(ctx context.Context, term int64, work func(context.Context)) {
	l.o.Log.Info("this node leads", "term", term)
	ctx, end := context.WithCancel(store.OnlyIf(ctx, l.fence(term)))
	defer end()
	var watching sync.WaitGroup
	watching.Go(func() {
		defer end()
		l.hold(ctx, term)
	})
	work(ctx)
	end()
	watching.Wait()
	l.o.Log.Info("this node leads no more", "term", term)
}

// fence demands that the term is this process's still.
func (l *Lead) fence(term int64) func(*store.Tx) error {
	return func(tx *store.Tx) error {
		if now, _ := reigns.Get(tx, theRow); now.Run != l.run || now.Term != term {
			return ErrDeposed
		}
		return nil
	}
}

// hold returns when the term is over: another has claimed, or the election says so.
func (l *Lead) hold(ctx context.Context, term int64) {
	every := ask
	if l.o.Leads == nil {
		every = beat
	}
	for wait(ctx, every) {
		if now, _ := reigns.Get(l.db.View(), theRow); now.Run != l.run || now.Term != term {
			return
		}
		if l.o.Leads == nil {
			l.beat(ctx)
		} else if !l.o.Leads() {
			return
		}
	}
}

// beat tells the others that this node leads still. Its context is fenced. That it could not be told ends
// nothing: then the others will claim, and the row will say so.
func (l *Lead) beat(ctx context.Context) {
	_ = l.db.Update(ctx, func(tx *store.Tx) error {
		now, _ := reigns.Get(tx, theRow)
		now.Beat++
		reigns.Put(tx, now)
		return nil
	})
}

// wait reports whether the time passed before ctx ended.
func wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

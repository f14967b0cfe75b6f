package store

import (
	"context"

	"github.com/hashicorp/go-memdb"
)

// A Reader is a *View or a *Tx.
type Reader interface{ at() *moment }

// A moment is the state of all tables at one revision, perhaps with a Tx's own writes over it.
type moment struct {
	db  *DB
	mem *memdb.Txn
	saw func(<-chan struct{}) // nil within a Tx
	own *Tx                   // nil within a View
}

func (m *moment) at() *moment { return m }

func (m *moment) get(d *declaration, key string) *entry {
	ch, raw, err := m.mem.FirstWatch(d.name, "id", key)
	must(err)
	e, _ := raw.(*entry)
	if m.own != nil {
		m.own.guard(logKey(d.name, key), e)
	} else {
		m.saw(ch)
	}
	return e
}

func (m *moment) scan(d *declaration, index, value string) memdb.ResultIterator {
	it, err := m.mem.Get(d.name, index, value)
	must(err)
	if m.saw != nil {
		m.saw(it.WatchCh())
	}
	return it
}

func (m *moment) lowerBound(d *declaration, index, from string) memdb.ResultIterator {
	it, err := m.mem.LowerBound(d.name, index, from)
	must(err)
	return it
}

func (m *moment) guardFence(id string) {
	if m.own != nil {
		m.get(fenceTable, id)
	}
}

// revision tells which revision the moment shows.
func (m *moment) revision() Revision {
	raw, err := m.mem.First(momentTable.name, "id", momentKey)
	must(err)
	if raw == nil {
		return 0
	}
	return raw.(*entry).revision
}

// A View is a moment: everything read through it was so at one revision. It remembers what was read
// and knows when that changes. Reads are for one goroutine; once they are done, Stale and Wait may
// be called by many.
type View struct {
	moment
	reloaded <-chan struct{} // closed when the tables it shows are replaced whole
	seen     []<-chan struct{}
	rev      Revision
}

// View returns the present moment of this node's tables. It takes no lock and never waits.
func (db *DB) View() *View {
	s := db.shown.Load()
	v := &View{moment: moment{db: db, mem: s.mem.Txn(false)}, reloaded: s.replaced}
	v.saw = func(ch <-chan struct{}) { v.seen = append(v.seen, ch) }
	return v
}

// Revision tells which moment this is.
func (v *View) Revision() Revision {
	if v.rev == 0 && v.mem != nil {
		v.rev = v.revision()
	}
	return v.rev
}

// Close lets go of the tables while keeping what Stale, Wait and Revision need. Whoever keeps a View
// beside what was derived from it closes it, or old tables stay in memory. It cannot be read after.
func (v *View) Close() {
	v.Revision()
	v.mem = nil
}

// Stale reports whether anything read through the View may have changed since. It may say so early,
// for a neighbouring row's sake, but never late.
func (v *View) Stale() bool {
	select {
	case <-v.reloaded:
		return true
	default:
	}
	for _, ch := range v.seen {
		select {
		case <-ch:
			return true
		default:
		}
	}
	return false
}

// Wait blocks until the View is stale, and returns nil; or until ctx ends, and returns its error.
func (v *View) Wait(ctx context.Context) error {
	set := memdb.NewWatchSet()
	v.watch(set)
	return set.WatchCtx(ctx)
}

func (v *View) watch(set memdb.WatchSet) {
	set.Add(v.reloaded)
	for _, ch := range v.seen {
		set.Add(ch)
	}
}

// SeeAll has the View go stale with the next commit, whatever that is about. It is for what cannot tell what it
// depends on.
func (v *View) SeeAll() { v.get(momentTable, momentKey) }

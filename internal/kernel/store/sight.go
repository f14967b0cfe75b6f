package store

import (
	"context"
	"slices"
	"sync"

	"github.com/hashicorp/go-memdb"
)

// A Sight is what was read to make one thing, through however many Views. It goes stale with the first of them.
// The zero value has seen nothing, and is never stale. It is safe for concurrent use.
type Sight struct {
	mu    sync.Mutex // guards all below
	views []*View
	own   []*View // those of views that Close closes
}

// Open returns the present moment of db as a View that counts to the Sight, which closes it.
func (s *Sight) Open(db *DB) *View {
	v := db.View()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.views, s.own = append(s.views, v), append(s.own, v)
	return v
}

// Add counts a View to the Sight that somebody else opened, read and closes.
func (s *Sight) Add(v *View) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Contains(s.views, v) {
		s.views = append(s.views, v)
	}
}

// Join counts all that the other has seen so far to the Sight. What it opened it goes on to close itself.
func (s *Sight) Join(other *Sight) {
	for _, v := range other.all() {
		s.Add(v)
	}
}

// Empty reports whether nothing was seen.
func (s *Sight) Empty() bool { return len(s.all()) == 0 }

// Close lets go of the tables, as View.Close does.
func (s *Sight) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range s.own {
		v.Close()
	}
	s.own = nil
}

// Stale reports whether any of the Views is stale.
func (s *Sight) Stale() bool { return slices.ContainsFunc(s.all(), (*View).Stale) }

// Wait blocks until Stale would report true, and returns nil; or until ctx ends, and returns its error.
func (s *Sight) Wait(ctx context.Context) error {
	set := memdb.NewWatchSet()
	for _, v := range s.all() {
		v.watch(set)
	}
	return set.WatchCtx(ctx)
}

func (s *Sight) all() []*View {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.views)
}

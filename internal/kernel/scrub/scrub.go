// Package scrub reads all blobs of a store again and again, so that rot is found while a good copy is left to heal
// it from.
//
// It knows hashes, and how fast and how often to read. It does not know where a good copy is, what is in a blob or
// which there should be: it is given functions for that. What it found is a row of the store, which every node can
// read, and on which a round that was interrupted goes on.
//
// A disk is scrubbed by its node, and a bucket by whoever leads.
package scrub

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/store"
)

// Options are what a Scrub may be told. The zero value reads only when it is asked to, and heals nothing.
type Options struct {
	Node  string        // what people call the node of the store; empty for a bucket
	Every time.Duration // from the beginning of a round to the next; zero means only when asked
	First time.Duration // rest after the start, which has better things to do; zero means ten minutes
	Rate  int64         // bytes a second; zero means 16 MiB

	// Named yields the blobs that the store is to have; nil means that nobody knows.
	Named func() iter.Seq[blob.Hash]
	// Note says what is in a blob, for people. Empty means that nobody needs it; nil, that all are needed.
	Note func(blob.Hash) string
	// Heal replaces a blob by a good copy, and reports whether it could; nil if there is nothing to copy from.
	Heal func(context.Context, blob.Hash) bool

	Log *slog.Logger // nil discards
}

const (
	saveEvery  = 30 * time.Second // what a crash costs of a round
	pause      = time.Minute      // after a failure that may pass
	retryEvery = time.Hour        // whether what was lost can be had by now
	lastWords  = time.Second      // for saving where a round stands when the node stops
)

// A Scrub reads one store. It is safe for concurrent use, but for Run.
type Scrub struct {
	db      *store.DB
	blobs   blob.Store
	name    string
	o       Options
	corrupt atomic.Int64
}

// New returns a Scrub of the store with the name, which reads nothing until its Run does.
func New(db *store.DB, blobs blob.Store, name string, o Options) *Scrub {
	o.First = cmp.Or(o.First, 10*time.Minute)
	o.Rate = cmp.Or(o.Rate, 16<<20)
	if o.Note == nil {
		o.Note = blob.Hash.String
	}
	if o.Heal == nil {
		o.Heal = func(context.Context, blob.Hash) bool { return false }
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Scrub{db: db, blobs: blobs, name: name, o: o}
}

// State returns what is known of the store; it is zero before the first Run.
func (s *Scrub) State() State {
	now, _ := states.Get(s.db.View(), store.Path(s.name))
	return now
}

// Corrupt counts the corrupt blobs that were found since New.
func (s *Scrub) Corrupt() int64 { return s.corrupt.Load() }

// Run reads the store whenever it is time to, or somebody asks, until ctx ends. Two must not run at the same time
// for one name.
func (s *Scrub) Run(ctx context.Context) error {
	for !s.try(ctx, enter(ctx, s.db, s.name, s.o.Node)) {
		if ctx.Err() != nil {
			return nil
		}
	}
	first := time.Now().Add(s.o.First)
	retry := first
	for ctx.Err() == nil {
		v := s.db.View()
		now, _ := states.Get(v, store.Path(s.name))
		next := s.due(now, first)
		switch {
		case now.Asked || !next.IsZero() && !time.Now().Before(next):
			s.try(ctx, s.round(ctx))
			retry = time.Now().Add(retryEvery)
		case len(now.Lost) > 0 && !time.Now().Before(retry):
			s.try(ctx, s.retry(ctx, now.Lost))
			retry = time.Now().Add(retryEvery)
		case len(now.Lost) > 0:
			rest(ctx, v, earlier(next, retry))
		default:
			rest(ctx, v, next)
		}
	}
	return nil
}

// due is when the next round begins or goes on; zero means that somebody must ask for it.
func (s *Scrub) due(now State, first time.Time) time.Time {
	switch {
	case now.Now != nil:
		return first
	case s.o.Every == 0:
		return time.Time{}
	case now.Last == nil:
		return first
	}
	if next := now.Last.Began.Add(s.o.Every); next.After(first) {
		return next
	}
	return first
}

// earlier returns the earlier of two times, of which the first may be zero for never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}

// rest waits until the time, if there is one, or until what v has shown changes.
func rest(ctx context.Context, v *store.View, until time.Time) {
	if !until.IsZero() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, until)
		defer cancel()
	}
	_ = v.Wait(ctx) // whichever it was, the caller looks
}

// try reports whether there was no error. One that is not for ctx's sake it logs, and waits a while.
func (s *Scrub) try(ctx context.Context, err error) bool {
	if err != nil && ctx.Err() == nil {
		s.o.Log.Warn("the scrub of the blobs does not get on; trying again", "store", s.name, "err", err)
		wait(ctx, pause)
	}
	return err == nil
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

// retry looks whether what was lost is there again by now, or can be healed, or is needed no more.
func (s *Scrub) retry(ctx context.Context, lost []Loss) error {
	var found []blob.Hash
	for _, l := range lost {
		err := s.blobs.Check(ctx, l.Blob)
		gone := errors.Is(err, blob.ErrNotFound)
		if err == nil || gone && s.o.Note(l.Blob) == "" || (gone || rotten(err)) && s.o.Heal(ctx, l.Blob) {
			found = append(found, l.Blob)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	if len(found) == 0 {
		return nil
	}
	s.o.Log.Info("blobs that were lost are there again", "store", s.name, "blobs", len(found))
	return s.note(ctx, func(now *State) {
		now.Lost = slices.DeleteFunc(now.Lost, func(l Loss) bool { return slices.Contains(found, l.Blob) })
	})
}

// note changes the store's row. What it is given to change is a copy.
func (s *Scrub) note(ctx context.Context, change func(*State)) error {
	at := time.Now().UTC()
	return s.db.Update(ctx, func(tx *store.Tx) error {
		now, ok := states.Get(tx, store.Path(s.name))
		if !ok { // others took this node for gone, and it is back
			now = State{Store: s.name, Node: s.o.Node, Since: at}
		}
		now.Lost = slices.Clone(now.Lost)
		change(&now)
		states.Put(tx, now)
		return nil
	})
}

package storetest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
)

// A Severable is a log as one of its nodes sees it, which can be cut off from the others.
type Severable struct {
	store.Log

	mu     sync.Mutex // guards all below
	cut    bool
	healed chan struct{} // closed when cut ends
	deaf   bool          // only the watch is cut
}

// NewSeverable returns the log, uncut.
func NewSeverable(log store.Log) *Severable { return &Severable{Log: log} }

// Cut takes the majority away from the node, or gives it back: commits and linearizable reads fail, and
// nothing more is heard of what others commit.
func (s *Severable) Cut(cut bool) { s.set(cut, cut) }

// Deafen keeps what others commit from the node, which still reaches them. Cut(false) ends it.
func (s *Severable) Deafen() { s.set(false, true) }

func (s *Severable) set(cut, deaf bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case deaf && !s.deaf:
		s.healed = make(chan struct{})
	case !deaf && s.deaf:
		close(s.healed)
	}
	s.cut, s.deaf = cut, deaf
}

func (s *Severable) led() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cut {
		return store.ErrNoLeader
	}
	return nil
}

// Commit implements store.Log.
func (s *Severable) Commit(ctx context.Context, txn store.Txn) (store.Revision, bool, error) {
	if err := s.led(); err != nil {
		return 0, false, err
	}
	return s.Log.Commit(ctx, txn)
}

// Range implements store.Log.
func (s *Severable) Range(ctx context.Context, from, to string, at store.Revision, limit int) (store.Page, error) {
	if at == 0 {
		if err := s.led(); err != nil {
			return store.Page{}, err
		}
	}
	return s.Log.Range(ctx, from, to, at, limit)
}

// Watch implements store.Log.
func (s *Severable) Watch(ctx context.Context, after store.Revision, apply func([]store.Change, store.Revision) error) error {
	return s.Log.Watch(ctx, after, func(changes []store.Change, through store.Revision) error {
		s.mu.Lock()
		deaf, healed := s.deaf, s.healed
		s.mu.Unlock()
		if deaf {
			select {
			case <-healed:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return apply(changes, through)
	})
}

// severed opens a node over the pair's log that can be cut off, and believes its rows for as long as maxAge.
func severed(t *testing.T, p pair, maxAge time.Duration) (*Severable, *store.DB) {
	t.Helper()
	log := NewSeverable(p.log)
	db, err := store.Open(t.Context(), log, store.Options{MaxAge: maxAge}, store.Schema{rows, colds})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return log, db
}

// A node that is cut off knows it, and says what is in its tables all the same; once it is back it knows that.
func ages(t *testing.T, p pair) {
	log, db := severed(t, p, time.Second)
	write(t, p.a, row{Name: "ann", N: 1})
	if err := db.CatchUp(t.Context(), p.a.Revision()); err != nil {
		t.Fatal(err)
	}
	if err := db.Fresh(t.Context()); err != nil {
		t.Errorf("a node that reaches the others is not fresh: %v", err)
	}
	log.Cut(true)
	for deadline := time.Now().Add(10 * time.Second); !fault.Is(db.Fresh(t.Context()), fault.Unavailable); {
		if time.Now().After(deadline) {
			t.Fatalf("a node that was cut off ten seconds ago believes that it is %v old", db.Age())
		}
	}
	if r, ok := rows.Get(db.View(), "ann"); !ok || r.N != 1 || db.Age() <= time.Second {
		t.Errorf("a cut-off node of age %v reads %v, %v; it still has its tables", db.Age(), r, ok)
	}
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		rows.Put(tx, row{Name: "ann", N: 2})
		return nil
	})
	if !fault.Is(err, fault.Unavailable) || !errors.Is(err, store.ErrNoLeader) {
		t.Errorf("a write on a cut-off node = %v, want no leader", err)
	}
	log.Cut(false)
	if err := db.Fresh(t.Context()); err != nil {
		t.Errorf("a node that is back is not fresh: %v", err)
	}
	if age := db.Age(); age > time.Second {
		t.Errorf("a node that is back believes that it is %v old", age)
	}
	if db.Stats().Missed == 0 {
		t.Error("no beat was missed")
	}
}

var errAbsent = errors.New("no such row")

// read is an Update that only judges: ann is there, or is not.
func read(tx *store.Tx) error {
	if _, ok := rows.Get(tx, "ann"); !ok {
		return errAbsent
	}
	return nil
}

// What an Update makes of old rows is not told: neither that something is missing, nor that nothing is to do.
func judgesNoOldRows(t *testing.T, p pair) {
	log, db := severed(t, p, time.Nanosecond) // whose rows are always too old to be believed unasked
	if err := db.Update(t.Context(), read); !errors.Is(err, errAbsent) {
		t.Errorf("Update = %v, want the function's own error", err)
	}
	log.Cut(true)
	if err := db.Update(t.Context(), read); !fault.Is(err, fault.Unavailable) || errors.Is(err, errAbsent) {
		t.Errorf("the row is missing on a node that is cut off: %v, want that it cannot know", err)
	}
	log.Cut(false)

	log.Deafen()
	write(t, p.a, row{Name: "ann"})
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := db.Update(ctx, read); !fault.Is(err, fault.Unavailable) {
		t.Errorf("the row is missing on a node that has not heard of it: %v, want that it cannot know", err)
	}
	outcome := make(chan error)
	started := make(chan struct{}, 1)
	go func() {
		outcome <- db.Update(t.Context(), func(tx *store.Tx) error {
			select {
			case started <- struct{}{}:
			default:
			}
			return read(tx)
		})
	}()
	<-started // on old rows
	log.Cut(false)
	if err := <-outcome; err != nil {
		t.Errorf("Update = %v, want it run again on the new rows", err)
	}
	if err := db.Update(t.Context(), read); err != nil {
		t.Error(err)
	}
}

// A revision from before a restore, which the log will not come to, is not waited for.
func futures(t *testing.T, p pair) {
	log, db := severed(t, p, time.Second)
	write(t, p.a, row{Name: "ann"})
	if err := db.CatchUp(t.Context(), p.a.Revision()); err != nil {
		t.Fatal(err)
	}
	if _, ok := rows.Get(db.View(), "ann"); !ok {
		t.Error("caught up, and does not show the row")
	}
	if err := db.CatchUp(t.Context(), p.a.Revision()+1_000_000); err != nil {
		t.Errorf("a revision that the log does not have is waited for: %v", err)
	}
	log.Cut(true)
	if err := db.CatchUp(t.Context(), p.a.Revision()+1_000_000); !fault.Is(err, fault.Unavailable) {
		t.Errorf("on a node that cannot ask the log = %v, want Unavailable", err)
	}
}

// Who is patient waits for a leader, but not for ever; others are told at once.
func patient(t *testing.T, p pair) {
	log, db := severed(t, p, time.Second)
	log.Cut(true)
	put := func(ctx context.Context) error {
		return db.Update(ctx, func(tx *store.Tx) error {
			rows.Put(tx, row{Name: "ann"})
			return nil
		})
	}
	if err := put(store.Patient(t.Context(), time.Millisecond)); !errors.Is(err, store.ErrNoLeader) {
		t.Errorf("Update = %v, want no leader after a while", err)
	}
	done := make(chan error)
	go func() { done <- put(store.Patient(t.Context(), time.Minute)) }()
	go func() {
		opened, err := store.Open(store.Patient(t.Context(), time.Minute), log, store.Options{}, store.Schema{rows, colds})
		if err == nil {
			opened.Close()
		}
		done <- err
	}()
	log.Cut(false)
	for range 2 {
		if err := <-done; err != nil {
			t.Errorf("once there is a leader: %v", err)
		}
	}
}

// A keeper is a log that can be read without a majority, as far as its node has come.
type keeper struct {
	*Severable
	at store.Revision
}

// LocalRevision is how far the node has come.
func (k keeper) LocalRevision() store.Revision { return k.at }

// A node that starts without a majority shows what it has, and knows that it is old.
func startsAlone(t *testing.T, p pair) {
	write(t, p.a, row{Name: "ann", N: 1})
	log := keeper{NewSeverable(p.log), p.a.Revision()}
	log.Cut(true)
	write(t, p.a, row{Name: "ann", N: 2})
	db, err := store.Open(t.Context(), log, store.Options{}, store.Schema{rows, colds})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if r, _ := rows.Get(db.View(), "ann"); r.N != 1 {
		t.Errorf("shows %d, want what it has, 1", r.N)
	}
	if err := db.Fresh(t.Context()); !fault.Is(err, fault.Unavailable) {
		t.Errorf("a node that never heard of the others is fresh: %v", err)
	}
	if err := db.Update(t.Context(), read); !fault.Is(err, fault.Unavailable) {
		t.Errorf("an outcome is told of rows of any age: %v", err)
	}
	if err := db.Update(store.Believing(t.Context()), read); err != nil {
		t.Errorf("who believes old rows is told %v", err)
	}
	log.Cut(false)
	if err := db.Fresh(t.Context()); err != nil {
		t.Error(err)
	}
	if r, _ := rows.Get(db.View(), "ann"); r.N != 2 {
		t.Errorf("shows %d once it is fresh, want 2", r.N)
	}
}

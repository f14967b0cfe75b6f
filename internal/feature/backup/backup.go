package backup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
)

// A State is what all nodes know of the backup: the one row of its table.
type State struct {
	Set    string `json:"set"` // that is written; empty before the first
	Target string `json:"target"`

	Snapshot *Made     `json:"snapshot,omitempty"` // the newest
	Verified *Verified `json:"verified,omitempty"` // the last that was tried

	Problem string    `json:"problem,omitempty"` // why the last try to write failed; empty when it did not
	Since   time.Time `json:"since,omitzero"`
}

// Made is what is told of a snapshot.
type Made struct {
	Revision store.Revision `json:"revision"`
	At       time.Time      `json:"at"`
	Rows     int64          `json:"rows"`
	Blobs    int            `json:"blobs"`
	Size     int64          `json:"size"`              // bytes of the rows in the backup
	Missing  int            `json:"missing,omitempty"` // blobs that rows named and the server did not have
}

// Verified is what a verification found.
type Verified struct {
	Revision store.Revision `json:"revision"` // of the snapshot that was restored
	At       time.Time      `json:"at"`       // when
	Through  store.Revision `json:"through"`  // the last revision that was restored
	Rows     int64          `json:"rows"`
	Blobs    int            `json:"blobs"`
	Problems []string       `json:"problems,omitempty"` // none if all is well
}

const stateKey = "state"

var states = store.NewTable("backup", func(State) string { return stateKey })

// Tables are what the package keeps. They do not come back with a restored server, which is another.
var Tables = store.Schema{states}

// StateOf returns what is known of the backup.
func StateOf(r store.Reader) State {
	s, _ := states.Get(r, stateKey)
	return s
}

// Options are how a server is backed up.
type Options struct {
	Target Target
	Where  string // the target, as people write it
	Key    *Key   // nil leaves everything in the clear

	Every  time.Duration // between snapshots; zero means a day
	Keep   int           // snapshots; zero means seven
	Verify time.Duration // between verifications; zero means never

	// Examine looks a restored server over, and says what is wrong with it; nil finds nothing.
	Examine Examine

	Log *slog.Logger // nil discards
}

// Examine looks over a server in memory. The secret key is nil if the backup does not have it.
type Examine func(ctx context.Context, log store.Log, blobs blob.Store, secret []byte) ([]string, error)

// A Backup backs a server up while it runs. It is safe for concurrent use.
type Backup struct {
	db   *store.DB
	from Source
	o    Options

	busy sync.Mutex // held while a snapshot is taken
}

// New returns the backup of the server whose tables are in db.
func New(db *store.DB, from Source, o Options) *Backup {
	if o.Every == 0 {
		o.Every = 24 * time.Hour
	}
	if o.Keep == 0 {
		o.Keep = 7
	}
	if o.Examine == nil {
		o.Examine = func(context.Context, store.Log, blob.Store, []byte) ([]string, error) { return nil, nil }
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Backup{db: db, from: from, o: o}
}

// look is how often the leader looks whether something is due.
const look = time.Second

// Run writes the backup until ctx ends. Only the leader runs it.
func (b *Backup) Run(ctx context.Context) {
	for ctx.Err() == nil {
		if err := b.lead(ctx); err != nil && ctx.Err() == nil {
			b.fail(ctx, err)
		}
	}
}

// pauseAfter is how long nothing is tried after a failure.
const pauseAfter = 10 * time.Second

func (b *Backup) fail(ctx context.Context, err error) {
	b.o.Log.Error("the backup cannot be written; trying again", "to", b.o.Where, "err", err)
	_ = b.note(ctx, func(s *State) { // the log has it already
		if s.Problem == "" {
			s.Since = store.Now()
		}
		s.Problem = err.Error()
	})
	select {
	case <-time.After(pauseAfter):
	case <-ctx.Done():
	}
}

// note changes the row, if that changes anything.
func (b *Backup) note(ctx context.Context, change func(*State)) error {
	return b.db.Update(ctx, func(tx *store.Tx) error {
		s := StateOf(tx)
		change(&s)
		states.Put(tx, s)
		return nil
	})
}

// lead writes the backup until ctx ends or something fails.
func (b *Backup) lead(ctx context.Context) error {
	set, err := b.ownSet(ctx)
	if err != nil {
		return err
	}
	k, err := newKeeper(ctx, set, b.from)
	if err != nil {
		return err
	}
	m := &maintenance{Backup: b, keeper: k}
	a := &archiver{keeper: k}
	if there, err := a.resume(ctx); err != nil {
		return err
	} else if !there {
		if err := m.begin(ctx, a); err != nil {
			return err
		}
	}
	if err := k.claim(ctx); err != nil {
		return err
	}
	if err := b.note(ctx, func(s *State) { s.Problem, s.Since = "", time.Time{} }); err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return m.run(ctx) })
	g.Go(func() error {
		for {
			err := a.run(ctx, sealEvery)
			if !errors.Is(err, store.ErrCompacted) {
				return ignoreEnd(ctx, err)
			}
			b.o.Log.Warn("the backup fell behind the store's compaction; taking a snapshot", "after", a.at)
			if err := m.begin(ctx, a); err != nil {
				return ignoreEnd(ctx, err)
			}
		}
	})
	return g.Wait()
}

func ignoreEnd(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// ownSet opens the set that the row names, or begins one if that is not in the target.
func (b *Backup) ownSet(ctx context.Context) (*Set, error) {
	if state := StateOf(b.db.View()); state.Set != "" {
		set, err := OpenSet(ctx, b.o.Target, state.Set, b.o.Key)
		switch {
		case err == nil, !fault.Is(err, fault.NotFound) && !fault.Is(err, fault.Invalid):
			return set, err
		case fault.Is(err, fault.Invalid):
			b.o.Log.Warn("the backup's key has changed; beginning a new backup", "set", state.Set)
		}
	}
	set, err := makeSet(ctx, b.o.Target, b.o.Key)
	if err != nil {
		return nil, err
	}
	return set, b.note(ctx, func(s *State) {
		*s = State{Set: set.ID, Target: b.o.Where}
	})
}

// maintenance takes snapshots and verifies them when that is due.
type maintenance struct {
	*Backup
	*keeper
}

// begin takes a snapshot with which a chain of segments begins.
func (m *maintenance) begin(ctx context.Context, a *archiver) error {
	made, err := m.take(ctx)
	if err == nil {
		a.begin(made.Revision, made.At)
	}
	return err
}

// take takes a snapshot, notes it and deletes old ones.
func (m *maintenance) take(ctx context.Context) (Snapshot, error) {
	m.busy.Lock()
	defer m.busy.Unlock()
	made, err := m.snapshot(ctx)
	if err != nil {
		return made, err
	}
	err = m.note(ctx, func(s *State) {
		s.Snapshot = madeOf(made)
		s.Problem, s.Since = "", time.Time{}
	})
	if err != nil {
		return made, err
	}
	m.o.Log.Info("backed up", "to", m.o.Where, "set", made.Set, "revision", made.Revision, "rows", made.Rows(), "blobs", made.Blobs, "took", made.Whole.Sub(made.At))
	if len(made.Missing) > 0 {
		m.o.Log.Error("rows name blobs that the server does not have", "blobs", made.Missing)
	}
	var verified store.Revision
	if v := StateOf(m.db.View()).Verified; v != nil && len(v.Problems) == 0 {
		verified = v.Revision
	}
	_, err = m.prune(ctx, m.o.Keep, verified)
	return made, err
}

func madeOf(s Snapshot) *Made {
	return &Made{Revision: s.Revision, At: s.At, Rows: s.Rows(), Blobs: s.Blobs, Size: s.Size, Missing: len(s.Missing)}
}

// run does what is due until ctx ends.
func (m *maintenance) run(ctx context.Context) error {
	tick := time.NewTicker(look)
	defer tick.Stop()
	for {
		state := StateOf(m.db.View())
		if state.Snapshot == nil || time.Since(state.Snapshot.At) >= m.o.Every {
			if _, err := m.take(ctx); err != nil {
				return ignoreEnd(ctx, err)
			}
		} else if m.mustVerify(state) {
			if _, err := m.verify(ctx, m.set); err != nil {
				return ignoreEnd(ctx, err)
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

func (m *maintenance) mustVerify(s State) bool {
	return m.o.Verify > 0 && (s.Verified == nil || time.Since(s.Verified.At) >= m.o.Verify)
}

// Create takes a snapshot now, whichever node it is asked of.
func (b *Backup) Create(ctx context.Context) (State, error) {
	set, err := b.ownSet(ctx)
	if err != nil {
		return State{}, err
	}
	k, err := newKeeper(ctx, set, b.from)
	if err != nil {
		return State{}, err
	}
	_, err = (&maintenance{Backup: b, keeper: k}).take(ctx)
	return StateOf(b.db.View()), err
}

// VerifyNow verifies the backup and notes what was found.
func (b *Backup) VerifyNow(ctx context.Context) (Verified, error) {
	state := StateOf(b.db.View())
	if state.Set == "" {
		return Verified{}, fault.New(fault.NotFound, "nothing has been backed up yet: hexhub backup create")
	}
	set, err := OpenSet(ctx, b.o.Target, state.Set, b.o.Key)
	if err != nil {
		return Verified{}, err
	}
	return b.verify(ctx, set)
}

func (b *Backup) verify(ctx context.Context, set *Set) (Verified, error) {
	found, err := Verify(ctx, set, Moment{}, b.from.Names, b.o.Examine)
	if err != nil {
		return found, err
	}
	if len(found.Problems) > 0 {
		b.o.Log.Error("the backup does not hold what it should", "set", set.ID, "problems", found.Problems)
	} else {
		b.o.Log.Info("verified the backup", "set", set.ID, "through", found.Through, "rows", found.Rows, "blobs", found.Blobs)
	}
	return found, b.note(ctx, func(s *State) { s.Verified = &found })
}

// A Listing is what a set has.
type Listing struct {
	Set       string    `json:"set"`
	Encrypted bool      `json:"encrypted"`
	Snapshots []Made    `json:"snapshots"` // the newest first
	Through   time.Time `json:"through"`   // when the last change that it has was seen
	Segments  int       `json:"segments"`
	State     *State    `json:"state,omitempty"` // of a running server
}

// List tells what a set has.
func List(ctx context.Context, set *Set) (Listing, error) {
	l := Listing{Set: set.ID, Encrypted: set.Sealed, Snapshots: []Made{}}
	snapshots, err := set.Snapshots(ctx)
	if err != nil {
		return l, err
	}
	for _, s := range slices.Backward(snapshots) {
		l.Snapshots = append(l.Snapshots, *madeOf(s))
		if s.At.After(l.Through) {
			l.Through = s.At
		}
	}
	places, err := set.places(ctx)
	for _, p := range places {
		l.Segments++
		if p.to.After(l.Through) {
			l.Through = p.to
		}
	}
	return l, err
}

// List tells what the server's own set has.
func (b *Backup) List(ctx context.Context) (Listing, error) {
	state := StateOf(b.db.View())
	if state.Set == "" {
		return Listing{Snapshots: []Made{}, State: &state}, nil
	}
	set, err := OpenSet(ctx, b.o.Target, state.Set, b.o.Key)
	if err != nil {
		return Listing{}, err
	}
	l, err := List(ctx, set)
	l.State = &state
	return l, err
}

// Verify restores a moment into memory, looks it over and reads every blob that its rows name. What is wrong
// with the backup is among the problems; an error is that it could not be looked at.
func Verify(ctx context.Context, set *Set, m Moment, names func(string, []byte, time.Time) ([]blob.Hash, error), examine Examine) (Verified, error) {
	v := Verified{At: store.Now()}
	bad := func(format string, args ...any) { v.Problems = append(v.Problems, fmt.Sprintf(format, args...)) }
	p, err := set.Plan(ctx, m, false)
	if damaged(err) {
		bad("%v", err)
		return v, nil
	}
	if err != nil {
		return v, err
	}
	v.Revision, v.Through = p.Snapshot.Revision, p.Revision
	log := store.NewMemory()
	if _, err := p.Load(ctx, log, func(string) bool { return false }); damaged(err) {
		bad("%v", err)
		return v, nil
	} else if err != nil {
		return v, err
	}
	if err := set.listed(ctx, p.Snapshot, func(blob.Hash) {}); damaged(err) {
		bad("%v", err)
	} else if err != nil {
		return v, err
	}
	secret, _, err := set.Secret(ctx)
	if damaged(err) {
		bad("%v", err)
	} else if err != nil {
		return v, err
	}
	seen := map[blob.Hash]struct{}{}
	for h, err := range Named(ctx, log, names, v.At) {
		if err != nil {
			return v, err
		}
		if _, again := seen[h]; again {
			continue
		}
		seen[h] = struct{}{}
		if err := set.checkBlob(ctx, h); errors.Is(err, blob.ErrNotFound) || errors.Is(err, blob.ErrCorrupt) {
			bad("%v", err)
		} else if err != nil {
			return v, err
		}
	}
	v.Blobs, v.Rows = len(seen), p.Snapshot.Rows()
	found, err := examine(ctx, log, set.Blobs(), secret)
	v.Problems = append(v.Problems, found...)
	return v, err
}

// damaged reports whether an error is about the backup and not about the way to it.
func damaged(err error) bool { return errors.Is(err, ErrRefused) || errors.Is(err, fs.ErrNotExist) }

// checkBlob reads a blob whole.
func (s *Set) checkBlob(ctx context.Context, h blob.Hash) error {
	_, err := s.PutBlob(ctx, new(blob.Memory), h)
	return err
}

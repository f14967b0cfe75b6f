package backup

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
)

// A Moment is a state of the server that is wanted back: as of a time or of a revision, or the last that the
// backup knows if both are zero.
type Moment struct {
	At       time.Time
	Revision store.Revision
}

// holds reports whether a commit belongs to the moment.
func (m Moment) holds(r store.Revision, at time.Time) bool {
	return (m.Revision == 0 || r <= m.Revision) && (m.At.IsZero() || !at.After(m.At))
}

// A Plan is how a moment is brought back: a snapshot, and the commits after it.
type Plan struct {
	Set      string         `json:"set"`
	Snapshot Snapshot       `json:"snapshot"`
	Revision store.Revision `json:"revision"` // of the server at the moment
	At       time.Time      `json:"at"`       // when its last commit was made, or that of the snapshot
	Commits  int            `json:"commits"`  // after the snapshot
	Later    int            `json:"later"`    // commits after the moment, which do not come back

	moment Moment
	chain  []place // from the snapshot on, with what is later than the moment
	set    *Set
}

// Plan finds the way to a moment, and reads all of the history that it needs. It fails if something of that is
// missing, altered or of another backup. What happened after the moment is read as well, for what was revoked
// since; if that cannot be read it is an error too, unless the caller can do without.
func (s *Set) Plan(ctx context.Context, m Moment, withoutLater bool) (*Plan, error) {
	snapshots, err := s.snapshots(ctx)
	if err != nil {
		return nil, err
	}
	if len(snapshots) == 0 {
		return nil, fault.New(fault.NotFound, "backup %s has no snapshot", s.ID)
	}
	i := len(snapshots) - 1
	for i >= 0 && !m.holds(snapshots[i].Revision, snapshots[i].At) {
		i--
	}
	if i < 0 {
		first := snapshots[0]
		return nil, fault.New(fault.NotFound, "backup %s begins at %s, with revision %d: nothing before that can be brought back", s.ID, first.At.Format(time.RFC3339), first.Revision)
	}
	p := &Plan{Set: s.ID, Snapshot: snapshots[i].Snapshot, Revision: snapshots[i].Revision, At: snapshots[i].At, moment: m, set: s}
	if err := p.follow(ctx, withoutLater); err != nil {
		return nil, err
	}
	if m.Revision > p.Revision {
		return nil, fault.New(fault.NotFound, "backup %s knows revisions up to %d only", s.ID, p.Revision)
	}
	return p, nil
}

// follow reads the chain of segments from the snapshot on.
func (p *Plan) follow(ctx context.Context, withoutLater bool) error {
	places, err := p.set.places(ctx)
	if err != nil {
		return err
	}
	h, err := p.set.head(ctx)
	if err != nil {
		return err
	}
	end, _ := placeOf(h.Segment)
	at, hash := p.Snapshot.Revision, blob.Hash{}
	for at < end.last || slices.ContainsFunc(places, func(x place) bool { return x.last > at }) {
		next, ok := furthest(places, at)
		if !ok {
			err = fmt.Errorf("what happened after revision %d is missing from the backup: %w", at, ErrRefused)
		} else {
			hash, err = p.read(ctx, next, hash, h)
		}
		if err != nil && p.Later > 0 && withoutLater && errors.Is(err, ErrRefused) {
			return nil
		}
		if err != nil {
			return err
		}
		p.chain, at = append(p.chain, next), next.last
	}
	if p.moment.Revision > 0 && p.moment.Revision <= at {
		p.Revision = p.moment.Revision // nothing happened between its last commit and it
	}
	return nil
}

// furthest finds the segment that goes on after a revision, and of several the one that leads furthest. Two
// leaders may have written about the same time.
func furthest(places []place, after store.Revision) (place, bool) {
	var best place
	for _, x := range places {
		if x.first <= after+1 && x.last > max(after, best.last) {
			best = x
		}
	}
	return best, best.name != ""
}

// read counts what a segment has, and checks that it continues the one whose hash is given.
func (p *Plan) read(ctx context.Context, at place, prev blob.Hash, h head) (blob.Hash, error) {
	after := p.Revision
	g, hash, err := p.set.segment(ctx, at, func(c commit) error {
		switch {
		case c.Revision <= p.Snapshot.Revision || c.Revision <= after:
		case p.Later == 0 && p.moment.holds(c.Revision, c.At):
			p.Commits++
			p.Revision, p.At = c.Revision, c.At
		default:
			p.Later++
		}
		return nil
	})
	if err != nil {
		return hash, err
	}
	if at.name == h.Segment && hash != h.Hash {
		return hash, refused(at.name)
	}
	if n := len(p.chain); n > 0 && p.chain[n-1].last+1 == at.first && g.Prev != prev && !p.beginsAnew(g) {
		return hash, refused(at.name)
	}
	return hash, nil
}

// beginsAnew reports whether a chain begins with the segment, behind a snapshot.
func (p *Plan) beginsAnew(g Segment) bool { return g.Prev == blob.Hash{} }

// Load writes the moment's records into an empty log, but for those of the tables that drop names. It returns
// how many rows of each table it left out.
func (p *Plan) Load(ctx context.Context, into store.Log, drop func(table string) bool) (map[string]int64, error) {
	l := loading{log: into, drop: drop, ops: map[string]store.Op{}, dropped: map[string]set{}}
	var rows int64
	for _, part := range p.Snapshot.Parts {
		if part.List {
			continue
		}
		packed, hash, err := p.set.get(ctx, part.Name)
		if err != nil {
			return nil, err
		}
		if hash != part.Hash {
			return nil, refused(part.Name)
		}
		err = readAll(packed, func(r *reader) error {
			rec, err := r.record()
			if err != nil {
				return refused(part.Name)
			}
			rows++
			return l.add(ctx, store.Op{Key: rec.Key, Value: rec.Value})
		})
		if err != nil {
			return nil, err
		}
	}
	if rows != p.Snapshot.Rows() {
		return nil, refused(manifestName(p.Snapshot.Revision))
	}
	err := p.each(ctx, func(c commit, later bool) error {
		if later {
			return errEnough
		}
		for _, x := range c.Changes {
			if err := l.add(ctx, store.Op{Key: x.Key, Value: x.Value, Delete: x.Deleted}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return l.left(), l.flush(ctx)
}

var errEnough = errors.New("enough")

// each yields every commit after the snapshot once, in order, and whether it is later than the moment.
func (p *Plan) each(ctx context.Context, do func(c commit, later bool) error) error {
	at, later := p.Snapshot.Revision, false
	for _, x := range p.chain {
		_, _, err := p.set.segment(ctx, x, func(c commit) error {
			if c.Revision <= at {
				return nil
			}
			at = c.Revision
			later = later || !p.moment.holds(c.Revision, c.At)
			return do(c, later)
		})
		if errors.Is(err, errEnough) {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Since returns the last change after the moment of each row of the tables that want names.
func (p *Plan) Since(ctx context.Context, want func(table string) bool) (map[string]store.Change, error) {
	out := map[string]store.Change{}
	err := p.each(ctx, func(c commit, later bool) error {
		if !later {
			return nil
		}
		for _, x := range c.Changes {
			if table := tableOf(x.Key); want(table) && bytes.HasPrefix([]byte(x.Key), []byte(table+"/")) {
				out[x.Key] = x
			}
		}
		return nil
	})
	return out, err
}

// A loading gathers operations into transactions as large as a log takes. The last one on a key counts.
type loading struct {
	log     store.Log
	drop    func(string) bool
	ops     map[string]store.Op
	size    int
	dropped map[string]set // rows left out, by table
}

type set map[string]struct{}

func (l *loading) add(ctx context.Context, op store.Op) error {
	if table := tableOf(op.Key); l.drop(table) {
		if len(op.Key) > len(table) && op.Key[:len(table)] == table {
			l.leave(table, op)
		}
		return nil
	}
	if size := len(op.Key) + len(op.Value); len(l.ops) == store.MaxOps || l.size+size > store.MaxTxn {
		if err := l.flush(ctx); err != nil {
			return err
		}
	}
	l.size += len(op.Key) + len(op.Value)
	l.ops[op.Key] = op
	return nil
}

// leave notes a row that is left out.
func (l *loading) leave(table string, op store.Op) {
	if l.dropped[table] == nil {
		l.dropped[table] = set{}
	}
	if op.Delete {
		delete(l.dropped[table], op.Key)
	} else {
		l.dropped[table][op.Key] = struct{}{}
	}
}

// left counts the rows that were left out.
func (l *loading) left() map[string]int64 {
	out := map[string]int64{}
	for table, keys := range l.dropped {
		if len(keys) > 0 {
			out[table] = int64(len(keys))
		}
	}
	return out
}

func (l *loading) flush(ctx context.Context) error {
	if len(l.ops) == 0 {
		return nil
	}
	var txn store.Txn
	for _, op := range l.ops {
		txn.Ops = append(txn.Ops, op)
	}
	slices.SortFunc(txn.Ops, func(a, b store.Op) int { return cmp.Compare(a.Key, b.Key) })
	clear(l.ops)
	l.size = 0
	if _, _, err := l.log.Commit(ctx, txn); err != nil {
		return fmt.Errorf("write what is restored: %w", err)
	}
	return nil
}

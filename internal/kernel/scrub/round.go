package scrub

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"syscall"
	"time"

	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/fault"
)

// errAnew ends a round because somebody asked for another.
var errAnew = errors.New("a new round was asked for")

const (
	patience = 3        // tries to read a blob before it is passed over
	least    = 64 << 10 // bytes that opening a blob counts as
)

// reading is a round under way. The row follows it every now and then.
type reading struct {
	*Scrub
	round   Round
	lost    []Loss
	problem string
	saved   time.Time
	failed  int // tries to read the blob after round.After
}

// round begins a round, or goes on with one that was interrupted, and ends when all is read or ctx ends. What fails
// on the way is tried again until it works.
func (s *Scrub) round(ctx context.Context) error {
	r, err := s.begin(ctx)
	if err != nil {
		return err
	}
	for {
		err := r.read(ctx)
		if err == nil {
			err = r.finish(ctx)
		}
		switch {
		case ctx.Err() != nil:
			return r.interrupted(ctx)
		case err == nil, errors.Is(err, errAnew):
			return nil
		}
		r.problem = err.Error()
		r.save(ctx)
		s.try(ctx, err)
	}
}

// begin makes the row say that a round is under way.
func (s *Scrub) begin(ctx context.Context) (*reading, error) {
	r := &reading{Scrub: s, saved: time.Now()}
	at := time.Now().UTC()
	err := s.note(ctx, func(now *State) {
		if now.Asked || now.Now == nil {
			now.Now = &Round{Began: at}
		}
		now.Asked = false
		r.round, r.lost, r.problem = *now.Now, slices.Clone(now.Lost), now.Problem
	})
	if err != nil {
		return nil, fmt.Errorf("begin a scrub: %w", err)
	}
	s.o.Log.Info("reading all blobs", "store", s.name, "already", r.round.Read)
	return r, nil
}

// read goes through the blobs that the round has not read yet.
func (r *reading) read(ctx context.Context) error {
	for info, err := range r.blobs.Walk(ctx) {
		if err != nil {
			return err
		}
		if bytes.Compare(info.Hash[:], r.round.After[:]) <= 0 {
			continue
		}
		began := time.Now()
		if err := r.examine(ctx, info.Hash); err != nil {
			return err
		}
		r.round.After, r.failed, r.problem = info.Hash, 0, ""
		r.round.Read++
		r.round.Bytes += info.Size
		if time.Since(r.saved) >= saveEvery {
			r.save(ctx)
		}
		if !wait(ctx, time.Until(began.Add(r.took(info.Size)))) {
			return ctx.Err()
		}
		if r.State().Asked {
			return errAnew
		}
	}
	return nil
}

// took is how long a blob of the size may take.
func (r *reading) took(size int64) time.Duration {
	return time.Duration(float64(max(size, least)) / float64(r.o.Rate) * float64(time.Second))
}

// examine reads a blob, and heals it if it must and can be. It returns an error when it is too early to tell.
func (r *reading) examine(ctx context.Context, h blob.Hash) error {
	err := r.blobs.Check(ctx, h)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err == nil, errors.Is(err, blob.ErrNotFound) && fault.Of(err) == fault.Internal: // deleted since it was listed
		r.found(h)
		return nil
	case rotten(err):
		r.corrupted(ctx, h, err)
		return ctx.Err() // a healing that was cut short failed for no reason
	}
	if r.failed++; r.failed < patience {
		return err
	}
	r.round.Unread++
	r.o.Log.Error("a blob cannot be read", "store", r.name, "blob", h.String(), "err", err)
	return nil
}

// rotten reports whether err says that the bytes are wrong, or that the disk does not give them back.
func rotten(err error) bool { return errors.Is(err, blob.ErrCorrupt) || errors.Is(err, syscall.EIO) }

// corrupted heals a corrupt blob. What cannot be healed is lost, if anybody needs it.
func (r *reading) corrupted(ctx context.Context, h blob.Hash, err error) {
	healed := r.o.Heal(ctx, h)
	if ctx.Err() != nil {
		return
	}
	r.corrupt.Add(1)
	r.round.Corrupt++
	log := r.o.Log.With("store", r.name, "blob", h.String())
	what := r.o.Note(h)
	switch {
	case healed:
		r.round.Healed++
		r.found(h)
		log.Warn("a blob was corrupt, and is healed", "what", what, "err", err)
	case what == "":
		log.Warn("a blob that nobody needs is corrupt", "err", err)
	default:
		log.Error("a blob is corrupt, and there is no good copy to heal it from", "what", what, "err", err)
		r.lose(ctx, Loss{h, what, "corrupt", time.Now().UTC()})
	}
}

// lose remembers a loss, and tells of it at once.
func (r *reading) lose(ctx context.Context, l Loss) {
	known := slices.ContainsFunc(r.lost, func(o Loss) bool { return o.Blob == l.Blob })
	if known || len(r.lost) >= maxLost {
		return
	}
	r.lost = append(r.lost, l)
	r.save(ctx)
}

// found forgets a loss.
func (r *reading) found(h blob.Hash) {
	r.lost = slices.DeleteFunc(r.lost, func(l Loss) bool { return l.Blob == h })
}

// missing finds what rows name and neither this store nor another has.
func (r *reading) missing(ctx context.Context) error {
	if r.o.Named == nil {
		return nil
	}
	absent := map[blob.Hash]struct{}{}
	for h := range r.o.Named() {
		absent[h] = struct{}{}
	}
	for info, err := range r.blobs.Walk(ctx) {
		if err != nil {
			return err
		}
		delete(absent, info.Hash)
	}
	for _, h := range slices.SortedFunc(maps.Keys(absent), func(a, b blob.Hash) int { return bytes.Compare(a[:], b[:]) }) {
		_, err := r.blobs.Stat(ctx, h)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if !errors.Is(err, blob.ErrNotFound) || fault.Of(err) != fault.Internal {
			continue // it is elsewhere, or may be where nobody answers
		}
		if what := r.o.Note(h); what != "" {
			r.round.Missing++
			r.o.Log.Error("a blob is missing", "store", r.name, "blob", h.String(), "what", what)
			r.lose(ctx, Loss{h, what, "missing", time.Now().UTC()})
		}
	}
	return nil
}

// finish ends the round.
func (r *reading) finish(ctx context.Context) error {
	r.round.Missing = 0 // in case it is looked for again
	if err := r.missing(ctx); err != nil {
		return err
	}
	done, lost := r.round, slices.Clone(r.lost)
	done.Ended = time.Now().UTC()
	err := r.note(ctx, func(now *State) { now.Now, now.Last, now.Lost, now.Problem = nil, &done, lost, "" })
	if err != nil {
		return fmt.Errorf("write down that all blobs were read: %w", err)
	}
	r.o.Log.Info("read all blobs", "store", r.name, "blobs", done.Read, "bytes", done.Bytes, "corrupt", done.Corrupt,
		"healed", done.Healed, "missing", done.Missing, "unread", done.Unread, "took", done.Ended.Sub(done.Began).Round(time.Second))
	return nil
}

// save writes down where the round is. If that fails there is another time.
func (r *reading) save(ctx context.Context) {
	r.saved = time.Now()
	at, lost := r.round, slices.Clone(r.lost)
	_ = r.note(ctx, func(now *State) { now.Now, now.Lost, now.Problem = &at, lost, r.problem })
}

// interrupted saves where the round is, for whoever goes on with it.
func (r *reading) interrupted(ctx context.Context) error {
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
	defer cancel()
	r.save(last)
	return ctx.Err()
}

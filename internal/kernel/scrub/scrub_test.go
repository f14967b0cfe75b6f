package scrub_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/scrub"
	"hexhub/internal/kernel/store"
)

// A disk is a store in a folder, of which tests spoil files.
type disk struct {
	*blob.Disk
	t      *testing.T
	dir    string
	hashes []blob.Hash // in order
	bytes  map[blob.Hash][]byte
}

// newDisk returns a disk with so many blobs.
func newDisk(t *testing.T, blobs int) *disk {
	t.Helper()
	d := &disk{t: t, dir: filepath.Join(t.TempDir(), "blobs"), bytes: map[blob.Hash][]byte{}}
	var err error
	if d.Disk, err = blob.OpenDisk(d.dir); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	for i := range blobs {
		b := fmt.Appendf(nil, "tarball %d", i)
		h := d.put(b)
		d.hashes, d.bytes[h] = append(d.hashes, h), b
	}
	slices.SortFunc(d.hashes, func(a, b blob.Hash) int { return bytes.Compare(a[:], b[:]) })
	return d
}

func (d *disk) put(b []byte) blob.Hash {
	d.t.Helper()
	h, _, err := d.Put(d.t.Context(), bytes.NewReader(b))
	if err != nil {
		d.t.Fatal(err)
	}
	return h
}

func (d *disk) file(h blob.Hash) string { return filepath.Join(d.dir, h.String()[:2], h.String()) }

// rot flips a bit of a blob, and leaves its size and its age as they are.
func (d *disk) rot(h blob.Hash) {
	d.t.Helper()
	info, err := os.Stat(d.file(h))
	if err != nil {
		d.t.Fatal(err)
	}
	b := slices.Clone(d.bytes[h])
	b[0] ^= 1
	if err := os.WriteFile(d.file(h), b, 0o600); err != nil {
		d.t.Fatal(err)
	}
	if err := os.Chtimes(d.file(h), info.ModTime(), info.ModTime()); err != nil {
		d.t.Fatal(err)
	}
}

func (d *disk) remove(h blob.Hash) {
	d.t.Helper()
	if err := os.Remove(d.file(h)); err != nil {
		d.t.Fatal(err)
	}
}

func (d *disk) named() iter.Seq[blob.Hash] { return slices.Values(d.hashes) }

func openDB(t *testing.T) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), store.NewMemory(), store.Options{}, scrub.Tables)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db
}

// run runs a scrub until stop is called or the test ends, as it must.
func run(t *testing.T, s *scrub.Scrub) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		if err := s.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	stop = func() { cancel(); running.Wait() }
	t.Cleanup(stop)
	return stop
}

// until waits for the state of the only store to be as it should, and returns it. After a year it gives up.
func until(t *testing.T, db *store.DB, be func(scrub.State) bool) scrub.State {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 365*24*time.Hour)
	defer cancel()
	for {
		v := db.View()
		for _, s := range scrub.States(v) {
			if be(s) {
				return s
			}
		}
		if err := v.Wait(ctx); err != nil {
			t.Fatalf("%v, and the states are %+v", err, scrub.States(db.View()))
		}
	}
}

func wholeRound(s scrub.State) bool { return s.Last != nil && s.Now == nil && !s.Asked }

func now(t *testing.T, db *store.DB, stores int) {
	t.Helper()
	if got, err := scrub.Now(t.Context(), db); err != nil || got != stores {
		t.Fatalf("Now = %d, %v, want %d stores", got, err, stores)
	}
}

// C8: a blob that rots on one disk is found though nobody reads it, healed from another, and told of; it is read again
// in the next round.
func TestC8RotIsFoundHealedAndToldOf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db, d := openDB(t), newDisk(t, 20)
		rotten := d.hashes[7]
		r, err := d.Open(t.Context(), rotten)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := bytes.NewBuffer(nil).ReadFrom(r); err != nil { // so that the disk trusts the file
			t.Fatal(err)
		}
		r.Close()
		d.rot(rotten)
		s := scrub.New(db, d, "n1", scrub.Options{
			Node: "first", Every: 7 * 24 * time.Hour, Named: d.named,
			Heal: func(ctx context.Context, h blob.Hash) bool {
				_, _, err := d.Put(ctx, bytes.NewReader(d.bytes[h]))
				return err == nil
			},
		})
		run(t, s)
		state := until(t, db, wholeRound)
		if l := state.Last; l.Read != 20 || l.Corrupt != 1 || l.Healed != 1 || l.Missing != 0 || len(state.Lost) != 0 || s.Corrupt() != 1 {
			t.Errorf("the first round is %+v and lost %v, want one blob of 20 found and healed", *l, state.Lost)
		}
		if state.Store != "n1" || state.Node != "first" || state.Last.Began.Sub(state.Since) < 10*time.Minute {
			t.Errorf("the state is %+v, want that of n1, begun ten minutes after the start", state)
		}
		if err := d.Check(t.Context(), rotten); err != nil {
			t.Errorf("after the scrub: %v", err)
		}

		first := state.Last.Began
		state = until(t, db, func(s scrub.State) bool { return wholeRound(s) && s.Last.Began.After(first) })
		if l := state.Last; l.Read != 20 || l.Corrupt != 0 || l.Began.Sub(first) != 7*24*time.Hour {
			t.Errorf("the second round is %+v, want nothing found a week later", *l)
		}
		before := time.Now()
		now(t, db, 1)
		state = until(t, db, func(s scrub.State) bool { return wholeRound(s) && !s.Last.Began.Before(before) })
		if state.Last.Began.Sub(before) > time.Second {
			t.Errorf("a round that was asked for began after %s", state.Last.Began.Sub(before))
		}
	})
}

// What is corrupt or missing and cannot be healed is named, until it is there again or nobody needs it; what nobody
// needs is no loss.
func TestWhatCannotBeHealedIsNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db, d := openDB(t), newDisk(t, 8)
		useless, corrupt, missing, reverted := d.hashes[1], d.hashes[2], d.hashes[3], d.hashes[4]
		var gone atomic.Bool // reverted is not needed any more
		needed := func(h blob.Hash) string {
			if h == useless || h == reverted && gone.Load() {
				return ""
			}
			return "decimal-" + h.String()[:4] + ".tar"
		}
		d.rot(useless)
		d.rot(corrupt)
		d.remove(missing)
		d.remove(reverted)
		s := scrub.New(db, d, "n1", scrub.Options{Every: 7 * 24 * time.Hour, Named: d.named, Note: needed})
		run(t, s)
		state := until(t, db, wholeRound)
		if l := state.Last; l.Corrupt != 2 || l.Healed != 0 || l.Missing != 2 || s.Corrupt() != 2 {
			t.Errorf("the round is %+v, want two corrupt and two missing", *l)
		}
		var told []string
		for _, l := range state.Lost {
			told = append(told, l.Why+" "+l.What)
		}
		if want := []string{"corrupt " + needed(corrupt), "missing " + needed(missing), "missing " + needed(reverted)}; !slices.Equal(told, want) {
			t.Errorf("lost = %q, want %q", told, want)
		}

		d.put(d.bytes[missing]) // somebody brings a copy
		gone.Store(true)
		state = until(t, db, func(s scrub.State) bool { return len(s.Lost) == 1 })
		if late := time.Since(state.Last.Ended); state.Lost[0].Blob != corrupt || late > 2*time.Hour {
			t.Errorf("after %s the rest of the losses is %v, want what is still corrupt within hours", late, state.Lost)
		}
		d.put(d.bytes[corrupt])
		now(t, db, 1)
		if state = until(t, db, wholeRound); len(state.Lost) != 0 {
			t.Errorf("lost = %v when all is there again", state.Lost)
		}
	})
}

// counting counts how often each blob is checked, and tells of it.
type counting struct {
	blob.Store
	mu     sync.Mutex // guards counts
	counts map[blob.Hash]int
	check  func(total int, h blob.Hash) error // instead, if it returns an error
}

func (c *counting) Check(ctx context.Context, h blob.Hash) error {
	c.mu.Lock()
	if c.counts == nil {
		c.counts = map[blob.Hash]int{}
	}
	c.counts[h]++
	total := 0
	for _, n := range c.counts {
		total += n
	}
	c.mu.Unlock()
	if c.check != nil {
		if err := c.check(total, h); err != nil {
			return err
		}
	}
	return c.Store.Check(ctx, h)
}

// A round that a restart interrupts goes on where it was: no blob is read twice and none is left out, and what it had
// found is remembered.
func TestInterruptedRoundGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db, d := openDB(t), newDisk(t, 30)
		d.rot(d.hashes[3])
		ctx, cancel := context.WithCancel(t.Context())
		blobs := &counting{Store: d, check: func(total int, _ blob.Hash) error {
			if total == 12 {
				cancel()
			}
			return ctx.Err()
		}}
		if err := scrub.New(db, blobs, "n1", scrub.Options{Every: time.Hour}).Run(ctx); err != nil {
			t.Fatal(err)
		}
		state := scrub.States(db.View())[0]
		if state.Now == nil || state.Now.Read != 11 || state.Now.Corrupt != 1 || len(state.Lost) != 1 {
			t.Fatalf("the interrupted round is %+v, want eleven blobs read and one lost", state)
		}

		clear(blobs.counts)
		blobs.check = nil
		s := scrub.New(db, blobs, "n1", scrub.Options{Every: time.Hour})
		run(t, s)
		state = until(t, db, wholeRound)
		for i, h := range d.hashes {
			if want := i >= 11; (blobs.counts[h] == 1) != want || blobs.counts[h] > 1 {
				t.Errorf("blob %d was read %d times afterwards", i, blobs.counts[h])
			}
		}
		if l := state.Last; l.Read != 30 || l.Corrupt != 1 || len(state.Lost) != 1 {
			t.Errorf("the round is %+v, want all thirty blobs and the loss", *l)
		}
	})
}

// A round in which somebody asks for another begins anew, so that what rotted since is found.
func TestNowBeginsAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db, d := openDB(t), newDisk(t, 10)
		blobs := &counting{Store: d, check: func(total int, _ blob.Hash) error {
			if total == 5 {
				d.rot(d.hashes[0])
				now(t, db, 1)
			}
			return nil
		}}
		s := scrub.New(db, blobs, "n1", scrub.Options{})
		run(t, s)
		until(t, db, func(s scrub.State) bool { return s.Store != "" })
		now(t, db, 1) // for it has no schedule
		state := until(t, db, wholeRound)
		if l := state.Last; l.Read != 10 || l.Corrupt != 1 || blobs.counts[d.hashes[0]] != 2 || blobs.counts[d.hashes[9]] != 1 {
			t.Errorf("the round is %+v and read %v, want it to have read the first blob again, and the last once", *l, blobs.counts)
		}
	})
}

// A failure that passes stops a round for a while, and one that does not is counted; neither is taken for rot.
func TestFailuresAreNoRot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db, d := openDB(t), newDisk(t, 6)
		away, never := d.hashes[2], d.hashes[4]
		blobs := &counting{Store: d}
		blobs.check = func(_ int, h blob.Hash) error {
			if h == never || h == away && blobs.counts[h] == 1 {
				return errors.New("the storage is away")
			}
			return nil
		}
		run(t, scrub.New(db, blobs, "n1", scrub.Options{Every: time.Hour, Named: d.named}))
		if state := until(t, db, func(s scrub.State) bool { return s.Problem != "" }); state.Problem != "the storage is away" {
			t.Errorf("the problem is %q", state.Problem)
		}
		state := until(t, db, wholeRound)
		if l := state.Last; l.Read != 6 || l.Unread != 1 || l.Corrupt != 0 || l.Missing != 0 || len(state.Lost) != 0 || state.Problem != "" {
			t.Errorf("the round is %+v and the state %+v, want one blob unread", *l, state)
		}
	})
}

// Blobs lie in the bucket or on disks: who scrubs the one forgets the others, and a node that goes is forgotten.
func TestForgottenStores(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := openDB(t)
		names := func() (out []string) {
			for _, s := range scrub.States(db.View()) {
				out = append(out, s.Store)
			}
			return out
		}
		for _, step := range []struct {
			name string
			want []string
		}{
			{"n1", []string{"n1"}},
			{"n2", []string{"n1", "n2"}},
			{scrub.Bucket, []string{scrub.Bucket}},
			{"n2", []string{"n2"}},
		} {
			stop := run(t, scrub.New(db, new(blob.Memory), step.name, scrub.Options{}))
			synctest.Wait()
			stop()
			if got := names(); !slices.Equal(got, step.want) {
				t.Errorf("after a scrub of %s the stores are %v, want %v", step.name, got, step.want)
			}
		}
		err := db.Update(t.Context(), func(tx *store.Tx) error {
			scrub.Forget(tx, "n2")
			return nil
		})
		if got := names(); err != nil || len(got) > 0 {
			t.Errorf("after Forget the stores are %v (%v), want none", got, err)
		}
	})
}

package audit_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hexhub/internal/feature/audit"
	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/seal"
	"hexhub/internal/kernel/store"
)

// A mortal log takes so many commits and then fails, as a node that is killed.
type mortal struct {
	store.Log
	left atomic.Int64
}

var errKilled = errors.New("killed")

func (m *mortal) Commit(ctx context.Context, txn store.Txn) (store.Revision, bool, error) {
	if m.left.Add(-1) < 0 {
		return 0, false, errKilled
	}
	return m.Log.Commit(ctx, txn)
}

const forEver = 1 << 40

// An archive is an audit log with somewhere to put old entries.
type archive struct {
	*testing.T
	log   *mortal
	db    *store.DB
	blobs *blob.Memory
	o     audit.Options
	*audit.Audit
}

func newArchive(t *testing.T, run int) *archive {
	t.Helper()
	sealer, err := seal.Open(filepath.Join(t.TempDir(), "secret.key"))
	if err != nil {
		t.Fatal(err)
	}
	a := &archive{T: t, log: &mortal{Log: store.NewMemory()}, blobs: &blob.Memory{}}
	a.log.left.Store(forEver)
	a.o = audit.Options{Blobs: a.blobs, Sealer: sealer, Run: run}
	if a.db, err = store.Open(t.Context(), a.log, store.Options{}, audit.Tables); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.db.Close)
	a.Audit = audit.New(a.db, a.o)
	return a
}

// record writes entries, each of which concerns one of three organizations.
func (a *archive) record(n int) {
	a.Helper()
	record(a.T, a.db, n, func(i int) string { return fmt.Sprint("org:", i%3) })
}

// long is a time before which all entries of a test are, and have waited long enough.
var long = start.Add(100 * 24 * time.Hour)

func (a *archive) archive(before time.Time) int {
	a.Helper()
	made, err := a.Archive(a.Context(), before)
	if err != nil {
		a.Fatal(err)
	}
	return made
}

// wants tells what is wrong with what can be found of n entries.
func (a *archive) wants(n int) error {
	for _, limit := range []int{1, 7, 1000} {
		if got := find(a.T, a.Audit, audit.Query{}, limit); !slices.Equal(got, deeds(n-1, 0)) {
			return fmt.Errorf("%d a page, %d entries of %d: %v", limit, len(got), n, got)
		}
	}
	for third := range 3 {
		var want []string
		for i := n - 1; i >= 0; i-- {
			if i%3 == third {
				want = append(want, fmt.Sprint("deed.", i))
			}
		}
		ref := fmt.Sprint("org:", third)
		if got := find(a.T, a.Audit, audit.Query{Ref: ref}, 4); !slices.Equal(got, want) {
			return fmt.Errorf("of one organization %v, want %v", got, want)
		}
		for skip := range len(want) + 2 {
			after, more, err := a.Skip(a.Context(), a.View(), ref, skip)
			if err != nil {
				return err
			}
			if more != (skip < len(want)) {
				return fmt.Errorf("behind %d of %d there are more: %t", skip, len(want), more)
			}
			if got := find(a.T, a.Audit, audit.Query{Ref: ref, After: after}, 4); more && !slices.Equal(got, want[skip:]) {
				return fmt.Errorf("behind %d: %v, want %v", skip, got, want[skip:])
			}
		}
	}
	return nil
}

func (a *archive) verified() audit.Verification {
	a.Helper()
	v, err := a.Verify(a.Context())
	if err != nil {
		a.Fatal(err)
	}
	return v
}

func TestOldEntriesMoveToSegmentsAndAreFoundAsBefore(t *testing.T) {
	a := newArchive(t, 10)
	a.record(57)
	if made := a.archive(start.Add(35 * time.Second)); made != 3 {
		t.Errorf("%d segments of the 35 entries that are old, want three full ones", made)
	}
	if err := a.wants(57); err != nil {
		t.Error(err)
	}
	if v := a.verified(); v.Segments != 3 || v.Entries != 30 || v.Rows != 27 || len(v.Problems) > 0 {
		t.Errorf("verified: %+v", v)
	}
	if made := a.archive(start.Add(35 * time.Second)); made != 0 {
		t.Errorf("%d more segments of the five entries that fill none", made)
	}
	if made := a.archive(long); made != 3 {
		t.Errorf("%d more segments of the 27 that waited long enough, want three", made)
	}
	if err := a.wants(57); err != nil {
		t.Error(err)
	}
	if v := a.verified(); v.Segments != 6 || v.Entries != 57 || v.Rows != 0 || len(v.Problems) > 0 {
		t.Errorf("verified: %+v", v)
	}
	if held := slices.Collect(audit.Blobs(a.View())); len(held) != 6 {
		t.Errorf("%d blobs are to be kept, want six", len(held))
	}
}

func TestExportReadsThroughSegments(t *testing.T) {
	a := newArchive(t, 10)
	a.record(57)
	var before, after bytes.Buffer
	bounds := []time.Time{start.Add(3 * time.Second), start.Add(50 * time.Second)}
	if err := a.Export(t.Context(), &before, bounds[0], bounds[1], "org:1"); err != nil {
		t.Fatal(err)
	}
	a.archive(start.Add(42 * time.Second))
	if err := a.Export(t.Context(), &after, bounds[0], bounds[1], "org:1"); err != nil {
		t.Fatal(err)
	}
	if before.String() != after.String() || strings.Count(before.String(), "\n") != 16 {
		t.Errorf("exported before:\n%safterwards:\n%s", &before, &after)
	}
}

// Wherever archiving is stopped, every entry is found exactly once, then and when it has gone on.
func TestArchivingStoppedAnywhereLosesAndDoublesNothing(t *testing.T) {
	const n = 25
	for stop := range 100 {
		a := newArchive(t, 10)
		a.record(n)
		a.log.left.Store(int64(stop))
		_, err := a.Archive(t.Context(), long)
		a.log.left.Store(forEver)
		if err := a.wants(n); err != nil {
			t.Fatalf("stopped at commit %d: %v", stop, err)
		}
		if v := a.verified(); len(v.Problems) > 0 {
			t.Fatalf("stopped at commit %d: %v", stop, v.Problems)
		}
		a.Audit = audit.New(a.db, a.o) // another process
		a.archive(long)
		if err := a.wants(n); err != nil {
			t.Fatalf("stopped at commit %d and gone on: %v", stop, err)
		}
		if v := a.verified(); v.Entries != n || v.Rows != 0 || len(v.Problems) > 0 {
			t.Fatalf("stopped at commit %d and gone on: %+v", stop, v)
		}
		if err == nil {
			if stop < 8 {
				t.Fatalf("done in %d commits: the test stops nothing", stop)
			}
			return
		}
	}
	t.Fatal("archiving needs more than a hundred commits for 25 entries")
}

// Nodes that archive at once make one chain of segments, and nothing is lost or doubled.
func TestNodesMayArchiveAtOnce(t *testing.T) {
	a := newArchive(t, 5)
	a.record(60)
	var wg sync.WaitGroup
	for range 4 {
		db, err := store.Open(t.Context(), a.log, store.Options{}, audit.Tables)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(db.Close)
		wg.Go(func() {
			for range 20 {
				if _, err := audit.New(db, a.o).Archive(t.Context(), long); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if err := a.wants(60); err != nil {
		t.Error(err)
	}
	if v := a.verified(); v.Entries != 60 || v.Rows != 0 || len(v.Problems) > 0 {
		t.Errorf("verified: %+v", v)
	}
}

// An entry may be recorded late, with a time that has been sealed already.
func TestLateEntriesFindTheirPlace(t *testing.T) {
	a := newArchive(t, 10)
	a.record(20)
	a.archive(long)
	err := a.db.Update(t.Context(), func(tx *store.Tx) error {
		audit.RecordTx(tx, audit.By{}, "late", nil, start.Add(4500*time.Millisecond), "org:x")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want := slices.Concat(deeds(19, 5), []string{"late"}, deeds(4, 0))
	for _, archived := range []bool{false, true} {
		if archived {
			a.archive(long)
		}
		for _, limit := range []int{1, 3, 50} {
			if got := find(t, a.Audit, audit.Query{}, limit); !slices.Equal(got, want) {
				t.Errorf("archived %t, %d a page: %v", archived, limit, got)
			}
		}
	}
}

// What is sealed cannot be read in the blobs, and is smaller there.
func TestSegmentsAreSealed(t *testing.T) {
	a := newArchive(t, 500)
	a.record(500)
	var lines bytes.Buffer
	if err := a.Export(t.Context(), &lines, time.Time{}, time.Time{}, ""); err != nil {
		t.Fatal(err)
	}
	a.archive(long)
	for h := range audit.Blobs(a.View()) {
		raw := a.bytes(h)
		if bytes.Contains(raw, []byte("deed")) || len(raw) > lines.Len()/2 {
			t.Errorf("%d bytes of lines are %d in the blob, readable: %t", lines.Len(), len(raw), bytes.Contains(raw, []byte("deed")))
		}
	}
}

func (a *archive) bytes(h blob.Hash) []byte {
	a.Helper()
	r, err := a.blobs.Open(a.Context(), h)
	if err != nil {
		a.Fatal(err)
	}
	defer r.Close()
	raw, err := io.ReadAll(r)
	if err != nil {
		a.Fatal(err)
	}
	return raw
}

func TestVerifyTellsWhatIsMissingOrChanged(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(a *archive, all []audit.Segment)
		want  string
	}{
		{"C14 a segment's row is deleted", func(a *archive, all []audit.Segment) { a.put(all[1].Number, nil) }, "segment 2 is missing"},
		{"C14 a segment's blob is deleted", func(a *archive, all []audit.Segment) {
			if _, err := a.blobs.Delete(a.Context(), all[1].Blob, time.Now().Add(time.Hour)); err != nil {
				a.Fatal(err)
			}
		}, "segment 2"},
		{"C14 a row says less than its blob", func(a *archive, all []audit.Segment) {
			all[1].Entries--
			a.put(2, &all[1])
		}, "segment 2"},
		{"C14 a segment is another's copy", func(a *archive, all []audit.Segment) {
			all[1].Blob = all[0].Blob
			a.put(2, &all[1])
		}, "segment 2"},
		{"C14 a segment is forged", func(a *archive, all []audit.Segment) {
			h, _, err := a.blobs.Put(a.Context(), strings.NewReader("\x01 no such thing was ever sealed"))
			if err != nil {
				a.Fatal(err)
			}
			all[1].Blob = h
			a.put(2, &all[1])
		}, "segment 3 follows"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := newArchive(t, 10)
			a.record(30)
			a.archive(long)
			if v := a.verified(); len(v.Problems) > 0 {
				t.Fatal(v.Problems)
			}
			c.spoil(a, audit.Segments(a.View()))
			v := a.verified()
			if !strings.Contains(strings.Join(v.Problems, "\n"), c.want) {
				t.Errorf("problems %q, want %q among them", v.Problems, c.want)
			}
		})
	}
}

// put replaces or deletes the row of a segment, as somebody might on the disk.
func (a *archive) put(number int, s *audit.Segment) {
	a.Helper()
	err := a.db.Update(a.Context(), func(tx *store.Tx) error {
		audit.SpoilSegment(tx, number, s)
		return nil
	})
	if err != nil {
		a.Fatal(err)
	}
}

// Who reads on over a part that is gone would take the rest for the whole.
func TestUnreadableSegmentsAreNotSkipped(t *testing.T) {
	a := newArchive(t, 10)
	a.record(25)
	a.archive(long)
	s := audit.Segments(a.View())[0]
	if _, err := a.blobs.Delete(t.Context(), s.Blob, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	a.Audit = audit.New(a.db, a.o)
	if _, _, err := a.Find(t.Context(), a.View(), audit.Query{}, 100); !fault.Is(err, fault.Unavailable) {
		t.Errorf("a page over a segment without its blob: %v, want unavailable", err)
	}
	if err := a.Export(t.Context(), io.Discard, time.Time{}, time.Time{}, ""); !fault.Is(err, fault.Unavailable) {
		t.Errorf("an export over it: %v, want unavailable", err)
	}
}

func BenchmarkPageOfSegment(b *testing.B) {
	sealer, err := seal.Open(filepath.Join(b.TempDir(), "secret.key"))
	if err != nil {
		b.Fatal(err)
	}
	db, err := store.Open(b.Context(), store.NewMemory(), store.Options{}, audit.Tables)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	a := audit.New(db, audit.Options{Blobs: &blob.Memory{}, Sealer: sealer})
	for i := range 100 {
		err := db.Update(b.Context(), func(tx *store.Tx) error {
			for k := range 100 {
				params := map[string]any{"package": map[string]any{"name": "decimal", "meta": strings.Repeat("x", 200)}}
				audit.RecordTx(tx, audit.By{UserID: "u"}, "release.publish", params, start.Add(time.Duration(100*i+k)*time.Second), fmt.Sprint("package:hexhub/p", k))
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	if made, err := a.Archive(b.Context(), long); err != nil || made != 2 {
		b.Fatal(made, err)
	}
	for name, again := range map[string]func() *audit.Audit{
		"opened": func() *audit.Audit { return a },
		"cold":   func() *audit.Audit { return audit.New(db, audit.Options{Blobs: a.BlobStore(), Sealer: sealer}) },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if page, _, err := again().Find(b.Context(), db.View(), audit.Query{Ref: "package:hexhub/p7"}, 50); err != nil || len(page) != 50 {
					b.Fatal(len(page), err)
				}
			}
		})
	}
}

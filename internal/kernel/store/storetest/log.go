// Package storetest holds the laws of the store as tests: those that every store.Log keeps, and those
// that a store.DB keeps over any of them. It knows the exported face of package store only.
package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hexhub/internal/kernel/store"
)

// TestLog runs the laws of a log. Open returns an empty log, for the suite to close.
func TestLog(t *testing.T, open func(testing.TB) store.Log) {
	for _, law := range []struct {
		name string
		test func(*testing.T, store.Log)
	}{
		{"guard holds only for the revision it names", guards},
		{"one failing guard stops the whole transaction", guardsAreJoint},
		{"revisions grow, and stand still when nothing changes", revisions},
		{"impossible transactions are refused and change nothing", refusals},
		{"largest transactions pass", largest},
		{"values come back as they were", values},
		{"every value says when it was written", times},
		{"range is bounded, ordered and limited", ranges},
		{"range shows the past", past},
		{"compaction forgets the past but no value", compaction},
		{"watch tells whole revisions in order from any point", watches},
		{"watch goes on while commits come", watchesOn},
		{"watch ends with its context, its callback's error and its log", watchEnds},
		{"commit cancelled beforehand changes nothing", cancelled},
		{"no guarded increment is lost", increments},
	} {
		t.Run(law.name, func(t *testing.T) {
			log := open(t)
			t.Cleanup(func() {
				if err := log.Close(); err != nil {
					t.Errorf("Close: %v", err)
				}
			})
			law.test(t, log)
		})
	}
}

func put(key, value string) store.Op { return store.Op{Key: key, Value: []byte(value)} }

func remove(key string) store.Op { return store.Op{Key: key, Delete: true} }

// commit commits ops without guards.
func commit(t testing.TB, log store.Log, ops ...store.Op) store.Revision {
	t.Helper()
	rev, ok, err := log.Commit(t.Context(), store.Txn{Ops: ops})
	if err != nil || !ok {
		t.Fatalf("Commit(%v) = %d, %v, %v", ops, rev, ok, err)
	}
	return rev
}

// show reads a range as "key=value" strings.
func show(t testing.TB, log store.Log, from, to string, at store.Revision, limit int) ([]string, store.Page) {
	t.Helper()
	p, err := log.Range(t.Context(), from, to, at, limit)
	if err != nil {
		t.Fatalf("Range(%q, %q, %d): %v", from, to, at, err)
	}
	var out []string
	for _, r := range p.Records {
		out = append(out, r.Key+"="+string(r.Value))
	}
	return out, p
}

func equal(t testing.TB, what string, got, want any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

func guards(t *testing.T, log store.Log) {
	first := commit(t, log, put("a", "1"))
	second := commit(t, log, put("a", "2"))
	removed := commit(t, log, remove("a"))
	again := commit(t, log, put("a", "3"))
	for _, c := range []struct {
		name  string
		guard store.Guard
		holds bool
	}{
		{"absent key, absence", store.Guard{Key: "b"}, true},
		{"absent key, some revision", store.Guard{Key: "b", Revision: first}, false},
		{"present key, absence", store.Guard{Key: "a"}, false},
		{"present key, an overwritten revision", store.Guard{Key: "a", Revision: second}, false},
		{"recreated key, its first life", store.Guard{Key: "a", Revision: first}, false},
		{"recreated key, its deletion", store.Guard{Key: "a", Revision: removed}, false},
		{"recreated key, now", store.Guard{Key: "a", Revision: again}, true},
		{"present key, the future", store.Guard{Key: "a", Revision: again + 1}, false},
	} {
		// A guard alone, and a guard with an operation, are different requests to etcd.
		for _, ops := range [][]store.Op{nil, {put("c", c.name)}} {
			rev, ok, err := log.Commit(t.Context(), store.Txn{Guards: []store.Guard{c.guard}, Ops: ops})
			if err != nil || ok != c.holds {
				t.Errorf("%s with %d operations: held = %v, %v; want %v", c.name, len(ops), ok, err, c.holds)
			}
			if rev < again {
				t.Errorf("%s: judged at %d, before the last commit %d", c.name, rev, again)
			}
			if got, _ := show(t, log, "c", "d", 0, 1); len(ops) > 0 && c.holds != slices.Equal(got, []string{"c=" + c.name}) {
				t.Errorf("%s: held = %v but c shows %v", c.name, c.holds, got)
			}
		}
	}
}

func guardsAreJoint(t *testing.T, log store.Log) {
	rev := commit(t, log, put("a", "1"), put("b", "1"))
	txn := store.Txn{
		Guards: []store.Guard{{Key: "a", Revision: rev}, {Key: "b", Revision: rev}, {Key: "c", Revision: rev}},
		Ops:    []store.Op{put("a", "2"), remove("b"), put("d", "2")},
	}
	at, ok, err := log.Commit(t.Context(), txn)
	if ok || err != nil || at != rev {
		t.Errorf("Commit = %d, %v, %v; want refused at %d", at, ok, err, rev)
	}
	got, _ := show(t, log, "a", "z", 0, 10)
	equal(t, "after a refusal", got, []string{"a=1", "b=1"})

	txn.Guards = txn.Guards[:2]
	if at, ok, err = log.Commit(t.Context(), txn); !ok || err != nil || at <= rev {
		t.Errorf("Commit = %d, %v, %v; want done after %d", at, ok, err, rev)
	}
	got, p := show(t, log, "a", "z", 0, 10)
	equal(t, "after success", got, []string{"a=2", "d=2"})
	for _, r := range p.Records {
		if r.Revision != at {
			t.Errorf("%s has revision %d; its commit said %d", r.Key, r.Revision, at)
		}
	}
}

func revisions(t *testing.T, log store.Log) {
	_, p := show(t, log, "a", "z", 0, 1)
	if p.At < 1 {
		t.Errorf("an empty log is at revision %d, want more than zero", p.At)
	}
	last := p.At
	for i := range 3 {
		rev := commit(t, log, put("a", strconv.Itoa(i)))
		if rev <= last {
			t.Errorf("revision %d after %d", rev, last)
		}
		last = rev
	}
	if rev := commit(t, log, put("a", "2")); rev <= last {
		t.Errorf("writing an equal value made revision %d after %d; it is a commit like any other", rev, last)
	} else {
		last = rev
	}
	for _, ops := range [][]store.Op{nil, {remove("absent")}, {remove("absent"), remove("absent too")}} {
		if rev := commit(t, log, ops...); rev != last {
			t.Errorf("%v made revision %d of %d, but changes nothing", ops, rev, last)
		}
	}
	if rev := commit(t, log, remove("absent"), remove("a")); rev <= last {
		t.Errorf("a delete beside an idle one made revision %d of %d", rev, last)
	}
}

func refusals(t *testing.T, log store.Log) {
	before := commit(t, log, put("a", "1"))
	many := func(n int) (ops []store.Op) {
		for i := range n {
			ops = append(ops, put(fmt.Sprintf("b%05d", i), ""))
		}
		return ops
	}
	heavy := many(2)
	for i := range heavy {
		heavy[i].Value = make([]byte, store.MaxTxn/2)
	}
	for name, txn := range map[string]store.Txn{
		"a key put twice":           {Ops: []store.Op{put("a", "2"), put("a", "3")}},
		"a key put and deleted":     {Ops: []store.Op{put("a", "2"), remove("a")}},
		"a key deleted twice":       {Ops: []store.Op{remove("a"), remove("a")}},
		"too many operations":       {Ops: many(store.MaxOps + 1)},
		"too many guards":           {Guards: make([]store.Guard, store.MaxOps+1), Ops: many(1)},
		"a value too large":         {Ops: []store.Op{{Key: "b", Value: make([]byte, store.MaxValue+1)}}},
		"values too large together": {Ops: heavy},
	} {
		if rev, ok, err := log.Commit(t.Context(), txn); err == nil {
			t.Errorf("%s: Commit = %d, %v; want an error", name, rev, ok)
		} else if errors.Is(err, store.ErrNoSpace) {
			t.Errorf("%s: %v blames the disk", name, err)
		}
	}
	got, p := show(t, log, "a", "z", 0, 10)
	equal(t, "after refusals", got, []string{"a=1"})
	if p.At != before {
		t.Errorf("refusals moved the log from %d to %d", before, p.At)
	}
}

func largest(t *testing.T, log store.Log) {
	var txn store.Txn
	long := strings.Repeat("k", 200)
	for i := range store.MaxOps {
		key := fmt.Sprintf("%s/%04d", long, i)
		txn.Guards = append(txn.Guards, store.Guard{Key: key})
		txn.Ops = append(txn.Ops, store.Op{Key: key, Value: bytes.Repeat([]byte{byte(i)}, 1024)})
	}
	rev, ok, err := log.Commit(t.Context(), txn)
	if !ok || err != nil {
		t.Fatalf("Commit = %v, %v", ok, err)
	}
	_, p := show(t, log, "k", "l", 0, store.MaxOps)
	if len(p.Records) != store.MaxOps || p.More || p.Records[999].Revision != rev {
		t.Errorf("%d records (more: %v), want all %d at revision %d", len(p.Records), p.More, store.MaxOps, rev)
	}
	big := bytes.Repeat([]byte("0123456789abcdef"), store.MaxValue/16)
	commit(t, log, store.Op{Key: "big", Value: big})
	if _, p := show(t, log, "big", "bih", 0, 1); !bytes.Equal(p.Records[0].Value, big) {
		t.Error("the largest value came back changed")
	}
}

func values(t *testing.T, log store.Log) {
	want := []string{"empty=", "zero=\x00", "\xfe\xff\x00=\xff\xfe"}
	value := []byte("\x00")
	commit(t, log, store.Op{Key: "empty"}, store.Op{Key: "zero", Value: value}, put("\xfe\xff\x00", "\xff\xfe"))
	value[0] = 'x' // the log must not keep the caller's slice
	got, p := show(t, log, "", "\xff", 0, 10)
	equal(t, "values", got, want)
	w := follow(t, log, 1)
	w.through(p.At)
	equal(t, "watched values", w.lines(), []string{"2 empty=", "2 zero=\x00", "2 \xfe\xff\x00=\xff\xfe"})
}

func times(t *testing.T, log store.Log) {
	before := store.Now()
	first := commit(t, log, put("a", "1"), put("b", "1"))
	between := store.Now()
	commit(t, log, put("b", "2"), remove("a"))
	after := store.Now()
	within := func(what string, at, from, to time.Time) {
		t.Helper()
		if at.Before(from) || at.After(to) {
			t.Errorf("%s was written at %v, want between %v and %v", what, at, from, to)
		}
	}
	old, err := log.Range(t.Context(), "a", "c", first, 2)
	if err != nil || len(old.Records) != 2 {
		t.Fatal(old, err)
	}
	within("a", old.Records[0].At, before, between)
	now, err := log.Range(t.Context(), "a", "c", 0, 2)
	if err != nil || len(now.Records) != 1 {
		t.Fatal(now, err)
	}
	within("b", now.Records[0].At, between, after)
	seen := errors.New("seen")
	err = log.Watch(t.Context(), first, func(changes []store.Change, _ store.Revision) error {
		for _, c := range changes {
			if c.Deleted != c.At.IsZero() {
				t.Errorf("the change of %s is told to be of %v", c.Key, c.At)
			}
			if !c.Deleted {
				within("the change of "+c.Key, c.At, between, after)
			}
		}
		return seen
	})
	if !errors.Is(err, seen) {
		t.Error(err)
	}
}

func ranges(t *testing.T, log store.Log) {
	for _, k := range []string{"b/2", "a", "b/10", "b", "b/1", "c", "b0", "b/\xff", "\x00"} {
		commit(t, log, put(k, ""))
	}
	for _, c := range []struct {
		name, from, to string
		limit          int
		want           []string
		more           bool
	}{
		{"everything", "", store.PrefixEnd(""), 100, []string{"\x00", "a", "b", "b/1", "b/10", "b/2", "b/\xff", "b0", "c"}, false},
		{"a prefix", "b/", store.PrefixEnd("b/"), 100, []string{"b/1", "b/10", "b/2", "b/\xff"}, false},
		{"one key", "b", "b\x00", 100, []string{"b"}, false},
		{"first is included, last is not", "a", "b", 100, []string{"a"}, false},
		{"a page", "b/", "b0", 2, []string{"b/1", "b/10"}, true},
		{"a page that just fits", "b/", "b0", 4, []string{"b/1", "b/10", "b/2", "b/\xff"}, false},
		{"the page after", "b/10\x00", "b0", 2, []string{"b/2", "b/\xff"}, false},
		{"nothing there", "d", "e", 1, nil, false},
		{"bounds that meet", "b", "b", 1, nil, false},
		{"bounds that cross", "c", "a", 1, nil, false},
		{"no upper bound", "a", "", 1, nil, false},
	} {
		got, p := show(t, log, c.from, c.to, 0, c.limit)
		for i := range got {
			got[i] = strings.TrimSuffix(got[i], "=")
		}
		equal(t, c.name, got, c.want)
		if p.More != c.more {
			t.Errorf("%s: more = %v, want %v", c.name, p.More, c.more)
		}
	}
}

func past(t *testing.T, log store.Log) {
	one := commit(t, log, put("a", "1"))
	two := commit(t, log, put("b", "1"))
	three := commit(t, log, remove("a"))
	four := commit(t, log, put("a", "2"), put("b", "2"))
	for _, c := range []struct {
		at   store.Revision
		want []string
	}{
		{one, []string{"a=1"}},
		{two, []string{"a=1", "b=1"}},
		{three, []string{"b=1"}},
		{four, []string{"a=2", "b=2"}},
		{0, []string{"a=2", "b=2"}},
	} {
		got, p := show(t, log, "a", "z", c.at, 10)
		equal(t, fmt.Sprintf("at %d", c.at), got, c.want)
		if want := max(c.at, one); c.at != 0 && p.At != want {
			t.Errorf("asked for %d, the page says it shows %d", c.at, p.At)
		}
	}
	if _, p := show(t, log, "b", "c", 0, 1); p.At != four || p.Records[0].Revision != four {
		t.Errorf("now is %d and b of %d, want both %d", p.At, p.Records[0].Revision, four)
	}
	if p, err := log.Range(t.Context(), "a", "z", four+1, 1); err == nil || errors.Is(err, store.ErrCompacted) {
		t.Errorf("Range of the future = %v, %v; want an error, but not of compaction", p, err)
	}
}

func compaction(t *testing.T, log store.Log) {
	first := commit(t, log, put("kept", "1"), put("gone", "1"))
	commit(t, log, put("changed", "1"))
	removed := commit(t, log, remove("gone"), put("changed", "2"))
	last := commit(t, log, put("changed", "3"))
	if err := log.Compact(t.Context(), last+1); err == nil {
		t.Error("compacting the future succeeded")
	}
	if err := log.Compact(t.Context(), removed); err != nil {
		t.Fatalf("Compact: %v", err)
	}
	got, _ := show(t, log, "a", "z", 0, 10)
	equal(t, "now", got, []string{"changed=3", "kept=1"})
	got, _ = show(t, log, "a", "z", removed, 10)
	equal(t, "oldest kept moment", got, []string{"changed=2", "kept=1"})
	for at := first; at < removed; at++ {
		if _, err := log.Range(t.Context(), "a", "z", at, 10); !errors.Is(err, store.ErrCompacted) {
			t.Errorf("Range at %d, before the compaction at %d: %v, want ErrCompacted", at, removed, err)
		}
	}
	for after := range removed - 1 {
		err := log.Watch(t.Context(), after, func(cs []store.Change, _ store.Revision) error {
			return fmt.Errorf("told %v", cs)
		})
		if !errors.Is(err, store.ErrCompacted) {
			t.Errorf("Watch after %d, with history from %d: %v, want ErrCompacted", after, removed, err)
		}
	}
	w := follow(t, log, removed-1)
	w.through(last)
	equal(t, "watch of all that is kept", w.lines(), []string{
		fmt.Sprintf("%d changed=2", removed), fmt.Sprintf("%d -gone", removed), fmt.Sprintf("%d changed=3", last),
	})
	if err := log.Compact(t.Context(), removed); !errors.Is(err, store.ErrCompacted) {
		t.Errorf("compacting twice: %v, want ErrCompacted", err)
	}
	if _, ok, err := log.Commit(t.Context(), store.Txn{
		Guards: []store.Guard{{Key: "kept", Revision: first}, {Key: "gone"}}, Ops: []store.Op{put("gone", "2")},
	}); !ok || err != nil {
		t.Errorf("guards after compaction: %v, %v; a revision outlives its history", ok, err)
	}
}

func watches(t *testing.T, log store.Log) {
	_, p := show(t, log, "a", "b", 0, 1)
	starts, told := []store.Revision{p.At}, [][]string{nil} // told[i] is what the commit starts[i] did
	for i := range 20 {
		ops, does := []store.Op{put("b", strconv.Itoa(i)), put("a", strconv.Itoa(i))}, []string{"a=%d", "b=%d"}
		if i%5 == 4 {
			ops, does = []store.Op{remove("absent"), remove("a")}, []string{"-a"}
		}
		rev := commit(t, log, ops...)
		for j := range does {
			does[j] = fmt.Sprintf("%d %s", rev, strings.ReplaceAll(does[j], "%d", strconv.Itoa(i)))
		}
		starts, told = append(starts, rev), append(told, does)
	}
	for i, after := range starts[:len(starts)-1] {
		w := follow(t, log, after)
		w.through(starts[len(starts)-1])
		w.stop()
		equal(t, fmt.Sprintf("after %d", after), w.lines(), slices.Concat(told[i+1:]...))
	}
}

func watchesOn(t *testing.T, log store.Log) {
	const writers, each = 4, 50
	w := follow(t, log, 1)
	var wg sync.WaitGroup
	for n := range writers {
		wg.Go(func() {
			for i := range each {
				v := strconv.Itoa(i)
				commit(t, log, put(fmt.Sprintf("%d/x", n), v), put(fmt.Sprintf("%d/y", n), v))
			}
		})
	}
	wg.Wait()
	_, p := show(t, log, "0", "9", 0, 1)
	w.through(p.At)
	next := make([]int, writers)
	lines := w.lines()
	if len(lines) != 2*writers*each {
		t.Fatalf("told of %d changes, want %d", len(lines), 2*writers*each)
	}
	for i := 0; i < len(lines); i += 2 {
		var rev, rev2, n, v, n2, v2 int
		if _, err := fmt.Sscanf(lines[i], "%d %d/x=%d", &rev, &n, &v); err != nil {
			t.Fatal(lines[i], err)
		}
		if _, err := fmt.Sscanf(lines[i+1], "%d %d/y=%d", &rev2, &n2, &v2); err != nil {
			t.Fatal(lines[i+1], err)
		}
		if rev != rev2 || n != n2 || v != v2 || v != next[n] {
			t.Fatalf("told %q, %q; want both halves of writer %d's commit %d", lines[i], lines[i+1], n, next[n])
		}
		next[n]++
	}
}

func watchEnds(t *testing.T, log store.Log) {
	rev := commit(t, log, put("a", "1"))
	broken := errors.New("broken")
	if err := log.Watch(t.Context(), 0, func([]store.Change, store.Revision) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("Watch = %v, want its callback's error", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	err := log.Watch(ctx, 0, func(_ []store.Change, through store.Revision) error {
		if through >= rev {
			cancel()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Watch = %v, want its context's error", err)
	}
}

func cancelled(t *testing.T, log store.Log) {
	before := commit(t, log, put("a", "0"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := log.Commit(ctx, store.Txn{Ops: []store.Op{put("a", "1")}}); !errors.Is(err, context.Canceled) {
		t.Errorf("Commit = %v, want the context's error", err)
	}
	if _, err := log.Range(ctx, "a", "b", 0, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("Range = %v, want the context's error", err)
	}
	if rev := commit(t, log); rev != before {
		t.Errorf("a commit cancelled beforehand moved the log from %d to %d", before, rev)
	}
}

func increments(t *testing.T, log store.Log) {
	const workers, each = 8, 25
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for range each {
				for !increment(t, log) {
				}
			}
		})
	}
	wg.Wait()
	got, _ := show(t, log, "n", "o", 0, 1)
	equal(t, "counter", got, []string{fmt.Sprintf("n=%d", workers*each)})
}

func increment(t *testing.T, log store.Log) bool {
	p, err := log.Range(t.Context(), "n", "o", 0, 1)
	if err != nil {
		t.Error(err)
		return true
	}
	n, guard := 0, store.Guard{Key: "n"}
	for _, r := range p.Records {
		n, _ = strconv.Atoi(string(r.Value))
		guard.Revision = r.Revision
	}
	_, ok, err := log.Commit(t.Context(), store.Txn{Guards: []store.Guard{guard}, Ops: []store.Op{put("n", strconv.Itoa(n+1))}})
	if err != nil {
		t.Error(err)
		return true
	}
	return ok
}

package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"

	"hexhub/internal/kernel/store"
)

func unknownFields(t *testing.T, p pair) {
	stored := `{"name":"x","n":1,"in":{"n":1,"deep":{"er":[1,2]}},"new":"field","big":12345678901234567890}`
	commit(t, p.log, put("row/x", stored))
	_, page := show(t, p.log, "row/x", "row/y", 0, 1)
	for i := range 4 { // by both nodes, of which one always reads what the other wrote
		db := p.either(i)
		if err := db.WaitFor(t.Context(), max(page.At, p.a.Revision(), p.b.Revision())); err != nil {
			t.Fatal(err)
		}
		update(t, db, func(tx *store.Tx) {
			r, _ := rows.Get(tx, "x")
			r.N++
			r.In.N++
			rows.Put(tx, r)
		})
	}
	var got, want map[string]json.RawMessage
	lines, page := show(t, p.log, "row/x", "row/y", 0, 1)
	if err := errors.Join(json.Unmarshal(page.Records[0].Value, &got),
		json.Unmarshal([]byte(`{"name":"x","n":5,"in":{"deep":{"er":[1,2]},"n":5},"new":"field","big":12345678901234567890}`), &want)); err != nil {
		t.Fatal(lines, err)
	}
	for k := range want {
		if string(got[k]) != string(want[k]) {
			t.Errorf("field %s is %s, want %s", k, got[k], want[k])
		}
	}
	update(t, p.a, func(tx *store.Tx) { rows.Delete(tx, "x") })
	write(t, p.a, row{Name: "x"})
	if lines, _ := show(t, p.log, "row/x", "row/y", 0, 1); lines[0] != `row/x={"name":"x"}` {
		t.Errorf("a row made anew is %s; it must not inherit from a deleted one", lines[0])
	}
}

func coldRows(t *testing.T, p pair) {
	type moment struct {
		view *store.View
		n    int
	}
	var moments []moment
	for n := 1; n <= 10; n++ {
		db := p.either(n)
		update(t, db, func(tx *store.Tx) {
			if n%4 == 0 {
				colds.Delete(tx, "c")
			} else {
				colds.Put(tx, row{Name: "c", N: n})
			}
			colds.Put(tx, row{Name: fmt.Sprintf("list/%02d", n), N: n})
		})
		moments = append(moments, moment{db.View(), n})
	}
	for range 2 { // the second time through warm caches
		for _, m := range moments {
			r, ok, err := colds.Get(t.Context(), m.view, "c")
			if err != nil || ok != (m.n%4 != 0) || (ok && r.N != m.n) {
				t.Errorf("moment %d: c = %+v, %v, %v", m.n, r, ok, err)
			}
			var got []int
			for after, more := "", true; more; {
				page, next, err := colds.Page(t.Context(), m.view, "list/", after, 3)
				if err != nil {
					t.Fatal(err)
				}
				for _, r := range page {
					got = append(got, r.N)
				}
				after, more = next, next != ""
			}
			if len(got) != m.n || got[len(got)-1] != m.n {
				t.Errorf("moment %d: list = %v", m.n, got)
			}
		}
	}
	last := moments[len(moments)-1].view
	if err := p.log.Compact(t.Context(), last.Revision()); err != nil {
		t.Fatal(err)
	}
	if _, _, err := colds.Page(t.Context(), moments[0].view, "list/", "", 3); !errors.Is(err, store.ErrCompacted) {
		t.Errorf("reading a forgotten moment: %v, want ErrCompacted", err)
	}
}

// A faulty log's watch can be held up, as by a node that is busy or cut off.
type faulty struct {
	store.Log
	mu   sync.Mutex // guards open
	open chan struct{}
}

var errCut = errors.New("the watch was cut")

func (f *faulty) gate() chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.open
}

// cut interrupts the watch until mend.
func (f *faulty) cut() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.open = make(chan struct{})
}

func (f *faulty) mend() { close(f.gate()) }

// Watch implements store.Log.
func (f *faulty) Watch(ctx context.Context, after store.Revision, apply func([]store.Change, store.Revision) error) error {
	select {
	case <-f.gate():
	case <-ctx.Done():
		return ctx.Err()
	}
	return f.Log.Watch(ctx, after, func(cs []store.Change, through store.Revision) error {
		select {
		case <-f.gate():
			return apply(cs, through)
		default:
			return errCut
		}
	})
}

// reloads cuts one node off while the other writes and history is compacted, again and again.
func reloads(t *testing.T, p pair) {
	log := &faulty{Log: p.log, open: make(chan struct{})}
	log.mend()
	lagging := openDB(t, log)
	const rounds, each = 3, 40
	for round := range rounds {
		old := lagging.View()
		rows.Get(old, "never written")
		log.cut()
		var wg sync.WaitGroup
		for w := range 4 {
			wg.Go(func() {
				for i := range each {
					update(t, p.either(w), func(tx *store.Tx) {
						sum, _ := rows.Get(tx, "sum")
						rows.Put(tx, row{Name: "sum", N: sum.N + 1})
						rows.Put(tx, row{Name: fmt.Sprint("w", w), N: i})
						colds.Put(tx, row{Name: "cold", N: sum.N + 1})
					})
					if i == each/2 && w == 0 { // amid the writing
						if err := p.log.Compact(t.Context(), p.a.Revision()); err != nil {
							t.Errorf("Compact: %v", err)
						}
						log.mend()
					}
				}
			})
		}
		wg.Wait()
		at := max(p.a.Revision(), p.b.Revision())
		if err := lagging.WaitFor(t.Context(), at); err != nil {
			t.Fatal(err)
		}
		v := lagging.View()
		rows.Get(v, "w0")
		sum, _ := rows.Get(v, "sum")
		cold, _, err := colds.Get(t.Context(), v, "cold")
		if want := (round + 1) * 4 * each; sum.N != want || cold.N != want || err != nil || lagging.Stats().Rows["row"] != 5 {
			t.Fatalf("round %d: sum %d, cold %d, %v, %d rows; want %d twice and 5", round, sum.N, cold.N, err, lagging.Stats().Rows["row"], want)
		}
		if n := lagging.Stats().Reloads; n != int64(round+1) {
			t.Fatalf("round %d: %d reloads", round, n)
		}
		if !old.Stale() {
			t.Error("a View from before the reload does not know that it is stale")
		}
		if v.Stale() {
			t.Error("a View from after the reload is stale though nothing changed")
		}
		if err := lagging.Fresh(t.Context()); err != nil {
			t.Errorf("after the reload the node does not know that it is fresh: %v", err)
		}
		write(t, lagging, row{Name: "w0", N: -1})
		if !v.Stale() {
			t.Error("a View from after the reload slept through a change")
		}
	}
}

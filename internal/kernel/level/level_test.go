package level_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"hexhub/internal/kernel/level"
	"hexhub/internal/kernel/store"
)

// What the two binaries know of a row. The newer one has a field that the older one does not know, and at level
// two a new kind, which the older one would misread.
type (
	oldThing struct {
		Name  string `json:"name"`
		Count int    `json:"count"`
		Kind  string `json:"kind"`
	}
	newThing struct {
		Name  string   `json:"name"`
		Count int      `json:"count"`
		Kind  string   `json:"kind"`
		Notes []string `json:"notes,omitempty"`
	}
)

var (
	oldThings = store.NewTable("thing", func(t oldThing) string { return t.Name })
	newThings = store.NewTable("thing", func(t newThing) string { return t.Name })
)

func open(t *testing.T, log store.Log, schema store.Schema) *store.DB {
	t.Helper()
	db, err := store.Open(context.Background(), log, store.Options{}, level.Tables, schema)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db
}

func enter(t *testing.T, db *store.DB, node string, mine int) {
	t.Helper()
	if err := level.Enter(t.Context(), db, node, mine, "test"); err != nil {
		t.Fatal(err)
	}
}

// follow waits until db has seen what other wrote, as a binary has that starts.
func follow(t *testing.T, db, other *store.DB) {
	t.Helper()
	if err := db.WaitFor(t.Context(), other.Revision()); err != nil {
		t.Fatal(err)
	}
}

func raise(t *testing.T, db *store.DB, nodes, want int) {
	t.Helper()
	if got, err := level.Raise(t.Context(), db, nodes); err != nil || got != want || level.Of(db.View()) != want {
		t.Fatalf("Raise = %d, %v and the level is %d, want %d", got, err, level.Of(db.View()), want)
	}
}

// C12: while an older and a newer binary share a cluster, the older one keeps what it does not know of a row that
// it writes, and the newer one writes nothing that the older would misread. When both are new the new feature is
// on, and the older binary does not start any more; until then it may come back.
func TestC12MixedLevelsShareACluster(t *testing.T) {
	log := store.NewMemory()
	older, newer := open(t, log, store.Schema{oldThings}), open(t, log, store.Schema{newThings})
	create := func(name string) string {
		t.Helper()
		kind := ""
		err := newer.Update(t.Context(), func(tx *store.Tx) error {
			if kind = "plain"; level.Of(tx) >= 2 {
				kind = "fancy"
			}
			newThings.Put(tx, newThing{Name: name, Kind: kind, Notes: []string{"new"}})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return kind
	}
	enter(t, older, "a", 1)
	enter(t, older, "b", 1)
	raise(t, older, 2, 1)

	follow(t, newer, older)
	enter(t, newer, "b", 2) // upgraded
	raise(t, newer, 2, 1)
	if kind := create("x"); kind != "plain" {
		t.Errorf("a mixed cluster gets the %s kind", kind)
	}
	follow(t, older, newer)
	err := older.Update(t.Context(), func(tx *store.Tx) error {
		thing, _ := oldThings.Get(tx, "x")
		thing.Count++
		oldThings.Put(tx, thing)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	follow(t, newer, older)
	if x, _ := newThings.Get(newer.View(), "x"); x.Count != 1 || len(x.Notes) != 1 {
		t.Errorf("after the older binary wrote the row it is %+v, want the count and the notes", x)
	}

	enter(t, older, "b", 1) // and back
	follow(t, newer, older)
	raise(t, newer, 2, 1)
	enter(t, newer, "b", 2)
	enter(t, newer, "a", 2)
	raise(t, newer, 3, 1) // one of three has not said what it runs
	raise(t, newer, 2, 2)
	if kind := create("y"); kind != "fancy" {
		t.Errorf("an upgraded cluster gets the %s kind", kind)
	}
	follow(t, older, newer)
	err = level.Enter(t.Context(), older, "a", 1, "0.1.0")
	if old, ok := errors.AsType[*level.DowngradeError](err); !ok || old.Mine != 1 || old.Cluster != 2 || !strings.Contains(err.Error(), "too old") {
		t.Errorf("the older binary starts again: %v", err)
	}
	raise(t, newer, 2, 2)
}

// A node that is no member any more holds nobody back.
func TestNodesThatLeftHoldNobodyBack(t *testing.T) {
	db := open(t, store.NewMemory(), nil)
	enter(t, db, "a", 1)
	enter(t, db, "b", 1)
	enter(t, db, "a", 2)
	raise(t, db, 2, 1)
	raise(t, db, 1, 1)
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		level.Leave(tx, "b")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	raise(t, db, 1, 2)
}

// Whether an older binary starts or the level is raised is settled by whoever is first, and never both.
func TestEnterAndRaiseExcludeEachOther(t *testing.T) {
	for range 50 {
		log := store.NewMemory()
		a, b := open(t, log, nil), open(t, log, nil)
		enter(t, a, "a", 1)
		enter(t, a, "a", 2)
		if err := b.WaitFor(t.Context(), a.Revision()); err != nil {
			t.Fatal(err)
		}
		var both sync.WaitGroup
		var entered error
		both.Go(func() { entered = level.Enter(t.Context(), b, "b", 1, "test") })
		both.Go(func() {
			if _, err := level.Raise(t.Context(), a, 1); err != nil {
				t.Error(err)
			}
		})
		both.Wait()
		if err := b.WaitFor(t.Context(), a.Revision()); err != nil {
			t.Fatal(err)
		}
		if now := level.Of(b.View()); (entered == nil) != (now == 1) {
			t.Fatalf("the level is %d, and that of a node that entered with 1: %v", now, entered)
		}
	}
}

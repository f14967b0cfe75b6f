package store_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"hexhub/internal/kernel/store"
)

func TestChangedNamesWhatWasPutAndDeleted(t *testing.T) {
	db := open(t, store.NewMemory())
	put(t, db, person{Name: "ann"}, person{Name: "bob"})
	before := db.Revision()
	put(t, db, person{Name: "ann", Count: 1})
	put(t, db, person{Name: "cid"})
	middle := db.View()
	err := db.Update(t.Context(), func(tx *store.Tx) error { people.Delete(tx, "bob"); return nil })
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		view  *store.View
		after store.Revision
		want  string
	}{
		{db.View(), before, "[ann cid bob]"},
		{middle, before, "[ann cid]"}, // no more than the View shows
		{db.View(), middle.Revision(), "[bob]"},
		{db.View(), db.Revision(), "[]"},
	} {
		if keys, ok := people.Changed(c.view, c.after); !ok || fmt.Sprint(keys) != c.want {
			t.Errorf("changed after %d up to %d: %v, %v; want %s", c.after, c.view.Revision(), keys, ok, c.want)
		}
	}
}

func TestChangedSaysWhenItHasForgotten(t *testing.T) {
	log := store.NewMemory()
	open(t, log)
	first := open(t, log)
	put(t, first, person{Name: "ann"})
	loaded := open(t, log) // what was before is in its tables, and not among the changes
	if _, ok := people.Changed(loaded.View(), loaded.Revision()-1); ok {
		t.Error("a change from before the tables were loaded is remembered")
	}
	if keys, ok := people.Changed(loaded.View(), loaded.Revision()); !ok || len(keys) > 0 {
		t.Errorf("since it was loaded = %v, %v; want nothing, true", keys, ok)
	}
	after := first.Revision()
	for n := range 5 {
		var many []person
		for i := range 450 {
			many = append(many, person{Name: fmt.Sprint("p", n, "-", i)})
		}
		put(t, first, many...)
	}
	if _, ok := people.Changed(first.View(), after); ok {
		t.Error("2250 changes are remembered, want the last thousand or so")
	}
	if keys, ok := people.Changed(first.View(), first.Revision()-1); !ok || len(keys) != 450 {
		t.Errorf("the last commit = %d keys, %v; want 450, true", len(keys), ok)
	}
}

// What follows a table by its changes has what reading it whole has.
func TestFollowingChangesIsReadingAll(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		db := open(t, store.NewMemory())
		kept, at := map[string]person{}, db.Revision()
		for range rapid.IntRange(1, 30).Draw(r, "steps") {
			for range rapid.IntRange(0, 3).Draw(r, "writes") {
				name := rapid.SampledFrom([]string{"ann", "bob", "cid", "dan"}).Draw(r, "name")
				err := db.Update(t.Context(), func(tx *store.Tx) error {
					if !people.Delete(tx, name) {
						people.Put(tx, person{Name: name, Count: rapid.Int().Draw(r, "count")})
					}
					return nil
				})
				if err != nil {
					r.Fatal(err)
				}
			}
			v := db.View()
			keys, ok := people.Changed(v, at)
			if !ok {
				r.Fatal("a few changes are forgotten")
			}
			for _, key := range keys {
				if p, ok := people.Get(v, key); ok {
					kept[key] = p
				} else {
					delete(kept, key)
				}
			}
			at = v.Revision()
		}
		all := slices.Collect(people.All(db.View()))
		if len(all) != len(kept) {
			r.Fatalf("followed: %v, read: %v", kept, all)
		}
		for _, p := range all {
			if kept[p.Name].Count != p.Count {
				r.Fatalf("followed: %v, read: %v", kept, all)
			}
		}
	})
}

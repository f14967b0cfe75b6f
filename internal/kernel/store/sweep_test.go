package store_test

import (
	"fmt"
	"testing"

	"hexhub/internal/kernel/store"
)

type milk struct {
	ID  string `json:"id"`
	Bad bool   `json:"bad,omitempty"`
}

// More rows than fit one step are swept, and one that is no longer dead when its turn comes stays.
func TestSweepAsksAgain(t *testing.T) {
	table := store.NewTable("milk", func(m milk) string { return m.ID })
	log := store.NewMemory()
	defer log.Close()
	db, err := store.Open(t.Context(), log, store.Options{}, store.Schema{table})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var rows []milk
	for i := range 500 {
		rows = append(rows, milk{ID: fmt.Sprintf("%03d", i), Bad: i%10 != 0})
	}
	if err := store.InSteps(t.Context(), db, rows, 100, table.Put); err != nil {
		t.Fatal(err)
	}
	saved := false
	err = store.Sweep(t.Context(), db, table, func(r store.Reader, m milk) bool {
		if _, deleting := r.(*store.Tx); deleting && !saved {
			saved = true
			err := db.Update(t.Context(), func(tx *store.Tx) error {
				table.Put(tx, milk{ID: "499"})
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		}
		return m.Bad
	})
	if err != nil {
		t.Fatal(err)
	}
	left := 0
	for m := range table.All(db.View()) {
		if left++; m.Bad {
			t.Errorf("%s is still there", m.ID)
		}
	}
	if left != 51 {
		t.Errorf("%d rows are left, want 50 that were never dead and one that came alive", left)
	}
}

package limit

import (
	"context"
	"fmt"
	"slices"
	"time"

	"hexhub/internal/kernel/store"
)

// Tables are what is counted exactly, and what nodes tell each other.
var Tables = store.Schema{attempts, shares}

const (
	forgetStep  = 200         // rows that one Update deletes
	forgetGrace = time.Minute // more than clocks of nodes differ
)

// Forget deletes the counts of closed windows, a step at a time.
func Forget(ctx context.Context, db *store.DB) error {
	closed, v := time.Now().Add(-forgetGrace), db.View()
	if err := forget(ctx, db, v, attempts, func(a attempt) bool { return a.Ends.Before(closed) }); err != nil {
		return err
	}
	return forget(ctx, db, v, shares, func(s share) bool { return s.Ends.Before(closed) })
}

func forget[T any](ctx context.Context, db *store.DB, v *store.View, table *store.Table[T], old func(T) bool) error {
	var keys []string
	for row := range table.All(v) {
		if old(row) {
			keys = append(keys, table.Key(row))
		}
	}
	for step := range slices.Chunk(keys, forgetStep) {
		err := db.Update(ctx, func(tx *store.Tx) error {
			for _, key := range step {
				if row, ok := table.Get(tx, key); ok && old(row) {
					table.Delete(tx, key)
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("forget closed windows: %w", err)
		}
	}
	return nil
}

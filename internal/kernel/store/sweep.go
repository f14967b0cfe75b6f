package store

import (
	"context"
	"fmt"
	"slices"
)

// InSteps does something to each item, size of them in one Update: for work that is too large for one. What
// is done stays done when a later step fails. Do may run again for an item, as in any Update.
func InSteps[T any](ctx context.Context, db *DB, items []T, size int, do func(*Tx, T)) error {
	for step := range slices.Chunk(items, size) {
		err := db.Update(ctx, func(tx *Tx) error {
			for _, item := range step {
				do(tx, item)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// sweepStep is how many rows one Update of Sweep deletes: with their claims and fences they fit a Txn.
const sweepStep = 200

// Sweep deletes the rows of a table that are dead, in steps, and asks again at the moment it does.
func Sweep[T any](ctx context.Context, db *DB, table *Table[T], dead func(Reader, T) bool) error {
	v := db.View()
	var keys []string
	for row := range table.All(v) {
		if dead(v, row) {
			keys = append(keys, table.Key(row))
		}
	}
	err := InSteps(ctx, db, keys, sweepStep, func(tx *Tx, key string) {
		if row, ok := table.Get(tx, key); ok && dead(tx, row) {
			table.Delete(tx, key)
		}
	})
	if err != nil {
		return fmt.Errorf("sweep table %s: %w", table.d.name, err)
	}
	return nil
}

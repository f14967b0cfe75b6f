package limit

import (
	"context"
	"time"

	"hexhub/internal/kernel/store"
)

// Tables are what is counted exactly.
var Tables = store.Schema{attempts}

const (
	forgetStep  = 200         // rows that one Update deletes
	forgetGrace = time.Minute // more than clocks of nodes differ
)

// Forget deletes the counts of closed windows, a step at a time.
func Forget(ctx context.Context, db *store.DB) error {
	closed := time.Now().Add(-forgetGrace)
	var old []string
	for a := range attempts.All(db.View()) {
		if a.Ends.Before(closed) {
			old = append(old, attempts.Key(a))
		}
	}
	for len(old) > 0 {
		step := old[:min(forgetStep, len(old))]
		err := db.Update(ctx, func(tx *store.Tx) error {
			for _, key := range step {
				if a, ok := attempts.Get(tx, key); ok && a.Ends.Before(closed) {
					attempts.Delete(tx, key)
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		old = old[len(step):]
	}
	return nil
}

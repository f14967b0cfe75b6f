package limit

import (
	"context"
	"time"

	"hexhub/internal/kernel/store"
)

// Tables are what is counted exactly, and what nodes tell each other.
var Tables = store.Schema{attempts, shares}

// forgetGrace is more than the clocks of nodes differ.
const forgetGrace = time.Minute

// Forget deletes the counts of closed windows, a step at a time.
func Forget(ctx context.Context, db *store.DB) error {
	closed := time.Now().Add(-forgetGrace)
	err := store.Sweep(ctx, db, attempts, func(_ store.Reader, a attempt) bool { return a.Ends.Before(closed) })
	if err != nil {
		return err
	}
	return store.Sweep(ctx, db, shares, func(_ store.Reader, s share) bool { return s.Ends.Before(closed) })
}

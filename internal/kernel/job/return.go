package job

import (
	"context"
	"fmt"
	"strings"
	"time"

	"hexhub/internal/kernel/store"
)

// Return gives back the jobs of a node that is known to be gone, or to have been started anew, so that they need
// not wait until its leases run out. Their tries count as begun. Should it live all the same, what it says of
// them later is not heard.
func Return(ctx context.Context, db *store.DB, node string) error {
	var left []string
	for j := range Jobs.All(db.View()) {
		if ofNode(j, node) {
			left = append(left, Jobs.Key(j))
		}
	}
	for _, key := range left {
		err := db.Update(ctx, func(tx *store.Tx) error {
			if j, ok := Jobs.Get(tx, key); ok && ofNode(j, node) {
				j.LeasedBy, j.LeasedUntil = "", time.Time{}
				Jobs.Put(tx, j)
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("return the jobs of %s: %w", node, err)
		}
	}
	return nil
}

func ofNode(j Job, node string) bool { return strings.HasPrefix(j.LeasedBy, node+"/") }

package access

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"hexhub/internal/kernel/store"
)

// Lasting are the tables whose later rows [RevokeAgain] wants to know.
var Lasting = store.Schema{Keys, revokedTokens}

// RevokeAgain sees to it that keys and tokens stay revoked when an older state of the server is restored.
// Later are the last values of rows of a table after the moment that was restored, by key; nil is one
// that is gone. It returns the keys that lived at the moment and are revoked now.
func RevokeAgain(ctx context.Context, db *store.DB, laterKeys, laterTokens map[string][]byte, at time.Time) ([]Key, error) {
	var dead []Key
	for id, value := range laterKeys {
		k, ok := Keys.Get(db.View(), id)
		if !ok || !k.Live(at) {
			continue
		}
		end, gone := &at, value == nil
		if !gone {
			var since Key
			if err := json.Unmarshal(value, &since); err != nil {
				return nil, fmt.Errorf("read what became of key %s: %w", id, err)
			}
			end, gone = since.RevokeAt, since.Revoked
		}
		if end == nil || k.RevokeAt != nil && !end.Before(*k.RevokeAt) {
			continue
		}
		k.RevokeAt, k.Revoked = end, gone
		dead = append(dead, k)
	}
	slices.SortFunc(dead, func(a, b Key) int { return a.InsertedAt.Compare(b.InsertedAt) })
	if err := store.InSteps(ctx, db, dead, 100, Keys.Put); err != nil {
		return nil, err
	}
	var tokens []revoked
	for id, value := range laterTokens {
		var t revoked
		if value == nil {
			continue
		}
		if err := json.Unmarshal(value, &t); err != nil {
			return nil, fmt.Errorf("read the revocation %s: %w", id, err)
		}
		tokens = append(tokens, t)
	}
	return dead, store.InSteps(ctx, db, tokens, 100, revokedTokens.Put)
}

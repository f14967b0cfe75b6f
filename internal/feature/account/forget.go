package account

import (
	"context"
	"fmt"
	"slices"
	"time"

	"hexhub/internal/kernel/store"
)

const forgetStep = 200 // rows that one Update deletes

// Forget deletes what is over: tickets, sessions, second factors that nobody confirmed; and what is left of
// sessions and users that are gone. It does so a step at a time.
func (a *Accounts) Forget(ctx context.Context) error {
	at := now()
	over := func(t time.Time) bool { return !at.Before(t) }
	gone := func(r store.Reader, userID string) bool { _, ok := Users.Get(r, userID); return !ok }
	for _, step := range []func() error{
		func() error {
			return forget(ctx, a.db, tickets, func(_ store.Reader, t ticket) bool { return over(t.ExpiresAt) })
		},
		func() error {
			return forget(ctx, a.db, enrolments, func(_ store.Reader, e enrolment) bool { return over(e.ExpiresAt) })
		},
		func() error {
			return forget(ctx, a.db, Sessions, func(r store.Reader, s Session) bool { return !s.live(r, at) || gone(r, s.UserID) })
		},
		func() error {
			return forget(ctx, a.db, SessionUses, func(r store.Reader, u SessionUse) bool { _, ok := Sessions.Get(r, u.SessionID); return !ok })
		},
		func() error {
			return forget(ctx, a.db, codeUses, func(r store.Reader, u codeUse) bool { return gone(r, u.UserID) })
		},
		func() error {
			return forget(ctx, a.db, familiars, func(r store.Reader, f familiar) bool { return gone(r, f.UserID) })
		},
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// forget deletes the rows of a table that are dead, and asks again at the moment it does.
func forget[T any](ctx context.Context, db *store.DB, table *store.Table[T], dead func(store.Reader, T) bool) error {
	v := db.View()
	var keys []string
	for row := range table.All(v) {
		if dead(v, row) {
			keys = append(keys, table.Key(row))
		}
	}
	for step := range slices.Chunk(keys, forgetStep) {
		err := db.Update(ctx, func(tx *store.Tx) error {
			for _, key := range step {
				if row, ok := table.Get(tx, key); ok && dead(tx, row) {
					table.Delete(tx, key)
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("forget what is over of accounts: %w", err)
		}
	}
	return nil
}

package account

import (
	"context"
	"time"

	"hexhub/internal/kernel/store"
)

// Forget deletes what is over: tickets, sessions, second factors that nobody confirmed; and what is left of
// sessions and users that are gone. It does so a step at a time.
func (a *Accounts) Forget(ctx context.Context) error {
	at := now()
	over := func(t time.Time) bool { return !at.Before(t) }
	gone := func(r store.Reader, userID string) bool { _, ok := Users.Get(r, userID); return !ok }
	for _, step := range []func() error{
		func() error {
			return store.Sweep(ctx, a.db, tickets, func(_ store.Reader, t ticket) bool { return over(t.ExpiresAt) })
		},
		func() error {
			return store.Sweep(ctx, a.db, enrolments, func(_ store.Reader, e enrolment) bool { return over(e.ExpiresAt) })
		},
		func() error {
			return store.Sweep(ctx, a.db, Sessions, func(r store.Reader, s Session) bool { return !s.live(r, at) || gone(r, s.UserID) })
		},
		func() error {
			return store.Sweep(ctx, a.db, SessionUses, func(r store.Reader, u SessionUse) bool { _, ok := Sessions.Get(r, u.SessionID); return !ok })
		},
		func() error {
			return store.Sweep(ctx, a.db, codeUses, func(r store.Reader, u codeUse) bool { return gone(r, u.UserID) })
		},
		func() error {
			return store.Sweep(ctx, a.db, familiars, func(r store.Reader, f familiar) bool { return gone(r, f.UserID) })
		},
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

package oauth

import (
	"context"
	"time"

	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/kernel/store"
)

const (
	forgetStep  = 25          // rows that one Update deletes, with what hangs on them
	forgetGrace = time.Minute // more than clocks of nodes differ
)

// endTx ends the session that a grant or a code began, and what hangs on it.
func endTx(tx *store.Tx, session string, by audit.By, at time.Time) {
	grants.Delete(tx, session)
	account.EndSessionTx(tx, by, session, at)
}

// endOfClient ends all sessions of a client that is gone.
func (s *OAuth) endOfClient(ctx context.Context, clientID string) error {
	var gone []string
	for g := range byClient.Each(s.db.View(), clientID) {
		gone = append(gone, g.SessionID)
	}
	at := now()
	return s.steps(ctx, gone, func(tx *store.Tx, session string) { endTx(tx, session, janitor, at) })
}

// janitor is who does what nobody asked for.
var janitor = audit.By{Username: "hexhub"}

// Forget deletes what has expired: codes and requests of programs, with the sessions that were begun for
// them and never taken up, and grants whose session is gone.
func (s *OAuth) Forget(ctx context.Context) error {
	at := now()
	old, v := at.Add(-forgetGrace), s.db.View()
	var waited, given, orphans []string
	for d := range devices.All(v) {
		if d.ExpiresAt.Before(old) {
			waited = append(waited, d.Hash)
		}
	}
	for c := range codes.All(v) {
		if c.ExpiresAt.Before(old) {
			given = append(given, c.Hash)
		}
	}
	for g := range grants.All(v) {
		if _, live := account.LiveSession(v, g.SessionID, at); !live {
			orphans = append(orphans, g.SessionID)
		}
	}
	err := s.steps(ctx, waited, func(tx *store.Tx, hash string) {
		if d, ok := devices.Get(tx, hash); ok && devices.Delete(tx, hash) && d.Session != "" {
			account.EndSessionTx(tx, janitor, d.Session, at)
		}
	})
	if err != nil {
		return err
	}
	err = s.steps(ctx, given, func(tx *store.Tx, hash string) {
		if c, ok := codes.Get(tx, hash); ok && codes.Delete(tx, hash) && !c.Used {
			account.EndSessionTx(tx, janitor, c.Session, at)
		}
	})
	if err != nil {
		return err
	}
	return s.steps(ctx, orphans, func(tx *store.Tx, session string) {
		if _, live := account.LiveSession(tx, session, at); !live {
			grants.Delete(tx, session)
		}
	})
}

// steps does something to each key, a few in one Update.
func (s *OAuth) steps(ctx context.Context, keys []string, do func(tx *store.Tx, key string)) error {
	return store.InSteps(ctx, s.db, keys, forgetStep, do)
}

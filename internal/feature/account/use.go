package account

import (
	"context"
	"log/slog"
	"time"

	"hexhub/internal/feature/audit"
	"hexhub/internal/kernel/lastuse"
	"hexhub/internal/kernel/store"
)

// noteUse notes that a real session is used.
func (a *Accounts) noteUse(sessionID string, at time.Time, from Origin) {
	if a.uses.Due(sessionID, at) {
		a.uses.Add(sessionID, SessionUse{SessionID: sessionID, At: at, IP: from.ip(), UserAgent: audit.CutAgent(from.UserAgent)})
	}
}

// Run writes down, until ctx ends, when sessions were last used, and does so once more before it returns.
func (a *Accounts) Run(ctx context.Context) error {
	a.uses.Run(ctx, a.writeUses)
	return nil
}

// writeUses passes over sessions that have ended meanwhile.
func (a *Accounts) writeUses(ctx context.Context, some []SessionUse) {
	err := a.db.Update(ctx, func(tx *store.Tx) error {
		for _, use := range some {
			_, there := Sessions.Get(tx, use.SessionID)
			if old, ok := SessionUses.Get(tx, use.SessionID); there && (!ok || use.At.Sub(old.At) >= lastuse.Grain) {
				SessionUses.Put(tx, use)
			}
		}
		return nil
	})
	if err != nil {
		a.o.Log.WarnContext(ctx, "last uses of sessions are lost", slog.Int("sessions", len(some)), slog.Any("error", err))
	}
}

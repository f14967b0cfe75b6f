package account

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"hexhub/internal/kernel/store"
)

const (
	useGrain   = 5 * time.Minute  // a session's use is written at most so often
	flushEvery = 10 * time.Second // and so long after it
	flushBatch = 200              // rows in one Update
	lastFlush  = 5 * time.Second  // for the flush at the end
)

const maxUserAgent = 255 // bytes

func cutAgent(userAgent string) string {
	return strings.ToValidUTF8(userAgent[:min(len(userAgent), maxUserAgent)], "")
}

// uses are the uses of sessions that are not written yet, and when each session's was last noted. Only
// real sessions are noted, so it holds no more than there are in use.
type uses struct {
	mu    sync.Mutex // guards all below
	noted map[string]time.Time
	fresh map[string]SessionUse
}

func newUses() *uses {
	return &uses{noted: map[string]time.Time{}, fresh: map[string]SessionUse{}}
}

func (u *uses) note(sessionID string, at time.Time, from Origin) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if last, ok := u.noted[sessionID]; ok && at.Sub(last) < useGrain {
		return
	}
	u.noted[sessionID] = at
	u.fresh[sessionID] = SessionUse{SessionID: sessionID, At: at, IP: from.ip(), UserAgent: cutAgent(from.UserAgent)}
}

// take returns what is to be written, and forgets it and what is too old to hold back another use.
func (u *uses) take() []SessionUse {
	at := now()
	u.mu.Lock()
	defer u.mu.Unlock()
	maps.DeleteFunc(u.noted, func(_ string, last time.Time) bool { return at.Sub(last) >= useGrain })
	out := slices.Collect(maps.Values(u.fresh))
	clear(u.fresh)
	return out
}

// Run writes down, until ctx ends, when sessions were last used, and does so once more before it returns.
func (a *Accounts) Run(ctx context.Context) error {
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			a.flush(ctx)
		case <-ctx.Done():
			a.flushLast(ctx)
			return nil
		}
	}
}

func (a *Accounts) flushLast(ended context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ended), lastFlush)
	defer cancel()
	a.flush(ctx)
}

// flush writes the uses down. What cannot be written is dropped: the next use will tell. A session that
// ended meanwhile has none any more.
func (a *Accounts) flush(ctx context.Context) {
	for batch := range slices.Chunk(a.uses.take(), flushBatch) {
		err := a.db.Update(ctx, func(tx *store.Tx) error {
			for _, use := range batch {
				_, there := Sessions.Get(tx, use.SessionID)
				if old, ok := SessionUses.Get(tx, use.SessionID); there && (!ok || use.At.Sub(old.At) >= useGrain) {
					SessionUses.Put(tx, use)
				}
			}
			return nil
		})
		if err != nil {
			a.o.Log.WarnContext(ctx, "last uses of sessions are lost", slog.Int("sessions", len(batch)), slog.Any("error", err))
		}
	}
}

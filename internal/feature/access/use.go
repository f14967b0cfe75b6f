package access

import (
	"context"
	"log/slog"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"hexhub/internal/kernel/store"
)

const (
	useGrain   = 5 * time.Minute  // a key's use is written at most so often, as on hex.pm
	flushEvery = 10 * time.Second // and so long after it
	flushBatch = 200              // rows in one Update
	lastFlush  = 5 * time.Second  // for the flush at the end
)

// uses are the uses of keys that are not written yet, and when each key's was last noted. Only real
// keys are noted, so it holds no more than there are keys in use.
type uses struct {
	mu    sync.Mutex // guards all below
	noted map[string]time.Time
	fresh map[string]KeyUse
}

func newUses() uses {
	return uses{noted: map[string]time.Time{}, fresh: map[string]KeyUse{}}
}

func (u *uses) note(keyID string, at time.Time, ip netip.Addr, userAgent string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if last, ok := u.noted[keyID]; ok && at.Sub(last) < useGrain {
		return
	}
	u.noted[keyID] = at
	use := KeyUse{KeyID: keyID, At: at.UTC().Truncate(time.Microsecond), UserAgent: strings.ToValidUTF8(userAgent[:min(len(userAgent), maxUserAgent)], "")}
	if ip.IsValid() {
		use.IP = ip.String()
	}
	u.fresh[keyID] = use
}

const maxUserAgent = 255 // bytes

// take returns what is to be written, and forgets it and what is too old to hold back another use.
func (u *uses) take() []KeyUse {
	at := time.Now()
	u.mu.Lock()
	defer u.mu.Unlock()
	maps.DeleteFunc(u.noted, func(_ string, last time.Time) bool { return at.Sub(last) >= useGrain })
	out := slices.Collect(maps.Values(u.fresh))
	clear(u.fresh)
	return out
}

// flush writes the uses down. What cannot be written is dropped: the next use will tell.
func (s *Access) flush(ctx context.Context) {
	for batch := range slices.Chunk(s.uses.take(), flushBatch) {
		err := s.db.Update(ctx, func(tx *store.Tx) error {
			for _, use := range batch {
				if old, ok := KeyUses.Get(tx, use.KeyID); !ok || use.At.Sub(old.At) >= useGrain {
					KeyUses.Put(tx, use)
				}
			}
			return nil
		})
		if err != nil {
			s.o.Log.WarnContext(ctx, "last uses of keys are lost", slog.Int("keys", len(batch)), slog.Any("error", err))
		}
	}
}

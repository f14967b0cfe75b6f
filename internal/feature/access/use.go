package access

import (
	"context"
	"log/slog"
	"net/netip"
	"time"

	"hexhub/internal/feature/audit"
	"hexhub/internal/kernel/lastuse"
	"hexhub/internal/kernel/store"
)

// noteUse notes that a real key is used.
func (s *Access) noteUse(keyID string, at time.Time, ip netip.Addr, userAgent string) {
	if !s.uses.Due(keyID, at) {
		return
	}
	use := KeyUse{KeyID: keyID, At: at.UTC().Truncate(time.Microsecond), UserAgent: audit.CutAgent(userAgent)}
	if ip.IsValid() {
		use.IP = ip.String()
	}
	s.uses.Add(keyID, use)
}

// Run writes down, until ctx ends, when keys were last used, and does so once more before it returns.
func (s *Access) Run(ctx context.Context) error {
	s.uses.Run(ctx, s.writeUses)
	return nil
}

func (s *Access) writeUses(ctx context.Context, some []KeyUse) {
	err := s.db.Update(ctx, func(tx *store.Tx) error {
		for _, use := range some {
			if old, ok := KeyUses.Get(tx, use.KeyID); !ok || use.At.Sub(old.At) >= lastuse.Grain {
				KeyUses.Put(tx, use)
			}
		}
		return nil
	})
	if err != nil {
		s.o.Log.WarnContext(ctx, "last uses of keys are lost", slog.Int("keys", len(some)), slog.Any("error", err))
	}
}

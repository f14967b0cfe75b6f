package lead

import (
	"context"
	"errors"
	"time"

	"hexhub/internal/kernel/store"
)

// A turn is who does something that nodes do one after the other.
type turn struct {
	What  string    `json:"what"`
	Run   string    `json:"run"`
	Until time.Time `json:"until"` // a node that died has its turn until then
}

var turns = store.NewTable("turn", func(t turn) string { return store.Path(t.What) })

// InTurn does something that all nodes do, but one at a time: it waits until no other does it, and has the turn
// for no longer than within. It is an economy and no lock: nodes whose clocks differ may do it at once. When the
// store takes no writes for want of space it is done out of turn, for it may be what makes some.
func (l *Lead) InTurn(ctx context.Context, what string, within time.Duration, do func(context.Context) error) error {
	for {
		v := l.db.View()
		t, ok := turns.Get(v, store.Path(what))
		if ok && t.Run != l.run && time.Now().Before(t.Until) {
			free, cancel := context.WithDeadline(ctx, t.Until)
			_ = v.Wait(free)
			cancel()
			if err := ctx.Err(); err != nil {
				return err
			}
			continue
		}
		mine, err := l.take(ctx, what, t, within)
		if err != nil && !errors.Is(err, store.ErrNoSpace) {
			return err
		}
		if mine || err != nil {
			break
		}
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	return errors.Join(do(ctx), l.give(context.WithoutCancel(ctx), what))
}

// take has the turn, unless somebody took it since before.
func (l *Lead) take(ctx context.Context, what string, before turn, within time.Duration) (mine bool, err error) {
	until := time.Now().Add(within).UTC()
	err = l.db.Update(ctx, func(tx *store.Tx) error {
		now, _ := turns.Get(tx, store.Path(what))
		if mine = now.Run == before.Run && now.Until.Equal(before.Until); mine {
			turns.Put(tx, turn{What: what, Run: l.run, Until: until})
		}
		return nil
	})
	return mine, err
}

// give ends the turn. When that cannot be written it ends by itself.
func (l *Lead) give(ctx context.Context, what string) error {
	ctx, cancel := context.WithTimeout(ctx, beat)
	defer cancel()
	err := l.db.Update(ctx, func(tx *store.Tx) error {
		if now, ok := turns.Get(tx, store.Path(what)); ok && now.Run == l.run {
			turns.Delete(tx, store.Path(what))
		}
		return nil
	})
	if errors.Is(err, store.ErrNoSpace) {
		return nil
	}
	return err
}

package mail

import (
	"context"
	"fmt"
	"time"

	"hexhub/internal/kernel/id"
	"hexhub/internal/kernel/job"
	"hexhub/internal/kernel/store"
)

const (
	tries     = 16 // at 30 s, 1 min, 2 min … an hour: some ten hours in all
	firstWait = 30 * time.Second
	sendLimit = 2 * time.Minute

	fresh = 24 * time.Hour      // what waited longer for a transport stays at rest
	kept  = 30 * 24 * time.Hour // how long a letter is in the outbox
	batch = 100                 // letters written or forgotten in one Update
)

// deliver sends the letter that the job names. A letter to many first becomes one for each, so that one
// that cannot be sent keeps no other back, and none is sent twice for its sake.
func (m *Mail) deliver(ctx context.Context, j job.Job) error {
	if j.Attempts == 1 && time.Since(j.InsertedAt) > fresh {
		return nil // nobody could send it while it was news
	}
	s, ok, err := letters.Get(ctx, m.db.View(), j.Key)
	switch {
	case err != nil:
		return err
	case !ok || s.SentAt != nil:
		return nil
	case len(s.To) > 1:
		return m.split(ctx, s)
	}
	msg, err := m.write(s)
	if err != nil {
		return job.Permanent(err)
	}
	if err := m.Transport.Send(ctx, msg); err != nil {
		return err
	}
	m.Log.Info("mail is sent", "letter", s.ID, "kind", s.Kind)
	return m.noteSent(ctx, s.ID, time.Now().UTC())
}

// split gives each addressee a letter of his own.
func (m *Mail) split(ctx context.Context, s Stored) error {
	params, err := m.Open(s)
	if err != nil {
		return job.Permanent(err)
	}
	for more := true; more; {
		err := m.db.Update(ctx, func(tx *store.Tx) error {
			now, ok, err := letters.Get(ctx, tx, s.ID)
			if more = ok && len(now.To) > 0; err != nil || !more {
				return err
			}
			n := min(batch, len(now.To))
			for _, to := range now.To[:n] {
				m.putTx(tx, now.Kind, []string{to}, params, now.At)
			}
			if now.To = now.To[n:]; len(now.To) > 0 {
				letters.Put(tx, now)
			} else {
				letters.Delete(tx, now.ID)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// noteSent writes down that a letter left, and drops what filled it. It insists, because the next try
// would send the letter again.
func (m *Mail) noteSent(ctx context.Context, letterID string, at time.Time) error {
	for {
		err := m.db.Update(ctx, func(tx *store.Tx) error {
			s, ok, err := letters.Get(ctx, tx, letterID)
			if err != nil || !ok {
				return err
			}
			s.Sealed, s.SentAt = nil, &at
			letters.Put(tx, s)
			return nil
		})
		if err == nil || ctx.Err() != nil {
			return err
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}

// SendTest sends a letter to the address at once, to see whether it arrives. It leaves no row.
func (m *Mail) SendTest(ctx context.Context, address string) error {
	if !m.Configured() {
		return errNotConfigured
	}
	s := Stored{ID: id.New(), Kind: Test, To: []string{Clean(address)}, At: time.Now()}
	s.Sealed = m.seal(s.ID, nil)
	msg, err := m.write(s)
	if err != nil {
		return err
	}
	if err := m.Transport.Send(ctx, msg); err != nil {
		return fmt.Errorf("send a test letter: %w", err)
	}
	return nil
}

// Sweep forgets letters that have been kept long enough, and says how many. Where nothing can be sent, it
// also ends the waiting of those that are no news any more.
func (m *Mail) Sweep(ctx context.Context, now time.Time) (swept int, err error) {
	if !m.Configured() {
		if err := m.giveUp(ctx, now.Add(-fresh)); err != nil {
			return 0, err
		}
	}
	// Ids sort the newest first, so all that lies behind an id of that time is older.
	for after := id.Newest(now.Add(-kept)); ; {
		page, next, err := letters.Page(ctx, m.db.View(), "", after, batch)
		if err != nil || len(page) == 0 {
			return swept, err
		}
		err = m.db.Update(ctx, func(tx *store.Tx) error {
			for _, s := range page {
				forgetTx(tx, s.ID)
			}
			return nil
		})
		if err != nil {
			return swept, err
		}
		swept += len(page)
		if after = next; next == "" {
			return swept, nil
		}
	}
}

// giveUp takes back the jobs of letters that nobody has tried to send since the given time. The letters rest.
func (m *Mail) giveUp(ctx context.Context, before time.Time) error {
	var old []string
	for j := range job.Jobs.Prefix(m.db.View(), jobKind+"/") {
		if j.Attempts == 0 && j.InsertedAt.Before(before) {
			old = append(old, j.Key)
		}
	}
	for len(old) > 0 {
		n := min(batch, len(old))
		err := m.db.Update(ctx, func(tx *store.Tx) error {
			for _, letterID := range old[:n] {
				if j, ok := job.Find(tx, jobKind, letterID); ok && j.Attempts == 0 {
					job.CancelTx(tx, jobKind, letterID)
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		old = old[n:]
	}
	return nil
}

package mail

import (
	"context"
	"time"

	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/job"
	"hexhub/internal/kernel/store"
)

var errNotConfigured = fault.New(fault.Conflict, "mail cannot be sent: set mail.smtp and mail.from, and start the server again")

// A State is how far a letter got.
type State string

// The states.
const (
	Resting  State = "resting"  // nobody will send it; the administrator may read it to whom it concerns
	Waiting  State = "waiting"  // will be sent
	Retrying State = "retrying" // could not be sent yet, and will be tried again
	Failed   State = "failed"   // could not be sent
	Sent     State = "sent"     // what filled it is forgotten
)

// An Entry is a letter in the outbox.
type Entry struct {
	Stored
	State State
	Error string // why it is not sent
}

func (m *Mail) entry(r store.Reader, s Stored) Entry {
	e := Entry{Stored: s, State: Resting}
	j, ok := job.Find(r, jobKind, s.ID)
	e.Error = j.Error
	switch {
	case s.SentAt != nil:
		e.State, e.Error = Sent, ""
	case j.Dead:
		e.State = Failed
	case ok && j.Error != "":
		e.State = Retrying
	case ok && m.Transport != nil:
		e.State = Waiting
	}
	return e
}

// Outbox returns at most limit letters, the newest first, behind the one with the id after, if that is
// not empty. next is what to give as after for those that follow, empty when there are none.
func (m *Mail) Outbox(ctx context.Context, after string, limit int) (page []Entry, next string, err error) {
	v := m.db.View()
	found, next, err := letters.Page(ctx, v, "", after, limit)
	for _, s := range found {
		page = append(page, m.entry(v, s))
	}
	return page, next, err
}

// Read returns a letter and, unless it was sent, what it says.
func (m *Mail) Read(ctx context.Context, letterID string) (Entry, Message, error) {
	v := m.db.View()
	s, ok, err := letters.Get(ctx, v, letterID)
	if err != nil {
		return Entry{}, Message{}, err
	}
	if !ok {
		return Entry{}, Message{}, noLetter(letterID)
	}
	e := m.entry(v, s)
	if s.SentAt != nil {
		return e, Message{}, nil
	}
	msg, err := m.write(s)
	return e, msg, err
}

// Resend has a letter sent that was not, however old it is: whoever asks for it has read it.
func (m *Mail) Resend(ctx context.Context, letterID string) error {
	if !m.Configured() {
		return errNotConfigured
	}
	now := time.Now()
	return m.db.Update(ctx, func(tx *store.Tx) error {
		s, ok, err := letters.Get(ctx, tx, letterID)
		switch {
		case err != nil:
			return err
		case !ok:
			return noLetter(letterID)
		case s.SentAt != nil:
			return fault.New(fault.Conflict, "the letter was sent, and what it said was dropped then")
		}
		job.EnqueueTx(tx, jobKind, letterID, nil, now)
		return nil
	})
}

func noLetter(letterID string) error {
	return fault.New(fault.NotFound, "there is no letter %q", letterID)
}

// Delete takes a letter back, sent or not.
func (m *Mail) Delete(ctx context.Context, letterID string) error {
	return m.db.Update(ctx, func(tx *store.Tx) error {
		_, ok, err := letters.Get(ctx, tx, letterID)
		if err != nil {
			return err
		}
		if !ok {
			return noLetter(letterID)
		}
		forgetTx(tx, letterID)
		return nil
	})
}

func forgetTx(tx *store.Tx, letterID string) {
	letters.Delete(tx, letterID)
	job.CancelTx(tx, jobKind, letterID)
}

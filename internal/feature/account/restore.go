package account

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"hexhub/internal/kernel/store"
)

// Transient are the tables whose rows must not come back when an old state of the server is restored: what
// lets somebody in for a while, or once.
var Transient = store.Schema{Sessions, SessionUses, setups, tickets, enrolments}

// Settled is what became of users when an old state of the server was restored.
type Settled struct {
	Shut      []string `json:"shut,omitempty"`      // deleted or deactivated since, and deactivated now
	Demoted   []string `json:"demoted,omitempty"`   // no administrators any more since, but now again
	Passwords []string `json:"passwords,omitempty"` // have an earlier password than they had
}

// Settle makes restored users safe. Later are the last values of rows of users after the moment that was
// restored, by key; nil is one that is gone. No code of a second factor that was shown before works again.
func Settle(ctx context.Context, db *store.DB, later map[string][]byte, at time.Time) (Settled, error) {
	var out Settled
	users := slices.Collect(Users.All(db.View()))
	for _, u := range users {
		if value, changed := later[u.ID]; changed {
			var since User
			if value != nil {
				if err := json.Unmarshal(value, &since); err != nil {
					return out, fmt.Errorf("read what became of user %s: %w", u.ID, err)
				}
			}
			out.note(u, since)
		}
	}
	err := store.InSteps(ctx, db, users, 200, func(tx *store.Tx, u User) {
		value, changed := later[u.ID]
		if u.Second != nil {
			codeUses.Put(tx, codeUse{UserID: u.ID, Step: stepAt(at) + totpSkew})
		}
		if !changed {
			return
		}
		var since User
		if value != nil {
			_ = json.Unmarshal(value, &since) // was read before
		}
		if u.Active() && (value == nil || !since.Active()) {
			u.DeactivatedAt = &at
		}
		u.Second = u.Second.without(since.Second)
		Users.Put(tx, u)
	})
	return out, err
}

func (s *Settled) note(u, since User) {
	name := u.Username.String()
	if u.Active() && (since.ID == "" || !since.Active()) {
		s.Shut = append(s.Shut, name)
		return
	}
	if u.Admin && !since.Admin {
		s.Demoted = append(s.Demoted, name)
	}
	if u.Password != since.Password {
		s.Passwords = append(s.Passwords, name)
	}
}

// without returns the factor without the recovery codes that were used since. One that was replaced since
// keeps its own.
func (f *SecondFactor) without(since *SecondFactor) *SecondFactor {
	if f == nil || since == nil || !f.Since.Equal(since.Since) {
		return f
	}
	left := *f
	left.Recovery = slices.DeleteFunc(slices.Clone(f.Recovery), func(h string) bool { return !slices.Contains(since.Recovery, h) })
	return &left
}

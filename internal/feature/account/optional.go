package account

import (
	"context"
	"slices"
	"time"

	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/mail"
	"hexhub/internal/kernel/store"
)

// OptionalMail are the kinds of letters that a user may do without. What is about his account, or takes something
// away, is told to everybody.
func OptionalMail() []mail.Kind {
	return []mail.Kind{mail.Published, mail.OwnerAdded, mail.OwnerRemoved, mail.MemberAdded}
}

// AddressesFor is where to write to the user about something of the kind: as Addresses, and nowhere if he does
// without.
func (u User) AddressesFor(kind mail.Kind) []string {
	if slices.Contains(u.Without, kind) {
		return nil
	}
	return u.Addresses()
}

// SetOptionalMail has the user do with those of the optional letters, and without the others.
func (a *Accounts) SetOptionalMail(ctx context.Context, by audit.By, userID string, wanted []mail.Kind) error {
	without := slices.DeleteFunc(OptionalMail(), func(k mail.Kind) bool { return slices.Contains(wanted, k) })
	return a.change(ctx, by, userID, func(_ *store.Tx, u *User, _ time.Time) (deed, error) {
		if slices.Equal(u.Without, without) {
			return deed{}, nil
		}
		u.Without = without
		return deed{action: "user.update"}, nil
	})
}

package account

import (
	"context"
	"fmt"
	"slices"
	"time"

	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/mail"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
)

// NoAddress stands for none of a user's addresses where one is to be chosen.
const NoAddress = "none"

func (u User) address(address string) int {
	return slices.IndexFunc(u.Emails, func(e Email) bool { return e.Address == address })
}

// params are what the audit log keeps of an address.
func (e Email) params() map[string]any {
	return map[string]any{"email": e.Address, "primary": e.Primary, "public": e.Public, "gravatar": false}
}

// editEmail applies edit to an address of the user, in a list of his own.
func (a *Accounts) editEmail(ctx context.Context, by audit.By, userID, address, action string, edit func(tx *store.Tx, u *User, i int, at time.Time) error) error {
	address = lower(address)
	return a.change(ctx, by, userID, func(tx *store.Tx, u *User, at time.Time) (deed, error) {
		i := u.address(address)
		if i < 0 {
			return deed{}, fault.New(fault.NotFound, "%s has no such e-mail address", u.Username)
		}
		before := u.Emails
		u.Emails = slices.Clone(before)
		e := before[i]
		if err := edit(tx, u, i, at); err != nil || slices.Equal(before, u.Emails) {
			return deed{}, err
		}
		if j := u.address(address); j >= 0 {
			e = u.Emails[j]
		}
		return deed{action: action, params: e.params()}, nil
	})
}

// AddEmail gives the user another address, which he has yet to confirm, and tells him so by his primary
// one. Whether somebody else has it is not said: only who reads its mail hears of that.
func (a *Accounts) AddEmail(ctx context.Context, by audit.By, userID, address string) error {
	e := Email{Address: cleanAddress(address), Verified: a.o.Rules(a.db.View()).believes(), AddedAt: now()}
	if why := wrongAddress(e.Address); why != "" {
		return fault.Field(why, "email")
	}
	token := NewToken()
	return a.change(ctx, by, userID, func(tx *store.Tx, u *User, at time.Time) (deed, error) {
		_, taken := ByEmail(tx, e.Address)
		switch {
		case u.address(e.Address) >= 0, e.Verified && taken:
			return deed{}, fault.Field("already in use", "email")
		case len(u.Emails) >= maxEmails:
			return deed{}, fault.Field(fmt.Sprintf("should have at most %d item(s)", maxEmails), "email")
		}
		a.noticeTx(tx, *u, mail.EmailAdded, map[string]string{"address": e.Address}, at)
		e := e
		_, some := u.Primary()
		e.Primary = !some
		u.Emails = append(slices.Clip(u.Emails), e)
		a.askTx(tx, *u, e, token, at)
		return deed{action: "email.add", params: e.params()}, nil
	})
}

// VerifyEmail notes that an address of the user is truly his, whoever found out. It fails if another
// user was sooner.
func (a *Accounts) VerifyEmail(ctx context.Context, by audit.By, userID, address string) error {
	return a.editEmail(ctx, by, userID, address, "email.verify", func(tx *store.Tx, u *User, i int, _ time.Time) error {
		return verifyTx(tx, u, i)
	})
}

// verifyTx edits a user whose list of addresses is his own.
func verifyTx(tx *store.Tx, u *User, i int) error {
	if other, taken := ByEmail(tx, u.Emails[i].Address); taken && other.ID != u.ID {
		return fault.Field("already in use", "email")
	}
	u.Emails[i].Verified = true
	return nil
}

// SetPrimary sends what is written to the user to another of his addresses, which must be verified, and
// tells the old one.
func (a *Accounts) SetPrimary(ctx context.Context, by audit.By, userID, address string) error {
	return a.editEmail(ctx, by, userID, address, "email.primary", func(tx *store.Tx, u *User, i int, at time.Time) error {
		switch {
		case u.Emails[i].Primary:
			return nil
		case !u.Emails[i].Verified:
			return fault.Field("is not verified", "email")
		}
		a.noticeTx(tx, *u, mail.PrimaryEmailChanged, map[string]string{"address": u.Emails[i].Address}, at)
		for j := range u.Emails {
			u.Emails[j].Primary = j == i
		}
		voidTx(tx, u.ID, resetTicket, deleteTicket) // they were mailed to the old one
		return nil
	})
}

// SetPublic shows one of the user's verified addresses to everybody, or NoAddress.
func (a *Accounts) SetPublic(ctx context.Context, by audit.By, userID, address string) error {
	if address == NoAddress {
		return a.hideEmails(ctx, by, userID)
	}
	return a.editEmail(ctx, by, userID, address, "email.public", func(_ *store.Tx, u *User, i int, _ time.Time) error {
		if !u.Emails[i].Verified {
			return fault.Field("is not verified", "email")
		}
		for j := range u.Emails {
			u.Emails[j].Public = j == i
		}
		return nil
	})
}

func (a *Accounts) hideEmails(ctx context.Context, by audit.By, userID string) error {
	return a.change(ctx, by, userID, func(_ *store.Tx, u *User, _ time.Time) (deed, error) {
		i := slices.IndexFunc(u.Emails, func(e Email) bool { return e.Public })
		if i < 0 {
			return deed{}, nil
		}
		u.Emails = slices.Clone(u.Emails)
		for j := range u.Emails {
			u.Emails[j].Public = false
		}
		return deed{action: "email.public", params: u.Emails[i].params()}, nil
	})
}

// RemoveEmail takes an address from the user, but not the primary one.
func (a *Accounts) RemoveEmail(ctx context.Context, by audit.By, userID, address string) error {
	return a.editEmail(ctx, by, userID, address, "email.remove", func(tx *store.Tx, u *User, i int, _ time.Time) error {
		if u.Emails[i].Primary {
			return fault.Field("cannot be removed: it is the primary one; make another one primary first", "email")
		}
		for _, t := range ticketsTx(tx, u.ID, confirmTicket) {
			if t.Address == u.Emails[i].Address {
				tickets.Delete(tx, t.Hash)
			}
		}
		u.Emails = slices.Delete(u.Emails, i, i+1)
		return nil
	})
}

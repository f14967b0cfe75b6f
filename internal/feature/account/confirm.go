package account

import (
	"context"
	"slices"
	"strings"
	"time"

	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/mail"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/limit"
	"hexhub/internal/kernel/store"
)

const confirmLife = 24 * time.Hour

func badTicket() error {
	return fault.New(fault.Forbidden, "this link was used already, is older than 24 hours, or was overtaken by a change of the account; ask for a new one")
}

// askTx asks whoever reads the mail of an unproved address of the user to confirm it, by the token.
func (a *Accounts) askTx(tx *store.Tx, u User, e Email, token string, at time.Time) {
	if e.Verified || !countTx(tx, map[string]limit.Rule{a.textKey("ask", e.Address): asksOfAddress}, at) {
		return
	}
	issueTx(tx, ticket{Hash: HashToken(token), Kind: confirmTicket, UserID: u.ID, Address: e.Address, At: at, ExpiresAt: at.Add(confirmLife)})
	a.noticeTx(tx, u, mail.VerifyEmail, map[string]string{"address": e.Address, "token": token}, at, e.Address)
}

// ConfirmEmail proves by a mailed token that its address is its user's. It fails if another user was sooner.
func (a *Accounts) ConfirmEmail(ctx context.Context, token string, from Origin) (User, error) {
	at, hash := now(), HashToken(token)
	var u User
	err := a.db.Update(ctx, func(tx *store.Tx) error {
		t, ok := ticketFor(tx, hash, confirmTicket, at)
		if !ok {
			return badTicket()
		}
		u, _ = Users.Get(tx, t.UserID)
		i := u.address(t.Address)
		if i < 0 || !u.Active() {
			return badTicket()
		}
		u.Emails = slices.Clone(u.Emails)
		if err := verifyTx(tx, &u, i); err != nil {
			return err
		}
		for _, t := range ticketsTx(tx, u.ID, confirmTicket) {
			if t.Address == u.Emails[i].Address {
				tickets.Delete(tx, t.Hash)
			}
		}
		u.UpdatedAt = at
		Users.Put(tx, u)
		audit.RecordTx(tx, from.by(u), "email.verify", u.Emails[i].params(), at, audit.UserRef(u.ID))
		return nil
	})
	if err != nil {
		return User{}, err
	}
	return u, nil
}

// ResendConfirmation asks again for the confirmation of an unproved address: that one, or the primary one
// of the user with the name. Nothing is said of whether there is such a user, and it takes equally long.
func (a *Accounts) ResendConfirmation(ctx context.Context, login string, from Origin) error {
	return a.ask(ctx, askConfirm, login, from)
}

func (a *Accounts) mailConfirmation(ctx context.Context, login string) error {
	at, token := now(), NewToken()
	userID, address := unproved(a.db.View(), login)
	return a.db.Update(ctx, func(tx *store.Tx) error {
		u, _ := Users.Get(tx, userID)
		if i := u.address(address); i >= 0 && u.Active() {
			a.askTx(tx, u, u.Emails[i], token, at)
		}
		return nil
	})
}

// ResendOwn asks again for the confirmation of an address of the user, which others may claim as well. It
// is not told whether that happened too often.
func (a *Accounts) ResendOwn(ctx context.Context, userID, address string) error {
	at, token := now(), NewToken()
	return a.db.Update(ctx, func(tx *store.Tx) error {
		u, _ := Users.Get(tx, userID)
		i := u.address(cleanAddress(address))
		if i < 0 {
			return fault.New(fault.NotFound, "there is no such address")
		}
		a.askTx(tx, u, u.Emails[i], token, at)
		return nil
	})
}

// unproved finds a user and an address of his that he has not proved. Of several users who claim one
// address, the oldest is asked.
func unproved(v *store.View, login string) (userID, address string) {
	if !strings.Contains(login, "@") {
		u, _ := ByName(v, login)
		e, _ := u.Primary()
		return u.ID, e.Address
	}
	address = cleanAddress(login)
	var first User
	for u := range claims.Each(v, address) {
		if first.ID == "" || u.InsertedAt.Before(first.InsertedAt) {
			first = u
		}
	}
	return first.ID, address
}

package account

import (
	"context"
	"time"

	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/limit"
	"hexhub/internal/kernel/store"
)

const loginLife = 15 * time.Minute

var errLoginOver = fault.New(fault.Unauthenticated, "logging in took more than %d minutes, or the password was changed meanwhile; begin again", int(loginLife.Minutes()))

// OweSecondFactor returns a token for a user who has shown his password and must show a code: FinishLogin
// takes both.
func (a *Accounts) OweSecondFactor(ctx context.Context, u User) (token string, err error) {
	token, at := NewToken(), now()
	err = a.db.Update(ctx, func(tx *store.Tx) error {
		if current, ok := Users.Get(tx, u.ID); !ok || !current.Active() || current.Password != u.Password {
			return errLoginOver
		}
		issueTx(tx, ticket{Hash: HashToken(token), Kind: loginTicket, UserID: u.ID, At: at, ExpiresAt: at.Add(loginLife)})
		return nil
	})
	return token, err
}

// FinishLogin returns the user who shows a code after his password, and ends the token. The code is as for
// CheckSecondFactor; after a wrong one the token is still good.
func (a *Accounts) FinishLogin(ctx context.Context, token, code string, from Origin) (User, error) {
	v, at, hash := a.db.View(), now(), HashToken(token)
	t, ok := ticketFor(v, hash, loginTicket, at)
	if !ok {
		return User{}, errLoginOver
	}
	s := a.judge(v, t.UserID, code, at)
	var u User
	err := a.guess(ctx, userCodes(t.UserID), from, at, func(tx *store.Tx) error {
		var ok bool
		if _, ok = ticketFor(tx, hash, loginTicket, at); !ok {
			return errLoginOver
		}
		if u, ok = Users.Get(tx, t.UserID); !ok || !u.Active() {
			return errLoginOver
		}
		if err := useTx(tx, s, from); err != nil {
			return err
		}
		tickets.Delete(tx, hash)
		rememberTx(tx, u.ID, limit.IPKey(from.IP), at)
		return nil
	})
	if err != nil {
		return User{}, err
	}
	return u, nil
}

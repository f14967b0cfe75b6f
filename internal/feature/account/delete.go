package account

import (
	"context"
	"time"

	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/mail"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/limit"
	"hexhub/internal/kernel/store"
)

const (
	deleteLife  = 24 * time.Hour
	deleteFresh = 30 * time.Second // since the user proved last that it is he
)

var deletesOfUser = limit.Rule{Limit: 3, Window: time.Hour}

// RequestDeletion mails the user a token without which he cannot delete his account.
func (a *Accounts) RequestDeletion(ctx context.Context, by audit.By, userID string) error {
	token, at := NewToken(), now()
	return a.db.Update(ctx, func(tx *store.Tx) error {
		u, err := a.mayDelete(tx, userID)
		if err != nil {
			return err
		}
		if len(u.Addresses()) == 0 {
			return fault.New(fault.Conflict, "the account has no confirmed e-mail address to send the link to; confirm one, or ask the administrator to delete the account")
		}
		if !countTx(tx, map[string]limit.Rule{"delete:" + userID: deletesOfUser}, at) {
			return limited(deletesOfUser, at, "Too many requests to delete the account. Please try again later.")
		}
		issueTx(tx, ticket{Hash: HashToken(token), Kind: deleteTicket, UserID: userID, At: at, ExpiresAt: at.Add(deleteLife)})
		a.noticeTx(tx, u, mail.DeletionRequest, map[string]string{"token": token}, at)
		audit.RecordTx(tx, by, "user.delete.request", map[string]any{"user": snapshot(u)}, at, audit.UserRef(u.ID))
		return nil
	})
}

// mayDelete tells why the user cannot go.
func (a *Accounts) mayDelete(tx *store.Tx, userID string) (User, error) {
	u, ok := Users.Get(tx, userID)
	if !ok {
		return User{}, fault.New(fault.NotFound, "there is no such user")
	}
	if err := mayLoseAdmin(tx, u); err != nil {
		return User{}, err
	}
	if a.o.MayDelete != nil {
		return u, a.o.MayDelete(tx, userID)
	}
	return u, nil
}

// CheckDeletion returns nil if the token deletes the user's account. It uses nothing up.
func (a *Accounts) CheckDeletion(userID, token string) error {
	if t, ok := ticketFor(a.db.View(), HashToken(token), deleteTicket, now()); !ok || t.UserID != userID {
		return badTicket()
	}
	return nil
}

// NeedsSudo reports whether the session's user must prove again who he is before he may Delete.
func (s Session) NeedsSudo(at time.Time) bool {
	return s.SudoUntil == nil || at.Sub(s.SudoUntil.Add(-sudoLife)) > deleteFresh
}

// Delete removes the user's account, in a session in which he has proved in this half minute who he is.
// His name stays reserved for ever, and his packages stay.
func (a *Accounts) Delete(ctx context.Context, by audit.By, userID, sessionID, token string) error {
	at, hash := now(), HashToken(token)
	return a.db.Update(ctx, func(tx *store.Tx) error {
		if _, err := holderTx(tx, userID, sessionID, at); err != nil {
			return err
		}
		if s, _ := Sessions.Get(tx, sessionID); s.NeedsSudo(at) {
			return fault.New(fault.Forbidden, "prove once more who you are, and go on within %d seconds", int(deleteFresh.Seconds()))
		}
		if t, ok := ticketFor(tx, hash, deleteTicket, at); !ok || t.UserID != userID {
			return badTicket()
		}
		return a.deleteTx(tx, by, userID, mail.AccountDeleted, at)
	})
}

// Remove removes a user's account as an administrator does, who needs no token.
func (a *Accounts) Remove(ctx context.Context, by audit.By, userID string) error {
	at := now()
	return a.db.Update(ctx, func(tx *store.Tx) error { return a.deleteTx(tx, by, userID, mail.AccountRemoved, at) })
}

func (a *Accounts) deleteTx(tx *store.Tx, by audit.By, userID string, notice mail.Kind, at time.Time) error {
	u, err := a.mayDelete(tx, userID)
	if err != nil {
		return err
	}
	EndSessionsTx(tx, by, userID, "", at)
	voidTx(tx, userID, confirmTicket, resetTicket, deleteTicket, loginTicket)
	codeUses.Delete(tx, userID)
	familiars.Delete(tx, userID)
	if a.o.OnDelete != nil {
		if err := a.o.OnDelete(tx, by, userID, at); err != nil {
			return err
		}
	}
	Users.Delete(tx, userID)
	a.noticeTx(tx, u, notice, nil, at)
	audit.RecordTx(tx, by, "user.delete", map[string]any{"user": snapshot(u)}, at, audit.UserRef(u.ID))
	return nil
}

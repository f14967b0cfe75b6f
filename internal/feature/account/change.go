package account

import (
	"context"
	"time"

	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/mail"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
)

// newPassword hashes a password that is good enough for the user.
func (a *Accounts) newPassword(ctx context.Context, u User, password string) (PasswordHash, error) {
	if why := faultOf(password, u); why != "" {
		return "", fault.Field(why, "password")
	}
	return a.hasher.hash(ctx, password)
}

// setPasswordTx gives the user another password and ends what the old one opened, but for one session. The
// row is for the caller to put.
func (a *Accounts) setPasswordTx(tx *store.Tx, by audit.By, u *User, hash PasswordHash, exceptID string, at time.Time) {
	u.Password, u.UpdatedAt = hash, at
	voidTx(tx, u.ID, resetTicket, deleteTicket, loginTicket)
	EndSessionsTx(tx, by, u.ID, exceptID, at)
}

func (a *Accounts) endKeysTx(tx *store.Tx, by audit.By, userID string, at time.Time) {
	if a.o.OnReset != nil {
		a.o.OnReset(tx, by, userID, at)
	}
}

// SetPassword gives the user another password, or a first one, and ends his sessions.
func (a *Accounts) SetPassword(ctx context.Context, by audit.By, userID, password string) error {
	return a.replacePassword(ctx, by, userID, password, "", false)
}

// A PasswordChange is what a user who is logged in asks for.
type PasswordChange struct {
	Old, New  string
	SessionID string // goes on; all others end
	EndKeys   bool   // ends the user's keys, too
}

// ChangePassword gives the user another password in place of the old one, which he must know.
func (a *Accounts) ChangePassword(ctx context.Context, by audit.By, userID string, c PasswordChange) error {
	u, _ := Users.Get(a.db.View(), userID)
	if err := a.checkPassword(ctx, u, c.Old); err != nil {
		if fault.Is(err, fault.Unauthenticated) {
			return fault.Field("is invalid", "password_current")
		}
		return err
	}
	return a.replacePassword(ctx, by, userID, c.New, c.SessionID, c.EndKeys)
}

func (a *Accounts) replacePassword(ctx context.Context, by audit.By, userID, password, exceptID string, endKeys bool) error {
	u, _ := Users.Get(a.db.View(), userID)
	hash, err := a.newPassword(ctx, u, password)
	if err != nil {
		return err
	}
	return a.change(ctx, by, userID, func(tx *store.Tx, u *User, at time.Time) (deed, error) {
		action := "password.update"
		if u.Password == "" {
			action = "password.add"
		}
		a.setPasswordTx(tx, by, u, hash, exceptID, at)
		if endKeys {
			a.endKeysTx(tx, by, u.ID, at)
		}
		a.noticeTx(tx, *u, mail.PasswordChanged, nil, at)
		return deed{action: action}, nil
	})
}

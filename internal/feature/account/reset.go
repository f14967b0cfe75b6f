package account

import (
	"context"
	"slices"
	"time"

	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/mail"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/limit"
	"hexhub/internal/kernel/store"
)

const resetLife = 24 * time.Hour

// RequestReset mails the user with the name or the verified address a token by which he can choose another
// password. Nothing is said of whether there is such a user, and it takes equally long.
func (a *Accounts) RequestReset(ctx context.Context, login string, from Origin) error {
	return a.ask(ctx, askReset, login, from)
}

func (a *Accounts) mailReset(ctx context.Context, login string, from Origin) error {
	at, token := now(), NewToken()
	found, _ := ByLogin(a.db.View(), login)
	return a.db.Update(ctx, func(tx *store.Tx) error {
		u, _ := Users.Get(tx, found.ID)
		if e, ok := u.recoverable(tx); ok {
			issueResetTx(tx, from.stranger(), u, e.Address, token, at)
			a.noticeTx(tx, u, mail.ResetPassword, map[string]string{"token": token}, at, e.Address)
		}
		return nil
	})
}

// recoverable returns the address by which the user may get back into his account. One that he has not
// proved will do while nobody else has proved it: whoever reads its mail proves it now.
func (u User) recoverable(r store.Reader) (Email, bool) {
	e, ok := u.Primary()
	if !ok || !u.Active() || u.NoRecovery {
		return Email{}, false
	}
	other, taken := ByEmail(r, e.Address)
	return e, !taken || other.ID == u.ID
}

func issueResetTx(tx *store.Tx, by audit.By, u User, address, token string, at time.Time) {
	issueTx(tx, ticket{Hash: HashToken(token), Kind: resetTicket, UserID: u.ID, Address: address, At: at, ExpiresAt: at.Add(resetLife)})
	audit.RecordTx(tx, by, "password.reset.init", map[string]any{"user": snapshot(u)}, at, audit.UserRef(u.ID))
}

// IssueReset returns a token by which the user can choose another password, and until when, for an
// administrator to hand over. It needs no address, and overrides BlockRecovery.
func (a *Accounts) IssueReset(ctx context.Context, by audit.By, userID string) (token string, until time.Time, err error) {
	token, at := NewToken(), now()
	err = a.db.Update(ctx, func(tx *store.Tx) error {
		u, ok := Users.Get(tx, userID)
		if !ok || !u.Active() {
			return fault.New(fault.NotFound, "there is no such user, or he is deactivated")
		}
		issueResetTx(tx, by, u, "", token, at)
		return nil
	})
	return token, at.Add(resetLife), err
}

// MailReset mails the user what RequestReset would, because an administrator asks for it, who is told where to.
// The token is for nobody but the user.
func (a *Accounts) MailReset(ctx context.Context, by audit.By, userID string) (address string, until time.Time, err error) {
	at, token := now(), NewToken()
	err = a.db.Update(ctx, func(tx *store.Tx) error {
		u, there := Users.Get(tx, userID)
		e, ok := u.recoverable(tx)
		switch {
		case !there || !u.Active():
			return fault.New(fault.NotFound, "there is no such user, or he is deactivated")
		case !ok:
			return fault.New(fault.Conflict, "%s has no e-mail address that may be trusted with a link", u.Username)
		}
		address = e.Address
		issueResetTx(tx, by, u, e.Address, token, at)
		a.noticeTx(tx, u, mail.ResetPassword, map[string]string{"token": token}, at, e.Address)
		return nil
	})
	return address, at.Add(resetLife), err
}

// BlockRecovery says whether reading the user's mail is enough to get another password: not if his address
// may have gone to somebody else, as when its domain expired.
func (a *Accounts) BlockRecovery(ctx context.Context, by audit.By, userID string, blocked bool) error {
	return a.change(ctx, by, userID, func(tx *store.Tx, u *User, _ time.Time) (deed, error) {
		if u.NoRecovery == blocked {
			return deed{}, nil
		}
		u.NoRecovery = blocked
		voidTx(tx, u.ID, resetTicket)
		return deed{action: "security.update", params: securityParams(*u)}, nil
	})
}

// CheckReset returns whose password the token changes. It uses nothing up.
func (a *Accounts) CheckReset(token string) (User, error) {
	u, _, err := resetOf(a.db.View(), HashToken(token), now())
	return u, err
}

func resetOf(r store.Reader, hash string, at time.Time) (User, ticket, error) {
	t, ok := ticketFor(r, hash, resetTicket, at)
	u, there := Users.Get(r, t.UserID)
	if !ok || !there || !u.Active() {
		return User{}, ticket{}, badTicket()
	}
	return u, t, nil
}

// FinishReset gives the token's user another password, ends the token, all his sessions and, unless they
// are to be kept, his keys. A second factor stays.
func (a *Accounts) FinishReset(ctx context.Context, token, password string, from Origin, keepKeys bool) (User, error) {
	at, tokenHash := now(), HashToken(token)
	u, _, err := resetOf(a.db.View(), tokenHash, at)
	if err != nil {
		return User{}, err
	}
	hash, err := a.newPassword(ctx, u, password)
	if err != nil {
		return User{}, err
	}
	err = a.db.Update(ctx, func(tx *store.Tx) error {
		var t ticket
		if u, t, err = resetOf(tx, tokenHash, at); err != nil {
			return err
		}
		by := from.by(u)
		a.setPasswordTx(tx, by, &u, hash, "", at)
		proveByMailTx(tx, &u, t.Address)
		Users.Put(tx, u)
		if !keepKeys {
			a.endKeysTx(tx, by, u.ID, at)
		}
		rememberTx(tx, u.ID, limit.IPKey(from.IP), at)
		a.noticeTx(tx, u, mail.PasswordReset, nil, at)
		audit.RecordTx(tx, by, "password.reset.finish", map[string]any{"user": snapshot(u)}, at, audit.UserRef(u.ID))
		return nil
	})
	if err != nil {
		return User{}, err
	}
	return u, nil
}

// proveByMailTx verifies the address whose mail the user has evidently read.
func proveByMailTx(tx *store.Tx, u *User, address string) {
	i := u.address(address)
	if i < 0 {
		return
	}
	u.Emails = slices.Clone(u.Emails)
	_ = verifyTx(tx, u, i) // somebody else has it: then it stays unproved
}

package account

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"time"

	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/mail"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
)

// An enrolment is a second factor that a user has not confirmed yet. It belongs to the session in which
// he began: nobody else at the same browser is ever offered its secret, nor he himself after he left.
type enrolment struct {
	SessionID string    `json:"session_id"`
	UserID    string    `json:"user_id"`
	Sealed    []byte    `json:"sealed"`
	ExpiresAt time.Time `json:"expires_at"`
}

var enrolments = store.NewTable("enrolment", func(e enrolment) string { return e.SessionID })

const enrolmentLife = 15 * time.Minute

// An Enrolment is what a user puts into the app that will show him codes.
type Enrolment struct {
	Secret string // in base32, to type
	URI    string // to scan
}

var errNoSealer = errors.New("no secret key was given to seal second factors with")

func (a *Accounts) sealTOTP(userID string, secret []byte) ([]byte, error) {
	if a.o.Sealer == nil {
		return nil, errNoSealer
	}
	return a.o.Sealer.Seal(totpLabel+"/"+userID, secret), nil
}

func (a *Accounts) openTOTP(userID string, sealed []byte) ([]byte, error) {
	if a.o.Sealer == nil {
		return nil, errNoSealer
	}
	return a.o.Sealer.Unseal(totpLabel+"/"+userID, sealed)
}

// StartTOTP makes a secret for codes and offers it to the user, in his session only. An earlier one that
// was not confirmed ends; a second factor that he has stays until ConfirmTOTP.
func (a *Accounts) StartTOTP(ctx context.Context, userID, sessionID string) (Enrolment, error) {
	secret, at := random(totpSecret), now()
	sealed, err := a.sealTOTP(userID, secret)
	if err != nil {
		return Enrolment{}, err
	}
	var u User
	err = a.db.Update(ctx, func(tx *store.Tx) error {
		var err error
		if u, err = holderTx(tx, userID, sessionID, at); err != nil {
			return err
		}
		enrolments.Put(tx, enrolment{SessionID: sessionID, UserID: userID, Sealed: sealed, ExpiresAt: at.Add(enrolmentLife)})
		return nil
	})
	if err != nil {
		return Enrolment{}, err
	}
	return a.offer(u, secret), nil
}

// Enrolment returns what StartTOTP offered last in the session, for whoever looks at it again.
func (a *Accounts) Enrolment(userID, sessionID string) (Enrolment, error) {
	v := a.db.View()
	e, err := enrolmentOf(v, userID, sessionID, now())
	if err != nil {
		return Enrolment{}, err
	}
	u, _ := Users.Get(v, userID)
	secret, err := a.openTOTP(userID, e.Sealed)
	if err != nil {
		return Enrolment{}, err
	}
	return a.offer(u, secret), nil
}

func (a *Accounts) offer(u User, secret []byte) Enrolment {
	issuer := cmp.Or(a.o.Named(a.db.View()), a.o.Issuer)
	return Enrolment{Secret: base32Plain.EncodeToString(secret), URI: otpauth(issuer, u.Username.String(), secret)}
}

// holderTx returns the user if the session is his and live.
func holderTx(tx *store.Tx, userID, sessionID string, at time.Time) (User, error) {
	s, ok := LiveSession(tx, sessionID, at)
	if !ok || s.UserID != userID {
		return User{}, errNoSession
	}
	u, _ := Users.Get(tx, userID)
	return u, nil
}

var (
	errNoSession   = fault.New(fault.Unauthenticated, "the session has ended; log in again")
	errNoEnrolment = fault.New(fault.Conflict, "nothing is waiting to be confirmed, or it waited for more than %d minutes; begin again", int(enrolmentLife.Minutes()))
)

// ConfirmTOTP makes what StartTOTP offered the user's second factor, once he has shown a code of it. It
// returns recovery codes, which nobody can be told again. A wrong code is a fault as of CheckCode.
func (a *Accounts) ConfirmTOTP(ctx context.Context, by audit.By, userID, sessionID, code string, from Origin) ([]string, error) {
	at := now()
	e, err := enrolmentOf(a.db.View(), userID, sessionID, at)
	if err != nil {
		return nil, err
	}
	secret, err := a.openTOTP(userID, e.Sealed)
	if err != nil {
		return nil, err
	}
	step := int64(0)
	if digits, ok := normalCode(code); ok {
		step = stepOf(secret, digits, at)
	}
	codes, hashes := a.newRecovery(userID)
	second := SecondFactor{Sealed: e.Sealed, Recovery: hashes, Since: at}
	err = a.guess(ctx, userCodes(userID), from, at, func(tx *store.Tx) error {
		if current, err := enrolmentOf(tx, userID, sessionID, at); err != nil || !bytes.Equal(current.Sealed, e.Sealed) {
			return errNoEnrolment
		}
		if step == 0 {
			return wrongCode()
		}
		return a.enrolTx(tx, by, userID, sessionID, second, codeUse{UserID: userID, Step: step})
	})
	if err != nil {
		return nil, err
	}
	return codes, nil
}

func enrolmentOf(r store.Reader, userID, sessionID string, at time.Time) (enrolment, error) {
	e, ok := enrolments.Get(r, sessionID)
	if !ok || e.UserID != userID || !at.Before(e.ExpiresAt) {
		return enrolment{}, errNoEnrolment
	}
	return e, nil
}

func (a *Accounts) enrolTx(tx *store.Tx, by audit.By, userID, sessionID string, second SecondFactor, used codeUse) error {
	u, err := holderTx(tx, userID, sessionID, second.Since)
	if err != nil {
		return err
	}
	u.Second, u.UpdatedAt = &second, second.Since
	Users.Put(tx, u)
	codeUses.Put(tx, used)
	enrolments.Delete(tx, sessionID)
	a.noticeTx(tx, u, mail.TwoFactorEnabled, nil, second.Since)
	audit.RecordTx(tx, by, "security.update", securityParams(u), second.Since, audit.UserRef(u.ID))
	return nil
}

func securityParams(u User) map[string]any {
	return map[string]any{"user": snapshot(u), "two_factor": u.TwoFactor()}
}

// DisableTOTP takes the user's second factor away, if he has one.
func (a *Accounts) DisableTOTP(ctx context.Context, by audit.By, userID string) error {
	return a.change(ctx, by, userID, func(tx *store.Tx, u *User, at time.Time) (deed, error) {
		if u.Second == nil {
			return deed{}, nil
		}
		u.Second = nil
		codeUses.Delete(tx, u.ID)
		a.noticeTx(tx, *u, mail.TwoFactorDisabled, nil, at)
		return deed{action: "security.update", params: securityParams(*u)}, nil
	})
}

package account

import (
	"context"
	"time"

	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/limit"
	"hexhub/internal/kernel/store"
)

// sudoTries is the throttle of wrong passwords, and likewise of wrong codes, of who is logged in.
var sudoTries = limit.Rule{Limit: 5, Window: 15 * time.Minute}

// Sudo makes the user's session of a browser one in which he has just proved who he is, by his password, a
// code of his device, or a recovery code. The cookie gets a new secret, which is returned: a copy of
// the old one is worth nothing.
func (a *Accounts) Sudo(ctx context.Context, userID, sessionID, proof string, from Origin) (secret string, err error) {
	s := a.judge(a.db.View(), userID, proof, now())
	secret = NewToken()
	hash := HashToken(secret)
	if s.isCode(proof) {
		err = a.guess(ctx, counter{"sudo:code:" + userID, sudoTries}, from, s.at, func(tx *store.Tx) error {
			if err := useTx(tx, s, from); err != nil {
				return err
			}
			return sudoTx(tx, userID, sessionID, hash, s.at)
		})
	} else if err = a.checkPassword(ctx, s.user, proof); err == nil {
		err = a.db.Update(ctx, func(tx *store.Tx) error { return sudoTx(tx, userID, sessionID, hash, s.at) })
	}
	if err != nil {
		return "", err
	}
	return sessionID + "." + secret, nil
}

// isCode reports whether a proof is to be taken for a code. What looks like one is never tried as a
// password: there it would be a guess that the limit of codes does not see.
func (s shown) isCode(proof string) bool {
	if s.user.Second == nil {
		return false
	}
	_, known := without(s.user.Second.Recovery, s.recovery)
	_, digits := normalCode(proof)
	return digits || known
}

func sudoTx(tx *store.Tx, userID, sessionID, hash string, at time.Time) error {
	if _, err := holderTx(tx, userID, sessionID, at); err != nil {
		return err
	}
	s, _ := Sessions.Get(tx, sessionID)
	if s.Kind != Browser {
		return errNoSession
	}
	s.Hash, s.SudoUntil = hash, new(at.Add(sudoLife))
	Sessions.Put(tx, s)
	return nil
}

// checkPassword returns nil if the password is that of the user, who is logged in. It counts before it
// compares, so that guesses at the same moment are counted too.
func (a *Accounts) checkPassword(ctx context.Context, u User, password string) error {
	at, key := now(), "sudo:password:"+u.ID
	res, err := limit.Spend(ctx, a.db, key, sudoTries, at)
	switch {
	case err != nil:
		return err
	case !res.Allowed:
		return limited(sudoTries, at, "Too many failed attempts. Please try again later.")
	}
	right, err := a.verify(ctx, u, password)
	switch {
	case err != nil:
		return err
	case !right:
		return noProof(u)
	}
	return a.db.Update(ctx, func(tx *store.Tx) error {
		if current, ok := Users.Get(tx, u.ID); !ok || current.Password != u.Password {
			return noProof(u)
		}
		limit.ForgiveTx(tx, key, sudoTries)
		return nil
	})
}

// noProof is what a user is told whose proof is none, in words of what he has.
func noProof(u User) error {
	if u.Password == "" {
		return fault.New(fault.Unauthenticated, "that is no code of your authenticator app, and none of the recovery codes that are left")
	}
	return fault.New(fault.Unauthenticated, "invalid password")
}

func (a *Accounts) verify(ctx context.Context, u User, password string) (bool, error) {
	if len(password) > maxPassword {
		return false, nil
	}
	done, err := a.hasher.turn(ctx)
	if err != nil {
		return false, err
	}
	defer done()
	return a.hasher.verify(u.Password, password)
}

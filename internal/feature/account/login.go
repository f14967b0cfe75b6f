package account

import (
	"context"

	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/limit"
	"hexhub/internal/kernel/store"
)

func wrongPassword() error {
	return fault.New(fault.Unauthenticated, "invalid username and password combination")
}

// Login returns the user who logs in with a name or a verified address and the password, from
// somewhere. It takes equally long and says the same for users that exist and that do not. A
// deactivated user is told so, as a Malformed fault, only after the right password. It waits for its
// turn to hash, while ctx lasts.
//
// Who has a second factor has proved the first one only: see User.TwoFactor.
func (a *Accounts) Login(ctx context.Context, login, password string, from Origin) (User, error) {
	v := a.db.View()
	u, _ := ByLogin(v, login)
	t := a.try(v, u, login, from)
	if err := t.refused(v, now()); err != nil {
		return User{}, err
	}
	right, err := a.compare(ctx, t, u, password)
	switch {
	case err != nil:
		return User{}, err
	case !right:
		return User{}, wrongPassword()
	case !u.Active():
		return User{}, fault.New(fault.Malformed, "Bad request")
	}
	a.welcome(ctx, u, password, from)
	return u, nil
}

// compare tells whether the password is the user's, and counts it if not. Looking at the counts,
// comparing and counting happen within one turn of the hasher: of very many who guess at the same moment,
// no more get past the limit than have turns.
func (a *Accounts) compare(ctx context.Context, t try, u User, password string) (right bool, err error) {
	done, err := a.hasher.turn(ctx)
	if err != nil {
		return false, err
	}
	defer done()
	if err := t.refused(a.db.View(), now()); err != nil {
		return false, err
	}
	if len(password) <= maxPassword {
		if right, err = a.hasher.verify(u.Password, password); err != nil || right {
			return right, err
		}
	}
	at := now()
	return false, a.db.Update(ctx, func(tx *store.Tx) error {
		t.failTx(tx, at)
		return nil
	})
}

// welcome remembers where the user came from, and hashes the password anew if it costs a guesser less
// than it does today. Neither is worth refusing a login for, as when nothing can be written.
func (a *Accounts) welcome(ctx context.Context, u User, password string, from Origin) {
	at, key, stronger := now(), limit.IPKey(from.IP), PasswordHash("")
	if a.hasher.isWeak(u.Password) {
		stronger, _ = a.hasher.hash(ctx, password)
	}
	if stronger == "" && !isNews(a.db.View(), u.ID, key, at) {
		return
	}
	_ = a.db.Update(ctx, func(tx *store.Tx) error {
		current, ok := Users.Get(tx, u.ID)
		if !ok || current.Password != u.Password {
			return nil
		}
		rememberTx(tx, u.ID, key, at)
		if stronger != "" {
			current.Password = stronger
			Users.Put(tx, current)
		}
		return nil
	})
}

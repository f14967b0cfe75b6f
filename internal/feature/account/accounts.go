package account

import (
	"context"
	"log/slog"
	"maps"
	"runtime"
	"time"

	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/mail"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/job"
	"hexhub/internal/kernel/lastuse"
	"hexhub/internal/kernel/seal"
	"hexhub/internal/kernel/store"
)

// Options are what Accounts may be told. The zero value works.
type Options struct {
	Cost   Cost // of a password; zero means DefaultCost
	Hashes int  // passwords hashed at a time; zero means one per processor

	Mail   *mail.Mail   // nil sends none
	Jobs   *job.Queue   // look whom a stranger asks for; nil does so at once, which takes longer for who is there
	Sealer *seal.Sealer // nil means that nobody can have a second factor
	Issuer string       // what apps call the server that asks for their codes; empty means HexHub

	// Named is what the operator calls the server by now, in place of Issuer; nil or empty leaves that.
	Named func(store.Reader) string

	// What other rooms have to say when an account changes, all within its transaction; nil says nothing.
	MayDelete func(tx *store.Tx, userID string) error                            // why the user cannot go
	OnDelete  func(tx *store.Tx, by audit.By, userID string, at time.Time) error // he goes: end what is his
	OnReset   func(tx *store.Tx, by audit.By, userID string, at time.Time)       // his password was reset: end his keys

	LimitLoopback bool         // count who comes from this machine too, as where a proxy does not say for whom it speaks
	Log           *slog.Logger // nil discards

	// Rules are asked for at each registration, since they may change meanwhile; nil means none but the
	// zero value.
	Rules func(store.Reader) Rules
}

// Rules are what an administrator decides about accounts.
type Rules struct {
	Registration Registration // who may make an account for himself; zero means nobody
	ConfirmMail  bool         // whether somebody who registers must prove to own his address
	MaxSessions  int          // of a user at a time; zero means 50
}

// Accounts does what is done to users. It is safe for concurrent use.
type Accounts struct {
	db     *store.DB
	o      Options
	hasher *hasher
	uses   *lastuse.Notes[SessionUse]
	keys   map[string][]byte // derived, by label
}

// New returns the accounts kept in db.
func New(db *store.DB, o Options) *Accounts {
	if o.Hashes <= 0 {
		o.Hashes = runtime.GOMAXPROCS(0)
	}
	if o.Rules == nil {
		o.Rules = func(store.Reader) Rules { return Rules{} }
	}
	if o.Issuer == "" {
		o.Issuer = "HexHub"
	}
	if o.Named == nil {
		o.Named = func(store.Reader) string { return "" }
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	a := &Accounts{db: db, o: o, hasher: newHasher(o.Cost, o.Hashes), uses: lastuse.New[SessionUse](), keys: map[string][]byte{}}
	for _, label := range []string{typedLabel, recoveryLabel} {
		a.keys[label] = []byte(label)
		if o.Sealer != nil {
			a.keys[label] = o.Sealer.Derive(label)
		}
	}
	if o.Jobs != nil {
		o.Jobs.Handle(askJob, job.Handler{Do: a.perform})
	}
	return a
}

// The labels under which the room has secrets of its own.
const (
	typedLabel    = "account/typed"
	recoveryLabel = "account/recovery"
	totpLabel     = "account/totp"
)

// now is the time of a deed, as rows keep it.
func now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// change applies edit to the user with the id and writes it back with an audit entry. Edit works on
// a copy and returns what to record; it must not change slices or maps in place.
func (a *Accounts) change(ctx context.Context, by audit.By, userID string, edit func(tx *store.Tx, u *User, at time.Time) (deed, error)) error {
	at := now()
	return a.db.Update(ctx, func(tx *store.Tx) error {
		u, ok := Users.Get(tx, userID)
		if !ok {
			return fault.New(fault.NotFound, "there is no such user")
		}
		d, err := edit(tx, &u, at)
		if err != nil || d.action == "" {
			return err
		}
		u.UpdatedAt = at
		Users.Put(tx, u)
		params := map[string]any{"user": snapshot(u)}
		maps.Copy(params, d.params)
		audit.RecordTx(tx, by, d.action, params, at, audit.UserRef(u.ID))
		return nil
	})
}

// A deed is what an edit did; without an action it changed nothing.
type deed struct {
	action string
	params map[string]any
}

// snapshot is what the audit log keeps of a user.
func snapshot(u User) map[string]any {
	return map[string]any{"id": u.ID, "username": u.Username.String(), "handles": u.Handles, "admin": u.Admin, "service": u.Service}
}

// SetAdmin gives or takes the right to administer the site. The last administrator keeps it.
func (a *Accounts) SetAdmin(ctx context.Context, by audit.By, userID string, admin bool) error {
	return a.change(ctx, by, userID, func(tx *store.Tx, u *User, _ time.Time) (deed, error) {
		if u.Admin == admin {
			return deed{}, nil
		}
		if err := mayLoseAdmin(tx, *u); err != nil {
			return deed{}, err
		}
		u.Admin = admin
		return deed{action: "user.admin"}, nil
	})
}

// mayLoseAdmin refuses if u is the only administrator who can log in.
func mayLoseAdmin(tx *store.Tx, u User) error {
	if !u.Admin || !u.Active() {
		return nil
	}
	for other := range Admins(tx) {
		if other.ID != u.ID {
			return nil
		}
	}
	return fault.New(fault.Conflict, "%s is the last administrator of this server; make somebody else an administrator first", u.Username)
}

// Deactivate shuts the user out, at once and everywhere, and keeps all that is his. The last
// administrator cannot be deactivated.
func (a *Accounts) Deactivate(ctx context.Context, by audit.By, userID string) error {
	return a.change(ctx, by, userID, func(tx *store.Tx, u *User, at time.Time) (deed, error) {
		if !u.Active() {
			return deed{}, nil
		}
		if err := mayLoseAdmin(tx, *u); err != nil {
			return deed{}, err
		}
		u.DeactivatedAt = &at
		EndSessionsTx(tx, by, u.ID, "", at)
		voidTx(tx, u.ID, confirmTicket, resetTicket, deleteTicket, loginTicket)
		return deed{action: "user.deactivate"}, nil
	})
}

// Reactivate lets a deactivated user in again.
func (a *Accounts) Reactivate(ctx context.Context, by audit.By, userID string) error {
	return a.change(ctx, by, userID, func(_ *store.Tx, u *User, _ time.Time) (deed, error) {
		if u.Active() {
			return deed{}, nil
		}
		u.DeactivatedAt = nil
		return deed{action: "user.reactivate"}, nil
	})
}

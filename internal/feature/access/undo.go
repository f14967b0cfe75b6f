package access

import (
	"context"
	"slices"
	"time"

	"hexhub/internal/feature/mail"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
)

// undoFor is how long a revocation can be taken back.
const undoFor = 10 * time.Second

// A Regret is what it takes to make a key live again that was revoked a moment ago. Nothing of its secret is in it: the
// key is refused everywhere in the meantime, and whoever takes the revocation back learns nothing.
//
// That is safe because of who can. Only the session in which the key was revoked, which could make another key as
// well; and only while nothing else has ended the owner's keys, such as a new password.
type Regret struct {
	UserID  string     `json:"user_id"`
	Session string     `json:"session"`
	Until   time.Time  `json:"until"`
	Expires *time.Time `json:"expires,omitempty"` // when the key does, once it lives again; nil for never
}

// regret is what the actor may take back of a revocation of k: nothing, unless he acts in a browser.
func (a Actor) regret(k Key, at time.Time) *Regret {
	if a.Via != Browser {
		return nil
	}
	return &Regret{UserID: a.User.ID, Session: a.Session, Until: at.Add(undoFor), Expires: k.RevokeAt}
}

// by reports whether the actor may take the revocation back in the session he acts in.
func (r *Regret) by(a Actor) bool {
	return r != nil && a.Via == Browser && a.User.ID == r.UserID && a.Session == r.Session
}

// Regretted returns the keys of the owner that the actor has revoked just now, and could still make live again.
func Regretted(r store.Reader, a Actor, o Owner, at time.Time) []Key {
	var all []Key
	for k := range byOwner.In(r, o.ref()) {
		if k.Regret.by(a) && at.Before(k.Regret.Until) {
			all = append(all, k)
		}
	}
	return all
}

// UndoRevocation makes a key live again that the actor revoked less than ten seconds ago, in the same session, and
// writes to the owner. It is the same key: whatever has its secret is let in as before. What the owner has lost since,
// the key has lost as well, and a name that was taken meanwhile stays taken.
func (s *Access) UndoRevocation(ctx context.Context, a Actor, o Owner, keyID string) (Key, error) {
	at := time.Now().UTC().Truncate(time.Microsecond)
	var k Key
	err := s.db.Update(ctx, func(tx *store.Tx) (err error) {
		actor := a
		if err := mayKeys(tx, &actor, o); err != nil {
			return err
		}
		var ok bool
		if k, ok = Keys.Get(tx, keyID); !ok || k.Owner() != o || !k.Regret.by(actor) {
			return errNotFound
		}
		if !at.Before(k.Regret.Until) {
			return fault.New(fault.Conflict, "the key %s was revoked more than ten seconds ago and stays so; make a new one", k.Name)
		}
		k, err = s.reviveTx(tx, k, at)
		if err != nil {
			return err
		}
		recordKey(tx, actor.By(), "key.restore", k, at)
		s.tellTx(tx, mail.KeyRestored, o, k.Name, at)
		return nil
	})
	return k, err
}

// reviveTx writes the key as it was, for an owner who can still do all that it is for.
func (s *Access) reviveTx(tx *store.Tx, k Key, at time.Time) (Key, error) {
	owner, err := ownerTx(tx, k.Owner())
	if err != nil {
		return k, err
	}
	for _, p := range k.Permissions {
		if err := s.reach(tx, owner, p); err != nil {
			return k, err
		}
	}
	live := KeysOf(tx, k.Owner())
	if err := roomFor(k, live); err != nil {
		return k, err
	}
	k.Name = freeName(k.Name, live)
	k.Revoked, k.RevokeAt, k.Regret, k.UpdatedAt = false, k.Regret.Expires, nil, at
	Keys.Put(tx, k)
	return k, nil
}

// forgoTx leaves nothing to be taken back of what was revoked a moment ago: the owner's keys end for a better reason.
func forgoTx(tx *store.Tx, o Owner, at time.Time) {
	for _, k := range slices.Collect(byOwner.In(tx, o.ref())) {
		if k.Regret != nil && at.Before(k.Regret.Until) {
			k.Regret = nil
			Keys.Put(tx, k)
		}
	}
}

package access

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"hexhub/hex/name"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/mail"
	"hexhub/internal/feature/org"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/id"
	"hexhub/internal/kernel/store"
)

// A KeyDraft is a key to be.
type KeyDraft struct {
	Name        string
	Permissions []Permission // none means the whole api
	RevokeAt    *time.Time   // when it expires; nil means never, or as late as the rules allow
}

// The bounds of keys. An owner's live keys can be revoked in one transaction.
const (
	maxKeyName     = 255 // characters
	maxPermissions = 100
	maxKeys        = 200  // live ones of an owner, and
	maxGranted     = 1000 // permissions in all of them
)

// CreateKey makes a key and returns it with its secret, which nobody can be told again, and writes to the
// owner. A name that a live key of the owner has gets a number behind it. An address need not be verified
// for it.
//
// A key or a token can make only keys that may do no more than itself. Such a key lives no longer than its
// maker, unless that is a token by which a user acts. In any case it lives no longer than the server allows,
// and the organizations whose repositories it is for.
func (s *Access) CreateKey(ctx context.Context, a Actor, o Owner, d KeyDraft) (Key, string, error) {
	at := time.Now().UTC().Truncate(time.Microsecond)
	if wrong := d.check(at); len(wrong) > 0 {
		return Key{}, "", fault.Validation(wrong)
	}
	if len(d.Permissions) == 0 {
		d.Permissions = a.usual()
	}
	secret := newSecret()
	hash := s.macs.sum(secret)
	fresh := Key{
		ID: id.New(), UserID: o.UserID, Org: o.Org, Hash: string(hash[:]),
		RevokeAt: s.clamp(d.RevokeAt, at), InsertedAt: at, UpdatedAt: at,
	}
	var made Key
	err := s.db.Update(ctx, func(tx *store.Tx) (err error) {
		made, err = s.createTx(tx, a, fresh, d)
		return err
	})
	if err != nil {
		return Key{}, "", err
	}
	return made, secret, nil
}

func (d KeyDraft) check(at time.Time) fault.Fields {
	wrong := fault.Fields{}
	switch {
	case strings.TrimSpace(d.Name) == "":
		wrong["name"] = "can't be blank"
	case utf8.RuneCountInString(d.Name) > maxKeyName:
		wrong["name"] = fmt.Sprintf("should be at most %d character(s)", maxKeyName)
	case !utf8.ValidString(d.Name), strings.ContainsFunc(d.Name, unicode.IsControl):
		wrong["name"] = "has invalid format"
	}
	if d.RevokeAt != nil && !d.RevokeAt.After(at) {
		wrong["revoke_at"] = "must be in the future"
	}
	if len(d.Permissions) > maxPermissions {
		wrong["permissions"] = fmt.Sprintf("should have at most %d item(s)", maxPermissions)
	}
	return wrong
}

// clamp returns when a key ends that is to end at the wanted time, nil being never.
func (s *Access) clamp(wanted *time.Time, at time.Time) *time.Time {
	if age := s.o.Rules(s.db.View()).MaxKeyAge; age > 0 {
		return sooner(wanted, new(at.Add(age)))
	}
	return sooner(wanted, nil)
}

// sooner returns the earlier of two times, either of which may be nil for never, as rows keep it.
func sooner(a, b *time.Time) *time.Time {
	if a == nil || b != nil && b.Before(*a) {
		a = b
	}
	if a == nil {
		return nil
	}
	return new(a.UTC().Truncate(time.Microsecond))
}

func (s *Access) createTx(tx *store.Tx, a Actor, k Key, d KeyDraft) (Key, error) {
	if err := mayKeys(tx, &a, k.Owner()); err != nil {
		return Key{}, err
	}
	owner, err := ownerTx(tx, k.Owner())
	if err != nil {
		return Key{}, err
	}
	for _, p := range d.Permissions {
		if p, err = s.normal(tx, p); err == nil {
			err = s.reach(tx, owner, p)
		}
		if err != nil {
			return Key{}, err
		}
		k.Permissions = append(slices.Clip(k.Permissions), p)
	}
	for _, o := range k.organizations(tx) {
		if o.KeyMaxAge > 0 {
			k.RevokeAt = sooner(k.RevokeAt, new(k.InsertedAt.Add(o.KeyMaxAge)))
		}
	}
	if err := a.within(&k, d.RevokeAt); err != nil {
		return Key{}, err
	}
	live := KeysOf(tx, k.Owner())
	if err := roomFor(k, live); err != nil {
		return Key{}, err
	}
	k.Name = freeName(d.Name, live)
	Keys.Put(tx, k)
	recordKey(tx, a.By(), "key.generate", k, k.InsertedAt)
	s.tellTx(tx, mail.KeyCreated, k.Owner(), k.Name, k.InsertedAt)
	return k, nil
}

// roomFor tells why an owner with the live keys cannot have k, too: all must fit into one transaction that
// revokes them.
func roomFor(k Key, live []Key) error {
	granted := len(k.Permissions)
	for _, other := range live {
		granted += len(other.Permissions)
	}
	switch {
	case len(live) >= maxKeys:
		return fault.Field(fmt.Sprintf("cannot be given: there are %d keys, the most allowed; revoke some first", len(live)), "name")
	case granted > maxGranted:
		return fault.Field(fmt.Sprintf("are too many: all keys together may have %d; revoke some keys first", maxGranted), "permissions")
	}
	return nil
}

// organizations returns those whose repositories the key is for by name: its owner, and those that its
// permissions are for.
func (k Key) organizations(r store.Reader) []org.Organization {
	names := []string{k.Org.String()}
	for _, p := range k.Permissions {
		if in, _, _ := strings.Cut(p.Resource, "/"); p.Domain != DomainAPI {
			names = append(names, in)
		}
	}
	slices.Sort(names)
	var out []org.Organization
	for _, n := range slices.Compact(names) {
		if o, ok := org.Organizations.Get(r, n); ok && n != "" {
			out = append(out, o)
		}
	}
	return out
}

// usual is what a key may do of which nothing was said: the whole api, as on hex.pm. Tokens that have less make
// keys that may write.
func (a Actor) usual() []Permission {
	whole, write := Permission{Domain: DomainAPI}, Permission{DomainAPI, "write"}
	if a.Via == Bearer && !slices.Contains(a.held(), whole) {
		return []Permission{write}
	}
	return []Permission{whole}
}

// within makes k end no later than the key or token that makes it, and refuses it more than that one has.
func (a Actor) within(k *Key, wanted *time.Time) error {
	if a.Via != APIKey && a.Via != Bearer {
		return nil
	}
	for _, child := range k.Permissions {
		if !slices.ContainsFunc(a.held(), func(p Permission) bool { return p.covers(child) }) {
			return fault.New(fault.Forbidden, "a key cannot create one with permissions that it has not itself; log in, or use a key for the whole api")
		}
	}
	parent := a.Key.RevokeAt
	if a.Via == Bearer && a.Session == "" {
		parent = sooner(parent, &a.until)
	}
	if wanted != nil && parent != nil && wanted.After(*parent) {
		return fault.New(fault.Forbidden, "a key cannot create one that outlives it; log in, or ask for an earlier end")
	}
	k.RevokeAt = sooner(k.RevokeAt, parent)
	return nil
}

// held is what the actor's key or token grants. Users give programs the whole api in two halves.
func (a Actor) held() []Permission {
	whole := Permission{Domain: DomainAPI}
	if a.Session != "" && slices.Contains(a.Permissions, Permission{DomainAPI, "read"}) && slices.Contains(a.Permissions, Permission{DomainAPI, "write"}) {
		return append(slices.Clip(a.Permissions), whole)
	}
	return a.Permissions
}

// mayKeys tells why the actor, who is made to be as he is now, may not manage the owner's keys.
// Everybody may manage his own, even before his address is verified, and administrators those of
// machines; an organization's are for its members who may write.
func mayKeys(r store.Reader, a *Actor, o Owner) error {
	if err := refresh(r, a); err != nil {
		return err
	}
	switch {
	case o.UserID == "":
		return MayOrg(r, *a, org.Write, o.Org)
	case a.Via == Anonymous:
		return errMissing
	case !a.Allows(DomainAPI, "write"):
		return errKeyLacks
	}
	if err := a.secondFactor(); err != nil {
		return err
	}
	if a.Via == System || a.User.ID == o.UserID {
		return nil
	}
	if u, _ := account.Users.Get(r, o.UserID); a.User.Admin && u.Service {
		return nil
	}
	return errNotFound
}

// mayRevoke is mayKeys for taking keys away, which administrators may do to everybody.
func mayRevoke(r store.Reader, a *Actor, o Owner) error {
	err := mayKeys(r, a, o)
	if err != nil && a.User.Admin && a.Allows(DomainAPI, "write") && a.secondFactor() == nil {
		return refresh(r, a)
	}
	return err
}

// ownerTx returns the owner as an actor, to ask what he may do.
func ownerTx(tx *store.Tx, o Owner) (Actor, error) {
	if o.UserID == "" {
		return Actor{Org: o.Org}, nil // MayOrg has seen that it exists
	}
	u, ok := account.Users.Get(tx, o.UserID)
	if !ok {
		return Actor{}, errNotFound
	}
	return Actor{User: u}, nil
}

func recordKey(tx *store.Tx, by audit.By, action string, k Key, at time.Time) {
	params := map[string]any{"id": k.ID, "name": k.Name, "permissions": k.Permissions, "user": nil, "organization": nil}
	if u, ok := account.Users.Get(tx, k.UserID); ok {
		params["user"] = map[string]any{"id": u.ID, "username": u.Username.String()}
	}
	if k.Org != (name.Repository{}) {
		params["organization"] = map[string]any{"name": k.Org.String()}
	}
	audit.RecordTx(tx, by, action, params, at, k.Owner().ref())
}

// tellTx writes to the owner of a key, or of all keys if keyName is empty.
func (s *Access) tellTx(tx *store.Tx, kind mail.Kind, o Owner, keyName string, at time.Time) {
	if s.o.Mail == nil {
		return
	}
	l := mail.Letter{Kind: kind, Params: map[string]string{"key": keyName}}
	if u, ok := account.Users.Get(tx, o.UserID); ok {
		l.To, l.Params["username"] = u.Addresses(), u.Username.String()
	} else {
		v := s.db.View()
		defer v.Close()
		l.To, l.Params["username"], l.Params["organization"] = org.Addresses(v, o.Org), o.Org.String(), o.Org.String()
	}
	s.o.Mail.SendTx(tx, l, at)
}

// RevokeKey ends the owner's live key with the name and returns it as it then is. Who does so in a browser can take it
// back for a few seconds; see UndoRevocation.
func (s *Access) RevokeKey(ctx context.Context, a Actor, o Owner, name string) (Key, error) {
	at := time.Now().UTC().Truncate(time.Microsecond)
	var k Key
	err := s.db.Update(ctx, func(tx *store.Tx) error {
		actor := a
		if err := mayRevoke(tx, &actor, o); err != nil {
			return err
		}
		var ok bool
		if k, ok = KeyOf(tx, o, name); !ok {
			return errNotFound
		}
		k.Regret = actor.regret(k, at)
		k = revokeTx(tx, actor.By(), k, at)
		s.tellTx(tx, mail.KeyRevoked, o, k.Name, at)
		return nil
	})
	return k, err
}

// RevokeAll ends all live keys of the owner, in one transaction, returns them as they then are, and writes
// to the owner.
func (s *Access) RevokeAll(ctx context.Context, a Actor, o Owner) ([]Key, error) {
	at := time.Now().UTC().Truncate(time.Microsecond)
	var ended []Key
	err := s.db.Update(ctx, func(tx *store.Tx) error {
		actor := a
		if err := mayRevoke(tx, &actor, o); err != nil {
			return err
		}
		if ended = s.RevokeAllTx(tx, actor.By(), o, at); len(ended) > 0 {
			s.tellTx(tx, mail.KeysRevoked, o, "", at)
		}
		return nil
	})
	return ended, err
}

// RevokeAllTx is RevokeAll for those who have a reason of their own, such as a new password, and who tell the
// owner themselves. It asks for no right.
func (s *Access) RevokeAllTx(tx *store.Tx, by audit.By, o Owner, at time.Time) []Key {
	forgoTx(tx, o, at)
	ended := KeysOf(tx, o)
	for i, k := range ended {
		ended[i] = revokeTx(tx, by, k, at)
	}
	return ended
}

// revokeTx ends the key a second ago, as hex.pm does, and for good.
func revokeTx(tx *store.Tx, by audit.By, k Key, at time.Time) Key {
	k.RevokeAt, k.Revoked, k.UpdatedAt = new(at.Add(-time.Second)), true, at
	Keys.Put(tx, k)
	recordKey(tx, by, "key.remove", k, at)
	return k
}

const (
	keepRevoked = 90 * 24 * time.Hour // as on hex.pm: so long a client is told that its key was revoked
	forgetStep  = 200                 // keys in one transaction
)

// orphaned reports whether the key's owner is gone.
func (k Key) orphaned(r store.Reader) bool {
	if k.UserID != "" {
		_, there := account.Users.Get(r, k.UserID)
		return !there
	}
	_, there := org.Organizations.Get(r, k.Org.String())
	return !there
}

// Forget drops keys that were revoked or expired long ago, or whose owner is gone, in steps. Then they are
// like keys that never were.
// Of revoked tokens it drops those that would have expired since.
func (s *Access) Forget(ctx context.Context) error {
	end := time.Now().Add(-keepRevoked)
	var old []string
	v := s.db.View()
	for k := range Keys.All(v) {
		if k.endedBy(end) || k.orphaned(v) {
			old = append(old, k.ID)
		}
	}
	err := store.InSteps(ctx, s.db, old, forgetStep, func(tx *store.Tx, keyID string) {
		Keys.Delete(tx, keyID)
		KeyUses.Delete(tx, keyID)
	})
	if err != nil {
		return err
	}
	return s.forgetTokens(ctx)
}

// Probe tells whether the actor's key is good for the permission and its owner has access, as GET
// /auth of the Hex API does. Passwords are never good for it.
func (s *Access) Probe(r store.Reader, a Actor, p Permission) error {
	if err := refresh(r, &a); err != nil {
		return err
	}
	switch {
	case a.Via == Anonymous:
		return errMissing
	case !a.verified():
		return errUnverified
	case a.Via != APIKey && a.Via != Bearer:
		return errKeyLacks
	}
	p, err := s.normal(r, p)
	nowhere := err != nil && p.Domain == DomainPackage // as if it were there, and another's
	if err != nil && !nowhere || !a.Allows(p.Domain, p.Resource) {
		return errKeyLacks
	}
	if nowhere || s.reach(r, a, p) != nil {
		return errForbidden
	}
	return nil
}

// Package access answers who somebody is and what he may do: API keys, their permissions, and May,
// the one place where a right is granted or refused.
//
// It knows users, organizations and who owns a package, and neither what packages are nor how
// requests look. Refusals are the words of the Hex API.
//
// An [Actor] is a claim from when a request came in. Whoever changes something asks [May] again
// within his Update, with the Tx: then user, key and membership are guarded to be still so when the
// change is committed. A revoked key or a deactivated user thus ends at once, even amid a request.
package access

import (
	"context"
	"net/netip"
	"strings"
	"time"

	"hexhub/hex/name"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/org"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
)

// Via is how an actor showed who he is.
type Via int

// The ways.
const (
	Anonymous Via = iota // not at all
	Password             // user name and password
	APIKey               // a key of a user or an organization
	System               // at the machine itself, which needs to show nothing
	Bearer               // an access token, given to a program by a user or in exchange for a key
	Browser              // a session of a user who logged in
)

// An Actor is who is acting. The zero Actor is anonymous.
type Actor struct {
	User        account.User    // zero for organizations, the system and the anonymous
	Org         name.Repository // the organization whose key was shown
	Key         Key             // that was shown, or for which a token was given
	Session     string          // id of the account's session, for Browser and for tokens given by users
	Permissions []Permission    // of the key or the token
	Via         Via
	IP          netip.Addr
	UserAgent   string
	Reason      string // why he does it, where an administrator must say so; for the audit log

	token  string    // id of the access token
	until  time.Time // when the token ends
	second verdict   // on the second factor
	deed   string    // what the system is about
}

// SystemActor is who does what an operator asks for at the machine itself, named for the audit log,
// such as "hexhub admin create". He may do everything.
func SystemActor(name string) Actor { return Actor{Via: System, deed: name} }

// Because returns the actor with the reason of what he does to what is others', which must be one.
func (a Actor) Because(reason string) (Actor, error) {
	if a.Reason = strings.TrimSpace(reason); len(a.Reason) < 3 || len(a.Reason) > 300 {
		return a, fault.Field("must be given, in 3 to 300 letters: the audit log keeps it", "reason")
	}
	return a, nil
}

// By is the actor as the audit log remembers him.
func (a Actor) By() audit.By {
	by := audit.By{
		UserID: a.User.ID, Username: a.User.Username.String(), Org: a.Org.String(),
		KeyID: a.Key.ID, KeyName: a.Key.Name, Session: a.Session, UserAgent: a.UserAgent, Reason: a.Reason,
	}
	if a.Via == System {
		by.Username = a.deed
	}
	if a.IP.IsValid() {
		by.IP = a.IP.String()
	}
	return by
}

// LoggedIn reports whether it is known who the actor is.
func (a Actor) LoggedIn() bool { return a.Via != Anonymous }

// Owner is whom the actor's own keys belong to.
func (a Actor) Owner() Owner { return Owner{UserID: a.User.ID, Org: a.Org} }

type contextKey struct{}

// With returns a context that carries the actor.
func With(ctx context.Context, a Actor) context.Context {
	return context.WithValue(ctx, contextKey{}, a)
}

// From returns the actor that ctx carries, else an anonymous one.
func From(ctx context.Context) Actor {
	a, _ := ctx.Value(contextKey{}).(Actor)
	return a
}

// refresh makes the actor what the rows show of him at r's moment, or tells why he is none any more.
func refresh(r store.Reader, a *Actor) error {
	at := time.Now()
	switch a.Via {
	case APIKey:
		k, ok := Keys.Get(r, a.Key.ID)
		if err := k.usable(ok, at); err != nil {
			return err
		}
		a.Key, a.Permissions = k, k.Permissions
	case Bearer:
		if err := refreshBearer(r, a, at); err != nil {
			return err
		}
	case Browser:
		if !a.inSession(r, at) {
			return errSessionOver
		}
	}
	return refreshOwner(r, a)
}

// refreshBearer asks for what the token hangs on.
func refreshBearer(r store.Reader, a *Actor, at time.Time) error {
	if _, revoked := revokedTokens.Get(r, a.token); revoked {
		return errExpired
	}
	if a.Session != "" {
		if !a.inSession(r, at) {
			return errExpired
		}
		return nil
	}
	k, ok := Keys.Get(r, a.Key.ID)
	if k.usable(ok, at) != nil || k.Owner() != a.Owner() {
		return errExpired
	}
	a.Key = k
	return nil
}

// inSession reports whether the actor's session is still his.
func (a Actor) inSession(r store.Reader, at time.Time) bool {
	session, live := account.LiveSession(r, a.Session, at)
	return live && session.UserID == a.User.ID
}

func refreshOwner(r store.Reader, a *Actor) error {
	switch {
	case a.User.ID != "":
		u, ok := account.Users.Get(r, a.User.ID)
		if !ok {
			return errBadKey
		}
		if !u.Active() {
			return errInactive
		}
		a.User = u
	case a.Org != (name.Repository{}):
		if _, ok := org.Organizations.Get(r, a.Org.String()); !ok {
			return errBadKey
		}
	}
	return nil
}

// roleIn returns the actor's role in an organization. An organization has every role in itself.
func (a Actor) roleIn(r store.Reader, organization name.Repository) org.Role {
	if a.Org != (name.Repository{}) {
		if a.Org == organization {
			return org.Admin
		}
		return ""
	}
	return org.RoleOf(r, organization, a.User.ID)
}

package access

import (
	"slices"

	"hexhub/hex/name"
	"hexhub/internal/feature/org"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
)

// A Verb is a kind of thing to do, and says which permission of a key it takes.
type Verb int

// The verbs.
const (
	Read       Verb = iota // look at a repository or package through the API
	Fetch                  // fetch files of a repository, as build tools do
	FetchDocs              // fetch documentation from a repository: also what may do only that
	Write                  // publish, retire, revert: owners of any level
	Own                    // manage owners: full owners
	Administer             // the whole site
	Inspect                // look at what only administrators see of it
)

// changes reports whether the verb is more than looking.
func (v Verb) changes() bool { return v == Write || v == Own || v == Administer }

// A Level is that of an owner of a package. A text that is none of the constants counts for nothing.
type Level string

// The levels.
const (
	Maintainer Level = "maintainer" // may Write
	Full       Level = "full"       // may Own, too
)

// role is what a level amounts to in an organization.
func (l Level) role() org.Role {
	switch l {
	case Maintainer:
		return org.Write
	case Full:
		return org.Admin
	}
	return ""
}

// A Thing is what something is done to: a repository, or a package in it. A repository that does not
// exist is the zero Repository; May then answers as for one that the actor must not know of.
type Thing struct {
	Repository org.Repository
	Package    name.Package     // zero when the repository itself is meant
	Exists     bool             // the package does; else it is about to be made
	Owners     map[string]Level // of the package, by Owner.String
}

// Unverified is the code of refusals because the user has yet to confirm an address.
const Unverified = "unverified"

// The refusals of the Hex API.
var (
	errMissing     = fault.New(fault.Unauthenticated, "missing authentication information")
	errBadBasic    = fault.New(fault.Unauthenticated, "invalid authentication information")
	errNoBasic     = &fault.Error{Kind: fault.Unauthenticated, Message: "Basic authentication is disabled. Update your client to use OAuth or an API key.", Code: tokenRequired}
	errBadKey      = fault.New(fault.Unauthenticated, "invalid API key")
	errRevoked     = fault.New(fault.Unauthenticated, "API key revoked")
	errKeyLacks    = fault.New(fault.Unauthenticated, "key not authorized for this action")
	errUnverified  = &fault.Error{Kind: fault.Forbidden, Message: "email not verified", Code: Unverified}
	errForbidden   = fault.New(fault.Forbidden, "account not authorized for this action")
	errNotFound    = fault.New(fault.NotFound, "Page not found")
	errExpired     = &fault.Error{Kind: fault.Unauthenticated, Message: errBadKey.Message, Code: "token_expired"}
	errSessionOver = fault.New(fault.Unauthenticated, "the session has ended; log in again")
	errInactive    = fault.New(fault.Malformed, "Bad request")
)

// May returns nil if the actor may do v to t, else the fault that the Hex API answers. It reads the
// actor's rows anew, so that within a Tx the right itself is guarded.
//
// Administrators may do everything, within the permissions of their key. That a package exists is
// not May's to say: who may read it is told nil although it does not.
func May(r store.Reader, a Actor, v Verb, t Thing) error {
	if (v == Fetch || v == FetchDocs) && t.Repository.Public {
		return nil // whatever is sent along, even a key that is none
	}
	if err := refresh(r, &a); err != nil {
		return err
	}
	// What is in a repository that the actor may not know of shows in no answer.
	t.Exists = t.Exists || !a.sees(r, t.Repository)
	switch {
	case a.Via == Anonymous:
		return mayAnonymous(v, t)
	case !a.verified():
		return errUnverified
	case !a.permits(v, t):
		return errKeyLacks
	}
	if v.changes() {
		if err := a.secondFactor(); err != nil {
			return err
		}
	}
	return entitled(r, a, v, t)
}

func mayAnonymous(v Verb, t Thing) error {
	switch {
	case v != Read:
		return errMissing
	case t.Repository.Public:
		return nil
	}
	return errNotFound
}

// verified reports whether the actor's address is proved. Organizations have none.
func (a Actor) verified() bool { return a.User.ID == "" || a.User.Verified() }

// sees reports whether the actor may know what is in the repository.
func (a Actor) sees(r store.Reader, repository org.Repository) bool {
	return repository.Public || a.User.Admin || a.Via == System || a.roleIn(r, repository.Org).Includes(org.Read)
}

// permits reports whether the actor's credential is good for the verb.
func (a Actor) permits(v Verb, t Thing) bool {
	switch v {
	case Read:
		return a.Allows(DomainAPI, "read")
	case Fetch:
		return a.allowsIn(DomainRepository, t) || a.Allows(DomainRepositories, "")
	case FetchDocs:
		return a.permits(Fetch, t) || a.allowsIn(DomainDocs, t)
	case Write, Own:
		return a.Allows(DomainAPI, "write") ||
			t.Exists && a.Allows(DomainPackage, PackageResource(t.Repository, t.Package))
	case Administer:
		return a.Allows(DomainAPI, "write")
	case Inspect:
		return a.Allows(DomainAPI, "write") || a.allowsAll("read")
	}
	return false
}

// allowsIn is Allows for the thing's repository, or for its package if it has one.
func (a Actor) allowsIn(domain string, t Thing) bool {
	return a.Allows(domain, t.Repository.Name.String()) ||
		t.Package != (name.Package{}) && a.Allows(domain, PackageResource(t.Repository, t.Package))
}

// allowsAll is Allows for the API as a whole, which a permission for a package is not, although it lets one
// read there.
func (a Actor) allowsAll(resource string) bool {
	return slices.Contains(a.Permissions, Permission{DomainAPI, resource})
}

// entitled judges the actor himself, whatever his credential is good for.
func entitled(r store.Reader, a Actor, v Verb, t Thing) error {
	if a.User.Admin || a.Via == System {
		return nilIfKnown(v, t)
	}
	role := a.roleIn(r, t.Repository.Org)
	switch {
	case v == Administer, v == Inspect:
		return errForbidden
	case !a.sees(r, t.Repository):
		return errNotFound
	case v == Read, v == Fetch, v == FetchDocs, role.Includes(v.role()):
		return nil
	case !t.Exists:
		if t.Repository.Default() {
			return nil // whoever comes first may have a new name
		}
		return errForbidden
	}
	for owner, level := range t.Owners {
		if a.shares(r, owner, level).Includes(v.role()) {
			return nil
		}
	}
	return errForbidden
}

// nilIfKnown answers administrators: only what is not there is kept from them.
func nilIfKnown(v Verb, t Thing) error {
	if v != Administer && v != Inspect && t.Repository.Name == (name.Repository{}) {
		return errNotFound
	}
	return nil
}

// role is what an owner's organization must have given to let him do v.
func (v Verb) role() org.Role {
	switch v {
	case Read, Fetch, FetchDocs:
		return org.Read
	case Write:
		return org.Write
	case Own:
		return org.Admin
	}
	return ""
}

// shares returns what the ownership of owner, at the level, amounts to for the actor: his own counts
// in full, that of an organization as far as his role in it goes.
func (a Actor) shares(r store.Reader, owner string, level Level) org.Role {
	organization, isOrg := cutOrg(owner)
	if !isOrg {
		if owner == a.User.ID && a.User.ID != "" {
			return level.role()
		}
		return ""
	}
	switch role := a.roleIn(r, organization); {
	case role.Includes(level.role()):
		return level.role()
	case level.role().Includes(role):
		return role
	}
	return ""
}

// MayOrg returns nil if the actor may do in the organization what takes the role, else the fault that
// the Hex API answers. Who is no member is not told that it exists, nor is one of too low a role
// told more.
func MayOrg(r store.Reader, a Actor, role org.Role, organization name.Repository) error {
	if err := refresh(r, &a); err != nil {
		return err
	}
	resource := "write"
	if role == org.Read {
		resource = "read"
	}
	switch {
	case a.Via == Anonymous:
		return errMissing
	case !a.verified():
		return errUnverified
	case !a.Allows(DomainAPI, resource):
		return errKeyLacks
	}
	if role != org.Read {
		if err := a.secondFactor(); err != nil {
			return err
		}
	}
	_, exists := org.Organizations.Get(r, organization.String())
	if exists && (a.Via == System || a.User.Admin || a.roleIn(r, organization).Includes(role)) {
		return nil
	}
	return errNotFound
}

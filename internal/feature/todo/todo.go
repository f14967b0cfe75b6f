// Package todo says what a user should see to: what keeps him from publishing, what could be taken from him, and
// what is about to stop working.
//
// It knows when something deserves attention, and in which order. It refuses to know how that is said, and how
// often: what is seen to is gone from the list, and nothing else takes anything off it.
package todo

import (
	"slices"
	"time"

	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/org"
	"hexhub/internal/kernel/store"
)

// A Kind is what there is to do.
type Kind string

// The kinds, the most urgent first.
const (
	ConfirmEmail    Kind = "confirm-email"     // no address is proved, so that nothing can be published
	AnswerInvite    Kind = "answer-invite"     // of an organization
	RenewKey        Kind = "renew-key"         // that expires soon
	AddSecondFactor Kind = "add-second-factor" // a password alone lets in
	ShareOwnership  Kind = "share-ownership"   // nobody else can look after public packages
	RevokeKey       Kind = "revoke-key"        // that nobody has used for long
)

// An Item is one thing to do.
type Item struct {
	Kind  Kind
	Names []string  // of the keys, packages or organizations that it is about, by name; of an address to confirm
	At    time.Time // when it is too late, for an invitation and keys that expire; else zero
}

// For returns what the user should see to at the time, the most urgent first.
func For(v *store.View, u account.User, at time.Time) []Item {
	var all []Item
	if !u.Verified() {
		all = append(all, Item{Kind: ConfirmEmail, Names: addresses(u)})
	}
	for _, i := range org.InvitationsOf(v, u) {
		all = append(all, Item{Kind: AnswerInvite, Names: []string{i.Org.String()}, At: i.ExpiresAt})
	}
	idle := Item{Kind: RevokeKey}
	for _, k := range access.KeysOf(v, access.OfUser(u.ID)) {
		last, _ := access.KeyUses.Get(v, k.ID)
		switch {
		case k.EndsSoon(at):
			all = append(all, Item{Kind: RenewKey, Names: []string{k.Name}, At: *k.RevokeAt})
		case k.Idle(last, at):
			idle.Names = append(idle.Names, k.Name)
		}
	}
	if !u.TwoFactor() {
		all = append(all, Item{Kind: AddSecondFactor})
	}
	if alone := ownedAlone(v, u.ID); len(alone) > 0 {
		all = append(all, Item{Kind: ShareOwnership, Names: alone})
	}
	if len(idle.Names) > 0 {
		all = append(all, idle)
	}
	return all
}

func addresses(u account.User) []string {
	var all []string
	for _, e := range u.Emails {
		if e.Primary {
			all = append(all, e.Address)
		}
	}
	return all
}

// ownedAlone names the public packages of which the user is the only full owner. Those of an organization have
// its administrators above them.
func ownedAlone(v *store.View, userID string) []string {
	var names []string
	for p := range catalog.OwnedBy(v, access.OfUser(userID)) {
		repository, ok := org.Repositories.Get(v, p.Repository.String())
		full := slices.DeleteFunc(slices.Clone(p.Owners), func(o catalog.Owner) bool { return o.Level != access.Full })
		if ok && repository.Default() && len(full) == 1 && full[0].UserID == userID {
			names = append(names, p.Name.String())
		}
	}
	return names
}

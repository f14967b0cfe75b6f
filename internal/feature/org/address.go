package org

import (
	"slices"

	"hexhub/hex/name"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/mail"
	"hexhub/internal/kernel/store"
)

// maxAddresses is how many are written to in the name of one organization.
const maxAddresses = 200

// Addresses is where to write to the organization: the proved addresses of its administrators, or, if none
// has one, of all members. There are 200 at most. It takes a View, since a Tx would guard every member.
func Addresses(v *store.View, organization name.Repository) []string {
	return addresses(v, organization, account.User.Addresses)
}

// AddressesFor is Addresses without those who do without letters of the kind.
func AddressesFor(v *store.View, organization name.Repository, kind mail.Kind) []string {
	return addresses(v, organization, func(u account.User) []string { return u.AddressesFor(kind) })
}

func addresses(v *store.View, organization name.Repository, of func(account.User) []string) []string {
	o, _ := Organizations.Get(v, organization.String())
	to := o.addresses(v, of, func(role Role) bool { return role == Admin })
	if len(to) == 0 {
		to = o.addresses(v, of, Role.Valid)
	}
	slices.Sort(to)
	return to[:min(len(to), maxAddresses)]
}

func (o Organization) addresses(v *store.View, of func(account.User) []string, written func(Role) bool) []string {
	var to []string
	for id, role := range o.Members {
		if !written(role) {
			continue
		}
		if u, ok := account.Users.Get(v, id); ok {
			to = append(to, of(u)...)
		}
	}
	return to
}

package org

import (
	"slices"

	"hexhub/hex/name"
	"hexhub/internal/feature/account"
	"hexhub/internal/kernel/store"
)

// maxAddresses is how many are written to in the name of one organization.
const maxAddresses = 200

// Addresses is where to write to the organization: the proved addresses of its administrators, or, if none
// has one, of all members. There are 200 at most. It takes a View, since a Tx would guard every member.
func Addresses(v *store.View, organization name.Repository) []string {
	o, _ := Organizations.Get(v, organization.String())
	to := o.addresses(v, func(role Role) bool { return role == Admin })
	if len(to) == 0 {
		to = o.addresses(v, Role.Valid)
	}
	slices.Sort(to)
	return to[:min(len(to), maxAddresses)]
}

func (o Organization) addresses(v *store.View, written func(Role) bool) []string {
	var to []string
	for id, role := range o.Members {
		if !written(role) {
			continue
		}
		if u, ok := account.Users.Get(v, id); ok {
			to = append(to, u.Addresses()...)
		}
	}
	return to
}

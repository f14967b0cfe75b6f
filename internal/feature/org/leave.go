package org

import (
	"strings"
	"time"

	"hexhub/internal/feature/audit"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
)

// maxLeaves is how many organizations one may leave in one transaction.
const maxLeaves = 50

// MayGo tells why the user cannot be deleted, or nil: he is the only member of an organization, or nobody
// else administers it.
func (s *Orgs) MayGo(r store.Reader, userID string) error {
	var stuck []string
	all := s.of(r, userID)
	for _, o := range all {
		if mayLeave(o, userID) != nil {
			stuck = append(stuck, o.Name.String())
		}
	}
	switch {
	case len(stuck) > 0:
		return fault.New(fault.Conflict, "nobody else administers %s; make another member an administrator there first", strings.Join(stuck, ", "))
	case len(all) > maxLeaves:
		return fault.New(fault.Conflict, "you are a member of %d organizations; leave some of them first, until there are %d", len(all), maxLeaves)
	}
	return nil
}

// LeaveAllTx ends all memberships of a user who is about to be deleted, or tells why he cannot be.
func (s *Orgs) LeaveAllTx(tx *store.Tx, by audit.By, userID string, at time.Time) error {
	if err := s.MayGo(tx, userID); err != nil {
		return err
	}
	for _, o := range s.of(tx, userID) {
		if err := s.leaveTx(tx, by, o, userID, at); err != nil {
			return err
		}
	}
	return nil
}

// of returns the organizations of the user, as r shows them. Which they are is seen in a View, which within
// a Tx is taken anew each time it runs: so only who joins in that very instant is missed, and he leaves behind
// nothing but an id that is nobody's.
func (s *Orgs) of(r store.Reader, userID string) []Organization {
	var out []Organization
	v := s.db.View()
	defer v.Close()
	for o := range Of(v, userID) {
		if o, ok := Organizations.Get(r, o.Name.String()); ok && o.Members[userID] != "" {
			out = append(out, o)
		}
	}
	return out
}

package org

import (
	"context"
	"maps"
	"slices"
	"time"

	"hexhub/hex/name"
	"hexhub/internal/feature/audit"
	"hexhub/internal/kernel/store"
)

// maxForgotten is how many invitations end with an organization in one transaction. Any more lead nowhere, and expire.
const maxForgotten = 300

// Delete ends an organization for good, with its memberships, its invitations and its repository, and by OnDelete with
// what others keep for it. Whoever had access through it has none from then on, and its keys are nobody's. It must own
// nothing any more, which InUse tells. Its name stays taken, so that no stranger becomes what old keys and
// configurations trust.
func (s *Orgs) Delete(ctx context.Context, by audit.By, organization name.Repository) error {
	at := now()
	return s.update(ctx, func(tx *store.Tx) error {
		o, ok := Organizations.Get(tx, organization.String())
		if !ok {
			return notFound()
		}
		if s.o.InUse != nil {
			if err := s.o.InUse(tx, organization); err != nil {
				return err
			}
		}
		for n, i := range Invitations(tx, organization) {
			if n < maxForgotten {
				endTx(tx, i)
			}
		}
		Organizations.Delete(tx, organization.String())
		Repositories.Delete(tx, organization.String())
		o.recordEndTx(tx, by, at)
		if s.o.OnDelete == nil {
			return nil
		}
		return s.o.OnDelete(tx, organization)
	})
}

// maxTold is in how many logs of members the end of an organization is entered.
const maxTold = 50

func (o Organization) recordEndTx(tx *store.Tx, by audit.By, at time.Time) {
	refs := []string{audit.OrgRef(o.Name.String())}
	for _, userID := range slices.Sorted(maps.Keys(o.Members)) {
		if len(refs) <= maxTold {
			refs = append(refs, audit.UserRef(userID))
		}
	}
	audit.RecordTx(tx, by, "organization.delete", map[string]any{"organization": snapshot(o), "members": len(o.Members)}, at, refs...)
}

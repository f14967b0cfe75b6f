package node

import (
	"time"

	"hexhub/hex/name"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/org"
	"hexhub/internal/kernel/store"
)

// accountOptions tie accounts to what hangs on them in other rooms, which are opened later.
func (n *Node) accountOptions(cost account.Cost) account.Options {
	return account.Options{
		Rules: n.accountRules, Cost: cost, Mail: n.Mail, Jobs: n.Jobs, Sealer: n.Sealer, Issuer: n.Config.RepositoryName, Named: n.named, Log: n.log,
		MayDelete: func(tx *store.Tx, userID string) error { return n.Orgs.MayGo(tx, userID) },
		// Keys without a user are good for nothing, and are forgotten.
		OnDelete: func(tx *store.Tx, by audit.By, userID string, at time.Time) error {
			if err := n.Orgs.LeaveAllTx(tx, by, userID, at); err != nil {
				return err
			}
			return n.Catalog.EndOwnershipsTx(tx, n.repository, userID, at)
		},
		OnReset: func(tx *store.Tx, by audit.By, userID string, at time.Time) {
			n.Access.RevokeAllTx(tx, by, access.OfUser(userID), at)
		},
	}
}

// orgOptions do so for organizations. Their keys are good for nothing without them, and are forgotten.
func (n *Node) orgOptions() org.Options {
	return org.Options{
		Mail: n.Mail,
		OnLeave: func(tx *store.Tx, organization name.Repository, userID string, at time.Time) error {
			return n.Catalog.EndOwnershipsTx(tx, organization, userID, at)
		},
		InUse:    func(tx *store.Tx, organization name.Repository) error { return n.Catalog.InUse(tx, organization) },
		OnDelete: func(tx *store.Tx, organization name.Repository) error { return n.Policies.EndTx(tx, organization) },
	}
}

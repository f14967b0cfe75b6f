package people

import (
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/org"
	"hexhub/internal/feature/policy"
	"hexhub/internal/kernel/store"
)

// An Ending is what ends with an organization.
type Ending struct {
	Members, Invitations, Keys, Policies int

	Packages []catalog.Ref // for which it cannot be deleted
}

// EndingOf says what would end with the organization now. It does not ask who is looking.
func EndingOf(v *store.View, o org.Organization) Ending {
	return Ending{
		Members: len(o.Members), Invitations: len(org.Invitations(v, o.Name)), Keys: len(access.KeysOf(v, access.OfOrg(o.Name))),
		Policies: len(policy.Of(v, o.Name)), Packages: catalog.HeldBy(v, o.Name),
	}
}

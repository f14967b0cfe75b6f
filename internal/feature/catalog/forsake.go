package catalog

import (
	"fmt"
	"strings"

	"hexhub/hex/name"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/org"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
)

// HeldBy returns the packages that an organization cannot be deleted for: those in its repository, and those that name
// it as an owner.
func HeldBy(v *store.View, organization name.Repository) []Ref {
	var all []Ref
	for p := range In(v, organization) {
		all = append(all, p.Ref())
	}
	for p := range OwnedBy(v, access.OfOrg(organization)) {
		if p.Repository != organization {
			all = append(all, p.Ref())
		}
	}
	return all
}

// namedHeld is how many packages are named to somebody who has to do something about them.
const namedHeld = 5

// InUse tells why the organization cannot be deleted, or nil. It is what org.Options.InUse is for. Who gives it a package
// meanwhile touches the organization's row, so that nothing slips by.
func (c *Catalog) InUse(_ *store.Tx, organization name.Repository) error {
	v := c.db.View()
	defer v.Close()
	held := HeldBy(v, organization)
	if len(held) == 0 {
		return nil
	}
	var names []string
	for _, ref := range held[:min(len(held), namedHeld)] {
		names = append(names, ref.String())
	}
	if more := len(held) - len(names); more > 0 {
		names = append(names, fmt.Sprintf("and %d more", more))
	}
	return fault.New(fault.Conflict, "%s still has packages (%s) and stays for as long as it has any; take back the versions that can be taken back, and give public packages to other owners", organization, strings.Join(names, ", "))
}

// touchTx keeps the organizations that a new package belongs to from being deleted unseen.
func touchTx(tx *store.Tx, organizations ...name.Repository) {
	for _, n := range organizations {
		if n != (name.Repository{}) {
			org.TouchTx(tx, n)
		}
	}
}

package catalog

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/mail"
	"hexhub/internal/feature/org"
	"hexhub/internal/kernel/store"
)

// maxAddresses is how many are written to about one deed.
const maxAddresses = 200

// tellTx writes to the owners about something that was done to the package.
func (c *Catalog) tellTx(tx *store.Tx, actor access.Actor, kind mail.Kind, repository org.Repository, pkg Package, owners []Owner, more map[string]string, at time.Time) {
	if c.o.Mail == nil {
		return
	}
	by := actor.By()
	params := map[string]string{"package": pkg.Name.String(), "by": cmp.Or(by.Username, by.Org)}
	if !repository.Default() {
		params["package"] = pkg.Ref().String()
	}
	maps.Copy(params, more)
	c.o.Mail.SendTx(tx, mail.Letter{Kind: kind, To: c.addresses(kind, repository, owners), Params: params}, at)
}

// addresses is where to write to the owners about something of the kind, each once. Who may not see a private package is not told of it.
// It looks at a View: in a Tx every member of every organization would be guarded.
func (c *Catalog) addresses(kind mail.Kind, repository org.Repository, owners []Owner) []string {
	v := c.db.View()
	defer v.Close()
	var to []string
	for _, o := range owners {
		switch {
		case !repository.Public && !belongs(v, repository, o):
		case o.UserID == "":
			to = append(to, org.AddressesFor(v, o.Org, kind)...)
		default:
			u, _ := account.Users.Get(v, o.UserID)
			to = append(to, u.AddressesFor(kind)...)
		}
	}
	to = distinct(to)
	return to[:min(len(to), maxAddresses)]
}

// concerned are the owners of a package, and of a private one also who publishes, since it may have none.
func concerned(repository org.Repository, pkg Package, actor access.Actor) []Owner {
	publisher := Owner{UserID: actor.User.ID, Org: actor.Org}
	if repository.Public || publisher.Subject() == (access.Owner{}) {
		return pkg.Owners
	}
	return append(slices.Clip(pkg.Owners), publisher)
}

// tellOwnersTx writes to all who own the package or did, of who came and who went.
func (c *Catalog) tellOwnersTx(tx *store.Tx, actor access.Actor, repository org.Repository, pkg Package, before []Owner, at time.Time) {
	all := append(slices.Clip(before), pkg.Owners...)
	for _, change := range []struct {
		kind mail.Kind
		who  []string
	}{
		{mail.OwnerAdded, newOnes(tx, pkg.Owners, before)},
		{mail.OwnerRemoved, newOnes(tx, before, pkg.Owners)},
	} {
		if len(change.who) > 0 {
			c.tellTx(tx, actor, change.kind, repository, pkg, all, map[string]string{"owner": strings.Join(change.who, ", ")}, at)
		}
	}
}

// newOnes names the owners that are not among the old ones.
func newOnes(tx *store.Tx, owners, old []Owner) []string {
	var names []string
	for _, o := range owners {
		if indexOf(old, o.Subject()) >= 0 {
			continue
		}
		if u, ok := account.Users.Get(tx, o.UserID); ok {
			names = append(names, u.Username.String())
		} else if o.UserID == "" {
			names = append(names, o.Org.String())
		}
	}
	return names
}

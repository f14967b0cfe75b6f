package people

import (
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/kernel/store"
)

// An Owner of a package, by the name that people know.
type Owner struct {
	Name  string
	Level access.Level
	User  account.User // the zero one if the owner is an organization
}

// Org reports whether the owner is an organization.
func (o Owner) Org() bool { return o.User.ID == "" }

// OwnersOf returns who owns the package, in the order of its row, without those whose account is gone.
func OwnersOf(r store.Reader, p catalog.Package) []Owner {
	all := make([]Owner, 0, len(p.Owners))
	for _, o := range p.Owners {
		if o.UserID == "" {
			all = append(all, Owner{Name: o.Org.String(), Level: o.Level})
		} else if u, ok := account.Users.Get(r, o.UserID); ok {
			all = append(all, Owner{u.Username.String(), o.Level, u})
		}
	}
	return all
}

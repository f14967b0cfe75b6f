package account

import (
	"net/http"
	"slices"

	"github.com/a-h/templ"

	"hexhub/hex/name"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/org"
	"hexhub/internal/kernel/store"
	"hexhub/internal/surface/web/ui"
	"hexhub/internal/surface/web/ui/keys"
)

// ownKeys is what the page of the user's keys is about.
func (p *pages) ownKeys(w http.ResponseWriter, r *http.Request, v ui.Visit) keys.Owned {
	view, page := p.DB.View(), p.accountPage(w, r, v, "API keys")
	return keys.Owned{
		Owner: access.OfUser(v.User.ID), Actor: v.Actor, Name: v.User.Username.String(), Path: "/dashboard/keys",
		Heading: "API keys", Lead: "A key lets a machine act for you, as far as you allow it. Give each machine its own, and the least that it needs.",
		Command: "hexhub key", Within: func() templ.Component { return page.Within() },
		Packages: p.publishable(view, v.User.ID), Repositories: privateOf(view, v.User.ID),
	}
}

// publishable names the packages that the user owns, and those of organizations in which he may publish.
func (p *pages) publishable(v *store.View, userID string) []string {
	var all []string
	for pkg := range catalog.OwnedBy(v, access.OfUser(userID)) {
		all = append(all, pkg.Ref().String())
	}
	for o := range org.Of(v, userID) {
		if !o.Members[userID].Includes(org.Write) {
			continue
		}
		for pkg := range catalog.In(v, o.Name) {
			all = append(all, pkg.Ref().String())
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// privateOf names the organizations that the user is in, which have repositories of their own.
func privateOf(v *store.View, userID string) []name.Repository {
	var all []name.Repository
	for o := range org.Of(v, userID) {
		all = append(all, o.Name)
	}
	return all
}

func (p *pages) keys(w http.ResponseWriter, r *http.Request, v ui.Visit) error {
	return p.desk.List(w, p.ownKeys(w, r, v))
}

func (p *pages) makeKey(w http.ResponseWriter, r *http.Request, v ui.Visit) error {
	return p.desk.Make(w, r, p.ownKeys(w, r, v))
}

func (p *pages) revokeKey(w http.ResponseWriter, r *http.Request, v ui.Visit) error {
	return p.desk.Revoke(w, r, p.ownKeys(w, r, v))
}

func (p *pages) restoreKey(w http.ResponseWriter, r *http.Request, v ui.Visit) error {
	return p.desk.Restore(w, r, p.ownKeys(w, r, v))
}

package ops

import (
	"maps"
	"net/http"
	"slices"
	"time"

	"hexhub/hex/name"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/org"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
)

// An Org is an organization as operators see it.
type Org struct {
	Name       string              `json:"name"`
	Members    map[string]org.Role `json:"members"` // by username
	InsertedAt time.Time           `json:"inserted_at"`
}

func orgOf(r store.Reader, o org.Organization) Org {
	out := Org{Name: o.Name.String(), Members: map[string]org.Role{}, InsertedAt: o.InsertedAt}
	for id, role := range o.Members {
		if u, ok := account.Users.Get(r, id); ok {
			out.Members[u.Username.String()] = role
		}
	}
	return out
}

func (o *Ops) orgs(*http.Request) (any, error) {
	v := o.DB.View()
	out := []Org{}
	for each := range org.Organizations.All(v) {
		out = append(out, orgOf(v, each))
	}
	return out, nil
}

// createOrg founds the organization that the query names, for the user that it names.
func (o *Ops) createOrg(r *http.Request) (any, error) {
	u, err := o.named(r)
	if err != nil {
		return nil, err
	}
	n, err := name.ParseRepository(r.URL.Query().Get("org"))
	if err != nil {
		return nil, fault.Field(err.Error(), "name")
	}
	made, err := o.Orgs.Create(r.Context(), actor(r).By(), n, u.ID)
	if err != nil {
		return nil, err
	}
	return orgOf(o.DB.View(), made), nil
}

// A MemberDraft is what a user is to be in an organization; without a role, nothing any more.
type MemberDraft struct {
	Role org.Role `json:"role,omitempty"`
}

func (o *Ops) setMember(r *http.Request) (any, error) {
	u, d, err := aboutUser[MemberDraft](o, r)
	if err != nil {
		return nil, err
	}
	asked := r.URL.Query().Get("org")
	found, ok := org.Organizations.Get(o.DB.View(), store.Path(asked))
	if !ok {
		return nil, fault.New(fault.NotFound, "there is no organization called %q", asked)
	}
	if d.Role == "" {
		err = o.Orgs.RemoveMember(r.Context(), actor(r).By(), found.Name, u.ID)
	} else {
		err = o.Orgs.SetMember(r.Context(), actor(r).By(), found.Name, u.ID, d.Role)
	}
	if err != nil {
		return nil, err
	}
	v := o.DB.View()
	found, _ = org.Organizations.Get(v, found.Name.String())
	return orgOf(v, found), nil
}

// MemberNames lists the members' names, in order.
func (o Org) MemberNames() []string { return slices.Sorted(maps.Keys(o.Members)) }

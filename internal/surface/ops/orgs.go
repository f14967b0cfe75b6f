package ops

import (
	"maps"
	"net/http"
	"slices"
	"time"

	"hexhub/hex/name"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/org"
	"hexhub/internal/feature/people"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
)

// An Org is an organization as operators see it.
type Org struct {
	Name       string              `json:"name"`
	Members    map[string]org.Role `json:"members"`               // by username
	KeyMaxAge  string              `json:"key_max_age,omitempty"` // as Go writes a duration; empty when keys may live for ever
	InsertedAt time.Time           `json:"inserted_at"`
}

// MemberNames lists the members' names, in order.
func (o Org) MemberNames() []string { return slices.Sorted(maps.Keys(o.Members)) }

func orgOf(r store.Reader, o org.Organization) Org {
	out := Org{Name: o.Name.String(), Members: map[string]org.Role{}, InsertedAt: o.InsertedAt}
	for id, role := range o.Members {
		if u, ok := account.Users.Get(r, id); ok {
			out.Members[u.Username.String()] = role
		}
	}
	if o.KeyMaxAge > 0 {
		out.KeyMaxAge = o.KeyMaxAge.String()
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

// org finds the organization that the query names.
func (o *Ops) org(r *http.Request) (org.Organization, error) {
	asked := r.URL.Query().Get("org")
	found, ok := org.Organizations.Get(o.DB.View(), store.Path(asked))
	if !ok {
		return found, fault.New(fault.NotFound, "there is no organization called %q", asked)
	}
	return found, nil
}

// deciding are the organizations for who does a deed, who is asked for his right once more within it.
func (o *Ops) deciding(r *http.Request) *org.Orgs {
	return o.Orgs.If(func(rows store.Reader) error { return access.May(rows, actor(r), access.Administer, access.Thing{}) })
}

func (o *Ops) showOrg(r *http.Request) (any, error) {
	found, err := o.org(r)
	if err != nil {
		return nil, err
	}
	return orgOf(o.DB.View(), found), nil
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
	made, err := o.deciding(r).Create(r.Context(), actor(r).By(), n, u.ID)
	if err != nil {
		return nil, err
	}
	return orgOf(o.DB.View(), made), nil
}

// An OrgChange changes the rules of an organization.
type OrgChange struct {
	KeyMaxAge string `json:"key_max_age"` // such as 90d; 0 for ever
}

func (o *Ops) changeOrg(r *http.Request) (any, error) {
	found, err := o.org(r)
	if err != nil {
		return nil, err
	}
	c, err := decode[OrgChange](r)
	if err != nil {
		return nil, err
	}
	age, err := access.ParseMaxAge(c.KeyMaxAge)
	if err != nil {
		return nil, fault.Field(err.Error(), "key_max_age")
	}
	if err := o.deciding(r).SetKeyMaxAge(r.Context(), actor(r).By(), found.Name, age); err != nil {
		return nil, err
	}
	return o.showOrg(r)
}

// An Ending is what ends with an organization.
type Ending struct {
	Members     int `json:"members"`
	Invitations int `json:"invitations"`
	Keys        int `json:"keys"`
	Policies    int `json:"policies"`

	Packages []string `json:"packages"` // for which it cannot be deleted
}

func (o *Ops) orgEnding(r *http.Request) (any, error) {
	found, err := o.org(r)
	if err != nil {
		return nil, err
	}
	e := people.EndingOf(o.DB.View(), found)
	out := Ending{Members: e.Members, Invitations: e.Invitations, Keys: e.Keys, Policies: e.Policies, Packages: []string{}}
	for _, ref := range e.Packages {
		out.Packages = append(out.Packages, ref.String())
	}
	return out, nil
}

// deleteOrg ends the organization and returns it as it was.
func (o *Ops) deleteOrg(r *http.Request) (any, error) {
	found, err := o.org(r)
	if err != nil {
		return nil, err
	}
	was := orgOf(o.DB.View(), found)
	return was, o.deciding(r).Delete(r.Context(), actor(r).By(), found.Name)
}

// A MemberDraft is what a user is to be in an organization.
type MemberDraft struct {
	Role org.Role `json:"role"`
	New  bool     `json:"new,omitempty"` // must not be a member yet, and is written to
	Old  bool     `json:"old,omitempty"` // must be a member already
}

func (o *Ops) setMember(r *http.Request) (any, error) {
	found, err := o.org(r)
	if err != nil {
		return nil, err
	}
	u, d, err := aboutUser[MemberDraft](o, r)
	if err != nil {
		return nil, err
	}
	orgs, by := o.deciding(r), actor(r).By()
	switch {
	case d.New:
		_, err = orgs.AddMember(r.Context(), by, found.Name, u.Username.String(), d.Role)
	case d.Old:
		_, err = orgs.SetRole(r.Context(), by, found.Name, u.Username.String(), d.Role)
	default:
		err = orgs.SetMember(r.Context(), by, found.Name, u.ID, d.Role)
	}
	if d.Old && fault.Is(err, fault.NotFound) {
		return nil, fault.New(fault.NotFound, "%s is no member of %s", u.Username, found.Name)
	}
	if err != nil {
		return nil, err
	}
	return o.showOrg(r)
}

func (o *Ops) removeMember(r *http.Request) (any, error) {
	found, err := o.org(r)
	if err != nil {
		return nil, err
	}
	u, err := o.named(r)
	switch {
	case err != nil:
		return nil, err
	case found.Members[u.ID] == "":
		return nil, fault.New(fault.NotFound, "%s is no member of %s", u.Username, found.Name)
	}
	if err := o.deciding(r).RemoveMember(r.Context(), actor(r).By(), found.Name, u.ID); err != nil {
		return nil, err
	}
	return o.showOrg(r)
}

// An OrgInvitation offers somebody to join an organization. Its token is mailed to him, and told to nobody.
type OrgInvitation struct {
	ID         string    `json:"id"`
	Email      string    `json:"email,omitempty"`
	Username   string    `json:"username,omitempty"` // either this or Email
	Role       org.Role  `json:"role"`
	By         string    `json:"by"`
	InsertedAt time.Time `json:"inserted_at"`
	ExpiresAt  time.Time `json:"expires_at"`
}

func orgInvitationOf(r store.Reader, i org.Invitation) OrgInvitation {
	out := OrgInvitation{ID: i.ID, Email: i.Address, Role: i.Role, By: i.By, InsertedAt: i.InsertedAt, ExpiresAt: i.ExpiresAt}
	if u, ok := account.Users.Get(r, i.UserID); ok {
		out.Username = u.Username.String()
	}
	return out
}

func (o *Ops) orgInvitations(r *http.Request) (any, error) {
	found, err := o.org(r)
	if err != nil {
		return nil, err
	}
	v := o.DB.View()
	out := []OrgInvitation{}
	for _, i := range org.Invitations(v, found.Name) {
		out = append(out, orgInvitationOf(v, i))
	}
	return out, nil
}

// An OrgInvitationDraft says whom to invite: by address, or by user name.
type OrgInvitationDraft struct {
	Email    string   `json:"email,omitempty"`
	Username string   `json:"username,omitempty"`
	Role     org.Role `json:"role"`
}

func (o *Ops) inviteToOrg(r *http.Request) (any, error) {
	found, err := o.org(r)
	if err != nil {
		return nil, err
	}
	d, err := decode[OrgInvitationDraft](r)
	if err != nil {
		return nil, err
	}
	i, err := o.deciding(r).Invite(r.Context(), actor(r).By(), found.Name, org.InvitationDraft{Email: d.Email, Username: d.Username, Role: d.Role})
	if err != nil {
		return nil, err
	}
	return orgInvitationOf(o.DB.View(), i), nil
}

func (o *Ops) revokeOrgInvitation(r *http.Request) (any, error) {
	found, err := o.org(r)
	if err != nil {
		return nil, err
	}
	id := r.URL.Query().Get("id")
	err = o.deciding(r).RevokeInvitation(r.Context(), actor(r).By(), found.Name, id)
	if fault.Is(err, fault.NotFound) {
		return nil, fault.New(fault.NotFound, "%s has no open invitation %q", found.Name, id)
	}
	return nil, err
}

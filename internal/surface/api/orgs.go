package api

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"hexhub/hex/name"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/org"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
	"hexhub/internal/surface/door"
)

// orgName is the organization that the path names. Its case counts.
func (r *request) orgName() (name.Repository, error) {
	text := r.PathValue("org")
	n, err := name.ParseRepository(text)
	if err != nil || n.String() != text {
		return name.Repository{}, errNotFound
	}
	return n, nil
}

// readableOrg is the organization that the path names, for those who have the role in it. One that they
// must not know of is as absent as one that is not there.
func (a *api) readableOrg(r *request, role org.Role) (org.Organization, error) {
	n, err := r.orgName()
	if !r.actor.LoggedIn() {
		return org.Organization{}, door.ErrMissing
	}
	if err != nil {
		return org.Organization{}, err
	}
	if err := access.MaySee(r.view, r.actor, role, n); err != nil {
		return org.Organization{}, err
	}
	o, _ := org.Organizations.Get(r.view, n.String())
	return o, nil
}

// changeableOrg returns the organization that the path names, and the room that changes it for as long as the
// caller has the role in it.
func (a *api) changeableOrg(r *request, role org.Role) (name.Repository, *org.Orgs, error) {
	n, err := r.orgName()
	switch {
	case !r.actor.LoggedIn():
		return n, nil, door.ErrMissing
	case err != nil:
		return n, nil, err
	}
	// Asked before the body is read, and again when the deed is done.
	still := access.Still(r.actor, role, n)
	return n, a.Orgs.If(still), still(r.view)
}

func (a *api) listOrgs(r *request) (*answer, error) {
	if _, err := a.readable(r); err != nil {
		return nil, err
	}
	orgs, state := list{}, []string{"orgs"}
	for _, o := range a.orgsOf(r) {
		orgs = append(orgs, presentOrg(o))
		state = append(state, o.Name.String(), stamp(o.UpdatedAt))
	}
	return &answer{status: http.StatusOK, cache: private, tag: tag(state...), body: orgs}, nil
}

// orgsOf returns the caller's organizations by name; an organization has itself, and the anonymous none.
func (a *api) orgsOf(r *request) []org.Organization {
	var out []org.Organization
	if o, ok := org.Organizations.Get(r.view, r.actor.Org.String()); ok {
		out = append(out, o)
	}
	if r.actor.User.ID != "" {
		for o := range org.Of(r.view, r.actor.User.ID) {
			out = append(out, o)
		}
	}
	return out
}

// postOrg founds an organization. hex.pm has it on its website only.
func (a *api) postOrg(r *request) (*answer, error) {
	may := func(v store.Reader) error { return a.Access.MayFound(v, r.actor) }
	if err := may(r.view); err != nil {
		return nil, err
	}
	p, err := r.params()
	if err != nil {
		return nil, err
	}
	bad := fault.Fields{}
	n, err := name.ParseRepository(p.text(bad, "name"))
	if err != nil && bad["name"] == nil {
		bad["name"] = err.Error()
	}
	if err := invalid(bad); err != nil {
		return nil, err
	}
	o, err := a.Orgs.If(may).Create(r.Context(), r.actor.By(), n, r.actor.User.ID)
	if err != nil {
		return nil, err
	}
	return &answer{status: http.StatusCreated, cache: private, location: a.orgURL(o.Name), body: presentWholeOrg(o)}, nil
}

func (a *api) getOrg(r *request) (*answer, error) {
	o, err := a.readableOrg(r, org.Read)
	if err != nil {
		return nil, err
	}
	return &answer{
		status: http.StatusOK, cache: private, modified: o.UpdatedAt,
		tag: tag("org", o.Name.String(), stamp(o.UpdatedAt)), body: presentWholeOrg(o),
	}, nil
}

// updateOrg changes how long keys may live. Seats, which hex_core sends here, nobody counts.
func (a *api) updateOrg(r *request) (*answer, error) {
	n, _, err := a.changeableOrg(r, org.Write)
	if err != nil {
		return nil, err
	}
	p, err := r.params()
	if err != nil {
		return nil, err
	}
	if age, given := p["key_max_age"]; given {
		if err := a.setKeyMaxAge(r, age); err != nil {
			return nil, err
		}
	}
	o, _ := org.Organizations.Get(a.DB.View(), n.String())
	return &answer{status: http.StatusOK, cache: private, body: presentWholeOrg(o)}, nil
}

// setKeyMaxAge takes an age such as 90d, and null or 0 for none.
func (a *api) setKeyMaxAge(r *request, sent any) error {
	n, orgs, err := a.changeableOrg(r, org.Admin)
	if err != nil {
		return err
	}
	var age time.Duration
	switch text, isText := sent.(string); {
	case sent == nil, isZero(sent):
	case !isText:
		return fault.Field("expected type string", "key_max_age")
	default:
		if age, err = access.ParseMaxAge(text); err != nil {
			return fault.Field(err.Error(), "key_max_age")
		}
	}
	return orgs.SetKeyMaxAge(r.Context(), r.actor.By(), n, age)
}

func isZero(sent any) bool { return sent == 0.0 || sent == int64(0) }

func (a *api) listMembers(r *request) (*answer, error) {
	o, err := a.readableOrg(r, org.Read)
	if err != nil {
		return nil, err
	}
	members, state := list{}, []string{"members", stamp(o.UpdatedAt)}
	for id, role := range o.Members {
		if u, ok := account.Users.Get(r.view, id); ok {
			shown := a.presentMinimal(u)
			shown["role"] = string(role)
			members = append(members, shown)
		}
	}
	members = sortedBy(members, "username")
	for _, m := range members {
		email, _ := m.(object)["email"].(string)
		state = append(state, m.(object)["username"].(string), email)
	}
	return &answer{status: http.StatusOK, cache: private, tag: tag(state...), body: members}, nil
}

func (a *api) getMember(r *request) (*answer, error) {
	o, err := a.readableOrg(r, org.Read)
	if err != nil {
		return nil, err
	}
	u, ok := a.userByText(r.view, r.PathValue("user"))
	role := o.Members[u.ID]
	if !ok || role == "" {
		return nil, errNotFound
	}
	return &answer{
		status: http.StatusOK, cache: private,
		tag: tag("member", o.Name.String(), u.ID, string(role), stamp(u.UpdatedAt)), body: a.presentMember(u, role),
	}, nil
}

func (a *api) postMember(r *request) (*answer, error) {
	n, orgs, err := a.changeableOrg(r, org.Admin)
	if err != nil {
		return nil, err
	}
	login, role, err := memberDraft(r)
	if err != nil {
		return nil, err
	}
	u, err := orgs.AddMember(r.Context(), r.actor.By(), n, login, role)
	if err != nil {
		return nil, err
	}
	return &answer{
		status: http.StatusOK, location: a.orgURL(n, "members", u.Username.String()), body: a.presentMember(u, role),
	}, nil
}

func memberDraft(r *request) (login string, role org.Role, err error) {
	p, err := r.params()
	if err != nil {
		return "", "", err
	}
	bad := fault.Fields{}
	login, text := p.text(bad, "name"), p.text(bad, "role")
	return login, org.Role(text), invalid(bad)
}

func (a *api) setRole(r *request) (*answer, error) {
	n, orgs, err := a.changeableOrg(r, org.Admin)
	if err != nil {
		return nil, err
	}
	_, role, err := memberDraft(r)
	if err != nil {
		return nil, err
	}
	u, err := orgs.SetRole(r.Context(), r.actor.By(), n, r.PathValue("user"), role)
	if err != nil {
		return nil, err
	}
	return &answer{status: http.StatusOK, body: a.presentMember(u, role)}, nil
}

// deleteMember is content also with somebody who is no member, or nobody, as hex.pm is.
func (a *api) deleteMember(r *request) (*answer, error) {
	n, orgs, err := a.changeableOrg(r, org.Admin)
	if err != nil {
		return nil, err
	}
	u, _ := a.userByText(r.view, r.PathValue("user"))
	if err := orgs.RemoveMember(r.Context(), r.actor.By(), n, u.ID); err != nil {
		return nil, err
	}
	return noContent(), nil
}

// orgURL is where the organization, or what is below it, can be asked for.
func (a *api) orgURL(n name.Repository, below ...string) string {
	return a.link(append([]string{"api", "orgs", n.String()}, below...)...)
}

// presentOrg is an organization in a list. Nobody is billed here, and clients ask before they publish.
func presentOrg(o org.Organization) object {
	return object{
		"name": o.Name.String(), "billing_active": true,
		"inserted_at": moment(o.InsertedAt), "updated_at": moment(o.UpdatedAt),
	}
}

// presentWholeOrg is an organization by itself. Seats are not counted.
func presentWholeOrg(o org.Organization) object {
	out := presentOrg(o)
	out["seats"], out["key_max_age"] = nil, nullEmpty(ageText(o.KeyMaxAge))
	return out
}

// ageText writes an age as it may be sent: 90d, or 36h.
func ageText(age time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case age == 0:
		return ""
	case age%day == 0:
		return strconv.Itoa(int(age/day)) + "d"
	}
	return strings.TrimSuffix(strings.TrimSuffix(age.String(), "0s"), "0m")
}

// presentMember is a profile with the role.
func (a *api) presentMember(u account.User, role org.Role) object {
	o := a.presentProfile(u)
	o["role"] = string(role)
	return o
}

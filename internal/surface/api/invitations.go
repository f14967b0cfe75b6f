package api

import (
	"net/http"

	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/org"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
)

// Invitations are ours: hex.pm has them on its website only. Their tokens are mailed and are in no answer.

func (a *api) listInvitations(r *request) (*answer, error) {
	o, err := a.readableOrg(r, org.Admin)
	if err != nil {
		return nil, err
	}
	invitations, state := list{}, []string{"invitations", o.Name.String()}
	for _, i := range org.Invitations(r.view, o.Name) {
		invitations = append(invitations, a.presentInvitation(r.view, i))
		state = append(state, i.ID)
	}
	return &answer{status: http.StatusOK, cache: private, tag: tag(state...), body: invitations}, nil
}

func (a *api) postInvitation(r *request) (*answer, error) {
	n, orgs, err := a.changeableOrg(r, org.Admin)
	if err != nil {
		return nil, err
	}
	p, err := r.params()
	if err != nil {
		return nil, err
	}
	bad := fault.Fields{}
	d := org.InvitationDraft{Email: p.text(bad, "email"), Username: p.text(bad, "username"), Role: org.Role(p.text(bad, "role"))}
	if err := invalid(bad); err != nil {
		return nil, err
	}
	i, err := orgs.Invite(r.Context(), r.actor.By(), n, d)
	if err != nil {
		return nil, err
	}
	return &answer{
		status: http.StatusCreated, location: a.orgURL(n, "invitations", i.ID), body: a.presentInvitation(a.DB.View(), i),
	}, nil
}

func (a *api) deleteInvitation(r *request) (*answer, error) {
	n, orgs, err := a.changeableOrg(r, org.Admin)
	if err != nil {
		return nil, err
	}
	if err := orgs.RevokeInvitation(r.Context(), r.actor.By(), n, r.PathValue("invitation")); err != nil {
		return nil, err
	}
	return noContent(), nil
}

// acceptInvitation makes the caller a member by the token that was mailed to him.
func (a *api) acceptInvitation(r *request) (*answer, error) {
	may := func(v store.Reader) error { return access.MayJoin(v, r.actor) }
	if err := may(r.view); err != nil {
		return nil, err
	}
	p, err := r.params()
	if err != nil {
		return nil, err
	}
	bad := fault.Fields{}
	token := p.text(bad, "token")
	if err := invalid(bad); err != nil {
		return nil, err
	}
	o, err := a.Orgs.If(may).Accept(r.Context(), r.actor.By(), r.actor.User.ID, token)
	if err != nil {
		return nil, err
	}
	body := presentWholeOrg(o)
	body["role"] = string(o.Members[r.actor.User.ID])
	return &answer{status: http.StatusOK, location: a.orgURL(o.Name), body: body}, nil
}

// presentInvitation is an invitation to a user or to an address.
func (a *api) presentInvitation(v *store.View, i org.Invitation) object {
	o := object{
		"id": i.ID, "email": nullEmpty(i.Address), "user": nil, "role": string(i.Role), "invited_by": i.By,
		"inserted_at": moment(i.InsertedAt), "expires_at": moment(i.ExpiresAt),
	}
	if u, ok := account.Users.Get(v, i.UserID); ok {
		o["user"] = a.presentMinimal(u)
	}
	return o
}

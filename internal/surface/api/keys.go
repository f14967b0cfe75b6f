package api

import (
	"net/http"
	"time"

	"hexhub/internal/feature/access"
	"hexhub/internal/feature/org"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/surface/door"
)

// keyOwner is whose keys the path is about: the organization it names, else the calling user. An
// organization that calls has none but those below its own name.
func (a *api) keyOwner(r *request) (access.Owner, error) {
	if !r.actor.LoggedIn() {
		return access.Owner{}, door.ErrMissing
	}
	if r.PathValue("org") != "" {
		n, err := r.orgName()
		return access.OfOrg(n), err
	}
	if r.actor.User.ID == "" {
		return access.Owner{}, errNotFound
	}
	return r.actor.Owner(), nil
}

// readableKeys is keyOwner for those who may look at the keys.
func (a *api) readableKeys(r *request) (access.Owner, error) {
	owner, err := a.keyOwner(r)
	switch {
	case err != nil:
		return owner, err
	case owner.UserID == "":
		return owner, access.MayOrg(r.view, r.actor, org.Read, owner.Org)
	}
	return owner, a.loggedIn(r)
}

func (a *api) listKeys(r *request) (*answer, error) {
	owner, err := a.readableKeys(r)
	if err != nil {
		return nil, err
	}
	keys := list{}
	for _, k := range access.KeysOf(r.view, owner) {
		keys = append(keys, a.presentKey(r.view, r.actor, k, ""))
	}
	return &answer{status: http.StatusOK, cache: private, body: keys}, nil
}

func (a *api) getKey(r *request) (*answer, error) {
	owner, err := a.readableKeys(r)
	if err != nil {
		return nil, err
	}
	k, ok := access.KeyOf(r.view, owner, r.PathValue("key"))
	if !ok {
		return nil, errNotFound
	}
	return &answer{
		status: http.StatusOK, cache: private, modified: k.UpdatedAt,
		tag: tag("key", k.ID, stamp(k.UpdatedAt)), body: a.presentKey(r.view, r.actor, k, ""),
	}, nil
}

func (a *api) postKey(r *request) (*answer, error) {
	owner, err := a.keyOwner(r)
	if err != nil {
		return nil, err
	}
	p, err := r.params()
	if err != nil {
		return nil, err
	}
	draft, err := keyDraft(p)
	if err != nil {
		return nil, err
	}
	k, secret, err := a.Access.CreateKey(r.Context(), r.actor, owner, draft)
	if err != nil {
		return nil, err
	}
	// The only answer that holds a secret: nobody on the way may keep it.
	return &answer{
		status: http.StatusCreated, location: a.keyURL(k),
		body: a.presentKey(a.DB.View(), r.actor, k, secret),
	}, nil
}

func keyDraft(p params) (access.KeyDraft, error) {
	bad := fault.Fields{}
	d := access.KeyDraft{Name: p.text(bad, "name")}
	permissions, ok := p["permissions"].([]any)
	if !ok && p["permissions"] != nil {
		bad["permissions"] = "expected type list(map)"
	}
	for _, entry := range permissions {
		wrong := fault.Fields{}
		fields, ok := entry.(map[string]any)
		d.Permissions = append(d.Permissions, access.Permission{
			Domain: params(fields).text(wrong, "domain"), Resource: params(fields).text(wrong, "resource"),
		})
		if len(wrong) > 0 {
			bad["permissions"] = wrong
		}
		if !ok {
			bad["permissions"] = "expected type list(map)"
		}
	}
	if text := p.text(bad, "revoke_at"); text != "" {
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			bad["revoke_at"] = "is invalid"
		}
		d.RevokeAt = &at
	}
	return d, invalid(bad)
}

func (a *api) deleteKey(r *request) (*answer, error) {
	owner, err := a.keyOwner(r)
	if err != nil {
		return nil, err
	}
	k, err := a.Access.RevokeKey(r.Context(), r.actor, owner, r.PathValue("key"))
	if err != nil {
		return nil, err
	}
	return &answer{status: http.StatusOK, body: a.presentKey(a.DB.View(), r.actor, k, "")}, nil
}

// deleteKeys answers with the key that the caller used, as it then is. Who used a password gets nothing:
// hex.pm breaks down there.
func (a *api) deleteKeys(r *request) (*answer, error) {
	owner, err := a.keyOwner(r)
	if err != nil {
		return nil, err
	}
	ended, err := a.Access.RevokeAll(r.Context(), r.actor, owner)
	if err != nil {
		return nil, err
	}
	for _, k := range ended {
		if k.ID == r.actor.Key.ID {
			return &answer{status: http.StatusOK, body: a.presentKey(a.DB.View(), r.actor, k, "")}, nil
		}
	}
	return noContent(), nil
}

// getAuth tells a program that holds a key whether it is good for something, and whose it is.
func (a *api) getAuth(r *request) (*answer, error) {
	if !r.actor.LoggedIn() {
		return nil, door.ErrMissing
	}
	query := r.URL.Query()
	if !query.Has("domain") {
		return nil, fault.New(fault.Malformed, `missing required parameters: "domain"`)
	}
	p := access.Permission{Domain: query.Get("domain"), Resource: query.Get("resource")}
	if err := a.Access.Probe(r.view, r.actor, p); err != nil {
		return nil, err
	}
	if r.actor.Via == access.Bearer {
		return noContent(), nil
	}
	owner := object{"type": "user", "name": r.actor.User.Username.String()}
	if r.actor.User.ID == "" {
		owner = object{"type": "organization", "name": r.actor.Org.String()}
	}
	return &answer{status: http.StatusOK, body: object{"key": object{"name": r.actor.Key.Name, "owner": owner}}}, nil
}

package ops

import (
	"net/http"
	"time"

	"hexhub/internal/feature/access"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
)

// A Key is an API key as operators see it.
type Key struct {
	ID          string              `json:"id"`
	Name        string              `json:"name"`
	Permissions []access.Permission `json:"permissions"`
	InsertedAt  time.Time           `json:"inserted_at"`
	ExpiresAt   *time.Time          `json:"expires_at,omitempty"`
	LastUsedAt  *time.Time          `json:"last_used_at,omitempty"` // give or take five minutes
	Secret      string              `json:"secret,omitempty"`       // only in the answer that made it
}

func keyOf(r store.Reader, k access.Key) Key {
	out := Key{ID: k.ID, Name: k.Name, Permissions: k.Permissions, InsertedAt: k.InsertedAt, ExpiresAt: k.RevokeAt}
	if use, ok := access.KeyUses.Get(r, k.ID); ok {
		out.LastUsedAt = &use.At
	}
	return out
}

// holder returns whose keys the query is about: a user's or an organization's, and what to call him.
func (o *Ops) holder(r *http.Request) (access.Owner, string, error) {
	if r.URL.Query().Get("org") != "" {
		found, err := o.org(r)
		return access.OfOrg(found.Name), found.Name.String(), err
	}
	u, err := o.named(r)
	if err != nil {
		return access.Owner{}, "", err
	}
	if a := actor(r); r.Method == http.MethodPost && a.Via != access.System && a.User.ID != u.ID && !u.Service {
		return access.Owner{}, "", fault.New(fault.Forbidden, "whoever has a key of %[1]s can act in that name, so only %[1]s makes one, or the operator at the machine itself; "+
			"for a machine, make a service and a key of it: hexhub user create NAME --service", u.Username)
	}
	return access.OfUser(u.ID), u.Username.String(), nil
}

func (o *Ops) keys(r *http.Request) (any, error) {
	owner, _, err := o.holder(r)
	if err != nil {
		return nil, err
	}
	v := o.DB.View()
	out := []Key{}
	for _, k := range access.KeysOf(v, owner) {
		out = append(out, keyOf(v, k))
	}
	return out, nil
}

// A KeyDraft is a key to be made.
type KeyDraft struct {
	Name        string              `json:"name"`
	Permissions []access.Permission `json:"permissions,omitempty"` // none means the whole api
	ExpiresAt   *time.Time          `json:"expires_at,omitempty"`
}

func (o *Ops) createKey(r *http.Request) (any, error) {
	owner, _, err := o.holder(r)
	if err != nil {
		return nil, err
	}
	d, err := decode[KeyDraft](r)
	if err != nil {
		return nil, err
	}
	k, secret, err := o.Access.CreateKey(r.Context(), actor(r), owner, access.KeyDraft{Name: d.Name, Permissions: d.Permissions, RevokeAt: d.ExpiresAt})
	if err != nil {
		return nil, err
	}
	out := keyOf(o.DB.View(), k)
	out.Secret = secret
	return out, nil
}

// revokeKey ends the key with the name that the query has, or all keys, and returns those that ended.
func (o *Ops) revokeKey(r *http.Request) (any, error) {
	owner, called, err := o.holder(r)
	if err != nil {
		return nil, err
	}
	var ended []access.Key
	if all := r.URL.Query().Get("all"); all == "true" {
		ended, err = o.Access.RevokeAll(r.Context(), actor(r), owner)
	} else {
		name := r.URL.Query().Get("name")
		var k access.Key
		k, err = o.Access.RevokeKey(r.Context(), actor(r), owner, name)
		if fault.Is(err, fault.NotFound) {
			return nil, fault.New(fault.NotFound, "%s has no key called %q", called, name)
		}
		ended = []access.Key{k}
	}
	if err != nil {
		return nil, err
	}
	v := o.DB.View()
	out := []Key{}
	for _, k := range ended {
		out = append(out, keyOf(v, k))
	}
	return out, nil
}

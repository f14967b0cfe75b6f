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

func (o *Ops) keys(r *http.Request) (any, error) {
	u, err := o.named(r)
	if err != nil {
		return nil, err
	}
	v := o.DB.View()
	out := []Key{}
	for _, k := range access.KeysOf(v, access.OfUser(u.ID)) {
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
	u, d, err := aboutUser[KeyDraft](o, r)
	if err != nil {
		return nil, err
	}
	if a := actor(r); a.Via != access.System && a.User.ID != u.ID && !u.Service {
		return nil, fault.New(fault.Forbidden, "whoever has a key of %[1]s can act in that name, so only %[1]s makes one, or the operator at the machine itself; "+
			"for a machine, make a service and a key of it: hexhub user create NAME --service", u.Username)
	}
	k, secret, err := o.Access.CreateKey(r.Context(), actor(r), access.OfUser(u.ID), access.KeyDraft{
		Name: d.Name, Permissions: d.Permissions, RevokeAt: d.ExpiresAt,
	})
	if err != nil {
		return nil, err
	}
	out := keyOf(o.DB.View(), k)
	out.Secret = secret
	return out, nil
}

func (o *Ops) revokeKey(r *http.Request) (any, error) {
	u, err := o.named(r)
	if err != nil {
		return nil, err
	}
	name := r.URL.Query().Get("name")
	k, err := o.Access.RevokeKey(r.Context(), actor(r), access.OfUser(u.ID), name)
	if fault.Is(err, fault.NotFound) {
		return nil, fault.New(fault.NotFound, "%s has no key called %q", u.Username, name)
	}
	return keyOf(o.DB.View(), k), err
}

package api

import (
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/org"
	"hexhub/internal/kernel/store"
)

// presentKey is a key, with its secret if it is told: once.
func (a *api) presentKey(v *store.View, viewer access.Actor, k access.Key, secret string) object {
	permissions := list{}
	for _, p := range k.Permissions {
		permissions = append(permissions, object{"domain": p.Domain, "resource": nullEmpty(p.Resource)})
	}
	o := object{
		"name": k.Name, "authing_key": viewer.Key.ID == k.ID, "secret": nullEmpty(secret),
		"permissions": permissions, "revoke_at": nil,
		"inserted_at": moment(k.InsertedAt), "updated_at": moment(k.UpdatedAt), "url": a.keyURL(k),
	}
	if k.RevokeAt != nil {
		o["revoke_at"] = moment(*k.RevokeAt)
	}
	if use, ok := access.KeyUses.Get(v, k.ID); ok {
		o["last_use"] = object{"used_at": moment(use.At), "ip": nullEmpty(use.IP), "user_agent": nullEmpty(use.UserAgent)}
	}
	return o
}

// keyURL is where the key can be asked for. On hex.pm those of organizations have a wrong one.
func (a *api) keyURL(k access.Key) string {
	if k.UserID == "" {
		return a.link("api", "orgs", k.Org.String(), "keys", k.Name)
	}
	return a.link("api", "keys", k.Name)
}

// presentRepository is a repository in a list or by itself.
func presentRepository(r org.Repository) object {
	return object{"name": r.Name.String(), "inserted_at": moment(r.InsertedAt), "updated_at": moment(r.UpdatedAt)}
}

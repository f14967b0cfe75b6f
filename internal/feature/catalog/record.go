package catalog

import (
	"maps"
	"time"

	"hexhub/hex/name"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/org"
	"hexhub/internal/kernel/store"
)

// record writes an entry about the package, for the package itself, for the organization whose
// repository it is in, and for whoever else it concerns.
func record(tx *store.Tx, actor access.Actor, action string, repository org.Repository, pkg Package, more map[string]any, at time.Time, concerns ...string) {
	params := map[string]any{"package": pkg.snapshot(repository)}
	maps.Copy(params, more)
	refs := append([]string{audit.PackageRef(pkg.Repository.String(), pkg.Name.String())}, concerns...)
	if repository.Org != (name.Repository{}) {
		refs = append(refs, audit.OrgRef(repository.Org.String()))
	}
	audit.RecordTx(tx, actor.By(), action, params, at, refs...)
}

// The snapshots are hex.pm's, with names in the place of its numbers.

func (p Package) snapshot(repository org.Repository) map[string]any {
	s := map[string]any{"id": p.ID, "name": p.Name, "repository": p.Repository, "meta": p.Meta.snapshot()}
	if repository.Org != (name.Repository{}) {
		s["organization"] = repository.Org
	}
	return s
}

func (m Meta) snapshot() map[string]any {
	return map[string]any{
		"description": m.Description, "licenses": m.Licenses, "links": m.Links, "maintainers": m.Maintainers, "extra": m.Extra,
	}
}

func (r Release) snapshot(p Package) map[string]any {
	s := map[string]any{
		"id": r.ID, "version": r.Version, "checksum": r.Outer, "has_docs": r.HasDocs(), "package_id": p.ID,
		"meta":       map[string]any{"app": r.App, "build_tools": r.BuildTools, "elixir": r.Elixir},
		"retirement": nil,
	}
	if r.Retirement != nil {
		s["retirement"] = map[string]any{"status": r.Retirement.Reason, "message": r.Retirement.Message}
	}
	return map[string]any{"release": s}
}

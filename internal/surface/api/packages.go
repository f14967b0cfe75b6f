package api

import (
	"net/http"
	"strconv"

	"hexhub/hex/name"
	"hexhub/hex/version"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/org"
	"hexhub/internal/kernel/fault"
)

// target names the package that the path is about, for a room to judge. What the path misspells gets the
// name of nothing, which the rooms do not find, and refuse like anything that the caller must not know.
func (a *api) target(r *request) catalog.Ref {
	repo, _ := org.Resolve(r.view, a.Default, r.PathValue("repository"))
	pkg, _ := name.ParsePackage(r.PathValue("package"))
	return catalog.Ref{Repository: repo.Name, Name: pkg}
}

// targetRelease is target with the version in the path.
func (a *api) targetRelease(r *request) (catalog.Ref, version.Version, error) {
	text := r.PathValue("version")
	v, err := version.Parse(text)
	if err != nil {
		return catalog.Ref{}, v, fault.New(fault.Malformed, "invalid version: %s", text)
	}
	return a.target(r), v, nil
}

// readablePackage returns the package that the path names, for those who may read it.
func (a *api) readablePackage(r *request) (org.Repository, catalog.Package, error) {
	repo, err := a.readable(r)
	if err != nil {
		return repo, catalog.Package{}, err
	}
	p, ok := catalog.Get(r.view, a.target(r))
	if !ok {
		return repo, p, errNotFound
	}
	return repo, p, nil
}

func (a *api) listPackages(r *request) (*answer, error) {
	repo, err := a.readable(r)
	if err != nil {
		return nil, err
	}
	in := []name.Repository{repo.Name}
	if r.PathValue("repository") == "" {
		in = in[:0]
		for _, seen := range a.Catalog.Visible(r.view, r.actor) {
			in = append(in, seen.Name)
		}
	}
	query := r.URL.Query()
	page, _ := strconv.Atoi(query.Get("page")) // garbage is zero, which means the default
	perPage, _ := strconv.Atoi(query.Get("per_page"))
	sort := catalog.ByName
	if query.Has("sort") {
		sort = catalog.Sort(query.Get("sort"))
	}
	found, _ := a.Catalog.List(r.view, catalog.Query{
		Repositories: in, Search: query.Get("search"), Sort: sort, Page: page, PerPage: perPage,
	})
	packages, state := list{}, []string{"packages"}
	for _, p := range found {
		packages = append(packages, a.presentPackage(r.view, p, catalog.Releases(r.view, p.Ref())))
		state = append(state, p.ID, stamp(p.ChangedAt()))
	}
	return &answer{
		status: http.StatusOK, cache: visible(repo.Public && !r.actor.LoggedIn()),
		tag: tag(state...), body: packages,
	}, nil
}

func (a *api) getPackage(r *request) (*answer, error) {
	repo, p, err := a.readablePackage(r)
	if err != nil {
		return nil, err
	}
	return &answer{
		status: http.StatusOK, cache: visible(repo.Public), modified: p.ChangedAt(), tag: tag("package", p.ID, stamp(p.ChangedAt())),
		body: a.presentWholePackage(r.view, p, catalog.Releases(r.view, p.Ref())),
	}, nil
}

func (a *api) getRelease(r *request) (*answer, error) {
	ref, v, err := a.targetRelease(r)
	if err != nil {
		return nil, err
	}
	repo, err := a.readable(r)
	if err != nil {
		return nil, err
	}
	rel, ok := catalog.GetRelease(r.view, ref, v)
	if !ok {
		return nil, errNotFound
	}
	return &answer{
		status: http.StatusOK, cache: visible(repo.Public), modified: rel.UpdatedAt,
		tag:  tag("release", rel.ID, stamp(rel.UpdatedAt)),
		body: a.presentWholeRelease(r.view, rel, r.URL.Query()),
	}, nil
}

func (a *api) deleteRelease(r *request) (*answer, error) {
	ref, v, err := a.targetRelease(r)
	if err != nil {
		return nil, err
	}
	if err := a.Catalog.Revert(r.Context(), r.actor, ref, v); err != nil {
		return nil, err
	}
	return &answer{status: http.StatusNoContent, cache: private}, nil
}

func (a *api) retire(r *request) (*answer, error) {
	ref, v, err := a.targetRelease(r)
	if err != nil {
		return nil, err
	}
	_, mark, err := retirementDraft(r)
	if err != nil {
		return nil, err
	}
	if err := a.Catalog.Retire(r.Context(), r.actor, ref, v, mark); err != nil {
		return nil, err
	}
	return noContent(), nil
}

func (a *api) unretire(r *request) (*answer, error) {
	ref, v, err := a.targetRelease(r)
	if err != nil {
		return nil, err
	}
	if err := a.Catalog.Unretire(r.Context(), r.actor, ref, v); err != nil {
		return nil, err
	}
	return noContent(), nil
}

func (a *api) retireAll(r *request) (*answer, error) {
	p, mark, err := retirementDraft(r)
	if err != nil {
		return nil, err
	}
	bad := fault.Fields{}
	replace := p.flag(bad, "replace")
	if err := invalid(bad); err != nil {
		return nil, err
	}
	if err := a.Catalog.RetireAll(r.Context(), r.actor, a.target(r), mark, replace); err != nil {
		return nil, err
	}
	return noContent(), nil
}

func retirementDraft(r *request) (params, catalog.Retirement, error) {
	p, err := r.params()
	if err != nil {
		return nil, catalog.Retirement{}, err
	}
	bad := fault.Fields{}
	mark := catalog.Retirement{Reason: catalog.Reason(p.text(bad, "reason")), Message: p.text(bad, "message")}
	if len(bad) > 0 {
		return nil, mark, fault.Validation(fault.Fields{"retirement": bad})
	}
	return p, mark, nil
}

func (a *api) listOwners(r *request) (*answer, error) {
	_, p, err := a.readablePackage(r)
	if err != nil {
		return nil, err
	}
	owners := list{}
	for _, o := range p.Owners {
		if shown, ok := a.presentOwner(r.view, o); ok {
			owners = append(owners, shown)
		}
	}
	return &answer{status: http.StatusOK, cache: private, body: sortedBy(owners, "username")}, nil
}

func (a *api) getOwner(r *request) (*answer, error) {
	_, p, err := a.readablePackage(r)
	if err != nil {
		return nil, err
	}
	who, ok := catalog.FindOwner(r.view, r.actor, r.PathValue("user"))
	if !ok {
		return nil, errNotFound
	}
	for _, o := range p.Owners {
		if o.Subject() != who {
			continue
		}
		if shown, ok := a.presentOwner(r.view, o); ok {
			return &answer{status: http.StatusOK, cache: private, body: shown}, nil
		}
	}
	return nil, errNotFound
}

func (a *api) putOwner(r *request) (*answer, error) {
	p, err := r.params()
	if err != nil {
		return nil, err
	}
	bad := fault.Fields{}
	level, transfer := p.text(bad, "level"), p.flag(bad, "transfer")
	if err := invalid(bad); err != nil {
		return nil, err
	}
	err = a.Catalog.SetOwner(r.Context(), r.actor, a.target(r), r.PathValue("user"), access.Level(level), transfer)
	if err != nil {
		return nil, err
	}
	return noContent(), nil
}

func (a *api) deleteOwner(r *request) (*answer, error) {
	if err := a.Catalog.RemoveOwner(r.Context(), r.actor, a.target(r), r.PathValue("user")); err != nil {
		return nil, err
	}
	return noContent(), nil
}

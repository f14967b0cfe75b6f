package api

import (
	"net/http"

	"hexhub/hex/name"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/org"
	"hexhub/internal/feature/policy"
	"hexhub/internal/kernel/fault"
)

// organization is the name of the organization in the path. What is none is given the name of nothing, which
// the rooms refuse like any that the caller must not know of.
func organization(r *request) name.Repository {
	n, _ := r.orgName()
	return n
}

func (a *api) listPolicies(r *request) (*answer, error) {
	o := organization(r)
	if err := access.MayOrg(r.view, r.actor, org.Read, o); err != nil {
		return nil, err
	}
	policies := list{}
	for _, p := range policy.Of(r.view, o) {
		policies = append(policies, a.presentPolicy(p))
	}
	return &answer{status: http.StatusOK, cache: private, body: policies}, nil
}

// getPolicy shows members the whole of a policy, and of a public one everybody what is published of it.
func (a *api) getPolicy(r *request) (*answer, error) {
	o := organization(r)
	p, ok := policy.Get(r.view, o, r.PathValue("policy"))
	if err := policy.MayRead(r.view, r.actor, o, p); err != nil {
		return nil, err
	}
	if !ok {
		return nil, errNotFound
	}
	seen := "by members"
	if access.MayOrg(r.view, r.actor, org.Read, o) != nil {
		p, seen = p.Published(), "by everybody"
	}
	return &answer{
		status: http.StatusOK, cache: private, modified: p.UpdatedAt,
		tag: tag("policy", p.ID, seen, stamp(p.UpdatedAt)), body: a.presentPolicy(p),
	}, nil
}

func (a *api) postPolicy(r *request) (*answer, error) {
	d, err := policyDraft(r)
	if err != nil {
		return nil, err
	}
	p, err := a.Policies.Create(r.Context(), r.actor, organization(r), d)
	if err != nil {
		return nil, err
	}
	return &answer{status: http.StatusCreated, location: a.policyURL(p), body: a.presentPolicy(p)}, nil
}

func (a *api) putPolicy(r *request) (*answer, error) {
	d, err := policyDraft(r)
	if err != nil {
		return nil, err
	}
	p, err := a.Policies.Update(r.Context(), r.actor, organization(r), r.PathValue("policy"), d)
	if err != nil {
		return nil, err
	}
	return &answer{status: http.StatusOK, body: a.presentPolicy(p)}, nil
}

func (a *api) deletePolicy(r *request) (*answer, error) {
	if err := a.Policies.Delete(r.Context(), r.actor, organization(r), r.PathValue("policy")); err != nil {
		return nil, err
	}
	return noContent(), nil
}

// policyDraft reads a policy. A field that is absent is not spoken of.
func policyDraft(r *request) (policy.Draft, error) {
	p, err := r.params()
	if err != nil {
		return policy.Draft{}, err
	}
	bad := fault.Fields{}
	d := policy.Draft{Name: p.text(bad, "name")}
	if p["description"] != nil {
		d.Description = new(p.text(bad, "description"))
	}
	if p["visibility"] != nil {
		d.Visibility = new(p.text(bad, "visibility"))
	}
	if p["repositories"] != nil {
		tabs := []policy.TabDraft{}
		for _, fields := range p.maps(bad, "repositories") {
			tabs = append(tabs, tabDraft(bad, fields))
		}
		d.Repositories = &tabs
	}
	return d, invalid(bad)
}

// tabDraft notes what is wrong below the repository's name, as the room does.
func tabDraft(bad fault.Fields, p params) policy.TabDraft {
	wrong := fault.Fields{}
	d := policy.TabDraft{Repository: p.text(wrong, "repository"), Cooldown: p.text(wrong, "cooldown")}
	d.MinSeverity = numbered(wrong, "advisory_min_severity", p["advisory_min_severity"], policy.Severities)
	reasons, ok := p["retirement_reasons"].([]any)
	if !ok && p["retirement_reasons"] != nil {
		wrong["retirement_reasons"] = "expected type list(string)"
	}
	for _, reason := range reasons {
		d.Retirements = append(d.Retirements, numbered(wrong, "retirement_reasons", reason, policy.Reasons))
	}
	for _, o := range p.maps(wrong, "overrides") {
		d.Overrides = append(d.Overrides, policy.OverrideDraft{
			Action: o.text(wrong, "action"), Package: o.text(wrong, "package"), Requirement: o.text(wrong, "requirement"),
		})
	}
	if len(wrong) > 0 {
		at := "repository"
		if n, err := name.ParseRepository(d.Repository); err == nil {
			at = n.String()
		}
		tabs, ok := bad["repositories"].(fault.Fields)
		if !ok {
			tabs = fault.Fields{}
			bad["repositories"] = tabs
		}
		tabs[at] = wrong
	}
	return d
}

// numbered reads one of texts, or its number, as signed files have it.
func numbered[T ~string](bad fault.Fields, field string, v any, texts []T) string {
	n := -1
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case int64:
		n = int(v)
	case float64:
		if n = int(v); float64(n) != v {
			n = -1
		}
	}
	if n < 0 || n >= len(texts) {
		bad[field] = "is invalid"
		return ""
	}
	return string(texts[n])
}

func (a *api) presentPolicy(p policy.Policy) object {
	tabs := list{}
	for _, t := range p.Repositories {
		reasons, overrides := list{}, list{}
		for _, r := range t.Retirements {
			reasons = append(reasons, string(r))
		}
		for _, o := range t.Overrides {
			overrides = append(overrides, object{
				"action": string(o.Action), "package": o.Package.String(), "requirement": nullEmpty(o.Requirement),
			})
		}
		tabs = append(tabs, object{
			"repository": t.Repository.String(), "cooldown": nullEmpty(t.Cooldown),
			"advisory_min_severity": nullEmpty(string(t.MinSeverity)), "retirement_reasons": reasons, "overrides": overrides,
		})
	}
	return object{
		"name": p.Name, "description": nullEmpty(p.Description), "visibility": string(p.Visibility), "repositories": tabs,
		"inserted_at": moment(p.InsertedAt), "updated_at": moment(p.UpdatedAt), "url": a.policyURL(p),
		"file_url": a.link("repo", "repos", p.Organization.String(), "policies", p.Name),
	}
}

func (a *api) policyURL(p policy.Policy) string {
	return a.link("api", "orgs", p.Organization.String(), "policies", p.Name)
}

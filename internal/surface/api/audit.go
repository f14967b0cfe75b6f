package api

import (
	"net/http"
	"net/url"
	"strconv"

	"hexhub/hex/name"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/org"
	"hexhub/internal/kernel/fault"
)

const (
	auditPage  = 100
	auditPages = 100 // that may be asked for by number, each of which costs all before it
)

func (a *api) listMyAuditLogs(r *request) (*answer, error) {
	if err := a.loggedIn(r); err != nil {
		return nil, err
	}
	if r.actor.User.ID == "" {
		return nil, errNotFound // an organization's key
	}
	return a.auditLogs(r, audit.UserRef(r.actor.User.ID), a.asConcerned(r))
}

func (a *api) listOrgAuditLogs(r *request) (*answer, error) {
	o := organizationOf(r.PathValue("org"))
	if err := access.MayOrg(r.view, r.actor, org.Read, o); err != nil {
		return nil, err
	}
	show := presentWholeEntry
	if access.MayOrg(r.view, r.actor, org.Admin, o) != nil {
		show = presentToMember
	}
	return a.auditLogs(r, audit.OrgRef(o.String()), show)
}

func (a *api) listPackageAuditLogs(r *request) (*answer, error) {
	repo, p, err := a.readablePackage(r)
	if err != nil {
		return nil, err
	}
	show := presentWholeEntry
	if repo.Public && access.May(r.view, r.actor, access.Write, catalog.ThingOf(r.view, repo, p.Name)) != nil {
		show = presentToStranger
	}
	return a.auditLogs(r, audit.PackageRef(p.Repository.String(), p.Name.String()), show)
}

// organizationOf reads the name of an organization, none if it cannot be one.
func organizationOf(text string) name.Repository {
	n, err := name.ParseRepository(text)
	if err != nil || n.String() != text {
		return name.Repository{}
	}
	return n
}

// auditLogs answers with a page of what concerns ref, whoever may see it. A client goes on by number, as on
// hex.pm, or by the cursor in the Link header, which costs the same on every page.
func (a *api) auditLogs(r *request, ref string, show func(audit.Entry) object) (*answer, error) {
	query := r.URL.Query()
	after := query.Get("after")
	if after == "" {
		page, _ := strconv.Atoi(query.Get("page")) // garbage is zero, which means the first
		if page > auditPages {
			return nil, fault.New(fault.Malformed, "Bad request: page is at most %d; to see more follow the Link header of a page", auditPages)
		}
		var more bool
		var err error
		if after, more, err = a.Audit.Skip(r.Context(), r.view, ref, (page-1)*auditPage); err != nil {
			return nil, err
		}
		if !more {
			return &answer{status: http.StatusOK, body: list{}}, nil
		}
	}
	entries, next, err := a.Audit.Find(r.Context(), r.view, audit.Query{Ref: ref, After: after}, auditPage)
	if err != nil {
		return nil, err
	}
	logs := list{}
	for _, e := range entries {
		logs = append(logs, show(e))
	}
	ans := &answer{status: http.StatusOK, body: logs}
	if next != "" {
		ans.next = a.URL + "/api" + r.URL.EscapedPath() + "?" + url.Values{"after": {next}}.Encode()
	}
	return ans, nil
}

package api

import (
	"slices"
	"strings"

	"hexhub/internal/surface/door"
)

// A scope says under which prefixes a route is served.
type scope int

const (
	top     scope = iota // as it is
	hub                  // of the whole server: also below /repos/BASE, which clients may have as their base
	unnamed              // as hub, but a credential that comes along is not looked at
	inRepo               // of the default repository, and below /repos/REPOSITORY of that one; also below a base
)

var prefixes = map[scope][]string{
	top:     {""},
	hub:     {"", "/repos/{base}"},
	unnamed: {"", "/repos/{base}"},
	inRepo:  {"", "/repos/{repository}", "/repos/{base}/repos/{repository}"},
}

type route struct {
	scope  scope
	method string
	path   string
	handle handler
}

// routes are all there is below /api. Names in paths are decoded once: + is no space there, and @ and
// : stand for themselves.
var routes = []route{
	{top, "GET", "/{$}", (*api).getIndex},
	{top, "GET", "/openapi.yaml", (*api).getDocument},
	{hub, "GET", "/auth", (*api).getAuth},
	{hub, "GET", "/docs/search", (*api).searchDocs},

	{unnamed, "POST", "/oauth/device_authorization", (*api).postDevice},
	{unnamed, "POST", "/oauth/token", (*api).postToken},
	{unnamed, "POST", "/oauth/revoke", (*api).postRevoke},
	{unnamed, "POST", "/oauth/revoke_by_hash", (*api).postRevokeByHash},

	{hub, "POST", "/users", (*api).postUser},
	{hub, "GET", "/users/me", (*api).getMe},
	{hub, "GET", "/users/me/audit-logs", (*api).listMyAuditLogs},
	{hub, "GET", "/users/{user}", (*api).getUser},
	{hub, "GET", "/users/{user}/test", (*api).getUserTest},
	{hub, "POST", "/users/{user}/reset", (*api).postReset},

	{hub, "GET", "/keys", (*api).listKeys},
	{hub, "POST", "/keys", (*api).postKey},
	{hub, "DELETE", "/keys", (*api).deleteKeys},
	{hub, "GET", "/keys/{key}", (*api).getKey},
	{hub, "DELETE", "/keys/{key}", (*api).deleteKey},

	{hub, "GET", "/orgs/{org}/audit-logs", (*api).listOrgAuditLogs},
	{hub, "GET", "/orgs", (*api).listOrgs},
	{hub, "POST", "/orgs", (*api).postOrg},
	{hub, "GET", "/orgs/{org}", (*api).getOrg},
	{hub, "POST", "/orgs/{org}", (*api).updateOrg},
	{hub, "GET", "/orgs/{org}/members", (*api).listMembers},
	{hub, "POST", "/orgs/{org}/members", (*api).postMember},
	{hub, "GET", "/orgs/{org}/members/{user}", (*api).getMember},
	{hub, "POST", "/orgs/{org}/members/{user}", (*api).setRole},
	{hub, "DELETE", "/orgs/{org}/members/{user}", (*api).deleteMember},
	{hub, "GET", "/orgs/{org}/invitations", (*api).listInvitations},
	{hub, "POST", "/orgs/{org}/invitations", (*api).postInvitation},
	{hub, "DELETE", "/orgs/{org}/invitations/{invitation}", (*api).deleteInvitation},
	{hub, "POST", "/invitations/accept", (*api).acceptInvitation},
	{hub, "GET", "/orgs/{org}/keys", (*api).listKeys},
	{hub, "POST", "/orgs/{org}/keys", (*api).postKey},
	{hub, "DELETE", "/orgs/{org}/keys", (*api).deleteKeys},
	{hub, "GET", "/orgs/{org}/keys/{key}", (*api).getKey},
	{hub, "DELETE", "/orgs/{org}/keys/{key}", (*api).deleteKey},

	{hub, "GET", "/orgs/{org}/policies", (*api).listPolicies},
	{hub, "POST", "/orgs/{org}/policies", (*api).postPolicy},
	{hub, "GET", "/orgs/{org}/policies/{policy}", (*api).getPolicy},
	{hub, "PUT", "/orgs/{org}/policies/{policy}", (*api).putPolicy},
	{hub, "DELETE", "/orgs/{org}/policies/{policy}", (*api).deletePolicy},

	{hub, "POST", "/short_url", (*api).postShortURL},

	{hub, "GET", "/repos", (*api).listRepositories},
	{hub, "GET", "/repos/{repository}", (*api).getRepository},

	{inRepo, "POST", "/publish", (*api).publish},
	{inRepo, "GET", "/packages", (*api).listPackages},
	{inRepo, "GET", "/packages/{package}", (*api).getPackage},
	{inRepo, "GET", "/packages/{package}/audit-logs", (*api).listPackageAuditLogs},
	{inRepo, "POST", "/packages/{package}/retire", (*api).retireAll},
	{inRepo, "POST", "/packages/{package}/releases", (*api).publish},
	{inRepo, "GET", "/packages/{package}/releases/{version}", (*api).getRelease},
	{inRepo, "DELETE", "/packages/{package}/releases/{version}", (*api).deleteRelease},
	{inRepo, "POST", "/packages/{package}/releases/{version}/retire", (*api).retire},
	{inRepo, "DELETE", "/packages/{package}/releases/{version}/retire", (*api).unretire},
	{inRepo, "GET", "/packages/{package}/releases/{version}/docs", (*api).getDocs},
	{inRepo, "POST", "/packages/{package}/releases/{version}/docs", (*api).postDocs},
	{inRepo, "DELETE", "/packages/{package}/releases/{version}/docs", (*api).deleteDocs},
	{inRepo, "GET", "/packages/{package}/owners", (*api).listOwners},
	{inRepo, "GET", "/packages/{package}/owners/{user}", (*api).getOwner},
	{inRepo, "PUT", "/packages/{package}/owners/{user}", (*api).putOwner},
	{inRepo, "DELETE", "/packages/{package}/owners/{user}", (*api).deleteOwner},
}

// patterns are what http.ServeMux is told of the route.
func (r route) patterns() []string {
	var out []string
	for _, p := range prefixes[r.scope] {
		out = append(out, r.method+" "+p+r.path)
	}
	return out
}

// entrance is how requests for the route are let in.
func (r route) entrance(d door.Door) entrance {
	if r.scope == unnamed {
		return d.EnterUnnamed
	}
	return d.Enter
}

// A Route is a method and a path below /api, with variables in braces.
type Route struct{ Method, Path string }

// Routes lists everything that is served, in all its places, for whoever must cover it all: the
// OpenAPI document, and tests of who may do what. HEAD is served wherever GET is.
func Routes() []Route {
	var out []Route
	for _, r := range routes {
		for _, p := range r.patterns() {
			method, path, _ := strings.Cut(p, " ")
			out = append(out, Route{method, strings.TrimSuffix(path, "{$}")})
		}
	}
	slices.SortStableFunc(out, func(a, b Route) int { return strings.Compare(a.Path, b.Path) })
	return out
}

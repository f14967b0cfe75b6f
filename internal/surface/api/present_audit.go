package api

import (
	"maps"
	"math"
	"slices"
	"strings"

	"hexhub/internal/feature/access"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/org"
)

// presentEntry shows an entry with some params. From where it was done is for operators only.
func presentEntry(e audit.Entry, params object) object {
	return object{"action": e.Action, "user_agent": e.By.UserAgent, "params": params, "inserted_at": moment(e.At)}
}

// presentWholeEntry shows an entry to those whom it is about.
func presentWholeEntry(e audit.Entry) object { return presentEntry(e, asTree(e.Params)) }

// presentToMember leaves out the addresses of people whom an organization invited, which are for those who
// may invite.
func presentToMember(e audit.Entry) object {
	params := asTree(e.Params)
	delete(params, "email")
	return presentEntry(e, params)
}

// shownToAll are the params that everybody may see of a public package's entries, and what of them. What
// is not here is not shown, so that a param which somebody adds is private until it is listed.
var shownToAll = map[string][]string{
	"package":      {"id", "name", "repository"},
	"release":      {"id", "version", "checksum", "has_docs", "package_id", "meta", "retirement"},
	"user":         {"id", "username"},
	"organization": {"name"},
	"level":        nil, // a text
}

// presentToStranger shows an entry of a public package to everybody. A client may call itself by an address.
func presentToStranger(e audit.Entry) object {
	params := object{}
	for key, fields := range shownToAll {
		switch v := e.Params[key].(type) {
		case string:
			if fields == nil {
				params[key] = v
			}
		case map[string]any:
			v = maps.Clone(v)
			maps.DeleteFunc(v, func(field string, _ any) bool { return !slices.Contains(fields, field) })
			params[key] = asTree(v)
		}
	}
	shown := presentEntry(e, params)
	if strings.Contains(e.By.UserAgent, "@") {
		shown["user_agent"] = ""
	}
	return shown
}

// asConcerned shows entries to the user whom they concern. What he may not see any more, because he left
// the organization, he is not shown again by them: they keep no more than that something was done.
func (a *api) asConcerned(r *request) func(audit.Entry) object {
	return func(e audit.Entry) object {
		if slices.ContainsFunc(e.Refs, func(ref string) bool { return !a.knows(r, e.Action, ref) }) {
			return presentEntry(e, object{})
		}
		return presentWholeEntry(e)
	}
}

// knows reports whether the caller may know of what a reference of an entry that concerns him refers to. That
// an organization took him in or sent him away he may know.
func (a *api) knows(r *request, action, ref string) bool {
	if organization, ok := strings.CutPrefix(ref, audit.OrgRef("")); ok {
		if strings.HasPrefix(action, "organization.member.") || strings.HasPrefix(action, "organization.invitation.") {
			return true
		}
		return access.MayOrg(r.view, r.actor, org.Read, organizationOf(organization)) == nil
	}
	if rest, ok := strings.CutPrefix(ref, "package:"); ok {
		repository, _, _ := strings.Cut(rest, "/")
		repo, ok := org.Repositories.Get(r.view, repository)
		return ok && a.mayRead(r, repo) == nil
	}
	return true
}

// asTree returns params as presenters make trees: whole numbers are integers there.
func asTree(params map[string]any) object {
	out := make(object, len(params))
	for key, v := range params {
		out[key] = treeOf(v)
	}
	return out
}

func treeOf(v any) any {
	switch v := v.(type) {
	case map[string]any:
		return asTree(v)
	case []any:
		out := make(list, len(v))
		for i, e := range v {
			out[i] = treeOf(e)
		}
		return out
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1<<53 {
			return int64(v)
		}
	}
	return v
}

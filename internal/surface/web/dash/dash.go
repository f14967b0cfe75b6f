// Package dash is the pages on which members look after their organizations.
//
// It knows forms, and the way from one page to the next. It decides nothing: what a role may do access says, which is
// asked before a page is shown and again within each deed. To whoever is no member an organization is absent, and so
// is to members what takes a higher role.
package dash

import (
	"net/http"

	"hexhub/hex/name"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/connect"
	"hexhub/internal/feature/org"
	"hexhub/internal/feature/policy"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
	"hexhub/internal/surface/web/ui"
	"hexhub/internal/surface/web/ui/keys"
)

// Deps are what the pages show and use.
type Deps struct {
	DB       *store.DB
	Access   *access.Access
	Orgs     *org.Orgs
	Policies *policy.Policies
	Audit    *audit.Audit
	Registry connect.Registry // that snippets name
}

type pages struct {
	Deps
	web  *ui.Web
	desk keys.Desk
}

// Register adds the pages to the web site.
func Register(web *ui.Web, d Deps) {
	p := &pages{Deps: d, web: web, desk: keys.Desk{Web: web, DB: d.DB, Access: d.Access, Registry: d.Registry}}
	web.Words(words)

	web.User("GET /dashboard/orgs", p.list)
	web.User("POST /dashboard/orgs", p.create)
	const one = " /dashboard/orgs/{org}"
	web.User("GET"+one, p.in(org.Read, p.open))
	web.User("GET"+one+"/packages", p.in(org.Read, p.packages))
	web.User("GET"+one+"/repository", p.in(org.Read, p.repository))
	web.Sure("POST"+one+"/repository", p.in(org.Admin, p.setRule))
	web.User("GET"+one+"/members", p.in(org.Read, p.members))
	web.Sure("POST"+one+"/members/add", p.in(org.Admin, p.addMember))
	web.Sure("POST"+one+"/members/role", p.in(org.Admin, p.setRole))
	web.Sure("POST"+one+"/members/remove", p.in(org.Admin, p.removeMember))
	web.Sure("POST"+one+"/members/invite", p.in(org.Admin, p.invite))
	web.Sure("POST"+one+"/members/uninvite", p.in(org.Admin, p.uninvite))
	web.Sure("GET"+one+"/keys", p.in(org.Write, p.keys))
	web.Sure("POST"+one+"/keys", p.in(org.Write, p.makeKey))
	web.Sure("POST"+one+"/keys/revoke", p.in(org.Write, p.revokeKey))
	web.Sure("POST"+one+"/keys/restore", p.in(org.Write, p.restoreKey))
	web.User("GET"+one+"/policies", p.in(org.Read, p.policies))
	web.User("GET"+one+"/policies/new", p.in(org.Admin, p.newPolicy))
	web.Sure("POST"+one+"/policies/new", p.in(org.Admin, p.createPolicy))
	web.User("GET"+one+"/policies/{policy}", p.in(org.Read, p.policy))
	web.Sure("POST"+one+"/policies/{policy}", p.in(org.Admin, p.changePolicy))
	web.Sure("POST"+one+"/policies/{policy}/delete", p.in(org.Admin, p.deletePolicy))
	web.User("GET"+one+"/offers", p.in(org.Read, p.offers))
	web.User("GET"+one+"/audit-logs", p.in(org.Read, p.auditLog))
	web.User("GET"+one+"/profile", p.in(org.Write, p.profile))
	web.User("POST"+one+"/profile", p.in(org.Write, p.saveProfile))
	web.User("GET"+one+"/danger-zone", p.in(org.Read, p.danger))
	web.Sure("POST"+one+"/danger-zone/leave", p.in(org.Read, p.leave))
	web.Sure("POST"+one+"/danger-zone/delete", p.in(org.Admin, p.delete))
}

// A place is the organization that an address names, seen by somebody who may.
type place struct {
	org.Organization
	Role org.Role // of the visitor; administrators of the site are as good as those of the organization
	view *store.View
}

// Path is the address of a page of the organization.
func (o place) Path(page string) string {
	return "/dashboard/orgs/" + o.Name.String() + "/" + page
}

// May reports whether the visitor has the role.
func (o place) May(role org.Role) bool { return o.Role.Includes(role) }

// errAbsent is all that is told of what is not there, or not for the visitor.
var errAbsent = fault.New(fault.NotFound, "The address may be misspelled, or what it named is gone.")

// in resolves the organization of the address for whoever has the role in it.
func (p *pages) in(role org.Role, render func(w http.ResponseWriter, r *http.Request, v ui.Visit, o place) error) ui.Visited {
	return func(w http.ResponseWriter, r *http.Request, v ui.Visit) error {
		text := r.PathValue("org")
		n, err := name.ParseRepository(text)
		if err != nil || n.String() != text {
			return errAbsent
		}
		o := place{view: p.DB.View()}
		if err := access.MaySee(o.view, v.Actor, role, n); err != nil {
			return absent(err)
		}
		o.Organization, _ = org.Organizations.Get(o.view, text)
		o.Role = o.Members[v.User.ID]
		if v.User.Admin {
			o.Role = org.Admin
		}
		return absent(render(w, r, v, o))
	}
}

// absent makes all that is not found equally so.
func absent(err error) error {
	if fault.Is(err, fault.NotFound) {
		return errAbsent
	}
	return err
}

// still is the room that changes the organization for as long as the visitor has the role in it.
func (p *pages) still(v ui.Visit, o place, role org.Role) *org.Orgs {
	return p.Orgs.If(access.Still(v.Actor, role, o.Name))
}

// orgPage is what all pages of an organization show.
type orgPage struct {
	ui.Dashboard
	Org  place
	Tabs []ui.Tab
}

func (p *pages) orgPage(w http.ResponseWriter, r *http.Request, v ui.Visit, o place, page, title string) orgPage {
	out := orgPage{Dashboard: p.web.Dashboard(w, r, v, title+" · "+o.Name.String(), memberships(o.view, v)), Org: o}
	for _, t := range []struct {
		page, words string
		role        org.Role
	}{
		{"packages", "Packages", org.Read},
		{"repository", "Repository", org.Read},
		{"members", "Members", org.Read},
		{"keys", "API keys", org.Write},
		{"policies", "Policies", org.Read},
		{"audit-logs", "Audit log", org.Read},
		{"profile", "Profile", org.Write},
		{"danger-zone", "Danger zone", org.Read},
	} {
		if o.May(t.role) {
			out.Tabs = append(out.Tabs, ui.Tab{Path: o.Path(t.page), Words: t.words, Current: t.page == page})
		}
	}
	return out
}

// memberships names the organizations that the visitor is in.
func memberships(v *store.View, visit ui.Visit) []name.Repository {
	var all []name.Repository
	for o := range org.Of(v, visit.User.ID) {
		all = append(all, o.Name)
	}
	return all
}

// open leads to what most people come for.
func (p *pages) open(w http.ResponseWriter, _ *http.Request, _ ui.Visit, o place) error {
	return ui.GoTo(w, o.Path("packages"))
}

// words are what the pages say of a step that was done.
var words = map[string]string{
	"org-made":       "The organization is made, and you administer it.",
	"org-profile":    "What the organization says of itself is saved.",
	"org-rule":       "The rule is saved. It is about keys that are made from now on.",
	"member-added":   "The member is added, and told so by mail.",
	"member-role":    "The member's role is changed.",
	"member-removed": "The membership has ended, and with it all that it allowed.",
	"invited":        "The invitation is on its way. It is good for seven days.",
	"uninvited":      "The invitation works no more.",
	"policy-saved":   "The policy is saved. Clients follow it from their next resolution on.",
	"policy-deleted": "The policy is gone.",
	"left":           "You have left the organization.",
	"org-deleted":    "The organization is deleted. Its name stays reserved.",
}

package ui

import (
	"net/http"
	"strings"

	"hexhub/hex/name"
	"hexhub/internal/feature/account"
)

// A Dashboard is the frame of the pages on which a visitor looks after what is his, and his organizations'.
type Dashboard struct {
	Page
	User   account.User
	Groups []Group
	Form   Form
}

// Dashboard returns the frame of a page with the title. The organizations are those that the visitor is in.
func (u *Web) Dashboard(w http.ResponseWriter, r *http.Request, v Visit, title string, organizations []name.Repository) Dashboard {
	d := Dashboard{Page: u.Page(w, r, title), User: v.User, Groups: []Group{
		{Words: "You", Tabs: []Tab{
			{Path: Home, Words: "Overview"},
			{Path: Home + "/profile", Words: "Profile"},
			{Path: Home + "/email", Words: "E-mail"},
			{Path: Home + "/security", Words: "Security"},
			{Path: Home + "/keys", Words: "API keys"},
			{Path: Home + "/sessions", Words: "Sessions"},
			{Path: Home + "/audit-logs", Words: "Audit log"},
			{Path: Home + "/delete-account", Words: "Delete account"},
		}},
		{Words: "Organizations", Tabs: []Tab{{Path: Home + "/orgs", Words: "All of yours"}}},
	}}
	d.NoIndex = true
	for _, n := range organizations {
		d.Groups[1].Tabs = append(d.Groups[1].Tabs, Tab{Path: Home + "/orgs/" + n.String(), Words: n.String()})
	}
	at := u.PageOf(r)
	at, _, _ = strings.Cut(at, "?")
	Open(d.Groups, sectionOf(d.Groups, at))
	return d
}

// sectionOf is the path of the tab under which a page is: the longest that leads to it.
func sectionOf(groups []Group, page string) string {
	best := ""
	for _, g := range groups {
		for _, t := range g.Tabs {
			if (page == t.Path || t.Path != Home && strings.HasPrefix(page, t.Path+"/")) && len(t.Path) > len(best) {
				best = t.Path
			}
		}
	}
	return best
}

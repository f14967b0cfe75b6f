// Package people is where users and organizations are shown to everybody: who they are, what they own, and how
// much it is used.
//
// It shows what the room of the same name lets the viewer see, and decides nothing. Who may not be seen has the
// same page as nobody.
package people

import (
	"cmp"
	"net/http"
	"net/url"
	"strconv"

	"hexhub/hex/name"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/people"
	"hexhub/internal/feature/stats"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
	"hexhub/internal/surface/web/ui"
)

// Deps are what the pages show and use.
type Deps struct {
	DB      *store.DB
	Default name.Repository // the server's own repository
}

// Register adds the pages to the web site.
func Register(web *ui.Web, d Deps) {
	p := &pages{Deps: d, web: web}
	web.Handle("GET /users/{user}", p.user)
	web.Handle("GET /users/{user}/stats", p.statistics)
	web.Handle("GET /orgs/{org}", p.organization)
}

type pages struct {
	Deps
	web *ui.Web
}

// perPage is how many packages a page lists, as on hex.pm.
const perPage = 30

// absent answers for whoever is not here, or not for the viewer.
func absent() error {
	return fault.New(fault.NotFound, "Nobody here has that name. It may be misspelled, or belong to somebody who is gone.")
}

// A profile is the page of somebody who owns packages.
type profile struct {
	ui.Page
	Name, FullName string
	Email          string
	Handles        []people.Handle
	Organization   *people.Organization // nil for a user
	Rows           []ui.PackageRow
	Count          int
	Sums           stats.Views
	Sort           people.Sort
	Paging         ui.Paging
}

func (p *pages) user(w http.ResponseWriter, r *http.Request) error {
	viewer := people.As(p.DB.View(), p.web.Actor(r))
	u, ok := viewer.Person(r.PathValue("user"))
	if !ok {
		return absent()
	}
	page := p.profile(w, r, u.Username.String(), viewer, access.OfUser(u.ID))
	page.FullName, page.Email, page.Handles = u.FullName, u.PublicEmail(), people.Handles(u)
	page.About = cmp.Or(u.FullName, page.Name) + " on " + page.Repository
	return p.web.Show(w, http.StatusOK, page.show())
}

func (p *pages) organization(w http.ResponseWriter, r *http.Request) error {
	viewer := people.As(p.DB.View(), p.web.Actor(r))
	o, ok := viewer.Organization(r.PathValue("org"))
	if !ok {
		return absent()
	}
	page := p.profile(w, r, o.Name.String(), viewer, access.OfOrg(o.Name))
	page.Organization, page.FullName, page.Handles = &o, o.FullName, o.Handles
	return p.web.Show(w, http.StatusOK, page.show())
}

// profile is what all pages of this kind have.
func (p *pages) profile(w http.ResponseWriter, r *http.Request, name string, viewer *people.Viewer, owner access.Owner) *profile {
	page := &profile{Page: p.web.Page(w, r, name), Name: name, Sort: sortOf(r, people.Popular)}
	all := viewer.Packages(owner, page.Sort)
	page.Count, page.Sums = len(all), people.Sum(all)
	n, _ := strconv.Atoi(r.URL.Query().Get("page")) // garbage is zero, which means the first
	n = min(max(n, 1), max(ui.Pages(len(all), perPage), 1))
	page.Paging = ui.Paging{Page: n, Pages: ui.Pages(len(all), perPage), Link: func(n int) string { return page.link(page.Sort, n) }}
	page.Canonical = r.URL.EscapedPath()
	page.NoIndex = n > 1 || r.URL.RawQuery != ""
	for _, o := range all[(n-1)*perPage : min(n*perPage, len(all))] {
		page.Rows = append(page.Rows, p.row(viewer, o))
	}
	return page
}

// sorts are the orders to choose from, with what they are called.
var sorts = []struct {
	by    people.Sort
	words string
}{{people.Popular, "Popular"}, {people.ByDownloads, "Most downloaded"}, {people.Newest, "Newest"}, {people.ByName, "By name"}}

// sortOf reads the order that is asked for, if it is one.
func sortOf(r *http.Request, usual people.Sort) people.Sort {
	for _, s := range sorts {
		if r.URL.Query().Get("sort") == string(s.by) {
			return s.by
		}
	}
	return usual
}

// link leads to a page of the packages in an order.
func (page *profile) link(by people.Sort, n int) string {
	q := url.Values{}
	if by != people.Popular {
		q.Set("sort", string(by))
	}
	if n > 1 {
		q.Set("page", strconv.Itoa(n))
	}
	if len(q) == 0 {
		return page.Canonical
	}
	return page.Canonical + "?" + q.Encode()
}

func (p *pages) row(viewer *people.Viewer, o people.Owned) ui.PackageRow {
	row := ui.PackageRow{
		Name: o.Package.Name.String(), Version: o.Package.Summary.Newest().String(), Tools: o.Package.Summary.BuildTools,
		Licenses: o.Package.Meta.Licenses, Week: o.Downloads.Week, UpdatedAt: o.Package.UpdatedAt,
		Private: viewer.Private(o.Package), Retired: viewer.Retired(o.Package),
	}
	if o.Package.Meta.Description != nil {
		row.Description = *o.Package.Meta.Description
	}
	if o.Package.Repository != p.Default {
		row.Repository = o.Package.Repository.String()
	}
	return row
}

// A statistics page shows how much each package of a user is used.
type statisticsPage struct {
	ui.Page
	Name  string
	Lines []statisticsLine
	Sums  stats.Views
	Sort  people.Sort
}

type statisticsLine struct {
	ui.PackageRow
	people.Owned
}

func (p *pages) statistics(w http.ResponseWriter, r *http.Request) error {
	viewer := people.As(p.DB.View(), p.web.Actor(r))
	u, ok := viewer.Person(r.PathValue("user"))
	if !ok {
		return absent()
	}
	page := statisticsPage{Page: p.web.Page(w, r, u.Username.String()+": downloads"), Name: u.Username.String(), Sort: sortOf(r, people.ByDownloads)}
	page.NoIndex, page.Canonical = true, path(account.User{Username: u.Username})
	all := viewer.Packages(access.OfUser(u.ID), page.Sort)
	page.Sums = people.Sum(all)
	for _, o := range all {
		page.Lines = append(page.Lines, statisticsLine{p.row(viewer, o), o})
	}
	return p.web.Show(w, http.StatusOK, page.show())
}

func path(u account.User) string { return "/users/" + u.Username.String() }

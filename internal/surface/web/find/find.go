// Package find is where people look for packages, and for what is in their documentation: the list with its filters,
// suggestions while they type, and what browsers and scripts need to search here.
//
// It reads addresses and shows what the search room found. It refuses to know what is found and what stands
// first. Nobody is shown, counted or offered anything of a repository that he may not read.
package find

import (
	"net/http"
	"slices"

	"hexhub/hex/name"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/connect"
	"hexhub/internal/feature/docs"
	"hexhub/internal/feature/docsearch"
	"hexhub/internal/feature/org"
	"hexhub/internal/feature/search"
	"hexhub/internal/kernel/store"
	"hexhub/internal/surface/web/ui"
)

// Deps are what the pages show and use.
type Deps struct {
	DB      *store.DB
	Catalog *catalog.Catalog
	Search  *search.Index
	Manuals *docsearch.Index
	Docs    docs.Addresses
	URL     string          // where people open the site, without a trailing slash
	Default name.Repository // the server's own repository
}

// Register adds the pages to the web site.
func Register(web *ui.Web, d Deps) {
	f := &find{Deps: d, web: web}
	web.Handle("GET /packages", f.list)
	web.Handle("GET /packages.json", f.listJSON)
	web.Handle("GET /suggest", f.suggest)
	web.Handle("GET /search", f.places)
	web.Handle("POST /search", f.pinLock)
	web.Handle("GET /hexsearch.xml", f.openSearch)
}

type find struct {
	Deps
	web *ui.Web
}

// readable returns the repositories that whoever asks may look into.
func (f *find) readable(v *store.View, r *http.Request) []org.Repository {
	return f.Catalog.Readable(v, f.web.Actor(r))
}

// rows are what lists show of packages.
func (f *find) rows(v *store.View, hits []search.Hit, typed string) []ui.PackageRow {
	var rows []ui.PackageRow
	for _, h := range hits {
		row := f.row(h)
		row.Owner = owner(v, h.Owners)
		row.Mark[0], row.Mark[1] = search.Mark(row.Name, typed)
		rows = append(rows, row)
	}
	return rows
}

func (f *find) row(h search.Hit) ui.PackageRow {
	row := ui.PackageRow{
		Name: h.Name.String(), Version: h.Version.String(), Description: h.Description(),
		Tools: h.Summary.BuildTools, Licenses: h.Meta.Licenses,
		Week: h.Downloads.Week, UpdatedAt: h.UpdatedAt, Private: !h.Public, Retired: h.Retired,
	}
	if h.Repository != f.Default {
		row.Repository = h.Repository.String()
	}
	row.Snippet = snippet(h)
	return row
}

// snippet is what to write to depend on the package, for the build tool that most would use. Gleam cannot
// depend on what is in this registry.
func snippet(h search.Hit) string {
	d := connect.Dependency{
		Package: h.Name.String(), App: h.App, Version: h.Version, Option: connect.In(h.Repository.String()),
	}
	switch {
	case h.Retired:
		return ""
	case slices.Contains(h.Summary.BuildTools, "mix"):
		return d.Mix()
	case slices.Contains(h.Summary.BuildTools, "rebar3"):
		return d.Rebar()
	}
	return ""
}

// owner returns the name of the first user who owns the package, or nothing.
func owner(v *store.View, owners []catalog.Owner) string {
	for _, o := range owners {
		if u, ok := account.Users.Get(v, o.UserID); ok {
			return u.Username.String()
		}
	}
	return ""
}

package site

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"time"

	"hexhub/hex/name"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/connect"
	"hexhub/internal/feature/depend"
	"hexhub/internal/feature/shelf"
	"hexhub/internal/feature/todo"
	"hexhub/internal/kernel/store"
	"hexhub/internal/surface/web/ui"
)

// home is what the home page shows.
type home struct {
	ui.Page
	Promise string
	Counts  shelf.Counts
	Popular []shelf.Item // the busiest or, before anything was downloaded, the newest
	Busy    bool         // Popular are the busiest
	Latest  []shelf.Item // releases
	Own     []catalog.Package
	More    int             // packages of his own that are not among Own
	ToDo    int             // what he should see to
	Guides  []connect.Guide // to publish by
	Host    string
	Add     string // the command that points mix here
	def     name.Repository
}

const (
	shownLatest = 12 // releases; the box scrolls
	shownOwn    = 6
	young       = 10 // releases, below which the page may still be the one without any
)

func (s *site) home(w http.ResponseWriter, r *http.Request) error {
	v := s.web.View(r)
	if !account.HasAdmin(v) {
		return s.web.Show(w, http.StatusOK, view{Page: s.web.Page(w, r, "")}.waiting())
	}
	page := &home{Page: s.web.Page(w, r, ""), Promise: s.promise(v), Host: s.host(), def: s.Default}
	page.Canonical, page.About = "/", page.Promise
	page.Feeds = []ui.Step{{Path: "/feeds/releases.atom", Words: "New releases"}, {Path: "/feeds/new.atom", Words: "New packages"}}
	saw := func(v *store.View) { ui.Saw(r, v) }
	page.Counts = s.Shelf.Counts(saw)
	page.Latest = s.Shelf.Releases(saw)
	page.Latest = page.Latest[:min(shownLatest, len(page.Latest))]
	if page.Popular, page.Busy = page.Counts.Busiest, true; len(page.Popular) == 0 {
		page.Popular, page.Busy = s.Shelf.Packages(saw), false
		page.Popular = page.Popular[:min(shelf.Busiest, len(page.Popular))]
	}
	if actor := s.web.Actor(r); actor.LoggedIn() {
		page.own(v, actor)
		page.ToDo = len(todo.For(v, actor.User, time.Now()))
	}
	page.Add = connect.Guides(s.Registry)[0].Steps[0].Text
	if len(page.Latest) == 0 {
		page.Guides = connect.Publishing(s.Registry)
	}
	return s.web.Show(w, http.StatusOK, page.show())
}

// own shows the packages that name the user as an owner, those that changed last first. He may see them all, wherever
// they are: an owner of a private package is of its organization, or was, and then they are not shown.
func (h *home) own(v *store.View, actor access.Actor) {
	sight := depend.By(v, actor)
	for p := range catalog.OwnedBy(v, actor.Owner()) {
		if sight.Reads(p.Repository) {
			h.Own = append(h.Own, p)
		}
	}
	slices.SortStableFunc(h.Own, func(a, b catalog.Package) int {
		return cmp.Or(b.UpdatedAt.Compare(a.UpdatedAt), cmp.Compare(a.Name.String(), b.Name.String()))
	})
	h.More = max(0, len(h.Own)-shownOwn)
	h.Own = h.Own[:min(shownOwn, len(h.Own))]
}

// path is where a package is shown.
func (h *home) path(p catalog.Package) string {
	return ui.PackagePath(p.Ref(), p.Repository == h.def)
}

// week says how often a package was downloaded, for who does not see the line.
func week(i shelf.Item) string {
	days := fmt.Sprintf("%s downloads in seven days", ui.Count(int(i.Week)))
	if i.Week == 1 {
		days = "1 download in seven days"
	}
	return days
}

func about(i shelf.Item) string {
	if i.About == "" {
		return "Its publisher says nothing about it."
	}
	return i.About
}

// Package site is what people see in a browser without logging in: the home page, which shows how to
// connect clients, and short links.
//
// It renders what the rooms know and decides nothing.
package site

import (
	"net/http"

	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/connect"
	"hexhub/internal/feature/shelf"
	"hexhub/internal/feature/shortlink"
	"hexhub/internal/kernel/card"
	"hexhub/internal/kernel/store"
	"hexhub/internal/surface/web/ui"
)

// Deps are what the site shows and uses.
type Deps struct {
	DB       *store.DB
	Catalog  *catalog.Catalog
	Links    *shortlink.Links
	Registry connect.Registry // without a key
	Shelf    *shelf.Shelf
	Said     func(store.Reader) Said
}

// Said is what the registry says of itself, in its administrator's words; what is empty is not said.
type Said struct {
	Promise         string // what it is, in a line
	SecurityContact string // where to tell of a hole: a URL
}

// Register adds the pages to the web site.
func Register(web *ui.Web, d Deps) {
	s := &site{Deps: d, web: web, cards: card.NewDrawer()}
	s.addFeeds()
	s.addCards()
	s.addRobots()
	web.File("GET /badge/{package}/{picture}", s.badge)
	web.Handle("GET /{$}", s.home)
	web.Handle("GET /l/{code}", s.follow)
}

type site struct {
	Deps
	web     *ui.Web
	numbers cached

	cards    *card.Drawer
	sitemaps sitemap
}

// view is what every page's template may show.
type view struct {
	ui.Page
	Guides      []connect.Guide
	Fingerprint string
	Numbers     numbers
}

func (s *site) view(w http.ResponseWriter, r *http.Request, title string) view {
	return view{Page: s.web.Page(w, r, title), Fingerprint: s.Registry.Fingerprint}
}

// promise is what the registry is, in a line.
func (s *site) promise() string {
	if said := s.Said(s.DB.View()).Promise; said != "" {
		return said
	}
	return "Packages for Elixir, Erlang and Gleam, from " + s.Registry.Repository + "."
}

// Package site is what people see in a browser without logging in: the home page, which shows how to
// connect clients, and short links.
//
// It renders what the rooms know and decides nothing.
package site

import (
	"context"
	"time"

	"hexhub/hex/name"
	"hexhub/internal/feature/connect"
	"hexhub/internal/feature/docs"
	"hexhub/internal/feature/health"
	"hexhub/internal/feature/shelf"
	"hexhub/internal/feature/shortlink"
	"hexhub/internal/kernel/card"
	"hexhub/internal/kernel/store"
	"hexhub/internal/surface/web/ui"
)

// Deps are what the site shows and uses.
type Deps struct {
	DB       *store.DB
	Links    *shortlink.Links
	Registry connect.Registry // without a key
	Shelf    *shelf.Shelf
	Said     func(store.Reader) Said
	Health   func(context.Context) health.Report
	Default  name.Repository
	Docs     docs.Addresses // of documentation

	// Unlisted is for how long robots are not to remember a new package; nil is not at all.
	Unlisted func(store.Reader) time.Duration
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
	web.File("GET /status.json", s.stateFile)
	web.File("GET /docs/pictures/{picture}", docPicture)
	web.Handle("GET /{$}", s.home)
	web.Handle("GET /connect", s.connect)
	web.Handle("GET /publish", s.publish)
	web.Handle("GET /keys", s.keys)
	web.Handle("GET /status", s.status)
	web.Handle("GET /docs", s.docs)
	web.Handle("GET /docs/{page}", s.doc)
	web.Handle("GET /l/{code}", s.follow)
}

type site struct {
	Deps
	web      *ui.Web
	cards    *card.Drawer
	sitemaps sitemap
	docsmap  docsmap
	state    state
	manual   texts
}

// view is what a page's template may show that has nothing else to show.
type view struct{ ui.Page }

// promise is what the registry is, in a line.
func (s *site) promise(r store.Reader) string {
	if said := s.Said(r).Promise; said != "" {
		return said
	}
	return "Packages for Elixir, Erlang and Gleam, from " + s.Registry.Repository + "."
}

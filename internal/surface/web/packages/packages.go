// Package packages is what people see of a package: what it is and how one gets it, its versions, and its texts.
//
// It renders what the rooms know and decides nothing. A package that the visitor may not read looks as one that is
// not there.
package packages

import (
	"log/slog"
	"net/http"
	"strings"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"hexhub/hex/name"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/connect"
	"hexhub/internal/feature/diff"
	"hexhub/internal/feature/docs"
	"hexhub/internal/feature/docsearch"
	"hexhub/internal/feature/preview"
	"hexhub/internal/feature/source"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
	"hexhub/internal/surface/web/ui"
)

// Deps are what the pages show and use.
type Deps struct {
	DB       *store.DB
	Access   *access.Access
	Catalog  *catalog.Catalog
	Audit    *audit.Audit
	Previews *preview.Previews
	Diffs    *diff.Diffs
	Sources  *source.Sources
	Manuals  *docsearch.Index // counts what documentation tells of
	Log      *slog.Logger
	Default  name.Repository  // the one that addresses without a repository mean
	Registry connect.Registry // without a key
	Docs     docs.Addresses
	Trees    *docs.Trees

	// Unlisted is for how long robots are not to remember a new package; nil is not at all.
	Unlisted func(store.Reader) time.Duration
}

// Register adds the pages to the web site.
func Register(web *ui.Web, d Deps) {
	p := &pages{Deps: d, web: web}
	p.known, _ = lru.New[released, known](rememberedFacts) // which fails for no positive size
	p.tabs = map[string]tab{
		"":          {p.main, true},
		"versions":  {p.versions, false},
		"changelog": {p.text(preview.Changelog, "Changelog"), true},
		"license":   {p.text(preview.License, "Licence"), true},
		"files":     {p.files, true},
		"quality":   {p.quality, true},
		"llms.txt":  {p.models, true},

		"dependencies": {p.dependencies, true},
		"dependents":   {p.dependents, false},
		"audit-logs":   {p.activity, false},
		"owners":       {p.owners, false},
		"settings":     {p.settings, false},
		"badges":       {p.badges, false},
	}
	web.Handle("GET /packages/{name}", p.show)
	web.Handle("GET /packages/{name}/{second}", p.show)
	web.Handle("GET /packages/{name}/{second}/{third}", p.show)
	web.Handle("GET /packages/{name}/{second}/{third}/{fourth}", p.show)
	web.File("GET /badge/{package}/{picture}", p.badge)
	web.File("GET /badge/{repository}/{package}/{picture}", p.badge)
	web.File("GET /oembed", p.embed)
	web.Handle("GET /compare", p.beside)
	web.Handle("GET /diffs", p.upgrades)
	web.Handle("GET /diff/{name}", p.diff)
	web.Handle("GET /diff/{name}/{second}", p.diff)
	web.Handle("GET /diff/{name}/{second}/{third}", p.diff)
	web.Handle("GET /packages/{name}/{second}/{third}/{fourth}/{path...}", p.show)
	web.Handle("POST /tool", p.setTool)
	web.Handle("POST /packages/{name}/{second}", p.act)
	web.Handle("POST /packages/{name}/{second}/{third}", p.act)
	web.Words(done)
}

type pages struct {
	Deps
	web  *ui.Web
	tabs map[string]tab // by the last part of their address

	known *lru.Cache[released, known]
}

// A tab is one page of a package.
type tab struct {
	show func(w http.ResponseWriter, r *http.Request, s *subject) error
	of   bool // a version, which its address may name; else of the package
}

// show answers with the page that an address names.
func (p *pages) show(w http.ResponseWriter, r *http.Request) error {
	err := p.answer(w, r)
	if a, ok := addressOf(r); err != nil && ok && forPrograms(r, a) && !strings.Contains(r.Header.Get("Accept"), "text/html") {
		return p.web.Tell(w, r, err)
	}
	return err
}

func (p *pages) answer(w http.ResponseWriter, r *http.Request) error {
	s, err := p.subject(w, r)
	if fault.Is(err, fault.Unauthenticated) { // which nobody is who sent no key
		return p.web.Tell(w, r, shutOut(err))
	}
	if err != nil {
		return err
	}
	t, ok := p.tabs[s.Tab]
	if !ok || s.Pinned && !t.of {
		return errAbsent
	}
	return t.show(w, r, s)
}

// errAbsent is for what is not there, and for what the visitor must not know of.
var errAbsent = fault.New(fault.NotFound, "There is no such package or version here, or it is private and you are not logged in as somebody who may read it.")

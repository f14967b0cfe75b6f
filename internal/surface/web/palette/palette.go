// Package palette is how people get about by keys: what a few letters lead to, and which keys do what, with a switch
// for those who want none.
//
// It knows the places of the site and of whom each is. Which packages are found the search room says, among those that
// whoever asks may read.
package palette

import (
	"net/http"
	"net/url"
	"strings"

	"hexhub/hex/name"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/docs"
	"hexhub/internal/feature/docsearch"
	"hexhub/internal/feature/org"
	"hexhub/internal/feature/search"
	"hexhub/internal/kernel/store"
	"hexhub/internal/surface/web/ui"
)

// Deps are what the palette finds things with.
type Deps struct {
	Catalog *catalog.Catalog
	Search  *search.Index
	Manuals *docsearch.Index
	Docs    docs.Addresses
	Default name.Repository // the server's own repository
	Nodes   func() []string // the names of all; nil knows none
}

type palette struct {
	Deps
	web *ui.Web
}

// Register adds the palette and the page of keys to the web site.
func Register(web *ui.Web, d Deps) {
	p := &palette{Deps: d, web: web}
	web.Words(map[string]string{"keys-on": "Keys are on.", "keys-off": "Keys are off: nothing happens when you press one alone."})
	web.Handle("GET /palette", p.find)
	web.Handle("GET /preferences", p.preferences)
	web.Handle("POST /preferences", p.setPreferences)
}

const (
	mostPackages = 6
	mostPlaces   = 5
	fewLetters   = 2 // typed before documentation is searched
	longestQuery = 200
)

// A group is what is found of one sort.
type group struct {
	Words string
	Links []link
}

// A link is one thing to go to, on the site or at the origin of some documentation.
type link struct{ Path, Words, More string }

// find answers with what the letters typed so far lead to, for whoever asks.
func (p *palette) find(w http.ResponseWriter, r *http.Request) error {
	typed := strings.TrimSpace(r.URL.Query().Get("q"))
	if len(typed) > longestQuery {
		typed = strings.ToValidUTF8(typed[:longestQuery], "")
	}
	v := p.web.View(r)
	actor := p.web.Actor(r)
	in := p.Catalog.Readable(v, actor)
	groups := []group{
		{"Packages", p.packages(in, typed)},
		{"In documentation", p.manuals(r, v, in, typed)},
		{"Organizations", p.organizations(v, actor, typed)},
	}
	groups = append(groups, group{"Nodes", p.nodes(actor, typed)})
	for _, g := range places {
		groups = append(groups, group{g.words, g.links(actor, p.web.Has, typed)})
	}
	w.Header().Set("Cache-Control", "no-store")
	return p.web.Show(w, http.StatusOK, options("palette", groups, typed))
}

// manuals are modules and functions that begin so. That they cannot be searched at the moment is no reason to offer
// nothing else.
func (p *palette) manuals(r *http.Request, v *store.View, in []org.Repository, typed string) []link {
	if len(typed) < fewLetters {
		return nil
	}
	found, err := p.Manuals.Find(r.Context(), v, docsearch.Query{In: in, Typed: typed, Titles: true, Size: mostPlaces})
	if err != nil {
		return nil
	}
	var links []link
	theme := p.web.Theme(r)
	for _, h := range found.Hits {
		links = append(links, link{ui.PlaceURL(p.Docs, h, theme), h.Title, h.Ref.Name.String() + " " + h.Version.String()})
	}
	return links
}

func (p *palette) packages(in []org.Repository, typed string) []link {
	if typed == "" {
		return nil
	}
	found := p.Search.Find(search.Query{In: in, Search: catalog.ParseSearch(typed), PerPage: mostPackages})
	hits := found.Hits
	if found.Total == 0 {
		hits = found.Close
	}
	var links []link
	for _, h := range hits {
		row := ui.PackageRow{Name: h.Name.String(), Version: h.Version.String()}
		words := row.Name
		if h.Repository != p.Default {
			row.Repository = h.Repository.String()
			words = row.Repository + "/" + words
		}
		links = append(links, link{row.Path(), words, row.Version})
	}
	return links
}

func (p *palette) organizations(v *store.View, a access.Actor, typed string) []link {
	var links []link
	if !a.LoggedIn() || !p.web.Has("/dashboard/orgs/{org}") {
		return nil
	}
	for o := range org.Of(v, a.User.ID) {
		if l := (link{"/dashboard/orgs/" + o.Name.String(), o.Name.String(), "organization"}); l.answers(typed) {
			links = append(links, l)
		}
	}
	return links
}

// nodes are for whoever administers the site, once something is typed: there may be many, and they have a page of all.
func (p *palette) nodes(a access.Actor, typed string) []link {
	var links []link
	if p.Nodes == nil || typed == "" || !ruler(a) || !p.web.Has("/admin/cluster/{node}") {
		return nil
	}
	for _, name := range p.Nodes() {
		if l := (link{"/admin/cluster/" + url.PathEscape(name), name, "node"}); l.answers(typed) {
			links = append(links, l)
		}
	}
	return links[:min(len(links), mostPlaces)]
}

// answers reports whether each word typed begins a word of the link.
func (l link) answers(typed string) bool {
	words := strings.Fields(strings.ToLower(l.Words + " " + l.More))
	for want := range strings.FieldsSeq(strings.ToLower(typed)) {
		if !anyBegins(words, want) {
			return false
		}
	}
	return true
}

func anyBegins(words []string, want string) bool {
	for _, w := range words {
		if strings.HasPrefix(w, want) {
			return true
		}
	}
	return false
}

// preferences tells all keys, and has the switch.
func (p *palette) preferences(w http.ResponseWriter, r *http.Request) error {
	page := p.web.Page(w, r, "Keyboard")
	page.NoIndex = true
	return p.web.Show(w, http.StatusOK, preferences{page}.show())
}

func (p *palette) setPreferences(w http.ResponseWriter, r *http.Request) error {
	form, err := ui.ReadForm(w, r)
	if err != nil {
		return err
	}
	keys := "on"
	if form.Get("keys") == "off" {
		keys = "off"
	}
	p.web.SetKeys(w, keys == "on")
	p.web.Flash(w, "keys-"+keys)
	w.Header().Set("Location", "/preferences")
	w.WriteHeader(http.StatusSeeOther)
	return nil
}

type preferences struct{ ui.Page }

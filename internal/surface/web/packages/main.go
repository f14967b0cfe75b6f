package packages

import (
	"cmp"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"hexhub/internal/feature/access"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/connect"
	"hexhub/internal/feature/people"
	"hexhub/internal/feature/stats"
	"hexhub/internal/surface/web/ui"
)

// mainView is the first tab: what the package is, how one gets it, and its README.
type mainView struct {
	view
	Week     int64   // downloads of the seven days that end today, as on every page
	Ever     int64   // all of them
	Days     []int64 // those of the last month, today's last
	Along    int     // packages that come along with the release
	Snippets []connect.Entry
	Tool     string        // whose snippet is shown
	Connect  *connect.Step // to do before; nil for none
	Card     string        // what search engines are told, in JSON; empty for none
	Badge    *made         // that tells the version; nil for none
}

const month = 30 // days that are drawn

func (p *pages) main(w http.ResponseWriter, r *http.Request, s *subject) error {
	v, today := mainView{view: p.view(w, r, s, "")}, stats.Today()
	row, _ := stats.Package(s.view, s.Repository.Name, s.Package.Name)
	v.Week, v.Ever, v.Days = row.Week(today), row.Total, row.Series(today, month)
	v.Along = s.resolution().All()
	v.Snippets, v.Tool = p.snippets(r, s)
	if step, ok := p.first(s, v.Tool); ok {
		v.Connect = &step
	}
	if !v.NoIndex {
		v.Card = p.card(s)
	}
	if s.forAll() { // others have neither
		if !s.Pinned { // it tells of the newest version
			v.Badge = new(p.made(badgeKinds[0], p.badged(r, s), "", ""))
		}
		v.Feeds = []ui.Step{{Path: s.Base() + "/feed.atom", Words: "Versions of " + s.Package.Name.String()}}
	}
	return p.web.Show(w, http.StatusOK, v.show())
}

// card describes the package in the words of schema.org. JSON escapes what could end the element that it stands in.
func (p *pages) card(s *subject) string {
	card := map[string]any{
		"@context": "https://schema.org", "@type": "SoftwareSourceCode", "name": s.Package.Name.String(),
		"version": s.Release.Version.String(), "url": p.Registry.URL + s.Base(), "datePublished": s.Release.InsertedAt.UTC().Format(time.RFC3339),
	}
	if d := s.Meta.Description; d != nil {
		card["description"] = *d
	}
	if l := s.Meta.Licenses; len(l) > 0 {
		card["license"] = strings.Join(l, ", ")
	}
	text, err := json.Marshal(card)
	if err != nil {
		return "" // strings and maps of them can always be written
	}
	return string(text)
}

// An owner is somebody whose package it is.
type owner struct {
	Name, Path string
	Full       bool
}

// ownerPath is that of the page of an owner.
func ownerPath(o people.Owner) string {
	if o.Org() {
		return "/orgs/" + o.Name
	}
	return "/users/" + o.Name
}

// owners are those of the package who are still there, those with all rights first.
func (s *subject) owners() []owner {
	var all []owner
	for _, o := range people.OwnersOf(s.view, s.Package) {
		if o.Org() || o.User.Active() {
			all = append(all, owner{o.Name, ownerPath(o), o.Level == access.Full})
		}
	}
	slices.SortFunc(all, func(a, b owner) int {
		if a.Full != b.Full {
			return map[bool]int{true: -1, false: 1}[a.Full]
		}
		return cmp.Compare(a.Name, b.Name)
	})
	return all
}

// links are those that the package names, as far as they lead to pages of the web.
func links(m catalog.Meta) []ui.Step {
	var all []ui.Step
	for words, to := range m.Links {
		u, err := url.Parse(to)
		if err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.User == nil {
			all = append(all, ui.Step{Path: u.String(), Words: words})
		}
	}
	slices.SortFunc(all, func(a, b ui.Step) int { return cmp.Compare(strings.ToLower(a.Words), strings.ToLower(b.Words)) })
	return all
}

// purl is the package URL of the release, by which scanners name it.
func (s *subject) purl() string {
	path := s.Package.Name.String()
	if !s.Repository.Default() {
		path = s.Repository.Name.String() + "/" + path
	}
	return "pkg:hex/" + path + "@" + s.Release.Version.String()
}

package find

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"hexhub/hex/lockfile"
	"hexhub/hex/name"
	"hexhub/hex/version"
	"hexhub/internal/feature/docsearch"
	"hexhub/internal/feature/org"
	"hexhub/internal/surface/web/ui"
)

// placesPage is what is found in documentation.
type placesPage struct {
	ui.Page
	question
	ui.Form // the lock file that was sent, if it was none
	Hits    []placeRow
	Total   int
	Scope   []docsearch.Scope
	Found   bool // it was looked
}

// A placeRow is one place that was found.
type placeRow struct {
	docsearch.Hit
	ui.PackageRow
	URL string // where it is shown
}

// A question is what the address of a search in documentation says.
type question struct {
	Typed    string
	Packages []string // NAME or REPOSITORY/NAME, each perhaps with :VERSION; none means all
	Number   int      // of the page, from 1
}

const (
	placesPerPage = 20
	mostPackages  = 500
)

func parseQuestion(q url.Values) question {
	s := question{Typed: strings.TrimSpace(q.Get("q"))}
	named := map[string]bool{}
	for text := range strings.SplitSeq(q.Get("packages"), ",") {
		if len(s.Packages) == mostPackages {
			break
		}
		if _, ok := parsePin(text); ok && !named[text] {
			named[text] = true
			s.Packages = append(s.Packages, text)
		}
	}
	s.Number, _ = strconv.Atoi(q.Get("page")) // garbage is zero, which means the first
	s.Number = min(max(s.Number, 1), docsearch.MostDeep/placesPerPage)
	return s
}

// parsePin reads NAME, REPOSITORY/NAME, or either with :VERSION.
func parsePin(text string) (docsearch.Pin, bool) {
	var p docsearch.Pin
	pkg, ver, pinned := strings.Cut(text, ":")
	in, rest, scoped := strings.Cut(pkg, "/")
	var err error
	if scoped {
		if p.Repository, err = name.ParseRepository(in); err != nil {
			return p, false
		}
		pkg = rest
	}
	if p.Package, err = name.ParsePackage(pkg); err != nil {
		return p, false
	}
	if pinned {
		p.Version, err = version.Parse(ver)
	}
	return p, err == nil
}

func (s question) pins() []docsearch.Pin {
	var pins []docsearch.Pin
	for _, text := range s.Packages {
		if p, ok := parsePin(text); ok {
			pins = append(pins, p)
		}
	}
	return pins
}

// link is the address of the search.
func (s question) link() string {
	q := url.Values{}
	if s.Typed != "" {
		q.Set("q", s.Typed)
	}
	if len(s.Packages) > 0 {
		q.Set("packages", strings.Join(s.Packages, ","))
	}
	if s.Number > 1 {
		q.Set("page", strconv.Itoa(s.Number))
	}
	return address("/search", q)
}

func (s question) page(n int) string {
	s.Number = n
	return s.link()
}

// in is the address of the search in those packages alone, or in all.
func (s question) in(packages ...string) string {
	return question{Typed: s.Typed, Packages: packages}.link()
}

func (f *find) places(w http.ResponseWriter, r *http.Request) error {
	p := f.placesPage(w, r, parseQuestion(r.URL.Query()))
	v := f.web.View(r)
	found, err := f.Manuals.Find(r.Context(), v, docsearch.Query{
		In: f.readable(v, r), Typed: p.Typed, Only: p.pins(), From: (p.Number - 1) * placesPerPage, Size: placesPerPage,
	})
	if err != nil {
		return err
	}
	p.Total, p.Scope, p.Found = found.Total, found.Scope, p.Typed != ""
	for _, h := range found.Hits {
		p.Hits = append(p.Hits, f.place(h, p.Theme))
	}
	return f.web.Show(w, http.StatusOK, p.show())
}

func (f *find) placesPage(w http.ResponseWriter, r *http.Request, q question) *placesPage {
	title := "Search documentation"
	if q.Typed != "" {
		title = q.Typed + " · " + title
	}
	p := &placesPage{Page: f.web.Page(w, r, title), question: q}
	p.About = "Search the documentation of all packages of " + p.Repository + ": modules, functions, guides and their sections."
	p.Canonical, p.NoIndex = "/search", q.link() != "/search"
	return p
}

// place is a hit with where it is shown: at the origin of its documentation, in its version.
func (f *find) place(h docsearch.Hit, theme ui.Theme) placeRow {
	row := placeRow{Hit: h, PackageRow: ui.PackageRow{Name: h.Ref.Name.String(), Version: h.Version.String(), Private: !h.Public}}
	if h.Ref.Repository != f.Default {
		row.Repository = h.Ref.Repository.String()
	}
	row.URL = ui.PlaceURL(f.Docs, h, theme)
	return row
}

// pinLock has a lock file that was sent say which packages to look into, which then stand in the address.
func (f *find) pinLock(w http.ResponseWriter, r *http.Request) error {
	text, q, err := readLock(w, r)
	if err != nil {
		return err
	}
	pins, err := lockfile.Parse([]byte(text))
	if err == nil && len(pins) == 0 {
		err = fmt.Errorf("no package of a Hex repository stands in it")
	}
	if err != nil {
		p := f.placesPage(w, r, q)
		p.Errors = map[string]string{"lockfile": "This could not be used: " + err.Error() + "."}
		return f.web.Show(w, http.StatusUnprocessableEntity, p.show())
	}
	http.Redirect(w, r, q.in(f.named(pins, f.readable(f.web.View(r), r))...), http.StatusSeeOther)
	return nil
}

// named are pins as the address of a search names them, for somebody who may look into the repositories.
func (f *find) named(pins []lockfile.Pin, readable []org.Repository) []string {
	var out []string
	for _, p := range pins {
		text := p.Package.String() + ":" + p.Version.String()
		if organization := f.organization(p.Repository, readable); organization != "" {
			text = organization + "/" + text
		}
		if _, ok := parsePin(text); ok && len(out) < mostPackages {
			out = append(out, text)
		}
	}
	return out
}

// organization is whose repository a lock file means, empty for the default one. Clients that are pointed at hexpm write
// hexpm:NAME. Others write what the repository was called when it was added, which may be anything; /connect and the
// pages of packages call each by its name. A name that is nobody's whom the visitor may read says nothing to him: what
// comes of it is the same whether there is one or not.
func (f *find) organization(repository string, readable []org.Repository) string {
	if _, organization, ok := strings.Cut(repository, ":"); ok {
		return organization
	}
	if slices.ContainsFunc(readable, func(r org.Repository) bool { return r.Name.String() == repository && r.Name != f.Default }) {
		return repository
	}
	return ""
}

// known are the packages that are searched.
func (p *placesPage) known() []docsearch.Scope {
	return slices.DeleteFunc(slices.Clone(p.Scope), func(s docsearch.Scope) bool { return s.Searched == (version.Version{}) })
}

// unknown are the names of packages without documentation here.
func (p *placesPage) unknown() []string {
	var out []string
	for _, s := range p.Scope {
		if s.Searched == (version.Version{}) {
			out = append(out, s.Package.String())
		}
	}
	return out
}

// narrowed says in how many packages is searched.
func (p *placesPage) narrowed() string {
	switch known := len(p.known()); {
	case len(p.Scope) == 1:
		return "In " + p.Scope[0].Package.String()
	case known == 1:
		return "In one package"
	default:
		return "In " + ui.Count(known) + " packages"
	}
}

// counted says how many places there are.
func (p *placesPage) counted() string {
	switch {
	case p.Total == 1:
		return "1 place"
	case p.Total > docsearch.MostDeep:
		return ui.Count(p.Total) + " places, of which the first " + ui.Count(docsearch.MostDeep) + " are shown"
	}
	return ui.Count(p.Total) + " places"
}

func (p *placesPage) paging() ui.Paging {
	return ui.Paging{Page: p.Number, Pages: ui.Pages(min(p.Total, docsearch.MostDeep), placesPerPage), Link: p.page}
}

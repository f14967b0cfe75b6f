package search

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"hexhub/hex/name"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/org"
)

// Relevance is the order of a search that names no other; see the package's documentation. Where there are no
// words to be relevant to, it is that by recent downloads.
const Relevance catalog.Sort = "relevance"

// A Query asks for a page of packages.
type Query struct {
	// In are the repositories to look in. The caller has made sure that the viewer may read them: nothing of
	// any other has any influence.
	In []org.Repository

	// Search is what was typed. Its free text is looked for and ranked as this package does, all else decides
	// as it does for the API.
	Search catalog.Search

	License    string          // one of the package's, in any case
	Repository name.Repository // one of In; zero for all
	Visibility Visibility
	Docs       bool // only what has documentation
	Retired    Retired

	Sort    catalog.Sort // zero means Relevance; text that is no order means catalog.ByName
	Page    int          // from 1; less means 1
	PerPage int          // less than 1 means 30
	Count   bool         // tell what could be chosen further; see Found.Choices
}

// A Visibility asks for packages of some repositories.
type Visibility string

// The visibilities. Any other means both.
const (
	Public  Visibility = "public"
	Private Visibility = "private"
)

// A Retired asks for packages by whether their newest version is retired.
type Retired string

// The answers. Any other means both.
const (
	NotRetired  Retired = "no"
	OnlyRetired Retired = "only"
)

// Found is a page of what a query found.
type Found struct {
	Hits  []Hit
	Total int   // on all pages
	Exact int   // how many have the name that was typed; they come first in every order
	Close []Hit // names that may have been meant, if Total is zero; the closest first

	Choices Choices // if the query asked for them
}

// A Hit is a package that was found.
type Hit struct {
	*Entry
	Downloads Downloads
	Public    bool
}

// Choices are how many packages would be found if one filter alone were chosen anew, the rest of the query
// being as it is. The most come first.
type Choices struct {
	Tools, Licenses, Repositories []Choice
	Public, Private               int
	Docs                          int
	Retired, NotRetired           int
}

// A Choice is a value and how many packages have it.
type Choice struct {
	Value string
	Count int
}

// The points of each way to be found, and of popularity for each tenfold of downloads.
const (
	letters    = 2000
	exact      = 1000
	prefix     = 40
	nameWords  = 30
	infix      = 20
	describes  = 10
	retired    = -10
	popularity = 3
)

const (
	perPage   = 30
	mostClose = 8
)

// Find returns a page of what the query asks for, as of now.
func (x *Index) Find(q Query) Found {
	x.current()
	f := newFinder(q)
	x.mu.RLock()
	defer x.mu.RUnlock()
	for _, repository := range q.In {
		if s := x.shards[repository.Name]; s != nil && f.opens(repository) {
			f.find(s, repository, x.o.Default)
		}
	}
	found := Found{Total: f.best.total, Exact: f.exact, Hits: f.page()}
	if q.Count {
		found.Choices = f.counts.choices(x.labels)
	}
	if found.Total == 0 && f.ranks() {
		found.Close = x.close(f)
	}
	return found
}

// A finder is a query at work.
type finder struct {
	Query
	text  text
	in    string         // begins the name of the repository that was typed before a slash
	rest  catalog.Search // what a package must match besides the text and the build tool
	plain bool           // rest matches all
	// filters tells whether there are some that choices are counted for.
	filters bool
	best    best
	exact   int
	counts  counts
}

func newFinder(q Query) *finder {
	f := &finder{Query: q, rest: q.Search}
	typed := q.Search.Free
	if in, pkg, ok := strings.Cut(typed, "/"); ok {
		f.in, typed = squeeze(in), pkg
	}
	f.text = newText(typed)
	f.rest.Free, f.rest.BuildTool = "", ""
	f.plain = f.rest.IsZero()
	f.filters = q.Search.BuildTool != "" || q.License != "" || q.Repository != name.Repository{} || q.Visibility != "" || q.Docs || q.Retired != ""
	f.PerPage = cmp.Or(max(f.PerPage, 0), perPage)
	f.Page = max(f.Page, 1)
	if f.Sort == "" || f.Sort == Relevance {
		f.Sort = Relevance
		if !f.ranks() {
			f.Sort = catalog.ByRecentDownloads
		}
	}
	if f.Page < math.MaxInt/f.PerPage {
		f.best.n = f.Page * f.PerPage
	}
	return f
}

// ranks reports whether there is text to be relevant to.
func (f *finder) ranks() bool { return f.Search.Free != "" }

// opens reports whether there may be something in the repository that is to be found or counted.
func (f *finder) opens(r org.Repository) bool {
	return strings.HasPrefix(squeeze(r.Name.String()), f.in)
}

// find adds what is found in a shard.
func (f *finder) find(s *shard, r org.Repository, def name.Repository) {
	if !f.ranks() {
		for n, e := range s.entries {
			if e != nil {
				f.consider(e, &s.downloads[n], 0, &r, def)
			}
		}
	} else {
		w := ways.Get().(*scan)
		w.look(s, f.text)
		for _, n := range w.in {
			f.consider(s.entries[n], &s.downloads[n], w.points[n], &r, def)
		}
		w.forget()
		ways.Put(w)
	}
	f.counts.close(r)
}

// consider adds a package that was found with so many points, if it passes the filters; and counts for each
// filter what passes all others.
func (f *finder) consider(e *Entry, d *Downloads, points int, r *org.Repository, def name.Repository) {
	failed, failures := none, 0
	if f.filters {
		failed, failures = f.failed(e, r)
	}
	if failures > 1 || failures == 1 && !f.Count || !f.plain && !f.rest.Match(&e.Package, def) {
		return
	}
	if f.Count {
		f.counts.add(e, failed)
	}
	if failures > 0 {
		return
	}
	h := ranked{Entry: e, downloads: d, public: r.Public, pinned: points >= exact}
	if points == exact && e.Name.String() == f.text.name {
		points = letters
	}
	if h.pinned {
		f.exact++
	}
	h.rank = h.rankIn(f.Sort, points)
	f.best.add(h)
}

// A filter is one that choices are counted for.
type filter int

const (
	none filter = iota
	byTool
	byLicense
	byRepository
	byVisibility
	byDocs
	byRetired
)

// failed returns how many filters the package does not pass, and the last of them.
func (f *finder) failed(e *Entry, r *org.Repository) (last filter, n int) {
	fails := func(by filter, fails bool) {
		if fails {
			last = by
			n++
		}
	}
	fails(byTool, f.Search.BuildTool != "" && !slices.Contains(e.Summary.BuildTools, f.Search.BuildTool))
	fails(byLicense, f.License != "" && !slices.ContainsFunc(e.Meta.Licenses, func(l string) bool { return strings.EqualFold(l, f.License) }))
	fails(byRepository, f.Repository != name.Repository{} && f.Repository != r.Name)
	fails(byVisibility, f.Visibility == Public && !r.Public || f.Visibility == Private && r.Public)
	fails(byDocs, f.Docs && !e.Docs)
	fails(byRetired, f.Retired == NotRetired && e.Retired || f.Retired == OnlyRetired && !e.Retired)
	return last, n
}

// page returns the hits that stand on the page.
func (f *finder) page() []Hit {
	if f.best.n == 0 {
		return nil // so far behind the last that it cannot be said
	}
	all := f.best.all()
	return hits(all[min((f.Page-1)*f.PerPage, len(all)):])
}

// close returns names that may have been meant by what was typed.
func (x *Index) close(f *finder) []Hit {
	typed := f.text.squeezed
	limit := 1
	if len(typed) > 4 {
		limit = 2
	}
	if len(typed) > 8 {
		limit = 3
	}
	near := best{n: mostClose}
	for _, repository := range f.In {
		s := x.shards[repository.Name]
		if s == nil || !f.opens(repository) {
			continue
		}
		for _, n := range s.alike(typed) {
			e, d := s.entries[n], &s.downloads[n]
			if far := distance(typed, e.squeezed, limit); far <= limit {
				const apart = 1000 // more than any popularity
				near.add(ranked{Entry: e, downloads: d, public: repository.Public, rank: d.points - float64(apart*far)})
			}
		}
	}
	return hits(near.all())
}

package catalog

import (
	"cmp"
	"slices"

	"hexhub/hex/name"
	"hexhub/internal/kernel/store"
)

// A Sort is an order of packages, under the name that the Hex API has for it. Any other text means the
// order of rows: by repository, then name.
type Sort string

// The orders. All but the first are descending; equals follow by name.
const (
	ByName            Sort = "name"
	ByInserted        Sort = "inserted_at"
	ByUpdated         Sort = "updated_at"
	ByRecentDownloads Sort = "recent_downloads"
	ByTotalDownloads  Sort = "total_downloads"
	ByDownloads       Sort = "downloads" // the old name of total_downloads
)

// MaxPerPage is how many packages a page has at most, and if nobody says otherwise.
const MaxPerPage = 100

// A Query asks for a page of packages.
type Query struct {
	// Repositories are those to look in. The caller has made sure that the viewer may look there:
	// nothing of any other is found or counted.
	Repositories []name.Repository
	Search       string // see ParseSearch
	Sort         Sort
	Page         int // from 1; less means 1
	PerPage      int // at most MaxPerPage, which less than 1 means too
}

// List returns the page of packages that the query asks for, and how many there are on all pages. A page
// beyond the last is empty. The View remembers all packages of the repositories.
func (c *Catalog) List(v *store.View, q Query) (page []Package, total int) {
	search := ParseSearch(q.Search)
	if search.UpdatedAfter != nil {
		q.Sort = ascendingUpdated
	}
	var found []hit
	var p Package // one for all, since its address is handed on
	for _, r := range q.Repositories {
		rank := c.rank(v, r, q.Sort)
		for p = range In(v, r) {
			if search.Match(&p, c.o.DefaultRepository) {
				found = append(found, hit{p.Ref(), rank(&p)})
			}
		}
	}
	if q.Sort != "" {
		slices.SortFunc(found, hit.compare)
	}
	for _, h := range paged(found, q.Page, q.PerPage) {
		p, _ := Get(v, h.ref)
		page = append(page, p)
	}
	return page, len(found)
}

// Count returns how many packages the repositories have.
func Count(v *store.View, repositories []name.Repository) (n int) {
	for _, r := range repositories {
		for range In(v, r) {
			n++
		}
	}
	return n
}

// A hit is a package that was found, and where it stands: the greater the rank, the sooner.
type hit struct {
	ref  Ref
	rank int64
}

func (h hit) compare(other hit) int {
	if c := cmp.Compare(other.rank, h.rank); c != 0 {
		return c
	}
	if c := cmp.Compare(h.ref.Name.String(), other.ref.Name.String()); c != 0 {
		return c
	}
	return cmp.Compare(h.ref.Repository.String(), other.ref.Repository.String())
}

// ascendingUpdated is what a search for what is new imposes.
const ascendingUpdated Sort = "-updated_at"

// rank returns what orders the packages of the repository. Equal ranks leave them by name.
func (c *Catalog) rank(v *store.View, repository name.Repository, s Sort) func(*Package) int64 {
	var count func(*store.View, name.Repository) map[name.Package]int64
	switch s {
	case ByInserted:
		return func(p *Package) int64 { return p.InsertedAt.UnixMicro() }
	case ByUpdated:
		return func(p *Package) int64 { return p.UpdatedAt.UnixMicro() }
	case ascendingUpdated:
		return func(p *Package) int64 { return -p.UpdatedAt.UnixMicro() }
	case ByRecentDownloads:
		count = c.o.Recent
	case ByTotalDownloads, ByDownloads:
		count = c.o.Total
	}
	if count == nil {
		return func(*Package) int64 { return 0 }
	}
	counts := count(v, repository)
	return func(p *Package) int64 { return counts[p.Name] }
}

func paged(found []hit, page, perPage int) []hit {
	if perPage < 1 || perPage > MaxPerPage {
		perPage = MaxPerPage
	}
	page = max(page, 1)
	if page-1 > len(found)/perPage {
		return nil // and the product below could overflow
	}
	from := (page - 1) * perPage
	return found[min(from, len(found)):min(from+perPage, len(found))]
}

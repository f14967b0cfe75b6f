// Package shelf is what the registry shows of itself to everybody: what is newest, what is used most, how much
// there is, and the facts of one package in a few words.
//
// It knows the default repository only, and only as long as that is public, so that nothing private can be on it:
// whoever may see more asks the rooms that know who he is. It refuses to know how any of it looks.
//
// What is asked for all the time is kept until the rows it was read from change. Counts may be a second old, so that
// a busy registry does not count itself all day; what is newest is never old.
package shelf

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"hexhub/hex/name"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/org"
	"hexhub/internal/feature/stats"
	"hexhub/internal/kernel/store"
)

const (
	// Newest is how many releases and packages are kept as the newest.
	Newest = 50
	// Busiest is how many packages are kept as those that are downloaded most.
	Busiest = 6
	// Days is how many days of downloads an item tells of.
	Days = 30

	recount = time.Second // counts may be as old as this
)

// A Shelf is safe for concurrent use. What it keeps it can tell the View of, closed, that it was read from: saw may be
// nil.
type Shelf struct {
	db         *store.DB
	repository name.Repository

	releases kept[[]Item]
	packages kept[[]Item]
	counts   kept[Counts]
	names    kept[[]Name]
}

// New returns the shelf of the default repository.
func New(db *store.DB, repository name.Repository) *Shelf {
	return &Shelf{db: db, repository: repository, counts: kept[Counts]{rest: recount}, names: kept[[]Name]{rest: recount}}
}

// An Item is a release, or a package with its newest release.
type Item struct {
	ID         string // of the release, or of the package; no other ever has it
	Package    string
	Version    string
	About      string // in its publisher's words, perhaps empty
	Licenses   []string
	Tools      []string // it is built with, such as mix
	Publisher  string   // the user's name; empty when that is not known any more
	Retired    *catalog.Retirement
	Week       int64   // downloads of the package in the seven days that end with today
	Daily      []int64 // downloads of the package on each of the last Days, today last
	InsertedAt time.Time
	UpdatedAt  time.Time
}

// Counts are how much there is, and what of it is used most.
type Counts struct {
	Packages, Releases int
	Downloads          int64 // ever
	Busiest            []Item
}

// A Name is a package that exists, since when, and when something about it changed.
type Name struct {
	Package    string
	InsertedAt time.Time
	ChangedAt  time.Time
}

// Releases returns the newest releases, the newest first. The slice is shared.
func (s *Shelf) Releases(saw func(*store.View)) []Item { return s.releases.get(s.db, saw, s.newest) }

func (s *Shelf) newest(v *store.View) []Item {
	// A release is no newer than its package's last change: once as many as are wanted are newer than that, those of
	// the packages that follow cannot be among them.
	var found []catalog.Release
	for _, p := range s.latest(v, func(p catalog.Package) time.Time { return p.UpdatedAt }, -1) {
		if len(found) == Newest && found[Newest-1].InsertedAt.After(p.UpdatedAt) {
			break
		}
		found = append(found, catalog.Releases(v, p.Ref())...)
		slices.SortStableFunc(found, newer)
		found = found[:min(Newest, len(found))]
	}
	items := make([]Item, 0, len(found))
	for _, r := range found {
		p, _ := catalog.Get(v, r.Ref())
		items = append(items, item(v, p, r))
	}
	return items
}

func newer(a, b catalog.Release) int {
	return cmp.Or(b.InsertedAt.Compare(a.InsertedAt), strings.Compare(a.Package.String(), b.Package.String()), b.Version.Compare(a.Version))
}

// Packages returns the packages that came last, the last first. The slice is shared.
func (s *Shelf) Packages(saw func(*store.View)) []Item {
	return s.packages.get(s.db, saw, func(v *store.View) []Item {
		var items []Item
		for _, p := range s.latest(v, func(p catalog.Package) time.Time { return p.InsertedAt }, Newest) {
			items = append(items, packageItem(v, p))
		}
		return items
	})
}

// latest returns packages by a time, the latest first and equals by name; n of them, or all if n is negative.
func (s *Shelf) latest(v *store.View, of func(catalog.Package) time.Time, n int) []catalog.Package {
	if !s.public(v) {
		return nil
	}
	all := slices.SortedStableFunc(catalog.In(v, s.repository), func(a, b catalog.Package) int { return of(b).Compare(of(a)) })
	if n < 0 {
		return all
	}
	return all[:min(n, len(all))]
}

// public reports whether everybody may see what is in the repository.
func (s *Shelf) public(r store.Reader) bool {
	repository, ok := org.Resolve(r, s.repository, "")
	return ok && repository.Public
}

// Counts returns how much there is, as of the last second.
func (s *Shelf) Counts(saw func(*store.View)) Counts {
	return s.counts.get(s.db, saw, func(v *store.View) Counts {
		if !s.public(v) {
			return Counts{}
		}
		c := Counts{Packages: catalog.Count(v, []name.Repository{s.repository})}
		for range catalog.ReleasesIn(v, s.repository) {
			c.Releases++
		}
		var busiest []stats.DownloadTotal
		// Some rows may be of packages that are gone.
		busiest, c.Downloads = stats.Busiest(v, s.repository, 4*Busiest)
		for _, d := range busiest {
			if p, ok := catalog.Get(v, catalog.Ref{Repository: s.repository, Name: d.Package}); ok && len(c.Busiest) < Busiest {
				c.Busiest = append(c.Busiest, packageItem(v, p))
			}
		}
		return c
	})
}

// Names returns all packages by name, as of the last second. The slice is shared.
func (s *Shelf) Names(saw func(*store.View)) []Name {
	return s.names.get(s.db, saw, func(v *store.View) []Name {
		if !s.public(v) {
			return nil
		}
		var names []Name
		for p := range catalog.In(v, s.repository) {
			names = append(names, Name{p.Name.String(), p.InsertedAt, p.ChangedAt()})
		}
		return names
	})
}

func packageItem(v *store.View, p catalog.Package) Item {
	r, _ := catalog.GetRelease(v, p.Ref(), p.Summary.Newest())
	i := item(v, p, r)
	i.ID, i.InsertedAt = p.ID, p.InsertedAt
	return i
}

// describe says what somebody says of it.
func (i *Item) describe(m catalog.Meta) {
	i.Licenses, i.About = m.Licenses, ""
	if m.Description != nil {
		i.About = *m.Description
	}
}

func item(v *store.View, p catalog.Package, r catalog.Release) Item {
	i := Item{
		ID: r.ID, Package: p.Name.String(), Version: r.Version.String(), Tools: r.BuildTools,
		Retired: r.Retirement, InsertedAt: r.InsertedAt, UpdatedAt: r.UpdatedAt,
	}
	i.describe(p.Meta)
	if u, ok := account.Users.Get(v, r.Publisher); ok && u.Active() {
		i.Publisher = u.Username.String()
	}
	downloads, _ := stats.Package(v, p.Repository, p.Name)
	today := stats.Today()
	i.Week, i.Daily = downloads.Week(today), downloads.Series(today, Days)
	return i
}

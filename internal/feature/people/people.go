// Package people says who may be seen, and what of him: users and organizations with the packages that they
// own, as far as whoever looks may read them.
//
// It knows no more of a user than he shows to everybody. It refuses to know how a page looks.
package people

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	"hexhub/hex/name"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/depend"
	"hexhub/internal/feature/org"
	"hexhub/internal/feature/stats"
	"hexhub/internal/kernel/store"
)

// A Viewer is somebody who looks at people, at one moment. He is for one goroutine.
type Viewer struct {
	view  *store.View
	actor access.Actor
	sight *depend.Sight
}

// As returns the viewer that the actor is.
func As(v *store.View, actor access.Actor) *Viewer {
	return &Viewer{view: v, actor: actor, sight: depend.By(v, actor)}
}

// Person returns the user with the name, if the viewer may know of him.
func (s *Viewer) Person(username string) (account.User, bool) {
	u, ok := account.ByName(s.view, username)
	return u, ok && s.Knows(u)
}

// Knows reports whether the viewer may learn that the user exists. Strangers learn nothing of somebody who is
// here only for an organization.
func (s *Viewer) Knows(u account.User) bool {
	if s.actor.LoggedIn() {
		return true
	}
	for p := range catalog.OwnedBy(s.view, access.OfUser(u.ID)) {
		if s.sight.Reads(p.Repository) {
			return true
		}
	}
	for range org.Of(s.view, u.ID) {
		return false
	}
	return true
}

// An Organization is what a viewer may know of one.
type Organization struct {
	Name   name.Repository
	Inside bool // the viewer may know its members

	FullName string
	Handles  []Handle
	Members  []Member // by role, the highest first, then by name
}

// A Member is a user in an organization.
type Member struct {
	User account.User
	Role org.Role
}

// Organization returns the organization with the name, if the viewer may know of it: because he is a member, or
// because it owns a package that he may read.
func (s *Viewer) Organization(text string) (Organization, bool) {
	n, err := name.ParseRepository(text)
	if err != nil {
		return Organization{}, false
	}
	row, ok := org.Organizations.Get(s.view, n.String())
	if !ok {
		return Organization{}, false
	}
	o := Organization{Name: n, Inside: access.MayOrg(s.view, s.actor, org.Read, n) == nil, FullName: row.FullName, Handles: handles(row.URL, row.Handles)}
	if !o.Inside {
		return o, len(s.owned(access.OfOrg(n))) > 0
	}
	for userID, role := range row.Members {
		if u, ok := account.Users.Get(s.view, userID); ok {
			o.Members = append(o.Members, Member{u, role})
		}
	}
	slices.SortFunc(o.Members, func(a, b Member) int {
		if a.Role != b.Role {
			if a.Role.Includes(b.Role) {
				return -1
			}
			return 1
		}
		return strings.Compare(a.User.Username.String(), b.User.Username.String())
	})
	return o, true
}

// A Sort is an order of somebody's packages. Any other text means Popular.
type Sort string

// The orders. All but ByName are descending; equals follow by name.
const (
	Popular     Sort = "popular"   // by the downloads of 90 days
	ByDownloads Sort = "downloads" // of all time
	Newest      Sort = "newest"    // by when the package was first published
	ByName      Sort = "name"
)

// An Owned is a package that somebody owns.
type Owned struct {
	Package   catalog.Package
	Downloads stats.Views
	Days      []int64 // downloads of each day of a month, yesterday's last
}

const month = 30 // days

// Packages returns the packages of the owner that the viewer may read, in the order. Those in an organization's
// own repository are the organization's.
func (s *Viewer) Packages(owner access.Owner, by Sort) []Owned {
	all := s.owned(owner)
	slices.SortFunc(all, func(a, b Owned) int {
		return cmp.Or(
			cmp.Compare(by.rank(b), by.rank(a)),
			strings.Compare(a.Package.Name.String(), b.Package.Name.String()),
			strings.Compare(a.Package.Repository.String(), b.Package.Repository.String()),
		)
	})
	return all
}

func (by Sort) rank(o Owned) int64 {
	switch by {
	case ByDownloads:
		return o.Downloads.All
	case Newest:
		return o.Package.InsertedAt.UnixMicro()
	case ByName:
		return 0
	default:
		return o.Downloads.Recent
	}
}

func (s *Viewer) owned(owner access.Owner) []Owned {
	var all []Owned
	add := func(p catalog.Package) {
		if s.sight.Reads(p.Repository) {
			all = append(all, s.measured(p))
		}
	}
	for p := range catalog.OwnedBy(s.view, owner) {
		if p.Repository != owner.Org {
			add(p)
		}
	}
	if owner.Org != (name.Repository{}) && s.sight.Reads(owner.Org) {
		for p := range catalog.In(s.view, owner.Org) {
			add(p)
		}
	}
	return all
}

func (s *Viewer) measured(p catalog.Package) Owned {
	o := Owned{Package: p, Downloads: stats.Downloads(s.view, p.Repository, p.Name)}
	row, _ := stats.Package(s.view, p.Repository, p.Name)
	o.Days = row.Series(stats.Today()-1, month)
	return o
}

// Retired reports whether the newest version of the package is.
func (s *Viewer) Retired(p catalog.Package) bool {
	r, _ := catalog.GetRelease(s.view, p.Ref(), p.Summary.Newest())
	return r.Retirement != nil
}

// Private reports whether the package is in a repository that not everybody may read.
func (s *Viewer) Private(p catalog.Package) bool {
	r, _ := org.Repositories.Get(s.view, p.Repository.String())
	return !r.Public
}

// Sum adds the downloads of packages up.
func Sum(all []Owned) (sum stats.Views) {
	for _, o := range all {
		sum.Day += o.Downloads.Day
		sum.Week += o.Downloads.Week
		sum.Recent += o.Downloads.Recent
		sum.All += o.Downloads.All
	}
	return sum
}

// A Handle is what somebody is called elsewhere.
type Handle struct {
	Service string // as people call it
	Text    string
	URL     string // empty where there is no page of his
}

// handlePages are the services that users may name, in the order in which they are shown, with the addresses
// before the handle.
var handlePages = []struct{ key, service, before string }{
	{"github", "GitHub", "https://github.com/"},
	{"elixirforum", "Elixir Forum", "https://elixirforum.com/u/"},
	{"bluesky", "Bluesky", "https://bsky.app/profile/"},
	{"twitter", "X", "https://x.com/"},
	{"freenode", "Libera", ""},
	{"slack", "Elixir Slack", ""},
}

// Handles returns where else the user says that he is known. Whatever he wrote as his handle, an address leads
// to the service that it is said to.
func Handles(u account.User) []Handle { return handles(u.URL, u.Handles) }

func handles(page string, named map[string]string) (all []Handle) {
	if page != "" {
		_, bare, _ := strings.Cut(page, "://")
		all = append(all, Handle{Service: "Web site", Text: strings.TrimSuffix(bare, "/"), URL: page})
	}
	for _, p := range handlePages {
		text := named[p.key]
		if text == "" {
			continue
		}
		h := Handle{Service: p.service, Text: text}
		if p.before != "" && !strings.Contains(text, "/") && text != "." && text != ".." {
			h.URL = p.before + url.PathEscape(text)
		}
		all = append(all, h)
	}
	return all
}

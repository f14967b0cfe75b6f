package catalog

import (
	"slices"
	"strings"
	"time"

	"hexhub/hex/name"
	"hexhub/hex/version"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/mail"
	"hexhub/internal/feature/org"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
)

// Options are what a Catalog may be told. The zero value works for tests of organizations.
type Options struct {
	DefaultRepository name.Repository // where a dependency is looked for after its own repository
	Mail              *mail.Mail      // nil tells owners nothing

	// Recent and Total return the downloads of the packages of a repository, to sort lists by. Without
	// them such lists are sorted by name.
	Recent, Total func(v *store.View, repository name.Repository) map[name.Package]int64
}

// A Catalog does what is done to packages and releases. It is safe for concurrent use.
type Catalog struct {
	db *store.DB
	o  Options
}

// New returns the catalog kept in db, which must have been opened with Tables and those of the rooms
// below.
func New(db *store.DB, o Options) *Catalog { return &Catalog{db: db, o: o} }

// now is the time of a deed, as rows keep it.
func now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

func notFound() error { return fault.New(fault.NotFound, "Page not found") }

// ThingOf returns the package as access judges it. A package whose last release was reverted is still
// there for this purpose, with the owners it had: else anybody could take its name.
func ThingOf(r store.Reader, repository org.Repository, pkg name.Package) access.Thing {
	ref := Ref{repository.Name, pkg}
	t := access.Thing{Repository: repository, Package: pkg}
	var owners []Owner
	if p, ok := packages.Get(r, ref.Key()); ok {
		t.Exists, owners = true, p.Owners
	} else if grave, ok := tombstones.Get(r, ref.Key()); ok {
		t.Exists, owners = true, grave.Owners
	}
	if len(owners) > 0 {
		t.Owners = make(map[string]access.Level, len(owners))
		for _, o := range owners {
			t.Owners[o.Subject().String()] = o.Level
		}
	}
	return t
}

// MayPublish tells, before a tarball is read, why the actor may not publish the package, or nil. Publish
// asks again. The zero repository stands for one that does not exist.
func (c *Catalog) MayPublish(r store.Reader, actor access.Actor, repository org.Repository, pkg name.Package) error {
	return access.May(r, actor, access.Write, ThingOf(r, repository, pkg))
}

// target returns the package that the actor wants to change. In a public repository a package that is
// not there is not found before rights are asked, as on hex.pm; in a private one nobody learns what is
// not there before he may.
func target(r store.Reader, actor access.Actor, v access.Verb, ref Ref) (org.Repository, Package, error) {
	repository, _ := org.Repositories.Get(r, ref.Repository.String())
	p, ok := packages.Get(r, ref.Key())
	if !ok && repository.Public {
		return repository, p, notFound()
	}
	if err := access.May(r, actor, v, ThingOf(r, repository, ref.Name)); err != nil {
		return repository, p, err
	}
	if !ok {
		return repository, p, notFound()
	}
	return repository, p, nil
}

// targetRelease is target for a release, which its owners of any level may change.
func targetRelease(r store.Reader, actor access.Actor, ref Ref, ver version.Version) (org.Repository, Package, Release, error) {
	rel, ok := GetRelease(r, ref, ver)
	repository, p, err := target(r, actor, access.Write, ref)
	if !ok && (err == nil || repository.Public) {
		err = notFound()
	}
	return repository, p, rel, err
}

// summarize returns the summary of the package's releases as they are within tx, and whether there are
// any. It guards their whole set, so that two changes of it never pass each other.
func summarize(tx *store.Tx, ref Ref) (Summary, bool) {
	rs := Releases(tx, ref)
	if len(rs) == 0 {
		return Summary{}, false
	}
	versions := func(yield func(version.Version) bool) {
		for _, r := range rs {
			if !yield(r.Version) {
				return
			}
		}
	}
	var s Summary
	s.Latest, _ = version.Latest(versions)
	s.Stable, _ = version.LatestStable(versions)
	for _, r := range rs {
		s.BuildTools = append(s.BuildTools, r.BuildTools...)
		s.Needs = append(s.Needs, r.needs()...)
		if r.Version == s.Newest() {
			s.Depends = r.needs()
		}
	}
	s.BuildTools, s.Needs, s.Depends = distinct(s.BuildTools), distinct(s.Needs), distinct(s.Depends)
	return s, true
}

// needs lists the packages that the release requires, save its own.
func (r Release) needs() []string {
	var refs []string
	for _, req := range r.Requirements {
		if req.Ref() != r.Ref() {
			refs = append(refs, req.Ref().String())
		}
	}
	return refs
}

func distinct(texts []string) []string {
	slices.SortFunc(texts, strings.Compare)
	return slices.Compact(texts)
}

// Readable returns those of the Visible repositories that the actor may look into with the credential that he shows.
func (c *Catalog) Readable(v *store.View, actor access.Actor) []org.Repository {
	return slices.DeleteFunc(c.Visible(v, actor), func(r org.Repository) bool {
		return !r.Public && access.May(v, actor, access.Read, access.Thing{Repository: r}) != nil
	})
}

// Visible returns the repositories whose packages the actor is shown when he asks for no particular
// one: the default one first, then those of his organizations by name.
func (c *Catalog) Visible(v *store.View, actor access.Actor) []org.Repository {
	var seen []org.Repository
	add := func(n name.Repository) {
		if r, ok := org.Repositories.Get(v, n.String()); ok {
			seen = append(seen, r)
		}
	}
	add(c.o.DefaultRepository)
	if actor.Org != (name.Repository{}) {
		add(actor.Org)
	}
	if actor.User.ID != "" {
		for o := range org.Of(v, actor.User.ID) {
			add(o.Name)
		}
	}
	return seen
}

// Package index derives the signed files of a repository from the catalog: the names of its packages,
// their versions, the releases of each, and the dependency policies of its organization.
//
// It knows which rows a file is made of, and for how long what it made may be served. It refuses to
// know who may read a file (a private one is derived like any other: ask access first), how it is
// sent, and how it is encoded and signed, which is hex/registry's.
//
// A file is a pure function of a [store.View] and is kept beside it, so it is made anew exactly when a
// row that it was made of has changed. Nobody ever tells the index that something happened; it writes
// nothing but its own signing key, once.
package index

import (
	"cmp"
	"fmt"
	"time"

	"hexhub/hex/name"
	"hexhub/hex/registry"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/kernel/store"
)

// lull is for how long a list may be served after one of its packages has changed. Every publish
// changes both lists of its repository, and the list of many versions takes long to make.
const lull = 200 * time.Millisecond

// Options are what an Index may be told. The zero value works.
type Options struct {
	CacheBytes int64 // of files that are kept; zero means 256 MiB
}

// An Index makes signed files and keeps those asked for last. It is safe for concurrent use.
type Index struct {
	db          *store.DB
	signer      *registry.Signer
	publicPEM   []byte
	fingerprint string
	cache       *cache
}

// New returns an index of what db holds, signed by signer.
func New(db *store.DB, signer *registry.Signer, o Options) (*Index, error) {
	public, err := signer.Public().PEM()
	if err != nil {
		return nil, err
	}
	return &Index{
		db: db, signer: signer, publicPEM: public, fingerprint: signer.Public().Fingerprint(),
		cache: newCache(cmp.Or(o.CacheBytes, 256<<20)),
	}, nil
}

// PublicPEM returns the key that clients check the files with, as one SPKI entry. The slice is shared:
// do not change it.
func (x *Index) PublicPEM() []byte { return x.publicPEM }

// Fingerprint returns that key's fingerprint as mix hex.repo add --fetch-public-key takes it.
func (x *Index) Fingerprint() string { return x.fingerprint }

// A File is a signed file and the time of the last change to what it tells, which is zero if that is
// nothing. Its bytes are shared: do not change them.
type File struct {
	registry.File
	Modified time.Time
	Public   bool // of a policy: everybody may fetch it. Whether the others are, their repository says
}

// Package returns the file of a package, as of now: whoever has just published sees it here. It
// returns false if there is no such package.
func (x *Index) Package(ref catalog.Ref) (File, bool, error) {
	k := key{kind: packageFile, ref: ref}
	if d := x.cache.get(k); d != nil && d.isFresh() {
		return d.File, true, nil
	}
	return x.derive(k, (*derived).isFresh, x.derivePackage)
}

// Names returns the list of the repository's packages, at most 200 ms behind the tables unless it
// must show the revision since. A repository that does not exist has an empty list.
func (x *Index) Names(repository name.Repository, since store.Revision) (File, error) {
	return x.list(key{kind: namesFile, ref: catalog.Ref{Repository: repository}}, since, x.deriveNames)
}

// Versions returns the list of all versions in the repository; see Names for how old it may be.
func (x *Index) Versions(repository name.Repository, since store.Revision) (File, error) {
	return x.list(key{kind: versionsFile, ref: catalog.Ref{Repository: repository}}, since, x.deriveVersions)
}

func (x *Index) list(k key, since store.Revision, d derivation) (File, error) {
	serves := func(d *derived) bool { return d.servesList(since) }
	if d := x.cache.get(k); d != nil && serves(d) {
		return d.File, nil
	}
	f, _, err := x.derive(k, serves, d)
	return f, err
}

// A derivation makes the file that a key names from what v shows, and returns nil if there is none.
// It may use the parts of the file that it made last, which is nil if that is forgotten.
type derivation func(v *store.View, k key, last *derived) (*derived, error)

// derive makes a file and keeps it, unless another caller has meanwhile made one that serves. Callers
// of one file take turns, so that a crowd that finds it stale costs one signature.
func (x *Index) derive(k key, serves func(*derived) bool, make derivation) (File, bool, error) {
	s := x.cache.slot(k)
	s.turn.Lock()
	defer s.turn.Unlock()
	last := s.now.Load()
	if last != nil && serves(last) {
		return last.File, true, nil
	}
	v := x.db.View()
	d, err := make(v, k, last)
	v.Close()
	if err != nil || d == nil {
		x.cache.drop(k, s)
		return File{}, false, err
	}
	d.view, d.at = v, time.Now()
	x.cache.keep(k, s, d)
	return d.File, true, nil
}

// derivePackage needs nothing but the releases: a package that has none has no file.
func (x *Index) derivePackage(v *store.View, k key, _ *derived) (*derived, error) {
	p, ok := catalog.Get(v, k.ref)
	releases := catalog.Releases(v, k.ref)
	if !ok || len(releases) == 0 {
		return nil, nil
	}
	f, err := x.signer.Package(packageOf(p, releases))
	if err != nil {
		return nil, fmt.Errorf("derive registry file: %w", err)
	}
	return &derived{File: File{File: f, Modified: p.UpdatedAt}}, nil
}

func packageOf(p catalog.Package, releases []catalog.Release) registry.Package {
	out := registry.Package{Repository: p.Repository.String(), Name: p.Name.String()}
	out.Releases = make([]registry.Release, len(releases))
	for i, r := range releases {
		out.Releases[i] = releaseOf(r)
	}
	return out
}

func releaseOf(r catalog.Release) registry.Release {
	out := registry.Release{
		Version:       r.Version.String(),
		InnerChecksum: r.Inner,
		OuterChecksum: r.Outer,
		PublishedAt:   r.InsertedAt,
		Dependencies:  make([]registry.Dependency, len(r.Requirements)),
	}
	for i, d := range r.Requirements {
		out.Dependencies[i] = registry.Dependency{
			Package: d.Package.String(), Requirement: d.Requirement, Optional: d.Optional,
			App: d.App, Repository: d.Repository.String(),
		}
	}
	if r.Retirement != nil {
		out.Retirement = &registry.Retirement{Reason: reasons[r.Retirement.Reason], Message: r.Retirement.Message}
	}
	return out
}

// reasons has "other" for what a newer binary of the cluster may know.
var reasons = map[catalog.Reason]registry.Reason{
	catalog.Other:      registry.ReasonOther,
	catalog.Invalid:    registry.ReasonInvalid,
	catalog.Security:   registry.ReasonSecurity,
	catalog.Deprecated: registry.ReasonDeprecated,
	catalog.Renamed:    registry.ReasonRenamed,
}

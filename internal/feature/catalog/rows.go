package catalog

import (
	"context"
	"encoding/json"
	"iter"
	"slices"
	"strings"
	"time"

	"hexhub/hex/name"
	"hexhub/hex/tarball"
	"hexhub/hex/version"
	"hexhub/internal/feature/access"
	"hexhub/internal/kernel/store"
)

// A Ref names a package.
type Ref struct {
	Repository name.Repository
	Name       name.Package
}

// Key returns the key of the package's row. Neither name can hold a slash, so no two packages share
// one, and none is a part of another's.
func (r Ref) Key() string { return store.Path(r.Repository.String(), r.Name.String()) }

// String returns the ref as REPOSITORY/NAME, for people and for the audit log.
func (r Ref) String() string { return r.Repository.String() + "/" + r.Name.String() }

func (r Ref) releaseKey(v version.Version) string {
	return store.Path(r.Repository.String(), r.Name.String(), v.String())
}

// A Package is what belongs to all releases of a name. There is one only while it has a release.
type Package struct {
	ID         string          `json:"id"`
	Repository name.Repository `json:"repository"`
	Name       name.Package    `json:"name"`
	Owners     []Owner         `json:"owners,omitempty"` // none are needed in a private repository
	Meta       Meta            `json:"meta"`
	Summary    Summary         `json:"summary"`
	InsertedAt time.Time       `json:"inserted_at"`
	UpdatedAt  time.Time       `json:"updated_at"` // moved by publish, revert, retire and unretire

	DocsUpdatedAt time.Time `json:"docs_updated_at,omitzero"` // moved when documentation comes or goes

	BadgeSecret string    `json:"badge_secret,omitempty"` // shows badges of a private package to whoever has it; see ShareBadges
	RemovingAt  time.Time `json:"removing_at,omitzero"`   // when an administrator last began to remove a release
}

// ChangedAt returns when what clients are shown of the package was last changed.
func (p Package) ChangedAt() time.Time {
	if p.DocsUpdatedAt.After(p.UpdatedAt) {
		return p.DocsUpdatedAt
	}
	return p.UpdatedAt
}

// Ref returns the package's name.
func (p Package) Ref() Ref { return Ref{p.Repository, p.Name} }

// Meta describes a package in its publisher's words, from the tarball published last.
type Meta struct {
	Description *string           `json:"description,omitempty"` // nil when absent
	Licenses    []string          `json:"licenses,omitempty"`
	Links       map[string]string `json:"links,omitempty"`
	Maintainers []string          `json:"maintainers,omitempty"`
	Extra       json.RawMessage   `json:"extra,omitempty"` // an object; nil when absent. For search only
}

// A Summary is what lists and searches ask of a package's releases. It is kept in the package's row so
// that they need not read 250,000 others.
type Summary struct {
	Latest     version.Version `json:"latest"`               // pre-releases included
	Stable     version.Version `json:"stable,omitzero"`      // zero when there are only pre-releases
	BuildTools []string        `json:"build_tools,omitzero"` // of any release, sorted
	Depends    []string        `json:"depends,omitzero"`     // REPOSITORY/NAME that the newest release needs, stable preferred; sorted
	Needs      []string        `json:"needs,omitzero"`       // REPOSITORY/NAME that any release needs, save the package itself; sorted
}

// Newest returns the latest stable version, or the latest of all when there is no stable one.
func (s Summary) Newest() version.Version {
	if s.Stable != (version.Version{}) {
		return s.Stable
	}
	return s.Latest
}

// An Owner is a user or an organization; one of UserID and Org is set.
type Owner struct {
	UserID string          `json:"user_id,omitempty"`
	Org    name.Repository `json:"org,omitzero"`
	Level  access.Level    `json:"level"`
}

// Subject returns who it is, without the level.
func (o Owner) Subject() access.Owner { return access.Owner{UserID: o.UserID, Org: o.Org} }

// A Release is one published version. Its tarball is the blob whose hash is Outer.
type Release struct {
	ID           string          `json:"id"`
	Repository   name.Repository `json:"repository"`
	Package      name.Package    `json:"package"`
	Version      version.Version `json:"version"`
	Inner        tarball.Sum     `json:"inner"`
	Outer        tarball.Sum     `json:"outer"`
	Size         int64           `json:"size"` // bytes of the tarball
	App          string          `json:"app"`
	BuildTools   []string        `json:"build_tools"`
	Elixir       string          `json:"elixir,omitempty"`       // requirement as published
	Requirements []Requirement   `json:"requirements,omitempty"` // by repository, then package
	Retirement   *Retirement     `json:"retirement,omitempty"`
	Docs         *Docs           `json:"docs,omitempty"`      // nil when there is none
	Publisher    string          `json:"publisher,omitempty"` // user ID; empty when an organization's key published
	InsertedAt   time.Time       `json:"inserted_at"`         // kept when the version is replaced
	UpdatedAt    time.Time       `json:"updated_at"`
}

// Ref returns the name of the release's package.
func (r Release) Ref() Ref { return Ref{r.Repository, r.Package} }

// HasDocs reports whether the release has documentation.
func (r Release) HasDocs() bool { return r.Docs != nil }

// Docs is the documentation of a release: the blob of a compressed archive.
type Docs struct {
	Hash      tarball.Sum `json:"hash"`
	Size      int64       `json:"size"` // bytes of the archive
	UpdatedAt time.Time   `json:"updated_at"`
}

// A Requirement is a dependency with the repository in which it was found. That is the release's own,
// the default one, or hexpm when this server hosts no such package.
type Requirement struct {
	Package     name.Package    `json:"package"`
	Repository  name.Repository `json:"repository"`
	Requirement string          `json:"requirement"` // as published, and known to be valid
	App         string          `json:"app"`
	Optional    bool            `json:"optional,omitempty"`
}

// Ref returns the name of the package that is required.
func (r Requirement) Ref() Ref { return Ref{r.Repository, r.Package} }

// A Retirement says why a release should no longer be chosen.
type Retirement struct {
	Reason  Reason `json:"reason"`
	Message string `json:"message,omitempty"`
}

// A Reason is why a release was retired.
type Reason string

// The reasons that Hex knows.
const (
	Other      Reason = "other"
	Invalid    Reason = "invalid"
	Security   Reason = "security"
	Deprecated Reason = "deprecated"
	Renamed    Reason = "renamed"
)

// Reasons are all there are, as policies number them.
var Reasons = []Reason{Other, Invalid, Security, Deprecated, Renamed}

// ReleaseMeta is what a release's metadata says besides what the release's row holds. The list of
// files is left out: the tarball has it, and it may be long.
type ReleaseMeta struct {
	Repository name.Repository  `json:"repository"`
	Package    name.Package     `json:"package"`
	Version    version.Version  `json:"version"`
	Metadata   tarball.Metadata `json:"metadata"`
	Unpacked   int64            `json:"unpacked"` // bytes of the contents after decompression
}

// A Tombstone keeps the name of a reverted version, or of a package whose last release was reverted,
// from everybody but those who owned it.
type Tombstone struct {
	Repository name.Repository `json:"repository"`
	Package    name.Package    `json:"package"`
	Version    version.Version `json:"version,omitzero"` // zero for the package itself
	ID         string          `json:"id"`               // of what was reverted
	Owners     []Owner         `json:"owners,omitempty"` // of the package, when it went
	InsertedAt time.Time       `json:"inserted_at"`      // of what was reverted: windows count from here
	RevertedAt time.Time       `json:"reverted_at"`
}

// A Kept blob was the tarball or the documentation of a release, and was replaced or reverted. It stays
// for a while, in case that was a mistake or an attack.
type Kept struct {
	Hash       tarball.Sum     `json:"outer"`
	Repository name.Repository `json:"repository"`
	Package    name.Package    `json:"package"`
	Version    version.Version `json:"version"`
	Until      time.Time       `json:"until"`
}

// A Reserved name is kept from publishing by an administrator, in every repository: a whole package,
// or one version of it.
type Reserved struct {
	Package    name.Package    `json:"package"`
	Version    version.Version `json:"version,omitzero"` // zero for the whole package
	InsertedAt time.Time       `json:"inserted_at"`
}

var (
	packages = store.NewTable("package", func(p Package) string { return p.Ref().Key() })
	owned    = packages.Index("owner", func(p Package) []string {
		subjects := make([]string, len(p.Owners))
		for i, o := range p.Owners {
			subjects[i] = o.Subject().String()
		}
		return subjects
	})
	needed = packages.Index("needs", func(p Package) []string { return p.Summary.Needs })

	releases  = store.NewTable("release", func(r Release) string { return r.Ref().releaseKey(r.Version) })
	ofPackage = releases.Group("package", func(r Release) []string { return []string{r.Ref().Key()} })

	releaseMeta = store.NewCold("release-meta", func(m ReleaseMeta) string {
		return Ref{m.Repository, m.Package}.releaseKey(m.Version)
	})
	tombstones = store.NewTable("tombstone", func(t Tombstone) string {
		return Ref{t.Repository, t.Package}.tombstoneKey(t.Version)
	})
	kept     = store.NewTable("kept-blob", func(k Kept) string { return k.Hash.String() })
	reserved = store.NewTable("reserved", func(r Reserved) string { return reservedKey(r.Package, r.Version) })
)

// Tables are the tables of this package.
var Tables = store.Schema{packages, releases, releaseMeta, tombstones, kept, reserved}

func (r Ref) tombstoneKey(v version.Version) string {
	if v == (version.Version{}) {
		return r.Key()
	}
	return r.releaseKey(v)
}

func reservedKey(p name.Package, v version.Version) string {
	if v == (version.Version{}) {
		return p.String()
	}
	return store.Path(p.String(), v.String())
}

// Metadata returns the metadata of the release of that version. It fails when the log cannot be read.
func Metadata(ctx context.Context, r store.Reader, ref Ref, v version.Version) (ReleaseMeta, bool, error) {
	return releaseMeta.Get(ctx, r, ref.releaseKey(v))
}

// Get returns the package.
func Get(r store.Reader, ref Ref) (Package, bool) { return packages.Get(r, ref.Key()) }

// GetRelease returns the release of that version.
func GetRelease(r store.Reader, ref Ref, v version.Version) (Release, bool) {
	return releases.Get(r, ref.releaseKey(v))
}

// Releases returns the releases of a package in ascending precedence. The slice is the caller's.
func Releases(r store.Reader, ref Ref) []Release {
	return slices.SortedFunc(ofPackage.In(r, ref.Key()), func(a, b Release) int { return a.Version.Compare(b.Version) })
}

// All yields the packages of all repositories, by repository and name.
func All(v *store.View) iter.Seq[Package] { return packages.All(v) }

// Changed returns the packages that came, went or changed after the revision and up to the moment of the View,
// some perhaps twice, and false if that is no longer known. The View does not remember it.
func Changed(v *store.View, after store.Revision) ([]Ref, bool) {
	keys, known := packages.Changed(v, after)
	refs := make([]Ref, 0, len(keys))
	for _, key := range keys {
		in, pkg, _ := strings.Cut(key, "/")
		r, err := name.ParseRepository(in)
		if err != nil {
			return nil, false // no row has such a key
		}
		n, err := name.ParsePackage(pkg)
		if err != nil {
			return nil, false
		}
		refs = append(refs, Ref{r, n})
	}
	return refs, known
}

// In yields the packages of a repository by name.
func In(v *store.View, repository name.Repository) iter.Seq[Package] {
	return packages.Prefix(v, repository.String()+"/")
}

// ReleasesIn yields the releases of a repository by the name of their package; those of one package
// come together, in no order of precedence.
func ReleasesIn(v *store.View, repository name.Repository) iter.Seq[Release] {
	return releases.Prefix(v, repository.String()+"/")
}

// OwnedBy yields the packages that name the owner, by repository and name. Those in an organization's
// own repository need not name it.
func OwnedBy(v *store.View, owner access.Owner) iter.Seq[Package] {
	return owned.Each(v, owner.String())
}

// Dependants yields the other packages of which some release requires ref, by repository and name. It
// does not ask who is looking.
func Dependants(v *store.View, ref Ref) iter.Seq[Package] { return needed.Each(v, ref.String()) }

package ops

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"hexhub/hex/name"
	"hexhub/hex/version"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/depend"
	"hexhub/internal/feature/org"
	"hexhub/internal/feature/people"
	"hexhub/internal/feature/stats"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
)

// A Package is one as operators see it.
type Package struct {
	Ref        string    `json:"ref"` // REPOSITORY/NAME
	Latest     string    `json:"latest"`
	Owners     []Owner   `json:"owners"`               // none where its organization is above it
	Releases   []Release `json:"releases,omitempty"`   // the newest first; only of one package
	Dependents int       `json:"dependents,omitempty"` // packages that depend on it; only of one package
	InsertedAt time.Time `json:"inserted_at"`
	UpdatedAt  time.Time `json:"updated_at"`
}

// An Owner of a package, by the name that people know.
type Owner struct {
	Name  string       `json:"name"`
	Org   bool         `json:"organization,omitempty"`
	Level access.Level `json:"level"`
}

// A Release is one version of a package.
type Release struct {
	Version    string              `json:"version"`
	Size       int64               `json:"size"` // bytes of the tarball
	Docs       bool                `json:"docs,omitempty"`
	Downloads  int64               `json:"downloads"` // ever
	Retirement *catalog.Retirement `json:"retirement,omitempty"`
	InsertedAt time.Time           `json:"inserted_at"`
}

func packageOf(r store.Reader, p catalog.Package) Package {
	out := Package{Ref: p.Ref().String(), Latest: p.Summary.Latest.String(), Owners: []Owner{}, InsertedAt: p.InsertedAt, UpdatedAt: p.UpdatedAt}
	for _, o := range people.OwnersOf(r, p) {
		out.Owners = append(out.Owners, Owner{o.Name, o.Org(), o.Level})
	}
	return out
}

func releasesOf(v *store.View, ref catalog.Ref) (out []Release) {
	for _, r := range slices.Backward(catalog.Releases(v, ref)) {
		fetched, _ := stats.Release(v, r.Repository, r.Package, r.Version)
		out = append(out, Release{
			Version: r.Version.String(), Size: r.Size, Docs: r.HasDocs(), Downloads: fetched.Total, Retirement: r.Retirement, InsertedAt: r.InsertedAt,
		})
	}
	return out
}

// Packages are a page of what was searched for in all repositories.
type Packages struct {
	Packages []Package `json:"packages"`
	Total    int       `json:"total"` // on all pages
}

func (o *Ops) packages(r *http.Request) (any, error) {
	v, q := o.DB.View(), r.URL.Query()
	query := catalog.Query{Repositories: org.AllNames(v), Search: q.Get("search"), Sort: catalog.ByName}
	if text := q.Get("page"); text != "" {
		var err error
		if query.Page, err = strconv.Atoi(text); err != nil {
			return nil, fault.New(fault.Malformed, "page must be a number, not %q", text)
		}
	}
	found, total := o.Catalog.List(v, query)
	out := Packages{Packages: []Package{}, Total: total}
	for _, p := range found {
		out.Packages = append(out.Packages, packageOf(v, p))
	}
	return out, nil
}

// pkg finds the package that the query names as REPOSITORY/NAME, or as NAME in the default repository.
func (o *Ops) pkg(r *http.Request) (catalog.Package, error) {
	v, asked := o.DB.View(), r.URL.Query().Get("package")
	absent := fault.New(fault.NotFound, "there is no package called %q", asked)
	in, called, qualified := strings.Cut(asked, "/")
	if !qualified {
		in, called = "", asked
	}
	n, err := name.ParsePackage(called)
	if err != nil {
		return catalog.Package{}, absent
	}
	def, err := name.ParseRepository(o.Registry.Repository)
	if err != nil {
		return catalog.Package{}, err
	}
	repository, ok := org.Resolve(v, def, in)
	if !ok {
		return catalog.Package{}, absent
	}
	found, ok := catalog.Get(v, catalog.Ref{Repository: repository.Name, Name: n})
	if !ok {
		return found, absent
	}
	return found, nil
}

func (o *Ops) showPackage(r *http.Request) (any, error) {
	found, err := o.pkg(r)
	if err != nil {
		return nil, err
	}
	return o.shown(found), nil
}

// shown is the package with its releases, as it is now.
func (o *Ops) shown(was catalog.Package) Package {
	v := o.DB.View()
	now, ok := catalog.Get(v, was.Ref())
	if !ok {
		now = was // its last release went
	}
	out := packageOf(v, now)
	out.Releases = releasesOf(v, was.Ref())
	out.Dependents = depend.By(v, access.SystemActor("hexhub package show")).CountDependents(was.Ref())
	return out
}

// moderate does something to the package that the query names, for the reason that it names.
func (o *Ops) moderate(r *http.Request, do func(a access.Actor, ref catalog.Ref) error) (any, error) {
	found, err := o.pkg(r)
	if err != nil {
		return nil, err
	}
	by, err := actor(r).Because(r.URL.Query().Get("reason"))
	if err != nil {
		return nil, err
	}
	if err := do(by, found.Ref()); err != nil {
		return nil, err
	}
	return o.shown(found), nil
}

// moderateRelease is moderate for the version that the query names.
func (o *Ops) moderateRelease(r *http.Request, do func(a access.Actor, ref catalog.Ref, v version.Version) error) (any, error) {
	return o.moderate(r, func(a access.Actor, ref catalog.Ref) error {
		text := r.URL.Query().Get("version")
		v, err := version.Parse(text)
		if err == nil {
			if _, ok := catalog.GetRelease(o.DB.View(), ref, v); ok {
				return do(a, ref, v)
			}
		}
		return fault.New(fault.NotFound, "%s has no version %q", ref, text)
	})
}

func (o *Ops) retire(r *http.Request) (any, error) {
	t, err := decode[catalog.Retirement](r)
	if err != nil {
		return nil, err
	}
	return o.moderateRelease(r, func(a access.Actor, ref catalog.Ref, v version.Version) error {
		return o.Catalog.Retire(r.Context(), a, ref, v, t)
	})
}

func (o *Ops) unretire(r *http.Request) (any, error) {
	return o.moderateRelease(r, func(a access.Actor, ref catalog.Ref, v version.Version) error {
		return o.Catalog.Unretire(r.Context(), a, ref, v)
	})
}

func (o *Ops) removeRelease(r *http.Request) (any, error) {
	return o.moderateRelease(r, func(a access.Actor, ref catalog.Ref, v version.Version) error {
		return o.Catalog.Remove(r.Context(), a, ref, v)
	})
}

// An OwnerDraft is what somebody is to be for a package.
type OwnerDraft struct {
	Level    access.Level `json:"level"`
	Transfer bool         `json:"transfer,omitempty"` // all others cease to be owners
}

func (o *Ops) setOwner(r *http.Request) (any, error) {
	d, err := decode[OwnerDraft](r)
	if err != nil {
		return nil, err
	}
	login := r.URL.Query().Get("owner")
	return o.moderate(r, func(a access.Actor, ref catalog.Ref) error {
		err := o.Catalog.SetOwner(r.Context(), a, ref, login, d.Level, d.Transfer)
		if fault.Is(err, fault.NotFound) {
			return fault.New(fault.NotFound, "%q is neither a user nor an organization here", login)
		}
		return err
	})
}

func (o *Ops) removeOwner(r *http.Request) (any, error) {
	login := r.URL.Query().Get("owner")
	return o.moderate(r, func(a access.Actor, ref catalog.Ref) error {
		err := o.Catalog.RemoveOwner(r.Context(), a, ref, login)
		if fault.Is(err, fault.NotFound) {
			return fault.New(fault.NotFound, "%q is no owner of %s", login, ref)
		}
		return err
	})
}

// A Reservation keeps everybody from publishing a new package of a name, or one version of it.
type Reservation struct {
	Name       string    `json:"name"`
	Version    string    `json:"version,omitempty"` // empty for the whole name
	InsertedAt time.Time `json:"inserted_at"`
}

func (o *Ops) reservations(*http.Request) (any, error) {
	out := []Reservation{}
	for _, k := range catalog.AllReserved(o.DB.View()) {
		line := Reservation{Name: k.Package.String(), InsertedAt: k.InsertedAt}
		if k.Version != (version.Version{}) {
			line.Version = k.Version.String()
		}
		out = append(out, line)
	}
	return out, nil
}

// reserved reads the name, and perhaps the version, that the query has.
func reserved(r *http.Request) (n name.Package, v version.Version, err error) {
	q := r.URL.Query()
	if n, err = name.ParsePackage(q.Get("name")); err != nil {
		return n, v, fault.Field(err.Error(), "name")
	}
	if text := q.Get("version"); text != "" {
		if v, err = version.Parse(text); err != nil {
			return n, v, fault.Field(err.Error(), "version")
		}
	}
	return n, v, nil
}

func (o *Ops) reserve(r *http.Request) (any, error) {
	n, v, err := reserved(r)
	if err != nil {
		return nil, err
	}
	by, err := actor(r).Because(r.URL.Query().Get("reason"))
	if err != nil {
		return nil, err
	}
	if err := o.Catalog.Reserve(r.Context(), by, n, v); err != nil {
		return nil, err
	}
	return o.reservations(r)
}

func (o *Ops) free(r *http.Request) (any, error) {
	n, v, err := reserved(r)
	if err != nil {
		return nil, err
	}
	held := slices.ContainsFunc(catalog.AllReserved(o.DB.View()), func(k catalog.Reserved) bool { return k.Package == n && k.Version == v })
	if !held {
		return nil, fault.New(fault.NotFound, "%s is not reserved", strings.TrimSpace(n.String()+" "+r.URL.Query().Get("version")))
	}
	if err := o.Catalog.Unreserve(r.Context(), actor(r), n, v); err != nil {
		return nil, err
	}
	return o.reservations(r)
}

package admin

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"hexhub/hex/name"
	"hexhub/hex/version"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/org"
	"hexhub/internal/feature/people"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
	"hexhub/internal/surface/web/ui"
)

type packagesPage struct {
	sheet
	Asked    string
	Packages []catalog.Package
	All      int
	Paging   ui.Paging
	Reserved []catalog.Reserved
}

func (p *pages) packages(w http.ResponseWriter, r *http.Request, _ ui.Visit) (view, error) {
	q := r.URL.Query()
	page := &packagesPage{sheet: p.sheet(w, r, "Packages", "/admin/packages"), Asked: strings.TrimSpace(q.Get("q"))}
	rows := p.DB.View()
	n, _ := strconv.Atoi(q.Get("page"))
	page.Packages, page.All = p.Catalog.List(rows, catalog.Query{Repositories: org.AllNames(rows), Search: page.Asked, Sort: catalog.ByName, Page: max(n, 1), PerPage: perPage})
	page.Paging = paging("/admin/packages", q, page.All)
	page.Reserved = catalog.AllReserved(rows)
	return page, nil
}

// reservation reads what is to be reserved: a name, or one version of it.
func reservation(form url.Values) (n name.Package, v version.Version, err error) {
	if n, err = name.ParsePackage(strings.TrimSpace(form.Get("name"))); err != nil {
		return n, v, fault.Field(err.Error(), "name")
	}
	if text := strings.TrimSpace(form.Get("version")); text != "" {
		if v, err = version.Parse(text); err != nil {
			return n, v, fault.Field(err.Error(), "version")
		}
	}
	return n, v, nil
}

func (p *pages) reserve(r *http.Request, v ui.Visit, form url.Values) (string, string, error) {
	n, ver, err := reservation(form)
	if err != nil {
		return "", "", err
	}
	actor, err := v.Actor.Because(form.Get("reason"))
	if err != nil {
		return "", "", err
	}
	return "admin-reserved", "", p.Catalog.Reserve(r.Context(), actor, n, ver)
}

func (p *pages) unreserve(r *http.Request, v ui.Visit, form url.Values) (string, string, error) {
	n, ver, err := reservation(form)
	if err != nil {
		return "", "", err
	}
	return "admin-unreserved", "", p.Catalog.Unreserve(r.Context(), v.Actor, n, ver)
}

func packagePath(ref catalog.Ref) string {
	return "/admin/packages/" + url.PathEscape(ref.Repository.String()) + "/" + url.PathEscape(ref.Name.String())
}

type packagePage struct {
	sheet
	Package  catalog.Package
	Public   bool
	Shown    string // path of the page that others see
	Owners   []people.Owner
	Releases []catalog.Release // the newest first
}

// commands do in a terminal what the page does, for its newest release.
func (p *packagePage) commands() string {
	ref, number := p.Package.Ref().String(), p.Package.Summary.Latest.String()
	return strings.NewReplacer("REF", ref, "VERSION", number).Replace(`hexhub package show REF
hexhub package retire REF VERSION --as security --message WORDS --reason TEXT
hexhub package unretire REF VERSION --reason TEXT
hexhub package remove REF VERSION --reason TEXT --dry-run
hexhub package owners add REF USER --level maintainer --reason TEXT
hexhub package owners remove REF USER --reason TEXT
hexhub audit list --package REF`)
}

// which finds the package whose page it is.
func (p *pages) which(r store.Reader, req *http.Request) (catalog.Package, error) {
	absent := fault.New(fault.NotFound, "There is no package %s in %s.", req.PathValue("package"), req.PathValue("repository"))
	repository, err := name.ParseRepository(req.PathValue("repository"))
	if err != nil {
		return catalog.Package{}, absent
	}
	n, err := name.ParsePackage(req.PathValue("package"))
	if err != nil {
		return catalog.Package{}, absent
	}
	found, ok := catalog.Get(r, catalog.Ref{Repository: repository, Name: n})
	if !ok {
		return found, absent
	}
	return found, nil
}

func (p *pages) pkg(w http.ResponseWriter, r *http.Request, _ ui.Visit) (view, error) {
	v := p.DB.View()
	found, err := p.which(v, r)
	if err != nil {
		return nil, err
	}
	page := &packagePage{sheet: p.sheet(w, r, found.Name.String(), "/admin/packages"), Package: found}
	page.Shown = ui.PackagePath(found.Ref(), found.Repository == p.Default)
	if repository, ok := org.Resolve(v, p.Default, found.Repository.String()); ok {
		page.Public = repository.Public
	}
	page.Owners = people.OwnersOf(v, found)
	page.Releases = catalog.Releases(v, found.Ref())
	slices.Reverse(page.Releases)
	return page, nil
}

// moderate does something to the package whose page it is, for a reason that the audit log keeps.
func (p *pages) moderate(r *http.Request, v ui.Visit, form url.Values, said string, do func(a access.Actor, ref catalog.Ref) error) (string, string, error) {
	found, err := p.which(p.DB.View(), r)
	if err != nil {
		return "", "", err
	}
	actor, err := v.Actor.Because(form.Get("reason"))
	if err != nil {
		return "", "", err
	}
	if err := do(actor, found.Ref()); err != nil {
		return "", "", err
	}
	if _, left := catalog.Get(p.DB.View(), found.Ref()); !left {
		return said, "/admin/packages", nil
	}
	return said, "", nil
}

// release is moderate for one of its releases.
func (p *pages) release(r *http.Request, v ui.Visit, form url.Values, said string, do func(a access.Actor, ref catalog.Ref, which version.Version) error) (string, string, error) {
	return p.moderate(r, v, form, said, func(a access.Actor, ref catalog.Ref) error {
		which, err := version.Parse(form.Get("version"))
		if err != nil {
			return fault.New(fault.NotFound, "There is no version %s.", form.Get("version"))
		}
		return do(a, ref, which)
	})
}

func (p *pages) retire(r *http.Request, v ui.Visit, form url.Values) (string, string, error) {
	return p.release(r, v, form, "admin-retired", func(a access.Actor, ref catalog.Ref, which version.Version) error {
		return p.Catalog.Retire(r.Context(), a, ref, which, catalog.Retirement{Reason: catalog.Reason(form.Get("retirement")), Message: strings.TrimSpace(form.Get("message"))})
	})
}

func (p *pages) unretire(r *http.Request, v ui.Visit, form url.Values) (string, string, error) {
	return p.release(r, v, form, "admin-unretired", func(a access.Actor, ref catalog.Ref, which version.Version) error {
		return p.Catalog.Unretire(r.Context(), a, ref, which)
	})
}

func (p *pages) revert(r *http.Request, v ui.Visit, form url.Values) (string, string, error) {
	return p.release(r, v, form, "admin-reverted", func(a access.Actor, ref catalog.Ref, which version.Version) error {
		if form.Get("confirm") != which.String() {
			return fault.New(fault.Invalid, "To remove it, type %s, the version.", which)
		}
		return p.Catalog.Remove(r.Context(), a, ref, which)
	})
}

func (p *pages) setOwner(r *http.Request, v ui.Visit, form url.Values) (string, string, error) {
	return p.moderate(r, v, form, "admin-owner", func(a access.Actor, ref catalog.Ref) error {
		err := p.Catalog.SetOwner(r.Context(), a, ref, strings.TrimSpace(form.Get("username")), access.Level(form.Get("level")), form.Get("transfer") == "true")
		if fault.Is(err, fault.NotFound) {
			return fault.Field("is neither a user nor an organization here", "username")
		}
		return err
	})
}

func (p *pages) removeOwner(r *http.Request, v ui.Visit, form url.Values) (string, string, error) {
	return p.moderate(r, v, form, "admin-owner", func(a access.Actor, ref catalog.Ref) error {
		return p.Catalog.RemoveOwner(r.Context(), a, ref, form.Get("owner"))
	})
}

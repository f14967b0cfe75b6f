package packages

import (
	"context"
	"net/http"
	"slices"

	"hexhub/hex/name"
	"hexhub/hex/version"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/depend"
	"hexhub/internal/feature/org"
	"hexhub/internal/kernel/store"
	"hexhub/internal/surface/web/ui"
)

// A subject is what a page is about, at one moment and for one visitor, who may read it.
type subject struct {
	view  *store.View
	actor access.Actor
	sight *depend.Sight

	Repository org.Repository
	Package    catalog.Package
	Releases   []catalog.Release // ascending
	Release    catalog.Release   // that the address names, or the newest
	Meta       catalog.Meta      // what that says of itself; zero until it is read
	Pinned     bool              // the address names it
	Tab        string            // the last part of the address; empty for the first tab
	File       string            // path of a file or folder of the release that the address names; empty for none

	unread   bool               // the tarball cannot be read now
	resolved *depend.Resolution // of the release, once it was asked for
}

// resolution is what the release brings along, which is dear to find.
func (s *subject) resolution() depend.Resolution {
	if s.resolved == nil {
		s.resolved = new(s.sight.Resolve(s.Release))
	}
	return *s.resolved
}

// subject finds what a request is about.
func (p *pages) subject(w http.ResponseWriter, r *http.Request) (*subject, error) {
	a, ok := addressOf(r)
	if !ok {
		return nil, errAbsent
	}
	s := p.asked(r)
	if forPrograms(r, a) {
		w.Header().Add("Vary", "Authorization")
		if err := p.admit(w, r, s, a); err != nil {
			return nil, err
		}
	}
	return s, p.find(r, s, a)
}

// about finds what an address names, for who asks.
func (p *pages) about(r *http.Request, a address) (*subject, error) {
	s := p.asked(r)
	return s, p.find(r, s, a)
}

// asked is a subject of which no more is known than who asks for it.
func (p *pages) asked(r *http.Request) *subject {
	v, actor := p.DB.View(), p.web.Actor(r)
	return &subject{view: v, actor: actor, sight: depend.By(v, actor)}
}

// public finds what an address names, for nobody in particular.
func (p *pages) public(r *http.Request, a address) (*subject, error) {
	v := p.DB.View()
	s := &subject{view: v, sight: depend.By(v, access.Actor{})}
	return s, p.find(r, s, a)
}

// find makes what an address names the subject.
func (p *pages) find(r *http.Request, s *subject, a address) error {
	s.Tab, s.File, s.Pinned = a.Tab, a.Path, a.Version != ""
	s.Repository, _ = org.Resolve(s.view, p.Default, a.Repository) // the zero one is nobody's to read
	pkg, err := name.ParsePackage(a.Name)
	if err != nil {
		return errAbsent
	}
	ref := catalog.Ref{Repository: s.Repository.Name, Name: pkg}
	found, ok := s.sight.Package(ref)
	if !ok {
		return s.lost(ref)
	}
	s.Package = found
	s.Releases = catalog.Releases(s.view, ref)
	p.follow(r, ref)
	return s.choose(a.Version)
}

// follow has pages that are open made again when the package or one of its releases changes, and for nothing else that
// they show: that would be every publishing, of which most change only a count of dependents.
func (p *pages) follow(r *http.Request, ref catalog.Ref) {
	v := p.web.View(r)
	catalog.Get(v, ref)
	catalog.Releases(v, ref)
}

// choose makes the release of the version the one that is shown; of none, the newest.
func (s *subject) choose(text string) error {
	wanted := s.Package.Summary.Newest()
	if text != "" {
		var err error
		if wanted, err = version.Parse(text); err != nil {
			return errAbsent
		}
	}
	i := slices.IndexFunc(s.Releases, func(r catalog.Release) bool { return r.Version == wanted })
	if i < 0 {
		return s.lostVersion(s.Package.Ref(), wanted)
	}
	s.Release = s.Releases[i]
	return nil
}

// Base is the path of the package.
func (s *subject) Base() string { return ui.PackagePath(s.Package.Ref(), s.Repository.Default()) }

// At is the path of a version.
func (s *subject) At(v version.Version) string { return s.Base() + "/" + v.String() }

// Here is the path of what is shown: that of the version if the address names it.
func (s *subject) Here() string {
	if s.Pinned {
		return s.At(s.Release.Version)
	}
	return s.Base()
}

// meta is what the release says of itself. That it cannot be read now is no reason to show nothing: most releases say
// what the package's last one did.
func (p *pages) meta(ctx context.Context, s *subject) catalog.Meta {
	m, err := catalog.MetaOf(ctx, s.view, s.Package, s.Release)
	if err != nil {
		p.Log.Warn("no metadata", "package", s.Package.Ref().String(), "version", s.Release.Version.String(), "err", err)
	}
	return m
}

package packages

import (
	"net/url"

	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/docs"
	"hexhub/internal/surface/web/ui"
)

// documentation leads to what there is.
func (v view) documentation() (ui.Step, bool) {
	r, ok := v.documented()
	words := "Documentation"
	if r.Version != v.Release.Version {
		words += " of " + r.Version.String()
	}
	return ui.Step{Path: v.docsOf(r), Words: words}, ok
}

// documented is the release whose documentation is offered: the one that is shown or, if it has none, the latest that has.
func (s *subject) documented() (catalog.Release, bool) {
	if s.Release.HasDocs() {
		return s.Release, true
	}
	return docs.Among(s.Releases).Latest()
}

// searchDocs is the path of the page that searches in the documentation which [view.documentation] leads to.
func (v view) searchDocs() string {
	in, _ := v.documented()
	which := in.Package.String() + ":" + in.Version.String()
	if !v.subject.Repository.Default() {
		which = in.Repository.String() + "/" + which
	}
	return "/search?" + url.Values{"packages": {which}}.Encode()
}

// docsOf is the address of a release's documentation, as bright as the visitor has the site: the two share no cookie.
func (v view) docsOf(r catalog.Release) string {
	address := v.pages.Release(r)
	if v.Theme != ui.System {
		address += "?theme=" + string(v.Theme)
	}
	return address
}

// tarball is the path of a release's archive, which browsers can fetch where everybody may.
func (v view) tarball(r catalog.Release) (string, bool) {
	name := r.Package.String() + "-" + r.Version.String() + ".tar"
	return "/repo/tarballs/" + name, v.subject.Repository.Default()
}

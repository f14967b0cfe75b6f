package packages

import (
	"net/url"

	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/docs"
	"hexhub/internal/surface/web/ui"
)

// documentation leads to that of the release which is shown or, if it has none, to the latest there is.
func (v view) documentation() (ui.Step, bool) {
	if v.Release.HasDocs() {
		return ui.Step{Path: v.docsOf(v.Release), Words: "Documentation"}, true
	}
	latest, ok := docs.Among(v.Releases).Latest()
	return ui.Step{Path: v.docsOf(latest), Words: "Documentation of " + latest.Version.String()}, ok
}

// searchDocs is the path of the page that searches in the documentation which [view.documentation] leads to.
func (v view) searchDocs() string {
	in := v.Release
	if !in.HasDocs() {
		in, _ = docs.Among(v.Releases).Latest()
	}
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

package packages

import (
	"net/http"

	"hexhub/internal/feature/preview"
)

// preview returns the text that the open tab shows, and which others the release has. A tarball that cannot be read
// now is no reason to show nothing of the package.
func (p *pages) preview(r *http.Request, s *subject) preview.Preview {
	part := preview.Readme
	if s.Tab == string(preview.Changelog) || s.Tab == string(preview.License) {
		part = preview.Part(s.Tab)
	}
	shown, err := p.Previews.Show(r.Context(), s.Release, part, s.At(s.Release.Version))
	if err != nil {
		s.unread = true
		p.Log.Warn("no preview", "package", s.Package.Ref().String(), "version", s.Release.Version.String(), "err", err)
	}
	return shown
}

// text shows one of the texts of a release. Of one that has none there is no page.
func (p *pages) text(part preview.Part, title string) func(http.ResponseWriter, *http.Request, *subject) error {
	return func(w http.ResponseWriter, r *http.Request, s *subject) error {
		v := p.view(w, r, s, title)
		if !v.Texts.Has(part) && !s.unread {
			return errAbsent
		}
		return p.web.Show(w, http.StatusOK, v.text(part))
	}
}

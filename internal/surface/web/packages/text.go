package packages

import (
	"context"
	"net/http"

	"hexhub/internal/feature/preview"
)

// preview returns the text that the open tab shows, and which others the release has. A tarball that cannot be read
// now is no reason to show nothing of the package.
func (p *pages) preview(r *http.Request, s *subject) preview.Preview {
	shown, err := p.textOf(r.Context(), s)
	if err != nil {
		s.unread = true
		p.Log.Warn("no preview", "package", s.Package.Ref().String(), "version", s.Release.Version.String(), "err", err)
	}
	return shown
}

func (p *pages) textOf(ctx context.Context, s *subject) (preview.Preview, error) {
	switch part := preview.Part(s.Tab); part {
	case preview.Changelog, preview.License:
		return p.Previews.Show(ctx, s.Release, part, s.At(s.Release.Version))
	case "":
		return p.Previews.Show(ctx, s.Release, preview.Readme, s.At(s.Release.Version))
	default:
		return p.Previews.Names(ctx, s.Release)
	}
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

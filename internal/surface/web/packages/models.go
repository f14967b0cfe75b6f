package packages

import (
	"fmt"
	"io"
	"net/http"
	"strings"

	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/preview"
	"hexhub/internal/surface/web/ui"
)

// models tells programs that read for somebody what the package is and where the facts are, as llmstxt.org has it.
func (p *pages) models(w http.ResponseWriter, r *http.Request, s *subject) error {
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Cache-Control", "no-cache")
	if !s.Repository.Public {
		h.Set("Cache-Control", "no-store")
	}
	s.Meta = p.meta(r.Context(), s)
	if _, err := io.WriteString(w, p.forModels(r, s, p.preview(r, s))); err != nil {
		p.Log.Debug("visitor went away", "err", err)
	}
	return nil
}

func (p *pages) forModels(r *http.Request, s *subject, texts preview.Preview) string {
	var b strings.Builder
	site, here := p.Registry.URL, p.Registry.URL+s.At(s.Release.Version)
	fmt.Fprintf(&b, "# %s %s\n\n", s.Package.Name, s.Release.Version)
	if d := s.Meta.Description; d != nil {
		fmt.Fprintf(&b, "> %s\n\n", oneLine(*d))
	}
	fmt.Fprintf(&b, "A Hex package of the registry %s, which is not hex.pm: clients must be connected to it first, see %s/connect. ", p.Registry.Repository, site)
	fmt.Fprintf(&b, "%s was published on %s", s.Release.Version, ui.Date(s.Release.InsertedAt))
	if l := s.Meta.Licenses; len(l) > 0 {
		fmt.Fprintf(&b, " under %s", oneLine(strings.Join(l, ", ")))
	}
	b.WriteString(".\n\n")
	if !s.Repository.Public {
		b.WriteString("It is private: send an API key that may fetch it in the Authorization header, for its files as for this text.\n\n")
	}
	for _, state := range s.states() {
		fmt.Fprintf(&b, "- %s\n", oneLine(state.Words+" "+state.Message))
	}
	p.texts(&b, s, texts, here)
	p.documentation(&b, r, s)
	s.requirements(&b)
	fmt.Fprintf(&b, "\n## More\n\n- [Package](%s%s)\n- [All versions](%s%s/versions)\n", site, s.Base(), site, s.Base())
	for _, l := range links(s.Meta) {
		fmt.Fprintf(&b, "- [%s](%s)\n", oneLine(l.Words), oneLine(l.Path))
	}
	return b.String()
}

// texts are those that the release has, as they were written.
func (p *pages) texts(b *strings.Builder, s *subject, texts preview.Preview, here string) {
	b.WriteString("\n## Texts\n\n")
	for _, t := range []struct {
		part  preview.Part
		words string
	}{{preview.Readme, "README"}, {preview.Changelog, "Changelog"}, {preview.License, "Licence"}} {
		if name := texts.Names[t.part]; name != "" {
			fmt.Fprintf(b, "- [%s](%s%s)\n", t.words, p.Registry.URL, preview.RawPath(s.At(s.Release.Version), name))
		}
	}
	fmt.Fprintf(b, "- [Files](%s/files): add a path and ?view=raw for one of them as it is\n", here)
}

// documentation is that of the release or, if it has none, the latest. ExDoc writes pages that models read better than HTML,
// beside the others.
func (p *pages) documentation(b *strings.Builder, r *http.Request, s *subject) {
	release, ok := s.documented()
	if !ok {
		return
	}
	base := p.Docs.Release(release)
	fmt.Fprintf(b, "\n## Documentation of %s\n\n- [Pages](%s)\n", release.Version, base)
	if p.hasModels(r, release) {
		fmt.Fprintf(b, "- [Pages as Markdown](%s/llms.txt)\n", strings.TrimSuffix(base, "/"))
	}
}

// hasModels reports whether the documentation has a list of its pages for models. That it cannot be read now is no reason
// to say nothing else.
func (p *pages) hasModels(r *http.Request, release catalog.Release) bool {
	has, err := p.Trees.Has(r.Context(), release, "llms.txt")
	if err != nil {
		p.Log.Warn("no documentation", "package", release.Ref().String(), "version", release.Version.String(), "err", err)
	}
	return has
}

// requirements are the packages that the release needs.
func (s *subject) requirements(b *strings.Builder) {
	if len(s.Release.Requirements) == 0 {
		return
	}
	b.WriteString("\n## Requires\n\n")
	for _, q := range s.Release.Requirements {
		optional := ""
		if q.Optional {
			optional = ", optional"
		}
		fmt.Fprintf(b, "- %s %s%s\n", q.Package, q.Requirement, optional)
	}
}

// oneLine keeps what a stranger wrote within its line.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

package packages

import (
	"context"
	"html"
	"regexp"
	"slices"
	"strings"

	"hexhub/hex/version"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/depend"
	"hexhub/internal/feature/preview"
	"hexhub/internal/feature/quality"
	"hexhub/internal/kernel/markup"
	"hexhub/internal/kernel/store"
)

// A released is what facts are known of.
type released struct {
	catalog.Ref
	version.Version
}

// known are facts, for as long as the rows that say so stay as they are.
type known struct {
	view  *store.View
	facts quality.Facts
}

// rememberedFacts is of how many releases facts are remembered: a few kB each.
const rememberedFacts = 1024

// facts are those of the release. They are the same for all who may read it, and dear to find: each tab shows the score.
func (p *pages) facts(ctx context.Context, s *subject) (quality.Facts, error) {
	of := released{s.Package.Ref(), s.Release.Version}
	if k, ok := p.known.Get(of); ok && !k.view.Stale() {
		return k.facts, nil
	}
	v := p.DB.View()
	defer v.Close()
	now, err := s.forAnybody(ctx, v)
	if err != nil {
		return quality.Facts{}, err
	}
	k := known{v, now.rowFacts()}
	if err := p.readFacts(ctx, now, &k.facts); err != nil {
		return quality.Facts{}, err
	}
	p.known.Add(of, k)
	return k.facts, nil
}

// forAnybody is the same at another moment, for anybody who may read it.
func (s *subject) forAnybody(ctx context.Context, v *store.View) (*subject, error) {
	now := &subject{view: v, sight: depend.Within(v, s.Repository.Name), Repository: s.Repository, Pinned: true}
	ref := s.Package.Ref()
	known, ok := catalog.Get(v, ref)
	if !ok {
		return nil, errAbsent
	}
	now.Package = known
	now.Releases = catalog.Releases(v, ref)
	if err := now.choose(s.Release.Version.String()); err != nil {
		return nil, err
	}
	var err error
	now.Meta, err = catalog.MetaOf(ctx, v, now.Package, now.Release)
	return now, err
}

// readFacts adds those that the files and the documentation say.
func (p *pages) readFacts(ctx context.Context, s *subject, f *quality.Facts) error {
	readme, err := p.Previews.Show(ctx, s.Release, preview.Readme, s.At(s.Release.Version))
	if err != nil {
		return err
	}
	f.Readme, f.Changelog, f.License = readme.Has(preview.Readme), readme.Has(preview.Changelog), readme.Has(preview.License)
	f.Example = strings.Contains(string(readme.Document.HTML), `<pre class="code"`)
	f.Tests = slices.ContainsFunc(append(hrefs(readme.Document), f.Links...), quality.ShowsTests) || slices.ContainsFunc(readme.Files, quality.IsBuilder)
	f.Dated, f.Dates = readme.Dated, slices.Contains(s.Release.BuildTools, "gleam")
	f.OTP, f.Gleam = quality.OTPOf(readme.Settings.Rebar), quality.GleamOf(readme.Settings.Gleam)
	c, err := p.Manuals.Coverage(ctx, s.Release)
	f.Functions, f.Told = c.Functions, c.Told
	return err
}

var href = regexp.MustCompile(` href="([^"]*)"`)

// hrefs are where a text leads.
func hrefs(d markup.Document) (all []string) {
	for _, found := range href.FindAllStringSubmatch(string(d.HTML), -1) {
		all = append(all, html.UnescapeString(found[1]))
	}
	return all
}

// rowFacts are those that need no look into the files.
func (s *subject) rowFacts() quality.Facts {
	meta := s.Meta
	f := quality.Facts{
		Licenses: meta.Licenses, Elixir: s.Release.Elixir, Docs: s.Release.HasDocs(), DocsBefore: slices.ContainsFunc(s.Releases, catalog.Release.HasDocs), Needs: s.needs(),
		Organization: !s.Repository.Default(), Pre: s.Release.Version.IsPre(), Stable: !s.Package.Summary.Newest().IsPre(), Retired: s.Release.Retirement != nil,
		Build: len(s.Release.BuildTools) > 0, Language: s.Release.Elixir != "" || !slices.Contains(s.Release.BuildTools, "mix"), At: s.Release.InsertedAt,
	}
	if meta.Description != nil {
		f.Description = *meta.Description
	}
	for _, l := range links(meta) {
		f.Links = append(f.Links, l.Path)
	}
	for _, o := range s.Package.Owners {
		f.Organization = f.Organization || o.UserID == ""
	}
	f.Owners = len(s.owners())
	return f
}

// needs are what the release requires itself, and what that leads to.
func (s *subject) needs() (all []quality.Need) {
	resolved := s.resolution()
	if len(resolved.Nodes) == 0 {
		return nil
	}
	for _, e := range resolved.Nodes[0].Needs {
		n := resolved.Nodes[e.To]
		all = append(all, quality.Need{
			Name: n.Ref.Name.String(), Requirement: e.Requirement, Retired: n.Retired != nil, Behind: e.Outdated, Optional: e.Optional,
		})
	}
	return all
}

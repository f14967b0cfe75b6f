package packages

import (
	"time"

	"github.com/a-h/templ"

	"hexhub/hex/name"
	"hexhub/hex/version"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/connect"
	"hexhub/internal/feature/depend"
	"hexhub/internal/feature/diff"
	"hexhub/internal/feature/org"
	"hexhub/internal/feature/quality"
	"hexhub/internal/feature/source"
	"hexhub/internal/surface/web/ui"
)

// Specimens are the components that are seen on these pages alone, as they look in use.
func Specimens(now time.Time) []ui.Specimen {
	v := example(now)
	return []ui.Specimen{
		ui.Specimen{Name: "StateBand", Use: "What one should know of a version before using it: the worst, and how to the rest."}.Same(bands(v.states())),
		{Name: "InstallTabs", Use: "How a version is used, for each tool.", Show: func(theme string) templ.Component { return usedBy(v).use(theme + "-") }},
		ui.Specimen{Name: "VersionTable", Use: "All versions by track, with what becomes of each and how to what is in it."}.Same(versionsOf(v).tracks()),
		ui.Specimen{Name: "VersionMenu", Use: "The other versions, by track."}.Same(v.versionMenu()),
		{Name: "DepTree", Use: "What comes along with a version, in words.", Show: func(theme string) templ.Component { return dependenciesOf(v, theme).tree() }},
		{Name: "DepGraph", Use: "The same, drawn.", Show: func(theme string) templ.Component { return dependenciesOf(v, theme).graph() }},
		{Name: "Score", Use: "What is as it should be, and what is not, with why and where to mend it.", Show: func(theme string) templ.Component { return v.score(checks(theme)) }},
		ui.Specimen{Name: "FileTree", Use: "The files of a version."}.Same(filesOf(v).tree(filesOf(v).Tree, true)),
		{Name: "Diff", Use: "Lines that were changed, and the words in them.", Show: func(theme string) templ.Component { return edited(theme).rows() }},
	}
}

// example is a version that is retired and behind another.
func example(now time.Time) view {
	repository := org.Repository{Name: name.MustRepository("hexhub"), Public: true}
	pkg := catalog.Package{Repository: repository.Name, Name: name.MustPackage("decimal")}
	s := &subject{Repository: repository, Package: pkg, Pinned: true}
	for i, text := range []string{"1.9.0", "2.0.0", "2.1.0", "2.2.0-rc.1"} {
		s.Releases = append(s.Releases, catalog.Release{
			Repository: pkg.Repository, Package: pkg.Name, Version: version.MustParse(text), InsertedAt: now.Add(time.Duration(i-9) * 1000 * time.Hour), Size: 84_211,
		})
	}
	s.Releases[1].Retirement = &catalog.Retirement{Reason: catalog.Security, Message: "use 2.1.0"}
	s.Release = s.Releases[1]
	s.Package.Summary = catalog.Summary{Latest: version.MustParse("2.2.0-rc.1"), Stable: version.MustParse("2.1.0")}
	return view{subject: s}
}

// usedBy is how the version is used with mix.
func usedBy(v view) mainView {
	registry := connect.Registry{URL: "https://hub.example.com", Repository: v.subject.Repository.Name.String()}
	wanted := connect.Wanted{Name: v.Package.Name.String(), Version: v.Release.Version, BuildTools: []string{"mix"}}
	m := mainView{view: v, Snippets: connect.Entries(registry, wanted), Tool: "mix"}
	if step, ok := connect.First(registry, m.Tool, ""); ok {
		m.Connect = &step
	}
	return m
}

// versionsOf are all versions, of which some were downloaded.
func versionsOf(v view) versionsView {
	by := map[version.Version]tally{v.Releases[1].Version: {Ever: 1203}, v.Releases[2].Version: {Ever: 128412}}
	return versionsView{view: v, Tracks: tracks(v.Releases), Downloads: downloads{By: by}}
}

// dependenciesOf is what a version may bring along. Anchors in it are told apart by the suffix of names.
func dependenciesOf(v view, theme string) dependenciesView {
	node := func(called, chosen, latest string, needs ...depend.Edge) depend.Node {
		return depend.Node{
			Ref: catalog.Ref{Repository: v.subject.Repository.Name, Name: name.MustPackage(called)}, Version: version.MustParse(chosen), Latest: version.MustParse(latest), Needs: needs,
		}
	}
	suffix := map[string]string{ui.Dark.Name(): "_dark"}[theme]
	r := depend.Resolution{Direct: 2, Nodes: []depend.Node{
		node("decimal", "2.0.0", "2.1.0", depend.Edge{To: 1, Requirement: "~> 1.0"}, depend.Edge{To: 2, Requirement: ">= 0.1.0", Optional: true}),
		node("ring"+suffix, "1.4.2", "1.4.2", depend.Edge{To: 3, Requirement: "~> 0.3", Outdated: true}),
		{Ref: catalog.Ref{Name: name.MustPackage("elsewhere" + suffix)}},
		node("quill"+suffix, "0.3.1", "1.0.0"),
	}}
	r.Nodes[3].Retired = &catalog.Retirement{Reason: catalog.Deprecated}
	d := dependenciesView{view: v, Resolution: r, def: v.subject.Repository.Name, Graph: draw(r, v.Package.Ref())}
	d.Tree, d.Short = r.Tree()
	return d
}

// checks are one of each grade.
func checks(theme string) []quality.Check {
	return []quality.Check{
		{Name: theme + "-readme", Words: "There is a README", Grade: quality.Met, Found: "README.md has 4 kB.", Why: "It is what people read first.", Points: 10},
		{Name: theme + "-docs", Words: "Functions are documented", Grade: quality.Partly, Found: "31 of 60 have a text.", Why: "Whoever uses them need not read the code.", Fix: "Write @doc before each.", Points: 20},
		{Name: theme + "-owners", Words: "There are two owners", Grade: quality.Missed, Found: "There is one.", Why: "One account can be lost.", Fix: "Add another.", Points: 10},
	}
}

// filesOf are some files of a version.
func filesOf(v view) filesView {
	return filesView{view: v, Count: 3, Path: "lib/decimal.ex", Tree: []source.Entry{
		{Name: "lib", Path: "lib", Folder: true, Entries: []source.Entry{{Name: "decimal.ex", Path: "lib/decimal.ex"}}},
		{Name: "README.md", Path: "README.md"},
		{Name: "mix.exs", Path: "mix.exs"},
	}}
}

// edited is a line that another took the place of.
func edited(theme string) changedFile {
	return changedFile{ID: theme + "-diff", Rows: []diff.Row{
		{Old: 1, New: 1, Pieces: []diff.Piece{{Text: "def round(number) do"}}},
		{Sign: diff.Minus, Old: 2, Pieces: []diff.Piece{{Text: "  number |> "}, {Text: "trunc", Look: diff.Marked}, {Text: "()"}}},
		{Sign: diff.Plus, New: 2, Pieces: []diff.Piece{{Text: "  number |> "}, {Text: "round_half", Look: diff.Marked}, {Text: "()"}}},
		{Old: 3, New: 3, Pieces: []diff.Piece{{Text: "end"}}},
	}}
}

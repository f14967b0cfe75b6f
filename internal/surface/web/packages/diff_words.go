package packages

import (
	"fmt"
	paths "path"
	"slices"
	"strings"

	"hexhub/hex/name"
	"hexhub/hex/version"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/diff"
	"hexhub/internal/feature/preview"
	"hexhub/internal/surface/web/ui"
)

// A changedFact is something besides files in which two releases differ: what they require, and how they are built.
type changedFact struct {
	Words    string
	Path     string // of the package; empty if there is none that may be read
	Old, New string // empty where it is not
}

// changedFacts are those of the two releases, def being the default repository.
func (v *diffView) changedFacts(def name.Repository) (all []changedFact) {
	for _, n := range diff.Needs(v.Old, v.Release) {
		f := changedFact{Words: n.Ref().Name.String(), Old: required(n.Old), New: required(n.New)}
		if _, ok := v.sight.Package(n.Ref()); ok {
			f.Path = pathOf(n.Ref(), def)
		}
		all = append(all, f)
	}
	for _, f := range []changedFact{
		{Words: "Elixir", Old: v.Old.Elixir, New: v.Release.Elixir},
		{Words: "Build tools", Old: strings.Join(v.Old.BuildTools, ", "), New: strings.Join(v.Release.BuildTools, ", ")},
	} {
		if f.Old != f.New {
			all = append(all, f)
		}
	}
	return all
}

// required says a requirement.
func required(r *catalog.Requirement) string {
	if r == nil {
		return ""
	}
	words := r.Requirement
	if r.Optional {
		words += " (optional)"
	}
	return words
}

// sentence counts what differs.
func (v *diffView) sentence() string {
	if len(v.Found.Files) == 0 {
		return "The files of both versions are the same: " + plural(v.Found.Same, "file") + "."
	}
	words := plural(len(v.Found.Files), "file") + " changed, " + lines(v.Found.Added) + " added, " + lines(v.Found.Removed) + " removed."
	if v.Found.Same > 0 {
		words += " " + ui.Count(v.Found.Same) + " the same."
	}
	return words
}

func lines(n int) string { return plural(n, "line") }

// word says what became of a file, where that is more than that it was changed.
func (f changedFile) word() (ui.Tone, string) {
	switch f.Change {
	case diff.Added:
		return ui.Good, "added"
	case diff.Removed:
		return ui.Bad, "removed"
	case diff.Renamed:
		return ui.Notice, "renamed"
	default:
		return ui.Plain, ""
	}
}

// instead says why there are no lines to show.
func (f changedFile) instead() string {
	switch {
	case f.Shape == diff.Binary:
		return "This is no text. " + f.sizes()
	case f.Shape == diff.Large:
		return "Files above " + ui.Size(diff.MaxText) + " are not compared line by line. " + f.sizes()
	case f.Shape == diff.Left:
		return "The lines of this file were not compared, for the files before it took all the work that a comparison may take. " + f.sizes()
	case f.Change == diff.Renamed:
		return "It has another name, and no other line."
	case f.Before == f.After && f.After > 0, f.Before > 0 && f.After > 0:
		return "Only white space differs."
	default:
		return "It is empty."
	}
}

// wholes lead to the file as it was and as it is, if its lines are not compared.
func (v *diffView) wholes(f changedFile) (all []ui.Step) {
	if f.Shape == diff.Lines {
		return nil
	}
	for _, side := range []struct {
		path string
		of   version.Version
	}{{f.Old(), v.Old.Version}, {f.New(), v.Release.Version}} {
		if side.path != "" {
			all = append(all, ui.Step{Path: preview.RawPath(v.At(side.of), side.path), Words: "Raw file of " + side.of.String()})
		}
	}
	return all
}

func (f changedFile) sizes() string {
	switch f.Change {
	case diff.Added:
		return "It has " + ui.Size(f.After) + "."
	case diff.Removed:
		return "It had " + ui.Size(f.Before) + "."
	default:
		return fmt.Sprintf("It had %s, and has %s.", ui.Size(f.Before), ui.Size(f.After))
	}
}

// skipped says how many lines are not shown.
func skipped(r diff.Row) string { return lines(r.Count) + " the same" }

// option is how a version is called in a list to choose from.
func (s *subject) option(r catalog.Release) string {
	if _, word := s.words(r.Version, r.Retirement != nil); word != "" {
		return r.Version.String() + " (" + word + ")"
	}
	return r.Version.String()
}

// newestFirst are all versions.
func (s *subject) newestFirst() []catalog.Release {
	all := slices.Clone(s.Releases)
	slices.Reverse(all)
	return all
}

func base(file string) string { return paths.Base(file) }

// shape says in a word why no lines are counted.
func (f changedFile) shape() string {
	switch f.Shape {
	case diff.Binary:
		return "binary"
	case diff.Large:
		return "large"
	default:
		return "not compared"
	}
}

// wayToDiff is the way to the page.
func (v *diffView) wayToDiff() []ui.Step {
	steps := v.crumbs()
	steps[len(steps)-1].Path = v.Base()
	return append(steps, ui.Step{Words: "Changes"})
}

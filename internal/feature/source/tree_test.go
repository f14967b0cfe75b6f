package source_test

import (
	"slices"
	"strings"
	"testing"

	"hexhub/internal/feature/source"
	"hexhub/internal/kernel/pack"
)

// files are those of the paths, each of a byte.
func files(paths string) (all []pack.File) {
	for p := range strings.FieldsSeq(paths) {
		all = append(all, pack.File{Path: p, Size: 1})
	}
	slices.SortFunc(all, func(a, b pack.File) int { return strings.Compare(a.Path, b.Path) })
	return all
}

// outline writes a tree with its folders in brackets.
func outline(entries []source.Entry) string {
	var b strings.Builder
	for _, e := range entries {
		b.WriteString(" " + e.Name)
		if e.Folder {
			b.WriteString(" [" + outline(e.Entries) + " ]")
		}
	}
	return b.String()
}

func TestFilesLieInTheirFolders(t *testing.T) {
	tree := source.Tree(files("mix.exs lib/a.ex lib/a/b.ex lib/a/c.ex lib/a-z.ex lib.txt priv/x/y/z"))
	if got, want := outline(tree), " lib [ a [ b.ex c.ex ] a-z.ex a.ex ] priv [ x [ y [ z ] ] ] lib.txt mix.exs"; got != want {
		t.Errorf("the tree is%s, want%s", got, want)
	}
	if tree[0].Size != 4 || tree[0].Entries[0].Path != "lib/a" {
		t.Errorf("lib is %+v", tree[0])
	}
	for folder, want := range map[string]string{"lib/a": " b.ex c.ex", "priv/x": " y [ z ]", "lib/a.ex": "", "li": "", "": "", "lib/a/": ""} {
		if got := outline(source.Below(tree, folder)); got != want {
			t.Errorf("below %s is%s, want%s", folder, got, want)
		}
	}
	if source.Tree(nil) != nil {
		t.Error("no files are a tree")
	}
}

func TestFilesAreFoundByTheirLetters(t *testing.T) {
	all := files("lib/decimal.ex lib/decimal/macros.ex lib/other.ex test/decimal_test.exs mix.exs Makefile")
	for words, want := range map[string]string{
		"decimal": "lib/decimal.ex test/decimal_test.exs lib/decimal/macros.ex",
		"dmac":    "lib/decimal/macros.ex",
		"MAKE":    "Makefile",
		"m ix":    "mix.exs",
		"lib/o":   "lib/other.ex lib/decimal/macros.ex",
		"zzz":     "", "": "", "  ": "",
	} {
		var got []string
		for _, f := range source.Find(all, words) {
			got = append(got, f.Path)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q finds %v, want %s", words, got, want)
		}
	}
}

func TestTheFirstFileIsTheOneToRead(t *testing.T) {
	for paths, want := range map[string]string{
		"a.txt mix.exs ReadMe.md":     "ReadMe.md",
		"README.txt mix.exs":          "README.txt",
		"lib/README.md mix.exs a":     "mix.exs",
		"src/a.erl rebar.config":      "rebar.config",
		"gleam.toml src/a.gleam":      "gleam.toml",
		"b a c/d":                     "a",
		"c/d":                         "",
		"docs/readme.txt/x readme/me": "",
	} {
		f, ok := source.First(files(paths))
		if f.Path != want || ok != (want != "") {
			t.Errorf("of %s the first is %q, want %q", paths, f.Path, want)
		}
	}
}

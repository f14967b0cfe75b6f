package source_test

import (
	"strings"
	"testing"

	"hexhub/internal/feature/source"
)

// FuzzTree puts paths into folders, and finds them again there and by their letters.
func FuzzTree(f *testing.F) {
	f.Add("mix.exs lib/a.ex lib/a/b.ex README.md", "lib", "ab")
	f.Add("a/ a//b /a a/b a", "a/", "//")
	f.Fuzz(func(t *testing.T, paths, folder, words string) {
		all := files(paths)
		size := int64(0)
		for _, e := range source.Tree(all) {
			size += e.Size
		}
		if size != int64(len(all)) {
			t.Errorf("%q: %d of %d files are in the tree", paths, size, len(all))
		}
		for _, e := range source.Below(source.Tree(all), folder) {
			if !strings.HasPrefix(e.Path, folder+"/") {
				t.Errorf("%q is said to lie in %q", e.Path, folder)
			}
		}
		there := map[string]bool{}
		for _, f := range all {
			there[f.Path] = true
		}
		found := source.Find(all, words)
		for _, f := range found {
			if !there[f.Path] {
				t.Errorf("%q finds %q, which is none of %q", words, f.Path, paths)
			}
		}
		if first, ok := source.First(all); ok != (first.Path != "") && ok || ok && !there[first.Path] || len(found) > 100 {
			t.Errorf("of %q the first is %q, %v, and %d were found", paths, first.Path, ok, len(found))
		}
	})
}

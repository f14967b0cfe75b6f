package docs_test

import (
	"slices"
	"strings"
	"testing"

	"hexhub/hex/version"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/docs"
)

// setOf is the documentation of versions; one with a star is retired, one with an exclamation mark has none.
func setOf(text string) docs.Set {
	var all []catalog.Release
	for word := range strings.FieldsSeq(text) {
		r := catalog.Release{Version: version.MustParse(strings.TrimRight(word, "*!")), Docs: &catalog.Docs{}}
		if strings.HasSuffix(word, "*") {
			r.Retirement = &catalog.Retirement{}
		}
		if strings.HasSuffix(word, "!") {
			r.Docs = nil
		}
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b catalog.Release) int { return a.Version.Compare(b.Version) })
	return docs.Among(all)
}

func versionOf(r catalog.Release, ok bool) string {
	if !ok {
		return "none"
	}
	return r.Version.String()
}

func TestLatestAndBest(t *testing.T) {
	for _, c := range []struct{ versions, requirement, latest, best string }{
		{"", "~> 1.0", "none", "none"},
		{"1.0.0 1.1.0 2.0.0-rc.1", "~> 1.0", "1.1.0", "1.1.0"},
		{"1.0.0 1.1.0 1.2.0!", "~> 1.0", "1.1.0", "1.1.0"},
		{"1.0.0-rc.1 1.0.0-rc.2", "~> 1.0.0-rc.1", "1.0.0-rc.2", "1.0.0-rc.2"},
		{"1.0.0 1.1.0*", "~> 1.0", "1.1.0", "1.0.0"},
		{"1.0.0* 1.1.0*", "~> 1.0", "1.1.0", "1.1.0"},
		{"1.9.0 1.10.0 2.0.0", "~> 1.0", "2.0.0", "1.10.0"},
		{"1.0.0", "~> 2.0", "1.0.0", "none"},
	} {
		s := setOf(c.versions)
		if got := versionOf(s.Latest()); got != c.latest {
			t.Errorf("%s: the latest is %s, want %s", c.versions, got, c.latest)
		}
		if got := versionOf(s.Best(version.MustParseRequirement(c.requirement))); got != c.best {
			t.Errorf("%s: the best for %s is %s, want %s", c.versions, c.requirement, got, c.best)
		}
	}
	s := setOf("1.0.0 1.1.0!")
	if got := versionOf(s.Get(version.MustParse("1.0.0"))) + " " + versionOf(s.Get(version.MustParse("1.1.0"))); got != "1.0.0 none" {
		t.Error(got)
	}
}

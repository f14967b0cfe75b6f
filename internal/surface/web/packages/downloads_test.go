package packages_test

import (
	"fmt"
	"strings"
	"testing"

	"hexhub/hex/name"
	"hexhub/hex/version"
	"hexhub/internal/feature/stats"
)

// fetched has a version downloaded so often, today.
func (s *site) fetched(pkg, v string, times int) {
	s.Helper()
	counter := stats.New(s.db, stats.Options{})
	for range times {
		counter.Count(stats.Ref{Repository: name.MustRepository("hub"), Package: name.MustPackage(pkg), Version: version.MustParse(v)})
	}
	if err := counter.Flush(s.Context()); err != nil {
		s.Fatal(err)
	}
}

// What a drawing shows is said in words, and in tables for those who want numbers.
func TestDownloadsAreToldByVersionAndByDay(t *testing.T) {
	s := newSite(t)
	if p := s.page(200, "/packages/decimal/versions", visit{}); strings.Contains(p.raw, "Downloads in numbers") {
		t.Error("downloads are drawn before there is one")
	}
	s.fetched("decimal", "1.0.0", 3)
	s.fetched("decimal", "1.2.0", 1)
	p := s.page(200, "/packages/decimal/versions", visit{})
	for _, want := range []string{"4 downloads in thirty days, 4 in all", "3 downloads, 3 this week", "1 download, 1 this week", "0 downloads"} {
		if !strings.Contains(words(p.Node), want) {
			t.Errorf("the tab lacks %q", want)
		}
	}
	byVersion := words(p.one(t, "div", "aria-label", "Downloads by version"))
	if want := "Ever 1.0.0 3 3 3 1.2.0 1 1 1"; !strings.Contains(byVersion, want) {
		t.Errorf("the table by version lacks %q: %s", want, byVersion)
	}
	byDay := words(p.one(t, "div", "aria-label", "Downloads by day"))
	if want := stats.Today().Time().Format("2 Jan 2006") + " 4"; !strings.Contains(byDay, want) {
		t.Errorf("the table by day lacks %q: %s", want, byDay)
	}
}

// Many versions make no long table: those that few fetch are counted together.
func TestVersionsThatFewFetchAreCountedTogether(t *testing.T) {
	var text strings.Builder
	text.WriteString("user jose\npackage hub/long owner=jose\n")
	for i := range 12 {
		fmt.Fprintf(&text, "release hub/long 1.%d.0\n", i)
	}
	s := newWorld(t, text.String())
	for i := range 12 {
		s.fetched("long", fmt.Sprintf("1.%d.0", i), i+1)
	}
	table := words(s.page(200, "/packages/long/versions", visit{}).one(t, "div", "aria-label", "Downloads by version"))
	if want := "4 others 10 10 10"; !strings.Contains(table, want) {
		t.Errorf("the table lacks %q: %s", want, table)
	}
}

package quality_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"hexhub/internal/feature/quality"
)

var now = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

// best is a release that has everything.
func best() quality.Facts {
	return quality.Facts{
		Readme: true, Example: true, Changelog: true, License: true, Licenses: []string{"Apache-2.0"}, Description: "Numbers of any precision.",
		Links: []string{"https://github.com/acme/decimal"}, Docs: true, Functions: 10, Told: 8, Needs: []quality.Need{{Name: "jason", Requirement: "~> 1.0"}},
		Owners: 2, Stable: true, Build: true, Language: true, Elixir: "~> 1.15", OTP: quality.OTP{From: "26"}, Gleam: ">= 1.0.0", Tests: true, At: now.AddDate(0, -1, 0),
	}
}

func find(t *testing.T, r quality.Report, name string) quality.Check {
	t.Helper()
	for _, c := range r.Checks {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("there is no check %s", name)
	return quality.Check{}
}

func TestAReleaseThatHasEverythingGetsAllPoints(t *testing.T) {
	r := quality.Judge(best(), now)
	if r.Score() != 100 || r.Count(quality.Met) != len(r.Checks) {
		t.Errorf("%d %%: %+v", r.Score(), r.Checks)
	}
	sum := 0
	for _, c := range r.Checks {
		sum += c.Points
		if c.Fix != "" || c.Words == "" || c.Found == "" {
			t.Errorf("%s says %q and %q to do", c.Name, c.Found, c.Fix)
		}
	}
	if sum != 140 {
		t.Errorf("all points are %d", sum)
	}
}

// Whatever is missing is said with why it matters and what to do.
func TestEachCheckSaysWhatToDo(t *testing.T) {
	for _, c := range []struct {
		name  string
		miss  func(*quality.Facts)
		grade quality.Grade
		found string
	}{
		{"readme", func(f *quality.Facts) { f.Readme = false }, quality.Missed, "none"},
		{"example", func(f *quality.Facts) { f.Example = false }, quality.Missed, "no code"},
		{"reproducible", func(f *quality.Facts) { f.Dated = true }, quality.Missed, "when it was packed"},
		{"description", func(f *quality.Facts) { f.Description = " " }, quality.Missed, "no description"},
		{"description", func(f *quality.Facts) { f.Description = "Numbers" }, quality.Partly, "short"},
		{"docs", func(f *quality.Facts) { f.Docs = false }, quality.Missed, "No version"},
		{"docs", func(f *quality.Facts) { f.Docs, f.DocsBefore = false, true }, quality.Partly, "Another version"},
		{"functions", func(f *quality.Facts) { f.Told = 7 }, quality.Partly, "7 of 10"},
		{"functions", func(f *quality.Facts) { f.Told = 3 }, quality.Missed, "3 of 10"},
		{"changelog", func(f *quality.Facts) { f.Changelog = false }, quality.Missed, "no changelog"},
		{"license", func(f *quality.Facts) { f.Licenses = nil }, quality.Missed, "no licence"},
		{"license", func(f *quality.Facts) { f.Licenses = []string{"MIT", "Apache 2"} }, quality.Partly, "“Apache 2”"},
		{"license", func(f *quality.Facts) { f.License = false }, quality.Partly, "no file"},
		{"links", func(f *quality.Facts) { f.Links = nil }, quality.Missed, "no links"},
		{"links", func(f *quality.Facts) { f.Links = []string{"https://github.com.evil.example/"} }, quality.Partly, "none of them"},
		{"dependencies", func(f *quality.Facts) { f.Needs[0].Retired = true }, quality.Missed, "retired versions of jason"},
		{"dependencies", func(f *quality.Facts) { f.Needs[0].Behind = true }, quality.Partly, "newest version of jason"},
		{"requirements", func(f *quality.Facts) { f.Needs[0].Requirement = "~> 1.0 or >= 2.0.0" }, quality.Missed, "jason"},
		{"owners", func(f *quality.Facts) { f.Owners = 1 }, quality.Missed, "single owner"},
		{"build", func(f *quality.Facts) { f.Build = false }, quality.Missed, "no build tool"},
		{"build", func(f *quality.Facts) { f.Language = false }, quality.Partly, "Elixir"},
		{"elixir", func(f *quality.Facts) { f.Elixir = "~> 1.14.0" }, quality.Missed, "nothing that comes after"},
		{"elixir", func(f *quality.Facts) { f.Elixir = ">= 1.0.0 and < 1.16.0" }, quality.Missed, "nothing that comes after"},
		{"version", func(f *quality.Facts) { f.Retired = true }, quality.Missed, "retired"},
		{"version", func(f *quality.Facts) { f.Pre = true }, quality.Partly, "pre-release"},
		{"recent", func(f *quality.Facts) { f.At = now.AddDate(-2, 0, 0) }, quality.Partly, "a year ago"},
		{"recent", func(f *quality.Facts) { f.At = now.AddDate(-4, 0, 0) }, quality.Missed, "three years"},
	} {
		f := best()
		c.miss(&f)
		r := quality.Judge(f, now)
		got := find(t, r, c.name)
		if got.Grade != c.grade || !strings.Contains(got.Found, c.found) || got.Why == "" || got.Fix == "" || got.At == "" || r.Score() >= 100 {
			t.Errorf("%s, want %q: %+v", c.name, c.found, got)
		}
	}
}

func TestWhatDoesNotApplyIsNoCheck(t *testing.T) {
	f := best()
	f.Needs, f.Readme, f.Docs, f.Functions = nil, false, false, 0
	for _, c := range quality.Judge(f, now).Checks {
		if slices.Contains([]string{"requirements", "example", "functions"}, c.Name) {
			t.Errorf("%s is asked of a release that cannot have it", c.Name)
		}
	}
	f = best()
	f.Functions = 0
	if r := quality.Judge(f, now); find(t, r, "functions").Grade != quality.Unknown || r.Score() != 100 || r.Told() != len(r.Checks)-1 {
		t.Errorf("documentation that does not say counts: %d %%, %+v", r.Score(), find(t, r, "functions"))
	}
	f = best()
	f.Owners, f.Organization = 0, true
	if got := find(t, quality.Judge(f, now), "owners"); got.Grade != quality.Met {
		t.Errorf("an organization is %+v", got)
	}
	f = best()
	f.Tests, f.Elixir = false, ""
	if r := quality.Judge(f, now); find(t, r, "tests").Grade != quality.Unknown || find(t, r, "tests").Fix == "" || r.Score() != 100 || r.Told() != len(r.Checks)-1 {
		t.Errorf("what cannot be told counts: %d %%, %+v", r.Score(), find(t, r, "tests"))
	}
	for _, id := range []string{"MIT", "LicenseRef-Acme", "BSD-3-Clause", "GPL-2.0"} {
		f.Licenses = []string{id}
		if got := find(t, quality.Judge(f, now), "license"); got.Grade != quality.Met {
			t.Errorf("%s is %+v", id, got)
		}
	}
}

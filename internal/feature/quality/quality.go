// Package quality tells how well a release is made for those who are to use it: what it has, what is missing, and what to do
// about that.
//
// It judges facts that it is handed and knows neither where they come from nor who asks. Each check is about something that
// a publisher can do, says why it matters, and counts as many points as that is worth; none is about how the code is
// written.
package quality

import "time"

// Facts are what is known of a release.
type Facts struct {
	Readme    bool
	Example   bool // there is code in the README
	Changelog bool
	License   bool     // there is a text of the licence among the files
	Licenses  []string // that the release names

	Description string
	Links       []string // addresses
	Docs        bool     // of this release
	DocsBefore  bool     // of an older one
	Functions   int      // in the documentation, and macros; zero if that does not say
	Told        int      // of those, that have a text

	Needs []Need

	Owners       int  // people
	Organization bool // owns it, too

	Pre      bool // the release is a pre-release
	Stable   bool // there is a stable version at all
	Retired  bool
	Build    bool   // the release names its build tools
	Dated    bool   // the tarball says when it was packed
	Dates    bool   // its build tool lets nobody leave that out
	Language bool   // and the versions of Elixir that it works with, if it is made with mix
	Elixir   string // which those are; empty if nothing is said
	OTP      OTP
	Gleam    string // versions of Gleam that it works with; empty if nothing is said
	Tests    bool   // a file or the README tells that a machine tests it
	At       time.Time
}

// A Need is a package that the release requires.
type Need struct {
	Name, Requirement string
	Retired           bool // the version that one would get
	Behind            bool // the requirement does not admit the newest version
	Optional          bool
}

// A Grade is how far a check is met.
type Grade int

// The grades.
const (
	Missed Grade = iota
	Partly
	Met
	Unknown // nothing can be told, which counts for nothing
)

// A Place is where what is missing can be put.
type Place string

// The places.
const (
	InProject  Place = "project" // in what the project says of itself, with the next version
	InDocs     Place = "docs"
	InOwners   Place = "owners"
	InNeeds    Place = "dependencies"
	InFiles    Place = "files"
	InVersions Place = "versions"
	InLicenses Place = "licenses" // the list of those that have identifiers
)

// A Check is one thing that was looked at.
type Check struct {
	Name   string // that stays the same when the words do not
	Words  string // what should be so
	Grade  Grade
	Found  string // how it is
	Why    string // it matters
	Fix    string // what to do; empty if nothing is to be done
	At     Place  // where
	Points int    // that it counts
}

// Got is how many of its points a check gets.
func (c Check) Got() int {
	switch c.Grade {
	case Met:
		return c.Points
	case Partly:
		return c.Points / 2
	default:
		return 0
	}
}

// A Report is all checks of a release.
type Report struct{ Checks []Check }

// Judge looks at a release, at a time. What does not apply to it is not among the checks.
func Judge(f Facts, now time.Time) Report {
	var r Report
	for _, check := range checks {
		if c, applies := check(f, now); applies {
			r.Checks = append(r.Checks, c)
		}
	}
	return r
}

// Told is how many checks say something.
func (r Report) Told() int { return len(r.Checks) - r.Count(Unknown) }

// Score is the percentage of the points that the release gets.
func (r Report) Score() int {
	got, of := 0, 0
	for _, c := range r.Checks {
		got, of = got+c.Got(), of+c.Points
	}
	if of == 0 {
		return 0
	}
	return got * 100 / of
}

// Count is how many checks have the grade.
func (r Report) Count(g Grade) (n int) {
	for _, c := range r.Checks {
		if c.Grade == g {
			n++
		}
	}
	return n
}

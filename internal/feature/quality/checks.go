package quality

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"hexhub/internal/feature/catalog"
)

// checks are all there are, in the order in which one would see to them.
var checks = []func(Facts, time.Time) (c Check, applies bool){
	readme, example, description, docs, functions, changelog, license, links, needs, bounds, owners, tested, build, reproducible, elixir, otp, gleam, stable, recent,
}

// either is a grade for what is so or not so.
func either(is bool) Grade {
	if is {
		return Met
	}
	return Missed
}

// found says how it is, by the grade.
func (c Check) found(met, partly, missed string) Check {
	c.Found = [...]string{Missed: missed, Partly: partly, Met: met}[c.Grade]
	if c.Grade == Met {
		c.Fix, c.At = "", ""
	}
	return c
}

// unknown is a check of which nothing can be told.
func (c Check) unknown(why string) Check {
	c.Grade, c.Points, c.Found, c.Fix, c.At = Unknown, 0, why, "", ""
	return c
}

func readme(f Facts, _ time.Time) (Check, bool) {
	return Check{
		Name: "readme", Words: "It has a README", Points: 10, Grade: either(f.Readme),
		Why: "The README is what people read first, on this site and in their editors.",
		Fix: "Write a README.md at the top of the project. Build tools put it into the package by themselves.", At: InFiles,
	}.found("There is one.", "", "There is none."), true
}

func example(f Facts, _ time.Time) (Check, bool) {
	return Check{
		Name: "example", Words: "The README shows how it is used", Points: 10, Grade: either(f.Example),
		Why: "A few lines to copy tell more than a page of words.",
		Fix: "Put a block of code into the README, with the smallest use that does something.", At: InFiles,
	}.found("There is code in it.", "", "There is no code in it."), f.Readme
}

// shortest is how many letters a description has at least that says something.
const shortest = 20

func description(f Facts, _ time.Time) (Check, bool) {
	c := Check{
		Name: "description", Words: "It is described in a sentence", Points: 5, Grade: Met,
		Why: "The description is all that lists and searches show.",
		Fix: "Write into description, in mix.exs or the .app.src file, what the package is for.", At: InProject,
	}
	switch n := len([]rune(strings.TrimSpace(f.Description))); {
	case n == 0:
		c.Grade = Missed
	case n < shortest:
		c.Grade = Partly
	}
	return c.found("It is.", "The description is very short.", "There is no description."), true
}

func docs(f Facts, _ time.Time) (Check, bool) {
	c := Check{
		Name: "docs", Words: "It has documentation", Points: 20, Grade: either(f.Docs),
		Why: "Published documentation can be read and searched here, for this very version.",
		Fix: "Run mix hex.publish docs, rebar3 hex publish docs or gleam docs publish for this version; it need not be published again.", At: InDocs,
	}
	if !f.Docs && f.DocsBefore {
		c.Grade = Partly
	}
	return c.found("This version has.", "Another version has, and this one has not.", "No version has."), true
}

// Of how many functions in a hundred a text is told, in a documentation that is good, and in one that is halfway.
const (
	wellTold = 80
	halfTold = 40
)

func functions(f Facts, _ time.Time) (Check, bool) {
	c := Check{
		Name: "functions", Words: "Its functions are documented", Points: 10, Grade: Missed,
		Why: "Whoever meets a function without a text must read its code, or leave it alone.",
		Fix: "Write @doc, in Erlang -doc or %% @doc, in Gleam ///, before each function that others are to call. Then publish the documentation.", At: InDocs,
	}
	switch {
	case f.Functions == 0:
		return c.unknown("It is not counted: the documentation lists no functions."), f.Docs
	case f.Told*100 >= f.Functions*wellTold:
		c.Grade = Met
	case f.Told*100 >= f.Functions*halfTold:
		c.Grade = Partly
	}
	found := fmt.Sprintf("There is a text for %d of %d functions and macros.", f.Told, f.Functions)
	return c.found(found, found, found), true
}

func changelog(f Facts, _ time.Time) (Check, bool) {
	return Check{
		Name: "changelog", Words: "It tells what changed", Points: 10, Grade: either(f.Changelog),
		Why: "Whoever upgrades wants to know what will be different before something is.",
		Fix: "Keep a CHANGELOG.md at the top of the project, and name it among the files of the package.", At: InFiles,
	}.found("There is a changelog.", "", "There is no changelog among the files."), true
}

func license(f Facts, _ time.Time) (Check, bool) {
	c := Check{
		Name: "license", Words: "Its licence is known", Points: 10, Grade: Met,
		Why: "Companies look for licences with programs, which know them by their SPDX identifiers, and lawyers want the text.",
		Fix: "Name the licence by its identifier, such as Apache-2.0, in the licenses of the package, and put its text into a file called LICENSE.", At: InLicenses,
	}
	i := slices.IndexFunc(f.Licenses, func(l string) bool { return !catalog.IsLicense(l) })
	partly := "There is no file with the text of the licence."
	switch {
	case len(f.Licenses) == 0:
		c.Grade = Missed
	case i >= 0:
		c.Grade, partly = Partly, fmt.Sprintf("“%s” is no SPDX identifier.", f.Licenses[i])
	case !f.License:
		c.Grade = Partly
	}
	return c.found(strings.Join(f.Licenses, ", ")+", and its text is there.", partly, "The package names no licence."), true
}

func links(f Facts, _ time.Time) (Check, bool) {
	c := Check{
		Name: "links", Words: "It says where its source is", Points: 5, Grade: Met,
		Why: "People report mistakes and send improvements where the source is.",
		Fix: "Name the repository among the links of the package, such as GitHub: https://github.com/you/it.", At: InProject,
	}
	switch {
	case len(f.Links) == 0:
		c.Grade = Missed
	case !slices.ContainsFunc(f.Links, isSource):
		c.Grade = Partly
	}
	return c.found("A link leads to it.", "There are links, and none of them leads to a place for source code.", "There are no links."), true
}

// forges are hosts of source code, with all below them. A host called git, gitlab, code or source is taken for one as well.
var forges = []string{"github.com", "gitlab.com", "codeberg.org", "bitbucket.org", "sr.ht", "gitea.com", "sourceforge.net", "tangled.org"}

func isSource(link string) bool {
	u, err := url.Parse(link)
	if err != nil {
		return false
	}
	host := strings.ToLower(u.Hostname())
	return strings.HasPrefix(host, "git.") || strings.HasPrefix(host, "gitlab.") || strings.HasPrefix(host, "code.") || strings.HasPrefix(host, "source.") ||
		slices.ContainsFunc(forges, func(f string) bool { return host == f || strings.HasSuffix(host, "."+f) })
}

func needs(f Facts, _ time.Time) (Check, bool) {
	c := Check{
		Name: "dependencies", Words: "What it depends on is in good order", Points: 10, Grade: Met,
		Why: "Whoever uses the package gets what it depends on as well: nothing retired, and nothing that holds others back.",
		Fix: "Allow newer versions of these packages, try the package with them, and publish a version.", At: InNeeds,
	}
	retired, behind := named(f.Needs, func(n Need) bool { return n.Retired }), named(f.Needs, func(n Need) bool { return n.Behind })
	met := "All of it is."
	switch {
	case len(f.Needs) == 0:
		met = "It depends on nothing."
	case retired != "":
		c.Grade = Missed
	case behind != "":
		c.Grade = Partly
	}
	return c.found(met, "It does not admit the newest version of "+behind+".", "It leads to retired versions of "+retired+"."), true
}

// named lists the packages of which something is so.
func named(all []Need, is func(Need) bool) string {
	var names []string
	for _, n := range all {
		if is(n) {
			names = append(names, n.Name)
		}
	}
	return strings.Join(names, ", ")
}

func bounds(f Facts, _ time.Time) (Check, bool) {
	c := Check{
		Name: "requirements", Words: "Its requirements have an upper end", Points: 5, Grade: Met,
		Why: "A requirement such as >= 1.0.0 admits versions that nobody has seen yet, and that may change what the package relies on.",
		Fix: "Write requirements with ~>, such as ~> 1.4.", At: InNeeds,
	}
	open := named(f.Needs, func(n Need) bool { return endless(n.Requirement) })
	if open != "" {
		c.Grade = Missed
	}
	return c.found("All of them have.", "", "Those of "+open+" have none."), len(f.Needs) > 0
}

// endless reports whether a requirement admits all versions there will ever be.
func endless(requirement string) bool {
	for part := range strings.SplitSeq(requirement, " or ") {
		if !strings.Contains(part, "<") && !strings.Contains(part, "~>") && strings.Contains(part, ">") {
			return true
		}
	}
	return false
}

func owners(f Facts, _ time.Time) (Check, bool) {
	return Check{
		Name: "owners", Words: "More than one can publish it", Points: 5, Grade: either(f.Owners > 1 || f.Organization),
		Why: "A package with one owner stands still when that one is away, and nobody else can answer for it.",
		Fix: "Make somebody an owner whom you trust, or give the package to an organization.", At: InOwners,
	}.found("They can.", "", "It has a single owner."), true
}

func tested(f Facts, _ time.Time) (Check, bool) {
	c := Check{
		Name: "tests", Words: "A machine tests it", Points: 5, Grade: Met, Found: "Its files or its README say where.",
		Why: "Whoever sends an improvement sees at once whether it breaks something, and so does whoever publishes.",
	}
	if !f.Tests {
		c.Grade, c.Points, c.Found = Unknown, 0, "Neither the files nor the README tell."
		c.Fix, c.At = "Put the badge of your builds into the README, with a link to them.", InFiles
	}
	return c, true
}

func build(f Facts, _ time.Time) (Check, bool) {
	c := Check{
		Name: "build", Words: "It says what it is built with", Points: 5, Grade: either(f.Build),
		Why: "Clients choose by this how to compile the package, and whether it fits the version of the language.",
		Fix: "Publish with a build tool, which says this by itself; in mix.exs, write elixir: with the versions that work.", At: InProject,
	}
	if f.Build && !f.Language {
		c.Grade = Partly
	}
	return c.found("It does.", "It names its build tool and not the versions of Elixir that it works with.", "It names no build tool."), true
}

func reproducible(f Facts, _ time.Time) (Check, bool) {
	return Check{
		Name: "reproducible", Words: "It can be packed again, byte for byte", Points: 5, Grade: either(!f.Dated),
		Why: "Whoever packs the same files gets the same checksum then, and can see that the package is what lies where its source is.",
		Fix: "Publish with a mix or rebar3 of today, which give all files the same time.", At: InProject,
	}.found("Its tarball does not say when it was packed.", "", "Its tarball says when it was packed, so that no other is like it."), !f.Dated || !f.Dates
}

func stable(f Facts, _ time.Time) (Check, bool) {
	c := Check{
		Name: "version", Words: "This version can be relied on", Points: 5, Grade: Met,
		Why: "Clients warn of what is retired, and choose a pre-release only when they are told to.",
		Fix: "Publish a version that is neither.", At: InVersions,
	}
	switch {
	case f.Retired:
		c.Grade = Missed
	case f.Pre || !f.Stable:
		c.Grade = Partly
	}
	return c.found("It is stable and not retired.", "It is a pre-release.", "It is retired."), true
}

const (
	fresh = 365 * 24 * time.Hour
	stale = 3 * fresh
)

func recent(f Facts, now time.Time) (Check, bool) {
	c := Check{
		Name: "recent", Words: "Somebody looks after it", Points: 5, Grade: Met,
		Why: "Languages and dependencies move on; a version now and then shows that the package moves along.",
		Fix: "Try it with what is new, and publish a version even if nothing but the requirements changed.", At: InVersions,
	}
	switch age := now.Sub(f.At); {
	case age > stale:
		c.Grade = Missed
	case age > fresh:
		c.Grade = Partly
	}
	return c.found("It was published in the last year.", "It was published more than a year ago.", "It was published more than three years ago."), true
}

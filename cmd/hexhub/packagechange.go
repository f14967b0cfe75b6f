package main

import (
	"fmt"
	"net/url"
	"slices"

	"hexhub/internal/feature/access"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/surface/ops"
	"hexhub/internal/term"
)

// A packageChange is what every change of others' packages takes.
type packageChange struct {
	target  `embed:""`
	Package string `arg:"" help:"REPOSITORY/NAME, or NAME in the default repository."`
	Reason  string `required:"" placeholder:"TEXT" help:"Why; the audit log keeps it, where the owners read it, too."`
	DryRun  bool   `help:"Only say what would be done."`
}

// A step is one such change: how it is asked for, and how it is said before and after.
type step struct {
	method, path string
	query        url.Values // beside the package and the reason
	body         any
	plan, done   string
	weighs       bool   // whom it concerns is said with the plan
	typed        string // to be typed for what cannot be undone; empty for what can
	command      string // below hexhub, for whoever cannot be asked
}

// do does it, once it is clear that the package and its version are there.
func (c packageChange) do(s *session, what step) error {
	var p ops.Package
	if err := c.ask(s, "GET", "package", ofPackage(c.Package), nil, &p); err != nil {
		return err
	}
	number := what.query.Get("version")
	if number != "" && !slices.ContainsFunc(p.Releases, func(r ops.Release) bool { return r.Version == number }) {
		return &failure{why: term.Clean(p.Ref + " has no version " + number), fix: []string{"hexhub package show " + p.Ref}, code: exitNotFound}
	}
	if (c.DryRun || what.typed != "") && !s.Quiet && !s.JSON {
		s.talk.Println(what.plan + what.weight(p, number))
	}
	if c.DryRun {
		return s.planned(p.Ref, "package", p)
	}
	if what.typed != "" {
		if err := s.agree(what.command, what.typed, "nothing was removed: that is not the version"); err != nil {
			return err
		}
	}
	query := what.query
	query.Set("package", p.Ref)
	query.Set("reason", c.Reason)
	if err := c.ask(s, what.method, what.path, query, what.body, &p); err != nil {
		return err
	}
	return s.done(p.Ref, "package", p, "%s", what.done)
}

// weight says whom a change of a version concerns.
func (what step) weight(p ops.Package, number string) string {
	i := slices.IndexFunc(p.Releases, func(r ops.Release) bool { return r.Version == number })
	if !what.weighs || i < 0 {
		return ""
	}
	return fmt.Sprintf("\nDownloads of %s: %d. Packages that depend on %s: %d.", number, p.Releases[i].Downloads, p.Ref, p.Dependents)
}

// A releaseChange is a packageChange of one version.
type releaseChange struct {
	packageChange `embed:""`
	Version       string `arg:"" help:"Version of the release."`
}

func (c releaseChange) name() string { return c.Package + " " + c.Version }

func ofVersion(v string) url.Values { return url.Values{"version": {v}} }

type packageRetireCmd struct {
	releaseChange `embed:""`
	As            string `required:"" enum:"renamed,deprecated,security,invalid,other" placeholder:"REASON" help:"What clients say: renamed, deprecated, security, invalid or other."`
	Message       string `help:"Shown by clients to whoever uses the release, up to 140 characters."`
}

// Run retires a release.
func (c packageRetireCmd) Run(s *session) error {
	name := c.name()
	return c.do(s, step{
		method: "PUT", path: "package/retirement", query: ofVersion(c.Version), weighs: true,
		body: catalog.Retirement{Reason: catalog.Reason(c.As), Message: c.Message},
		plan: "This retires " + name + " as " + c.As + ": clients warn whoever uses it, and it can still be fetched.", done: name + " is retired.",
	})
}

type packageUnretireCmd struct {
	releaseChange `embed:""`
}

// Run takes a retirement back.
func (c packageUnretireCmd) Run(s *session) error {
	name := c.name()
	return c.do(s, step{
		method: "DELETE", path: "package/retirement", query: ofVersion(c.Version),
		plan: "After this clients warn nobody of " + name + ".", done: name + " is no longer retired.",
	})
}

type packageRemoveCmd struct {
	releaseChange `embed:""`
}

// Run removes a release once its version was typed, or with --yes.
func (c packageRemoveCmd) Run(s *session) error {
	name := c.name()
	return c.do(s, step{
		method: "DELETE", path: "package/release", query: ofVersion(c.Version), weighs: true, typed: c.Version, command: "package remove " + c.Package,
		plan: "This removes " + name + " with its documentation. Builds that have it in their lockfile fail; to retire it does no such harm:\n  hexhub package retire " + name + " --as security --reason TEXT",
		done: name + " is removed. Its version stays reserved.",
	})
}

type packageOwnersCmd struct {
	List   ownersListCmd   `cmd:"" default:"withargs" help:"List the owners."`
	Add    ownersAddCmd    `cmd:"" help:"Make somebody an owner, or give an owner another level."`
	Remove ownersRemoveCmd `cmd:"" help:"End an ownership."`
}

type ownersListCmd struct {
	target  `embed:""`
	Package string `arg:"" help:"REPOSITORY/NAME, or NAME in the default repository."`
}

// Run lists the owners.
func (c ownersListCmd) Run(s *session) error {
	var p ops.Package
	if err := c.ask(s, "GET", "package", ofPackage(c.Package), nil, &p); err != nil {
		return err
	}
	rows := [][]string{}
	for _, o := range p.Owners {
		kind := "user"
		if o.Org {
			kind = "organization"
		}
		rows = append(rows, []string{o.Name, kind, string(o.Level)})
	}
	return s.list("owners", p.Owners, []string{"OWNER", "KIND", "LEVEL"}, rows)
}

type ownersAddCmd struct {
	packageChange `embed:""`
	Owner         string `arg:"" help:"Username, or name of an organization."`
	Level         string `enum:"full,maintainer" default:"full" help:"full, who manages owners, or maintainer, who publishes."`
	Transfer      bool   `help:"Remove all other owners; organizations take packages only so."`
}

// Run makes somebody an owner.
func (c ownersAddCmd) Run(s *session) error {
	plan := "This makes " + c.Owner + " an owner (" + c.Level + ") of " + c.Package + "."
	if c.Transfer {
		plan += " All others cease to be owners."
	}
	return c.do(s, step{
		method: "PUT", path: "package/owner", query: url.Values{"owner": {c.Owner}}, body: ops.OwnerDraft{Level: access.Level(c.Level), Transfer: c.Transfer},
		plan: plan, done: c.Owner + " owns " + c.Package + " (" + c.Level + ").",
	})
}

type ownersRemoveCmd struct {
	packageChange `embed:""`
	Owner         string `arg:"" help:"Username, or name of an organization."`
}

// Run ends an ownership.
func (c ownersRemoveCmd) Run(s *session) error {
	return c.do(s, step{
		method: "DELETE", path: "package/owner", query: url.Values{"owner": {c.Owner}},
		plan: "After this " + c.Owner + " owns " + c.Package + " no more.", done: c.Owner + " owns " + c.Package + " no more.",
	})
}

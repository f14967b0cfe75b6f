package main

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"hexhub/internal/surface/ops"
	"hexhub/internal/term"
)

type packageCmd struct {
	List     packageListCmd     `cmd:"" help:"List packages of all repositories, the private ones among them."`
	Show     packageShowCmd     `cmd:"" help:"Show a package: its owners and releases."`
	Retire   packageRetireCmd   `cmd:"" help:"Retire a release: clients warn whoever uses it."`
	Unretire packageUnretireCmd `cmd:"" help:"No longer retire a release."`
	Remove   packageRemoveCmd   `cmd:"" help:"Remove a release that can still be taken back; builds that lock it fail."`
	Owners   packageOwnersCmd   `cmd:"" help:"Owners of a package."`
	Reserved packageReservedCmd `cmd:"" help:"List reserved names."`
	Reserve  packageReserveCmd  `cmd:"" help:"Reserve a name, so that nobody publishes a new package of it."`
	Free     packageFreeCmd     `cmd:"" help:"No longer reserve a name."`
}

type packageListCmd struct {
	target `embed:""`
	Search string `arg:"" optional:"" help:"What to look for, as on the site: words, or such as depends:plug."`
}

// Run lists the packages, page after page.
func (c packageListCmd) Run(s *session) error {
	all := []ops.Package{}
	for page := 1; ; page++ {
		var got ops.Packages
		if err := c.ask(s, "GET", "packages", url.Values{"search": {c.Search}, "page": {strconv.Itoa(page)}}, nil, &got); err != nil {
			return err
		}
		if all = append(all, got.Packages...); len(got.Packages) == 0 || len(all) >= got.Total {
			break
		}
	}
	rows := [][]string{}
	for _, p := range all {
		rows = append(rows, []string{p.Ref, p.Latest, owners(p), date(p.UpdatedAt)})
	}
	return s.list("packages", all, []string{"PACKAGE", "LATEST", "OWNERS", "CHANGED"}, rows)
}

// owners writes who owns a package, such as "ann (full), bob (maintainer)".
func owners(p ops.Package) string {
	var out []string
	for _, o := range p.Owners {
		out = append(out, o.Name+" ("+string(o.Level)+")")
	}
	return strings.Join(out, ", ")
}

type packageShowCmd struct {
	target  `embed:""`
	Package string `arg:"" help:"REPOSITORY/NAME, or NAME in the default repository."`
}

// Run shows a package.
func (c packageShowCmd) Run(s *session) error {
	var p ops.Package
	if err := c.ask(s, "GET", "package", ofPackage(c.Package), nil, &p); err != nil {
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "package   %s\nowners    %s\nsince     %s\nneeded by %d", p.Ref, owners(p), date(p.InsertedAt), p.Dependents)
	for _, r := range p.Releases {
		fmt.Fprintf(&b, "\nrelease   %s, %s, %s, downloads %d", r.Version, date(r.InsertedAt), term.Bytes(r.Size), r.Downloads)
		if r.Retirement != nil {
			fmt.Fprintf(&b, ", retired (%s): %s", r.Retirement.Reason, term.Clean(r.Retirement.Message))
		}
	}
	return s.done(p.Ref, "package", p, "%s", b.String())
}

func ofPackage(ref string) url.Values { return url.Values{"package": {ref}} }

type packageReservedCmd struct {
	target `embed:""`
}

// Run lists what is reserved.
func (c packageReservedCmd) Run(s *session) error {
	var all []ops.Reservation
	if err := c.ask(s, "GET", "names", nil, nil, &all); err != nil {
		return err
	}
	rows := [][]string{}
	for _, r := range all {
		rows = append(rows, []string{r.Name, r.Version, date(r.InsertedAt)})
	}
	return s.list("names", all, []string{"NAME", "VERSION", "RESERVED"}, rows)
}

// A reservedName is what is reserved or freed.
type reservedName struct {
	target `embed:""`
	Name   string `arg:"" help:"Name of a package."`
	Only   string `placeholder:"VERSION" help:"This version of it alone."`
	DryRun bool   `help:"Only say what would be done."`
}

func (n reservedName) words() string { return term.Clean(strings.TrimSpace(n.Name + " " + n.Only)) }

// change does it, or says what it would be.
func (n reservedName) change(s *session, method, reason, plan, done string) error {
	if n.DryRun {
		if !s.Quiet && !s.JSON {
			s.talk.Println(plan)
		}
		return s.planned(n.words(), "name", n.words())
	}
	var left []ops.Reservation
	if err := n.ask(s, method, "names", url.Values{"name": {n.Name}, "version": {n.Only}, "reason": {reason}}, nil, &left); err != nil {
		return err
	}
	return s.done(n.words(), "names", left, "%s", done)
}

type packageReserveCmd struct {
	reservedName `embed:""`
	Reason       string `required:"" placeholder:"TEXT" help:"Why; the audit log keeps it."`
}

// Run reserves a name.
func (c packageReserveCmd) Run(s *session) error {
	return c.change(s, "PUT", c.Reason,
		"This keeps everybody from publishing "+c.words()+", in all repositories. What is published already stays.", c.words()+" is reserved.")
}

type packageFreeCmd struct {
	reservedName `embed:""`
}

// Run frees a name.
func (c packageFreeCmd) Run(s *session) error {
	return c.change(s, "DELETE", "", "This lets everybody publish "+c.words()+".", c.words()+" is free again.")
}

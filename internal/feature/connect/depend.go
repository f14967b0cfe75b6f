package connect

import (
	"fmt"
	"regexp"
	"strings"

	"hexhub/hex/version"
)

// A Dependency is a release that somebody wants to depend on, in the words of his build tool. They are data
// whatever its publisher has called his application.
type Dependency struct {
	Package string
	App     string
	Version version.Version
	Option  string // what mix is to be told of the repository besides, or nothing; see In
}

// In is the option by which mix finds a package in the repository, which it knows by its name. Of hexpm it need
// not be told.
func In(repository string) string {
	if repository == "hexpm" {
		return ""
	}
	return fmt.Sprintf("repo: %q", repository)
}

// Mix is for the list of dependencies in mix.exs.
func (d Dependency) Mix() string {
	line := fmt.Sprintf("{%s, %q", elixirAtom(d.App), "~> "+Loose(d.Version))
	if d.App != d.Package {
		line += ", hex: :" + d.Package
	}
	if d.Option != "" {
		line += ", " + d.Option
	}
	return line + "}"
}

// Rebar is for the list of dependencies in rebar.config.
func (d Dependency) Rebar() string {
	if d.App != d.Package {
		return fmt.Sprintf("{%s, %q, {pkg, %s}}", erlangAtom(d.App), d.Version.String(), d.Package)
	}
	return fmt.Sprintf("{%s, %q}", d.Package, d.Version.String())
}

// ErlangMk is a line of a Makefile that uses erlang.mk.
func (d Dependency) ErlangMk() string { return "dep_" + d.Package + " = hex " + d.Version.String() }

// Loose is the version to follow with ~>, as far as it may be trusted to be compatible.
func Loose(v version.Version) string {
	switch {
	case v.IsPre():
		return v.String()
	case v.Major() == 0:
		return fmt.Sprintf("0.%d.%d", v.Minor(), v.Patch())
	}
	return fmt.Sprintf("%d.%d", v.Major(), v.Minor())
}

var plainAtom = regexp.MustCompile(`^[a-z][a-zA-Z0-9_]*$`)

// elixirAtom writes an atom of the publisher's choosing so that it stays one when somebody pastes it.
func elixirAtom(s string) string {
	if plainAtom.MatchString(s) {
		return ":" + s
	}
	return ":" + strings.ReplaceAll(fmt.Sprintf("%q", s), "#{", `\#{`)
}

// erlangAtom does the same for Erlang.
func erlangAtom(s string) string {
	if plainAtom.MatchString(s) {
		return s
	}
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`, "\n", `\n`).Replace(s) + "'"
}

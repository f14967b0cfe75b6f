package catalog

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"hexhub/hex/name"
	"hexhub/hex/tarball"
	"hexhub/internal/feature/org"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
)

// maxRequirements bounds what one transaction reads.
const maxRequirements = 200

// hexpm is where a package is taken to be that this server does not host.
var hexpm = name.MustRepository("hexpm")

// requirementsTx finds the repositories of the dependencies, and notes in wrong, by the name of the
// dependency, which of them cannot be published.
func (c *Catalog) requirementsTx(tx *store.Tx, own org.Repository, stated []tarball.Requirement, at time.Time, wrong fault.Fields) []Requirement {
	if len(stated) > maxRequirements {
		wrong["requirements"] = fmt.Sprintf("should have at most %d item(s)", maxRequirements)
		return nil
	}
	faults := fault.Fields{}
	var found []Requirement
	for _, s := range stated {
		req, why := c.requirementTx(tx, own, s, at)
		if why != "" {
			faults[s.Name] = why
		}
		found = append(found, req)
	}
	if len(faults) > 0 {
		wrong["requirements"] = faults
	}
	slices.SortFunc(found, func(a, b Requirement) int {
		return cmp.Or(strings.Compare(a.Repository.String(), b.Repository.String()), strings.Compare(a.Package.String(), b.Package.String()))
	})
	return found
}

func (c *Catalog) requirementTx(tx *store.Tx, own org.Repository, s tarball.Requirement, at time.Time) (req Requirement, why string) {
	pkg, err := name.ParsePackage(s.Name)
	switch {
	case err != nil:
		return req, err.Error()
	case !isApp(s.App):
		return req, "app: has invalid format"
	}
	if why := requirementFault(s.Requirement); why != "" {
		return req, why
	}
	home, why := c.homeTx(tx, own, pkg, s.Repository, at)
	return Requirement{Package: pkg, Repository: home, Requirement: s.Requirement, App: s.App, Optional: s.Optional}, why
}

// homeTx returns the repository of a dependency that is stated to be in a repository, perhaps in none.
//
// rebar3 and gleam state none: then it is the package's own repository, or the default one, if the
// dependency is there, else hexpm. mix states one, and where mix took it from the dependency is: hexpm
// need not be hosted here, the package's own repository and the default one are, and no other may be
// depended on, whether it exists or not.
func (c *Catalog) homeTx(tx *store.Tx, own org.Repository, pkg name.Package, stated string, at time.Time) (home name.Repository, why string) {
	if _, after, ok := strings.Cut(stated, ":"); ok {
		stated = after // hexpm:acme is acme
	}
	def := c.o.DefaultRepository
	switch stated {
	case "":
		for _, r := range [...]name.Repository{own.Name, def} {
			if c.hostsTx(tx, Ref{r, pkg}, at) {
				return r, ""
			}
		}
		return hexpm, ""
	case hexpm.String():
		if def == hexpm {
			c.hostsTx(tx, Ref{def, pkg}, at)
		}
		return hexpm, ""
	case own.Name.String():
		home = own.Name
	case def.String():
		home = def
	default:
		return home, elsewhere(own, stated)
	}
	if !c.hostsTx(tx, Ref{home, pkg}, at) {
		return home, fmt.Sprintf("package does not exist in repository %q", home)
	}
	return home, ""
}

func elsewhere(own org.Repository, stated string) string {
	if own.Public {
		return fmt.Sprintf("dependencies can only belong to public repository \"hexpm\", got: %q", stated)
	}
	return fmt.Sprintf("dependencies can only belong to public repository \"hexpm\" or current repository %q, got: %q", own.Name, stated)
}

// hostsTx reports whether the package exists here. One that might be reverted about now is written as
// it is: then whoever reverts it has to look for dependants again, and finds this one.
func (c *Catalog) hostsTx(tx *store.Tx, ref Ref, at time.Time) bool {
	p, ok := packages.Get(tx, ref.Key())
	if !ok {
		return false
	}
	if r, _ := org.Repositories.Get(tx, ref.Repository.String()); mayVanish(r, p, at) {
		packages.Put(tx, p)
	}
	return true
}

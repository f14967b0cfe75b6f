// Package trial shows what a policy would keep out, before it is laid down.
//
// It knows how to look through the releases that are here with the rules that clients follow. It refuses to say
// anything of packages that this server does not hold, and of advisories, of which it knows none: what clients
// refuse for those it leaves out, and says so.
package trial

import (
	"cmp"
	"slices"
	"time"

	"hexhub/hex/name"
	"hexhub/hex/version"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/org"
	"hexhub/internal/feature/policy"
	"hexhub/internal/kernel/store"
)

// A Hit is a package of which some release would be refused.
type Hit struct {
	Repository name.Repository
	Package    name.Package
	Releases   int       // that there are
	Refused    []Refused // the newest version first
}

// Whole reports whether nothing of the package is left to choose.
func (h Hit) Whole() bool { return len(h.Refused) == h.Releases }

// A Refused release is one that clients would not choose.
type Refused struct {
	Version version.Version
	Cause   policy.Cause
}

// An Outcome is what a policy would do here.
type Outcome struct {
	Releases int               // that were judged
	Refused  int               // that would not be chosen
	Packages int               // of which some release would not be chosen
	Hits     []Hit             // some of the packages, by repository and name; those of which nothing is left come first
	Blind    bool              // the policy speaks of advisories, which are not known here
	Absent   []name.Repository // that the policy has rules for, and that are not here for the viewer to see
}

// Run judges, by the policy as it would be at the time, every release that the actor may read, and shows at
// most so many packages of which it refuses some.
func Run(v *store.View, actor access.Actor, p policy.Policy, most int, at time.Time) Outcome {
	var out Outcome
	for _, tab := range p.Repositories {
		out.Blind = out.Blind || tab.MinSeverity != ""
		repository, ok := org.Repositories.Get(v, tab.Repository.String())
		if !ok || access.May(v, actor, access.Read, access.Thing{Repository: repository}) != nil {
			out.Absent = append(out.Absent, tab.Repository)
			continue
		}
		out.judge(v, tab, at)
	}
	slices.SortStableFunc(out.Hits, func(a, b Hit) int { return cmp.Compare(rank(a), rank(b)) })
	out.Hits = out.Hits[:min(most, len(out.Hits))]
	return out
}

func rank(h Hit) int {
	if h.Whole() {
		return 0
	}
	return 1
}

// judge adds what the rules refuse of their repository.
func (out *Outcome) judge(v *store.View, tab policy.Tab, at time.Time) {
	hit := Hit{Repository: tab.Repository}
	done := func() {
		if len(hit.Refused) > 0 {
			slices.SortFunc(hit.Refused, func(a, b Refused) int { return b.Version.Compare(a.Version) })
			out.Hits = append(out.Hits, hit)
			out.Packages++
		}
	}
	for r := range catalog.ReleasesIn(v, tab.Repository) {
		if r.Package != hit.Package {
			done()
			hit = Hit{Repository: tab.Repository, Package: r.Package}
		}
		hit.Releases++
		out.Releases++
		c := policy.Candidate{Package: r.Package, Version: r.Version, PublishedAt: r.InsertedAt}
		if r.Retirement != nil {
			c.Retired = policy.Reason(r.Retirement.Reason)
		}
		if cause := tab.Judge(c, at); cause != "" {
			hit.Refused = append(hit.Refused, Refused{r.Version, cause})
			out.Refused++
		}
	}
	done()
}

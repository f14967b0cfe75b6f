package policy

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"hexhub/hex/name"
	"hexhub/hex/version"
)

// A Candidate is a release that a client might choose.
type Candidate struct {
	Package     name.Package
	Version     version.Version
	PublishedAt time.Time // zero when it is not known
	Retired     Reason    // empty when it is not
	Severity    Severity  // of the gravest advisory that it has; empty when it has none
}

// A Cause is why a policy keeps a release from being chosen. The empty one lets it through.
type Cause string

// The causes.
const (
	Denied  Cause = "denied"   // by an override
	Grave   Cause = "advisory" // it has an advisory that is grave enough
	Retired Cause = "retired"  // for a reason that is listed
	Young   Cause = "cooldown" // it was published too lately
)

// Judge tells whether clients that follow the rules refuse the release at the time, and why. An override
// decides alone; of the other causes the first is told, in the order above.
func (t Tab) Judge(c Candidate, at time.Time) Cause {
	if i := slices.IndexFunc(t.Overrides, func(o Override) bool { return o.speaksOf(c) }); i >= 0 {
		if t.Overrides[i].Action == "deny" {
			return Denied
		}
		return ""
	}
	switch {
	case t.MinSeverity != "" && c.Severity != "" && slices.Index(Severities, c.Severity) >= slices.Index(Severities, t.MinSeverity):
		return Grave
	case c.Retired != "" && slices.Contains(t.Retirements, c.Retired):
		return Retired
	case !c.PublishedAt.IsZero() && at.Sub(c.PublishedAt) < Wait(t.Cooldown):
		return Young
	}
	return ""
}

// speaksOf reports whether the override is about the release. A package has one override at most, so that none
// is more specific than another.
func (o Override) speaksOf(c Candidate) bool {
	if o.Package != c.Package {
		return false
	}
	if o.Requirement == "" {
		return true
	}
	r, err := version.ParseRequirement(o.Requirement)
	return err == nil && r.Match(c.Version, true)
}

// Wait is for how long a cool-down of the text keeps releases back; not at all if it is none. A month has
// thirty days.
func Wait(cooldown string) time.Duration {
	number := strings.TrimRight(cooldown, "dwmo")
	n, err := strconv.Atoi(number)
	if err != nil {
		return 0
	}
	day := 24 * time.Hour
	switch cooldown[len(number):] {
	case "d":
		return time.Duration(n) * day
	case "w":
		return time.Duration(n) * 7 * day
	case "mo":
		return time.Duration(n) * 30 * day
	}
	return 0
}

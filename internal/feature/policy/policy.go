// Package policy keeps dependency policies: rules by which an organization wants dependencies chosen.
//
// It knows what a policy may say, who may say it, and how clients judge a release by it when they resolve. The
// server itself refuses nothing for a policy's sake. It knows neither how a policy is signed nor how it is fetched.
package policy

import (
	"slices"
	"strings"
	"time"

	"hexhub/hex/name"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/org"
	"hexhub/internal/kernel/store"
)

// A Policy is what an organization has laid down under a name, which never changes.
type Policy struct {
	ID           string          `json:"id"`
	Organization name.Repository `json:"organization"`
	Name         string          `json:"name"` // fit for a path
	Description  string          `json:"description,omitempty"`
	Visibility   Visibility      `json:"visibility"`
	Repositories []Tab           `json:"repositories,omitempty"` // at most one for each repository
	InsertedAt   time.Time       `json:"inserted_at"`
	UpdatedAt    time.Time       `json:"updated_at"`
	UpdatedBy    string          `json:"updated_by,omitempty"` // user ID; empty where nobody, or an older binary, did
}

// Visibility is who may fetch a policy. A text that is none of the constants is as good as Private.
type Visibility string

// The visibilities.
const (
	Private Visibility = "private" // members
	Public  Visibility = "public"  // everybody
)

// A Tab is the rules for releases from one repository. Without any, all are let through.
type Tab struct {
	Repository  name.Repository `json:"repository"`
	Cooldown    string          `json:"cooldown,omitempty"`              // block what is younger: 0, or a number and d, w or mo
	MinSeverity Severity        `json:"advisory_min_severity,omitempty"` // block what has an advisory as grave; empty blocks none
	Retirements []Reason        `json:"retirement_reasons,omitempty"`    // block what was retired for these
	Overrides   []Override      `json:"overrides,omitempty"`             // each for another package
}

// An Override lets a package through or blocks it, whatever the other rules say.
type Override struct {
	Action      Action       `json:"action"`
	Package     name.Package `json:"package"`
	Requirement string       `json:"requirement,omitempty"` // of which versions; empty means all
}

// A Severity is that of an advisory.
type Severity string

// A Reason is that of a retirement.
type Reason string

// An Action is what an override does.
type Action string

// Severities, Reasons and Actions are all there are; Hex numbers them in this order, from zero.
var (
	Severities = []Severity{"none", "low", "medium", "high", "critical"}
	Reasons    = []Reason{"other", "invalid", "security", "deprecated", "renamed"}
	Actions    = []Action{"allow", "deny"}
)

var (
	policies = store.NewTable("policy", func(p Policy) string { return key(p.Organization, p.Name) })
	ofOrg    = policies.Group("org", func(p Policy) []string { return []string{p.Organization.String()} })
)

// Tables are what the package keeps.
var Tables = store.Schema{policies}

func key(organization name.Repository, policy string) string {
	return store.Path(organization.String(), policy)
}

// Get returns the organization's policy of the name, whoever asks.
func Get(r store.Reader, organization name.Repository, policy string) (Policy, bool) {
	return policies.Get(r, key(organization, policy))
}

// Of returns the organization's policies by name, whoever asks.
func Of(r store.Reader, organization name.Repository) []Policy {
	return slices.SortedFunc(ofOrg.In(r, organization.String()), func(a, b Policy) int { return strings.Compare(a.Name, b.Name) })
}

// MayRead tells why the actor may not read the policy, or nil. One that is not there, the zero Policy, is
// refused to strangers as a private one is.
func MayRead(r store.Reader, actor access.Actor, organization name.Repository, p Policy) error {
	if p.Visibility == Public {
		return nil
	}
	return access.MayOrg(r, actor, org.Read, organization)
}

// Published returns the policy as whoever may fetch it sees it. A public one keeps the rules for the
// organization's own repository to the members: they tell of packages that nobody else must know of.
func (p Policy) Published() Policy {
	if p.Visibility == Public {
		p.Repositories = slices.DeleteFunc(slices.Clone(p.Repositories), func(t Tab) bool { return t.Repository == p.Organization })
	}
	return p
}

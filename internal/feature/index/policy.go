package index

import (
	"fmt"
	"slices"

	"hexhub/hex/name"
	"hexhub/hex/registry"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/policy"
	"hexhub/internal/kernel/store"
)

// Policy returns the file of an organization's dependency policy, as of now. It returns false if there is no
// such policy.
func (x *Index) Policy(organization name.Repository, policyName string) (File, bool, error) {
	k := key{kind: policyFile, ref: catalog.Ref{Repository: organization}, policy: policyName}
	if d := x.cache.get(k); d != nil && d.isFresh() {
		return d.File, true, nil
	}
	return x.derive(k, (*derived).isFresh, x.derivePolicy)
}

func (x *Index) derivePolicy(v *store.View, k key, _ *derived) (*derived, error) {
	p, ok := policy.Get(v, k.ref.Repository, k.policy)
	if !ok {
		return nil, nil
	}
	f, err := x.signer.Policy(policyOf(p.Published()))
	if err != nil {
		return nil, fmt.Errorf("derive policy: %w", err)
	}
	return &derived{File: File{File: f, Modified: p.UpdatedAt, Public: p.Visibility == policy.Public}}, nil
}

func policyOf(p policy.Policy) registry.Policy {
	out := registry.Policy{Repository: p.Organization.String(), Name: p.Name, Description: p.Description}
	if p.Visibility == policy.Public {
		out.Visibility = registry.VisibilityPublic
	}
	for _, t := range p.Repositories {
		out.Repositories = append(out.Repositories, tabOf(t))
	}
	return out
}

func tabOf(t policy.Tab) registry.RepositoryPolicy {
	out := registry.RepositoryPolicy{Repository: t.Repository.String()}
	out.Restriction.Cooldown, out.Restriction.MinSeverity = t.Cooldown, severityOf(t.MinSeverity)
	for _, r := range t.Retirements {
		out.Restriction.Retirements = append(out.Restriction.Retirements, reasons[catalog.Reason(r)])
	}
	for _, o := range t.Overrides {
		out.Overrides = append(out.Overrides, registry.Override{
			Action: actionOf(o.Action), Package: o.Package.String(), Requirement: o.Requirement,
		})
	}
	return out
}

// What a newer binary of the cluster may have written and this one does not know blocks rather than lets
// through.

func severityOf(s policy.Severity) registry.Severity {
	if s == "" {
		return registry.SeverityUnknown
	}
	return registry.SeverityNone + registry.Severity(max(0, slices.Index(policy.Severities, s)))
}

func actionOf(a policy.Action) registry.Action {
	if a == "allow" {
		return registry.ActionAllow
	}
	return registry.ActionDeny
}

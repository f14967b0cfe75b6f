package registry

import (
	"errors"
	"fmt"

	"hexhub/hex/registry/registrypb"
)

// Policy is a named set of rules that clients apply while they resolve.
type Policy struct {
	Repository   string // the organization's
	Name         string
	Description  string // may be empty
	Visibility   Visibility
	Repositories []RepositoryPolicy // written in the order given
}

// Visibility says who may fetch a [Policy].
type Visibility int32

// The visibilities, numbered as they are written. A value from elsewhere that is
// neither reads as [VisibilityPrivate].
const (
	VisibilityPrivate Visibility = iota
	VisibilityPublic
)

// A RepositoryPolicy is the part of a [Policy] about releases of one repository.
type RepositoryPolicy struct {
	Repository  string
	Restriction Restriction
	Overrides   []Override // written in the order given
}

// A Restriction blocks releases; the zero value blocks none and is left out.
type Restriction struct {
	MinSeverity Severity // block advisories at least this grave; SeverityUnknown blocks none
	Retirements []Reason // block these retirements
	Cooldown    string   // block releases younger than this, such as "7d"; empty blocks none
}

// An Override makes an exception for one package.
type Override struct {
	Action      Action
	Package     string
	Requirement string // empty means every version
	AdvisoryID  string // the advisory that ActionAdvisory excuses
	// RetirementReason is what ActionRetirement excuses; nil leaves it out.
	RetirementReason *Reason
	Comment          string // may be empty
}

// An Action is what an [Override] does. Files from elsewhere may hold values
// that are not named here.
type Action int32

// The actions, numbered as they are written. Clients before Hex 2.5.2 know only
// the first two.
const (
	ActionAllow Action = iota
	ActionDeny
	ActionAdvisory
	ActionRetirement
	ActionCooldown
)

func encodePolicy(p Policy) (*registrypb.Policy, error) {
	switch {
	case p.Repository == "":
		return nil, errNoRepository
	case p.Name == "":
		return nil, errors.New("no policy name")
	case p.Visibility < VisibilityPrivate || p.Visibility > VisibilityPublic:
		return nil, fmt.Errorf("unknown visibility %d", p.Visibility)
	}
	m := &registrypb.Policy{
		Repository:  &p.Repository,
		Name:        &p.Name,
		Description: given(p.Description),
		Visibility:  registrypb.Visibility(p.Visibility).Enum(),
	}
	for i := range p.Repositories {
		r, err := encodeRepositoryPolicy(&p.Repositories[i])
		if err != nil {
			return nil, fmt.Errorf("rules for %q: %w", p.Repositories[i].Repository, err)
		}
		m.Repositories = append(m.Repositories, r)
	}
	return m, nil
}

func encodeRepositoryPolicy(r *RepositoryPolicy) (*registrypb.RepositoryPolicy, error) {
	if r.Repository == "" {
		return nil, errNoRepository
	}
	restriction, err := encodeRestriction(r.Restriction)
	if err != nil {
		return nil, err
	}
	m := &registrypb.RepositoryPolicy{Repository: &r.Repository, Restriction: restriction}
	for i := range r.Overrides {
		o, err := encodeOverride(&r.Overrides[i])
		if err != nil {
			return nil, fmt.Errorf("override for %q: %w", r.Overrides[i].Package, err)
		}
		m.Overrides = append(m.Overrides, o)
	}
	return m, nil
}

func encodeRestriction(r Restriction) (*registrypb.Restriction, error) {
	if r.MinSeverity == SeverityUnknown && len(r.Retirements) == 0 && r.Cooldown == "" {
		return nil, nil
	}
	severity, err := encodeSeverity(r.MinSeverity)
	if err != nil {
		return nil, err
	}
	m := &registrypb.Restriction{AdvisoryMinSeverity: severity, Cooldown: given(r.Cooldown)}
	for _, reason := range r.Retirements {
		encoded, err := encodeReason(reason)
		if err != nil {
			return nil, err
		}
		m.RetirementReasons = append(m.RetirementReasons, *encoded)
	}
	return m, nil
}

func encodeOverride(o *Override) (*registrypb.Override, error) {
	switch {
	case o.Package == "":
		return nil, errors.New("no package name")
	case o.Action < ActionAllow || o.Action > ActionCooldown:
		return nil, fmt.Errorf("unknown action %d", o.Action)
	}
	m := &registrypb.Override{
		Action:     registrypb.OverrideAction(o.Action).Enum(),
		Ref:        &registrypb.PackageRef{Package: &o.Package, Requirement: given(o.Requirement)},
		AdvisoryId: given(o.AdvisoryID),
		Comment:    given(o.Comment),
	}
	if o.RetirementReason != nil {
		reason, err := encodeReason(*o.RetirementReason)
		if err != nil {
			return nil, err
		}
		m.RetirementReason = reason
	}
	return m, nil
}

func decodePolicy(m *registrypb.Policy) Policy {
	p := Policy{
		Repository:  m.GetRepository(),
		Name:        m.GetName(),
		Description: m.GetDescription(),
	}
	if m.GetVisibility() == registrypb.Visibility_VISIBILITY_PUBLIC {
		p.Visibility = VisibilityPublic
	}
	for _, r := range m.GetRepositories() {
		p.Repositories = append(p.Repositories, decodeRepositoryPolicy(r))
	}
	return p
}

func decodeRepositoryPolicy(m *registrypb.RepositoryPolicy) RepositoryPolicy {
	r := RepositoryPolicy{Repository: m.GetRepository()}
	if m.Restriction != nil {
		r.Restriction.MinSeverity = decodeSeverity(m.Restriction.AdvisoryMinSeverity)
		r.Restriction.Cooldown = m.Restriction.GetCooldown()
	}
	for _, reason := range m.GetRestriction().GetRetirementReasons() {
		r.Restriction.Retirements = append(r.Restriction.Retirements, Reason(reason))
	}
	for _, o := range m.GetOverrides() {
		r.Overrides = append(r.Overrides, decodeOverride(o))
	}
	return r
}

func decodeOverride(m *registrypb.Override) Override {
	o := Override{
		Action:      Action(m.GetAction()),
		Package:     m.GetRef().GetPackage(),
		Requirement: m.GetRef().GetRequirement(),
		AdvisoryID:  m.GetAdvisoryId(),
		Comment:     m.GetComment(),
	}
	if m.RetirementReason != nil {
		o.RetirementReason = new(Reason(*m.RetirementReason))
	}
	return o
}

package registry

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"hexhub/hex/registry/registrypb"
)

// anyVersion is the requirement of a dependency that states none.
const anyVersion = ">= 0.0.0"

func encodeNames(n Names) (*registrypb.Names, error) {
	if n.Repository == "" {
		return nil, errNoRepository
	}
	packages, err := ordered(n.Packages, func(e NamesEntry) string { return e.Name })
	if err != nil {
		return nil, err
	}
	m := &registrypb.Names{Repository: &n.Repository}
	m.Packages = make([]*registrypb.NamesEntry, len(packages))
	for i := range packages {
		m.Packages[i] = &registrypb.NamesEntry{
			Name:      &packages[i].Name,
			UpdatedAt: encodeTime(packages[i].UpdatedAt),
		}
	}
	return m, nil
}

func encodeVersions(v Versions) (*registrypb.Versions, error) {
	if v.Repository == "" {
		return nil, errNoRepository
	}
	packages, err := ordered(v.Packages, func(e VersionsEntry) string { return e.Name })
	if err != nil {
		return nil, err
	}
	m := &registrypb.Versions{Repository: &v.Repository}
	m.Packages = make([]*registrypb.VersionsEntry, 0, len(packages))
	for i := range packages {
		if len(packages[i].Versions) > 0 {
			m.Packages = append(m.Packages, encodeVersionsEntry(&packages[i]))
		}
	}
	return m, nil
}

func encodeVersionsEntry(e *VersionsEntry) *registrypb.VersionsEntry {
	m := &registrypb.VersionsEntry{Name: &e.Name, Versions: make([]string, len(e.Versions))}
	for i, v := range e.Versions {
		m.Versions[i] = v.Version
		if v.Retired {
			m.Retired = append(m.Retired, int32(i))
		}
		if v.HasAdvisories {
			m.WithAdvisories = append(m.WithAdvisories, int32(i))
		}
	}
	return m
}

func encodePackage(p Package) (*registrypb.Package, error) {
	switch {
	case p.Repository == "":
		return nil, errNoRepository
	case p.Name == "":
		return nil, errors.New("no package name")
	case len(p.Releases) == 0:
		return nil, fmt.Errorf("package %q has no releases, so it has no file", p.Name)
	}
	advisories, err := ordered(p.Advisories, func(a Advisory) string { return a.ID })
	if err != nil {
		return nil, err
	}
	m := &registrypb.Package{Repository: &p.Repository, Name: &p.Name}
	index := make(map[string]uint32, len(advisories))
	for i := range advisories {
		a, err := encodeAdvisory(&advisories[i])
		if err != nil {
			return nil, fmt.Errorf("advisory %s: %w", advisories[i].ID, err)
		}
		m.Advisories = append(m.Advisories, a)
		index[advisories[i].ID] = uint32(i)
	}
	for i := range p.Releases {
		r, err := encodeRelease(&p.Releases[i], p.Repository, index)
		if err != nil {
			return nil, fmt.Errorf("release %s: %w", p.Releases[i].Version, err)
		}
		m.Releases = append(m.Releases, r)
	}
	return m, nil
}

// encodeRelease needs the place of every advisory, by its ID. Every client
// refuses a release without an inner checksum and rebar3 crashes on one without
// an outer, so a forgotten one must not leave the house.
func encodeRelease(r *Release, repository string, advisories map[string]uint32) (*registrypb.Release, error) {
	switch {
	case r.Version == "":
		return nil, errors.New("no version")
	case r.InnerChecksum == [32]byte{}:
		return nil, errors.New("no inner checksum")
	case r.OuterChecksum == [32]byte{}:
		return nil, errors.New("no outer checksum")
	}
	m := &registrypb.Release{
		Version:       &r.Version,
		InnerChecksum: r.InnerChecksum[:],
		OuterChecksum: r.OuterChecksum[:],
		Dependencies:  encodeDependencies(r.Dependencies, repository),
		PublishedAt:   encodeTime(r.PublishedAt),
	}
	for _, id := range r.AdvisoryIDs {
		i, ok := advisories[id]
		if !ok {
			return nil, fmt.Errorf("advisory %s is not among the package's", id)
		}
		m.AdvisoryIndexes = append(m.AdvisoryIndexes, i)
	}
	slices.Sort(m.AdvisoryIndexes)
	if r.Retirement != nil {
		reason, err := encodeReason(r.Retirement.Reason)
		if err != nil {
			return nil, err
		}
		m.Retired = &registrypb.Retirement{Reason: reason, Message: given(r.Retirement.Message)}
	}
	return m, nil
}

// encodeDependencies writes what the file would leave out before it sorts, as
// hexpm does: the repository takes part in the order even where it is omitted.
func encodeDependencies(deps []Dependency, repository string) []*registrypb.Dependency {
	deps = slices.Clone(deps)
	for i := range deps {
		d := &deps[i]
		d.Repository = cmp.Or(d.Repository, repository)
		d.Requirement = cmp.Or(d.Requirement, anyVersion)
		d.App = cmp.Or(d.App, d.Package)
	}
	slices.SortFunc(deps, compareDependencies)

	list := make([]*registrypb.Dependency, len(deps))
	for i := range deps {
		d := &deps[i]
		m := &registrypb.Dependency{Package: &d.Package, Requirement: &d.Requirement}
		if d.Optional {
			m.Optional = &d.Optional
		}
		if d.App != d.Package {
			m.App = &d.App
		}
		if d.Repository != repository {
			m.Repository = &d.Repository
		}
		list[i] = m
	}
	return list
}

func compareDependencies(a, b Dependency) int {
	return cmp.Or(
		cmp.Compare(a.Repository, b.Repository),
		cmp.Compare(a.Package, b.Package),
		cmp.Compare(a.Requirement, b.Requirement),
		compareBools(a.Optional, b.Optional),
		cmp.Compare(a.App, b.App),
	)
}

// compareBools puts false before true.
func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	default:
		return 1
	}
}

func encodeAdvisory(a *Advisory) (*registrypb.Advisory, error) {
	severity, err := encodeSeverity(a.Severity)
	if err != nil {
		return nil, err
	}
	if a.Score != nil && !validScore(*a.Score) {
		return nil, fmt.Errorf("CVSS score is %v, must be from 0 to 10", *a.Score)
	}
	return &registrypb.Advisory{
		Id:        &a.ID,
		Summary:   &a.Summary,
		HtmlUrl:   &a.HTMLURL,
		ApiUrl:    &a.APIURL,
		Severity:  severity,
		CvssScore: a.Score,
		Aliases:   a.Aliases,
	}, nil
}

func encodeReason(r Reason) (*registrypb.RetirementReason, error) {
	if r < ReasonOther || r > ReasonRenamed {
		return nil, fmt.Errorf("unknown retirement reason %d", r)
	}
	return registrypb.RetirementReason(r).Enum(), nil
}

func encodeSeverity(s Severity) (*registrypb.AdvisorySeverity, error) {
	switch {
	case s == SeverityUnknown:
		return nil, nil
	case s < SeverityUnknown || s > SeverityCritical:
		return nil, fmt.Errorf("unknown severity %d", s)
	}
	return registrypb.AdvisorySeverity(s - SeverityNone).Enum(), nil
}

// validScore refuses NaN as well.
func validScore(score float32) bool { return score >= 0 && score <= 10 }

// encodeTime drops what is below a microsecond, for hexpm's times have none.
func encodeTime(t time.Time) *registrypb.Timestamp {
	if t.IsZero() {
		return nil
	}
	t = t.Truncate(time.Microsecond)
	return &registrypb.Timestamp{Seconds: new(t.Unix()), Nanos: new(int32(t.Nanosecond()))}
}

// given returns nil for empty text, which leaves an optional field out.
func given(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// ordered returns list in ascending bytewise order of key, which must be unique
// and not empty. The list given is not changed.
func ordered[E any](list []E, key func(E) string) ([]E, error) {
	byKey := func(a, b E) int { return cmp.Compare(key(a), key(b)) }
	if !slices.IsSortedFunc(list, byKey) {
		list = slices.SortedFunc(slices.Values(list), byKey)
	}
	for i, e := range list {
		if key(e) == "" {
			return nil, errors.New("an entry has no name")
		}
		if i > 0 && key(list[i-1]) == key(e) {
			return nil, fmt.Errorf("%q is listed twice", key(e))
		}
	}
	return list, nil
}

var errNoRepository = errors.New("no repository name")

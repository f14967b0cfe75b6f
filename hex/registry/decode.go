package registry

import (
	"errors"
	"fmt"
	"math"
	"time"

	"hexhub/hex/registry/registrypb"
)

func decodeNames(m *registrypb.Names) (Names, error) {
	n := Names{Repository: m.GetRepository(), Packages: make([]NamesEntry, len(m.GetPackages()))}
	for i, e := range m.GetPackages() {
		updated, err := decodeTime(e.GetUpdatedAt())
		if err != nil {
			return Names{}, fmt.Errorf("package %q: %w", e.GetName(), err)
		}
		n.Packages[i] = NamesEntry{Name: e.GetName(), UpdatedAt: updated}
	}
	return n, nil
}

func decodeVersions(m *registrypb.Versions) (Versions, error) {
	v := Versions{Repository: m.GetRepository(), Packages: make([]VersionsEntry, len(m.GetPackages()))}
	for i, e := range m.GetPackages() {
		flags, err := decodeFlags(e)
		if err != nil {
			return Versions{}, fmt.Errorf("package %q: %w", e.GetName(), err)
		}
		v.Packages[i] = VersionsEntry{Name: e.GetName(), Versions: flags}
	}
	return v, nil
}

// decodeFlags refuses a package without versions, for that is how a file of
// names looks when it is read as one of versions.
func decodeFlags(m *registrypb.VersionsEntry) ([]VersionFlags, error) {
	if len(m.GetVersions()) == 0 {
		return nil, errors.New("no versions")
	}
	flags := make([]VersionFlags, len(m.GetVersions()))
	for i, version := range m.GetVersions() {
		flags[i].Version = version
	}
	for _, i := range m.GetRetired() {
		if i < 0 || int(i) >= len(flags) {
			return nil, fmt.Errorf("retired version %d of %d", i, len(flags))
		}
		flags[i].Retired = true
	}
	for _, i := range m.GetWithAdvisories() {
		if i < 0 || int(i) >= len(flags) {
			return nil, fmt.Errorf("version with advisories %d of %d", i, len(flags))
		}
		flags[i].HasAdvisories = true
	}
	return flags, nil
}

func decodePackage(m *registrypb.Package) (Package, error) {
	p := Package{Repository: m.GetRepository(), Name: m.GetName()}
	for _, a := range m.GetAdvisories() {
		advisory, err := decodeAdvisory(a)
		if err != nil {
			return Package{}, fmt.Errorf("advisory %q: %w", a.GetId(), err)
		}
		p.Advisories = append(p.Advisories, advisory)
	}
	for _, r := range m.GetReleases() {
		release, err := decodeRelease(r, p.Advisories)
		if err != nil {
			return Package{}, fmt.Errorf("release %q: %w", r.GetVersion(), err)
		}
		p.Releases = append(p.Releases, release)
	}
	return p, nil
}

func decodeRelease(m *registrypb.Release, advisories []Advisory) (Release, error) {
	published, err := decodeTime(m.GetPublishedAt())
	if err != nil {
		return Release{}, err
	}
	r := Release{Version: m.GetVersion(), PublishedAt: published}
	if r.InnerChecksum, err = decodeChecksum(m.GetInnerChecksum()); err != nil {
		return Release{}, fmt.Errorf("inner checksum: %w", err)
	}
	if m.OuterChecksum != nil {
		if r.OuterChecksum, err = decodeChecksum(m.OuterChecksum); err != nil {
			return Release{}, fmt.Errorf("outer checksum: %w", err)
		}
	}
	for _, i := range m.GetAdvisoryIndexes() {
		if uint64(i) >= uint64(len(advisories)) {
			return Release{}, fmt.Errorf("advisory %d of %d", i, len(advisories))
		}
		r.AdvisoryIDs = append(r.AdvisoryIDs, advisories[i].ID)
	}
	if m.Retired != nil {
		r.Retirement = &Retirement{Reason: Reason(m.Retired.GetReason()), Message: m.Retired.GetMessage()}
	}
	for _, d := range m.GetDependencies() {
		r.Dependencies = append(r.Dependencies, Dependency{
			Package:     d.GetPackage(),
			Requirement: d.GetRequirement(),
			Optional:    d.GetOptional(),
			App:         d.GetApp(),
			Repository:  d.GetRepository(),
		})
	}
	return r, nil
}

func decodeChecksum(b []byte) (sum [32]byte, err error) {
	if copy(sum[:], b); len(b) != len(sum) {
		return sum, fmt.Errorf("%d bytes, want %d", len(b), len(sum))
	}
	return sum, nil
}

func decodeAdvisory(m *registrypb.Advisory) (Advisory, error) {
	if m.CvssScore != nil && !validScore(*m.CvssScore) {
		return Advisory{}, fmt.Errorf("CVSS score is %v, must be from 0 to 10", *m.CvssScore)
	}
	return Advisory{
		ID:       m.GetId(),
		Summary:  m.GetSummary(),
		HTMLURL:  m.GetHtmlUrl(),
		APIURL:   m.GetApiUrl(),
		Severity: decodeSeverity(m.Severity),
		Score:    m.CvssScore,
		Aliases:  m.GetAliases(),
	}, nil
}

// decodeSeverity keeps a severity that is not known yet, if it is a grave one.
func decodeSeverity(s *registrypb.AdvisorySeverity) Severity {
	if s == nil || *s < 0 || *s == math.MaxInt32 {
		return SeverityUnknown
	}
	return Severity(*s) + SeverityNone
}

// Protobuf's own Timestamp has these bounds: the years 1 to 9999, which is also
// what JSON can express.
var (
	firstSecond = time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	lastSecond  = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC).Unix()
)

func decodeTime(m *registrypb.Timestamp) (time.Time, error) {
	if m == nil {
		return time.Time{}, nil
	}
	seconds, nanos := m.GetSeconds(), m.GetNanos()
	if seconds < firstSecond || seconds > lastSecond || nanos < 0 || nanos >= 1e9 {
		return time.Time{}, fmt.Errorf("time of %d s and %d ns is out of range", seconds, nanos)
	}
	return time.Unix(seconds, int64(nanos)).UTC(), nil
}

package registry

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// With -export, [TestFilesAreHexs] leaves what it made in the folder, for
// testdata/hex_core.escript to check with the real hex_core.
var export = flag.String("export", "", "folder to leave the reference files in")

// Files that a real hex_core made: in testdata/mix that of Hex 2.5, in
// testdata/rebar3 that of rebar3 3.19, which knows fewer fields. See
// testdata/hex_core.escript for how they came about.
func TestFilesAreHexs(t *testing.T) {
	signer, public := testKey(t), testPublicKey(t)
	tests := []struct {
		path string
		sign func() (File, error)
		read func(file []byte) (any, error)
		want any
	}{
		{
			"mix/names",
			func() (File, error) { return signer.Names(fullNames()) },
			func(file []byte) (any, error) { return ReadNames(public, file, "acme") },
			fullNames(),
		},
		{
			"mix/versions",
			func() (File, error) { return signer.Versions(fullVersions()) },
			func(file []byte) (any, error) { return ReadVersions(public, file, "acme") },
			fullVersions(),
		},
		{
			"mix/package",
			func() (File, error) { return signer.Package(fullPackage()) },
			func(file []byte) (any, error) { return ReadPackage(public, file, "acme", "foo") },
			fullPackage(),
		},
		{
			"mix/policy",
			func() (File, error) { return signer.Policy(fullPolicy()) },
			func(file []byte) (any, error) { return ReadPolicy(public, file, "acme", "strict") },
			fullPolicy(),
		},
		{
			"rebar3/names",
			func() (File, error) { return signer.Names(oldNames()) },
			func(file []byte) (any, error) { return ReadNames(public, file, "acme") },
			oldNames(),
		},
		{
			"rebar3/versions",
			func() (File, error) { return signer.Versions(oldVersions()) },
			func(file []byte) (any, error) { return ReadVersions(public, file, "acme") },
			oldVersions(),
		},
		{
			"rebar3/package",
			func() (File, error) { return signer.Package(oldPackage()) },
			func(file []byte) (any, error) { return ReadPackage(public, file, "acme", "foo") },
			oldPackage(),
		},
	}
	for _, test := range tests {
		t.Run(test.path, func(t *testing.T) {
			theirs, err := os.ReadFile(filepath.Join("testdata", test.path))
			if err != nil {
				t.Fatal(err)
			}
			got, err := test.read(theirs)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("read (-want +got):\n%s", diff)
			}
			ours, err := test.sign()
			if err != nil {
				t.Fatal(err)
			}
			// The envelope holds payload and signature: both must be theirs.
			if diff := cmp.Diff(unpack(t, theirs), unpack(t, ours.Body)); diff != "" {
				t.Errorf("envelope (-theirs +ours):\n%s", diff)
			}
			exportFile(t, test.path, ours.Body)
		})
	}
}

func exportFile(t *testing.T, path string, body []byte) {
	t.Helper()
	if *export == "" {
		return
	}
	path = filepath.Join(*export, path)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, body, 0o644)); err != nil {
		t.Fatal(err)
	}
}

func fullNames() Names {
	return Names{Repository: "acme", Packages: []NamesEntry{
		{Name: "bar", UpdatedAt: time.Unix(1700000000, 123456000).UTC()},
		{Name: "bar_baz", UpdatedAt: time.Unix(1700000000, 0).UTC()},
		{Name: "foo"},
	}}
}

func oldNames() Names {
	n := fullNames()
	for i := range n.Packages {
		n.Packages[i].UpdatedAt = time.Time{}
	}
	return n
}

func fullVersions() Versions {
	foo := VersionsEntry{Name: "foo"}
	for i := range 200 {
		foo.Versions = append(foo.Versions, VersionFlags{
			Version:       fmt.Sprintf("1.%d.0", i),
			Retired:       i == 0 || i == 127 || i == 128 || i == 199,
			HasAdvisories: i == 150,
		})
	}
	bar := VersionsEntry{Name: "bar", Versions: []VersionFlags{{Version: "0.1.0"}}}
	return Versions{Repository: "acme", Packages: []VersionsEntry{bar, foo}}
}

func oldVersions() Versions {
	v := fullVersions()
	v.Packages[1].Versions[150].HasAdvisories = false
	return v
}

func fullPackage() Package {
	return Package{
		Repository: "acme",
		Name:       "foo",
		Releases: []Release{
			{
				Version:       "1.0.0-rc.1",
				InnerChecksum: checksum(0xa1),
				OuterChecksum: checksum(0xb1),
				Retirement:    &Retirement{Reason: ReasonOther},
			},
			{
				Version:       "1.0.0",
				InnerChecksum: checksum(0xa2),
				OuterChecksum: checksum(0xb2),
				Dependencies: []Dependency{
					{Package: "bar", Requirement: "~> 0.1"},
					{Package: "bar_baz", Requirement: ">= 0.0.0", App: "baz"},
					{Package: "aaa", Requirement: "~> 1.0 or ~> 2.0", Optional: true, Repository: "hexpm"},
					{Package: "jason", Requirement: "== 1.4.4", Repository: "hexpm"},
				},
				Retirement:  &Retirement{Reason: ReasonRenamed, Message: "now called „fuß“ ☃"},
				AdvisoryIDs: []string{"CVE-2026-1", "GHSA-aaaa-bbbb-cccc"},
				PublishedAt: time.Unix(1700000000, 999999000).UTC(),
			},
			{
				Version:       "1.10.0",
				InnerChecksum: checksum(0xa3),
				OuterChecksum: checksum(0xb3),
				AdvisoryIDs:   []string{"GHSA-aaaa-bbbb-cccc"},
				PublishedAt:   time.Unix(1800000000, 0).UTC(),
			},
		},
		Advisories: []Advisory{
			{
				ID: "CVE-2026-1", Summary: "leak", Severity: SeverityNone, Score: new(float32(0)),
				HTMLURL: "https://osv.dev/vulnerability/CVE-2026-1",
				APIURL:  "https://api.osv.dev/v1/vulns/CVE-2026-1",
			},
			{
				ID: "GHSA-aaaa-bbbb-cccc", Summary: "crash", Aliases: []string{"CVE-2026-2", "EEF-2"},
				HTMLURL: "https://osv.dev/vulnerability/GHSA-aaaa-bbbb-cccc",
				APIURL:  "https://api.osv.dev/v1/vulns/GHSA-aaaa-bbbb-cccc",
			},
		},
	}
}

func oldPackage() Package {
	p := fullPackage()
	p.Advisories = nil
	for i := range p.Releases {
		p.Releases[i].AdvisoryIDs = nil
		p.Releases[i].PublishedAt = time.Time{}
	}
	return p
}

func fullPolicy() Policy {
	return Policy{
		Repository:  "acme",
		Name:        "strict",
		Description: "what we allow",
		Visibility:  VisibilityPrivate,
		Repositories: []RepositoryPolicy{
			{Repository: "acme"},
			{
				Repository: "hexpm",
				Restriction: Restriction{
					MinSeverity: SeverityNone,
					Retirements: []Reason{ReasonOther, ReasonSecurity},
				},
				Overrides: []Override{
					{Action: ActionAllow, Package: "foo", Requirement: "~> 1.7"},
					{Action: ActionAdvisory, Package: "bar", AdvisoryID: "CVE-2026-1", Comment: "not reachable"},
					{Action: ActionRetirement, Package: "bar", RetirementReason: new(ReasonOther)},
					{Action: ActionCooldown, Package: "jason"},
				},
			},
		},
	}
}

func checksum(b byte) (sum [32]byte) {
	for i := range sum {
		sum[i] = b
	}
	return sum
}

func testKey(t testing.TB) *Signer {
	t.Helper()
	s, err := ParseKey(testdata(t, "key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func testPublicKey(t testing.TB) *PublicKey {
	t.Helper()
	k, err := ParsePublicKey(testdata(t, "public.pem"))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func testdata(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// unpack returns the envelope of a file.
func unpack(t testing.TB, file []byte) []byte {
	t.Helper()
	b, err := decompress(file, MaxSize)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

package registry

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The server's key must not become an oracle: what reaches it are typed values.
func TestM8KeySignsOnlyTypedValues(t *testing.T) {
	want := []string{
		"Names(registry.Names) (registry.File, error)",
		"Package(registry.Package) (registry.File, error)",
		"Policy(registry.Policy) (registry.File, error)",
		"PrivatePEM() ([]uint8, error)",
		"Public() *registry.PublicKey",
		"Versions(registry.Versions) (registry.File, error)",
	}
	var got []string
	signer := reflect.ValueOf(new(Signer))
	for method, value := range signer.Methods() {
		got = append(got, method.Name+strings.TrimPrefix(value.Type().String(), "func"))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what a Signer does (-want +got):\n%s", diff)
	}
}

// A file of one kind must not pass for one of another kind, repository or name,
// whatever its author chose to call things.
func TestM8FilesDoNotPassForOthers(t *testing.T) {
	signer, public := testKey(t), testPublicKey(t)
	// A package called like a repository is the closest that kinds come.
	impostor := Package{Repository: "hexpm", Name: "acme", Releases: []Release{{
		Version: "1.0.0", InnerChecksum: checksum('a'), OuterChecksum: checksum('b'),
	}}}
	files := map[string]File{
		"names":    must(signer.Names(fullNames())),
		"versions": must(signer.Versions(fullVersions())),
		"package":  must(signer.Package(fullPackage())),
		"policy":   must(signer.Policy(fullPolicy())),
		"impostor": must(signer.Package(impostor)),
	}
	tests := []struct {
		name string
		read func(file []byte) error
		pass []string
	}{
		{"names of acme", func(file []byte) error {
			_, err := ReadNames(public, file, "acme")
			return err
		}, []string{"names"}},
		{"versions of acme", func(file []byte) error {
			_, err := ReadVersions(public, file, "acme")
			return err
		}, []string{"versions"}},
		{"package foo of acme", func(file []byte) error {
			_, err := ReadPackage(public, file, "acme", "foo")
			return err
		}, []string{"package"}},
		{"policy strict of acme", func(file []byte) error {
			_, err := ReadPolicy(public, file, "acme", "strict")
			return err
		}, []string{"policy"}},
	}
	for _, test := range tests {
		for name, file := range files {
			t.Run(fmt.Sprintf("M8 %s read as %s", name, test.name), func(t *testing.T) {
				err := test.read(file.Body)
				if want := slices.Contains(test.pass, name); (err == nil) != want {
					t.Errorf("passes: %t, want %t (%v)", err == nil, want, err)
				}
			})
		}
	}
}

func TestFilesAreReproducible(t *testing.T) {
	signer := testKey(t)
	first, second := must(signer.Package(fullPackage())), must(signer.Package(fullPackage()))
	if diff := cmp.Diff(first, second); diff != "" {
		t.Errorf("the same package twice:\n%s", diff)
	}
	if tag := first.ETag; !strings.HasPrefix(tag, `"`) || !strings.HasSuffix(tag, `"`) || len(tag) < 20 {
		t.Errorf("ETag = %s, want a quoted, strong one", tag)
	}
	changed := fullPackage()
	changed.Releases[0].Retirement = nil
	if other := must(signer.Package(changed)); other.ETag == first.ETag {
		t.Error("another package has the same ETag")
	}
	// RFC 1952 §2.3: no flags, no time.
	if header := first.Body[:8]; !bytes.Equal(header, []byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0}) {
		t.Errorf("gzip header = %x, want neither name nor time", header)
	}
}

func TestListsAreOrdered(t *testing.T) {
	given := []NamesEntry{{Name: "b"}, {Name: "a_b"}, {Name: "a"}, {Name: "ab"}}
	before := slices.Clone(given)
	n := reopen(t, testKey(t).Names, ReadNames, Names{Repository: "acme", Packages: given})
	if diff := cmp.Diff([]NamesEntry{{Name: "a"}, {Name: "a_b"}, {Name: "ab"}, {Name: "b"}}, n.Packages); diff != "" {
		t.Errorf("packages (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(before, given); diff != "" {
		t.Errorf("the caller's list was changed:\n%s", diff)
	}
}

// The order is hexpm's: by the repository's name even where it is left out.
func TestDependenciesAreOrderedAndTerse(t *testing.T) {
	given := []Dependency{
		{Package: "z", Requirement: "~> 1.0", Repository: "hexpm", App: "z"},
		{Package: "b", Repository: "zulu", App: "bee"},
		{Package: "a", Requirement: "~> 2.0", Repository: "zulu", App: "a", Optional: true},
		{Package: "a", Requirement: "~> 1.0"},
	}
	before := slices.Clone(given)
	p := Package{Repository: "zulu", Name: "foo", Releases: []Release{{
		Version: "1.0.0", InnerChecksum: checksum(1), OuterChecksum: checksum(2), Dependencies: given,
	}}}
	want := []Dependency{
		{Package: "z", Requirement: "~> 1.0", Repository: "hexpm"},
		{Package: "a", Requirement: "~> 1.0"},
		{Package: "a", Requirement: "~> 2.0", Optional: true},
		{Package: "b", Requirement: ">= 0.0.0", App: "bee"},
	}
	file := must(testKey(t).Package(p))
	got, err := ReadPackage(testPublicKey(t), file.Body, "zulu", "foo")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got.Releases[0].Dependencies); diff != "" {
		t.Errorf("dependencies (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(before, given); diff != "" {
		t.Errorf("the caller's list was changed:\n%s", diff)
	}
}

// Advisories are written by ID, and releases must still point to the right ones.
func TestAdvisoriesKeepTheirReleases(t *testing.T) {
	p := fullPackage()
	slices.Reverse(p.Advisories)
	slices.Reverse(p.Releases[1].AdvisoryIDs)
	got, err := ReadPackage(testPublicKey(t), must(testKey(t).Package(p)).Body, "acme", "foo")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(fullPackage(), got); diff != "" {
		t.Errorf("package (-want +got):\n%s", diff)
	}
}

func TestUnwritableValuesAreRefused(t *testing.T) {
	signer := testKey(t)
	changed := func(change func(*Package)) func() (File, error) {
		p := fullPackage()
		change(&p)
		return func() (File, error) { return signer.Package(p) }
	}
	policy := func(change func(*Policy)) func() (File, error) {
		p := fullPolicy()
		change(&p)
		return func() (File, error) { return signer.Policy(p) }
	}
	tests := []struct {
		name string
		sign func() (File, error)
	}{
		{"names without repository", func() (File, error) { return signer.Names(Names{}) }},
		{"names with a nameless package", func() (File, error) {
			return signer.Names(Names{Repository: "acme", Packages: make([]NamesEntry, 1)})
		}},
		{"names with a package twice", func() (File, error) {
			return signer.Names(Names{Repository: "acme", Packages: []NamesEntry{{Name: "a"}, {Name: "b"}, {Name: "a"}}})
		}},
		{"names that are not UTF-8", func() (File, error) {
			return signer.Names(Names{Repository: "acme", Packages: []NamesEntry{{Name: "\xff"}}})
		}},
		{"versions without repository", func() (File, error) { return signer.Versions(Versions{}) }},
		{"package without repository", changed(func(p *Package) { p.Repository = "" })},
		{"package without name", changed(func(p *Package) { p.Name = "" })},
		{"package without releases", changed(func(p *Package) { p.Releases = nil })},
		{"release without version", changed(func(p *Package) { p.Releases[0].Version = "" })},
		{"release without inner checksum", changed(func(p *Package) { p.Releases[0].InnerChecksum = [32]byte{} })},
		{"release without outer checksum", changed(func(p *Package) { p.Releases[0].OuterChecksum = [32]byte{} })},
		{"unknown reason", changed(func(p *Package) { p.Releases[0].Retirement.Reason = 5 })},
		{"unknown severity", changed(func(p *Package) { p.Advisories[0].Severity = 6 })},
		{"score above 10", changed(func(p *Package) { p.Advisories[0].Score = new(float32(10.1)) })},
		{"advisory twice", changed(func(p *Package) { p.Advisories[1] = p.Advisories[0] })},
		{"advisory not given", changed(func(p *Package) { p.Releases[0].AdvisoryIDs = []string{"CVE-0"} })},
		{"message that is not UTF-8", changed(func(p *Package) { p.Releases[0].Retirement.Message = "\xff" })},
		{"policy without repository", policy(func(p *Policy) { p.Repository = "" })},
		{"policy without name", policy(func(p *Policy) { p.Name = "" })},
		{"policy of unknown visibility", policy(func(p *Policy) { p.Visibility = 2 })},
		{"rules without repository", policy(func(p *Policy) { p.Repositories[0].Repository = "" })},
		{"rules of unknown severity", policy(func(p *Policy) { p.Repositories[1].Restriction.MinSeverity = -1 })},
		{"rules for unknown reason", policy(func(p *Policy) { p.Repositories[1].Restriction.Retirements[0] = -1 })},
		{"override without package", policy(func(p *Policy) { p.Repositories[1].Overrides[0].Package = "" })},
		{"override of unknown action", policy(func(p *Policy) { p.Repositories[1].Overrides[0].Action = 5 })},
		{"override for unknown reason", policy(func(p *Policy) {
			p.Repositories[1].Overrides[0].RetirementReason = new(Reason(5))
		})},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if file, err := test.sign(); err == nil {
				t.Errorf("signed, with ETag %s", file.ETag)
			}
		})
	}
}

// reopen signs value and reads it back.
func reopen[T any](
	t testing.TB,
	sign func(T) (File, error),
	read func(*PublicKey, []byte, string) (T, error),
	value T,
) T {
	t.Helper()
	file, err := sign(value)
	if err != nil {
		t.Fatal(err)
	}
	got, err := read(testPublicKey(t), file.Body, "acme")
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func BenchmarkPackageOf30(b *testing.B) {
	signer, p := testKey(b), packageOf(30)
	for b.Loop() {
		must(signer.Package(p))
	}
}

// All of a large repository: 20,000 packages with 12 versions each.
func BenchmarkVersionsOf20000(b *testing.B) {
	signer, v := testKey(b), versionsOf(20_000, 12)
	for b.Loop() {
		must(signer.Versions(v))
	}
}

func BenchmarkReadPackageOf30(b *testing.B) {
	public, file := testPublicKey(b), must(testKey(b).Package(packageOf(30)))
	for b.Loop() {
		must(ReadPackage(public, file.Body, "acme", "foo"))
	}
}

func packageOf(releases int) Package {
	p := Package{Repository: "acme", Name: "foo"}
	for i := range releases {
		p.Releases = append(p.Releases, Release{
			Version:       fmt.Sprintf("1.%d.0", i),
			InnerChecksum: checksum(byte(i + 1)),
			OuterChecksum: checksum(byte(i + 2)),
			PublishedAt:   time.Unix(1700000000+int64(i), 0),
			Dependencies: []Dependency{
				{Package: "plug", Requirement: "~> 1.14"},
				{Package: "jason", Requirement: "~> 1.0", Optional: true},
				{Package: "telemetry", Requirement: "~> 0.4 or ~> 1.0"},
				{Package: "castore", Requirement: ">= 0.0.0"},
			},
		})
	}
	return p
}

func versionsOf(packages, versions int) Versions {
	v := Versions{Repository: "acme"}
	for i := range packages {
		e := VersionsEntry{Name: fmt.Sprintf("package_%06d", i)}
		for j := range versions {
			e.Versions = append(e.Versions, VersionFlags{Version: fmt.Sprintf("%d.%d.%d", i%7, j, i%11), Retired: (i+j)%97 == 0})
		}
		v.Packages = append(v.Packages, e)
	}
	return v
}

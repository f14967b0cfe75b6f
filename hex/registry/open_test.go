package registry

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha512"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"hexhub/hex/registry/registrypb"
)

func TestErrorsSayWhatClientsSay(t *testing.T) {
	file := must(testKey(t).Package(fullPackage())).Body
	policy := must(testKey(t).Policy(fullPolicy())).Body
	names := must(testKey(t).Names(fullNames())).Body
	versions := must(testKey(t).Versions(fullVersions())).Body
	public, stranger := testPublicKey(t), must(GenerateKey()).Public()
	read := func(key *PublicKey, repository, name string) error {
		_, err := ReadPackage(key, file, repository, name)
		return err
	}
	second := func(_ any, err error) error { return err }
	tests := []struct {
		name string
		err  error
		want error
	}{
		{"M1 another key", read(stranger, "acme", "foo"), ErrBadSignature},
		{"M1 another repository", read(public, "hexpm", "foo"), ErrBadRepoName},
		{"M1 another package", read(public, "acme", "bar"), ErrBadRepoName},
		{"M1 another policy", second(ReadPolicy(public, policy, "acme", "lax")), ErrBadRepoName},
		{"M1 another repository's policy", second(ReadPolicy(public, policy, "hexpm", "strict")), ErrBadRepoName},
		{"M1 another repository's names", second(ReadNames(public, names, "hexpm")), ErrBadRepoName},
		{"M1 another repository's versions", second(ReadVersions(public, versions, "hexpm")), ErrBadRepoName},
		{"M1 no signature", second(Open(public, must(compress(must(proto.Marshal(
			&registrypb.Signed{Payload: []byte("abc")})))))), ErrBadSignature},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if !errors.Is(test.err, test.want) {
				t.Errorf("error = %v, want %v", test.err, test.want)
			}
		})
	}
}

func TestEveryFlippedBitIsNoticed(t *testing.T) {
	public := testPublicKey(t)
	file := must(testKey(t).Package(goldenPackage)).Body
	want := must(Open(public, file))
	signed := unpack(t, file)
	for i := range 8 * len(signed) {
		signed[i/8] ^= 1 << (i % 8)
		if _, err := Open(public, must(compress(signed))); err == nil {
			t.Errorf("bit %d of the envelope may be flipped", i)
		}
		signed[i/8] ^= 1 << (i % 8)
	}
	// gzip's header has bits that mean nothing, but none may change the payload.
	for i := range 8 * len(file) {
		file[i/8] ^= 1 << (i % 8)
		if got, err := Open(public, file); err == nil && !bytes.Equal(got, want) {
			t.Errorf("bit %d of the file may be flipped", i)
		}
		file[i/8] ^= 1 << (i % 8)
	}
}

func TestE14HostileFilesAreRefused(t *testing.T) {
	public := testPublicKey(t)
	good := must(testKey(t).Names(fullNames())).Body
	wrap := func(envelope ...byte) []byte { return must(compress(envelope)) }
	tests := []struct {
		name string
		file []byte
	}{
		{"empty", nil},
		{"not gzip", []byte("<html>sign in to the Wi-Fi</html>")},
		{"cut short", good[:len(good)-1]},
		{"bytes after the end", append(slices.Clone(good), 0)},
		{"two members", append(slices.Clone(good), good...)},
		{"empty envelope", wrap()},
		{"overlong varint", wrap(0x0a, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01)},
		{"2 GiB length", wrap(0x0a, 0x80, 0x80, 0x80, 0x80, 0x08)},
		{"length past the end", wrap(0x0a, 5, 'a')},
		{"wrong wire type", wrap(0x08, 1)},
		{"field number zero", wrap(0x02, 0)},
		{"open group", wrap(0x1b)},
		{"groups 100,000 deep", wrap(bytes.Repeat([]byte{0x1b}, 100_000)...)},
	}
	for _, test := range tests {
		t.Run("E14 "+test.name, func(t *testing.T) {
			if payload, err := Open(public, test.file); err == nil {
				t.Errorf("opened: %x", payload)
			}
		})
	}
}

// A signature proves who wrote a payload, not that it makes sense.
func TestE14SignedNonsenseIsRefused(t *testing.T) {
	signer, public := testKey(t), testPublicKey(t)
	names := func(m *registrypb.Names) error {
		_, err := ReadNames(public, must(signer.seal(m)).Body, "acme")
		return err
	}
	versions := func(e *registrypb.VersionsEntry) error {
		e.Name = new("foo")
		m := &registrypb.Versions{Repository: new("acme"), Packages: []*registrypb.VersionsEntry{e}}
		_, err := ReadVersions(public, must(signer.seal(m)).Body, "acme")
		return err
	}
	pack := func(change func(*registrypb.Package)) error {
		m := must(encodePackage(fullPackage()))
		change(m)
		_, err := ReadPackage(public, must(signer.seal(m)).Body, "acme", "foo")
		return err
	}
	at := func(seconds int64, nanos int32) *registrypb.Timestamp {
		return &registrypb.Timestamp{Seconds: &seconds, Nanos: &nanos}
	}
	entry := func(at *registrypb.Timestamp) *registrypb.Names {
		return &registrypb.Names{
			Repository: new("acme"),
			Packages:   []*registrypb.NamesEntry{{Name: new("foo"), UpdatedAt: at}},
		}
	}
	tests := []struct {
		name string
		err  error
	}{
		{"time before the year 1", names(entry(at(math.MinInt64, 0)))},
		{"time after the year 9999", names(entry(at(math.MaxInt64, 0)))},
		{"negative nanoseconds", names(entry(at(0, -1)))},
		{"too many nanoseconds", names(entry(at(0, 1e9)))},
		{"no versions", versions(&registrypb.VersionsEntry{})},
		{"retired past the end", versions(&registrypb.VersionsEntry{Versions: []string{"1.0.0"}, Retired: []int32{1}})},
		{"retired below zero", versions(&registrypb.VersionsEntry{Versions: []string{"1.0.0"}, Retired: []int32{-1}})},
		{"advised past the end", versions(&registrypb.VersionsEntry{Versions: []string{"1.0.0"}, WithAdvisories: []int32{1}})},
		{"advised below zero", versions(&registrypb.VersionsEntry{Versions: []string{"1.0.0"}, WithAdvisories: []int32{-1}})},
		{"short inner checksum", pack(func(p *registrypb.Package) { p.Releases[0].InnerChecksum = make([]byte, 31) })},
		{"long outer checksum", pack(func(p *registrypb.Package) { p.Releases[0].OuterChecksum = make([]byte, 33) })},
		{"empty outer checksum", pack(func(p *registrypb.Package) { p.Releases[0].OuterChecksum = []byte{} })},
		{"advisory past the end", pack(func(p *registrypb.Package) { p.Releases[0].AdvisoryIndexes = []uint32{2} })},
		{"score that is not a number", pack(func(p *registrypb.Package) {
			p.Advisories[0].CvssScore = new(float32(math.NaN()))
		})},
		{"published never", pack(func(p *registrypb.Package) { p.Releases[0].PublishedAt = at(0, -1) })},
	}
	for _, test := range tests {
		t.Run("E14 "+test.name, func(t *testing.T) {
			if test.err == nil {
				t.Error("was read")
			}
		})
	}
}

func TestM3LargeFilesAreRefused(t *testing.T) {
	bomb := must(compress(make([]byte, 1<<20)))
	if len(bomb) > 5000 {
		t.Fatalf("the bomb weighs %d bytes itself", len(bomb))
	}
	if _, err := decompress(bomb, 1<<20); err != nil {
		t.Errorf("at the limit: %v", err)
	}
	if _, err := decompress(bomb, 1<<20-1); err == nil {
		t.Error("a byte above the limit was unpacked")
	}
}

// Writers disagree on packing, and later ones will write fields and values that
// we do not know.
func TestOtherWritersAreUnderstood(t *testing.T) {
	var entry []byte
	entry = appendField(entry, 1, "foo")
	entry = appendField(entry, 2, "1.0.0")
	entry = appendField(entry, 2, "1.1.0")
	entry = append(entry, 3<<3, 0, 3<<3, 1) // retired, not packed
	entry = append(entry, 5<<3|2, 1, 1)     // with_advisories, packed
	entry = appendField(entry, 9, "new")
	var payload []byte
	payload = appendField(payload, 1, string(entry))
	payload = appendField(payload, 2, "acme")
	payload = appendField(payload, 100, "new")
	got, err := ReadVersions(testPublicKey(t), sealBytes(t, payload), "acme")
	if err != nil {
		t.Fatal(err)
	}
	want := []VersionFlags{{Version: "1.0.0", Retired: true}, {Version: "1.1.0", Retired: true, HasAdvisories: true}}
	if diff := cmp.Diff(want, got.Packages[0].Versions); diff != "" {
		t.Errorf("versions (-want +got):\n%s", diff)
	}

	m := must(encodePackage(fullPackage()))
	m.Releases[0].Retired.Reason = registrypb.RetirementReason(9).Enum()
	m.Releases[1].AdvisoryIndexes = nil
	release := append(must(proto.Marshal(m.Releases[1])), 6<<3|2, 2, 0, 1) // advisory_indexes, packed
	m.Releases[1] = new(registrypb.Release)
	if err := proto.Unmarshal(release, m.Releases[1]); err != nil {
		t.Fatal(err)
	}
	m.Advisories[1].Severity = registrypb.AdvisorySeverity(math.MaxInt32).Enum()
	p, err := ReadPackage(testPublicKey(t), must(testKey(t).seal(m)).Body, "acme", "foo")
	if err != nil {
		t.Fatal(err)
	}
	future := fullPackage()
	future.Releases[0].Retirement.Reason = 9
	if diff := cmp.Diff(future, p); diff != "" {
		t.Errorf("package (-want +got):\n%s", diff)
	}

	policy := must(encodePolicy(fullPolicy()))
	policy.Visibility = registrypb.Visibility(7).Enum()
	q, err := ReadPolicy(testPublicKey(t), must(testKey(t).seal(policy)).Body, "acme", "strict")
	if err != nil {
		t.Fatal(err)
	}
	if q.Visibility != VisibilityPrivate {
		t.Errorf("unknown visibility reads as %d, want private", q.Visibility)
	}
}

func TestPolicySurvives(t *testing.T) {
	got, err := ReadPolicy(testPublicKey(t), must(testKey(t).Policy(goldenPolicy)).Body, "acme", "pol")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(goldenPolicy, got); diff != "" {
		t.Errorf("policy (-written +read):\n%s", diff)
	}
}

func TestReadingUndoesWriting(t *testing.T) {
	signer, public := testKey(t), testPublicKey(t)
	rapid.Check(t, func(t *rapid.T) {
		want := drawPackage(t)
		file, err := signer.Package(want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := ReadPackage(public, file.Body, want.Repository, want.Name)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("package (-written +read):\n%s", diff)
		}
	})
}

// drawPackage draws a package that is in the order it is written in and leaves
// out what is left out.
func drawPackage(t *rapid.T) Package {
	name := rapid.StringMatching(`[a-z][a-z0-9_]{0,9}`)
	p := Package{Repository: name.Draw(t, "repository"), Name: name.Draw(t, "name")}
	ids := rapid.SliceOfNDistinct(name, 0, 4, rapid.ID).Draw(t, "advisories")
	slices.Sort(ids)
	for _, id := range ids {
		a := Advisory{
			ID: id, Summary: rapid.String().Draw(t, "summary"), HTMLURL: "h", APIURL: "a",
			Severity: Severity(rapid.IntRange(0, int(SeverityCritical)).Draw(t, "severity")),
		}
		if rapid.Bool().Draw(t, "scored") {
			a.Score = new(rapid.Float32Range(0, 10).Draw(t, "score"))
		}
		p.Advisories = append(p.Advisories, a)
	}
	for i := range rapid.IntRange(1, 5).Draw(t, "releases") {
		p.Releases = append(p.Releases, drawRelease(t, i, ids))
	}
	return p
}

func drawRelease(t *rapid.T, i int, advisories []string) Release {
	r := Release{
		Version:       fmt.Sprintf("%d.0.0", i),
		InnerChecksum: checksum(rapid.ByteRange(1, 255).Draw(t, "inner")),
		OuterChecksum: checksum(rapid.ByteRange(1, 255).Draw(t, "outer")),
	}
	if rapid.Bool().Draw(t, "dated") {
		r.PublishedAt = time.UnixMicro(rapid.Int64Range(-1e15, 1e17).Draw(t, "published")).UTC()
	}
	if rapid.Bool().Draw(t, "retired") {
		r.Retirement = &Retirement{
			Reason:  Reason(rapid.IntRange(0, int(ReasonRenamed)).Draw(t, "reason")),
			Message: rapid.String().Draw(t, "message"),
		}
	}
	for _, id := range advisories {
		if rapid.Bool().Draw(t, "affected") {
			r.AdvisoryIDs = append(r.AdvisoryIDs, id)
		}
	}
	names := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z]{1,3}`), 0, 4, rapid.ID).Draw(t, "dependencies")
	slices.Sort(names)
	for _, name := range names {
		r.Dependencies = append(r.Dependencies, Dependency{
			Package:     name,
			Requirement: rapid.StringMatching(`~> [0-9]\.[0-9]`).Draw(t, "requirement"),
			Optional:    rapid.Bool().Draw(t, "optional"),
			App:         rapid.SampledFrom([]string{"", "other_app"}).Draw(t, "app"),
		})
	}
	return r
}

func FuzzOpen(f *testing.F) {
	public := testPublicKey(f)
	good := must(testKey(f).Names(goldenNames)).Body
	want := must(Open(public, good))
	f.Add(good)
	f.Add(must(compress(nil)))
	f.Add(must(compress([]byte{0x0a, 1, 'a', 0x12, 1, 'b', 0x1b, 0x1c})))
	f.Fuzz(func(t *testing.T, file []byte) {
		// Nothing that a fuzzer finds is signed, but for the seed and its like.
		if got, err := Open(public, file); err == nil && !bytes.Equal(got, want) {
			t.Errorf("forged: %x", got)
		}
	})
}

// The payload is signed here, to get past the signature to the decoder. What it
// reads must be something that can be written and read again, unless it holds
// what we read from others but do not write.
func FuzzReadPackage(f *testing.F) {
	signer, public := testKey(f), testPublicKey(f)
	for _, p := range []Package{goldenPackage, fullPackage(), oldPackage()} {
		f.Add(must(proto.Marshal(must(encodePackage(p)))))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		m := new(registrypb.Package)
		if proto.Unmarshal(payload, m) != nil {
			return
		}
		p, err := decodePackage(m)
		if err != nil {
			return
		}
		file, err := signer.Package(p)
		if err != nil {
			return
		}
		first, err := ReadPackage(public, file.Body, p.Repository, p.Name)
		if err != nil {
			t.Fatalf("read what was written: %v", err)
		}
		again, err := ReadPackage(public, must(signer.Package(first)).Body, p.Repository, p.Name)
		if err != nil {
			t.Fatalf("read what was written again: %v", err)
		}
		if diff := cmp.Diff(first, again); diff != "" {
			t.Errorf("writing is not stable:\n%s", diff)
		}
	})
}

func appendField(b []byte, number protowire.Number, value string) []byte {
	return protowire.AppendString(protowire.AppendTag(b, number, protowire.BytesType), value)
}

// sealBytes signs any payload, as only a test may.
func sealBytes(t *testing.T, payload []byte) []byte {
	t.Helper()
	sum := sha512.Sum512(payload)
	signature, err := rsa.SignPKCS1v15(nil, testKey(t).key, crypto.SHA512, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return must(compress(must(proto.Marshal(&registrypb.Signed{Payload: payload, Signature: signature}))))
}

package version

import (
	"encoding/json"
	"errors"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// versions makes versions that are often close to each other, so that ties
// and near misses happen.
func versions() *rapid.Generator[Version] {
	number := rapid.SampledFrom([]string{"0", "1", "2", "9", "10", "99999999999999", "18446744073709551614"})
	word := rapid.OneOf(
		rapid.SampledFrom([]string{"0", "1", "2", "10", "a", "A", "rc", "rc1", "0a", "-", "-1", "99999999999999999999"}),
		rapid.StringMatching(`[a-zA-Z-][0-9a-zA-Z-]{0,3}`),
	)
	return rapid.Custom(func(t *rapid.T) Version {
		s := number.Draw(t, "major") + "." + number.Draw(t, "minor") + "." + number.Draw(t, "patch")
		if pre := rapid.SliceOfN(word, 0, 3).Draw(t, "pre"); len(pre) > 0 {
			s += "-" + strings.Join(pre, ".")
		}
		if build := rapid.SliceOfN(word, 0, 2).Draw(t, "build"); len(build) > 0 {
			s += "+" + strings.Join(build, ".")
		}
		return MustParse(s)
	})
}

func TestParseIsInverseOfString(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := versions().Draw(t, "v")
		if again, err := Parse(v.String()); err != nil || again != v {
			t.Fatalf("Parse(%q) = %#v, %v, want %#v", v, again, err, v)
		}
	})
}

func TestCompareIsTotalOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := versions().Draw(t, "a"), versions().Draw(t, "b"), versions().Draw(t, "c")
		if a.Compare(a) != 0 {
			t.Fatalf("%s does not tie with itself", a)
		}
		if a.Compare(b) != -b.Compare(a) {
			t.Fatalf("%s against %s is %d, the other way %d", a, b, a.Compare(b), b.Compare(a))
		}
		if a.Compare(b) <= 0 && b.Compare(c) <= 0 && a.Compare(c) > 0 {
			t.Fatalf("%s ≤ %s ≤ %s, yet the first follows the last", a, b, c)
		}
		textA, _, _ := strings.Cut(a.String(), "+")
		textB, _, _ := strings.Cut(b.String(), "+")
		if (a.Compare(b) == 0) != (textA == textB) {
			t.Fatalf("%s against %s is %d, but without builds they are %s and %s", a, b, a.Compare(b), textA, textB)
		}
	})
}

func TestSortPutsReleasesInOrder(t *testing.T) {
	want := []string{"0.9.0", "1.0.0-1", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "2.0.0", "10.0.0"}
	got := parseAll(slices.Sorted(slices.Values(want)))
	slices.SortFunc(got, Compare)
	if diff := cmp.Diff(parseAll(want), got, cmp.Comparer(func(a, b Version) bool { return a == b })); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
}

func parseAll(texts []string) []Version {
	var all []Version
	for _, s := range texts {
		all = append(all, MustParse(s))
	}
	return all
}

func TestParseIsBounded(t *testing.T) {
	longest := "1.0.0-" + strings.Repeat("a", maxVersion-len("1.0.0-"))
	if v, err := Parse(longest); err != nil || v.String() != longest {
		t.Errorf("a version of %d bytes: %v", len(longest), err)
	}
	refused := map[string]string{
		"one byte too long":    longest + "a",
		"T34 20-digit major":   "18446744073709551616.0.0",
		"huge minor":           "0." + strings.Repeat("9", 100) + ".0",
		"huge patch":           "0.0." + strings.Repeat("9", 100),
		"a megabyte of digits": strings.Repeat("9", 1<<20) + ".0.0",
		"a megabyte of dots":   strings.Repeat(".", 1<<20),
	}
	for name, s := range refused {
		v, err := Parse(s)
		if err == nil {
			t.Errorf("%s: parsed as %q", name, v)
		} else if len(err.Error()) > 300 {
			t.Errorf("%s: the error repeats the input in %d bytes", name, len(err.Error()))
		}
		if v != (Version{}) {
			t.Errorf("%s: an error, and yet the version %#v", name, v)
		}
	}
	if v := MustParse("18446744073709551615.0.0"); v.Major() != math.MaxUint64 {
		t.Errorf("major = %d", v.Major())
	}
}

func TestMustParsePanics(t *testing.T) {
	for name, f := range map[string]func(){
		"version":     func() { MustParse("1.0") },
		"requirement": func() { MustParseRequirement(">= 1.0") },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			f()
		})
	}
}

func TestPublishable(t *testing.T) {
	const (
		notSemVer = "is invalid SemVer"
		hasBuild  = "build number not allowed"
		bigNumber = "numeric components must be at most 99999999999999"
		longPre   = "prerelease must be at most 64 characters"
	)
	pre64 := "99999999999999." + strings.Repeat("a", 49)
	tests := []struct{ name, version, want string }{
		{"plain", "1.2.3", ""},
		{"pre-release", "1.2.3-rc.1", ""},
		{"at all limits", "99999999999999.99999999999999.99999999999999-" + pre64, ""},
		{"long word of digits and letters", "1.0.0-20240102030405060708x", ""},
		{"empty", "", notSemVer},
		{"two parts", "1.2", notSemVer},
		{"four parts", "1.2.3.4", notSemVer},
		{"v", "v1.2.3", notSemVer},
		{"leading zero", "1.02.3", notSemVer},
		{"new line at the end", "1.2.3\n", notSemVer},
		{"too long to be read", "1.0.0-" + strings.Repeat("a", 300), notSemVer},
		{"T34 build", "1.0.0+build", hasBuild},
		{"T34 build of a pre-release", "1.0.0-rc.1+build", hasBuild},
		{"build before numbers", "100000000000000.0.0+build", hasBuild},
		{"T34 20-digit major", "12345678901234567890.0.0", bigNumber},
		{"major above uint64", "99999999999999999999.0.0", bigNumber},
		{"15-digit major", "100000000000000.0.0", bigNumber},
		{"15-digit minor", "0.100000000000000.0", bigNumber},
		{"15-digit patch", "0.0.100000000000000", bigNumber},
		{"15-digit pre-release", "1.0.0-100000000000000", bigNumber},
		{"15-digit later in the pre-release", "1.0.0-rc.100000000000000", bigNumber},
		{"number before length", "1.0.0-" + strings.Repeat("9", 65), bigNumber},
		{"pre-release of 65", "1.0.0-a" + pre64, longPre},
		{"T34 path", "1.0.0-../../x", notSemVer},
		{"T34 homoglyph", "1.0.0-rс.1", notSemVer}, // a Cyrillic с
		{"T34 full-width digits", "１.0.0", notSemVer},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			v, err := Publishable(test.version)
			switch {
			case test.want == "" && (err != nil || v.String() != test.version):
				t.Errorf("Publishable(%q) = %q, %v", test.version, v, err)
			case test.want != "" && (err == nil || err.Error() != test.want || v != Version{}):
				t.Errorf("Publishable(%q) = %q, %v, want %q", test.version, v, err, test.want)
			}
		})
	}
}

func TestLatest(t *testing.T) {
	tests := []struct {
		name, versions, latest, stable string
	}{
		{"none", "", "", ""},
		{"one", "1.0.0", "1.0.0", "1.0.0"},
		{"newest last", "0.9.0 1.0.0 1.0.1", "1.0.1", "1.0.1"},
		{"newest first", "10.0.0 9.0.0 1.0.0", "10.0.0", "10.0.0"},
		{"pre-release newest", "1.0.0 1.1.0-rc.1 0.9.0", "1.1.0-rc.1", "1.0.0"},
		{"only pre-releases", "1.0.0-rc.1 1.0.0-rc.2 1.0.0-alpha", "1.0.0-rc.2", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			all := slices.Values(parseAll(strings.Fields(test.versions)))
			if v, ok := Latest(all); v.String() != test.latest || ok != (test.latest != "") {
				t.Errorf("Latest = %q, %v, want %q", v, ok, test.latest)
			}
			if v, ok := LatestStable(all); v.String() != test.stable || ok != (test.stable != "") {
				t.Errorf("LatestStable = %q, %v, want %q", v, ok, test.stable)
			}
		})
	}
}

func TestTextRoundTrip(t *testing.T) {
	type row struct {
		Version     Version            `json:"version"`
		Requirement Requirement        `json:"requirement"`
		Retired     map[Version]string `json:"retired"`
		Missing     Version            `json:"missing"`
		Any         Requirement        `json:"any"`
		Gone        Version            `json:"gone,omitzero"`
	}
	const text = `{"version":"1.0.0-rc.1+b","requirement":"~\u003e 1.0","retired":{"0.1.0":"security"},"missing":"","any":""}`
	var r row
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		t.Fatal(err)
	}
	if r.Version != MustParse("1.0.0-rc.1+b") || !r.Requirement.Match(MustParse("1.4.0"), true) || r.Missing != (Version{}) {
		t.Errorf("read %+v", r)
	}
	if got := slices.Collect(maps.Keys(r.Retired)); !slices.Equal(got, []Version{MustParse("0.1.0")}) {
		t.Errorf("keys = %v", got)
	}
	if got, err := json.Marshal(r); err != nil || string(got) != text {
		t.Errorf("wrote %s, %v, want %s", got, err, text)
	}
	for _, bad := range []string{`{"version":"1.0"}`, `{"requirement":"~> 1"}`, `{"retired":{"x":""}}`} {
		if err := json.Unmarshal([]byte(bad), new(row)); err == nil {
			t.Errorf("read %s", bad)
		}
	}
}

func TestErrorsSayWhy(t *testing.T) {
	for s, why := range map[string]error{
		"1.2":                         errCore,
		"1.2.3-01":                    errPre,
		"1.2.3+":                      errBuild,
		strings.Repeat("1", 300):      errLong,
		"99999999999999999999999.0.0": errHuge,
	} {
		if _, err := Parse(s); !errors.Is(err, why) {
			t.Errorf("Parse(%q): %v, want %v", s, err, why)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, line := range golden(f, "parse.txt") {
		s, _ := quoted(f, line)
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		v, err := Parse(s)
		if (err != nil) != (v == Version{}) {
			t.Fatalf("Parse(%q) = %#v, %v", s, v, err)
		}
		if err == nil && (v.String() != s || v.Compare(v) != 0 || v.IsPre() && !v.precedesRelease()) {
			t.Fatalf("Parse(%q) = %#v", s, v)
		}
		if p, err := Publishable(s); err == nil && p != v {
			t.Fatalf("Publishable(%q) = %#v, Parse says %#v", s, p, v)
		}
	})
}

// precedesRelease reports whether v comes before itself without pre-release.
func (v Version) precedesRelease() bool {
	core, _, _ := strings.Cut(v.text, "-")
	return v.Compare(MustParse(core)) < 0
}

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse("1.18.3-rc.1"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCompare(b *testing.B) {
	v, w := MustParse("1.18.3-rc.1"), MustParse("1.18.3-rc.2")
	b.ReportAllocs()
	for b.Loop() {
		if v.Compare(w) >= 0 {
			b.Fatal("order")
		}
	}
}

// Package version reads, orders and matches the versions and version
// requirements of Hex packages exactly as Elixir's Version module does, since
// that is what decides in mix which release a project gets. Elixir in turn
// follows SemVer 2.0.0 for versions and has its own language of requirements.
//
// The package knows the text, the order and the match of versions, and which
// of them a server lets people publish. It refuses to know what a release is:
// whether it exists, is retired, or may be replaced.
//
// Everything here is a value, safe to copy and to use from many goroutines.
package version

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"
)

// maxVersion is the greatest length of a version in bytes. Elixir has no such
// limit; hex.pm keeps versions in columns of this size.
const maxVersion = 255

var (
	errCore  = errors.New("want MAJOR.MINOR.PATCH, three numbers without leading zeros")
	errPre   = errors.New("a pre-release is letters, digits and hyphens between dots, its numbers without leading zeros")
	errBuild = errors.New("a build is letters, digits and hyphens between dots")
	errLong  = fmt.Errorf("longer than %d bytes", maxVersion)
	errHuge  = errors.New("its numbers are too large")
)

// A Version is a well-formed version such as 1.2.0-rc.1. The zero value is no
// version and its text is empty.
//
// == compares the texts: 1.0.0+a and 1.0.0+b differ although neither precedes
// the other. Compare tells precedence.
type Version struct {
	text                string // as given, for every version has one spelling
	pre                 string // the pre-release in text, "" when there is none
	major, minor, patch uint64
}

// Parse reads a version as Elixir's Version.parse does: three numbers, then
// -PRERELEASE and +BUILD when wanted, and nothing else. Unlike Elixir it
// refuses more than 255 bytes, and a major, minor or patch of 2⁶⁴ and above.
func Parse(s string) (Version, error) {
	v, err := parse(s)
	if err != nil {
		return Version{}, fmt.Errorf("invalid version %.80q: %w", s, err)
	}
	return v, nil
}

// MustParse is Parse for constants and tests: it panics instead of failing.
func MustParse(s string) Version {
	v, err := Parse(s)
	if err != nil {
		panic(err)
	}
	return v
}

func parse(s string) (Version, error) {
	if len(s) > maxVersion {
		return Version{}, errLong
	}
	rest, build, hasBuild := strings.Cut(s, "+")
	core, pre, hasPre := strings.Cut(rest, "-")
	switch {
	case hasBuild && !dotted(build, isIdentifier):
		return Version{}, errBuild
	case hasPre && !dotted(pre, isPreIdentifier):
		return Version{}, errPre
	}
	v := Version{text: s, pre: pre}
	more := true
	for _, part := range [...]*uint64{&v.major, &v.minor, &v.patch} {
		var digits string
		digits, core, more = strings.Cut(core, ".")
		if !isNumber(digits) {
			return Version{}, errCore
		}
		n, err := strconv.ParseUint(digits, 10, 64)
		if err != nil {
			return Version{}, errHuge
		}
		*part = n
	}
	if more {
		return Version{}, errCore
	}
	return v, nil
}

// Major returns the first number.
func (v Version) Major() uint64 { return v.major }

// Minor returns the second number.
func (v Version) Minor() uint64 { return v.minor }

// Patch returns the third number.
func (v Version) Patch() uint64 { return v.patch }

// IsPre reports whether v is a pre-release.
func (v Version) IsPre() bool { return v.pre != "" }

// Build returns the build metadata without its plus sign, "" for none.
func (v Version) Build() string {
	_, build, _ := strings.Cut(v.text, "+")
	return build
}

// String returns the text that was parsed.
func (v Version) String() string { return v.text }

// MarshalText returns the text that was parsed, empty for the zero Version.
func (v Version) MarshalText() ([]byte, error) { return []byte(v.text), nil }

// UnmarshalText is Parse, save that the empty text makes the zero Version, as
// a missing one would.
func (v *Version) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*v = Version{}
		return nil
	}
	parsed, err := Parse(string(text))
	if err != nil {
		return err
	}
	*v = parsed
	return nil
}

// Compare is the method Compare as a function, for slices.SortFunc.
func Compare(a, b Version) int { return a.Compare(b) }

// Compare returns -1, 0 or +1 as v precedes, ties with or follows w. A
// pre-release precedes its release; builds do not count.
func (v Version) Compare(w Version) int {
	if c := compareCore(v, w); c != 0 || v.pre == w.pre {
		return c
	}
	if !v.IsPre() {
		return +1
	}
	if !w.IsPre() {
		return -1
	}
	return comparePre(v.pre, w.pre)
}

func compareCore(v, w Version) int {
	if c := cmp.Compare(v.major, w.major); c != 0 {
		return c
	}
	if c := cmp.Compare(v.minor, w.minor); c != 0 {
		return c
	}
	return cmp.Compare(v.patch, w.patch)
}

// comparePre compares two pre-releases identifier by identifier; if one ends
// first and all was equal, it precedes.
func comparePre(a, b string) int {
	for a != "" && b != "" {
		var x, y string
		x, a, _ = strings.Cut(a, ".")
		y, b, _ = strings.Cut(b, ".")
		if c := compareIdentifier(x, y); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(a), len(b))
}

// compareIdentifier puts numbers before words, numbers by size and words by
// their bytes. Numbers have no leading zeros, hence the longer is the larger,
// and none is too long for that.
func compareIdentifier(x, y string) int {
	switch xn, yn := isNumber(x), isNumber(y); {
	case xn && yn && len(x) != len(y):
		return cmp.Compare(len(x), len(y))
	case xn && !yn:
		return -1
	case !xn && yn:
		return +1
	}
	return strings.Compare(x, y)
}

// Latest returns the version that follows all others, pre-release or not, and
// false if there are none.
func Latest(versions iter.Seq[Version]) (latest Version, ok bool) {
	for v := range versions {
		if !ok || v.Compare(latest) > 0 {
			latest, ok = v, true
		}
	}
	return latest, ok
}

// LatestStable is Latest without the pre-releases.
func LatestStable(versions iter.Seq[Version]) (latest Version, ok bool) {
	return Latest(func(yield func(Version) bool) {
		for v := range versions {
			if !v.IsPre() && !yield(v) {
				return
			}
		}
	})
}

// dotted reports whether s is parts between dots of which all are valid.
func dotted(s string, valid func(string) bool) bool {
	for part := range strings.SplitSeq(s, ".") {
		if !valid(part) {
			return false
		}
	}
	return true
}

func isPreIdentifier(s string) bool {
	return isIdentifier(s) && (isNumber(s) || !isDigits(s))
}

func isIdentifier(s string) bool {
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '-' {
			return false
		}
	}
	return s != ""
}

// isNumber reports whether s is a number without leading zeros, of any size.
func isNumber(s string) bool {
	return isDigits(s) && (s[0] != '0' || len(s) == 1)
}

func isDigits(s string) bool {
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return s != ""
}

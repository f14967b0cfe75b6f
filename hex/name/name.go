// Package name holds the names of packages, repositories and users. A value
// of these types is well formed, so nothing behind the door of the program
// checks a spelling again, and no name can be a path, a header or markup.
//
// The package knows the grammar of names and which of them are reserved by
// rule. It refuses to know who has a name: whether it is taken, was taken, or
// was reserved by an administrator.
//
// Names are ASCII without exception. Nothing else may look like them, neither
// letters of other scripts nor those that Unicode lower-cases into ASCII.
//
// The rules are those of hex.pm but for the greatest lengths, which are ours:
// hex.pm has no limit of its own besides its database columns.
package name

import (
	"errors"
	"fmt"
	"strings"
)

// A grammar is what one kind of name may look like.
type grammar struct {
	kind     string // for errors
	min, max int    // bytes, which are characters in a valid name
	fold     bool   // ASCII capitals are read as small letters
	first    func(byte) bool
	rest     func(byte) bool
}

var (
	packages     = grammar{kind: "package", min: 2, max: 128, first: isLower, rest: isWord}
	repositories = grammar{kind: "repository", min: 3, max: 64, fold: true, first: isWord, rest: isWord}
	users        = grammar{kind: "user", min: 3, max: 64, fold: true, first: isUser, rest: isUser}
)

var (
	errBlank  = errors.New("can't be blank")
	errFormat = errors.New("has invalid format")
)

// parse returns s as it is to be kept. Its errors are the words of the Hex
// API for the first rule that s breaks.
func (g *grammar) parse(s string) (string, error) {
	switch {
	case strings.TrimSpace(s) == "":
		return "", errBlank
	case len(s) < g.min:
		return "", fmt.Errorf("should be at least %d character(s)", g.min)
	case len(s) > g.max:
		return "", fmt.Errorf("should be at most %d character(s)", g.max)
	}
	if g.fold {
		s = lower(s)
	}
	if !g.first(s[0]) {
		return "", errFormat
	}
	for _, c := range []byte(s) {
		if !g.rest(c) {
			return "", errFormat
		}
	}
	return s, nil
}

// unmarshal is parse for rows and documents: there an empty text is a missing
// name, and an error must say what it is about.
func (g *grammar) unmarshal(text []byte) (string, error) {
	if len(text) == 0 {
		return "", nil
	}
	s, err := g.parse(string(text))
	if err != nil {
		return "", fmt.Errorf("%s name %.80q %w", g.kind, text, err)
	}
	return s, nil
}

// lower folds ASCII only. strings.ToLower would make a k of the Kelvin sign.
func lower(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r - 'A' + 'a'
		}
		return r
	}, s)
}

func isLower(c byte) bool { return 'a' <= c && c <= 'z' }

func isWord(c byte) bool { return isLower(c) || '0' <= c && c <= '9' || c == '_' }

func isUser(c byte) bool { return isWord(c) || c == '-' || c == '.' }

func must[N any](n N, err error) N {
	if err != nil {
		panic(err)
	}
	return n
}

// A Package is the name of a package, such as plug_cowboy. The zero value is
// no name and its text is empty.
type Package struct{ s string }

// ParsePackage reads a small letter followed by small letters, digits and
// underscores, 2 to 128 in all. The text of its error is what the Hex API
// answers for the field. Reserved names are names; see ReservedPackage.
func ParsePackage(s string) (Package, error) {
	s, err := packages.parse(s)
	return Package{s}, err
}

// MustPackage is ParsePackage for constants and tests: it panics instead of
// failing.
func MustPackage(s string) Package { return must(ParsePackage(s)) }

// String returns the name.
func (p Package) String() string { return p.s }

// MarshalText returns the name, empty for the zero value.
func (p Package) MarshalText() ([]byte, error) { return []byte(p.s), nil }

// UnmarshalText is ParsePackage, save that the empty text makes the zero
// value, as a missing one would.
func (p *Package) UnmarshalText(text []byte) (err error) {
	p.s, err = packages.unmarshal(text)
	return err
}

// A Repository is the name of a repository and of the organization that it
// belongs to, such as hexpm or acme. The zero value is no name and its text
// is empty.
type Repository struct{ s string }

// ParseRepository reads 3 to 64 letters, digits and underscores, and makes
// the letters small. The text of its error is what the Hex API answers for
// the field. Reserved names are names; see ReservedOrganization.
func ParseRepository(s string) (Repository, error) {
	s, err := repositories.parse(s)
	return Repository{s}, err
}

// MustRepository is ParseRepository for constants and tests: it panics
// instead of failing.
func MustRepository(s string) Repository { return must(ParseRepository(s)) }

// String returns the name.
func (r Repository) String() string { return r.s }

// MarshalText returns the name, empty for the zero value.
func (r Repository) MarshalText() ([]byte, error) { return []byte(r.s), nil }

// UnmarshalText is ParseRepository, save that the empty text makes the zero
// value, as a missing one would.
func (r *Repository) UnmarshalText(text []byte) (err error) {
	r.s, err = repositories.unmarshal(text)
	return err
}

// A User is the name of a person's or an organization's account, such as
// jose.valim. The zero value is no name and its text is empty.
type User struct{ s string }

// ParseUser reads 3 to 64 letters, digits, underscores, hyphens and dots, and
// makes the letters small. The text of its error is what the Hex API answers
// for the field. Reserved names are names; see ReservedUser.
func ParseUser(s string) (User, error) {
	s, err := users.parse(s)
	return User{s}, err
}

// MustUser is ParseUser for constants and tests: it panics instead of
// failing.
func MustUser(s string) User { return must(ParseUser(s)) }

// String returns the name.
func (u User) String() string { return u.s }

// MarshalText returns the name, empty for the zero value.
func (u User) MarshalText() ([]byte, error) { return []byte(u.s), nil }

// UnmarshalText is ParseUser, save that the empty text makes the zero value,
// as a missing one would.
func (u *User) UnmarshalText(text []byte) (err error) {
	u.s, err = users.unmarshal(text)
	return err
}

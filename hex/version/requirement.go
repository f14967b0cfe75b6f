package version

import (
	"fmt"
	"slices"
	"strings"
)

// maxRequirement is the greatest length of a requirement in bytes. Elixir has
// no such limit; the longest in public use are an order of magnitude shorter.
const maxRequirement = 1024

// A Requirement says which versions will do, such as ~> 1.2 or >= 2.0.0-rc.1.
// The zero value is no requirement: its text is empty and it matches nothing.
type Requirement struct {
	text    string
	clauses []clause // never changed once parsed
}

// A clause is one comparison of a requirement and how it joins those before.
type clause struct {
	op      operator
	or      bool    // joined by "or", as is the first to nothing
	short   bool    // two numbers, as in ~> 1.2; the patch of version is 0
	version Version // what to compare with
}

type operator uint8

const (
	equal operator = iota
	notEqual
	atLeast
	atMost
	above
	below
	pessimistic
)

// spellings holds the operators in the order to try them: those that begin
// like another come before it.
var spellings = []struct {
	text string
	op   operator
}{
	{">=", atLeast},
	{"<=", atMost},
	{"~>", pessimistic},
	{">", above},
	{"<", below},
	{"==", equal},
	{"!=", notEqual},
	{"!", notEqual},
}

// ParseRequirement reads a requirement as Elixir's Version.parse_requirement
// does: comparisons joined by "and" or "or" in blanks, each one of the
// operators == != ! > >= < <= ~> and a version, or a version alone to mean ==.
// Only ~> takes a version of two numbers. Blanks around the parts may be
// missing or many, other white space is refused.
//
// Unlike Elixir it refuses more than 1024 bytes, and the versions that Parse
// refuses. The text of its error is what the Hex API answers.
func ParseRequirement(s string) (Requirement, error) {
	if len(s) > maxRequirement {
		return Requirement{}, fmt.Errorf("invalid requirement: longer than %d bytes", maxRequirement)
	}
	r := Requirement{text: s}
	or, rest, more := true, s, true
	for more {
		var text string
		var nextOr bool
		text, rest, nextOr, more = cutJoint(rest)
		c, err := parseClause(text)
		if err != nil {
			return Requirement{}, fmt.Errorf("invalid requirement: %q", s)
		}
		c.or, or = or, nextOr
		r.clauses = append(r.clauses, c)
	}
	return r, nil
}

// MustParseRequirement is ParseRequirement for constants and tests: it panics
// instead of failing.
func MustParseRequirement(s string) Requirement {
	r, err := ParseRequirement(s)
	if err != nil {
		panic(err)
	}
	return r
}

// cutJoint cuts s around its first " and " or " or ".
func cutJoint(s string) (before, after string, or, found bool) {
	i, j := strings.Index(s, " and "), strings.Index(s, " or ")
	switch {
	case i >= 0 && (j < 0 || i < j):
		return s[:i], s[i+len(" and "):], false, true
	case j >= 0:
		return s[:j], s[j+len(" or "):], true, true
	}
	return s, "", false, false
}

func parseClause(s string) (clause, error) {
	c := clause{op: equal}
	s = strings.Trim(s, " ")
	for _, spelling := range spellings {
		if rest, ok := strings.CutPrefix(s, spelling.text); ok {
			c.op, s = spelling.op, strings.TrimLeft(rest, " ")
			break
		}
	}
	if c.op == pessimistic {
		s, c.short = lengthen(s)
	}
	var err error
	c.version, err = parse(s)
	return c, err
}

// lengthen makes 1.2.0-rc of 1.2-rc, and says whether it had to.
func lengthen(s string) (string, bool) {
	end := strings.IndexAny(s, "-+")
	if end < 0 {
		end = len(s)
	}
	if strings.Count(s[:end], ".") != 1 {
		return s, false
	}
	return s[:end] + ".0" + s[end:], true
}

// Match reports whether v will do; "and" binds tighter than "or".
//
// Without allowPre the operators ~> > >= match a pre-release only if their own
// operand is one. As in Elixir, the other operators do not care: 2.0.0-rc.1
// matches < 2.0.0 either way.
func (r Requirement) Match(v Version, allowPre bool) bool {
	ok := false
	for i := range r.clauses {
		c := &r.clauses[i]
		if c.or && ok {
			return true
		}
		ok = (c.or || ok) && c.match(v, allowPre)
	}
	return ok
}

func (c *clause) match(v Version, allowPre bool) bool {
	order := v.Compare(c.version)
	visible := allowPre || !v.IsPre() || c.version.IsPre()
	switch c.op {
	case equal:
		return order == 0
	case notEqual:
		return order != 0
	case below:
		return order < 0
	case atMost:
		return order <= 0
	case above:
		return order > 0 && visible
	case atLeast:
		return order >= 0 && visible
	default:
		return order >= 0 && visible && c.samePrefix(v)
	}
}

// samePrefix reports whether v has all numbers of the operand but the last.
// That is Elixir's "below 2.0.0-0" for ~> 1.2, as nothing precedes 2.0.0-0
// that begins with a 2.
func (c *clause) samePrefix(v Version) bool {
	return v.major == c.version.major && (c.short || v.minor == c.version.minor)
}

// HasNotEqual reports whether r uses != in either spelling, which Elixir still
// reads but a server does not accept in what is published.
func (r Requirement) HasNotEqual() bool {
	return slices.ContainsFunc(r.clauses, func(c clause) bool { return c.op == notEqual })
}

// String returns the text that was parsed.
func (r Requirement) String() string { return r.text }

// MarshalText returns the text that was parsed, empty for the zero
// Requirement.
func (r Requirement) MarshalText() ([]byte, error) { return []byte(r.text), nil }

// UnmarshalText is ParseRequirement, save that the empty text makes the zero
// Requirement, as a missing one would.
func (r *Requirement) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*r = Requirement{}
		return nil
	}
	parsed, err := ParseRequirement(string(text))
	if err != nil {
		return err
	}
	*r = parsed
	return nil
}

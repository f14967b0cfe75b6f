package version

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The vectors in testdata come from Elixir 1.14.0 and are the specification.
// Elixir is not needed to run the tests. To renew a file, put its strings
// through the function named in its head with `elixir -e` and print them in
// the same form.

// golden returns the lines of a file in testdata that are not comments.
func golden(t testing.TB, name string) []string {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	lines := slices.DeleteFunc(strings.Split(string(text), "\n"), func(line string) bool {
		return line == "" || strings.HasPrefix(line, "#")
	})
	if len(lines) == 0 {
		t.Fatalf("testdata/%s has no vectors", name)
	}
	return lines
}

// quoted splits a line `"string" => rest`.
func quoted(t testing.TB, line string) (s, rest string) {
	t.Helper()
	quote, err := strconv.QuotedPrefix(line)
	if err != nil {
		t.Fatalf("vector %s: %v", line, err)
	}
	s, err = strconv.Unquote(quote)
	if err != nil {
		t.Fatalf("vector %s: %v", line, err)
	}
	rest, ok := strings.CutPrefix(line[len(quote):], " => ")
	if !ok {
		t.Fatalf("vector %s: no arrow", line)
	}
	return s, rest
}

func TestParseAsElixir(t *testing.T) {
	for _, line := range golden(t, "parse.txt") {
		s, want := quoted(t, line)
		got := "error"
		if v, err := Parse(s); err == nil {
			got = fmt.Sprintf("%d %d %d %q %q", v.Major(), v.Minor(), v.Patch(), v.pre, v.Build())
			if v.IsPre() != (v.pre != "") || v.String() != s {
				t.Errorf("Parse(%q): IsPre %v, String %q", s, v.IsPre(), v)
			}
		}
		if got != want {
			t.Errorf("Parse(%q) = %s, Elixir says %s", s, got, want)
		}
	}
}

func TestCompareAsElixir(t *testing.T) {
	order := map[string]int{"lt": -1, "eq": 0, "gt": +1}
	for _, line := range golden(t, "compare.txt") {
		f := strings.Fields(line)
		want, ok := order[f[1]]
		if !ok {
			t.Fatalf("vector %s", line)
		}
		if got := Compare(MustParse(f[0]), MustParse(f[2])); got != want {
			t.Errorf("Compare(%s, %s) = %d, Elixir says %s", f[0], f[2], got, f[1])
		}
	}
}

func TestParseRequirementAsElixir(t *testing.T) {
	for _, line := range golden(t, "requirement.txt") {
		s, want := quoted(t, line)
		got := "error"
		if r, err := ParseRequirement(s); err == nil {
			got = spell(r)
			if r.String() != s {
				t.Errorf("ParseRequirement(%q).String() = %q", s, r)
			}
			if r.HasNotEqual() != strings.Contains(want, "!=") {
				t.Errorf("ParseRequirement(%q).HasNotEqual() = %v", s, r.HasNotEqual())
			}
		}
		if got != want {
			t.Errorf("ParseRequirement(%q) = %s, Elixir says %s", s, got, want)
		}
	}
}

// spell writes what was understood of a requirement, with single blanks.
func spell(r Requirement) string {
	var words []string
	for i, c := range r.clauses {
		switch {
		case i > 0 && c.or:
			words = append(words, "or")
		case i > 0:
			words = append(words, "and")
		}
		for _, spelling := range spellings {
			if spelling.op == c.op {
				words = append(words, spelling.text)
				break
			}
		}
		text := c.version.String()
		if core := fmt.Sprintf("%d.%d", c.version.major, c.version.minor); c.short {
			text = core + strings.TrimPrefix(text, core+".0")
		}
		words = append(words, text)
	}
	return strings.Join(words, " ")
}

func TestMatchAsElixir(t *testing.T) {
	lines := golden(t, "match.txt")
	var versions []Version
	for _, s := range strings.Fields(lines[0])[1:] {
		versions = append(versions, MustParse(s))
	}
	for _, line := range lines[1:] {
		s, want := quoted(t, line)
		withPre, without, _ := strings.Cut(want, " ")
		r := MustParseRequirement(s)
		for _, row := range []struct {
			allowPre bool
			want     string
		}{{true, withPre}, {false, without}} {
			if len(row.want) != len(versions) {
				t.Fatalf("vector %s: %d results for %d versions", line, len(row.want), len(versions))
			}
			for i, v := range versions {
				if got := r.Match(v, row.allowPre); got != (row.want[i] == 'T') {
					t.Errorf("%q matches %s with allowPre %v: %v, Elixir says %c", s, v, row.allowPre, got, row.want[i])
				}
			}
		}
	}
}

package version

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestPessimisticIsRange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		low, v := versions().Draw(t, "low"), versions().Draw(t, "v")
		allowPre := rapid.Bool().Draw(t, "allowPre")
		// With two numbers the last is the minor, with three the patch.
		core := fmt.Sprintf("%d.%d", low.major, low.minor)
		tail := strings.TrimPrefix(low.String(), fmt.Sprintf("%s.%d", core, low.patch))
		short, shortRange := "~> "+core+tail, fmt.Sprintf(">= %s.0%s and < %d.0.0-0", core, tail, low.major+1)
		long, longRange := "~> "+low.String(), fmt.Sprintf(">= %s and < %d.%d.0-0", low, low.major, low.minor+1)
		for a, b := range map[string]string{short: shortRange, long: longRange} {
			if MustParseRequirement(a).Match(v, allowPre) != MustParseRequirement(b).Match(v, allowPre) {
				t.Fatalf("%s and %s disagree on %s with allowPre %v", a, b, v, allowPre)
			}
		}
	})
}

func TestOperatorsComplement(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, v := versions().Draw(t, "operand"), versions().Draw(t, "v")
		match := func(op string) bool { return MustParseRequirement(op+" "+w.String()).Match(v, true) }
		if match("==") == match("!=") || match(">") == match("<=") || match("<") == match(">=") {
			t.Fatalf("%s against %s: an operator agrees with its opposite", v, w)
		}
		if match(">=") != (match(">") || match("==")) || match("") != match("==") || match("!") != match("!=") {
			t.Fatalf("%s against %s: an operator disagrees with its meaning", v, w)
		}
	})
}

func TestAndBindsTighterThanOr(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		operand := func(name string) string {
			return rapid.SampledFrom([]string{"<= ", "> "}).Draw(t, "op") + versions().Draw(t, name).String()
		}
		a, b, c, d, v := operand("a"), operand("b"), operand("c"), operand("d"), versions().Draw(t, "v")
		match := func(s string) bool { return MustParseRequirement(s).Match(v, true) }
		s := a + " and " + b + " or " + c + " and " + d
		if want := match(a) && match(b) || match(c) && match(d); match(s) != want {
			t.Fatalf("%s matches %s: %v", s, v, !want)
		}
	})
}

// Without leave a requirement may match less, never more.
func TestPreReleasesOnlyByLeave(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ops := rapid.SampledFrom([]string{"==", "!=", ">", ">=", "<", "<=", "~>"})
		s := ops.Draw(t, "op") + versions().Draw(t, "operand").String()
		for range rapid.IntRange(0, 3).Draw(t, "more") {
			s += rapid.SampledFrom([]string{" and ", " or "}).Draw(t, "joint")
			s += ops.Draw(t, "op") + versions().Draw(t, "operand").String()
		}
		r, v := MustParseRequirement(s), versions().Draw(t, "v")
		with, without := r.Match(v, true), r.Match(v, false)
		if without && !with || !v.IsPre() && with != without {
			t.Fatalf("%s matches %s: %v with leave, %v without", s, v, with, without)
		}
	})
}

func TestParseRequirementIsBounded(t *testing.T) {
	longest := strings.Repeat("1.0.0 or ", 113) + "1.10.0 "
	if len(longest) != maxRequirement {
		t.Fatalf("the longest is %d bytes", len(longest))
	}
	if _, err := ParseRequirement(longest); err != nil {
		t.Errorf("a requirement of %d bytes: %v", len(longest), err)
	}
	for name, s := range map[string]string{
		"one byte too long":     longest + " ",
		"a megabyte of blanks":  strings.Repeat(" ", 1<<20),
		"a megabyte of or":      strings.Repeat("1.0.0 or ", 1<<17),
		"a version too long":    "== 1.0.0-" + strings.Repeat("a", maxVersion),
		"a number above uint64": "~> 18446744073709551616.0",
	} {
		if r, err := ParseRequirement(s); err == nil || r.String() != "" || r.Match(MustParse("1.0.0"), true) {
			t.Errorf("%s: parsed as %d clauses", name, len(r.clauses))
		}
	}
}

// The Hex API's words, as mix prints them.
func TestRequirementErrorText(t *testing.T) {
	_, err := ParseRequirement("~> 1")
	if err == nil || err.Error() != `invalid requirement: "~> 1"` {
		t.Errorf("error = %v", err)
	}
}

func TestZeroRequirementMatchesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		if v := versions().Draw(t, "v"); (Requirement{}).Match(v, true) {
			t.Fatalf("matches %s", v)
		}
	})
}

func FuzzParseRequirement(f *testing.F) {
	for _, line := range golden(f, "requirement.txt") {
		s, _ := quoted(f, line)
		f.Add(s)
	}
	probes := parseAll([]string{"0.0.0", "1.0.0-rc.1", "1.2.3", "2.0.0-0"})
	f.Fuzz(func(t *testing.T, s string) {
		r, err := ParseRequirement(s)
		if err != nil {
			if r.clauses != nil || r.text != "" {
				t.Fatalf("ParseRequirement(%q) = %#v, %v", s, r, err)
			}
			return
		}
		again, err := ParseRequirement(spell(r))
		if err != nil || r.String() != s || spell(again) != spell(r) {
			t.Fatalf("ParseRequirement(%q) means %q, which means %q, %v", s, spell(r), spell(again), err)
		}
		for _, v := range probes {
			if r.Match(v, false) != again.Match(v, false) || r.Match(v, true) != again.Match(v, true) {
				t.Fatalf("%q and %q disagree on %s", s, spell(r), v)
			}
		}
	})
}

func BenchmarkParseRequirement(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseRequirement("~> 1.2.3 or >= 2.0.0 and < 4.0.0"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMatch(b *testing.B) {
	r, v := MustParseRequirement("~> 1.2.3 or >= 2.0.0 and < 4.0.0"), MustParse("3.1.4")
	b.ReportAllocs()
	for b.Loop() {
		if !r.Match(v, false) {
			b.Fatal("no match")
		}
	}
}

package markup_test

import (
	"strings"
	"testing"
	"time"

	"hexhub/internal/kernel/markup"
)

// hostile are texts on which patterns that go back try for long: what begins and never ends, and what may be read in many ways.
var hostile = []string{
	strings.Repeat("'\"", 30_000), strings.Repeat("\\", 60_000), `"` + strings.Repeat(`\"`, 30_000), "/" + strings.Repeat("[\\/", 20_000),
	strings.Repeat("/*", 30_000), strings.Repeat("<!--", 15_000), strings.Repeat("<a b=\"", 10_000), strings.Repeat("~s(", 20_000), strings.Repeat("~S\"\"\"", 10_000),
	strings.Repeat("#{", 30_000), strings.Repeat("${", 30_000), strings.Repeat("((", 30_000), strings.Repeat("a", 60_000) + "!", strings.Repeat("0_", 30_000) + "x",
	strings.Repeat(" ", 60_000) + "x", strings.Repeat("\t \n", 20_000) + "x", strings.Repeat("<<A\n", 15_000), strings.Repeat("<<<'x'", 10_000), strings.Repeat("a::", 20_000), strings.Repeat("é", 30_000),
	strings.Repeat("@a.", 20_000), strings.Repeat("-- ", 20_000), strings.Repeat("[[=", 20_000), strings.Repeat("a b\\\n", 12_000), strings.Repeat("-", 60_000), strings.Repeat("RUN a\\\n", 10_000),
	strings.Repeat("%w(", 20_000), strings.Repeat("<%", 30_000), strings.Repeat("f\"{", 20_000), strings.Repeat("a=", 30_000), strings.Repeat("`", 60_000), strings.Repeat("r#\"", 20_000),
}

// beyond is what colours may cost more than they are given: what the patterns of one state take at one place.
const beyond = 2 * time.Second

// D8: no source makes the patterns of its language try for longer than they are given, and a bound.
func TestD8ColoursEndInTime(t *testing.T) {
	const given = 2 * time.Millisecond
	for language, lexer := range markup.Languages {
		if language != lexer {
			continue // it has the patterns of another
		}
		for _, text := range hostile {
			at := time.Now()
			markup.Colour(language, text[:15_000], given)
			if took := time.Since(at); took > given+beyond {
				t.Errorf("%s takes %s for %.20q", language, took, text)
			}
		}
	}
}

// D8: whatever a file holds, listing it costs its budget and a bound, and takes nothing from it.
func FuzzD8ColoursEndInTime(f *testing.F) {
	for _, text := range hostile {
		for _, ext := range []string{"ex", "html"} {
			f.Add("a."+ext, text[:200])
		}
	}
	f.Fuzz(func(t *testing.T, name, part string) {
		if part == "" || len(part) > 1000 {
			return
		}
		at := time.Now()
		l := markup.List(name, []byte(strings.Repeat(part, 20_000/len(part))), 1)
		if took := time.Since(at); took > 800*time.Millisecond+beyond {
			t.Fatalf("%s takes %s for %.40q, %d lines", name, took, part, l.Lines)
		}
	})
}

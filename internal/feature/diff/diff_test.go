package diff_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"hexhub/hex/name"
	"hexhub/hex/tarball"
	"hexhub/hex/version"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/diff"
	"hexhub/internal/feature/source"
	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/limit"
	"hexhub/internal/kernel/pack"
)

// A bench is releases, and what compares them.
type bench struct {
	testing.TB
	*diff.Diffs
	blobs   *blob.Memory
	sources *source.Sources
	dir     string // where comparisons outlast a restart
}

func newBench(t testing.TB, o diff.Options) *bench {
	t.Helper()
	blobs := &blob.Memory{}
	b := &bench{TB: t, blobs: blobs, sources: source.New(blobs, newShelf(t, t.TempDir(), pack.Options{})), dir: t.TempDir()}
	b.restart(o, pack.Options{})
	return b
}

func newShelf(t testing.TB, dir string, o pack.Options) *pack.Shelf {
	t.Helper()
	s, err := pack.NewShelf(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// restart forgets what memory has.
func (b *bench) restart(o diff.Options, on pack.Options) {
	b.Helper()
	b.Diffs = diff.New(b.sources, newShelf(b, b.dir, on), o)
}

type files map[string]string

// release publishes files.
func (b *bench) release(of files) catalog.Release {
	b.Helper()
	var all []tarball.Source
	for _, path := range slices.Sorted(maps.Keys(of)) {
		all = append(all, tarball.Source{Path: path, Content: []byte(of[path])})
	}
	var packed bytes.Buffer
	sums, err := tarball.Write(&packed, tarball.Metadata{Name: "demo", Version: "1.0.0", App: "demo", BuildTools: []string{"mix"}, Requirements: []tarball.Requirement{}}, all)
	if err != nil {
		b.Fatal(err)
	}
	if _, _, err := b.blobs.Put(b.Context(), &packed); err != nil {
		b.Fatal(err)
	}
	return catalog.Release{Repository: name.MustRepository("acme"), Package: name.MustPackage("demo"), Version: version.MustParse("1.0.0"), Outer: sums.Outer}
}

func (b *bench) pair(before, after files) diff.Pair {
	b.Helper()
	return diff.Pair{Old: b.release(before), New: b.release(after)}
}

func (b *bench) compare(p diff.Pair) *diff.Comparison {
	b.Helper()
	c, err := b.Compare(b.Context(), "somebody", p)
	if err != nil {
		b.Fatal(err)
	}
	return c
}

// shown is what is shown of a file, a row a line. Marks are in brackets.
func (b *bench) shown(p diff.Pair, path string) string {
	b.Helper()
	f, ok := b.compare(p).Find(path)
	if !ok {
		return "the same\n"
	}
	rows, all, err := b.Rows(b.Context(), p, f, 0, 1<<20)
	if err != nil || all != len(rows) {
		b.Fatalf("%d rows of %d: %v", len(rows), all, err)
	}
	var text strings.Builder
	for _, r := range rows {
		if r.Sign == diff.Skipped {
			fmt.Fprintf(&text, "@ %d from %d %d\n", r.Count, r.Old, r.New)
			continue
		}
		fmt.Fprintf(&text, "%c%s", r.Sign, said(r.Pieces))
		if r.Rest > 0 {
			fmt.Fprintf(&text, " and %d bytes", r.Rest)
		}
		if r.Open {
			text.WriteString(" without end")
		}
		text.WriteString("\n")
	}
	return text.String()
}

func said(pieces []diff.Piece) string {
	var text strings.Builder
	for _, p := range pieces {
		switch p.Look {
		case diff.Marked:
			text.WriteString("[" + p.Text + "]")
		case diff.Odd:
			text.WriteString("<" + p.Text + ">")
		default:
			text.WriteString(p.Text)
		}
	}
	return text.String()
}

// list tells of each file in a word or two.
func list(c *diff.Comparison) (all []string) {
	for _, f := range c.Files {
		s := fmt.Sprintf("%s %s +%d -%d", f.Path, f.Change, f.Added, f.Removed)
		if f.Was != "" {
			s += " was " + f.Was
		}
		if f.Shape != diff.Lines {
			s += " " + string(f.Shape)
		}
		all = append(all, s)
	}
	return all
}

func lines(from, to int) string {
	var b strings.Builder
	for i := from; i <= to; i++ {
		fmt.Fprintf(&b, "line %d\n", i)
	}
	return b.String()
}

func TestWhatBecameOfEachFile(t *testing.T) {
	b := newBench(t, diff.Options{})
	c := b.compare(b.pair(
		files{"kept": "a\n", "changed": lines(1, 9), "gone": "a\n", "old/name.ex": lines(1, 20), "moved": "the\nsame\n", "logo.png": "\x89PNG\x00a", "latin": "caf\xe9 1"},
		files{"kept": "a\n", "changed": lines(2, 10), "come": "a\nb", "new/name.ex": lines(1, 19), "went/here": "the\nsame\n", "logo.png": "\x89PNG\x00b", "latin": "caf\xe9 2"},
	))
	want := []string{
		"changed modified +1 -1", "come added +2 -0", "gone removed +0 -1", "latin modified +0 -0 binary", "logo.png modified +0 -0 binary",
		"new/name.ex renamed +0 -1 was old/name.ex", "went/here renamed +0 -0 was moved",
	}
	if diff := cmp.Diff(want, list(c)); diff != "" {
		t.Error(diff)
	}
	if c.Same != 1 || c.Added != 3 || c.Removed != 3 {
		t.Errorf("%d files are the same, +%d -%d", c.Same, c.Added, c.Removed)
	}
}

func TestRowsOfAFile(t *testing.T) {
	for name, c := range map[string]struct{ before, after, want string }{
		"a word": {
			lines(1, 3) + "  def add(a, b), do: a + b\n" + lines(5, 6), lines(1, 3) + "  def add(a, c), do: a + c\n" + lines(5, 6),
			" line 1\n line 2\n line 3\n-  def add(a, [b]), do: a + [b]\n+  def add(a, [c]), do: a + [c]\n line 5\n line 6\n",
		},
		"another line":      {"alpha beta\n", "gamma delta\n", "-alpha beta\n+gamma delta\n"},
		"far apart":         {lines(1, 40), strings.Replace(strings.Replace(lines(1, 40), "line 10\n", "", 1), "line 30\n", "", 1), "@ 6 from 1 1\n line 7\n line 8\n line 9\n-line 10\n line 11\n line 12\n line 13\n@ 13 from 14 13\n line 27\n line 28\n line 29\n-line 30\n line 31\n line 32\n line 33\n@ 7 from 34 32\n"},
		"near each other":   {lines(1, 11), strings.Replace(strings.Replace(lines(1, 11), "line 2\n", "", 1), "line 10\n", "", 1), " line 1\n-line 2\n line 3\n line 4\n line 5\n line 6\n line 7\n line 8\n line 9\n-line 10\n line 11\n"},
		"no end":            {"a\nb", "a\nb\n", " a\n-b without end\n+b\n"},
		"ends of lines":     {"a\r\nb\r\n", "a\nb\r\n", "-a<CR>\n+a\n b<CR>\n"},
		"D8: other order":   {"x = 1\n", "x\u202e = 2\n", "-x = [1]\n+x<U+202E> = [2]\n"},
		"D8: no picture":    {"x = 1\n", "x\u200b\x1b[31m = 1\n", "-x = 1\n+x<U+200B><U+001B>[[31m] = 1\n"},
		"all of it":         {"", "a\nb\n", "+a\n+b\n"},
		"a line is moved":   {"a\nb\nc\nd\n", "b\nc\nd\na\n", "-a\n b\n c\n d\n+a\n"},
		"D10: a long line":  {"a\n", strings.Repeat("é", 600) + "\n", "-a\n+" + strings.Repeat("é", 500) + " and 200 bytes\n"},
		"a word among many": {"one two three four five\n", "one two 3 four five\n", "-one two [three] four five\n+one two [3] four five\n"},
	} {
		b := newBench(t, diff.Options{})
		if got := b.shown(b.pair(files{"f": c.before}, files{"f": c.after}), "f"); got != c.want {
			t.Errorf("%s:\n%s", name, cmp.Diff(c.want, got))
		}
	}
}

func TestWhiteSpaceMayBeIgnored(t *testing.T) {
	b := newBench(t, diff.Options{})
	p := b.pair(files{"f": "if x {\ny\n}\n", "g": "a b\n"}, files{"f": "if x {\n\ty\n\tz\n}\n", "g": "ab\n"})
	p.IgnoreSpace = true
	if got := b.shown(p, "f"); got != " if x {\n \ty\n+\tz\n }\n" {
		t.Error(got)
	}
	if f, ok := b.compare(p).Find("g"); !ok || f.Edited() || b.shown(p, "g") != "" {
		t.Error("a file that differs in white space only has something to show, or is not told of")
	}
}

// What is shown tells all of the new file and of the old one, whatever they are.
func TestRowsTellBothFiles(t *testing.T) {
	b := newBench(t, diff.Options{})
	rapid.Check(t, func(r *rapid.T) {
		text := rapid.Custom(func(r *rapid.T) string {
			return strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b b", "c\tc", "", "d\r"}), 0, 40).Draw(r, "lines"), "\n")
		})
		before, after := text.Draw(r, "before"), text.Draw(r, "after")
		p := b.pair(files{"f": before}, files{"f": after})
		f, ok := b.compare(p).Find("f")
		if ok == (before == after) {
			r.Fatalf("that they differ is %t", ok)
		}
		if !ok {
			return
		}
		var got []diff.Row
		for from := 0; ; {
			rows, all, err := b.Rows(r.Context(), p, f, from, 7)
			if err != nil {
				r.Fatal(err)
			}
			got = append(got, rows...)
			if from += len(rows); from >= all {
				break
			}
		}
		for side, want := range map[diff.Sign]string{diff.Minus: before, diff.Plus: after} {
			if made := remade(got, side, want); made != want {
				r.Fatalf("rows tell %q of %q", made, want)
			}
		}
	})
}

// remade is one side as its rows tell it; what they skip is taken from the file itself.
func remade(rows []diff.Row, side diff.Sign, file string) string {
	all := strings.SplitAfter(file, "\n")
	var made strings.Builder
	at := 0
	for _, r := range rows {
		switch r.Sign {
		case diff.Skipped:
			for range r.Count {
				made.WriteString(all[at])
				at++
			}
		case diff.Kept, side:
			for _, piece := range r.Pieces {
				made.WriteString(strings.ReplaceAll(piece.Text, "CR", "\r"))
			}
			if !r.Open {
				made.WriteString("\n")
			}
			at++
		}
	}
	return made.String()
}

// T41, D10: files that are too large are said to differ, and are not read for their lines.
func TestT41LargeFilesAreStubs(t *testing.T) {
	b := newBench(t, diff.Options{})
	p := b.pair(files{"f": strings.Repeat("a", diff.MaxText+1), "g": "a"}, files{"f": "a", "g": strings.Repeat("line\n", 200_000)})
	if diff := cmp.Diff([]string{"f modified +0 -0 large", "g modified +0 -0 large"}, list(b.compare(p))); diff != "" {
		t.Error(diff)
	}
}

// D10: whatever is compared, the work for it ends, and what was left is told.
func TestD10WorkEnds(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	few := func() string {
		var b strings.Builder
		for range 50_000 {
			b.WriteByte("ab"[random.IntN(2)])
			b.WriteByte('\n')
		}
		return b.String()
	}
	before, after := files{}, files{}
	for i := range 20 {
		path := fmt.Sprintf("f%02d", i)
		before[path], after[path] = few(), few()
	}
	b := newBench(t, diff.Options{Work: 50_000_000})
	c := b.compare(b.pair(before, after))
	left := 0
	for _, f := range c.Files {
		if f.Shape == diff.Left {
			left++
		}
	}
	if left == 0 || left == 20 || len(c.Files) != 20 {
		t.Errorf("%d of %d files are left", left, len(c.Files))
	}
}

// D10: a caller has only so much compared within a minute; what is known is free.
func TestD10CallersHaveOnlySoMuchCompared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // in which no minute ends
		b := newBench(t, diff.Options{Limiter: limit.New(100)})
		p := b.pair(files{"f": "0"}, files{"f": "1"})
		b.compare(p)
		refused := 0
		for i := range 30 {
			b.compare(p)
			_, err := b.Compare(t.Context(), "somebody", b.pair(files{"f": "a"}, files{"f": fmt.Sprint(i)}))
			if f, ok := errors.AsType[*fault.Error](err); ok && f.Kind == fault.Limited && f.RetryAfter > 0 {
				refused++
			} else if err != nil {
				t.Fatal(err)
			}
		}
		if refused != 11 { // the first to be allowed was p
			t.Errorf("%d of 30 were refused", refused)
		}
		if _, err := b.Compare(t.Context(), "another", b.pair(files{"f": "b"}, files{"f": "c"})); err != nil {
			t.Error(err)
		}
	})
}

// A release that is replaced is compared anew, and what cannot be read is not kept.
func TestComparisonsAreKeptByChecksum(t *testing.T) {
	b := newBench(t, diff.Options{})
	p := b.pair(files{"f": "0"}, files{"f": "1"})
	if _, ok := b.Kept(p); ok {
		t.Error("known before it was compared")
	}
	first := b.compare(p)
	if again, ok := b.Kept(p); !ok || again != first {
		t.Error("not known afterwards")
	}
	p.New = b.release(files{"f": "2"})
	if _, ok := b.Kept(p); ok {
		t.Error("the release was replaced, and is known")
	}
	p.New.Outer = tarball.Sum{1}
	for range 2 {
		if _, err := b.Compare(context.Background(), "somebody", p); err == nil {
			t.Error("a tarball that is not there was compared")
		}
	}
}

// However much is compared, so many bytes are kept, those of what was asked for lately; and what is large drives out nothing.
func TestComparisonsThatAreKeptAreBounded(t *testing.T) {
	const each = 1 << 10 // at least, of a file that differs in many places
	b := newBench(t, diff.Options{Bytes: 8 * each})
	many := func(n int) string { return strings.Repeat("same\ndiffers\n", n) }
	of := func(n int, word string) diff.Pair {
		return b.pair(files{"f": many(n)}, files{"f": strings.ReplaceAll(many(n), "differs", word)})
	}
	var pairs []diff.Pair
	for i := range 20 {
		pairs = append(pairs, of(64, fmt.Sprint(i)))
		b.compare(pairs[i])
	}
	b.compare(of(1000, "large"))
	kept := 0
	for _, p := range pairs {
		if _, ok := b.Kept(p); ok {
			kept++
		}
	}
	if _, last := b.Kept(pairs[19]); kept < 1 || kept > 8 || !last {
		t.Errorf("%d are kept; the last: %t", kept, last)
	}
}

func TestNeeds(t *testing.T) {
	need := func(pkg, requirement string, optional bool) catalog.Requirement {
		return catalog.Requirement{Package: name.MustPackage(pkg), Repository: name.MustRepository("acme"), Requirement: requirement, App: pkg, Optional: optional}
	}
	all := diff.Needs(
		catalog.Release{Requirements: []catalog.Requirement{need("gone", "~> 1.0", false), need("kept", "~> 1.0", false), need("moved", "~> 1.0", false), need("eased", "~> 1.0", false)}},
		catalog.Release{Requirements: []catalog.Requirement{need("come", "~> 1.0", true), need("kept", "~> 1.0", false), need("moved", "~> 2.0", false), need("eased", "~> 1.0", true)}},
	)
	var got []string
	for _, n := range all {
		got = append(got, fmt.Sprint(n.Ref().Name, " ", n.Old != nil, " ", n.New != nil))
	}
	if diff := cmp.Diff([]string{"come false true", "eased true true", "gone true false", "moved true true"}, got); diff != "" {
		t.Error(diff)
	}
}

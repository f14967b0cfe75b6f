package markup_test

import (
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"hexhub/internal/kernel/markup"
)

// shown is what a listing lets people read, by line.
func shown(t *testing.T, l markup.Listing) []string {
	t.Helper()
	var all []string
	z := html.NewTokenizer(strings.NewReader(string(l.HTML)))
	for depth := 0; ; {
		switch z.Next() {
		case html.ErrorToken:
			return all
		case html.StartTagToken:
			if depth++; depth == 1 {
				all = append(all, "")
			}
		case html.EndTagToken:
			depth--
		case html.TextToken:
			all[len(all)-1] += string(z.Text())
		}
	}
}

func TestListingsShowEachLineWithItsNumber(t *testing.T) {
	l := markup.List("lib/a.ex", []byte("defmodule A do\n  @moduledoc \"\"\"\n  <b>\n  \"\"\"\r\n\nend\n"), 41)
	html := string(l.HTML)
	for _, want := range []string{`<span id="L41"><a href="#L41" data-n="41"`, `<span class="tk">defmodule</span>`, "&lt;b&gt;", `id="L46"`} {
		if !strings.Contains(html, want) {
			t.Errorf("the listing lacks %s:\n%s", want, html)
		}
	}
	if l.Lines != 6 || l.Odd != 0 || l.Long != 0 || l.Cut || len(regexp.MustCompile(`id="L`).FindAllString(html, -1)) != 6 {
		t.Errorf("%+v", l)
	}
	if l := markup.List("empty", nil, 1); l.HTML != "" || l.Lines != 0 {
		t.Errorf("of nothing is shown %+v", l)
	}
}

// D8: what cannot be seen, and what changes the order of reading, is said in its place.
func TestD8CharactersThatDeceiveAreMarked(t *testing.T) {
	l := markup.List("a.txt", []byte("a\u202eb\x1b[31m\u200b\U000E0041 \tzwj: 👩\u200d🚀\rx\xff"), 1)
	want := "a<b>U+202E</b>b<b>U+001B</b>[31m<b>U+200B</b><b>U+E0041</b> \tzwj: 👩\u200d🚀<b>U+000D</b>x\ufffd\n"
	if !strings.Contains(string(l.HTML), want) || l.Odd != 5 {
		t.Errorf("%d are marked: %q", l.Odd, l.HTML)
	}
}

// D8, D10: long lines and long files cost no more than what is shown of them.
func TestD8ListingsAreBounded(t *testing.T) {
	l := markup.List("app.min.js", []byte("x"+strings.Repeat("é", 5_000_000)), 1)
	if l.Long != 1 || len(l.HTML) > 5000 || !strings.Contains(string(l.HTML), "more bytes in this line") {
		t.Errorf("a long line: %d bytes, %d long", len(l.HTML), l.Long)
	}
	l = markup.List("a.erl", []byte(strings.Repeat(strings.Repeat("a", 1500)+"\n", 6000)), 1)
	if l.Lines != markup.MaxLines || !l.Cut || len(l.HTML) > 4<<20 {
		t.Errorf("a long file: %d bytes, %d lines", len(l.HTML), l.Lines)
	}
}

func FuzzList(f *testing.F) {
	f.Add("a.ex", "defmodule A do\n  x = ~s(\n)\nend")
	f.Add("a.erl", "-module(a).\r\n\"\u202e")
	f.Add("README.html", "<script>\n</script>\x00\xff")
	f.Fuzz(func(t *testing.T, name, source string) {
		l := markup.List(name, []byte(source), 1)
		lines := shown(t, l)
		if len(lines) != l.Lines {
			t.Fatalf("%d lines are shown of %d: %q", len(lines), l.Lines, l.HTML)
		}
		if l.Odd > 0 || l.Long > 0 || l.Cut {
			return
		}
		want := strings.TrimPrefix(strings.ToValidUTF8(source, "\ufffd"), "\ufeff")
		want = strings.ReplaceAll(want, "\r\n", "\n")
		if want != "" && !strings.HasSuffix(want, "\n") {
			want += "\n"
		}
		got := strings.ReplaceAll(strings.Join(lines, ""), "\r", "")
		if got != strings.ReplaceAll(want, "\r", "") {
			t.Fatalf("of %q is shown %q", want, got)
		}
	})
}

// BenchmarkList lists 5,000 lines of a program.
func BenchmarkList(b *testing.B) {
	text := []byte(strings.Repeat("  @doc \"Adds one\"\n  def add(%{count: n} = state, key \\\\ :default) when is_integer(n) do\n    # why\n    Map.put(state, key, n + 1)\n  end\n", 1000))
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		markup.List("lib/a.ex", text, 1)
	}
}

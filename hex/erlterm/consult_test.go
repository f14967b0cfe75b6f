package erlterm

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What each client writes, in its own layout.
func TestConsultReadsWhatClientsWrite(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []Tuple
	}{
		{
			"hex_core", "{<<\"links\">>,\n [{<<\"GitHub\">>,\n   <<\"https://x.org\"/utf8>>}]}.\n{<<\"d\">>,<<>>}.\n",
			[]Tuple{
				{Binary("links"), List{Tuple{Binary("GitHub"), Binary("https://x.org")}}},
				{Binary("d"), Binary("")},
			},
		},
		{
			"mix requirements", `{<<"requirements">>,[[{<<"name">>,<<"jason">>},{<<"optional">>,false},{<<"n">>,nil}]]}.`,
			[]Tuple{{Binary("requirements"), List{List{
				Tuple{Binary("name"), Binary("jason")},
				Tuple{Binary("optional"), Atom("false")},
				Tuple{Binary("n"), Atom("nil")},
			}}}},
		},
		{
			"gleam writes raw lines and UTF-8 without utf8", "{<<\"description\">>, <<\"kůň\r\n\t¯\\_(ツ)\">>}.\n{<<\"files\">>, [\n  <<\"a\">>,\n  <<\"b\">>\n]}.\n",
			[]Tuple{{Binary("description"), Binary("kůň\r\n\t¯_(ツ)")}, {Binary("files"), List{Binary("a"), Binary("b")}}},
		},
		{
			"bytes where io_lib finds no printable text", `{<<"d">>,<<195,169,7,10,127>>}.`,
			[]Tuple{{Binary("d"), Binary("é\a\n\x7f")}},
		},
		{
			"maps, integers, atoms, strings", "{#{<<\"a\">> => 1,b => c}, -42, 'A b', '', a_@1,\"s\\\"\\\\\\e\", [], {}, #{}}.",
			[]Tuple{{
				Map{{Binary("a"), int64(1)}, {Atom("b"), Atom("c")}},
				int64(-42), Atom("A b"), Atom(""), Atom("a_@1"),
				Charlist("s\"\\\x1b"),
				List{},
				Tuple{},
				Map{},
			}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Consult([]byte(c.text), Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// The whole of what hex_core writes about a package, made by testdata/vectors.escript.
func TestConsultReadsMetadata(t *testing.T) {
	text, err := os.ReadFile("testdata/metadata.config")
	if err != nil {
		t.Fatal(err)
	}
	got, err := Consult(text, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(metadata, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// metadata is what testdata/vectors.escript writes to metadata.config.
var metadata = []Tuple{
	{Binary("name"), Binary("decimal")},
	{Binary("version"), Binary("1.0.0")},
	{Binary("app"), Binary("decimal")},
	{Binary("description"), Binary(strings.Repeat("Žluťoučký kůň ", 12) + "\n\t\"\\\x1b")},
	{Binary("bell"), Binary("é\a")},
	{Binary("licenses"), List{Binary("Apache-2.0")}},
	{Binary("build_tools"), List{Binary("mix")}},
	{Binary("elixir"), Binary("~> 1.2")},
	{Binary("links"), List{Tuple{Binary("GitHub"), Binary("https://github.com/ericmj/decimal")}}},
	{Binary("files"), List{Binary("lib/decimal.ex"), Binary(strings.Repeat("a", 90)), Binary("mix.exs")}},
	{Binary("requirements"), List{List{
		Tuple{Binary("name"), Binary("jason")},
		Tuple{Binary("app"), Binary("jason")},
		Tuple{Binary("optional"), Atom("false")},
		Tuple{Binary("requirement"), Binary("~> 1.4")},
		Tuple{Binary("repository"), Binary("hexpm")},
	}}},
	{Binary("extra"), Map{
		{Atom("atom"), Atom("Quoted atom")},
		{Binary("chars"), Charlist("text")},
		{Binary("list"), List{}},
		{Binary("n"), int64(-1)},
	}},
}

// The text was read back by file:consult of OTP 25 and by the reader of hex_core, as these terms.
func TestFormat(t *testing.T) {
	forms := []Tuple{
		{Binary("d"), Binary("kůň \"\\x\" \n\r\t\v\b\f\x1b\x7f")},
		{Binary(""), Binary("é\a"), Binary(`C:\`), Binary(`\^`), Binary("^")},
		{Atom("true"), Atom("end"), Atom(""), Atom("A'b\n"), Atom("é"), Atom("a_@1")},
		{Charlist(`a"b`), int64(-7), List{int64(1), Tuple{}}, Map{{Binary("a"), List{}}, {Atom("b"), Map{}}}},
	}
	want := "{<<\"d\"/utf8>>,<<\"kůň \\\"\\\\x\\\" \\n\\r\\t\\v\\b\\f\\e\\d\"/utf8>>}.\n" +
		"{<<>>,<<195,169,7>>,<<67,58,92>>,<<92,94>>,<<\"^\"/utf8>>}.\n" +
		"{true,'end','','A\\'b\\n','é',a_@1}.\n" +
		"{\"a\\\"b\",-7,[1,{}],#{<<\"a\"/utf8>> => [],b => #{}}}.\n"
	text, err := Format(nil, forms...)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(text)); diff != "" {
		t.Errorf("Format (-want +got):\n%s", diff)
	}
	got, err := Consult(text, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(forms, got); diff != "" {
		t.Errorf("Consult (-want +got):\n%s", diff)
	}
}

func TestFormatRefusesWhatConsultWould(t *testing.T) {
	for _, c := range []struct {
		name string
		v    any
		want string
	}{
		{"a Go string", "a", "a string is no term"},
		{"nil", nil, "a <nil> is no term"},
		{"binary not UTF-8", Binary("\xe9"), "not UTF-8 text without NUL"},
		{"binary with NUL", Binary("a\x00"), "not UTF-8 text without NUL"},
		{"charlist not UTF-8", Charlist("\xe9"), "has no literal"},
		{"charlist with a bell", Charlist("\a"), "has no literal"},
		{"charlist ending in a backslash", Charlist(`a\`), "has no literal"},
		{"atom ending in a backslash and ^", Atom(`\^`), "has no literal"},
		{"atom too long", Atom(strings.Repeat("a", 256)), "more than 255 characters"},
		{"map with a list as key", Map{{List{}, int64(1)}}, "a erlterm.List is no key"},
		{"map with duplicate keys", Map{{Atom("a"), int64(1)}, {Atom("a"), int64(2)}}, "duplicate key a"},
		{"inside", List{Map{{Atom("a"), Tuple{1}}}}, "a int is no term"},
	} {
		t.Run(c.name, func(t *testing.T) {
			text, err := Format([]byte("before"), Tuple{Atom("ok")}, Tuple{c.v})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error = %v, want %q", err, c.want)
			}
			if string(text) != "before" {
				t.Errorf("result = %q, want dst as it was", text)
			}
		})
	}
}

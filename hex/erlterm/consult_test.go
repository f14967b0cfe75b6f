package erlterm

import (
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
				Map{{Binary("a"), int64(1)}, {Atom("b"), Atom("c")}}, int64(-42), Atom("A b"), Atom(""), Atom("a_@1"),
				Charlist("s\"\\\x1b"), List{}, Tuple{}, Map{},
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

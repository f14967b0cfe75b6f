package docsearch

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSearchDataIsRead(t *testing.T) {
	const exdoc = `searchData={"producer":{"name":"ex_doc"},"items":[` +
		`{"type":"module","ref":"Plug.html","title":"Plug","doc":"The plug."},` +
		`{"ref":"Plug.html#run/3","title":"Plug.run/3","doc":null,"type":"function"},` +
		`{"type":"extras","ref":"../evil.html","title":"out"},{"type":"extras","ref":"javascript:alert(1)","title":"out"},` +
		`{"type":"extras","ref":"//evil.example/x.html","title":"out"},{"type":"extras","ref":"/x.html","title":"out"},{"type":"x","ref":"x.html","title":""}],"proglang":"elixir"}`
	const gleam = `{"items":[{"type":"module","parentTitle":"gleam/option","title":"gleam/option","doc":"","ref":"gleam/option.html"},` +
		`{"type":"function","parentTitle":"gleam/option","title":"unwrap","doc":"Extracts.","ref":"gleam/option.html#unwrap"}],"proglang":"gleam"}`
	for name, c := range map[string]struct {
		file, text string
		want       []Item
	}{
		"exdoc":                {"dist/search_data-1F.js", exdoc, []Item{{"module", "Plug.html", "Plug", "The plug."}, {"function", "Plug.html#run/3", "Plug.run/3", ""}}},
		"of an umbrella's app": {"app/dist/search_data-1F.js", `searchData={"items":[{"type":"module","ref":"A.html","title":"A"}]}`, []Item{{"module", "app/A.html", "A", ""}}},
		"gleam":                {"search-data.json", gleam, []Item{{"module", "gleam/option.html", "gleam/option", ""}, {"function", "gleam/option.html#unwrap", "gleam/option.unwrap", "Extracts."}}},
		"cut off":              {"dist/search_data-1F.js", exdoc[:120], []Item{{"module", "Plug.html", "Plug", "The plug."}}},
		"code":                 {"dist/search_data-1F.js", `searchData=(function(){return {"items":[]}})()`, nil},
		"another shape":        {"dist/search_data-1F.js", `searchData=[1,2]`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if !isData(c.file) {
				t.Fatalf("%s is taken for no search data", c.file)
			}
			var got collection
			_ = got.readData(rootOf(c.file), strings.NewReader(c.text))
			if diff := cmp.Diff(c.want, got.items); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestPagesAreRead(t *testing.T) {
	const edoc = `<!DOCTYPE html><html><head><title>Module tide</title><style>h1 {}</style></head><body><div class="navbar">x</div>
<h1>Module tide</h1><ul class="index"><li><a href="#description">Description</a></li></ul>tells the tide.
<h2><a name="functions">Function Details</a></h2>
<h3 class="function"><a name="high-1">high/1</a></h3><p><code>high(At) -&gt; Time</code></p><p>When it is high.</p><script>var x = "not this"</script>
<h3 class="function"><a name="low-1">low/1</a></h3></body></html>`
	var got collection
	readPage(strings.NewReader(edoc), got.page("tide.html"))
	want := []Item{
		{"page", "tide.html", "Module tide", "x"},
		{"page", "tide.html", "Module tide", "Module tide Description tells the tide."},
		{"section", "tide.html#functions", "Function Details - Module tide", ""},
		{"function", "tide.html#high-1", "high/1 - Module tide", "high(At) -> Time When it is high."},
		{"function", "tide.html#low-1", "low/1 - Module tide", ""},
	}
	if diff := cmp.Diff(want, got.items); diff != "" {
		t.Error(diff)
	}
}

// D: what a documentation says never costs more than the bounds, however it is made.
func TestBoundsHold(t *testing.T) {
	var many strings.Builder
	many.WriteString(`searchData={"items":[`)
	for n := range mostItems + 10 {
		fmt.Fprintf(&many, `{"type":"x","ref":"a.html#%d","title":"%d","doc":"d"},`, n, n)
	}
	long := strings.Repeat("é", longestText)
	for name, text := range map[string]string{
		"many": many.String() + `{}]}`,
		"long": `searchData={"items":[{"type":"` + long + `","ref":"a.html","title":"` + long + `","doc":"` + long + `"}]}`,
		"deep": `searchData={"x":` + strings.Repeat("[", 1_000_000),
	} {
		var c collection
		_ = c.readData("", strings.NewReader(text))
		for _, i := range c.items {
			if len(i.Title) > longestTitle || len(i.Text) > longestText || len(i.Type) > longestType {
				t.Fatalf("%s: an item of %d bytes", name, len(i.Title)+len(i.Text))
			}
		}
		if len(c.items) > mostItems {
			t.Errorf("%s: %d items", name, len(c.items))
		}
	}
}

// D: whoever makes one item of all that an archive may hold does not have all of it held, and what stands before is kept.
func TestOneItemTakesNoMoreThanItMay(t *testing.T) {
	const first = `searchData={"items":[{"type":"module","ref":"a.html","title":"a","doc":"d"},`
	for name, text := range map[string]string{
		"a text":          first + `{"type":"x","ref":"b.html","title":"b","doc":"`,
		"something else":  `searchData={"x":"`,
		"a name":          `searchData={"`,
		"blanks":          first + strings.Repeat(" ", mostItem),
		"an unknown part": first + `{"type":"x","ref":"b.html","title":"b","x":"`,
	} {
		rest := &endless{}
		var c collection
		if err := c.readData("", io.MultiReader(strings.NewReader(text), rest)); !errors.Is(err, errLong) || rest.read > mostItem+64<<10 {
			t.Errorf("%s: %v after %d bytes", name, err, rest.read)
		}
		if want := strings.Count(text, "a.html"); len(c.items) != want {
			t.Errorf("%s: %d items, want %d", name, len(c.items), want)
		}
	}
}

// endless is what never ends, and says how much of it was read.
type endless struct{ read int }

func (e *endless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = ' '
	}
	e.read += len(b)
	return len(b), nil
}

// D: the names of one item take a few times as much as its title, however many parts that has.
func TestNamesOfATitleAreFew(t *testing.T) {
	title := strings.Repeat("a.", longestTitle/2)
	if got := names(title); len(got) > mostNames+1 {
		t.Errorf("%d names", len(got))
	}
	if got := names("Elixir.Phoenix.LiveView.Socket.assign/3"); len(got) != 10 || got[9] != "assign" {
		t.Errorf("%q", got)
	}
}

func FuzzReadData(f *testing.F) {
	f.Add(`searchData={"items":[{"type":"module","ref":"Plug.html#x","title":"Plug","doc":"The plug."}],"proglang":"elixir"}`)
	f.Add(`{"items":[{"type":"type","parentTitle":"a","title":"b","ref":"a.html"}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		var c collection
		_ = c.readData("sub/", strings.NewReader(text))
		c.check(t)
	})
}

func FuzzReadPage(f *testing.F) {
	f.Add(`<title>x</title><h2 id="a">b</h2><p>c`)
	f.Add(`<h3 class=function><a name="x-1">x/1</a></h3><script><nav>`)
	f.Fuzz(func(t *testing.T, text string) {
		var c collection
		readPage(strings.NewReader(text), c.page("a/b c.html"))
		c.check(t)
	})
}

// FuzzCountPage: of no page are more texts told than there are functions, and another page after it is counted as ever.
func FuzzCountPage(f *testing.F) {
	f.Add(edocModule)
	f.Add(gleamModule)
	f.Fuzz(func(t *testing.T, text string) {
		var c Coverage
		readPage(strings.NewReader(text), c.list())
		if c.Told > c.Functions || c.Told < 0 || c.Functions > len(text) {
			t.Fatalf("%+v", c)
		}
		one := c
		readPage(strings.NewReader(text), c.list())
		if c.Functions != 2*one.Functions || c.Told != 2*one.Told {
			t.Errorf("once %+v, twice %+v", one, c)
		}
	})
}

// check demands that all items can be shown, and be found again by their own words.
func (c *collection) check(t *testing.T) {
	for _, i := range c.items {
		if !leads(i.Ref) || i.Title == "" || strings.ContainsRune(i.Title+i.Text+i.Type, 0) {
			t.Fatalf("%+v", i)
		}
		words := newTyped(typedWords(i.Title))
		var shown strings.Builder
		for _, s := range words.marks(i.Text) {
			shown.WriteString(s.Text)
		}
		if shown.String() != i.Text {
			t.Fatalf("marks made %q of %q", shown.String(), i.Text)
		}
		words.excerpt(i.Text)
		names(i.Title)
		titleWords(i.Title)
	}
}

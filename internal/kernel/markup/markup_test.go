package markup_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"hexhub/internal/kernel/markup"
)

func markdown(text string) string {
	return string(markup.Markdown([]byte(text), markup.Options{}).HTML)
}

func TestMarkdownIsReadAsOnGitHub(t *testing.T) {
	for text, want := range map[string]string{
		"*a* **b** ~~c~~ `d`":                `<p><em>a</em> <strong>b</strong> <del>c</del> <code>d</code></p>`,
		"- [x] a\n- [ ] b":                   "<ul>\n<li>☑ a</li>\n<li>☐ b</li>\n</ul>",
		"see https://a.example/b.":           `see <a href="https://a.example/b" rel="nofollow noopener noreferrer">https://a.example/b</a>.`,
		"[a](mailto:a@b.example)":            `<a href="mailto:a@b.example" rel="nofollow noopener noreferrer">a</a>`,
		"|a||\n|-:|-|\n|1|2|":                `<th align="right">a</th>` + "\n<td></td>",
		"<p align=center>x</p>":              `<p align="center">x</p>`,
		"<center>x</center>":                 `<div align="center">x</div>`,
		"> [!WARNING]\n> hot":                `<p class="aside-title">Warning</p>`,
		"<details><summary>a</summary>b":     `<details><summary>a</summary>b</details>`,
		"a <!-- MDOC !--> b":                 "<p>a  b</p>",
		"```elixir\ndef a, do: :ok # b\n```": `<span class="tk">def</span> a, <span class="ta">do</span>: <span class="ta">:ok</span> <span class="tc"># b</span>` + "\n</code></pre>",
		"```klingon\na < b\n```":             `<pre class="code" tabindex="0"><code>a &lt; b` + "\n</code></pre>",
		"    a <b>":                          `<code>a &lt;b&gt;`,
		"3. a":                               `<ol start="3">`,
	} {
		if got := markdown(text); !strings.Contains(got, want) {
			t.Errorf("%q is shown as\n%s\nwhich lacks\n%s", text, got, want)
		}
	}
}

// D11: what others make drawings, formulas and programs of stays code in a README. Only documentation runs such things,
// where it can do no harm.
func TestD11EmbedsStayCode(t *testing.T) {
	for _, text := range []string{
		"```mermaid\ngraph TD\n  click A call alert(1)\n```", "```math\n\\href{javascript:alert(1)}{x}\n```", "$$\\href{javascript:alert(1)}{x}$$", "```elixir\nMix.install([:kino])\n```",
		"<div class=\"mermaid\">graph TD</div>", "<pre class=\"mermaid\">graph TD</pre>", "<!-- livebook:{\"output\":true} -->\n```html\n<script>x</script>\n```", "[![Run](x)](https://livebook.dev/run?url=x)",
	} {
		got := markdown(text)
		for _, never := range []string{"<script", "javascript:alert(1)\"", `class="mermaid`, "<iframe", "<math", "livebook:{"} {
			if strings.Contains(got, never) {
				t.Errorf("%q is shown as\n%s\nwhich has %s", text, got, never)
			}
		}
	}
}

// Colours take nothing from the code, and add nothing.
func TestCodeKeepsItsCharacters(t *testing.T) {
	for _, language := range []string{
		"elixir", "iex", "heex", "erlang", "gleam", "bash", "console", "json", "yaml", "toml", "ini", "diff", "sql", "html", "xml", "css", "js", "ts", "go",
		"rust", "c", "python", "ruby", "dockerfile", "makefile", "nix", "lua", "graphql", "proto", "nginx",
	} {
		for _, code := range []string{"a\n", "iex> f(\"x\")\n:ok\n\n\n  <%= b %>\n", "\n\n\t x = 1 # é\n", "-a\n+b\n<a b='c'>\n{{{\n"} {
			tree := parse(t, markdown("```"+language+"\n"+code+"```"))
			if got := codeOf(tree); got != code {
				t.Errorf("%s: %q is shown as %q", language, code, got)
			}
		}
	}
}

func TestHeadingsHaveALevelForEachStepBelowThePage(t *testing.T) {
	d := markup.Markdown([]byte("# A\n#### B *b*\n## B\n<h1>A</h1>\n\n#\n"), markup.Options{})
	want := []markup.Heading{
		{Level: 2, ID: "user-content-a", Text: "A"},
		{Level: 3, ID: "user-content-b-b", Text: "B b"},
		{Level: 3, ID: "user-content-b", Text: "B"},
		{Level: 2, ID: "user-content-a-1", Text: "A"},
	}
	if diff := cmp.Diff(want, d.Headings); diff != "" {
		t.Errorf("headings (-want +got):\n%s", diff)
	}
	if want := `<h3 id="user-content-b-b"><a class="anchor" href="#user-content-b-b">B <em>b</em></a></h3>`; !strings.Contains(string(d.HTML), want) {
		t.Errorf("the HTML lacks %s:\n%s", want, d.HTML)
	}
}

func TestATitleIsTakenOut(t *testing.T) {
	for text, want := range map[string]string{"# A `b`\n## C": "A b", "x\n\n# A": "", "## A": ""} {
		d := markup.Markdown([]byte(text), markup.Options{Title: true})
		if d.Title != want || strings.Contains(string(d.HTML), "A <code>b") {
			t.Errorf("%q: title %q, want %q; the rest is %s", text, d.Title, want, d.HTML)
		}
	}
}

func TestLinksWithinADocumentFindTheirHeadings(t *testing.T) {
	got := markdown("[go](#über-uns) <a name=old></a>\n\n[old](#old) [up](#top#)\n\n# Über uns")
	for _, want := range []string{`href="#user-content-über-uns"`, `<h2 id="user-content-über-uns"`, `<a id="user-content-old"></a>`, `href="#user-content-old"`} {
		if !strings.Contains(strings.ReplaceAll(got, "%C3%BC", "ü"), want) {
			t.Errorf("the HTML lacks %s:\n%s", want, got)
		}
	}
}

func TestRelativeLinksLeadWhereTheCallerSays(t *testing.T) {
	d := markup.Markdown([]byte("[a](guide.md#x) [b](no.md) ![c](c.png) ![d](d.png) [e](/root)"), markup.Options{
		Link:  func(to string) string { return map[string]string{"guide.md#x": "/docs/guide#x", "/root": "//evil"}[to] },
		Image: func(to string) string { return map[string]string{"c.png": "/raw/c.png", "d.png": "https://other"}[to] },
	})
	want := `<p><a href="/docs/guide#x">a</a> b <img src="/raw/c.png" alt="c" loading="lazy"/> <span class="picture">d</span> e</p>`
	if got := strings.TrimSpace(string(d.HTML)); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestPicturesOfOthersAreLinks(t *testing.T) {
	for text, want := range map[string]string{
		"![CI](https://a.example/ci.svg)":                       `<a href="https://a.example/ci.svg" rel="nofollow noopener noreferrer"><span class="picture">CI</span></a>`,
		"[![CI](https://a.example/ci.svg)](https://b.example/)": `<a href="https://b.example/" rel="nofollow noopener noreferrer"><span class="picture">CI</span></a>`,
		"![](https://a.example/ci.svg)":                         `>ci.svg</span></a>`,
		"![x](data:image/png;base64,AAAA)":                      `<p><span class="picture">x</span></p>`,
		"<img src=//a.example/x.png srcset=y>":                  `<a href="https://a.example/x.png" rel="nofollow noopener noreferrer">`,
	} {
		if got := markdown(text); !strings.Contains(got, want) || strings.Contains(got, "<img") {
			t.Errorf("%q is shown as %s, want %s", text, got, want)
		}
	}
}

func TestPlainTextIsShownAsItIs(t *testing.T) {
	d := markup.Text([]byte("a <b>\n*c* & \xff"))
	if want := "<pre class=\"plain\" tabindex=\"0\">a &lt;b&gt;\n*c* &amp; \ufffd</pre>"; string(d.HTML) != want || !d.Plain {
		t.Errorf("got %s", d.HTML)
	}
}

var attacks = []string{
	`<script>alert(1)</script>`, `<SCRIPT SRC=//evil/x.js></SCRIPT>`, `<img src=x onerror=alert(1)>`, `<svg/onload=alert(1)>`, `"><svg/onload=…>`,
	`[x](javascript:alert(1))`, `[x](<javascript:alert(1)>)`, `[x](JaVaScRiPt:alert(1))`, "[x](java\tscript:alert(1))", `[x](&#106;avascript:alert(1))`,
	`[x](vbscript:x)`, `[x](data:text/html;base64,PHNjcmlwdD4=)`, `<javascript:alert(1)>`, `<a href="javascript&colon;alert(1)">x</a>`, `<a href=" javascript:x">x</a>`,
	"<a href='\x01javascript:x'>x</a>", `<a href=https://user:pass@evil.example>x</a>`, `<a href=x style="position:fixed">x</a>`, `<a target=_blank ping=//evil href=https://a>x</a>`,
	`<img src=http://169.254.169.254/latest>`, `![x](http://127.0.0.1/)`, `<form action=/logout method=post><button>x</button></form>`, `<input name=q autofocus>`,
	`<iframe src=//evil></iframe>`, `<iframe srcdoc="<script>x</script>">`, `<object data=x></object>`, `<embed src=x>`, `<base href=//evil>`, `<meta http-equiv=refresh content=0>`,
	`<link rel=stylesheet href=//evil>`, `<style>*{background:url(//evil)}</style>`, `<style><img src="</style><img src=x onerror=x>">`, `<p style=color:red class=btn id=main name=body>x</p>`,
	`<noscript><p title="</noscript><img src=x onerror=alert(1)>">`, `<math><mi//xlink:href="data:x,<script>">`, `<svg><style><img src=x onerror=x></style></svg>`,
	`<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">`, `<template><img src=x onerror=x></template>`,
	`<form><math><mtext></form><form><mglyph><style></math><img src onerror=x>`, `<textarea></textarea><img src=x onerror=x>`, `<xmp><img src=x onerror=x></xmp>`,
	`<plaintext><p>`, `<title><a href="</title><img src=x onerror=x>">`, `<!--><img src=x onerror=x>-->`, `<![CDATA[<img src=x onerror=x>]]>`, `<?x <img src=x onerror=x>?>`,
	"<img \x00src=x onerror=x>", `<a href="https://a" onclick=x>`, `</div></div></main></body><h1>x</h1>`, `<table><td></div></table></div>`, `<p><table><p></div>`,
	"```\"><script>x</script>\nx\n```", "```elixir onclick=x\n</code></pre></div><script>\n```", `<pre class="x\" onclick=y"><code class="language-</code><script>">x`,
	`[x]: javascript:alert(1)` + "\n\n[x]", `![" onerror="x](x.png)`, `[a](https://a "\" onclick=x")`, `<details ontoggle=x open><summary>a`, `<video src=x onerror=x>`, `<a id=getElementById name=querySelector>`,
	`<h1 id=main><a name=main>x</a></h1>`, `<div class="modal fixed inset-0">x</div>`, `<marquee onstart=x>y</marquee>`, `<button formaction=//evil>x</button>`, `<li><li></ul></div>`, `<p><button><p></button></div></div>`,
	`<dialog open>x</dialog>`, `<div popover id=x>y</div>`, `<slot name=x>`, `<a href="//evil">x</a>`, `<a href="\\evil">x</a>`, `<a href="/\evil">x</a>`, `<select><option><script>x</script>`, `<keygen autofocus onfocus=x>`,
}

// Whatever somebody writes, it runs nothing, asks nobody, looks like nothing of ours and stays in its place.
func TestD7HostileMarkdownIsHarmless(t *testing.T) {
	for _, attack := range attacks {
		for _, text := range []string{attack, "# " + attack, "- " + attack + "\n\n  b", "|a|\n|-|\n|" + attack + "|", "> " + attack, "a *b " + attack + " c*"} {
			check(t, text)
		}
	}
}

func TestD8TextThatReadsInAnotherOrderThanItIsWrittenIsStraightened(t *testing.T) {
	hostile := "a\u202eb\u2066c\x1b[31md\u200fe"
	for _, d := range []markup.Document{markup.Markdown([]byte("`"+hostile+"`"), markup.Options{}), markup.Text([]byte(hostile))} {
		if !strings.Contains(string(d.HTML), "abc[31mde") {
			t.Errorf("shown as %q", d.HTML)
		}
	}
}

// A text that means to cost time costs little more than one of ordinary words: it is cut off, or shown as it is.
func TestD7NestingAndSizeAreBounded(t *testing.T) {
	for _, unit := range []string{
		">", "> ", "[", "![", "*a ", "a**b ", "`", "<", "<b>", "<div>\n\n", "- ", "[a](", "| ", "&amp", "# a\n", "|a|b|\n", "http://a.b ", "<p><table>", "<!--", "[a]: b\n",
	} {
		d := markup.Markdown([]byte("|a|b|\n|-|-|\n"+strings.Repeat(unit, markup.MaxSize/len(unit))), markup.Options{})
		tags := strings.Count(string(d.HTML), "<")
		if tags > 100_000 || len(d.HTML) > 6*markup.MaxSize {
			t.Errorf("%d times %q becomes %d bytes with %d tags", markup.MaxSize/len(unit), unit, len(d.HTML), tags)
		}
	}
	long := "[a]: /" + strings.Repeat("x", markup.MaxSize/2) + "\n\n" + strings.Repeat("[a]\n\n", markup.MaxSize/12)
	if d := markup.Markdown([]byte(long), markup.Options{}); len(d.HTML) > 6*markup.MaxSize {
		t.Errorf("a reference that is used often becomes %d bytes", len(d.HTML))
	}
}

// D7: no more than 512 KiB of a text are rendered, up to the end of a line.
func TestD7LongTextsAreCutAtALine(t *testing.T) {
	line := strings.Repeat("word ", 20) + "end.\n\n"
	d := markup.Markdown([]byte(strings.Repeat(line, markup.MaxSize/len(line)+10)), markup.Options{})
	if !d.Cut || d.Plain || !strings.HasSuffix(strings.TrimSpace(string(d.HTML)), "end.</p>") {
		t.Errorf("cut = %t, plain = %t, it ends in %q", d.Cut, d.Plain, d.HTML[len(d.HTML)-60:])
	}
}

func FuzzMarkdown(f *testing.F) {
	for _, attack := range attacks {
		f.Add(attack)
	}
	f.Fuzz(check)
}

// check fails if a document is not what the package promises.
func check(t *testing.T, source string) {
	t.Helper()
	d := markup.Markdown([]byte(source), markup.Options{Link: func(to string) string { return "/to?x=" + fmt.Sprint(len(to)) }})
	for _, h := range d.Headings {
		if h.Level < 2 || h.Level > 6 {
			t.Errorf("%q has a heading of level %d", source, h.Level)
		}
	}
	const before, after = `<main><section><div>`, `</div><hr id="after"></section></main>`
	tree := parse(t, before+string(d.HTML)+after)
	ids := map[string]bool{}
	for n := range tree.Descendants() {
		if n.Type != html.ElementNode {
			if n.Type == html.CommentNode {
				t.Errorf("%q has a comment:\n%s", source, d.HTML)
			}
			continue
		}
		for _, a := range n.Attr {
			checkAttribute(t, source, n, a, ids)
		}
		if n.DataAtom == atom.Hr && len(n.Attr) == 1 {
			if n.Parent.DataAtom != atom.Section || n.PrevSibling == nil || n.PrevSibling.DataAtom != atom.Div {
				t.Errorf("%q leaves its place:\n%s", source, d.HTML)
			}
			continue
		}
		if !slices.Contains(strings.Fields(elements), n.Data) || n.Namespace != "" {
			t.Errorf("%q has the element %s:\n%s", source, n.Data, d.HTML)
		}
	}
}

const elements = "main section a abbr b blockquote br caption code dd del details div dl dt em h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q s samp " +
	"small span strong sub summary sup table tbody td tfoot th thead tr ul var"

func checkAttribute(t *testing.T, source string, n *html.Node, a html.Attribute, ids map[string]bool) {
	t.Helper()
	ok := false
	switch a.Key {
	case "href":
		ok = slices.ContainsFunc([]string{"http://", "https://", "mailto:", "#user-content-", "/to?"}, func(p string) bool { return strings.HasPrefix(a.Val, p) })
	case "id":
		ok = a.Val == "after" || strings.HasPrefix(a.Val, "user-content-") && !ids[a.Val]
		ids[a.Val] = true
	case "class":
		ok = len(a.Val) <= 2 && a.Val[0] == 't' || slices.Contains([]string{"code", "plain", "scroll", "anchor", "picture", "aside", "aside-title"}, a.Val)
	case "rel":
		ok = a.Val == "nofollow noopener noreferrer"
	case "title", "open":
		ok = true
	case "align":
		ok = a.Val == "left" || a.Val == "center" || a.Val == "right"
	case "tabindex":
		ok = a.Val == "0"
	case "start", "colspan", "rowspan":
		ok = len(a.Val) < 5
	}
	if !ok {
		t.Errorf("%q has %s=%q on %s", source, a.Key, a.Val, n.Data)
	}
}

func parse(t *testing.T, fragment string) *html.Node {
	t.Helper()
	root := &html.Node{Type: html.ElementNode, Data: "body", DataAtom: atom.Body}
	nodes, err := html.ParseFragment(strings.NewReader(fragment), root)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range nodes {
		root.AppendChild(n)
	}
	return root
}

// codeOf is the text of the first code in n.
func codeOf(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.DataAtom != atom.Code {
			continue
		}
		for c := range d.Descendants() {
			if c.Type == html.TextNode {
				b.WriteString(c.Data)
			}
		}
		break
	}
	return b.String()
}

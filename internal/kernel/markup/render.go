package markup

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
	nethtml "golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// reader reads Markdown. What it makes of HTML in it is cleaned afterwards, with all the rest.
var reader = goldmark.New(
	goldmark.WithExtensions(
		extension.Strikethrough, extension.TaskList, extension.Linkify,
		extension.NewTable(extension.WithTableCellAlignMethod(extension.TableCellAlignAttribute)),
	),
	goldmark.WithParserOptions(parser.WithASTTransformers(util.Prioritized(shortener{}, 0))),
	goldmark.WithRendererOptions(html.WithUnsafe()),
)

// shortener takes from links what is longer than an address may be, before it is written as often as a text of a few
// letters refers to it.
type shortener struct{}

// Transform implements parser.ASTTransformer.
func (shortener) Transform(document *ast.Document, _ text.Reader, _ parser.Context) {
	_ = ast.Walk(document, func(n ast.Node, entering bool) (ast.WalkStatus, error) { // it returns what we return
		if entering {
			switch n := n.(type) {
			case *ast.Link:
				n.Destination, n.Title = short(n.Destination), short(n.Title)
			case *ast.Image:
				n.Destination, n.Title = short(n.Destination), short(n.Title)
			}
		}
		return ast.WalkContinue, nil
	})
}

func short(text []byte) []byte {
	if len(text) > maxURL {
		return nil
	}
	return text
}

// errTooMuch is that a document would be larger or deeper than it may.
var errTooMuch = errors.New("the document exceeds its bounds")

// tooMany is that a document has too many elements.
type tooMany struct{ tags int }

// Error implements error.
func (e *tooMany) Error() string { return fmt.Sprintf("the document has %d tags", e.tags) }

// render makes a document in three steps, each of which would do against most attacks: a tree of what
// browsers would read is rewritten to hold what we allow, it is read again until reading it changes
// nothing, and a sanitizer that others keep has the last word.
func render(source []byte, o Options) (d Document, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("render Markdown: %v", p) // a parser that fell over somebody's text
		}
	}()
	if tooDeep(source) {
		return Document{}, errTooMuch
	}
	raw := &bounded{left: maxHTML}
	if err := reader.Convert(source, raw); err != nil {
		return Document{}, err
	}
	if raw.left < 0 {
		return Document{}, errTooMuch
	}
	if tags := bytes.Count(raw.Bytes(), []byte("<")); tags > maxTags {
		return Document{}, &tooMany{tags}
	}
	root, err := parse(raw.String())
	if err != nil {
		return Document{}, err
	}
	r := newRewriter(o)
	r.children(root)
	r.level(root)
	stable, err := settle(root)
	if err != nil {
		return Document{}, err
	}
	return Document{HTML: HTML(policy.Sanitize(stable)), Title: r.title, Headings: r.headings}, nil
}

// bounded keeps what is written up to a limit.
type bounded struct {
	bytes.Buffer
	left int
}

// Write implements io.Writer.
func (b *bounded) Write(p []byte) (int, error) {
	if b.left -= len(p); b.left < 0 {
		return 0, errTooMuch
	}
	return b.Buffer.Write(p)
}

// parse reads HTML as browsers do in the middle of a page.
func parse(fragment string) (*nethtml.Node, error) {
	root := &nethtml.Node{Type: nethtml.ElementNode, Data: "div", DataAtom: atom.Div}
	nodes, err := nethtml.ParseFragment(strings.NewReader(fragment), root)
	if err != nil {
		return nil, err
	}
	for _, n := range nodes {
		root.AppendChild(n)
	}
	return root, nil
}

// settle writes the tree so that browsers read it as it is written. What they would read in another way,
// such as a paragraph in a paragraph, is written as they read it.
func settle(root *nethtml.Node) (string, error) {
	written, err := write(root)
	for range 4 {
		if err != nil {
			return "", err
		}
		again, err := parse(written)
		if err != nil {
			return "", err
		}
		next, err := write(again)
		if err != nil {
			return "", err
		}
		if next == written {
			return written, nil
		}
		written = next
	}
	return "", errors.New("the document is read in another way each time")
}

func write(root *nethtml.Node) (string, error) {
	var b strings.Builder
	for n := range root.ChildNodes() {
		if err := nethtml.Render(&b, n); err != nil {
			return "", err
		}
	}
	return b.String(), nil
}

// policy is the last word about what is in a document. It repeats what the rewriter made sure of.
var policy = newPolicy()

func newPolicy() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	for name := range allowed {
		p.AllowElements(name.String())
	}
	p.AllowNoAttrs().OnElements("span", "a", "img")
	p.AllowAttrs("href").Matching(harmless).OnElements("a")
	p.AllowAttrs("rel").Matching(exactly("nofollow noopener noreferrer")).OnElements("a")
	p.AllowAttrs("title").OnElements("a", "abbr", "img")
	p.AllowAttrs("src").Matching(ownPath).OnElements("img")
	p.AllowAttrs("alt").OnElements("img")
	p.AllowAttrs("loading").Matching(exactly("lazy")).OnElements("img")
	p.AllowAttrs("id").Matching(idText).Globally()
	p.AllowAttrs("class").Matching(classText).OnElements("span", "pre", "div", "a", "blockquote", "p")
	p.AllowAttrs("tabindex").Matching(exactly("0")).OnElements("pre", "div")
	p.AllowAttrs("align").Matching(alignText).Globally()
	p.AllowAttrs("start", "colspan", "rowspan").Matching(numberText).OnElements("ol", "th", "td")
	p.AllowAttrs("open").OnElements("details")
	p.AllowURLSchemes("http", "https", "mailto")
	p.AllowRelativeURLs(true)
	p.RequireParseableURLs(true)
	return p
}

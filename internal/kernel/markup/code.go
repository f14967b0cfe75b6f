package markup

import (
	"strings"
	"time"

	"github.com/alecthomas/chroma/v2"
	nethtml "golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// languages are those that get colours, by the names that people give them, with the names of their lexers. Others
// stay as they are: a lexer that nobody here has tried is not worth its risk.
var languages = map[string]string{
	"elixir": "elixir", "ex": "elixir", "exs": "elixir", "iex": "elixir", "heex": "html", "eex": "html", "leex": "html",
	"erlang": "erlang", "erl": "erlang", "hrl": "erlang", "gleam": "gleam",
	"sh": "bash", "bash": "bash", "shell": "bash", "zsh": "bash", "console": "bash",
	"json": "json", "yaml": "yaml", "yml": "yaml", "toml": "toml", "ini": "ini", "diff": "diff", "sql": "sql",
	"html": "html", "xml": "xml", "css": "css", "js": "javascript", "javascript": "javascript", "ts": "typescript", "typescript": "typescript",
	"go": "go", "rust": "rust", "c": "c", "python": "python", "py": "python", "ruby": "ruby", "rb": "ruby",
	"dockerfile": "docker", "docker": "docker", "makefile": "make", "make": "make", "nix": "nix", "lua": "lua", "graphql": "graphql",
	"protobuf": "protobuf", "proto": "protobuf", "nginx": "nginx configuration file",
}

// code shows a block of code, and reports whether n is one.
func (r *rewriter) code(n *nethtml.Node) bool {
	c := n.FirstChild
	if c == nil || c.DataAtom != atom.Code || c.NextSibling != nil {
		return false
	}
	class, _ := get(c.Attr, "class")
	language, _, _ := strings.Cut(strings.TrimPrefix(class, "language-"), " ")
	text := words(c)
	n.Attr = []nethtml.Attribute{{Key: "class", Val: "code"}, {Key: "tabindex", Val: "0"}}
	c.Attr = nil
	for d := c.FirstChild; d != nil; d = c.FirstChild {
		c.RemoveChild(d)
	}
	for _, piece := range r.colour(strings.ToLower(language), text) {
		c.AppendChild(piece)
	}
	return true
}

// colour is the text in coloured pieces, or in one without colour.
func (r *rewriter) colour(language, text string) []*nethtml.Node {
	if r.coloured += len(text); len(text) > maxColour || r.coloured > maxCode {
		return []*nethtml.Node{textNode(text)}
	}
	var pieces []*nethtml.Node
	for _, t := range tokens(language, text, r.until) {
		pieces = append(pieces, t.node())
	}
	return pieces
}

// A token is a piece of code that means one thing, and the class of its colour if it has one.
type token struct{ class, text string }

func (t token) node() *nethtml.Node {
	if t.class == "" {
		return textNode(t.text)
	}
	span := element(atom.Span, nethtml.Attribute{Key: "class", Val: t.class})
	span.AppendChild(textNode(t.text))
	return span
}

// tokens are the text in pieces, which together are the text. What is not read in time is one piece, as is all of a
// language that gets no colours.
func tokens(language, text string, until time.Time) (all []token) {
	left := text // a lexer that loses or adds a character, such as a last end of line, is corrected
	defer func() {
		if left != "" {
			all = append(all, token{text: left})
		}
	}()
	lexer := lexerOf(language)
	if lexer == nil || time.Now().After(until) {
		return nil
	}
	next, err := lexer.Tokenise(nil, text)
	if err != nil {
		return nil
	}
	for t := next(); t != chroma.EOF && !time.Now().After(until); t = next() {
		value, ok := t.Value, strings.HasPrefix(left, t.Value)
		if !ok {
			value, ok = left, strings.TrimSuffix(t.Value, "\n") == left
		}
		if !ok {
			return all
		}
		from := len(text) - len(left)
		left = left[len(value):]
		all = joined(all, classOf(t.Type), text, from, from+len(value))
	}
	return all
}

// joined adds a piece of a text, from a byte of it to another, to the last one if that has the same colour.
func joined(all []token, class, text string, from, to int) []token {
	if last := len(all) - 1; last >= 0 && all[last].class == class {
		all[last].text = text[from-len(all[last].text) : to] // which copies nothing, however many there are
		return all
	}
	return append(all, token{class, text[from:to]})
}

func classOf(kind chroma.TokenType) string {
	for ; kind != 0; kind = kind.Parent() {
		if class := classes[kind]; class != "" {
			return class
		}
	}
	return ""
}

// classes are those of assets/src/prose.css. There are few on purpose: each means something.
var classes = map[chroma.TokenType]string{
	chroma.Comment: "tc", chroma.Keyword: "tk", chroma.KeywordConstant: "tn", chroma.NameFunction: "tf", chroma.NameClass: "tt",
	chroma.NameNamespace: "tt", chroma.NameTag: "tk", chroma.NameAttribute: "ta", chroma.NameBuiltin: "tf", chroma.NameDecorator: "ta",
	chroma.NameEntity: "ta", chroma.LiteralString: "ts", chroma.LiteralStringSymbol: "ta", chroma.LiteralNumber: "tn", chroma.LiteralStringEscape: "ta",
	chroma.GenericDeleted: "td", chroma.GenericInserted: "ti", chroma.GenericHeading: "tk", chroma.GenericSubheading: "tk",
	chroma.GenericPrompt: "tc", chroma.GenericOutput: "tc",
}

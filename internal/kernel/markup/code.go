package markup

import (
	"strings"
	"time"

	"github.com/alecthomas/chroma/v2"
	"github.com/alecthomas/chroma/v2/lexers"
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
	plain := []*nethtml.Node{textNode(text)}
	name, ok := languages[language]
	if r.coloured += len(text); !ok || len(text) > maxColour || r.coloured > maxCode || time.Now().After(r.until) {
		return plain
	}
	lexer := lexers.Get(name)
	if lexer == nil {
		return plain
	}
	tokens, err := chroma.Coalesce(lexer).Tokenise(nil, text)
	if err != nil {
		return plain
	}
	var pieces []*nethtml.Node
	left := text // a lexer that loses or adds a character, such as a last end of line, is corrected
	for token := tokens(); token != chroma.EOF; token = tokens() {
		if time.Now().After(r.until) {
			return plain
		}
		value, ok := token.Value, strings.HasPrefix(left, token.Value)
		if !ok {
			value, ok = left, strings.TrimSuffix(token.Value, "\n") == left
		}
		if !ok {
			return plain
		}
		left = left[len(value):]
		pieces = append(pieces, piece(token.Type, value))
	}
	if left != "" {
		pieces = append(pieces, textNode(left))
	}
	return pieces
}

func piece(kind chroma.TokenType, text string) *nethtml.Node {
	for ; kind != 0; kind = kind.Parent() {
		if class := colours[kind]; class != "" {
			span := element(atom.Span, nethtml.Attribute{Key: "class", Val: class})
			span.AppendChild(textNode(text))
			return span
		}
	}
	return textNode(text)
}

// colours are the classes of assets/src/prose.css. There are few on purpose: each means something.
var colours = map[chroma.TokenType]string{
	chroma.Comment: "tc", chroma.Keyword: "tk", chroma.KeywordConstant: "tn", chroma.NameFunction: "tf", chroma.NameClass: "tt",
	chroma.NameNamespace: "tt", chroma.NameTag: "tk", chroma.NameAttribute: "ta", chroma.NameBuiltin: "tf", chroma.NameDecorator: "ta",
	chroma.NameEntity: "ta", chroma.LiteralString: "ts", chroma.LiteralStringSymbol: "ta", chroma.LiteralNumber: "tn", chroma.LiteralStringEscape: "ta",
	chroma.GenericDeleted: "td", chroma.GenericInserted: "ti", chroma.GenericHeading: "tk", chroma.GenericSubheading: "tk",
	chroma.GenericPrompt: "tc", chroma.GenericOutput: "tc",
}

package docsearch

import (
	"io"
	"net/url"
	"path"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// The bounds of pages, of which there may be thousands.
const (
	mostPage  = 2 << 20 // bytes of one that are read
	mostToken = 1 << 20 // bytes of one tag or text
)

// isPage reports whether a file is a page that says something.
func isPage(file string) bool {
	switch path.Base(file) {
	case "404.html", "search.html":
		return false
	}
	return strings.EqualFold(path.Ext(file), ".html")
}

// A page is one being read. Its sections begin at headings that have an anchor.
type page struct {
	*collection
	ref   string
	title strings.Builder // of the page
	head  strings.Builder // of the section
	text  strings.Builder
	kind  string // of the section
	at    string // its anchor

	inTitle, inHead bool
	hidden          int // elements around, of which nothing is read
}

// page is what takes in a page of HTML: as a whole, and its sections. What is no page is text.
func (c *collection) page(file string) *page {
	return &page{collection: c, ref: (&url.URL{Path: file}).EscapedPath(), kind: "page"}
}

// A taker takes something from a page: each of what it is made of, and that it has ended.
type taker interface {
	take(t html.Token)
	end()
}

// readPage reads a page of HTML once, for all who take something from it.
func readPage(r io.Reader, by ...taker) {
	z := html.NewTokenizer(io.LimitReader(r, mostPage))
	z.SetMaxBuf(mostToken)
	for z.Next() != html.ErrorToken {
		t := z.Token()
		for _, b := range by {
			b.take(t)
		}
	}
	for _, b := range by {
		b.end()
	}
}

func (p *page) take(t html.Token) {
	switch t.Type {
	case html.TextToken:
		p.write(t.Data)
	case html.StartTagToken:
		p.open(t)
	case html.EndTagToken:
		p.close(t)
	default:
	}
}

// dumb are the elements of which nobody reads the text as a part of the page.
var dumb = []atom.Atom{atom.Script, atom.Style, atom.Nav, atom.Noscript, atom.Svg, atom.Template}

var headings = []atom.Atom{atom.H1, atom.H2, atom.H3, atom.H4}

func (p *page) open(t html.Token) {
	switch {
	case slices.Contains(dumb, t.DataAtom):
		p.hidden++
	case t.DataAtom == atom.Title:
		p.inTitle = p.title.Len() == 0
	case slices.Contains(headings, t.DataAtom):
		p.begin(attr(t, "id"), attr(t, "class"))
	case p.inHead && p.at == "" && t.DataAtom == atom.A:
		p.at = attr(t, "id") + attr(t, "name")
	}
}

func (p *page) close(t html.Token) {
	switch {
	case slices.Contains(dumb, t.DataAtom):
		p.hidden = max(p.hidden-1, 0)
	case t.DataAtom == atom.Title:
		p.inTitle = false
	case slices.Contains(headings, t.DataAtom):
		p.inHead = false
	}
}

func (p *page) write(text string) {
	to := &p.text
	switch {
	case p.hidden > 0:
		return
	case p.inTitle:
		to = &p.title
	case p.inHead:
		to = &p.head
	}
	if to.Len() < longestText {
		for word := range strings.FieldsSeq(text) {
			to.WriteString(word)
			to.WriteByte(' ')
		}
	}
}

// begin ends a section and begins the next. Where functions have a class of their own, EDoc has written them.
func (p *page) begin(anchor, class string) {
	p.end()
	p.at, p.kind, p.inHead = anchor, "section", true
	if class == "function" || class == "typedecl" {
		p.kind = strings.TrimSuffix(class, "decl")
	}
}

// end takes in the section, or the page as far as it had none. What has no anchor belongs to the page.
func (p *page) end() {
	title := strings.TrimSpace(p.title.String())
	if title == "" {
		title = p.ref
	}
	i := Item{Type: p.kind, Ref: p.ref, Title: title, Text: strings.TrimSpace(p.text.String())}
	head := strings.TrimSpace(p.head.String())
	if p.at != "" && head != "" {
		i.Ref += "#" + (&url.URL{Fragment: p.at}).EscapedFragment()
		i.Title = head + " - " + title
	} else if p.kind != "page" {
		i.Type, i.Text = "page", strings.TrimSpace(head+" "+i.Text)
	}
	if i.Text != "" || p.at != "" || p.kind == "page" {
		p.add(i)
	}
	p.head.Reset()
	p.text.Reset()
}

func attr(t html.Token, name string) string {
	for _, a := range t.Attr {
		if a.Key == name && a.Namespace == "" {
			return a.Val
		}
	}
	return ""
}

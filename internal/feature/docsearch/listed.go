package docsearch

import (
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// A listing counts the functions that a page of EDoc's or Gleam's lists.
type listing struct {
	edoc  edocIndex
	gleam gleamMember
}

// list is one that adds to what is counted.
func (c *Coverage) list() *listing {
	return &listing{edocIndex{Coverage: c}, gleamMember{Coverage: c}}
}

func (l *listing) take(t html.Token) {
	l.edoc.take(t)
	l.gleam.take(t)
}

func (l *listing) end() {}

// An edocIndex is EDoc's table of functions. Of two cells the first names one, and the second has the first sentence of its
// text, or nothing.
type edocIndex struct {
	*Coverage
	within bool
	cell   int  // of the row, from 1
	named  bool // a function, whose text was not seen yet
}

func (e *edocIndex) take(t html.Token) {
	switch tag := t.DataAtom; {
	case tag == atom.Table:
		e.within = t.Type == html.StartTagToken && attr(t, "summary") == "function index"
	case !e.within || t.Type == html.EndTagToken:
	case tag == atom.Tr:
		e.cell, e.named = 0, false
	case tag == atom.Td:
		e.cell++
		e.named = e.named && e.cell%2 == 0
	case tag == atom.A && e.cell%2 == 1 && !e.named:
		e.Functions, e.named = e.Functions+1, true
	case saysSomething(t) && e.cell%2 == 0 && e.named:
		e.Told, e.named = e.Told+1, false
	}
}

// A gleamMember is one of a module that Gleam shows: what it is in code, then its text, if it is a function.
type gleamMember struct {
	*Coverage
	within   bool
	text     bool // has begun
	code     bool // is being read
	function bool // whose text was not seen yet
}

func (g *gleamMember) take(t html.Token) {
	switch tag := t.DataAtom; {
	case tag == atom.Section:
		*g = gleamMember{Coverage: g.Coverage}
	case tag == atom.Div && hasClass(t, "member"):
		*g = gleamMember{Coverage: g.Coverage, within: true}
	case tag == atom.Div && hasClass(t, "rendered-markdown"):
		g.text = true
	case tag == atom.Pre:
		g.code = t.Type == html.StartTagToken
	case !g.within || !saysSomething(t):
	case g.code && !g.text && strings.HasPrefix(strings.TrimSpace(t.Data), "pub fn "):
		g.Functions, g.function = g.Functions+1, true
	case g.function && g.text:
		g.Told, g.function = g.Told+1, false
	}
}

func saysSomething(t html.Token) bool {
	return t.Type == html.TextToken && strings.TrimSpace(t.Data) != ""
}

func hasClass(t html.Token, class string) bool {
	return slices.Contains(strings.Fields(attr(t, "class")), class)
}

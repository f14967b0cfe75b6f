// Package markup turns what strangers write into HTML that is safe to put into a page of ours: Markdown as GitHub
// reads it, with code in colours, and plain text.
//
// It knows Markdown, HTML and what a page must never hold; it refuses to know where a text comes from, and asks
// its caller where relative links lead. What it makes has no script, no style, no form, no frame, no picture of
// another site, and no id that a page could have itself. It opens no element that it does not close, so that
// nothing leaves the place where a page puts it.
//
// A hostile text costs no more than a long one: sizes, nesting and time are bounded, and what exceeds them is
// shown as plain text. All functions are pure and safe for concurrent use.
package markup

import (
	"bytes"
	"errors"
	"strings"
	"time"
	"unicode/utf8"
)

// Limits of what is rendered.
const (
	MaxSize = 512 << 10 // bytes of a text; what follows is cut off

	maxLines  = 15_000                 // of Markdown; what follows is cut off
	maxHTML   = 4 << 20                // bytes that Markdown may become before it is cleaned
	maxTags   = 30_000                 // that begin or end an element; of a longer document the end is cut off
	maxColour = 32 << 10               // bytes of a piece of code in colours
	maxCode   = 128 << 10              // bytes of all code in colours
	maxURL    = 2048                   // bytes of an address
	budget    = 150 * time.Millisecond // after which code stays without colours
)

// Prefix is what ids begin with if the caller does not say otherwise. No page has ids of its own like that.
const Prefix = "user-content-"

// HTML is safe to put into a page as it is. Only this package makes it.
type HTML string

// A Document is a text ready to be shown.
type Document struct {
	HTML     HTML
	Title    string    // that Options.Title took out; else empty
	Headings []Heading // in their order
	Cut      bool      // the text was longer than MaxSize, and its end is missing
	Plain    bool      // it is shown as it was written
}

// A Heading is one that can be linked to.
type Heading struct {
	Level int    // from 1 to 6, as in the HTML
	ID    string // with the prefix
	Text  string // without markup
}

// Options say how a document fits into its page. The zero value works, and drops what is relative.
type Options struct {
	// Top is the level that the highest heading gets, so that a page has one h1; zero means 2. No level is
	// left out below it.
	Top int

	// Title takes the heading out that the document begins with, if it does, and tells its words.
	Title bool

	// Prefix of all ids; empty means Prefix.
	Prefix string

	// Link returns where a relative link leads, such as "guide.md#use": a path of this site, or an address of
	// http or https. When it is nil or returns nothing the link's words stay without a link.
	Link func(address string) string

	// Image returns the path on this site of a picture with a relative address. When it is nil or returns
	// nothing, as for pictures of other sites, which are never asked, its words stand in its place.
	Image func(address string) string
}

// Markdown renders a text in Markdown.
func Markdown(source []byte, o Options) Document {
	text, cut := clip(source)
	if lines := bytes.Count(text, []byte("\n")); lines > maxLines {
		text, cut = firstLines(text, maxLines), true
	}
	d, err := render(text, o)
	if many, ok := errors.AsType[*tooMany](err); ok {
		text, cut = head(text, int(int64(len(text))*maxTags*9/10/int64(many.tags))), true
		d, err = render(text, o)
	}
	if err != nil {
		d = plain(text)
	}
	d.Cut = cut
	return d
}

// Text shows a text as it was written.
func Text(source []byte) Document {
	text, cut := clip(source)
	d := plain(text)
	d.Cut = cut
	return d
}

func plain(text []byte) Document {
	return Document{HTML: HTML(`<pre class="plain" tabindex="0">` + escape(string(text)) + `</pre>`), Plain: true}
}

// clip makes valid UTF-8 of bounded length out of any bytes, cut at the end of a line if there is one.
func clip(source []byte) (text []byte, cut bool) {
	if len(source) > MaxSize {
		source, cut = head(source, MaxSize), true
	}
	source = bytes.TrimPrefix(source, []byte("\ufeff"))
	if !utf8.Valid(source) {
		source = bytes.ToValidUTF8(source, []byte("\ufffd"))
	}
	return bytes.Map(printable, source), cut
}

// head is the beginning of a text, up to the end of a line if there is one.
func head(text []byte, size int) []byte {
	text = text[:min(size, len(text))]
	if i := bytes.LastIndexByte(text, '\n'); i > 0 {
		text = text[:i]
	}
	return text
}

// firstLines are those that a text begins with, which has more.
func firstLines(text []byte, n int) []byte {
	size := 0
	for range n {
		size += bytes.IndexByte(text[size:], '\n') + 1
	}
	return text[:size]
}

// printable drops what has no picture, or changes the order in which others are read.
func printable(r rune) rune {
	switch {
	case r == '\n', r == '\t':
		return r
	case r < ' ', r >= 0x7f && r < 0xa0:
		return -1
	case r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0x200e, r == 0x200f, r == 0x061c:
		return -1 // text that is read in another order than it is written deceives (D8)
	}
	return r
}

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&#34;", "'", "&#39;")

func escape(s string) string { return escaper.Replace(s) }

package packages

import (
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"hexhub/internal/feature/diff"
	"hexhub/internal/surface/web/ui"
)

// drawn is the rows of a file in HTML. White space is part of them, so no template puts any in.
func (f changedFile) drawn() string {
	var b strings.Builder
	for _, r := range f.Rows {
		f.draw(&b, r)
	}
	return b.String()
}

// draw draws a row. Its id is of the line on a side: L for the left one, R for the right.
func (f changedFile) draw(b *strings.Builder, r diff.Row) {
	side, n := "R", r.New
	switch r.Sign {
	case diff.Skipped:
		b.WriteString("<i><span>" + skipped(r) + "</span></i>")
		return
	case diff.Minus:
		side, n = "L", r.Old
	}
	id, at := f.ID+side+strconv.Itoa(n), strconv.Itoa(n)
	number := `<a href="#` + id + `" data-n="` + at + `" tabindex="-1" aria-hidden="true"></a>`
	b.WriteString("<" + element(r.Sign) + ` id="` + id + `">`)
	switch r.Sign {
	case diff.Plus:
		b.WriteString("<a></a>" + number)
	case diff.Minus:
		b.WriteString(number + "<a></a>")
	default:
		b.WriteString(`<a data-n="` + strconv.Itoa(r.Old) + `" aria-hidden="true"></a>` + number)
	}
	drawCode(b, r)
	b.WriteString("</" + element(r.Sign) + ">")
}

// element is what a row is: text that was added, removed, or neither.
func element(s diff.Sign) string {
	switch s {
	case diff.Plus:
		return "ins"
	case diff.Minus:
		return "del"
	default:
		return "span"
	}
}

func drawCode(b *strings.Builder, r diff.Row) {
	b.WriteString("<code>")
	for _, p := range r.Pieces {
		switch text := templ.EscapeString(p.Text); p.Look {
		case diff.Marked:
			b.WriteString("<mark>" + text + "</mark>")
		case diff.Odd:
			b.WriteString("<b>" + text + "</b>")
		default:
			b.WriteString(text)
		}
	}
	if r.Rest > 0 {
		b.WriteString("<small> … " + ui.Count(r.Rest) + " more bytes</small>")
	}
	if r.Open {
		b.WriteString("<small> no end of line</small>")
	}
	b.WriteString("</code>")
}

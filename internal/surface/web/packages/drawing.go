package packages

import (
	"cmp"
	"fmt"
	"strings"

	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/depend"
)

// The measures of a drawing, in pixels.
const (
	rowHeight  = 56
	boxHeight  = 42
	boxPadding = 12
	gap        = 64 // between columns
	margin     = 8
	nameGlyph  = 8.2 // the width of a letter, about
	wordsGlyph = 6.7
	maxLetters = 26
)

// A drawing is a graph of dependencies, in pixels.
type drawing struct {
	Width, Height int
	Boxes         []box
	Wires         []wire
}

// A box is a package in a drawing.
type box struct {
	depend.Node
	Root        bool
	X, Y, Width int // of its upper left corner
	Label       string
	Words       string // version and what is wrong with it
	More        int    // packages that it needs and that are not drawn
	Arrow       bool   // something leads to it
}

// A wire is a line of a drawing.
type wire struct {
	Path     string // in the language of SVG
	Optional bool
	Back     bool
}

// draw gives the resolution's drawing its measures.
func draw(r depend.Resolution, in catalog.Ref) drawing {
	plan := r.Draw()
	d := drawing{Height: int(plan.Height*rowHeight) + 2*margin}
	width := make([]int, plan.Columns)
	for _, b := range plan.Boxes {
		n := r.Nodes[b.Node]
		box := box{Node: n, Root: b.Node == 0, More: b.More, Words: underneath(n), Label: label(n.Ref, in)}
		box.Width = int(max(float64(len([]rune(box.Label)))*nameGlyph, float64(len([]rune(box.Words)))*wordsGlyph)) + 2*boxPadding
		width[b.Column] = max(width[b.Column], box.Width)
		d.Boxes = append(d.Boxes, box)
	}
	left := make([]int, plan.Columns) // of each column
	d.Width = margin
	for c, w := range width {
		left[c] = d.Width
		d.Width += w + gap
	}
	d.Width -= gap - margin - 28 // room for what is said of more
	for i, b := range plan.Boxes {
		d.Boxes[i].X, d.Boxes[i].Width = left[b.Column], width[b.Column]
		d.Boxes[i].Y = y(b.Row) - boxHeight/2
		for _, l := range plan.Lines {
			d.Boxes[i].Arrow = d.Boxes[i].Arrow || !l.Back && l.To == depend.Point{Column: b.Column, Row: b.Row, Box: true}
		}
	}
	for _, l := range plan.Lines {
		d.Wires = append(d.Wires, wire{Path: path(l, left, width), Optional: l.Optional, Back: l.Back})
		if l.Back {
			d.Height = max(d.Height, y(max(l.From.Row, l.To.Row))+boxHeight+margin)
		}
	}
	return d
}

func y(row float64) int { return margin + int(row*rowHeight) }

// path is the way of a line: from the right of where it begins to the left of where it ends, and through the
// column if that is no box. What leads back does so below.
func path(l depend.Line, left, width []int) string {
	from, to := y(l.From.Row), y(l.To.Row)
	if l.Back {
		a, b := left[l.From.Column]+width[l.From.Column]/2, left[l.To.Column]+width[l.To.Column]/2
		low := max(from, to) + boxHeight
		return fmt.Sprintf("M%d %dC%d %d %d %d %d %d", a, from+boxHeight/2, a, low, b, low, b, to+boxHeight/2)
	}
	x, end := left[l.From.Column]+width[l.From.Column], left[l.To.Column]
	bend := (end - x) / 2
	out := fmt.Sprintf("M%d %dC%d %d %d %d %d %d", x, from, x+bend, from, end-bend, to, end, to)
	if !l.To.Box {
		out += fmt.Sprintf("H%d", end+width[l.To.Column])
	}
	return out
}

// underneath is what a box says below the name.
func underneath(n depend.Node) string {
	switch {
	case !n.Here():
		return "not here"
	case n.Version.String() == "":
		return "no version admitted"
	case n.Conflict:
		return n.Version.String() + " · disputed"
	case n.Retired != nil:
		return n.Version.String() + " · retired"
	}
	return n.Version.String()
}

// called is what a package is called on a page of another: with its repository if it is in a different one.
func called(ref, in catalog.Ref) string {
	if ref.Repository == in.Repository || ref.Repository.String() == "" {
		return ref.Name.String()
	}
	return ref.String()
}

func label(ref, in catalog.Ref) string {
	letters := []rune(called(ref, in))
	if len(letters) > maxLetters {
		return string(letters[:maxLetters-1]) + "…"
	}
	return string(letters)
}

// describe says a box in a sentence.
func (b box) describe() string {
	needs := 0
	for _, e := range b.Needs {
		if !e.Optional {
			needs++
		}
	}
	parts := []string{b.Ref.Name.String(), b.Words}
	if needs > 0 {
		parts = append(parts, "requires "+plural(needs, "package"))
	}
	if b.More > 0 {
		parts = append(parts, fmt.Sprintf("%d of them not drawn", b.More))
	}
	return strings.Join(parts, ", ")
}

// plural counts things.
func plural(n int, thing string) string {
	return cmp.Or(map[int]string{1: "1 " + thing}[n], fmt.Sprintf("%d %ss", n, thing))
}

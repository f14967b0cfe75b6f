package depend_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"hexhub/internal/feature/depend"
)

// checkDrawing demands that every package is drawn once, none over another, in the order in which they are
// read, and that lines lead from each package to all that it requires, rightward unless in a circle.
func checkDrawing(t *rapid.T, r depend.Resolution, d depend.Drawing) {
	boxes := map[int]depend.Box{}
	for i, b := range d.Boxes {
		if _, twice := boxes[b.Node]; twice {
			t.Fatalf("node %d is drawn twice", b.Node)
		}
		boxes[b.Node] = b
		if b.Row < 0.5-epsilon || b.Row > d.Height-0.5+epsilon || b.Column >= d.Columns {
			t.Fatalf("%v is outside of the drawing, %d × %g", b, d.Columns, d.Height)
		}
		if i > 0 && d.Boxes[i-1].Column == b.Column && b.Row-d.Boxes[i-1].Row < 1-epsilon || i > 0 && d.Boxes[i-1].Column > b.Column {
			t.Fatalf("%v comes after %v", b, d.Boxes[i-1])
		}
	}
	if len(d.Boxes)+d.Hidden != len(r.Nodes) {
		t.Fatalf("%d boxes and %d hidden make %d packages", len(d.Boxes), d.Hidden, len(r.Nodes))
	}
	next := map[depend.Point][]depend.Point{}
	for _, l := range d.Lines {
		if !l.Back && l.From.Column+1 != l.To.Column {
			t.Fatalf("a line leads from column %d to %d", l.From.Column, l.To.Column)
		}
		next[l.From] = append(next[l.From], l.To)
	}
	for _, b := range d.Boxes {
		for _, e := range r.Nodes[b.Node].Needs {
			to, shown := boxes[e.To]
			if shown && e.To != b.Node && !leads(next, point(b), point(to)) {
				t.Fatalf("no line leads from %s to %s", r.Nodes[b.Node].Ref, r.Nodes[e.To].Ref)
			}
		}
	}
}

const epsilon = 1e-6

func point(b depend.Box) depend.Point { return depend.Point{Column: b.Column, Row: b.Row, Box: true} }

// leads reports whether lines lead from a box to another without passing a third.
func leads(next map[depend.Point][]depend.Point, from, to depend.Point) bool {
	return slices.ContainsFunc(next[from], func(p depend.Point) bool {
		return p == to || !p.Box && leads(next, p, to)
	})
}

// A drawing of more than can be seen shows the nearest packages, and says how many it leaves out.
func TestLargeDrawingsShowWhatIsNear(t *testing.T) {
	var text strings.Builder
	text.WriteString("app 1.0.0:")
	for i := range 20 {
		fmt.Fprintf(&text, " a%d ~> 1.0,", i)
	}
	text.WriteString("\n")
	for i := range 20 {
		fmt.Fprintf(&text, "a%d 1.0.0: b%d ~> 1.0, b%d ~> 1.0, b%d ~> 1.0\n", i, 3*i, 3*i+1, 3*i+2)
	}
	r := newWorld(t).told(text.String()).resolve("app", "1.0.0", "")
	d := r.Draw()
	if len(r.Nodes) != 81 || len(d.Boxes) != 21 || d.Hidden != 60 || d.Columns != 2 {
		t.Fatalf("of %d packages %d are drawn in %d columns, %d hidden", len(r.Nodes), len(d.Boxes), d.Columns, d.Hidden)
	}
	for _, b := range d.Boxes[1:] {
		if b.More != 3 {
			t.Errorf("%s needs %d more packages, want 3", r.Nodes[b.Node].Ref, b.More)
		}
	}
	text.Reset()
	text.WriteString("wide 1.0.0:")
	for i := range 100 {
		fmt.Fprintf(&text, " a%d ~> 1.0,", i)
	}
	if d := newWorld(t).told(text.String()).resolve("wide", "1.0.0", "").Draw(); len(d.Boxes) != depend.MaxDrawn || d.Hidden != 41 || d.Boxes[0].More != 41 {
		t.Errorf("of a wide one %d are drawn, %d hidden, and %d more said; want %d and 41", len(d.Boxes), d.Hidden, d.Boxes[0].More, depend.MaxDrawn)
	}
}

// Whoever is needed by all stands on the right, and lines to him do not cross for nothing.
func TestLongestWaysMakeTheColumns(t *testing.T) {
	r := newWorld(t).told("app 1.0.0: aa ~> 1.0, cc ~> 1.0\naa 1.0.0: bb ~> 1.0\nbb 1.0.0: cc ~> 1.0\ncc 1.0.0").resolve("app", "1.0.0", "")
	var got []string
	for _, b := range r.Draw().Boxes {
		got = append(got, fmt.Sprintf("%s%d", r.Nodes[b.Node].Ref.Name, b.Column))
	}
	if want := []string{"app0", "aa1", "bb2", "cc3"}; !slices.Equal(got, want) {
		t.Errorf("columns %v, want %v", got, want)
	}
}

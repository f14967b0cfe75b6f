package depend

import (
	"cmp"
	"slices"
)

// MaxDrawn is how many packages a drawing shows. Of more it shows the nearest, by whole distances.
const MaxDrawn = 60

// A Drawing is a resolution laid out from left to right: whoever requires stands left of what he requires.
type Drawing struct {
	Columns int
	Height  float64 // in rows
	Boxes   []Box   // by column, then from above
	Lines   []Line
	Hidden  int // packages that are not drawn
}

// A Box is a package in a drawing.
type Box struct {
	Node   int // of the resolution
	Column int
	Row    float64 // of its middle; boxes of a column are at least one apart
	More   int     // packages that it requires and that are not drawn
}

// A Line is a piece of the way from a package to one that it requires. Ways to the same package join.
type Line struct {
	From, To Point
	Optional bool // only optional requirements go this way
	Back     bool // leads back to one that requires the first, at the end of a circle
}

// A Point is where lines meet: at a box, or between the boxes of a column.
type Point struct {
	Column int
	Row    float64
	Box    bool
}

// Draw lays the resolution out.
func (r Resolution) Draw() Drawing {
	p := plan{r: r, shown: r.drawn()}
	p.layer()
	p.connect()
	p.order()
	p.place()
	return p.drawing()
}

// drawn is how many nodes, from the first, are drawn.
func (r Resolution) drawn() int {
	if len(r.Nodes) <= MaxDrawn {
		return len(r.Nodes)
	}
	n := MaxDrawn
	for n > 1 && r.Nodes[n-1].Depth == r.Nodes[n].Depth {
		n--
	}
	if n == 1 {
		return MaxDrawn // of those that the release names itself
	}
	return n
}

// A plan is a drawing in the making.
type plan struct {
	r     Resolution
	shown int

	column []int            // of each node that is shown
	back   map[[2]int]bool  // requirements, by their nodes, that close a circle
	spots  []spot           // nodes first, in their order
	lines  map[[2]int]*Line // by their spots
	grid   [][]int          // spots by column, from above
}

// A spot is where a node stands, or where a way passes a column.
type spot struct {
	column      int
	row         float64
	left, right []int // spots that lines lead from and to
}

// passage is room for a way, beside boxes, which take one row each.
const passage = 0.5

func (p *plan) isBox(s int) bool { return s < p.shown }

// edges yields the requirements of a node among those shown.
func (p *plan) edges(of int) func(yield func(Edge) bool) {
	return func(yield func(Edge) bool) {
		for _, e := range p.r.Nodes[of].Needs {
			if e.To < p.shown && e.To != of && !yield(e) {
				return
			}
		}
	}
}

// layer gives each node the column behind all that require it, circles apart.
func (p *plan) layer() {
	p.column, p.back = make([]int, p.shown), map[[2]int]bool{}
	var finished []int
	state := make([]int, p.shown) // 1 while its requirements are followed, 2 afterwards
	var follow func(int)
	follow = func(i int) {
		state[i] = 1
		for e := range p.edges(i) {
			switch state[e.To] {
			case 0:
				follow(e.To)
			case 1:
				p.back[[2]int{i, e.To}] = true
			}
		}
		state[i] = 2
		finished = append(finished, i)
	}
	for i := range p.shown {
		if state[i] == 0 {
			follow(i)
		}
	}
	for _, i := range slices.Backward(finished) {
		for e := range p.edges(i) {
			if !p.back[[2]int{i, e.To}] {
				p.column[e.To] = max(p.column[e.To], p.column[i]+1)
			}
		}
	}
}

// connect makes the lines. On its way through columns between, a line joins others to the same package.
func (p *plan) connect() {
	p.lines = map[[2]int]*Line{}
	p.grid = make([][]int, slices.Max(p.column)+1)
	for _, c := range p.column {
		p.add(c)
	}
	passes := map[[2]int]int{} // spots by column and the node that ways lead to
	for i := range p.shown {
		for e := range p.edges(i) {
			if p.back[[2]int{i, e.To}] {
				p.lines[[2]int{i, e.To}] = &Line{Back: true, Optional: e.Optional}
				continue
			}
			at := i
			for c := p.column[i] + 1; c < p.column[e.To]; c++ {
				next, there := passes[[2]int{c, e.To}]
				if !there {
					next = p.add(c)
					passes[[2]int{c, e.To}] = next
				}
				p.join(at, next, e.Optional)
				at = next
			}
			p.join(at, e.To, e.Optional)
		}
	}
}

func (p *plan) add(column int) int {
	p.spots = append(p.spots, spot{column: column})
	s := len(p.spots) - 1
	p.grid[column] = append(p.grid[column], s)
	return s
}

func (p *plan) join(from, to int, optional bool) {
	key := [2]int{from, to}
	if l, there := p.lines[key]; there {
		l.Optional = l.Optional && optional
		return
	}
	p.lines[key] = &Line{Optional: optional}
	p.spots[from].right = append(p.spots[from].right, to)
	p.spots[to].left = append(p.spots[to].left, from)
}

// sweeps is how often the columns are put in order, to and fro.
const sweeps = 8

// order moves spots up and down within their columns, next to what they are joined with, and keeps the order
// in which the fewest lines cross.
func (p *plan) order() {
	best, fewest := p.snapshot(), p.crossings()
	for i := range sweeps {
		rightward := i%2 == 0
		for k := range p.grid {
			c := k
			if !rightward {
				c = len(p.grid) - 1 - k
			}
			p.sort(c, rightward)
		}
		if n := p.crossings(); n < fewest {
			best, fewest = p.snapshot(), n
		}
	}
	p.grid = best
}

func (p *plan) snapshot() [][]int {
	grid := make([][]int, len(p.grid))
	for c, column := range p.grid {
		grid[c] = slices.Clone(column)
	}
	return grid
}

// rank writes down in which place of its column each spot stands.
func (p *plan) rank() {
	for _, column := range p.grid {
		for k, s := range column {
			p.spots[s].row = float64(k)
		}
	}
}

// sort orders a column by the middle of what its spots are joined with on one side.
func (p *plan) sort(c int, byLeft bool) {
	p.rank()
	middle := map[int]float64{}
	for _, s := range p.grid[c] {
		middle[s] = p.middle(s, byLeft)
	}
	slices.SortStableFunc(p.grid[c], func(a, b int) int { return cmp.Compare(middle[a], middle[b]) })
}

// middle is the mean row of what a spot is joined with on one side, or its own if that is nothing.
func (p *plan) middle(s int, byLeft bool) float64 {
	joined := p.spots[s].right
	if byLeft {
		joined = p.spots[s].left
	}
	if len(joined) == 0 {
		return p.spots[s].row
	}
	var sum float64
	for _, other := range joined {
		sum += p.spots[other].row
	}
	return sum / float64(len(joined))
}

// crossings counts lines that cross, between neighbouring columns.
func (p *plan) crossings() (n int) {
	p.rank()
	for _, column := range p.grid {
		var pairs [][2]float64
		for _, s := range column {
			for _, to := range p.spots[s].right {
				pairs = append(pairs, [2]float64{p.spots[s].row, p.spots[to].row})
			}
		}
		for i, a := range pairs {
			for _, b := range pairs[i+1:] {
				if (a[0]-b[0])*(a[1]-b[1]) < 0 {
					n++
				}
			}
		}
	}
	return n
}

// place gives every spot its row: as near to the middle of what it is joined with as its neighbours let it.
func (p *plan) place() {
	for _, column := range p.grid {
		var row float64
		for k, s := range column {
			if k > 0 {
				row += p.apart(column[k-1], s)
			}
			p.spots[s].row = row
		}
	}
	for i := range sweeps {
		for k := range p.grid {
			c := k
			if i%2 == 1 {
				c = len(p.grid) - 1 - k
			}
			p.settle(c, i%2 == 0)
		}
	}
}

// apart is how far two neighbours in a column are from each other, at least.
func (p *plan) apart(a, b int) float64 {
	room := func(s int) float64 {
		if p.isBox(s) {
			return 1
		}
		return passage
	}
	return (room(a) + room(b)) / 2
}

// settle moves the spots of a column as near as can be to where they want to be, without changing their
// order: those that want the same place share the middle of it.
func (p *plan) settle(c int, byLeft bool) {
	type block struct {
		sum   float64 // of the wanted rows, less the offsets
		first int
		n     int
	}
	column := p.grid[c]
	offset := make([]float64, len(column))
	var blocks []block
	for k, s := range column {
		if k > 0 {
			offset[k] = offset[k-1] + p.apart(column[k-1], s)
		}
		b := block{p.middle(s, byLeft) - offset[k], k, 1}
		for len(blocks) > 0 {
			last := blocks[len(blocks)-1]
			if last.sum/float64(last.n) <= b.sum/float64(b.n) {
				break
			}
			b = block{last.sum + b.sum, last.first, last.n + b.n}
			blocks = blocks[:len(blocks)-1]
		}
		blocks = append(blocks, b)
	}
	for _, b := range blocks {
		for k := b.first; k < b.first+b.n; k++ {
			p.spots[column[k]].row = b.sum/float64(b.n) + offset[k]
		}
	}
}

func (p *plan) drawing() Drawing {
	top, bottom := p.spots[0].row, p.spots[0].row
	for _, s := range p.spots {
		top, bottom = min(top, s.row), max(bottom, s.row)
	}
	for i := range p.spots {
		p.spots[i].row += 0.5 - top
	}
	d := Drawing{Columns: len(p.grid), Height: bottom - top + 1, Hidden: len(p.r.Nodes) - p.shown}
	for c, column := range p.grid {
		for _, s := range column {
			if p.isBox(s) {
				d.Boxes = append(d.Boxes, Box{Node: s, Column: c, Row: p.spots[s].row, More: p.more(s)})
			}
		}
	}
	for key, l := range p.lines {
		l.From, l.To = p.point(key[0]), p.point(key[1])
		d.Lines = append(d.Lines, *l)
	}
	slices.SortFunc(d.Lines, func(a, b Line) int { return cmp.Or(a.From.compare(b.From), a.To.compare(b.To)) })
	return d
}

func (p *plan) point(s int) Point { return Point{p.spots[s].column, p.spots[s].row, p.isBox(s)} }

func (a Point) compare(b Point) int {
	return cmp.Or(cmp.Compare(a.Column, b.Column), cmp.Compare(a.Row, b.Row))
}

// more counts what a node requires beyond what is drawn.
func (p *plan) more(of int) (n int) {
	for _, e := range p.r.Nodes[of].Needs {
		if e.To >= p.shown {
			n++
		}
	}
	return n
}

package diff

import (
	"cmp"
	"slices"

	"hexhub/internal/feature/diff/align"
	"hexhub/internal/kernel/pack"
)

// MaxText is how many bytes a file has at most whose lines are compared.
const MaxText = 512 << 10

// What things cost, in steps; see align.Work.
const (
	perFile = 5000
	perByte = 2
	perLine = 40
)

// A Comparison is what two releases differ in.
type Comparison struct {
	Files          []File // that differ, by path
	Same           int    // files that do not
	Added, Removed int    // lines
}

// A Change is what became of a file.
type Change string

// The changes.
const (
	Added    Change = "added"
	Removed  Change = "removed"
	Modified Change = "modified"
	Renamed  Change = "renamed" // and perhaps modified
)

// A Shape says why the lines of a file are not compared.
type Shape string

// The shapes. Of all but Lines it is only known that the file differs.
const (
	Lines  Shape = ""
	Binary Shape = "binary"
	Large  Shape = "large" // more than MaxText
	Left   Shape = "left"  // the work was done before it was its turn
)

// A File is one that differs.
type File struct {
	Path           string // in the new release; of a removed one, in the old
	Was            string // path in the old release, where that is another
	Change         Change
	Shape          Shape
	Added, Removed int   // lines
	Before, After  int64 // bytes; zero where there is no such file

	edits []align.Edit
}

// Edited reports whether there is a line to show.
func (f File) Edited() bool { return len(f.edits) > 0 }

// Old is the path in the old release; empty if it was added.
func (f File) Old() string {
	switch f.Change {
	case Added:
		return ""
	case Renamed:
		return f.Was
	default:
		return f.Path
	}
}

// New is the path in the new release; empty if it was removed.
func (f File) New() string {
	if f.Change == Removed {
		return ""
	}
	return f.Path
}

// Find returns the file of the path.
func (c *Comparison) Find(path string) (File, bool) {
	i, ok := slices.BinarySearchFunc(c.Files, path, func(f File, path string) int { return cmp.Compare(f.Path, path) })
	if !ok {
		return File{}, false
	}
	return c.Files[i], true
}

// size is about what the comparison takes in memory.
func (c *Comparison) size() int {
	n := 100
	for _, f := range c.Files {
		n += 150 + len(f.Path) + len(f.Was) + 16*cap(f.edits)
	}
	return n
}

// A comparer compares two packs.
type comparer struct {
	old, new *pack.Pack
	squeezed bool
	work     align.Work
	found    Comparison
}

func compare(before, after *pack.Pack, squeezed bool, steps int) (*Comparison, error) {
	c := &comparer{old: before, new: after, squeezed: squeezed, work: align.Work{Left: steps}}
	pairs, err := c.pairs()
	if err != nil {
		return nil, err
	}
	for _, p := range pairs {
		f, err := c.file(p)
		if err != nil {
			return nil, err
		}
		c.found.Added, c.found.Removed = c.found.Added+f.Added, c.found.Removed+f.Removed
		c.found.Files = append(c.found.Files, f)
	}
	slices.SortFunc(c.found.Files, func(a, b File) int { return cmp.Compare(a.Path, b.Path) })
	return &c.found, nil
}

// A couple is a file before and after; either may be none.
type couple struct{ old, new *pack.File }

// pairs are the files that differ: those of one path, then those that were renamed, came or went.
func (c *comparer) pairs() ([]couple, error) {
	var changed []couple
	var gone, come []*pack.File
	for _, f := range c.old.Files() {
		g, ok := c.new.Find(f.Path)
		if !ok {
			gone = append(gone, &f)
			continue
		}
		same, err := c.same(f, g)
		if err != nil {
			return nil, err
		}
		if same {
			c.found.Same++
		} else {
			changed = append(changed, couple{&f, &g})
		}
	}
	for _, g := range c.new.Files() {
		if _, ok := c.old.Find(g.Path); !ok {
			come = append(come, &g)
		}
	}
	renamed, err := c.renamed(gone, come)
	return append(changed, renamed...), err
}

// file compares the two of a couple.
func (c *comparer) file(p couple) (File, error) {
	f := p.file()
	if f.Before > MaxText || f.After > MaxText {
		f.Shape = Large
		return f, nil
	}
	if !c.work.Spend(perFile + perByte*int(f.Before+f.After)) {
		f.Shape = Left
		return f, nil
	}
	s, err := read(c.old, c.new, f, c.squeezed)
	if err != nil {
		return f, err
	}
	if s == nil {
		f.Shape = Binary
		return f, nil
	}
	c.work.Spend(perLine * (s.old.len() + s.new.len()))
	f.edits = slices.Clip(align.Edits(s.old.ids, s.new.ids, s.kinds, &c.work))
	for _, e := range f.edits {
		f.Added, f.Removed = f.Added+int(e.ToEnd-e.To), f.Removed+int(e.FromEnd-e.From)
	}
	return f, nil
}

// file is the file of a couple, of which nothing is known yet.
func (p couple) file() File {
	switch {
	case p.old == nil:
		return File{Path: p.new.Path, Change: Added, After: p.new.Size}
	case p.new == nil:
		return File{Path: p.old.Path, Change: Removed, Before: p.old.Size}
	case p.old.Path != p.new.Path:
		return File{Path: p.new.Path, Was: p.old.Path, Change: Renamed, Before: p.old.Size, After: p.new.Size}
	default:
		return File{Path: p.new.Path, Change: Modified, Before: p.old.Size, After: p.new.Size}
	}
}

package diff

import (
	"context"
	"fmt"

	"hexhub/internal/feature/diff/align"
	"hexhub/internal/kernel/pack"
)

// around is how many lines are shown before and after what was changed.
const around = 3

// A Sign says what a row is.
type Sign byte

// The signs.
const (
	Kept    Sign = ' ' // a line that is in both
	Plus    Sign = '+' // one that was added
	Minus   Sign = '-' // one that was removed
	Skipped Sign = '@' // lines that are in both and not shown
)

// A Row is one line of what is shown of a file, or the lines that are not.
type Row struct {
	Sign     Sign
	Old, New int     // numbers of the line, from 1; of those that are skipped, of the first. 0 where it is not
	Pieces   []Piece // what the line holds, without its end
	Rest     int     // bytes of it that are not shown
	Open     bool    // it ends the file, and has no end itself
	Count    int     // of lines that are skipped
}

// Rows returns what is to be shown of a file that the comparison of the pair found: at most so many rows from the given
// one on, and how many there are in all.
func (d *Diffs) Rows(ctx context.Context, p Pair, f File, from, most int) (rows []Row, all int, err error) {
	if !f.Edited() {
		return nil, 0, nil
	}
	err = d.open(ctx, p, func(before, after *pack.Pack) error {
		s, err := read(before, after, f, p.IgnoreSpace)
		if err != nil {
			return fmt.Errorf("read %s of %s: %w", f.Path, p.New.Ref(), err)
		}
		if s != nil { // it was text when it was compared, and the bytes are the same
			rows, all = s.rows(f.edits, from, most)
		}
		return nil
	})
	return rows, all, err
}

// A window makes the rows from one to another, and counts all.
type window struct {
	*sides
	from, to int
	n        int
	rows     []Row
}

func (s *sides) rows(edits []align.Edit, from, most int) (rows []Row, all int) {
	w := &window{sides: s, from: from, to: from + most}
	var at align.Edit // what was shown up to
	for i, e := range edits {
		w.between(at, e, i > 0)
		w.edit(e)
		at = e
	}
	left := int32(s.old.len()) - at.FromEnd //nolint:gosec // G115: at most MaxText
	shown := atMost(left, around)
	w.kept(at.FromEnd, at.ToEnd, shown)
	w.skip(at.FromEnd+shown, at.ToEnd+shown, left-shown)
	return w.rows, w.n
}

// between shows what lies between two edits, or before the first.
func (w *window) between(at, e align.Edit, after bool) {
	gap, head := e.From-at.FromEnd, int32(0)
	if after {
		head = around
	}
	if gap == atMost(gap, head+around) {
		w.kept(at.FromEnd, at.ToEnd, gap)
		return
	}
	w.kept(at.FromEnd, at.ToEnd, head)
	w.skip(at.FromEnd+head, at.ToEnd+head, gap-head-around)
	w.kept(e.From-around, e.To-around, around)
}

// atMost is how many of n lines are shown: as many as may be, or one more, which takes no more room than to say that it
// is skipped.
func atMost(n, most int32) int32 {
	if n <= most+1 {
		return n
	}
	return most
}

// wants reports whether the next row is in the window.
func (w *window) wants() bool {
	w.n++
	return w.n > w.from && w.n <= w.to
}

func (w *window) skip(old, added, count int32) {
	if count > 0 && w.wants() {
		w.rows = append(w.rows, Row{Sign: Skipped, Old: int(old) + 1, New: int(added) + 1, Count: int(count)})
	}
}

func (w *window) kept(old, added, count int32) {
	for i := range count {
		if w.wants() {
			r := rowOf(w.new, added+i, nil)
			r.Sign, r.Old, r.New = Kept, int(old+i)+1, int(added+i)+1
			w.rows = append(w.rows, r)
		}
	}
}

// edit shows the lines that were removed, then those that were added. Which words differ is found when one is wanted.
func (w *window) edit(e align.Edit) {
	var marked *marked
	for i := e.From; i < e.FromEnd; i++ {
		if w.wants() {
			marked = w.mark(marked, e)
			r := rowOf(w.old, i, marked.old[i-e.From])
			r.Sign, r.Old = Minus, int(i)+1
			w.rows = append(w.rows, r)
		}
	}
	for i := e.To; i < e.ToEnd; i++ {
		if w.wants() {
			marked = w.mark(marked, e)
			r := rowOf(w.new, i, marked.new[i-e.To])
			r.Sign, r.New = Plus, int(i)+1
			w.rows = append(w.rows, r)
		}
	}
}

func (w *window) mark(done *marked, e align.Edit) *marked {
	if done != nil {
		return done
	}
	return w.sides.mark(e)
}

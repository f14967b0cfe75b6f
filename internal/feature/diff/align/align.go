// Package align finds what two sequences have in common, and so what was changed to make one into the other.
//
// It knows numbers that are equal or not; what they stand for, such as lines or words, its callers know. What is found
// is always right, and as people would say it where that is cheap: elements that occur once on both sides stand fast
// first, and what lies between them is compared by the fewest changes. What would be dear is said to be replaced as a
// whole. So the time is bounded whatever the sequences are: [Work] counts it in steps, not by a clock, and everybody who
// asks the same finds the same.
package align

import "slices"

// An Edit says that the elements From to FromEnd of the one sequence became those from To to ToEnd of the other. Either
// may be none.
type Edit struct{ From, FromEnd, To, ToEnd int32 }

// Bounds of what is tried. Beyond them a part is said to be replaced.
const (
	deepest  = 32  // times that a part is divided by what occurs once
	furthest = 400 // changes of a part that are looked for one by one
)

// What things cost, in steps.
const (
	perElement  = 12 // of a part, when what occurs once is looked for
	perDiagonal = 4
)

// Edits returns what makes to out of from, in order. What lies between two edits is equal. The numbers are from 0 to less
// than kinds.
func Edits(from, to []int32, kinds int, work *Work) []Edit {
	a := aligner{from: from, to: to, work: work, seen: make([]occurrence, kinds)}
	a.part(span{0, int32(len(from)), 0, int32(len(to))}, 0) //nolint:gosec // G115: texts are shorter by far
	return a.edits
}

// A span is a part of both sequences.
type span Edit

type aligner struct {
	from, to []int32
	work     *Work
	seen     []occurrence // by number, as far as the span that is looked at
	edits    []Edit
}

// An occurrence tells how often a number was met, and where last.
type occurrence struct {
	inFrom, inTo int32
	atFrom, atTo int32
}

// part finds the edits of a span.
func (a *aligner) part(s span, depth int) {
	s = a.trim(s)
	switch {
	case s.From == s.FromEnd && s.To == s.ToEnd:
		return
	case s.From == s.FromEnd, s.To == s.ToEnd, !a.work.Spend(int(s.FromEnd - s.From + s.ToEnd - s.To)):
		a.replace(Edit(s))
		return
	}
	if fast := a.fast(s); len(fast) > 0 && depth < deepest {
		a.between(s, fast, depth)
		return
	}
	a.fewest(s)
}

// trim takes away what is equal at both ends.
func (a *aligner) trim(s span) span {
	for s.From < s.FromEnd && s.To < s.ToEnd && a.from[s.From] == a.to[s.To] {
		s.From++
		s.To++
	}
	for s.From < s.FromEnd && s.To < s.ToEnd && a.from[s.FromEnd-1] == a.to[s.ToEnd-1] {
		s.FromEnd--
		s.ToEnd--
	}
	return s
}

// replace adds an edit, which is one with the one before if nothing lies between them.
func (a *aligner) replace(e Edit) {
	if n := len(a.edits); n > 0 && a.edits[n-1].FromEnd == e.From && a.edits[n-1].ToEnd == e.To {
		a.edits[n-1].FromEnd, a.edits[n-1].ToEnd = e.FromEnd, e.ToEnd
		return
	}
	a.edits = append(a.edits, e)
}

// between finds the edits of what lies between pairs that stand fast.
func (a *aligner) between(s span, fast []pair, depth int) {
	for _, p := range fast {
		a.part(span{s.From, p.from, s.To, p.to}, depth+1)
		s.From, s.To = p.from+1, p.to+1
	}
	a.part(s, depth+1)
}

// A pair is an element and the one that it is equal to.
type pair struct{ from, to int32 }

// fast returns pairs that stand fast: of elements that occur once on both sides, as many as keep their order.
func (a *aligner) fast(s span) []pair {
	for i := s.From; i < s.FromEnd; i++ {
		o := &a.seen[a.from[i]]
		o.inFrom, o.atFrom = o.inFrom+1, i
	}
	for i := s.To; i < s.ToEnd; i++ {
		o := &a.seen[a.to[i]]
		o.inTo, o.atTo = o.inTo+1, i
	}
	var once []pair
	for i := s.From; i < s.FromEnd; i++ {
		if o := a.seen[a.from[i]]; o.inFrom == 1 && o.inTo == 1 {
			once = append(once, pair{i, o.atTo})
		}
	}
	for i := s.From; i < s.FromEnd; i++ {
		a.seen[a.from[i]] = occurrence{}
	}
	for i := s.To; i < s.ToEnd; i++ {
		a.seen[a.to[i]] = occurrence{}
	}
	return rising(once)
}

// rising returns as many of the pairs, which ascend on the one side, as ascend on the other as well.
func rising(all []pair) []pair {
	ends := make([]int32, 0, len(all)) // of the shortest run of each length: which pair is its last
	before := make([]int32, len(all))  // which pair comes before it in the best run that ends with it
	for i, p := range all {
		n, _ := slices.BinarySearchFunc(ends, p.to, func(e, to int32) int { return int(all[e].to - to) })
		if before[i] = -1; n > 0 {
			before[i] = ends[n-1]
		}
		if n == len(ends) {
			ends = append(ends, 0)
		}
		ends[n] = int32(i) //nolint:gosec // G115: texts are shorter by far
	}
	if len(ends) == 0 {
		return nil
	}
	run := make([]pair, len(ends))
	for i, n := ends[len(ends)-1], len(run)-1; i >= 0; i, n = before[i], n-1 {
		run[n] = all[i]
	}
	return run
}

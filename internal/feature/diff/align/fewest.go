package align

import "slices"

// A trail remembers how far one comes with each number of changes (Myers, “An O(ND) difference algorithm”): for a
// diagonal, which is how much further one is on the one side than on the other, the place on the from side.
type trail [][]int32

// fewest finds the fewest edits of a span, or says that all of it is replaced if they are many.
func (a *aligner) fewest(s span) {
	from, to := a.from[s.From:s.FromEnd], a.to[s.To:s.ToEnd]
	t, ok := a.walk(from, to)
	if !ok {
		a.replace(Edit(s))
		return
	}
	for _, e := range t.back(int32(len(from)), int32(len(to))) { //nolint:gosec // G115: texts are shorter by far
		a.replace(Edit{s.From + e.From, s.From + e.FromEnd, s.To + e.To, s.To + e.ToEnd})
	}
}

// walk goes from the beginning of both sequences to their ends with ever more changes, and tells whether it came there.
func (a *aligner) walk(from, to []int32) (t trail, ok bool) {
	n, m := int32(len(from)), int32(len(to)) //nolint:gosec // G115: texts are shorter by far
	reach := []int32{0}                      // of changes 0, on the diagonal 0
	for changes := int32(0); changes <= furthest; changes++ {
		next := make([]int32, 2*changes+1) // of the diagonals from -changes to changes; every other one is reached
		for d := -changes; d <= changes; d += 2 {
			x := enter(reach, changes, d)
			begin := x
			for x < n && x-d < m && x-d >= 0 && from[x] == to[x-d] {
				x++
			}
			if next[d+changes] = x; x >= n && x-d >= m {
				return append(t, next), true
			}
			if !a.work.Spend(perDiagonal + int(x-begin)) {
				return nil, false
			}
		}
		t, reach = append(t, next), next
	}
	return nil, false
}

// enter is where one comes to with one change more: an element of the to side is taken, or one of the from side left out.
func enter(reach []int32, changes, d int32) int32 {
	if changes == 0 {
		return 0
	}
	at := d + changes - 1
	if taken(reach, at, d, changes) {
		return reach[at+1]
	}
	return reach[at-1] + 1
}

// taken reports whether one comes further on the diagonal by what is taken than by what is left out. At is where the
// diagonal is in reach.
func taken(reach []int32, at, d, changes int32) bool {
	return d == -changes || d != changes && reach[at-1] < reach[at+1]
}

// back follows the trail from the ends to the beginning, and returns the edits in their order.
func (t trail) back(n, m int32) []Edit {
	var all []Edit
	x, y := n, m
	for changes := int32(len(t) - 1); changes > 0; changes-- { //nolint:gosec // G115: at most furthest
		d, reach := x-y, t[changes-1]
		if at := d + changes - 1; taken(reach, at, d, changes) {
			x = reach[at+1]
			y = x - d - 1
			all = append(all, Edit{x, x, y, y + 1})
		} else {
			x = reach[at-1]
			y = x - d + 1
			all = append(all, Edit{x, x + 1, y, y})
		}
	}
	slices.Reverse(all)
	return all
}

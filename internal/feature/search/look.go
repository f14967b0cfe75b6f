package search

import (
	"sync"

	"hexhub/internal/feature/catalog"
)

// A scan is where a search keeps what it found in a shard, with the points of the best way.
type scan struct {
	points []int // by number; zero for what was not found
	seen   []int // by number: how many of the words were found
	in     []number
	marked []number // those seen
}

// ways keeps the room that searches take.
var ways = sync.Pool{New: func() any { return new(scan) }}

func (w *scan) look(s *shard, t text) {
	if more := len(s.entries) - len(w.points); more > 0 {
		w.points = append(w.points, make([]int, more)...)
		w.seen = append(w.seen, make([]int, more)...)
	}
	if t.squeezed == "" {
		return
	}
	for _, n := range s.prefixed(t.squeezed) {
		if s.entries[n].squeezed == t.squeezed {
			w.add(n, exact)
		} else {
			w.add(n, prefix)
		}
	}
	w.every(t.words, nameWords, func(word string, yield func(number)) { s.parts.beginning(word, yield) })
	for n := range s.containing(t.squeezed) {
		w.add(n, infix)
	}
	w.every(t.words, describes, s.saying)
}

// saying yields the packages that have the word in name or description.
func (s *shard) saying(word string, yield func(number)) {
	s.parts.beginning(word, yield)
	if len(word) >= len(run{}) {
		s.describe.beginning(word, yield)
	} else {
		for _, n := range s.describe.words[word] {
			yield(n)
		}
	}
	for _, n := range s.describe.words[stemmed+catalog.Stem(word)] {
		yield(n)
	}
}

// add notes a way in which a package was found. The first is the best.
func (w *scan) add(n number, points int) {
	if w.points[n] == 0 {
		w.points[n] = points
		w.in = append(w.in, n)
	}
}

// every adds what has every word.
func (w *scan) every(words []string, points int, each func(word string, yield func(number))) {
	for i, word := range words {
		each(word, func(n number) {
			if w.seen[n] != i {
				return
			}
			if w.seen[n]++; i == 0 {
				w.marked = append(w.marked, n)
			}
		})
	}
	for _, n := range w.marked {
		if w.seen[n] == len(words) {
			w.add(n, points)
		}
		w.seen[n] = 0
	}
	w.marked = w.marked[:0]
}

func (w *scan) forget() {
	for _, n := range w.in {
		w.points[n] = 0
	}
	w.in = w.in[:0]
}

// alike returns the packages whose names share two runs with letters, or the only ones that there are.
func (s *shard) alike(letters string) []number {
	if len(letters) < 2 {
		return nil
	}
	shared := map[number]int{}
	seen := map[run]bool{}
	for r := range runsOf(letters) {
		if !seen[r] {
			seen[r] = true
			for _, n := range s.runs[r] {
				shared[n]++
			}
		}
	}
	var numbers []number
	for n, count := range shared {
		if count >= 2 {
			numbers = append(numbers, n)
		}
	}
	return numbers
}

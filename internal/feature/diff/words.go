package diff

import (
	"unicode"
	"unicode/utf8"

	"hexhub/internal/feature/diff/align"
)

// Bounds of the search for words that differ. Beyond them lines are shown without.
const (
	mostWords = 4000    // on either side of what was edited
	wordWork  = 400_000 // steps
	tooMarked = 70      // percent of a line, above which it is another line rather than a changed one
)

// A mark is a part of a line that differs.
type mark struct{ from, to int32 } // bytes

// marked are the marks of each line of what was edited.
type marked struct{ old, new [][]mark }

// mark finds the words that differ between the lines that were removed and those that were added in their place.
func (s *sides) mark(e align.Edit) *marked {
	m := &marked{make([][]mark, e.FromEnd-e.From), make([][]mark, e.ToEnd-e.To)}
	n := newNames(false)
	from, ok := s.old.words(e.From, e.FromEnd, n)
	to, fits := s.new.words(e.To, e.ToEnd, n)
	if !ok || !fits || len(from) == 0 || len(to) == 0 {
		return m
	}
	edits := align.Edits(ids(from), ids(to), len(n.ids), &align.Work{Left: wordWork})
	for _, w := range edits {
		note(m.old, from[w.From:w.FromEnd], e.From)
		note(m.new, to[w.To:w.ToEnd], e.To)
	}
	s.old.temper(m.old, e.From)
	s.new.temper(m.new, e.To)
	return m
}

// A word is some letters and digits, some white space, or another character.
type word struct {
	id       int32
	line     int32
	from, to int32 // bytes of the line
}

func ids(words []word) []int32 {
	all := make([]int32, len(words))
	for i, w := range words {
		all[i] = w.id
	}
	return all
}

// words are those of some lines, without the ends of lines; ok is false if they are too many.
func (t text) words(from, to int32, n *names) (all []word, ok bool) {
	for i := from; i < to; i++ {
		line := bare(t.line(i))
		for at := 0; at < len(line); {
			end := at + wordLen(line[at:])
			all = append(all, word{n.of(line[at:end]), i, int32(at), int32(end)}) //nolint:gosec // G115: at most MaxText
			at = end
		}
		if len(all) > mostWords {
			return nil, false
		}
	}
	return all, true
}

// bare is a line without its end.
func bare(line []byte) []byte {
	if n := len(line); n > 0 && line[n-1] == '\n' {
		return line[:n-1]
	}
	return line
}

// kind tells white space and letters from all else.
func kind(r rune) int {
	switch {
	case r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
		return 1
	case unicode.IsSpace(r):
		return 2
	}
	return 0
}

// wordLen is how many bytes the first word of a line takes.
func wordLen(line []byte) int {
	r, n := utf8.DecodeRune(line)
	of := kind(r)
	for of != 0 && n < len(line) {
		next, size := utf8.DecodeRune(line[n:])
		if kind(next) != of {
			break
		}
		n += size
	}
	return n
}

// note marks words in their lines, of which the first is given.
func note(lines [][]mark, words []word, first int32) {
	for _, w := range words {
		marks := &lines[w.line-first]
		if n := len(*marks); n > 0 && (*marks)[n-1].to == w.from {
			(*marks)[n-1].to = w.to
		} else {
			*marks = append(*marks, mark{w.from, w.to})
		}
	}
}

// temper takes the marks away from lines that have nearly nothing else.
func (t text) temper(lines [][]mark, first int32) {
	for i, marks := range lines {
		changed := 0
		for _, m := range marks {
			changed += int(m.to - m.from)
		}
		if all := len(bare(t.line(first + int32(i)))); changed*100 > all*tooMarked { //nolint:gosec // G115: at most MaxText
			lines[i] = nil
		}
	}
}

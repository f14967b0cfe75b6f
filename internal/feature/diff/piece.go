package diff

import (
	"fmt"
	"unicode/utf8"

	"hexhub/internal/kernel/markup"
)

// mostShown is how many bytes of a line are shown. The lines of minified files are longer.
const mostShown = 1000

// A Look says how a piece of a line is to be shown.
type Look int

// The looks.
const (
	Plain  Look = iota
	Marked      // it differs from the line that was there before, or came after
	Odd         // it stands for a character that nobody would see, or that changes how others are read
)

// A Piece is some of a line.
type Piece struct {
	Text string
	Look Look
}

// rowOf is the i-th line of a text with marks.
func rowOf(t text, i int32, marks []mark) Row {
	whole := t.line(i)
	shown := bare(whole)
	r := Row{Open: len(shown) == len(whole)}
	if len(shown) > mostShown {
		cut := mostShown
		for !utf8.RuneStart(shown[cut]) {
			cut--
		}
		r.Rest, shown = len(shown)-cut, shown[:cut]
	}
	at := 0
	for _, m := range marks {
		from, to := min(int(m.from), len(shown)), min(int(m.to), len(shown))
		r.add(shown[at:from], Plain)
		r.add(shown[from:to], Marked)
		at = to
	}
	r.add(shown[at:], Plain)
	return r
}

// add appends text, and odd characters by their names.
func (r *Row) add(text []byte, look Look) {
	from := 0
	for i := 0; i < len(text); {
		c, n := utf8.DecodeRune(text[i:])
		if name := oddName(c); name != "" {
			r.piece(string(text[from:i]), look)
			r.piece(name, Odd)
			from = i + n
		}
		i += n
	}
	r.piece(string(text[from:]), look)
}

func (r *Row) piece(text string, look Look) {
	if text != "" {
		r.Pieces = append(r.Pieces, Piece{text, look})
	}
}

// oddName is what is shown in place of a character that deceives: one without a picture, or one that has others read in
// another order than they are written.
func oddName(c rune) string {
	switch {
	case c == '\r':
		return "CR"
	case markup.Odd(c), c == 0x200c, c == 0x2065, c >= 0x206a && c <= 0x206f:
		return fmt.Sprintf("U+%04X", c)
	}
	return ""
}

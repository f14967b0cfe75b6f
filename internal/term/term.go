// Package term writes to people at terminals, and plainly to everything else.
//
// It knows whether there is a terminal, how wide it is and whether colour is wanted; it offers five
// styles, tables, a progress bar and questions. A style never stands alone: it is always beside a word,
// so nothing is lost where there is none. It knows nothing of what is said.
package term

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/term"
)

// A Printer writes to one stream. It is for one goroutine.
type Printer struct {
	w      io.Writer
	fd     int // of the terminal; -1 when there is none
	colour bool
}

// New returns a printer for f. colour is auto, always or never; auto means a terminal and no NO_COLOR.
func New(f *os.File, colour string) *Printer {
	p := &Printer{w: f, fd: -1}
	if term.IsTerminal(int(f.Fd())) {
		p.fd = int(f.Fd())
	}
	p.colour = colour == "always" || colour != "never" && p.fd >= 0 && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	return p
}

// Plain returns a printer without terminal or colour.
func Plain(w io.Writer) *Printer { return &Printer{w: w, fd: -1} }

// Terminal reports whether a person is likely to be looking.
func (p *Printer) Terminal() bool { return p.fd >= 0 }

// Width returns the columns there are, 80 when unknown.
func (p *Printer) Width() int {
	if p.fd >= 0 {
		if w, _, err := term.GetSize(p.fd); err == nil && w > 0 {
			return w
		}
	}
	return 80
}

// Write implements io.Writer.
func (p *Printer) Write(b []byte) (int, error) { return p.w.Write(b) }

// Printf writes formatted text.
func (p *Printer) Printf(format string, args ...any) { fmt.Fprintf(p.w, format, args...) }

// Println writes a line.
func (p *Printer) Println(args ...any) { fmt.Fprintln(p.w, args...) }

// A Style is how a word looks.
type Style string

// The five styles.
const (
	Bold   Style = "1"
	Dim    Style = "2"
	Green  Style = "32"
	Yellow Style = "33"
	Red    Style = "31"
)

// In returns text in the style, if the printer has colour.
func (p *Printer) In(s Style, text string) string {
	if !p.colour || text == "" {
		return text
	}
	return "\x1b[" + string(s) + "m" + text + "\x1b[0m"
}

// Clean replaces what a terminal would obey in a stranger's text.
func Clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError || r < ' ' || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return '?'
		}
		return r
	}, s)
}

// Table writes rows in columns, the first row as a heading. Cells must be without style.
func (p *Printer) Table(rows [][]string) {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for n, row := range rows {
		var b strings.Builder
		for i, cell := range row {
			b.WriteString(Clean(cell))
			if i < len(row)-1 {
				b.WriteString(strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)+2))
			}
		}
		line := strings.TrimRight(b.String(), " ")
		if n == 0 {
			line = p.In(Dim, line)
		}
		p.Println(line)
	}
}

// A Bar shows how far something is. Without a terminal it writes a line each ten percent.
type Bar struct {
	p     *Printer
	label string
	total int64
	done  int64
	told  int64 // tenths or, at a terminal, hundredths already shown
	start time.Time
}

// Bar starts a bar for total units, usually bytes.
func (p *Printer) Bar(label string, total int64) *Bar {
	return &Bar{p: p, label: label, total: max(total, 1), told: -1, start: time.Now()}
}

// Write counts bytes that pass, so that a Bar can stand behind an io.TeeReader.
func (b *Bar) Write(data []byte) (int, error) {
	b.Add(int64(len(data)))
	return len(data), nil
}

// Add moves the bar on.
func (b *Bar) Add(n int64) {
	b.done = min(b.done+n, b.total)
	steps := int64(10)
	if b.p.Terminal() {
		steps = 100
	}
	at := b.done * steps / b.total
	if at == b.told {
		return
	}
	b.told = at
	if b.p.Terminal() {
		b.draw()
	} else if at > 0 {
		b.p.Printf("%s: %d %%, %s of %s\n", b.label, at*10, Bytes(b.done), Bytes(b.total))
	}
}

func (b *Bar) draw() {
	const width = 28
	full := int(b.done * width / b.total)
	rate := float64(b.done) / max(time.Since(b.start).Seconds(), 0.001)
	line := fmt.Sprintf("%s  %s%s  %s of %s  %s/s", b.label, strings.Repeat("━", full), b.p.In(Dim, strings.Repeat("━", width-full)), Bytes(b.done), Bytes(b.total), Bytes(int64(rate)))
	b.p.Printf("\r\x1b[K%s", line)
}

// Done ends the bar's line.
func (b *Bar) Done() {
	if b.p.Terminal() {
		b.p.Printf("\r\x1b[K")
	}
}

// Bytes writes a size the way people read it.
func Bytes(n int64) string {
	if n < 1000 {
		return fmt.Sprintf("%d B", n)
	}
	size, units := float64(n)/1000, "kMGTPE"
	for size >= 999.95 && len(units) > 1 {
		size, units = size/1000, units[1:]
	}
	return fmt.Sprintf("%.1f %cB", size, units[0])
}

// ReadPassword asks at the terminal without echo. Where stdin is no terminal it reads one line, so that
// a script can pipe it.
func (p *Printer) ReadPassword(prompt string, stdin *os.File) (string, error) {
	if term.IsTerminal(int(stdin.Fd())) {
		p.Printf("%s", prompt)
		b, err := term.ReadPassword(int(stdin.Fd()))
		p.Println()
		return string(b), err
	}
	line, err := bufio.NewReader(stdin).ReadString('\n')
	if err != nil && line == "" {
		return "", fmt.Errorf("read password from stdin: %w", err)
	}
	return strings.TrimRight(line, "\r\n"), nil
}

// Confirm asks for a word to be typed back, and reports whether it was. It never asks a pipe.
func (p *Printer) Confirm(prompt, word string, stdin *os.File) bool {
	if !term.IsTerminal(int(stdin.Fd())) {
		return false
	}
	p.Printf("%s", prompt)
	line, err := bufio.NewReader(stdin).ReadString('\n')
	return err == nil && strings.TrimSpace(line) == word
}

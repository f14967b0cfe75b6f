package markup

import (
	"bytes"
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Limits of a listing.
const (
	MaxLines = 5_000 // that a listing shows

	maxLine = 2_000                  // bytes of a line
	fewLine = MaxSize / MaxLines     // bytes of a line where many are long
	maxTime = 800 * time.Millisecond // after which the rest of a listing stays without colours
)

// A Listing is a piece of a file line by line, as it is written, with its numbers beside it. Lines have the ids L1, L2 and
// so on.
type Listing struct {
	HTML  HTML
	Lines int // that are shown
	Odd   int // characters that are marked, for they cannot be seen, or change the order in which others are read
	Long  int // lines of which the end is missing
	Cut   bool
}

// List shows the lines of a file whose name tells the language, the first of them with the given number. Beyond MaxLines
// it is cut, and what is no UTF-8 is shown as such.
func List(name string, source []byte, first int) Listing {
	lines, cut := linesOf(source)
	w := &lister{number: first, lines: lines}
	w.shorten()
	w.open()
	for _, t := range tokens(languageOf(name), w.text(), time.Now().Add(maxTime)) {
		w.add(t)
	}
	w.close()
	return Listing{HTML: HTML(w.b.String()), Lines: len(lines), Odd: w.odd, Long: w.long, Cut: cut}
}

// linesOf are the lines of a text without their ends. An end of line at the end of the text begins none.
func linesOf(source []byte) (lines []string, cut bool) {
	source = bytes.TrimPrefix(source, []byte("\ufeff"))
	for line := range bytes.Lines(source) {
		if len(lines) == MaxLines {
			return lines, true
		}
		line = bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
		lines = append(lines, strings.ToValidUTF8(string(line), "\ufffd"))
	}
	return lines, false
}

// A lister writes the lines of a listing.
type lister struct {
	b      strings.Builder
	lines  []string
	missed []int // bytes of each line that are not shown
	number int   // of the line that is written
	index  int   // of that line
	odd    int
	long   int
}

// shorten cuts lines that nobody wrote by hand.
func (w *lister) shorten() {
	most, all := maxLine, 0
	for _, line := range w.lines {
		all += min(len(line), maxLine)
	}
	if all > MaxSize {
		most = fewLine
	}
	w.missed = make([]int, len(w.lines))
	for i, line := range w.lines {
		if len(line) > most {
			end := most
			for !utf8.RuneStart(line[end]) {
				end--
			}
			w.lines[i], w.missed[i] = line[:end], len(line)-end
			w.long++
		}
	}
}

func (w *lister) text() string { return strings.Join(w.lines, "\n") }

// open begins a line. The number is a link to it, and no part of what is copied.
func (w *lister) open() {
	if len(w.lines) == 0 {
		return
	}
	n := strconv.Itoa(w.number)
	w.b.WriteString(`<span id="L` + n + `"><a href="#L` + n + `" data-n="` + n + `" tabindex="-1" aria-hidden="true"></a>`)
}

func (w *lister) close() {
	if len(w.lines) == 0 {
		return
	}
	if n := w.missed[w.index]; n > 0 {
		fmt.Fprintf(&w.b, `<i>… %d more bytes in this line</i>`, n)
	}
	w.b.WriteString("\n</span>")
}

// add writes a token, which may go over several lines.
func (w *lister) add(t token) {
	for i, part := range strings.Split(t.text, "\n") {
		if i > 0 {
			w.close()
			w.number, w.index = w.number+1, w.index+1
			w.open()
		}
		if part == "" {
			continue
		}
		if t.class == "" {
			w.write(part)
			continue
		}
		w.b.WriteString(`<span class="` + t.class + `">`)
		w.write(part)
		w.b.WriteString(`</span>`)
	}
}

// write writes a text, and the names of characters that deceive in their place (D8).
func (w *lister) write(text string) {
	from := 0
	for i, r := range text {
		if !Odd(r) {
			continue
		}
		w.b.WriteString(escape(text[from:i]))
		fmt.Fprintf(&w.b, `<b>U+%04X</b>`, r)
		w.odd++
		from = i + utf8.RuneLen(r)
	}
	w.b.WriteString(escape(text[from:]))
}

// Odd reports whether a character of a line has no picture, or changes the order in which others are read (D8).
func Odd(r rune) bool {
	switch {
	case r == '\t':
		return false
	case printable(r) < 0, r == '\u00ad', r == '\u200b', r == '\u2028', r == '\u2029', r >= 0x2060 && r <= 0x2064, r == 0xfeff:
		return true
	}
	return r >= 0xe0000 && r <= 0xe007f // letters in disguise
}

// files are the languages of files that have no extension which says it.
var files = map[string]string{
	"mix.lock": "elixir", "rebar.config": "erlang", "rebar.config.script": "erlang", "rebar.lock": "erlang", ".formatter.exs": "elixir",
	"manifest.toml": "toml", "dockerfile": "docker", "makefile": "make", "gnumakefile": "make", "erlang.mk": "make",
}

// extensions are those of files whose language is called otherwise; others are called as people call their languages.
var extensions = map[string]string{
	"src": "erlang", "app": "erlang", "xrl": "erlang", "yrl": "erlang", "escript": "erlang", "config": "erlang", "h": "c", "mk": "make", "svg": "xml", "htm": "html", "mjs": "js", "lock": "json",
	"surface": "html", "rs": "rust", "tsx": "ts", "jsx": "js", "conf": "ini", "patch": "diff",
}

// languageOf is the language that the file of a name is written in, if it gets colours.
func languageOf(name string) string {
	name = strings.ToLower(path.Base(name))
	if l, ok := files[name]; ok {
		return l
	}
	ext := strings.TrimPrefix(path.Ext(name), ".")
	if l, ok := extensions[ext]; ok {
		return l
	}
	return ext
}

package docsearch

import (
	"iter"
	"slices"
	"strings"
	"unicode/utf8"

	"hexhub/internal/feature/catalog"
)

// A Span is a run of a text, which may be one of the words that were typed.
type Span struct {
	Text string
	Mark bool
}

// The most of a text that is shown, and how much of that stands before the first word that was typed.
const (
	longestExcerpt = 240
	leadIn         = 60
)

// excerpt is the part of a text in which a word was found, or its beginning.
func (t typed) excerpt(text string) []Span {
	text = plain(text)
	from := 0
	for a, b := range runs(text) {
		if t.has(text[a:b]) {
			from = a
			break
		}
	}
	from = wordBefore(text, max(from-leadIn, 0))
	to := min(from+longestExcerpt, len(text))
	if to < len(text) {
		to = wordBefore(text, to)
	}
	part := text[from:to]
	if part == "" {
		return nil
	}
	spans := t.marks(part)
	if from > 0 {
		spans = append([]Span{{Text: "… "}}, spans...)
	}
	if to < len(text) {
		spans = append(spans, Span{Text: "…"})
	}
	return spans
}

// wordBefore is where the word begins that stands at a place of the text.
func wordBefore(text string, at int) int {
	if at <= 0 || at >= len(text) {
		return max(at, 0)
	}
	if blank := strings.LastIndexByte(text[:at], ' '); blank >= 0 && at-blank <= longestWord {
		return blank + 1
	}
	for at > 0 && !utf8.RuneStart(text[at]) {
		at--
	}
	return at
}

// plain is Markdown as a line that can be read: without fences, marks of headings and blanks in a row.
func plain(text string) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "```") {
			continue
		}
		line = strings.TrimLeft(line, "#>* ")
		for w := range strings.FieldsSeq(line) {
			if out.Len() > 0 {
				out.WriteByte(' ')
			}
			out.WriteString(strings.ReplaceAll(w, "`", ""))
		}
	}
	return out.String()
}

// marks cuts a text where words stand that were typed, or others of the same stem, or that begin with the last.
func (t typed) marks(text string) []Span {
	var spans []Span
	plain := 0
	for from, to := range runs(text) {
		if !t.has(text[from:to]) {
			continue
		}
		if plain < from {
			spans = append(spans, Span{Text: text[plain:from]})
		}
		spans = append(spans, Span{text[from:to], true})
		plain = to
	}
	if plain < len(text) {
		spans = append(spans, Span{Text: text[plain:]})
	}
	return spans
}

// runs yields where the words of a text begin and end.
func runs(text string) iter.Seq2[int, int] {
	return func(yield func(from, to int) bool) {
		for at := 0; at < len(text); {
			from := at + strings.IndexFunc(text[at:], func(r rune) bool { return !isGap(r) })
			if from < at {
				return
			}
			to := len(text)
			if n := strings.IndexFunc(text[from:], isGap); n >= 0 {
				to = from + n
			}
			if !yield(from, to) {
				return
			}
			at = to
		}
	}
}

// typed are the words that somebody typed, with their stems.
type typed struct{ words, stems []string }

func newTyped(words []string) typed {
	t := typed{words: words}
	for _, w := range words {
		t.stems = append(t.stems, catalog.Stem(w))
	}
	return t
}

// has reports whether a word of a text is one of them, or of the same stem, or begins with the last.
func (t typed) has(word string) bool {
	word = strings.ToLower(word)
	if slices.Contains(t.words, word) || slices.Contains(t.stems, catalog.Stem(word)) {
		return true
	}
	last := len(t.words) - 1
	return last >= 0 && len(t.words[last]) > fewLetters && strings.HasPrefix(word, t.words[last])
}

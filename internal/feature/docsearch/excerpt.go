package docsearch

import (
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
func excerpt(text string, words []string) []Span {
	text = plain(text)
	from := 0
	for _, s := range marks(text, words) {
		if s.Mark {
			break
		}
		from += len(s.Text)
	}
	if from == len(text) {
		from = 0
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
	spans := marks(part, words)
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
func marks(text string, words []string) []Span {
	var spans []Span
	plain := 0
	for at := 0; at < len(text); {
		from := at + strings.IndexFunc(text[at:], func(r rune) bool { return !isGap(r) })
		if from < at {
			break
		}
		to := len(text)
		if n := strings.IndexFunc(text[from:], isGap); n >= 0 {
			to = from + n
		}
		if isTyped(strings.ToLower(text[from:to]), words) {
			if plain < from {
				spans = append(spans, Span{Text: text[plain:from]})
			}
			spans = append(spans, Span{text[from:to], true})
			plain = to
		}
		at = to
	}
	if plain < len(text) {
		spans = append(spans, Span{Text: text[plain:]})
	}
	return spans
}

func isTyped(word string, words []string) bool {
	stem := catalog.Stem(word)
	for i, w := range words {
		if word == w || stem == catalog.Stem(w) || i == len(words)-1 && len(w) > fewLetters && strings.HasPrefix(word, w) {
			return true
		}
	}
	return false
}

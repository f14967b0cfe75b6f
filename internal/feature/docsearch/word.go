package docsearch

import (
	"strings"
	"unicode"

	"hexhub/internal/feature/catalog"
)

// The most that is looked at.
const (
	longestTyped = 200 // bytes
	mostTyped    = 8   // words
	mostWords    = 1500
	mostNames    = 24 // of one identifier: those of a deep module, with and without the arity
	longestWord  = 60
)

func isGap(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }

// proseWords are the stems of what a text says, in order. Words that are in every text are left out.
func proseWords(text string) []string {
	var out []string
	for w := range strings.FieldsFuncSeq(strings.ToLower(text), isGap) {
		if len(w) > longestWord || catalog.IsCommon(w) {
			continue
		}
		if out = append(out, catalog.Stem(w)); len(out) == mostWords {
			break
		}
	}
	return out
}

// titleWords are the words of a title, also those within a word: LiveView has live, view and liveview.
func titleWords(title string) []string {
	var out []string
	for w := range strings.FieldsFuncSeq(title, isGap) {
		if len(w) > longestWord {
			continue
		}
		out = append(out, strings.ToLower(w))
		if parts := humps(w); len(parts) > 1 {
			for _, part := range parts {
				out = append(out, strings.ToLower(part))
			}
		}
	}
	return out
}

// humps cuts a word before each capital that follows a small letter.
func humps(w string) []string {
	var out []string
	from, small := 0, false
	for i, r := range w {
		if unicode.IsUpper(r) && small {
			out = append(out, w[from:i])
			from = i
		}
		small = unicode.IsLower(r)
	}
	return append(out, w[from:])
}

// names are what an identifier is called, from the whole to its last part, with and without the arity. What has blanks
// within is none; of a section's title, which is followed by that of its page, only the former counts.
func names(title string) []string {
	title, _, _ = strings.Cut(strings.ToLower(title), " - ")
	title = strings.TrimSpace(title)
	if title == "" || strings.ContainsFunc(title, unicode.IsSpace) {
		return nil
	}
	var out []string
	for rest := title; rest != "" && len(out) < mostNames; {
		out = append(out, rest)
		if bare, _, ok := strings.Cut(rest, "/"); ok && bare != "" {
			out = append(out, bare)
		}
		at := strings.IndexAny(rest, ".:")
		if at < 0 {
			break
		}
		rest = strings.TrimLeft(rest[at:], ".:")
	}
	return out
}

// typedWords are the words that somebody typed, each of which is to be found. If all of them are in every text, they are
// looked for all the same.
func typedWords(typed string) []string {
	var all, rare []string
	for w := range strings.FieldsFuncSeq(strings.ToLower(cut(typed, longestTyped)), isGap) {
		if len(w) > longestWord {
			continue
		}
		if all = append(all, w); !catalog.IsCommon(w) {
			rare = append(rare, w)
		}
	}
	if len(rare) == 0 {
		rare = all
	}
	return rare[:min(mostTyped, len(rare))]
}

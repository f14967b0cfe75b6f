package search

import (
	"iter"
	"strings"
	"unicode"

	"hexhub/internal/feature/catalog"
)

// The most of what is typed, and of a description, that is looked at.
const (
	longestText  = 128 // bytes, which no name exceeds
	mostWords    = 12
	mostDescribe = 250 // words
)

// squeeze returns the letters and digits of s, in lower case.
func squeeze(s string) string {
	return strings.Map(func(r rune) rune {
		if isGap(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, s)
}

func isGap(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }

// words yields the words of s in lower case.
func words(s string) iter.Seq[string] { return strings.FieldsFuncSeq(strings.ToLower(s), isGap) }

// described yields what a description is found by: its words, and their stems with stemmed in front.
func described(description string) iter.Seq[string] {
	return func(yield func(string) bool) {
		n := 0
		for w := range words(description) {
			if n++; n > mostDescribe {
				return
			}
			if catalog.IsCommon(w) {
				continue
			}
			if !yield(w) || !yield(stemmed+catalog.Stem(w)) {
				return
			}
		}
	}
}

// stemmed begins a stem, and no word.
const stemmed = "\x00"

// A text is what somebody typed, prepared.
type text struct {
	name     string   // in lower case
	squeezed string   // without gaps
	words    []string // that must all be found
}

func newText(typed string) text {
	if len(typed) > longestText {
		typed = strings.ToValidUTF8(typed[:longestText], "")
	}
	var t text
	var all []string
	for w := range words(typed) {
		all = append(all, w)
		if !catalog.IsCommon(w) {
			t.words = append(t.words, w)
		}
	}
	t.name, t.squeezed = strings.ToLower(strings.TrimSpace(typed)), strings.Join(all, "")
	if len(t.words) == 0 {
		t.words = all
	}
	t.words = t.words[:min(mostWords, len(t.words))]
	return t
}

// Mark returns from where to where in the name is what was typed, or two zeros if it is not there.
func Mark(pkg, typed string) (from, to int) {
	t := newText(typed)
	if from, to = span(pkg, t.squeezed); to > 0 {
		return from, to
	}
	for _, w := range t.words {
		for i := range pkg {
			if (i == 0 || pkg[i-1] == '_') && strings.HasPrefix(pkg[i:], w) {
				return i, i + len(w)
			}
		}
	}
	return 0, 0
}

// span finds letters in a name whatever underscores are between them.
func span(pkg, letters string) (from, to int) {
	at := strings.Index(squeeze(pkg), letters)
	if at < 0 || letters == "" {
		return 0, 0
	}
	n := 0
	for i := range len(pkg) {
		if pkg[i] == '_' {
			continue
		}
		if n == at {
			from = i
		}
		if n++; n == at+len(letters) {
			return from, i + 1
		}
	}
	return 0, 0
}

// distance returns how many letters must be put in, left out, changed, or swapped with the next to make b of a;
// or more than limit if it is more than that.
func distance(a, b string, limit int) int {
	if len(a)-len(b) > limit || len(b)-len(a) > limit || len(b) > longestText {
		return limit + 1
	}
	var rows [3][longestText + 1]int // the row above the last, the last, and the present one, in turn
	for j := range len(b) + 1 {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		now, last, before := &rows[i%3], &rows[(i+2)%3], &rows[(i+1)%3]
		now[0] = i
		least := i
		for j := 1; j <= len(b); j++ {
			d := last[j-1]
			if a[i-1] != b[j-1] {
				d++
			}
			d = min(d, last[j]+1, now[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d = min(d, before[j-2]+1)
			}
			now[j] = d
			least = min(least, d)
		}
		if least > limit {
			return limit + 1
		}
	}
	return rows[len(a)%3][len(b)]
}

package catalog

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// words are stems of which a text must have one. Two English words are alike if they differ by an
// ending only; that is less than a stemmer knows, but needs no dictionary and no index: it reads the
// descriptions of 20,000 packages in a few milliseconds.
type words []string

// endings are what one stem may end in, the longest first.
var endings = []string{"ings", "ing", "ies", "ied", "es", "ed", "e", "s", "y"}

// shortest is the length of a stem below which no ending is taken for one, in bytes.
const shortest = 3

// common words are in every description and say nothing.
var common = func() map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq("a an and are as at be by for from has in is it its of on or that the to was with") {
		m[w] = true
	}
	return m
}()

func parseWords(text string) words {
	var w words
	for word := range strings.FieldsFuncSeq(strings.ToLower(text), unletter) {
		if !common[word] {
			w = append(w, Stem(word))
		}
	}
	return w
}

func unletter(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }

// IsCommon reports whether a word in lower case is in every description, and says nothing.
func IsCommon(word string) bool { return common[word] }

// Stem cuts the ending off a word in lower case, and one of two equal consonants before it, as in logging.
func Stem(word string) string {
	for _, e := range endings {
		s, ok := strings.CutSuffix(word, e)
		if !ok || len(s) < shortest {
			continue
		}
		if n := len(s); len(e) >= 2 && s[n-1] == s[n-2] && doubled(s[n-1]) {
			s = s[:n-1]
		}
		return s
	}
	return word
}

// doubled reports whether c doubles before an ending without being double in the word itself.
func doubled(c byte) bool { return strings.IndexByte("bdgmnprt", c) >= 0 }

// match reports whether text has one of the words.
func (w words) match(text string) bool {
	if len(w) == 0 {
		return false
	}
	for text != "" {
		var word string
		var ascii bool
		if word, text, ascii = cutWord(text); ascii {
			if w.has(word) {
				return true
			}
			continue
		}
		for part := range strings.FieldsFuncSeq(word, unletter) {
			if w.has(part) {
				return true
			}
		}
	}
	return false
}

// cutWord cuts off the first word of letters and digits, and tells whether it is all ASCII. What else is
// beyond ASCII it takes for letters. A search spends most of its time here.
func cutWord(text string) (word, rest string, ascii bool) {
	start := 0
	for start < len(text) && !inWord[text[start]] {
		start++
	}
	end, seen := start, byte(0)
	for end < len(text) && inWord[text[end]] {
		seen |= text[end]
		end++
	}
	return text[start:end], text[end:], seen < utf8.RuneSelf
}

// inWord tells letters and digits, and all bytes beyond ASCII.
var inWord = func() (t [256]bool) {
	for c := range t {
		t[c] = c >= utf8.RuneSelf || !unletter(rune(c))
	}
	return t
}()

func (w words) has(word string) bool {
	for _, stem := range w {
		if alike(word, stem) {
			return true
		}
	}
	return false
}

// alike reports whether the word, in any case, is the stem with an ending or none.
func alike(word, stem string) bool {
	if len(word) < len(stem) || !mayEqual(word[0], stem[0]) || !strings.EqualFold(word[:len(stem)], stem) {
		return false
	}
	rest := word[len(stem):]
	if rest == "" {
		return true
	}
	if len(stem) < shortest {
		return false
	}
	if last := stem[len(stem)-1]; len(rest) > 2 && rest[0]|0x20 == last && doubled(last) {
		rest = rest[1:]
	}
	for _, e := range endings {
		if strings.EqualFold(rest, e) {
			return true
		}
	}
	return false
}

// mayEqual spares most words the comparison. Letters beyond ASCII, and those within that fold to one
// beyond, are not judged by a byte.
func mayEqual(a, b byte) bool {
	return a|0x20 == b|0x20 || a >= utf8.RuneSelf || b >= utf8.RuneSelf
}

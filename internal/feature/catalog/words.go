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
			w = append(w, stem(word))
		}
	}
	return w
}

func unletter(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }

// stem cuts the ending off, and one of two equal consonants before it, as in logging.
func stem(word string) string {
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
		word, text = cutWord(text)
		for _, s := range w {
			if alike(word, s) {
				return true
			}
		}
	}
	return false
}

// cutWord returns the first word and what is behind it, without making copies.
func cutWord(text string) (word, rest string) {
	start := -1
	for i := 0; i < len(text); {
		r, size := rune(text[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(text[i:])
		}
		switch in := isLetter(r); {
		case in && start < 0:
			start = i
		case !in && start >= 0:
			return text[start:i], text[i+size:]
		}
		i += size
	}
	if start < 0 {
		return "", ""
	}
	return text[start:], ""
}

func isLetter(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r|0x20 && r|0x20 <= 'z' || '0' <= r && r <= '9'
	}
	return !unletter(r)
}

// alike reports whether the word, in any case, is the stem with an ending or none.
func alike(word, stem string) bool {
	if len(word) < len(stem) || !strings.EqualFold(word[:len(stem)], stem) {
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

package docsearch

import (
	"slices"
	"strings"
)

// lookedThrough is how many places that other words found are looked through for letters.
const lookedThrough = 100

// apart tells words to look for from single letters, where those may be the beginnings of words: an index has too many
// words that begin so. They are looked for in what the others find. Letters alone are words.
func (q Query) apart(words []string) (sought, letters []string) {
	if !q.Titles {
		return words, nil
	}
	for _, w := range words {
		if len(w) < fewLetters {
			letters = append(letters, w)
		} else {
			sought = append(sought, w)
		}
	}
	if len(sought) == 0 {
		return words, nil
	}
	return sought, letters
}

// run is which places are wanted of the index.
func (q Query) run(letters []string) (from, size int) {
	if len(letters) > 0 {
		return 0, lookedThrough
	}
	return q.From, min(q.Size, MostDeep-q.From)
}

// narrow leaves, of what was found, those in whose titles each letter begins a word, and of those the run that is wanted.
func (f *Found) narrow(letters []string, from, size int) {
	f.Hits = slices.DeleteFunc(f.Hits, func(h Hit) bool { return !begin(titleWords(h.Title), letters) })
	f.Total = len(f.Hits)
	f.Hits = f.Hits[min(from, f.Total):min(from+size, f.Total)]
}

// begin reports whether each letter begins one of the words.
func begin(words, letters []string) bool {
	return !slices.ContainsFunc(letters, func(l string) bool {
		return !slices.ContainsFunc(words, func(w string) bool { return strings.HasPrefix(w, l) })
	})
}

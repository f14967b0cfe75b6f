package catalog

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestAlike(t *testing.T) {
	for _, test := range []struct {
		typed, text string
		want        bool
	}{
		{"parser", "a parser", true},
		{"parser", "Parsers!", true},
		{"parsing", "it parses", true},
		{"logging", "logs", true},
		{"log", "logging", true},
		{"logger", "logging", false},
		{"libraries", "library", true},
		{"library", "LIBRARIES", true},
		{"web", "website", false},
		{"web", "cobweb", false},
		{"as", "ases", false},
		{"json", "to/from JSON.", true},
		{"café", "the CAFÉ", true},
		{"café", "cafe", false},
		{"quotes", "“quoted”—twice", true},
		{"twice", "“quoted”—twice", true},
		{"x y zebra", "zebras", true},
		{"the", "the", false},
		{"", "text", false},
	} {
		if got := parseWords(test.typed).match(test.text); got != test.want {
			t.Errorf("%q in %q: %v", test.typed, test.text, got)
		}
	}
}

// Whatever word a text has, it is found in it, in any case and amid anything.
func TestAWordFindsItself(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringMatching(`[a-zäöéñ0-9]{1,12}`).Draw(t, "word")
		before := rapid.StringMatching(`([a-zéA-Z]{0,5}[ ,.—“\-/_]){0,4}`).Draw(t, "before")
		after := rapid.StringMatching(`([ ,.—”\-/_][a-zéA-Z]{0,5}){0,4}`).Draw(t, "after")
		if common[word] {
			return
		}
		if w := parseWords(word); !w.match(before + strings.ToUpper(word) + after) {
			t.Fatalf("%q (as %q) is not found in %q", word, w, before+strings.ToUpper(word)+after)
		}
	})
}

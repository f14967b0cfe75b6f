package markup

import (
	"slices"
	"sync"
	"time"

	"github.com/alecthomas/chroma/v2"
	"github.com/alecthomas/chroma/v2/lexers"
	"github.com/dlclark/regexp2/v2"
)

// A lexer's patterns go back and try again, some of them for longer than anybody waits (D8). Each gets no more than this,
// which is many times what it takes for a text that somebody means; chroma would let it have a quarter of a second. A
// piece of code costs its budget and, at most, what the patterns of one state may take on the character where that ends.
const (
	matchTime  = 20 * time.Millisecond
	matchClock = 5 * time.Millisecond // by which that is measured
)

// lexerOf returns the lexer of a language; nil if there is none.
func lexerOf(language string) chroma.Lexer {
	name, ok := languages[language]
	if !ok {
		return nil
	}
	return registry().Get(name)
}

// registry has the lexers of our languages and no others: what one of them finds within its text, such as styles in a
// page, it looks up here as well.
var registry = sync.OnceValue(func() *chroma.LexerRegistry {
	regexp2.SetTimeoutCheckPeriod(matchClock) // of all patterns in this program; none is anybody else's
	ours := chroma.NewLexerRegistry()
	known := map[string]bool{}
	for _, name := range languages {
		theirs, ok := lexers.Get(name).(*chroma.RegexLexer)
		if !ok || known[name] {
			continue
		}
		known[name] = true
		ours.Register(hurried(theirs))
	}
	return ours
})

// hurried is the same lexer with patterns that give up in time.
func hurried(theirs *chroma.RegexLexer) chroma.Lexer {
	return chroma.MustNewLexer(theirs.Config(), func() chroma.Rules {
		rules, err := theirs.Rules()
		if err != nil {
			return nil // which is no lexer, and shows all as plain text
		}
		rules = rules.Clone()
		rules["root"] = append(slices.Clone(rules["root"]), chroma.Rule{Mutator: hurry{}})
		return rules
	})
}

// hurry is in the rules only until they are compiled.
type hurry struct{}

// Mutate implements chroma.Mutator.
func (hurry) Mutate(*chroma.LexerState) error { return nil }

// MutateLexer implements chroma.LexerMutator.
func (hurry) MutateLexer(rules chroma.CompiledRules, state string, rule int) error {
	rules[state] = slices.Delete(rules[state], rule, rule+1)
	for _, all := range rules {
		for _, r := range all {
			if r.Regexp != nil {
				r.Regexp.MatchTimeout = matchTime
			}
		}
	}
	return nil
}

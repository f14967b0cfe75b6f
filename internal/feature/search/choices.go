package search

import (
	"cmp"
	"slices"
	"strings"

	"hexhub/hex/name"
	"hexhub/internal/feature/org"
)

// mostChoices is how many values of one kind are told.
const mostChoices = 12

// labels are the build tools and licences that packages name, by numbers, for counting is the most of the work.
type labels struct {
	numbers map[string]uint32
	texts   []string
}

// of returns the numbers of texts.
func (l *labels) of(texts []string) []uint32 {
	var numbers []uint32
	for _, text := range texts {
		n, known := l.numbers[text]
		if !known {
			n = uint32(len(l.texts))
			l.numbers[text] = n
			l.texts = append(l.texts, text)
		}
		numbers = append(numbers, n)
	}
	return numbers
}

// counts are how many packages have what could be chosen.
type counts struct {
	tools, licenses tally
	repositories    map[name.Repository]int
	flags           Choices // whose lists are empty
}

// A tally is how many have a label.
type tally []int

func (t *tally) add(numbers []uint32) {
	for _, n := range numbers {
		for int(n) >= len(*t) {
			*t = append(*t, 0)
		}
		(*t)[n]++
	}
}

// add counts a package that passes all filters but one, or all. It counts for the one, or for each.
func (c *counts) add(e *Entry, r *org.Repository, failed filter) {
	counts := func(by filter) bool { return failed == none || failed == by }
	if counts(byTool) {
		c.tools.add(e.tools)
	}
	if counts(byLicense) {
		c.licenses.add(e.licenses)
	}
	if counts(byRepository) {
		if c.repositories == nil {
			c.repositories = map[name.Repository]int{}
		}
		c.repositories[r.Name]++
	}
	if counts(byVisibility) {
		if r.Public {
			c.flags.Public++
		} else {
			c.flags.Private++
		}
	}
	if counts(byDocs) && e.Docs {
		c.flags.Docs++
	}
	if counts(byRetired) {
		if e.Retired {
			c.flags.Retired++
		} else {
			c.flags.NotRetired++
		}
	}
}

func (c *counts) choices(l labels) Choices {
	all := c.flags
	all.Tools, all.Licenses = c.tools.choices(l), c.licenses.choices(l)
	for r, n := range c.repositories {
		all.Repositories = append(all.Repositories, Choice{r.String(), n})
	}
	all.Repositories = ordered(all.Repositories)
	return all
}

func (t tally) choices(l labels) []Choice {
	var all []Choice
	for number, n := range t {
		if n > 0 {
			all = append(all, Choice{l.texts[number], n})
		}
	}
	return ordered(all)
}

// ordered puts the most in front, and drops what are too many to choose from.
func ordered(all []Choice) []Choice {
	slices.SortFunc(all, func(a, b Choice) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Value, b.Value))
	})
	return all[:min(mostChoices, len(all))]
}

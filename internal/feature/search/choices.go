package search

import (
	"cmp"
	"slices"
	"strings"

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
	repositories    []Choice
	flags           Choices // whose lists are empty
	inRepository    int     // of the shard that is looked through, for the choice of it
	inVisibility    int     // and for that of its visibility
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
func (c *counts) add(e *Entry, failed filter) {
	if failed == none || failed == byTool {
		c.tools.add(e.tools)
	}
	if failed == none || failed == byLicense {
		c.licenses.add(e.licenses)
	}
	if failed == none || failed == byRepository {
		c.inRepository++
	}
	if failed == none || failed == byVisibility {
		c.inVisibility++
	}
	if e.Docs && (failed == none || failed == byDocs) {
		c.flags.Docs++
	}
	if failed == none || failed == byRetired {
		if e.Retired {
			c.flags.Retired++
		} else {
			c.flags.NotRetired++
		}
	}
}

// close ends what is counted in a shard.
func (c *counts) close(r org.Repository) {
	if c.inRepository > 0 {
		c.repositories = append(c.repositories, Choice{r.Name.String(), c.inRepository})
	}
	if r.Public {
		c.flags.Public += c.inVisibility
	} else {
		c.flags.Private += c.inVisibility
	}
	c.inRepository, c.inVisibility = 0, 0
}

func (c *counts) choices(l labels) Choices {
	all := c.flags
	all.Tools, all.Licenses, all.Repositories = c.tools.choices(l), c.licenses.choices(l), ordered(c.repositories)
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

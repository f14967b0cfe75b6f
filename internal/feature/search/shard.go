package search

import (
	"cmp"
	"iter"
	"slices"
	"strings"

	"hexhub/hex/name"
	"hexhub/internal/feature/stats"
)

// A shard is the index of one repository. Packages have numbers, which are those of freed ones first.
type shard struct {
	entries   []*Entry // nil where a number is free
	downloads []Downloads
	numbers   map[name.Package]number
	free      []number

	byName   []number // by squeezed name, once settled
	added    int      // since it was
	parts    lexicon  // of names
	describe lexicon  // of descriptions
	runs     map[run]postings
}

type number = uint32

// A run is three letters of a squeezed name with two gaps in front and one behind.
type run [3]byte

const gap = ' '

func newShard() *shard {
	return &shard{
		numbers: map[name.Package]number{}, runs: map[run]postings{},
		parts: newLexicon(), describe: newLexicon(),
	}
}

// put adds an entry in place of the one of its name.
func (s *shard) put(e *Entry, d Downloads) {
	n, known := s.numbers[e.Name]
	switch {
	case !known:
		n = s.add(e)
		s.settle()
	case s.entries[n].Description() == e.Description():
		s.entries[n] = e
	default:
		s.remove(e.Name)
		n = s.add(e)
		s.settle()
	}
	s.downloads[n] = d
}

// add adds an entry whose name is new. Before a search the shard is to be settled.
func (s *shard) add(e *Entry) number {
	n := number(len(s.entries))
	if last := len(s.free) - 1; last >= 0 {
		n, s.free = s.free[last], s.free[:last]
		s.entries[n], s.downloads[n] = e, Downloads{}
	} else {
		s.entries, s.downloads = append(s.entries, e), append(s.downloads, Downloads{})
	}
	s.numbers[e.Name] = n
	s.byName, s.added = append(s.byName, n), s.added+1
	s.parts.add(n, words(e.Name.String()))
	s.describe.add(n, described(e.Description()))
	for r := range runsOf(e.squeezed) {
		s.runs[r] = s.runs[r].with(n)
	}
	return n
}

// settle puts in order what was added.
func (s *shard) settle() {
	byName := func(a, b number) int {
		return cmp.Or(
			strings.Compare(s.entries[a].squeezed, s.entries[b].squeezed),
			strings.Compare(s.entries[a].Name.String(), s.entries[b].Name.String()),
		)
	}
	if s.added == 1 {
		last := len(s.byName) - 1
		n := s.byName[last]
		at, _ := slices.BinarySearchFunc(s.byName[:last], n, byName)
		s.byName = slices.Insert(s.byName[:last], at, n)
	} else {
		slices.SortFunc(s.byName, byName)
	}
	s.added = 0
	s.parts.settle()
	s.describe.settle()
}

func (s *shard) remove(pkg name.Package) {
	n, known := s.numbers[pkg]
	if !known {
		return
	}
	e := s.entries[n]
	s.parts.remove(n, words(e.Name.String()))
	s.describe.remove(n, described(e.Description()))
	for r := range runsOf(e.squeezed) {
		if rest := s.runs[r].without(n); len(rest) > 0 {
			s.runs[r] = rest
		} else {
			delete(s.runs, r)
		}
	}
	s.byName = slices.DeleteFunc(s.byName, func(other number) bool { return other == n })
	delete(s.numbers, pkg)
	s.entries[n], s.downloads[n] = nil, Downloads{}
	s.free = append(s.free, n)
}

// count takes over how often a package was downloaded, if there still is one.
func (s *shard) count(total stats.DownloadTotal, day stats.Date) {
	if n, known := s.numbers[total.Package]; known {
		s.downloads[n] = newDownloads(total, day)
	}
}

// prefixed returns the packages whose squeezed names begin with letters.
func (s *shard) prefixed(letters string) []number {
	from, _ := slices.BinarySearchFunc(s.byName, letters, func(n number, letters string) int {
		return strings.Compare(s.entries[n].squeezed, letters)
	})
	to := from
	for to < len(s.byName) && strings.HasPrefix(s.entries[s.byName[to]].squeezed, letters) {
		to++
	}
	return s.byName[from:to]
}

// containing yields the packages whose squeezed names contain three letters or more.
func (s *shard) containing(letters string) iter.Seq[number] {
	return func(yield func(number) bool) {
		if len(letters) < len(run{}) {
			return
		}
		rarest := s.runs[run([]byte(letters[:3]))]
		for i := 1; i+3 <= len(letters); i++ {
			if p := s.runs[run([]byte(letters[i:i+3]))]; len(p) < len(rarest) {
				rarest = p
			}
		}
		for _, n := range rarest {
			if strings.Contains(s.entries[n].squeezed, letters) && !yield(n) {
				return
			}
		}
	}
}

// runsOf yields the runs of a squeezed name, some perhaps twice.
func runsOf(squeezed string) iter.Seq[run] {
	return func(yield func(run) bool) {
		r := run{gap, gap, gap}
		for i := range len(squeezed) {
			r = run{r[1], r[2], squeezed[i]}
			if !yield(r) {
				return
			}
		}
		yield(run{r[1], r[2], gap})
	}
}

// postings are packages in ascending order.
type postings []number

func (p postings) with(n number) postings {
	if len(p) == 0 || p[len(p)-1] < n {
		return append(p, n)
	}
	at, found := slices.BinarySearch(p, n)
	if found {
		return p
	}
	return slices.Insert(p, at, n)
}

func (p postings) without(n number) postings {
	at, found := slices.BinarySearch(p, n)
	if !found {
		return p
	}
	return slices.Delete(p, at, at+1)
}

// A lexicon says in which packages words are.
type lexicon struct {
	words  map[string]postings
	sorted []string // the words, once settled; perhaps some that are gone
	fresh  []string // words that are not in sorted
}

func newLexicon() lexicon { return lexicon{words: map[string]postings{}} }

func (l *lexicon) add(n number, words iter.Seq[string]) {
	for w := range words {
		old, known := l.words[w]
		if !known {
			w = strings.Clone(w) // or the whole text stays for its sake
			l.fresh = append(l.fresh, w)
		}
		l.words[w] = old.with(n)
	}
}

func (l *lexicon) remove(n number, words iter.Seq[string]) {
	for w := range words {
		if rest := l.words[w].without(n); len(rest) > 0 {
			l.words[w] = rest
			continue
		}
		delete(l.words, w)
		if at, found := slices.BinarySearch(l.sorted, w); found {
			l.sorted = slices.Delete(l.sorted, at, at+1)
		}
	}
}

// settle makes fresh words findable by their beginnings.
func (l *lexicon) settle() {
	if len(l.fresh) > 100 {
		l.sorted = append(l.sorted, l.fresh...)
		slices.Sort(l.sorted)
		l.sorted = slices.Compact(l.sorted)
	} else {
		for _, w := range l.fresh {
			if at, found := slices.BinarySearch(l.sorted, w); !found {
				l.sorted = slices.Insert(l.sorted, at, w)
			}
		}
	}
	l.fresh = nil
}

// beginning yields the packages with a word that begins with letters, some perhaps several times.
func (l *lexicon) beginning(letters string, yield func(number)) {
	from, _ := slices.BinarySearch(l.sorted, letters)
	for _, w := range l.sorted[from:] {
		if !strings.HasPrefix(w, letters) {
			return
		}
		for _, n := range l.words[w] {
			yield(n)
		}
	}
}

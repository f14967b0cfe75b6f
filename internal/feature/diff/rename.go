package diff

import (
	"crypto/sha256"
	"path"
	"slices"

	"hexhub/internal/kernel/pack"
)

// Bounds of the search for files that were renamed.
const (
	mostLone  = 200 // files that came, or went, and may be alike; of more, only equal ones are found
	likeness  = 60  // percent of the lines that are in both, from which on a file is the other renamed
	leastLike = 5   // lines, below which files are alike by chance
)

// A matcher finds which files that went are, under another name, files that came.
type matcher struct {
	*comparer
	gone, come []*pack.File
	found      []couple
}

// renamed are the files that are at one side only, of which those that one is the other's new name are one: the
// equal ones, then those that are alike.
func (c *comparer) renamed(gone, come []*pack.File) ([]couple, error) {
	m := &matcher{comparer: c, gone: gone, come: come}
	if err := m.equals(); err != nil {
		return nil, err
	}
	if err := m.alike(); err != nil {
		return nil, err
	}
	for _, f := range m.gone {
		m.found = append(m.found, couple{old: f})
	}
	for _, f := range m.come {
		m.found = append(m.found, couple{new: f})
	}
	return m.found, nil
}

// match makes one of two files, and looks for no other of either.
func (m *matcher) match(old, added *pack.File) {
	m.found = append(m.found, couple{old, added})
	m.gone = slices.DeleteFunc(m.gone, func(f *pack.File) bool { return f == old })
	m.come = slices.DeleteFunc(m.come, func(f *pack.File) bool { return f == added })
}

// equals matches files that hold the same.
func (m *matcher) equals() error {
	gone, err := sums(m.old, m.gone, sizes(m.come))
	if err != nil {
		return err
	}
	come, err := sums(m.new, m.come, sizes(m.gone))
	if err != nil {
		return err
	}
	bySum := map[[sha256.Size]byte]*pack.File{}
	for f, s := range gone {
		if first := bySum[s]; first == nil || f.Path < first.Path {
			bySum[s] = f
		}
	}
	for _, f := range slices.Clone(m.come) {
		s, ok := come[f]
		if old := bySum[s]; ok && old != nil {
			delete(bySum, s)
			m.match(old, f)
		}
	}
	return nil
}

func sizes(files []*pack.File) map[int64]bool {
	all := map[int64]bool{}
	for _, f := range files {
		all[f.Size] = f.Size > 0 // empty files are alike by chance
	}
	return all
}

// sums are the checksums of the files that have one of the sizes.
func sums(p *pack.Pack, files []*pack.File, of map[int64]bool) (map[*pack.File][sha256.Size]byte, error) {
	all := map[*pack.File][sha256.Size]byte{}
	for _, f := range files {
		if !of[f.Size] {
			continue
		}
		s, err := sum(p, *f)
		if err != nil {
			return nil, err
		}
		all[f] = s
	}
	return all, nil
}

// alike matches files that share most of their lines, each with the best that is left.
func (m *matcher) alike() error {
	if len(m.gone) == 0 || len(m.come) == 0 || len(m.gone) > mostLone || len(m.come) > mostLone {
		return nil
	}
	n := newNames(m.squeezed)
	gone, err := m.bags(m.old, m.gone, n)
	if err != nil {
		return err
	}
	come, err := m.bags(m.new, m.come, n)
	if err != nil {
		return err
	}
	for _, b := range come {
		if old := m.best(gone, b); old != nil {
			m.match(old, b.file)
			gone = slices.DeleteFunc(gone, func(g bag) bool { return g.file == old })
		}
	}
	return nil
}

// best is the file that a file is most alike, if it is alike any.
func (m *matcher) best(gone []bag, b bag) (best *pack.File) {
	most := likeness - 1
	for _, g := range gone {
		if !m.work.Spend(perLine * min(len(b.lines), len(g.lines))) {
			return nil
		}
		if percent := g.like(b); percent > most {
			best, most = g.file, percent
		}
	}
	return best
}

// A bag is the lines of a file, whatever their order.
type bag struct {
	file  *pack.File
	lines map[int32]int
	n     int
}

// bags are those of the files whose lines are compared.
func (m *matcher) bags(p *pack.Pack, files []*pack.File, n *names) (all []bag, err error) {
	for _, f := range files {
		if f.Size > MaxText || !m.work.Spend(perFile+perByte*int(f.Size)) {
			continue
		}
		body, err := p.Read(*f, MaxText)
		if err != nil {
			return nil, err
		}
		if isText(body) {
			t := n.cut(body)
			m.work.Spend(2 * perLine * t.len())
			all = append(all, newBag(f, t))
		}
	}
	return all, nil
}

func newBag(f *pack.File, t text) bag {
	b := bag{f, make(map[int32]int, t.len()), t.len()}
	for _, id := range t.ids {
		b.lines[id]++
	}
	return b
}

// like is how many percent of the lines are in both. A name that stays counts a little.
func (b bag) like(other bag) int {
	if b.n < leastLike || other.n < leastLike {
		return 0
	}
	if len(b.lines) > len(other.lines) {
		b, other = other, b
	}
	both := 0
	for id, n := range b.lines {
		both += min(n, other.lines[id])
	}
	percent := 200 * both / (b.n + other.n)
	if percent > 0 && path.Base(b.file.Path) == path.Base(other.file.Path) {
		percent += 5
	}
	return percent
}

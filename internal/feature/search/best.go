package search

import (
	"cmp"
	"slices"
	"strings"

	"hexhub/internal/feature/catalog"
)

// ranked is a package that was found and what orders it.
type ranked struct {
	*Entry
	downloads      *Downloads
	public, pinned bool // pinned ones come before all others
	rank           float64
}

// rankIn is what orders the package: the greater, the sooner.
func (h *ranked) rankIn(s catalog.Sort, points int) float64 {
	switch s {
	case Relevance:
		if h.Retired {
			points += retired
		}
		return float64(points) + h.downloads.points
	case catalog.ByInserted:
		return float64(h.InsertedAt.UnixMicro())
	case catalog.ByUpdated:
		return float64(h.UpdatedAt.UnixMicro())
	case catalog.ByRecentDownloads:
		return float64(h.downloads.Recent)
	case catalog.ByTotalDownloads, catalog.ByDownloads:
		return float64(h.downloads.All)
	}
	return 0
}

func (h *ranked) compare(other *ranked) int {
	switch {
	case h.pinned != other.pinned:
		if h.pinned {
			return -1
		}
		return 1
	case h.rank != other.rank:
		return cmp.Compare(other.rank, h.rank)
	}
	return cmp.Or(
		strings.Compare(h.Name.String(), other.Name.String()),
		strings.Compare(h.Repository.String(), other.Repository.String()),
	)
}

// best keeps the first n of all that is added. Few of many are had sooner than by sorting all.
type best struct {
	n     int
	total int // added
	kept  []ranked
}

// few is how many are kept in order. Of more, twice as many are kept, and put in order now and then.
const few = 10 * perPage

func (b *best) add(h ranked) {
	b.total++
	if b.n > few {
		if b.kept = append(b.kept, h); len(b.kept) == 2*b.n {
			b.order()
		}
		return
	}
	if len(b.kept) == b.n {
		if b.n == 0 || h.compare(&b.kept[b.n-1]) > 0 {
			return
		}
		b.kept = b.kept[:b.n-1]
	}
	at, _ := slices.BinarySearchFunc(b.kept, h, func(a, b ranked) int { return a.compare(&b) })
	b.kept = slices.Insert(b.kept, at, h)
}

func (b *best) order() {
	slices.SortFunc(b.kept, func(a, b ranked) int { return a.compare(&b) })
	b.kept = b.kept[:min(b.n, len(b.kept))]
}

// all returns what was kept, in order.
func (b *best) all() []ranked {
	if b.n > few {
		b.order()
	}
	return b.kept
}

func hits(all []ranked) []Hit {
	var out []Hit
	for _, h := range all {
		out = append(out, Hit{h.Entry, *h.downloads, h.public})
	}
	return out
}

package ui

// A Column of a Ledger has a head, and a class such as "w-36" for how wide it is.
type Column struct{ Head, Width string }

func columnsOf(heads []string) []Column {
	var out []Column
	for _, h := range heads {
		out = append(out, Column{Head: h})
	}
	return out
}

// Paging is where a page stands among those of a list.
type Paging struct {
	Page, Pages int // from 1
	Link        func(page int) string
}

// Pages is how many pages so many items take.
func Pages(items, perPage int) int { return (items + perPage - 1) / perPage }

// shown lists the pages to name: the first, the last, and those around this one. A 0 stands for those left out.
func (p Paging) shown() []int {
	var out []int
	for n := 1; n <= p.Pages; n++ {
		near := n >= p.Page-2 && n <= p.Page+2
		switch {
		case n == 1, n == p.Pages, near:
			out = append(out, n)
		case out[len(out)-1] != 0:
			out = append(out, 0)
			if n < p.Page {
				n = p.Page - 3
			} else {
				n = p.Pages - 1
			}
		}
	}
	return out
}

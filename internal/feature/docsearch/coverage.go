package docsearch

import (
	"strings"

	"hexhub/internal/feature/catalog"
)

// A Coverage tells how much of what others may call has a text in its documentation.
type Coverage struct {
	Functions int `json:"functions,omitempty"` // and macros
	Told      int `json:"told,omitempty"`      // of those, that have one
}

// Coverage is that of a release, as far as its documentation is searched and says it: ExDoc lists functions without a text
// as well, and others do not.
func (x *Index) Coverage(r catalog.Release) (c Coverage, ok bool) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	s, ok := find(x.have[r.Ref()], r.Version)
	if !ok || !r.HasDocs() || s.Hash != r.Docs.Hash {
		return Coverage{}, false
	}
	return s.Coverage, s.Functions > 0
}

// A tally counts the functions of search data. Of a text with headings ExDoc makes several items: that of the function holds
// what stands before the first, and may be empty.
type tally struct {
	Coverage
	last string // title of the last function if it has no text yet
}

// count takes note of an item.
func (t *tally) count(i Item) {
	switch {
	case i.Type != "function" && i.Type != "macro":
	case !strings.Contains(i.Title, " - "):
		t.Functions, t.last = t.Functions+1, i.Title
		if strings.TrimSpace(i.Text) != "" {
			t.tell()
		}
	case t.last != "" && strings.HasSuffix(i.Title, " - "+t.last):
		t.tell()
	}
}

// tell counts the last function as one that has a text.
func (t *tally) tell() { t.Told, t.last = t.Told+1, "" }

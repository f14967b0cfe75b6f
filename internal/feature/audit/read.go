package audit

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/id"
	"hexhub/internal/kernel/seal"
	"hexhub/internal/kernel/store"
)

// Options are what an Audit may be told.
type Options struct {
	Blobs  blob.Store   // where old entries go; required for what reads or makes segments
	Sealer *seal.Sealer // who seals them; likewise
	Run    int          // entries in a segment; zero means 5000
}

// An Audit reads what was recorded, from rows and from sealed segments alike, and moves it from the ones
// to the others. It is safe for concurrent use.
type Audit struct {
	db *store.DB
	o  Options

	mu     sync.Mutex // guards opened
	opened opened
}

// New returns the log kept in db.
func New(db *store.DB, o Options) *Audit {
	o.Run = cmp.Or(o.Run, fullRun)
	return &Audit{db: db, o: o}
}

// A Query says which entries are wanted. The zero Query wants all.
type Query struct {
	Ref    string    // whom or what they concern
	Action string    // what they are; with a dot at its end all whose name begins so, such as "key."
	From   time.Time // not before
	To     time.Time // before
	After  string    // a cursor, to go on where the last page ended
}

// wants reports whether the entry is one of those asked for, its time and references apart.
func (q Query) wants(e Entry) bool {
	if family, ok := strings.CutSuffix(q.Action, "."); ok {
		return strings.HasPrefix(e.Action, family+".")
	}
	return q.Action == "" || e.Action == q.Action
}

// start is the cursor of the newest entry that is wanted.
func (q Query) start() (string, error) {
	switch {
	case q.After != "" && !id.Valid(q.After):
		return "", fault.New(fault.Malformed, "Bad request: %q is no place in the audit log; take it from the page before", q.After)
	case q.To.IsZero():
		return q.After, nil
	}
	// Entries have whole microseconds, so none is between.
	return max(q.After, id.Floor(q.To.Add(-time.Nanosecond))), nil
}

const (
	pageEntries = 500  // read at a time
	scanEntries = 5000 // looked at for one page, of which few may be wanted
)

// Find returns at most limit entries that are wanted, the newest first, and the cursor with which to go
// on, empty when no more are left. Of rare ones a page may hold few or none although more are left.
func (a *Audit) Find(ctx context.Context, v *store.View, q Query, limit int) (page []Entry, next string, err error) {
	after, err := q.start()
	if err != nil {
		return nil, "", err
	}
	for seen := 0; seen < scanEntries; {
		found, more, err := a.read(ctx, v, List, q.Ref, after, min(pageEntries, max(limit, 1)))
		if err != nil {
			return nil, "", err
		}
		for i, e := range found {
			if e.At.Before(q.From) {
				return page, "", nil
			}
			if !q.wants(e) {
				continue
			}
			if page = append(page, e); len(page) == limit {
				return page, cursor(e.ID, more || i < len(found)-1), nil
			}
		}
		if !more {
			return page, "", nil
		}
		after, seen = found[len(found)-1].ID, seen+len(found)
	}
	return page, after, nil
}

func cursor(id string, more bool) string {
	if more {
		return id
	}
	return ""
}

// Skip returns the cursor behind the first n entries that concern ref, which must not be empty, and
// reports false if there are no more. It costs as much as n is large: going on from a cursor does not.
func (a *Audit) Skip(ctx context.Context, v *store.View, ref string, n int) (after string, more bool, err error) {
	if n <= 0 {
		return "", true, nil
	}
	page, more, err := a.read(ctx, v, listIDs, ref, "", n)
	if err != nil || !more || len(page) < n {
		return "", false, err
	}
	return page[n-1].ID, true, nil
}

type lister func(ctx context.Context, v *store.View, ref, after string, limit int) (page []Entry, next string, err error)

// read returns at most limit entries that concern ref and come after a cursor, and whether there may be
// more. An entry that is on its way from its row into a segment is taken once.
//
// What rows hold of it, list tells, which is List or like it.
func (a *Audit) read(ctx context.Context, v *store.View, list lister, ref, after string, limit int) ([]Entry, bool, error) {
	page, next, err := list(ctx, v, ref, after, limit)
	more := next != ""
	if err != nil {
		return nil, false, err
	}
	until := "" // what is behind it is not on this page
	if more && len(page) == limit {
		until = page[limit-1].ID
	}
	holding, err := holding(ctx, v, ref, after, until)
	if err != nil {
		return nil, false, err
	}
	for _, s := range holding {
		if len(page) == limit && page[limit-1].ID < s.First {
			return page, true, nil
		}
		held, err := a.open(ctx, s)
		if err != nil {
			return nil, false, err
		}
		var left bool
		page, left = merge(page, concerning(held, ref, after), limit)
		more = more || left
	}
	return page, more, nil
}

// holding returns the segments that may hold entries that concern ref and come between two cursors, those
// with the newest entries first. An empty until is no bound.
func holding(ctx context.Context, v *store.View, ref, after, until string) (out []Segment, err error) {
	for s := range segments.All(v) {
		if s.Last > after && (until == "" || s.First < until) {
			out = append(out, s)
		}
	}
	if len(out) > 0 && ref != "" {
		hinted, err := hinted(ctx, v, ref)
		if err != nil {
			return nil, err
		}
		out = slices.DeleteFunc(out, func(s Segment) bool { return !hinted[s.Number] })
	}
	slices.SortFunc(out, func(a, b Segment) int { return strings.Compare(a.First, b.First) })
	return out, nil
}

// hinted returns the numbers of the segments that hold entries that concern ref, perhaps with some more.
func hinted(ctx context.Context, v *store.View, ref string) (map[int]bool, error) {
	out := map[int]bool{}
	for prefix, after := store.Path(ref)+"/", ""; ; {
		page, next, err := hints.Page(ctx, v, prefix, after, 1000)
		if err != nil {
			return nil, fmt.Errorf("find the audit segments of %s: %w", ref, err)
		}
		for _, h := range page {
			out[h.Number] = true
		}
		if after = next; next == "" {
			return out, nil
		}
	}
}

// concerning returns those of the entries of a segment that concern ref and come after a cursor.
func concerning(held []Entry, ref, after string) (out []Entry) {
	from, _ := slices.BinarySearchFunc(held, after, func(e Entry, id string) int { return strings.Compare(e.ID, id) })
	for _, e := range held[from:] {
		if e.ID != after && (ref == "" || slices.Contains(e.Refs, ref)) {
			out = append(out, e)
		}
	}
	return out
}

// merge joins two lists in order, each entry once, and reports whether some are left over the limit.
func merge(a, b []Entry, limit int) (out []Entry, left bool) {
	for len(out) < limit && len(a)+len(b) > 0 {
		switch {
		case len(b) == 0 || len(a) > 0 && a[0].ID < b[0].ID:
			out, a = append(out, a[0]), a[1:]
		case len(a) == 0 || b[0].ID < a[0].ID:
			out, b = append(out, b[0]), b[1:]
		default:
			a = a[1:] // b has it as well
		}
	}
	return out, len(a)+len(b) > 0
}

// Export writes the entries of a time, from not before the first to before the second, that concern ref,
// or all if it is empty: the newest first, each as a line of JSON. What is recorded meanwhile may be
// left out. A zero time is no bound.
func (a *Audit) Export(ctx context.Context, w io.Writer, from, to time.Time, ref string) error {
	lines, q := json.NewEncoder(w), Query{Ref: ref, From: from, To: to}
	for {
		// A View of its own for each page: one kept for so long might see what the log has forgotten.
		page, next, err := a.Find(ctx, a.db.View(), q, pageEntries)
		if err != nil {
			return fmt.Errorf("export the audit log: %w", err)
		}
		for _, e := range page {
			if err := lines.Encode(e); err != nil {
				return fmt.Errorf("export the audit log: %w", err)
			}
		}
		if next == "" {
			return nil
		}
		q.After = next
	}
}

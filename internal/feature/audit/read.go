package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/id"
	"hexhub/internal/kernel/store"
)

// An Audit reads what was recorded. It is safe for concurrent use.
type Audit struct {
	db *store.DB
}

// New returns the log kept in db.
func New(db *store.DB) *Audit { return &Audit{db: db} }

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
		found, more, err := a.read(ctx, v, q.Ref, after, min(pageEntries, max(limit, 1)))
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

// read returns at most limit entries that concern ref and come after a cursor, and whether there are more.
func (a *Audit) read(ctx context.Context, v *store.View, ref, after string, limit int) ([]Entry, bool, error) {
	page, next, err := List(ctx, v, ref, after, limit)
	return page, next != "", err
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

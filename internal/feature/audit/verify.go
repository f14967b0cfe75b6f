package audit

import (
	"context"
	"fmt"

	"hexhub/internal/kernel/blob"
)

// A Verification is what became of looking at every sealed segment.
type Verification struct {
	Segments int       `json:"segments"`
	Entries  int       `json:"entries"` // in segments
	Rows     int       `json:"rows"`    // entries that are still in rows
	Head     blob.Hash `json:"head"`    // of the last segment: who notes it down can tell later that none was cut off
	Problems []string  `json:"problems"`
}

// Verify reads every segment and tells what is missing or was changed. An error means that it could not
// look at all.
func (a *Audit) Verify(ctx context.Context) (Verification, error) {
	out, v := Verification{Problems: []string{}}, a.db.View()
	number := 1
	for s := range segments.All(v) {
		if err := ctx.Err(); err != nil {
			return out, err
		}
		for ; number < s.Number; number++ {
			out.problem("segment %d is missing", number)
		}
		if s.Prev != out.Head {
			out.problem("segment %d follows a segment with blob %s, and that before it has %s: one of them was changed", s.Number, s.Prev, out.Head)
		}
		if _, err := a.unpack(ctx, s); err != nil {
			out.problem("segment %d, of %d entries from %s to %s: %v", s.Number, s.Entries, s.From.Format("2006-01-02"), s.To.Format("2006-01-02"), err)
		} else {
			out.Entries += s.Entries
		}
		out.Segments, out.Head, number = out.Segments+1, s.Blob, number+1
	}
	err := a.countRows(ctx, &out)
	return out, err
}

func (v *Verification) problem(format string, args ...any) {
	v.Problems = append(v.Problems, fmt.Sprintf(format, args...))
}

func (a *Audit) countRows(ctx context.Context, out *Verification) error {
	for after := ""; ; {
		page, next, err := entries.Page(ctx, a.db.View(), "", after, pageEntries)
		if err != nil {
			return fmt.Errorf("read the rows of the audit log: %w", err)
		}
		out.Rows += len(page)
		if after = next; next == "" {
			return nil
		}
	}
}

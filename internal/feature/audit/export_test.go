package audit

import (
	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/store"
)

// View is the present moment.
func (a *Audit) View() *store.View { return a.db.View() }

// BlobStore is where segments go.
func (a *Audit) BlobStore() blob.Store { return a.o.Blobs }

// SpoilSegment replaces the row of a segment, or deletes it.
func SpoilSegment(tx *store.Tx, number int, s *Segment) {
	if s == nil {
		segments.Delete(tx, segmentKey(number))
		return
	}
	segments.Put(tx, *s)
}

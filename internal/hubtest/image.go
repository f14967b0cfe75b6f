package hubtest

import (
	"io"
	"maps"
	"slices"
	"testing"

	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/seal"
	"hexhub/internal/kernel/store"
	"hexhub/internal/node"
)

// An Image is all that a World holds at one moment. Worlds that begin with it cost much less than those that
// are told anew, and whatever was given out in the first one, such as a key, is good in them.
type Image struct {
	rows    []store.Op
	blobs   *blob.Memory // never written to again
	sealer  *seal.Sealer
	secrets map[string]string
}

// Image takes one of a World. What the world does meanwhile may be in it or not.
func (h *Hub) Image() *Image {
	h.t.Helper()
	i := &Image{blobs: h.copyBlobs(h.o.Blobs), sealer: h.o.Sealer, secrets: maps.Clone(h.Secrets)}
	for _, rec := range h.records() {
		i.rows = append(i.rows, store.Op{Key: rec.Key, Value: rec.Value})
	}
	return i
}

// World serves what the image holds. It may be called from many tests at once.
func (i *Image) World(t testing.TB) *Hub {
	t.Helper()
	h := &Hub{Secrets: maps.Clone(i.secrets), t: t}
	log := store.NewMemory()
	for step := range slices.Chunk(i.rows, store.MaxOps/2) {
		if _, _, err := log.Commit(t.Context(), store.Txn{Ops: step}); err != nil {
			t.Fatal(err)
		}
	}
	h.serve(node.Options{Store: log, Blobs: h.copyBlobs(i.blobs), Sealer: i.sealer, Signer: Signer(t)})
	return h
}

func (h *Hub) copyBlobs(from blob.Store) *blob.Memory {
	h.t.Helper()
	to := &blob.Memory{}
	for info, err := range from.Walk(h.t.Context()) {
		if err != nil {
			h.t.Fatal(err)
		}
		r, err := from.Open(h.t.Context(), info.Hash)
		if err != nil {
			h.t.Fatal(err)
		}
		if _, _, err := to.Put(h.t.Context(), io.NewSectionReader(r, 0, info.Size)); err != nil {
			h.t.Fatal(err)
		}
		r.Close()
	}
	return to
}

package audit

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
)

// A Segment is a run of old entries that rest in a sealed blob and no longer in rows. Each names the one
// before it, so that a missing one shows.
type Segment struct {
	Number  int       `json:"number"` // from 1, in the order of sealing
	First   string    `json:"first"`  // id of the newest entry
	Last    string    `json:"last"`   // and of the oldest
	From    time.Time `json:"from"`   // time of the oldest entry
	To      time.Time `json:"to"`     // and of the newest
	Entries int       `json:"entries"`
	Blob    blob.Hash `json:"blob"`
	Prev    blob.Hash `json:"prev"`    // that of segment Number-1; zero for the first
	Cleared bool      `json:"cleared"` // its entries are in rows no more
}

// A hint says that a segment holds entries that concern ref, if there is such a segment at all.
type hint struct {
	Ref    string `json:"ref"`
	Number int    `json:"number"`
}

var (
	segments = store.NewTable("audit-segment", func(s Segment) string { return segmentKey(s.Number) })
	hints    = store.NewCold("audit-in", func(h hint) string { return store.Path(h.Ref, segmentKey(h.Number)) })
)

func segmentKey(number int) string { return fmt.Sprintf("%09d", number) }

// header is the first line in a blob; the entries follow, the newest first. It is sealed with them, so
// that no row can pass one segment off as another.
type header struct {
	Segment int       `json:"segment"`
	Prev    blob.Hash `json:"prev"`
	Entries int       `json:"entries"`
}

const (
	sealLabel  = "audit/segment"
	maxRaw     = 4 << 20  // bytes of lines in a segment, but for one that is larger alone
	maxInflate = 64 << 20 // bytes that an opened segment may have
)

// Blobs yields the blobs that must be kept for the log's sake.
func Blobs(v *store.View) iter.Seq[blob.Hash] {
	return func(yield func(blob.Hash) bool) {
		for s := range segments.All(v) {
			if !yield(s.Blob) {
				return
			}
		}
	}
}

// Segments lists the sealed runs in the order of their numbers.
func Segments(v *store.View) []Segment { return slices.Collect(segments.All(v)) }

// pack makes the blob of a segment from a run of entries, or from as many of them as it can hold.
func (a *Audit) pack(ctx context.Context, number int, prev blob.Hash, run []Entry) (Segment, error) {
	var lines bytes.Buffer
	enc, n := json.NewEncoder(&lines), 0
	for ; n < len(run) && (n == 0 || lines.Len() < maxRaw); n++ {
		if err := enc.Encode(run[n]); err != nil {
			return Segment{}, fmt.Errorf("write audit entry %s: %w", run[n].ID, err)
		}
	}
	run = run[:n]
	head, err := json.Marshal(header{number, prev, n})
	if err != nil {
		return Segment{}, fmt.Errorf("write the head of an audit segment: %w", err)
	}
	sealed, err := a.seal(append(append(head, '\n'), lines.Bytes()...))
	if err != nil {
		return Segment{}, err
	}
	hash, _, err := a.o.Blobs.Put(ctx, bytes.NewReader(sealed))
	if err != nil {
		return Segment{}, fmt.Errorf("store an audit segment: %w", err)
	}
	newest, oldest := run[0], run[n-1]
	return Segment{
		Number: number, First: newest.ID, Last: oldest.ID, From: oldest.At, To: newest.At, Entries: n, Blob: hash, Prev: prev,
	}, nil
}

func (a *Audit) seal(raw []byte) ([]byte, error) {
	z, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, fmt.Errorf("compress an audit segment: %w", err)
	}
	defer z.Close()
	return a.o.Sealer.Seal(sealLabel, z.EncodeAll(raw, nil)), nil
}

// errSegment is told when a segment cannot be read: who reads on would take a part for the whole.
const errSegment = "a part of the audit log cannot be read; the administrator is told more by: hexhub audit verify"

// open returns the entries of a segment, the newest first, which the caller does not change.
func (a *Audit) open(ctx context.Context, s Segment) ([]Entry, error) {
	a.mu.Lock() // one at a time, since each takes some megabytes
	defer a.mu.Unlock()
	if a.opened.hash == s.Blob && a.opened.entries != nil {
		return a.opened.entries, nil
	}
	entries, err := a.unpack(ctx, s)
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, fmt.Errorf("audit segment %d: %w", s.Number, err), errSegment)
	}
	a.opened.hash, a.opened.entries = s.Blob, entries
	return entries, nil
}

// unpack reads a segment's blob, and checks that it is what its row says.
func (a *Audit) unpack(ctx context.Context, s Segment) ([]Entry, error) {
	raw, err := a.unseal(ctx, s.Blob)
	if err != nil {
		return nil, err
	}
	lines := json.NewDecoder(bufio.NewReader(bytes.NewReader(raw)))
	var head header
	if err := lines.Decode(&head); err != nil {
		return nil, fmt.Errorf("read its head: %w", err)
	}
	if want := (header{s.Number, s.Prev, s.Entries}); head != want {
		return nil, fmt.Errorf("its blob is that of segment %d with %d entries after %s, and its row says %d, %d and %s: one of them was changed",
			head.Segment, head.Entries, head.Prev, want.Segment, want.Entries, want.Prev)
	}
	entries := make([]Entry, 0, min(s.Entries, 1<<16))
	for {
		var e Entry
		switch err := lines.Decode(&e); {
		case errors.Is(err, io.EOF):
			return entries, s.matches(entries)
		case err != nil:
			return nil, fmt.Errorf("read its entry %d: %w", len(entries)+1, err)
		}
		entries = append(entries, e)
	}
}

// matches tells how entries differ from what the row of their segment says.
func (s Segment) matches(entries []Entry) error {
	switch {
	case len(entries) != s.Entries || len(entries) == 0:
		return fmt.Errorf("it holds %d entries and its row says %d", len(entries), s.Entries)
	case !slices.IsSortedFunc(entries, func(a, b Entry) int { return strings.Compare(a.ID, b.ID) }):
		return errors.New("its entries are out of order")
	}
	newest, oldest := entries[0], entries[len(entries)-1]
	if newest.ID != s.First || oldest.ID != s.Last || !newest.At.Equal(s.To) || !oldest.At.Equal(s.From) {
		return errors.New("its first and last entries are not those that its row says: one of them was changed")
	}
	return nil
}

func (a *Audit) unseal(ctx context.Context, h blob.Hash) ([]byte, error) {
	r, err := a.o.Blobs.Open(ctx, h)
	if err != nil {
		return nil, fmt.Errorf("open its blob %s: %w", h, err)
	}
	defer r.Close()
	if r.Size() > maxInflate {
		return nil, fmt.Errorf("its blob %s has %d bytes, more than any segment", h, r.Size())
	}
	sealed, err := io.ReadAll(r) // read to the end, it is checked against its hash
	if err != nil {
		return nil, fmt.Errorf("read its blob %s: %w", h, err)
	}
	packed, err := a.o.Sealer.Unseal(sealLabel, sealed)
	if err != nil {
		return nil, err
	}
	z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxInflate))
	if err != nil {
		return nil, fmt.Errorf("decompress it: %w", err)
	}
	defer z.Close()
	raw, err := z.DecodeAll(packed, nil)
	if err != nil {
		return nil, fmt.Errorf("decompress it: %w", err)
	}
	return raw, nil
}

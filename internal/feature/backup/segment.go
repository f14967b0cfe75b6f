package backup

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/store"
)

// A Segment is every commit from one revision to another.
type Segment struct {
	Set     string         `json:"set"`
	First   store.Revision `json:"first"`
	Last    store.Revision `json:"last"`
	Prev    blob.Hash      `json:"prev"` // of the segment before, or zero where a chain begins
	From    time.Time      `json:"from"` // when its first commit was seen
	To      time.Time      `json:"to"`   // and its last
	Commits int            `json:"commits"`
	Blobs   []blob.Hash    `json:"blobs,omitempty"`   // that its rows name
	Missing []blob.Hash    `json:"missing,omitempty"` // of which the server did not have these
}

// A place is where a segment lies in the history, as its name tells.
type place struct {
	first, last store.Revision
	to          time.Time
	name        string
}

func (s Segment) name() string {
	return fmt.Sprintf("segments/%020d-%020d-%d", s.First, s.Last, s.To.UnixMicro())
}

func placeOf(name string) (place, bool) {
	p := place{name: name}
	var to int64
	_, err := fmt.Sscanf(name, "segments/%d-%d-%d", &p.first, &p.last, &to)
	p.to = time.UnixMicro(to).UTC()
	return p, err == nil && p.first <= p.last && Segment{First: p.first, Last: p.last, To: p.to}.name() == name
}

// places lists where the set's segments lie, in the order of the history. A name that is none is an error.
func (s *Set) places(ctx context.Context) ([]place, error) {
	objects, err := s.names(ctx, "segments/")
	if err != nil {
		return nil, err
	}
	out := make([]place, len(objects))
	for i, o := range objects {
		p, ok := placeOf(o.Name)
		if !ok {
			return nil, refused(o.Name)
		}
		out[i] = p
	}
	return out, nil
}

// putSegment writes a segment and returns its hash.
func (s *Set) putSegment(ctx context.Context, g Segment, commits []commit) (blob.Hash, error) {
	text, err := json.Marshal(g)
	if err != nil {
		return blob.Hash{}, err
	}
	w := newWriter()
	for _, c := range commits {
		w.commit(c)
	}
	hash, _, err := s.put(ctx, g.name(), append(append(text, '\n'), w.close()...))
	return hash, err
}

// segment reads the segment at a place, of which it yields every commit.
func (s *Set) segment(ctx context.Context, at place, each func(commit) error) (Segment, blob.Hash, error) {
	var g Segment
	plain, hash, err := s.get(ctx, at.name)
	if err != nil {
		return g, hash, err
	}
	text, packed, _ := bytes.Cut(plain, []byte("\n"))
	if json.Unmarshal(text, &g) != nil || g.Set != s.ID || g.name() != at.name {
		return g, hash, refused(at.name)
	}
	err = readAll(packed, func(r *reader) error {
		c, err := r.commit()
		if err == nil && (c.Revision < g.First || c.Revision > g.Last || c.At.After(g.To)) {
			err = errGarbled
		}
		if err == nil {
			err = each(c)
		}
		return err
	})
	if errors.Is(err, errGarbled) {
		err = refused(at.name)
	}
	return g, hash, err
}

// readAll reads a packed object to its end, one thing at a time.
func readAll(packed []byte, one func(*reader) error) error {
	r, err := newReader(packed)
	if err != nil {
		return errGarbled
	}
	defer r.close()
	for !r.end() {
		if err := one(r); err != nil {
			return err
		}
	}
	if _, err := r.in.ReadByte(); err == nil {
		return errGarbled
	}
	return nil
}

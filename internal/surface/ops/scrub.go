package ops

import (
	"net/http"
	"time"

	"hexhub/internal/kernel/scrub"
)

// A Scrub is what operators are told of one store of blobs: the disk of a node, or the bucket. Its numbers are of
// the round that is under way, or else of the last.
type Scrub struct {
	Store   string     `json:"store"` // id of the node, or "bucket"
	Name    string     `json:"name"`  // of the node, or "bucket"
	State   string     `json:"state"` // new (never read), whole, reading, or asked (about to be read)
	Read    int        `json:"read"`  // blobs
	Bytes   int64      `json:"bytes"`
	Corrupt int        `json:"corrupt"`
	Healed  int        `json:"healed"` // of the corrupt ones
	Missing int        `json:"missing"`
	Unread  int        `json:"unread"` // reading them failed
	Began   *time.Time `json:"began_at,omitempty"`
	Whole   *time.Time `json:"whole_at,omitempty"` // when all had been read last
	Lost    []LostBlob `json:"lost"`               // no good copy of them was found; the first 200
	Problem string     `json:"problem,omitempty"`  // why it does not get on
}

// A LostBlob is a blob of which no good copy was found.
type LostBlob struct {
	Blob  string    `json:"blob"`
	What  string    `json:"what"` // is in it
	Why   string    `json:"why"`  // corrupt or missing
	Since time.Time `json:"since"`
}

func scrubOf(s scrub.State) Scrub {
	out := Scrub{Store: s.Store, Name: s.Node, State: "new", Lost: []LostBlob{}, Problem: s.Problem}
	if s.Store == scrub.Bucket {
		out.Name = s.Store
	}
	if s.Last != nil {
		out.State, out.Whole = "whole", &s.Last.Ended
		out.count(s.Last)
	}
	if s.Now != nil {
		out.State = "reading"
		out.count(s.Now)
	}
	if s.Asked {
		out.State = "asked"
	}
	for _, l := range s.Lost {
		out.Lost = append(out.Lost, LostBlob{l.Blob.String(), l.What, l.Why, l.Since})
	}
	return out
}

func (s *Scrub) count(r *scrub.Round) {
	s.Read, s.Bytes, s.Corrupt, s.Healed, s.Missing, s.Unread, s.Began = r.Read, r.Bytes, r.Corrupt, r.Healed, r.Missing, r.Unread, &r.Began
}

// scrubs tells of the scrubs of all stores.
func (o *Ops) scrubs(*http.Request) (any, error) {
	out := []Scrub{}
	for _, s := range scrub.States(o.DB.View()) {
		out = append(out, scrubOf(s))
	}
	return out, nil
}

// scrubNow asks all stores to be read from the beginning.
func (o *Ops) scrubNow(r *http.Request) (any, error) {
	if err := o.Operator.Scrub(r.Context(), actor(r).By()); err != nil {
		return nil, err
	}
	return o.scrubs(r)
}

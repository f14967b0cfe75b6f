package replica

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"time"

	"hexhub/internal/kernel/blob"
)

// givenUp is after how many rounds in a row a peer that does not answer holds nothing any more, as far as others see
// to it.
const givenUp = 2

// Fill fetches what this node is to hold of the named blobs and lacks, one after the other, and returns how many it
// got and how many it could not get. A node is to hold a blob if it is among the first Copies of all nodes that answer,
// in an order that is the blob's own; so a blob whose node is gone finds another, and a node that is new gets its
// share. One that is drained is to hold nothing, and others fetch from it what they are to hold instead. It is called
// again and again.
func (s *Store) Fill(ctx context.Context, names iter.Seq[blob.Hash]) (got, missing int, err error) {
	if s.o.Drained() {
		s.stats.missing.Store(0)
		return 0, 0, ctx.Err()
	}
	holders := []string{s.o.Self}
	for _, p := range s.o.Peers() {
		if !p.Drained && s.counts(ctx, p) {
			holders = append(holders, p.ID)
		}
	}
	var lacking []blob.Hash
	for h := range names {
		if err := ctx.Err(); err != nil {
			return 0, 0, err
		}
		if s.mine(h, holders) && s.lacks(ctx, h) {
			lacking = append(lacking, h)
		}
	}
	s.stats.missing.Store(int64(len(lacking)))
	for _, h := range lacking {
		if err := ctx.Err(); err != nil {
			return got, missing, err
		}
		if s.lacks(ctx, h) { // nobody has asked for it meanwhile
			if s.o.Full() || s.fetch(ctx, h) != nil {
				missing++
				continue
			}
			got++
			s.stats.fetched.Add(1)
		}
		s.stats.missing.Add(-1)
	}
	return got, missing, ctx.Err()
}

// lacks reports whether a blob is not here. One that cannot be read is: the scrub finds it.
func (s *Store) lacks(ctx context.Context, h blob.Hash) bool {
	_, err := s.Store.Stat(ctx, h)
	return errors.Is(err, blob.ErrNotFound)
}

// mine reports whether this node is among those that hold the blob.
func (s *Store) mine(h blob.Hash, holders []string) bool {
	if len(holders) <= s.o.Copies {
		return true
	}
	own, before := weigh(h, s.o.Self), 0
	for _, id := range holders {
		if w := weigh(h, id); bytes.Compare(w[:], own[:]) > 0 {
			before++
		}
	}
	return before < s.o.Copies
}

// counts reports whether a peer counts as a holder: it answers, or did a moment ago.
func (s *Store) counts(ctx context.Context, p Peer) bool {
	ctx, cancel := context.WithTimeout(ctx, impatience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, "https://"+p.Address+"/blob/", nil)
	if err == nil {
		var resp *http.Response
		if resp, err = p.HTTP.Do(req); err == nil {
			resp.Body.Close()
			s.silent.Delete(p.ID)
			return true
		}
	}
	rounds := 1
	if before, ok := s.silent.Load(p.ID); ok {
		rounds += before.(int)
	}
	s.silent.Store(p.ID, rounds)
	return rounds < givenUp
}

// Sole counts the named blobs that only these nodes have, this one perhaps among them: what would be lost with them.
// What nobody has is not counted if all of them can be asked. It fails if one of the others does not answer.
func (s *Store) Sole(ctx context.Context, nodes []string, names iter.Seq[blob.Hash]) (int, error) {
	safe, theirs, told := map[blob.Hash]bool{}, map[blob.Hash]bool{}, true
	for _, p := range s.o.Peers() {
		of := safe
		if slices.Contains(nodes, p.ID) {
			of = theirs
		}
		err := s.list(ctx, p, func(h blob.Hash) { of[h] = true })
		if err != nil && slices.Contains(nodes, p.ID) {
			told = false
			continue
		}
		if err != nil {
			return 0, err
		}
	}
	own := safe
	if slices.Contains(nodes, s.o.Self) {
		own = theirs
	}
	sole := 0
	for h := range names {
		if _, err := s.Store.Stat(ctx, h); err == nil {
			own[h] = true
		}
		if !safe[h] && (theirs[h] || !told) {
			sole++
		}
	}
	return sole, ctx.Err()
}

// list tells of all blobs that a peer has.
func (s *Store) list(ctx context.Context, p Peer, each func(blob.Hash)) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+p.Address+"/blob/", nil)
	if err != nil {
		return err
	}
	resp, err := p.HTTP.Do(req)
	if err != nil {
		return s.blame(ctx, p, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return s.blame(ctx, p, statusError(resp))
	}
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		text, _, _ := bytes.Cut(lines.Bytes(), []byte(" "))
		h, err := blob.Parse(string(text))
		if err != nil {
			return fmt.Errorf("read the list of node %s: %w", p.Name, err)
		}
		each(h)
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read the list of node %s: %w", p.Name, err)
	}
	return nil
}

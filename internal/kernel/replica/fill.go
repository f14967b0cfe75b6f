package replica

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"time"

	"hexhub/internal/kernel/blob"
)

// givenUp is after how many rounds in a row a peer that does not answer holds nothing any more, as far as others see
// to it.
const givenUp = 2

// Fill fetches what this node is to hold of the named blobs and lacks, one after the other, and returns how many it
// got and how many it could not get. A node is to hold a blob if it is among the first Copies of all nodes that answer,
// in an order that is the blob's own; so a blob whose node is gone finds another, and a node that is new gets its
// share. It is called again and again.
func (s *Store) Fill(ctx context.Context, names iter.Seq[blob.Hash]) (got, missing int, err error) {
	holders := []string{s.o.Self}
	for _, p := range s.o.Peers() {
		if s.counts(ctx, p) {
			holders = append(holders, p.ID)
		}
	}
	for h := range names {
		if err := ctx.Err(); err != nil {
			return got, missing, err
		}
		if !s.mine(h, holders) {
			continue
		}
		_, err := s.Store.Stat(ctx, h)
		if !errors.Is(err, blob.ErrNotFound) {
			continue // here, or unreadable, which the scrub finds
		}
		if s.o.Full() || s.fetch(ctx, h) != nil {
			missing++
			continue
		}
		got++
		s.stats.fetched.Add(1)
	}
	s.stats.missing.Store(int64(missing))
	return got, missing, ctx.Err()
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

// Sole counts the named blobs that only the node has, which may be this one. It asks all others, and fails if one
// does not answer.
func (s *Store) Sole(ctx context.Context, node string, names iter.Seq[blob.Hash]) (int, error) {
	have := map[blob.Hash]bool{}
	for _, p := range s.o.Peers() {
		if p.ID == node {
			continue
		}
		if err := s.list(ctx, p, func(h blob.Hash) { have[h] = true }); err != nil {
			return 0, err
		}
	}
	sole := 0
	for h := range names {
		if have[h] {
			continue
		}
		if node != s.o.Self {
			if _, err := s.Store.Stat(ctx, h); err == nil {
				continue
			}
		}
		sole++
	}
	return sole, nil
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

package live

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"sync"

	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
)

// A topic is a page that somebody looks at.
type topic struct {
	key    [sha256.Size]byte
	render func(context.Context) Picture
	cancel context.CancelFunc

	readers int // guarded by Streams.mu

	mu     sync.Mutex    // guards all below
	now    *state        // nil before the page was made
	rights *store.Sight  // with which it was made last
	made   chan struct{} // closed when it was made again
}

func newTopic(key [sha256.Size]byte, render func(context.Context) Picture) *topic {
	return &topic{key: key, render: render, made: make(chan struct{})}
}

// A state is what readers are sent. It does not change, but for later, which is closed.
type state struct {
	number  int // of the topic's states
	pieces  []Piece
	err     error         // why there is no page any more
	later   chan struct{} // closed when there is another state
	changes []byte        // from the state with the number before
}

// over reports whether no other state follows.
func (s *state) over() bool { return s.err != nil || len(s.pieces) == 0 }

// show tells readers of the page as it is now, if they see a difference.
func (t *topic) show(p Picture) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rights = p.Rights
	close(t.made)
	t.made = make(chan struct{})
	old := t.now
	if old != nil && p.Err == nil && slices.Equal(old.pieces, p.Pieces) {
		return
	}
	t.now = &state{pieces: p.Pieces, err: p.Err, later: make(chan struct{})}
	if old != nil {
		t.now.number, t.now.changes = old.number+1, t.now.since(old)
		close(old.later)
	}
}

// fresh returns the page, made with rights that stand.
func (t *topic) fresh(ctx, stopped context.Context) (*state, error) {
	for {
		t.mu.Lock()
		now, rights, made := t.now, t.rights, t.made
		t.mu.Unlock()
		if now != nil && (now.over() || !rights.Stale()) {
			return now, nil
		}
		select {
		case <-made:
		case <-stopped.Done():
			return nil, refuse(fault.Unavailable, "this node stops")
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for the page: %w", ctx.Err())
		}
	}
}

func (t *topic) last() *state {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.now
}

// since returns the events that make of an earlier state this one.
func (s *state) since(old *state) []byte {
	var b bytes.Buffer
	for _, p := range s.pieces {
		if old == nil || !slices.Contains(old.pieces, p) {
			p.write(&b)
		}
	}
	return b.Bytes()
}

// write writes the piece as an event: its id, then what is in it.
func (p Piece) write(b *bytes.Buffer) {
	b.WriteString("event: piece\ndata: ")
	b.WriteString(p.ID)
	for line := range strings.SplitSeq(newlines.Replace(p.HTML), "\n") {
		b.WriteString("\ndata: ")
		b.WriteString(line)
	}
	b.WriteString("\n\n")
}

var newlines = strings.NewReplacer("\r\n", "\n", "\r", "\n")

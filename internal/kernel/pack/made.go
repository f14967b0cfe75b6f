package pack

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/line"
)

// Made is a pack that is on no shelf yet. It takes room on the disk until it is kept or closed.
type Made struct {
	shelf *Shelf
	temp  string // name of its file; empty once it is kept or closed
	size  int64
}

// Make makes a pack of what fill adds, whatever is on the shelf, and puts it nowhere: whoever made it may find that he
// does not want it. That takes as long whether or not the shelf has such a pack. Those who only read do not wait for it.
func (s *Shelf) Make(ctx context.Context, fill func(context.Context, *Writer) error) (*Made, error) {
	leave, err := enter(ctx, s.makers)
	if err != nil {
		return nil, err
	}
	defer leave()
	return s.make(ctx, fill)
}

const (
	atOnce = 2  // packs that are made in a line, so that unpacking never takes all of a machine
	inLine = 50 // that wait to be
)

// enter waits for one's turn to make a pack.
func enter(ctx context.Context, l *line.Line) (leave func(), err error) {
	leave, err = l.Enter(ctx)
	switch {
	case errors.Is(err, line.ErrFull):
		f := fault.Wrap(fault.Unavailable, err, "This node has much to unpack just now.")
		f.RetryAfter = 5 * time.Second
		return nil, f
	case err != nil:
		return nil, fmt.Errorf("wait to make a pack: %w", err)
	}
	return leave, nil
}

// make makes a pack, of which nothing is left if that fails.
func (s *Shelf) make(ctx context.Context, fill func(context.Context, *Writer) error) (*Made, error) {
	m := &Made{shelf: s, temp: "making-" + rand.Text()}
	f, err := s.root.OpenFile(m.temp, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("make pack: %w", noRoom(err))
	}
	m.size, err = write(ctx, f, s.Bytes, fill)
	if err = errors.Join(err, f.Close()); err != nil {
		m.Close()
		return nil, fmt.Errorf("make pack: %w", noRoom(err))
	}
	return m, nil
}

// Keep puts the pack on the shelf by that key, as the one asked for last. One that is there already stays.
func (m *Made) Keep(key string) error {
	if err := checkKey(key); err != nil {
		return err
	}
	s := m.shelf
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.items[key]; e != nil {
		s.order.MoveToFront(e)
		m.Close()
		return nil
	}
	if err := s.root.Rename(m.temp, key+suffix); err != nil {
		return fmt.Errorf("keep pack %s: %w", key, err)
	}
	m.temp = ""
	s.put(&item{key: key, size: m.size})
	s.shrink(s.Bytes)
	return nil
}

// Close forgets the pack, unless it is kept. It may be called again.
func (m *Made) Close() {
	if m.temp != "" {
		_ = m.shelf.root.Remove(m.temp) // what cannot be removed now is found at the next start
	}
	m.temp = ""
}

// write makes a pack of what fill adds. The bytes are synced, for a name of a file that has none would outlast a power cut.
func write(ctx context.Context, f *os.File, most int64, fill func(context.Context, *Writer) error) (int64, error) {
	w, err := newWriter(f, most)
	if err != nil {
		return 0, err
	}
	if err := fill(ctx, w); err != nil {
		return 0, err
	}
	if err := errors.Join(w.finish(), f.Sync()); err != nil {
		return 0, err
	}
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// noRoom says what to do about a disk that is full, or a shelf that is small.
func noRoom(err error) error {
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fault.Wrap(fault.Unavailable, err, "The disk of this node is full, so that nothing can be unpacked on it. Another node may answer; its operator makes room.")
	case errors.Is(err, ErrTooLarge):
		return fault.Wrap(fault.Unavailable, err, "Unpacked, this is larger than all that this node may keep unpacked. Another node may answer; its operator raises unpacked.size.")
	}
	return err
}

package diff

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"

	"hexhub/internal/kernel/pack"
)

// sides are both texts of a file, cut into lines whose numbers mean the same on both.
type sides struct {
	old, new text
	kinds    int
}

// read reads both sides of a file; nil if one of them is no text.
func read(before, after *pack.Pack, f File, squeezed bool) (*sides, error) {
	a, err := body(before, f.Old())
	if err != nil {
		return nil, err
	}
	b, err := body(after, f.New())
	if err != nil {
		return nil, err
	}
	if !isText(a) || !isText(b) {
		return nil, nil //nolint:nilnil // as documented
	}
	n := newNames(squeezed)
	s := &sides{old: n.cut(a), new: n.cut(b)}
	s.kinds = len(n.ids)
	return s, nil
}

// body reads a file of at most MaxText; nothing for one that is not there.
func body(p *pack.Pack, path string) ([]byte, error) {
	f, ok := p.Find(path)
	if !ok {
		return nil, nil
	}
	return p.Read(f, MaxText)
}

// same reports whether two files hold the same bytes. It never relies on a checksum that somebody could forge.
func (c *comparer) same(f, g pack.File) (bool, error) {
	if f.Size != g.Size {
		return false, nil
	}
	if f.Gzip == g.Gzip && f.Stored == g.Stored {
		a, err := c.old.Stored(f)
		if err != nil {
			return false, err
		}
		b, err := c.new.Stored(g)
		if err != nil || bytes.Equal(a, b) {
			return err == nil, err
		}
	}
	a, err := c.old.Open(f)
	if err != nil {
		return false, err
	}
	b, err := c.new.Open(g)
	if err != nil {
		return false, err
	}
	return equal(a, b)
}

// equal reads two files up to where they differ.
func equal(a, b io.Reader) (bool, error) {
	var x, y [32 << 10]byte
	for {
		n, err := io.ReadFull(a, x[:])
		m, other := io.ReadFull(b, y[:])
		switch {
		case err != nil && !ended(err):
			return false, err
		case other != nil && !ended(other):
			return false, other
		case !bytes.Equal(x[:n], y[:m]):
			return false, nil
		case n < len(x):
			return true, nil
		}
	}
}

func ended(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }

// sum is the checksum of a file.
func sum(p *pack.Pack, f pack.File) (s [sha256.Size]byte, err error) {
	r, err := p.Open(f)
	if err != nil {
		return s, err
	}
	h := sha256.New()
	if _, err := io.Copy(h, r); err != nil {
		return s, err
	}
	return [sha256.Size]byte(h.Sum(nil)), nil
}

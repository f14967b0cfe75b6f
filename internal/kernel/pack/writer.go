package pack

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"strings"

	"github.com/klauspost/compress/gzip"
)

// A Writer makes a pack. It is for one goroutine.
type Writer struct {
	w     io.Writer
	at    int64
	files []File
	most  int64 // bytes that it may grow to

	head  []byte       // of the member that is added
	small bytes.Buffer // it, compressed, if that is all of it
	fast  *gzip.Writer // tells whether a member shrinks; like the next one it is used again, for making it takes a megabyte
	best  *gzip.Writer
}

// ErrTooLarge is what a Writer returns for a pack that would not fit on its shelf.
var ErrTooLarge = errors.New("pack is too large")

func newWriter(to io.Writer, most int64) (*Writer, error) {
	w := &Writer{w: to, most: most, head: make([]byte, sample), best: gzip.NewWriter(io.Discard)}
	var err error
	if w.fast, err = gzip.NewWriterLevel(io.Discard, gzip.BestSpeed); err != nil {
		return nil, err
	}
	n, err := io.WriteString(to, magic)
	w.at = int64(n)
	return w, err
}

// sample is how much of a member tells whether compressing it is worth while.
const sample = 64 << 10

// Add appends a member, of which no other has the path. All of r is read.
func (w *Writer) Add(path string, r io.Reader) error {
	n, err := io.ReadFull(r, w.head)
	head, f := w.head[:n], File{Path: path, At: w.at, Size: int64(n)}
	sum := crc32.New(castagnoli)
	stored := &counter{w: io.MultiWriter(w.w, sum), most: w.most - w.at}
	switch {
	case err == nil:
		err = w.long(&f, stored, head, r)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		err = w.short(&f, stored, head)
	}
	if err != nil {
		return fmt.Errorf("pack %s: %w", path, err)
	}
	f.Stored, f.Check = stored.n, sum.Sum32()
	w.at += f.Stored
	w.files = append(w.files, f)
	return nil
}

// short writes a member of which all is at hand.
func (w *Writer) short(f *File, to io.Writer, body []byte) error {
	w.small.Reset()
	w.best.Reset(&w.small)
	if err := compress(w.best, body); err != nil {
		return err
	}
	if f.Gzip = shrunk(int64(w.small.Len()), len(body)); f.Gzip {
		body = w.small.Bytes()
	}
	_, err := to.Write(body)
	return err
}

// long writes a member of which the beginning is at hand.
func (w *Writer) long(f *File, to io.Writer, head []byte, rest io.Reader) error {
	n := counter{w: io.Discard, most: 2 * sample}
	w.fast.Reset(&n)
	if err := compress(w.fast, head); err != nil {
		return err
	}
	end := func() error { return nil }
	if f.Gzip = shrunk(n.n, len(head)); f.Gzip {
		w.best.Reset(to)
		to, end = w.best, w.best.Close
	}
	var err error
	if f.Size, err = io.Copy(to, io.MultiReader(bytes.NewReader(head), rest)); err != nil {
		return err
	}
	return end()
}

func compress(z *gzip.Writer, body []byte) error {
	if _, err := z.Write(body); err != nil {
		return err
	}
	return z.Close()
}

// shrunk reports whether something became smaller by a tenth or more, and is worth the while.
func shrunk(to int64, from int) bool { return from >= 128 && to*10 <= int64(from)*9 }

// finish writes the list of members.
func (w *Writer) finish() error {
	slices.SortFunc(w.files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	var list bytes.Buffer
	z := gzip.NewWriter(&list)
	if err := errors.Join(json.NewEncoder(z).Encode(w.files), z.Close()); err != nil {
		return err
	}
	end := binary.BigEndian.AppendUint64(nil, uint64(w.at)) //nolint:gosec // G115: a file has no negative place
	end = binary.BigEndian.AppendUint32(end, crc32.Checksum(list.Bytes(), castagnoli))
	_, err := w.w.Write(append(append(list.Bytes(), end...), magic...))
	return err
}

type counter struct {
	w       io.Writer
	n, most int64
}

func (c *counter) Write(b []byte) (int, error) {
	if c.n+int64(len(b)) > c.most {
		return 0, ErrTooLarge
	}
	n, err := c.w.Write(b)
	c.n += int64(n)
	return n, err
}

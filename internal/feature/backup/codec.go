package backup

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"hexhub/internal/kernel/store"
)

// A commit is what one revision changed, and when that was seen.
type commit struct {
	Revision store.Revision
	At       time.Time
	Changes  []store.Change
}

// A writer writes compressed fields.
type writer struct {
	out  bytes.Buffer
	zip  *zstd.Encoder
	size int // bytes before compression
}

func newWriter() *writer {
	w := new(writer)
	w.zip, _ = zstd.NewWriter(&w.out, zstd.WithEncoderConcurrency(1)) // fails for wrong options only
	return w
}

// Writes to a buffer do not fail, nor does compression into one.

func (w *writer) number(n int64) {
	b := binary.AppendVarint(nil, n)
	w.size += len(b)
	_, _ = w.zip.Write(b)
}

func (w *writer) bytes(b []byte) {
	w.number(int64(len(b)))
	w.size += len(b)
	_, _ = w.zip.Write(b)
}

func (w *writer) record(r store.Record) {
	w.bytes([]byte(r.Key))
	w.bytes(r.Value)
}

func (w *writer) commit(c commit) {
	w.number(int64(c.Revision))
	w.number(c.At.UnixMicro())
	w.number(int64(len(c.Changes)))
	for _, x := range c.Changes {
		w.bytes([]byte(x.Key))
		if x.Deleted {
			w.number(-1)
			continue
		}
		w.bytes(x.Value)
	}
}

func (w *writer) close() []byte {
	_ = w.zip.Close()
	return w.out.Bytes()
}

var errGarbled = errors.New("what it holds cannot be understood")

// maxInflate bounds what a compressed object may become.
const maxInflate = 256 << 20

// A reader reads what a writer wrote.
type reader struct {
	in  *bufio.Reader
	zip *zstd.Decoder
}

func newReader(packed []byte) (*reader, error) {
	zip, err := zstd.NewReader(bytes.NewReader(packed), zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxInflate))
	if err != nil {
		return nil, err
	}
	return &reader{bufio.NewReader(io.LimitReader(zip, maxInflate)), zip}, nil
}

func (r *reader) close() { r.zip.Close() }

// end reports whether nothing is left.
func (r *reader) end() bool {
	_, err := r.in.Peek(1)
	return err == io.EOF
}

func (r *reader) number() (int64, error) {
	n, err := binary.ReadVarint(r.in)
	if err != nil {
		return 0, errGarbled
	}
	return n, nil
}

func (r *reader) bytes(size int64) ([]byte, error) {
	if size < 0 || size > 2*store.MaxValue {
		return nil, errGarbled
	}
	b := make([]byte, size)
	if _, err := io.ReadFull(r.in, b); err != nil {
		return nil, errGarbled
	}
	return b, nil
}

func (r *reader) field() ([]byte, error) {
	size, err := r.number()
	if err != nil {
		return nil, err
	}
	return r.bytes(size)
}

func (r *reader) record() (rec store.Record, err error) {
	key, err := r.field()
	if err != nil {
		return rec, err
	}
	rec.Key = string(key)
	rec.Value, err = r.field()
	return rec, err
}

func (r *reader) commit() (c commit, err error) {
	revision, err1 := r.number()
	at, err2 := r.number()
	count, err3 := r.number()
	if errors.Join(err1, err2, err3) != nil || count < 0 || count > 1<<20 {
		return c, errGarbled
	}
	c.Revision, c.At = store.Revision(revision), time.UnixMicro(at).UTC()
	for range count {
		x, err := r.change()
		if err != nil {
			return c, err
		}
		x.Revision = c.Revision
		c.Changes = append(c.Changes, x)
	}
	return c, nil
}

func (r *reader) change() (x store.Change, err error) {
	key, err := r.field()
	if err != nil {
		return x, err
	}
	x.Key = string(key)
	size, err := r.number()
	if err != nil || size == -1 {
		x.Deleted = err == nil
		return x, err
	}
	x.Value, err = r.bytes(size)
	return x, err
}

// tableOf is the table that a key belongs to, which is its first segment; of a claim or a fence, the table
// whose index it serves.
func tableOf(key string) string {
	table, path, _ := strings.Cut(key, "/")
	if table == "claim" || table == "fence" {
		index, _, _ := strings.Cut(path, "/")
		table, _, _ = strings.Cut(index, ".")
	}
	return table
}

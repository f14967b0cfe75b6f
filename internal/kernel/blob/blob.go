// Package blob keeps bytes under their SHA-256.
//
// It knows hashes, sizes and when a blob was last put; it does not know what the bytes are, who
// refers to them or when they may go. That decision belongs to a sweeper above, which asks with
// [Store.Walk] and acts with [Store.Delete].
//
// A blob is there whole or not at all, and Put returns only when its bytes would survive a power
// cut. Bytes that are read whole are checked against their name. DESIGN.md beside this file argues
// why that holds on a disk.
package blob

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"hexhub/internal/kernel/fault"
)

// Hash is the SHA-256 of a blob's bytes, and its only name.
type Hash [sha256.Size]byte

// String returns h as 64 lower-case hexadecimal digits.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// MarshalText implements encoding.TextMarshaler; rows and URLs carry this form.
func (h Hash) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, h[:]), nil }

// UnmarshalText implements encoding.TextUnmarshaler. It takes what Parse takes.
func (h *Hash) UnmarshalText(text []byte) error {
	p, err := Parse(string(text))
	if err != nil {
		return err
	}
	*h = p
	return nil
}

// Parse reads a hash written by String. Upper-case digits are refused, so that a blob has one
// spelling only.
func Parse(s string) (Hash, error) {
	var h Hash
	if len(s) != hex.EncodedLen(len(h)) {
		return Hash{}, fmt.Errorf("a blob hash has %d digits, not %d", hex.EncodedLen(len(h)), len(s))
	}
	if _, err := hex.Decode(h[:], []byte(s)); err != nil || h.String() != s {
		return Hash{}, errors.New("a blob hash has lower-case hexadecimal digits only")
	}
	return h, nil
}

// ErrNotFound is returned for a blob that is not in this store. It has no public kind: a row that
// names a missing blob is our fault, not the client's, and a peer may still have it.
var ErrNotFound = errors.New("blob not found")

// ErrCorrupt is returned when stored bytes no longer match their hash. A Put of the right bytes heals.
var ErrCorrupt = errors.New("blob is corrupt")

// Info describes a stored blob.
type Info struct {
	Hash     Hash
	Size     int64     // bytes
	Modified time.Time // when it was last put; putting equal bytes again renews it
}

// A Reader reads one blob and fits http.ServeContent. It is for one goroutine, but ReadAt may be
// called from many.
//
// Reading from the start to the end without a Seek elsewhere checks the bytes: the Read that would
// deliver the last of them returns ErrCorrupt instead if they do not match the hash, so that no
// corrupt blob is ever delivered complete. Ranges and ReadAt are not checked.
type Reader interface {
	io.ReadSeekCloser
	io.ReaderAt
	Size() int64
}

// A Store keeps blobs. All methods may be called concurrently.
type Store interface {
	// Put stores all of r, or the bytes of a *Spooled of this store without copying them. It
	// returns once they are durable; after an error they may be gone, or be there whole, but are
	// not promised. Equal bytes are kept once, and putting them again renews Info.Modified and
	// heals a corrupt copy.
	Put(ctx context.Context, r io.Reader) (Hash, int64, error)

	// Spool reads all of r into a temporary place of this store, so that the bytes can be examined
	// before they are put. More than max bytes are a fault.TooLarge. The caller closes what it gets.
	Spool(ctx context.Context, r io.Reader, max int64) (*Spooled, error)

	// Open returns a reader of the blob, which the caller closes. A reader outlives a Delete.
	Open(ctx context.Context, h Hash) (Reader, error)

	Stat(ctx context.Context, h Hash) (Info, error)

	// Check reads the whole blob and returns ErrCorrupt if it does not match its hash.
	Check(ctx context.Context, h Hash) error

	// Delete removes the blob if it was last put before the given time, and reports whether it
	// did. The comparison and the removal are one step, so that a sweep which found the blob old
	// and unreferenced cannot remove it from under somebody who puts it again.
	Delete(ctx context.Context, h Hash, before time.Time) (bool, error)

	// Walk yields every blob in the order of hashes. Blobs put or deleted meanwhile may be missed
	// or seen. An error ends it.
	Walk(ctx context.Context) iter.Seq2[Info, error]
}

// copyHashed copies r to w, and returns the hash and size of what it copied. It stops at the first
// byte over max and between reads when ctx ends.
func copyHashed(ctx context.Context, w io.Writer, r io.Reader, max int64) (h Hash, size int64, err error) {
	sum := sha256.New()
	buf := make([]byte, 64<<10)
	for err == nil {
		if err := ctx.Err(); err != nil {
			return Hash{}, 0, fmt.Errorf("copy blob: %w", err)
		}
		var n int
		n, err = r.Read(buf)
		if size += int64(n); size > max {
			return Hash{}, 0, fault.New(fault.TooLarge, "this is larger than the %d bytes allowed here", max)
		}
		sum.Write(buf[:n])
		if _, err := w.Write(buf[:n]); err != nil {
			return Hash{}, 0, fmt.Errorf("write blob: %w", err)
		}
	}
	if err != io.EOF {
		return Hash{}, 0, fmt.Errorf("read what is to be stored: %w", err)
	}
	sum.Sum(h[:0])
	return h, size, nil
}

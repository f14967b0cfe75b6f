package blob

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
)

// verifier is a Reader that hashes what it delivers for as long as that is one run from the start.
type verifier struct {
	source
	want Hash
	size int64
	good func() // called once the whole blob has matched

	pos    int64
	hashed int64 // bytes fed to sum; a run from the start is whole so far if it equals pos
	sum    hash.Hash
}

// source is where a verifier reads from.
type source interface {
	io.ReaderAt
	io.Closer
}

// NewReader returns a Reader of the size bytes of src that should have the hash want. Closing it
// closes src. It is for stores in packages of their own.
func NewReader(src interface {
	io.ReaderAt
	io.Closer
}, want Hash, size int64,
) Reader {
	return verify(src, want, size, func() {})
}

func verify(src source, want Hash, size int64, good func()) *verifier {
	return &verifier{source: src, want: want, size: size, good: good, sum: sha256.New()}
}

// Size implements Reader.
func (v *verifier) Size() int64 { return v.size }

// Read implements io.Reader; see Reader for what it checks.
func (v *verifier) Read(p []byte) (int, error) {
	rest := v.size - v.pos
	if rest <= 0 {
		return 0, v.finish(0)
	}
	n, err := v.ReadAt(p[:min(int64(len(p)), rest)], v.pos)
	if n == 0 {
		if err == io.EOF { // shorter than it was when opened
			err = v.corrupt()
		}
		return 0, err
	}
	if v.hashed == v.pos {
		v.sum.Write(p[:n])
		v.hashed += int64(n)
	}
	if v.pos+int64(n) == v.size {
		if err := v.finish(n); err != io.EOF {
			return 0, err
		}
	}
	v.pos += int64(n)
	return n, nil
}

// finish returns io.EOF, or ErrCorrupt if all bytes were hashed and do not match. last is how many
// of them are yet to be delivered; with none, only an empty blob has anything left to check.
func (v *verifier) finish(last int) error {
	if v.hashed != v.size || (last == 0 && v.size > 0) {
		return io.EOF
	}
	if Hash(v.sum.Sum(nil)) != v.want {
		return v.corrupt()
	}
	v.good()
	return io.EOF
}

func (v *verifier) corrupt() error {
	return fmt.Errorf("blob %s: %w", v.want, ErrCorrupt)
}

// Seek implements io.Seeker. Going back to the start begins the check anew.
func (v *verifier) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += v.pos
	case io.SeekEnd:
		offset += v.size
	}
	if offset < 0 || whence < io.SeekStart || whence > io.SeekEnd {
		return 0, errors.New("blob: seek to nowhere")
	}
	if offset == 0 {
		v.sum.Reset()
		v.hashed = 0
	}
	v.pos = offset
	return offset, nil
}

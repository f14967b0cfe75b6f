package backup

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// The sealed form of an object is a header, which is the magic and a salt, and then chunks of plaintext, each
// under AES-256-GCM. The key is made from the backup's key, the salt, and the object's name in its set. The
// nonce is the chunk's number, and whether it is the last: no chunk can be dropped, moved or repeated, no
// object cut short or passed off as another. It is the construction of STREAM (Hoang et al., 2015).
const (
	magic     = "HexHub-backup/1\n"
	saltSize  = 32
	chunkSize = 64 << 10
	tagSize   = 16
)

// ErrRefused is returned for an object that is not what the backup's key, or its hashes, say it must be.
var ErrRefused = errors.New("altered, cut short, or of another backup or key")

func refused(name string) error { return fmt.Errorf("backup object %s: %w", name, ErrRefused) }

// sealedSize is how many bytes size bytes become.
func sealedSize(size int64) int64 {
	chunks := max(1, (size+chunkSize-1)/chunkSize)
	return int64(len(magic)) + saltSize + size + chunks*tagSize
}

// chunks counts the chunks of one object.
type chunks struct {
	aead  cipher.AEAD
	count uint64
}

func (k *Key) chunks(salt []byte, name string) *chunks {
	block, err := aes.NewCipher(k.derive(salt, name))
	if err != nil {
		panic(err) // only for key lengths that 32 is not
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err) // only for ciphers that are not AES
	}
	return &chunks{aead: aead}
}

// nonce is that of the next chunk.
func (c *chunks) nonce(last bool) []byte {
	var n [12]byte
	binary.BigEndian.PutUint64(n[3:], c.count)
	if last {
		n[11] = 1
	}
	c.count++
	return n[:]
}

// A sealing reads plaintext and is read as the sealed object.
type sealing struct {
	*chunks
	from  io.Reader
	plain []byte // what was read ahead: a full chunk is sealed once it is known whether it is the last
	out   bytes.Buffer
	done  bool
}

func (k *Key) seal(name string, r io.Reader) io.Reader {
	salt := make([]byte, saltSize)
	rand.Read(salt) // never fails
	s := &sealing{chunks: k.chunks(salt, name), from: r}
	s.out.WriteString(magic)
	s.out.Write(salt)
	return s
}

// Read implements io.Reader.
func (s *sealing) Read(p []byte) (int, error) {
	for s.out.Len() == 0 {
		if s.done {
			return 0, io.EOF
		}
		if err := s.next(); err != nil {
			return 0, err
		}
	}
	return s.out.Read(p)
}

func (s *sealing) next() error {
	buf := make([]byte, chunkSize+1)
	n := copy(buf, s.plain)
	m, err := io.ReadFull(s.from, buf[n:])
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return err
	}
	n += m
	s.done = n <= chunkSize
	chunk := buf[:min(n, chunkSize)]
	s.plain = buf[len(chunk):n]
	s.out.Write(s.aead.Seal(nil, s.nonce(s.done), chunk, nil))
	return nil
}

// An opening reads a sealed object and is read as its plaintext. Nothing of a chunk is delivered before it is
// known to be right, and the end only after the last one.
type opening struct {
	*chunks
	key   *Key
	name  string
	from  io.Reader
	ahead []byte
	plain []byte
	done  bool
}

func (k *Key) open(name string, r io.Reader) io.Reader { return &opening{key: k, name: name, from: r} }

// Read implements io.Reader.
func (o *opening) Read(p []byte) (int, error) {
	for len(o.plain) == 0 {
		if o.done {
			return 0, io.EOF
		}
		if err := o.next(); err != nil {
			return 0, err
		}
	}
	n := copy(p, o.plain)
	o.plain = o.plain[n:]
	return n, nil
}

func (o *opening) next() error {
	if o.chunks == nil {
		head := make([]byte, len(magic)+saltSize)
		if _, err := io.ReadFull(o.from, head); err != nil || string(head[:len(magic)]) != magic {
			return o.refuse(err)
		}
		o.chunks = o.key.chunks(head[len(magic):], o.name)
	}
	buf := make([]byte, chunkSize+tagSize+1)
	n := copy(buf, o.ahead)
	m, err := io.ReadFull(o.from, buf[n:])
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return err
	}
	n += m
	o.done = n <= chunkSize+tagSize
	chunk := buf[:min(n, chunkSize+tagSize)]
	o.ahead = buf[len(chunk):n]
	nonce := o.nonce(o.done)
	if o.plain, err = o.aead.Open(nil, nonce, chunk, nil); err != nil || o.done && len(o.plain) == 0 && o.count > 1 {
		o.plain = nil
		return refused(o.name)
	}
	return nil
}

// refuse keeps what went wrong with the way to the object apart from what is wrong with the object.
func (o *opening) refuse(err error) error {
	if err == nil || err == io.EOF || err == io.ErrUnexpectedEOF {
		return refused(o.name)
	}
	return err
}

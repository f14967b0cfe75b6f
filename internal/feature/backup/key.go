package backup

import (
	"bytes"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"os"
	"runtime"

	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/fault"
)

// A Key encrypts and authenticates a backup. Printing it shows nothing.
type Key struct{ secret []byte }

// minKey is how many bytes a key file has at least: 24 random ones, or their text.
const minKey = 24

// NewKey makes a key of a secret. Whoever has the secret can read and forge the backup.
func NewKey(secret []byte) *Key { return &Key{bytes.Clone(secret)} }

// ReadKey reads a key file: any bytes, without the line breaks at their end. A file that others than its
// owner may read, or that is too short, is refused with a fault that says what to do.
func ReadKey(path string) (*Key, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read backup.key-file: %w", err)
	}
	if p := info.Mode().Perm(); p&0o077 != 0 && runtime.GOOS != "windows" {
		return nil, fault.New(fault.Invalid, "the backup key %s is open to other users of this machine (mode %04o): run `chmod 600 %s`", path, p, path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read backup.key-file: %w", err)
	}
	text = bytes.TrimRight(text, "\r\n")
	if len(text) < minKey {
		return nil, fault.New(fault.Invalid, "the backup key %s has %d bytes, and %d are the least: make one with `openssl rand -base64 32 > %s`", path, len(text), minKey, path)
	}
	return NewKey(text), nil
}

// String hides the key.
func (*Key) String() string { return "[backup key]" }

// GoString hides the key.
func (*Key) GoString() string { return "[backup key]" }

// derive makes a key of 32 bytes for one use.
func (k *Key) derive(salt []byte, use string) []byte {
	key, err := hkdf.Key(sha256.New, k.secret, salt, "hexhub/backup/1/"+use, 32)
	if err != nil {
		panic(err) // only for lengths that 32 is not
	}
	return key
}

// blobName names a blob's object. Under a key it tells nobody which blob it is.
func (s *Set) blobName(h blob.Hash) string {
	id := h
	if s.key != nil {
		m := hmac.New(sha256.New, s.key.derive(nil, s.ID+"/blob-names"))
		m.Write(h[:])
		m.Sum(id[:0])
	}
	text := id.String()
	return "blobs/" + text[:2] + "/" + text
}

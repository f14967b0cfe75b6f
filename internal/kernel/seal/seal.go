// Package seal keeps the one secret that all nodes of a server share, and makes others from it.
//
// It knows a master key in a file, keys derived from it by label, and bytes sealed under a label; it
// does not know what the keys sign, which rows hold sealed bytes, or how the master key
// travels to a joining node. Whoever loses the file loses what was sealed.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
)

// KeySize is the length of the master key and of derived keys, in bytes.
const KeySize = 32

// version is the first byte of everything sealed: AES-256-GCM with a random nonce, the key and the
// additional data made from the label.
const version = 1

// ErrUnseal is returned when sealed bytes cannot be opened: they were altered, or sealed with another
// master key or under another label. Which of these it was cannot be told.
var ErrUnseal = errors.New("cannot be unsealed: altered, or sealed by a server with another secret key")

// A Sealer holds the master key. It is immutable and safe for concurrent use, and printing it does
// not show the key.
type Sealer struct {
	master Secret
}

// Master returns a copy of the master key, for one purpose: handing it to a joining node, which
// gives it to Install.
func (s *Sealer) Master() []byte { return []byte(s.master.Reveal()) }

// Derive returns a key of KeySize bytes that only servers with this master key can make: by
// HKDF-SHA256 (RFC 5869), equal for equal labels, unrelated for different ones.
func (s *Sealer) Derive(label string) []byte { return s.derive("derive", label) }

func (s *Sealer) derive(use, label string) []byte {
	key, err := hkdf.Key(sha256.New, s.Master(), nil, "hexhub/"+use+"/"+label, KeySize)
	if err != nil {
		panic(err) // only for lengths that KeySize is not
	}
	return key
}

// Seal encrypts plaintext under label, which is authenticated with it but not contained. The same
// plaintext never seals to the same bytes. The result is 29 bytes longer.
func (s *Sealer) Seal(label string, plaintext []byte) []byte {
	return s.aead(label).Seal([]byte{version}, nil, plaintext, header(label))
}

// Unseal returns what was sealed under label, or an error that wraps ErrUnseal.
func (s *Sealer) Unseal(label string, sealed []byte) ([]byte, error) {
	if len(sealed) == 0 {
		return nil, fmt.Errorf("unseal nothing as %s: %w", label, ErrUnseal)
	}
	if v := sealed[0]; v != version {
		return nil, fmt.Errorf("unseal %s: it is in version %d and this server reads version %d: %w", label, v, version, ErrUnseal)
	}
	plaintext, err := s.aead(label).Open(nil, nil, sealed[1:], header(label))
	if err != nil {
		return nil, fmt.Errorf("unseal %s: %w", label, ErrUnseal)
	}
	return plaintext, nil
}

// aead has a key for each label, so that the number of messages under one key stays far from 2³²,
// where random nonces begin to repeat.
func (s *Sealer) aead(label string) cipher.AEAD {
	block, err := aes.NewCipher(s.derive("seal", label))
	if err != nil {
		panic(err) // only for key lengths that KeySize is not
	}
	a, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err) // only for ciphers that are not AES
	}
	return a
}

func header(label string) []byte { return append([]byte{version}, label...) }

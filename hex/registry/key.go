package registry

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
)

// Clients check signatures with RSA keys between these sizes, in bits; Gleam
// accepts no others.
const (
	minKeyBits = 2048
	maxKeyBits = 8192
)

// A Signer holds a repository's private key and makes signed files with it. It
// signs only payloads that it has built itself. It is safe for concurrent use.
type Signer struct {
	key *rsa.PrivateKey
}

// GenerateKey makes a new 2048-bit RSA key.
func GenerateKey() (*Signer, error) {
	key, err := rsa.GenerateKey(rand.Reader, minKeyBits)
	if err != nil {
		return nil, fmt.Errorf("generate registry key: %w", err)
	}
	return &Signer{key: key}, nil
}

// ParseKey reads a private key from text that holds exactly one PEM entry, in
// PKCS#8 ("PRIVATE KEY") or PKCS#1 ("RSA PRIVATE KEY").
func ParseKey(text []byte) (*Signer, error) {
	block, err := onlyBlock(text)
	if err != nil {
		return nil, fmt.Errorf("parse private key: %w", err)
	}
	var parsed any
	switch block.Type {
	case "PRIVATE KEY":
		parsed, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case "RSA PRIVATE KEY":
		parsed, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	default:
		err = fmt.Errorf("PEM entry is %q, want \"PRIVATE KEY\" or \"RSA PRIVATE KEY\"", block.Type)
	}
	if err != nil {
		return nil, fmt.Errorf("parse private key: %w", err)
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, errors.New("parse private key: not an RSA key")
	}
	if err := checkSize(&key.PublicKey); err != nil {
		return nil, fmt.Errorf("parse private key: %w", err)
	}
	return &Signer{key: key}, nil
}

// PrivatePEM returns the private key as PKCS#8, for [ParseKey] to read back.
func (s *Signer) PrivatePEM() ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(s.key)
	if err != nil {
		return nil, fmt.Errorf("encode private key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

// Public returns the public half, which clients check the files with.
func (s *Signer) Public() *PublicKey {
	return &PublicKey{key: &s.key.PublicKey}
}

// A PublicKey checks the files of one repository, ours or another. It is safe
// for concurrent use.
type PublicKey struct {
	key *rsa.PublicKey
}

// ParsePublicKey reads a public key from text that holds exactly one PEM entry,
// in SPKI ("PUBLIC KEY", as hex.pm publishes it) or PKCS#1 ("RSA PUBLIC KEY", as
// mix hex.registry build writes it).
func ParsePublicKey(text []byte) (*PublicKey, error) {
	block, err := onlyBlock(text)
	if err != nil {
		return nil, fmt.Errorf("parse public key: %w", err)
	}
	var parsed any
	switch block.Type {
	case "PUBLIC KEY":
		parsed, err = x509.ParsePKIXPublicKey(block.Bytes)
	case "RSA PUBLIC KEY":
		parsed, err = x509.ParsePKCS1PublicKey(block.Bytes)
	default:
		err = fmt.Errorf("PEM entry is %q, want \"PUBLIC KEY\" or \"RSA PUBLIC KEY\"", block.Type)
	}
	if err != nil {
		return nil, fmt.Errorf("parse public key: %w", err)
	}
	key, ok := parsed.(*rsa.PublicKey)
	if !ok {
		return nil, errors.New("parse public key: not an RSA key")
	}
	if err := checkSize(key); err != nil {
		return nil, fmt.Errorf("parse public key: %w", err)
	}
	return &PublicKey{key: key}, nil
}

// PEM returns the key as a single SPKI entry, the one form that every client
// reads.
func (k *PublicKey) PEM() ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(k.key)
	if err != nil {
		return nil, fmt.Errorf("encode public key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), nil
}

// Fingerprint returns what ssh-keygen -lf shows for the key and what mix
// hex.repo add --fetch-public-key takes: "SHA256:" and the unpadded base64 of
// the SHA-256 of the key in SSH's wire form (RFC 4253 §6.6).
func (k *PublicKey) Fingerprint() string {
	wire := sshString(nil, []byte("ssh-rsa"))
	wire = sshString(wire, sshInt(big.NewInt(int64(k.key.E))))
	wire = sshString(wire, sshInt(k.key.N))
	sum := sha256.Sum256(wire)
	return "SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:])
}

// sshString appends b to wire, preceded by its length (RFC 4251 §5).
func sshString(wire, b []byte) []byte {
	wire = binary.BigEndian.AppendUint32(wire, uint32(len(b)))
	return append(wire, b...)
}

// sshInt returns a positive n in two's complement: a first byte above 0x7f
// would make it negative, so a zero goes before it (RFC 4251 §5).
func sshInt(n *big.Int) []byte {
	return n.FillBytes(make([]byte, n.BitLen()/8+1))
}

func onlyBlock(text []byte) (*pem.Block, error) {
	block, rest := pem.Decode(text)
	if block == nil {
		return nil, errors.New("no PEM entry found")
	}
	if more, _ := pem.Decode(rest); more != nil {
		return nil, errors.New("more than one PEM entry; keep only the key")
	}
	return block, nil
}

func checkSize(key *rsa.PublicKey) error {
	if n := key.N.BitLen(); n < minKeyBits || n > maxKeyBits {
		return fmt.Errorf("RSA key has %d bits, clients accept %d to %d", n, minKeyBits, maxKeyBits)
	}
	return nil
}

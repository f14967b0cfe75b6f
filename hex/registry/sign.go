package registry

import (
	"bytes"
	"compress/gzip"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"sync"

	"google.golang.org/protobuf/proto"

	"hexhub/hex/registry/registrypb"
)

// A File is a signed file, ready to be served.
type File struct {
	// Body is what clients download: one gzip member. It is a file that is
	// compressed, not a compressed transfer: never send Content-Encoding with it.
	Body []byte
	// ETag is a strong, quoted entity tag. It is made from the payload and the
	// signature, so every node that derives the same file names it alike.
	ETag string
}

// Names signs the list of packages. It fails if the list is not one that can be
// written: a name missing or given twice, or text that is not UTF-8.
func (s *Signer) Names(n Names) (File, error) {
	m, err := encodeNames(n)
	if err != nil {
		return File{}, fmt.Errorf("encode names of %q: %w", n.Repository, err)
	}
	return s.seal(m)
}

// Versions signs the list of versions; it fails as [Signer.Names] does.
func (s *Signer) Versions(v Versions) (File, error) {
	m, err := encodeVersions(v)
	if err != nil {
		return File{}, fmt.Errorf("encode versions of %q: %w", v.Repository, err)
	}
	return s.seal(m)
}

// Package signs the releases of one package. It fails if there are none, if a
// checksum is missing, if an advisory is named that is not given, or if a
// reason, severity or score is out of range.
func (s *Signer) Package(p Package) (File, error) {
	m, err := encodePackage(p)
	if err != nil {
		return File{}, fmt.Errorf("encode package %q of %q: %w", p.Name, p.Repository, err)
	}
	return s.seal(m)
}

// Policy signs a policy. It fails if a name is missing or an enumerated value
// is out of range.
func (s *Signer) Policy(p Policy) (File, error) {
	m, err := encodePolicy(p)
	if err != nil {
		return File{}, fmt.Errorf("encode policy %q of %q: %w", p.Name, p.Repository, err)
	}
	return s.seal(m)
}

// seal signs the encoding of m: RSA PKCS #1 v1.5 over its SHA-512. That scheme
// has no randomness, so equal payloads make equal files.
func (s *Signer) seal(m proto.Message) (File, error) {
	payload, err := proto.Marshal(m)
	if err != nil {
		return File{}, fmt.Errorf("encode payload: %w", err)
	}
	sum := sha512.Sum512(payload)
	signature, err := rsa.SignPKCS1v15(nil, s.key, crypto.SHA512, sum[:])
	if err != nil {
		return File{}, fmt.Errorf("sign: %w", err)
	}
	signed, err := proto.Marshal(&registrypb.Signed{Payload: payload, Signature: signature})
	if err != nil {
		return File{}, fmt.Errorf("encode envelope: %w", err)
	}
	body, err := compress(signed)
	if err != nil {
		return File{}, err
	}
	return File{Body: body, ETag: entityTag(signed)}, nil
}

// compress returns b as one gzip member without name or time.
func compress(b []byte) ([]byte, error) {
	pool := &writers
	if len(b) > large {
		pool = &fastWriters
	}
	w := pool.Get().(*gzip.Writer)
	defer pool.Put(w)
	var out bytes.Buffer
	w.Reset(&out)
	if _, err := w.Write(b); err != nil {
		return nil, fmt.Errorf("compress: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("compress: %w", err)
	}
	return out.Bytes(), nil
}

// A file that is larger than this, in bytes, is compressed fast: the versions of 20,000 packages take a
// tenth of the time then, and a quarter more room, and are written again at every publish.
const large = 256 << 10

// writers and fastWriters keep compressors for reuse: one weighs 800 kB, a file two.
var (
	writers     = sync.Pool{New: func() any { return gzip.NewWriter(nil) }}
	fastWriters = sync.Pool{New: func() any {
		w, _ := gzip.NewWriterLevel(nil, 2) // fails only for levels that there are not
		return w
	}}
)

func entityTag(signed []byte) string {
	sum := sha256.Sum256(signed)
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:]) + `"`
}

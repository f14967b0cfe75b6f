package registry

import (
	"bytes"
	"compress/gzip"
	"crypto"
	"crypto/rsa"
	"crypto/sha512"
	"errors"
	"fmt"
	"io"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"hexhub/hex/registry/registrypb"
)

// MaxSize is how large a file may be once unpacked, in bytes. The versions of
// 20,000 packages take up about 2 MB.
const MaxSize = 256 << 20

var (
	// ErrBadSignature means that a file is not signed by the key it was checked
	// with. Clients say bad_signature.
	ErrBadSignature = errors.New("signature does not match the repository's public key")
	// ErrBadRepoName means that a file is rightly signed but about another
	// repository, package or policy than was asked for. Clients say
	// bad_repo_name.
	ErrBadRepoName = errors.New("file is about another repository or name than was asked for")
)

// ReadNames opens the list of packages of repository.
func ReadNames(key *PublicKey, file []byte, repository string) (Names, error) {
	m := new(registrypb.Names)
	if err := read(key, file, m); err != nil {
		return Names{}, fmt.Errorf("read names of %q: %w", repository, err)
	}
	if m.GetRepository() != repository || claimsPackage(m) {
		return Names{}, fmt.Errorf("read names of %q: %w", repository, ErrBadRepoName)
	}
	n, err := decodeNames(m)
	if err != nil {
		return Names{}, fmt.Errorf("read names of %q: %w", repository, err)
	}
	return n, nil
}

// ReadVersions opens the list of versions of repository.
func ReadVersions(key *PublicKey, file []byte, repository string) (Versions, error) {
	m := new(registrypb.Versions)
	if err := read(key, file, m); err != nil {
		return Versions{}, fmt.Errorf("read versions of %q: %w", repository, err)
	}
	if m.GetRepository() != repository || claimsPackage(m) {
		return Versions{}, fmt.Errorf("read versions of %q: %w", repository, ErrBadRepoName)
	}
	v, err := decodeVersions(m)
	if err != nil {
		return Versions{}, fmt.Errorf("read versions of %q: %w", repository, err)
	}
	return v, nil
}

// ReadPackage opens the releases of the package name of repository. Releases
// and dependencies come in the order of the file.
func ReadPackage(key *PublicKey, file []byte, repository, name string) (Package, error) {
	m := new(registrypb.Package)
	if err := read(key, file, m); err != nil {
		return Package{}, fmt.Errorf("read package %q of %q: %w", name, repository, err)
	}
	if m.GetRepository() != repository || m.GetName() != name {
		return Package{}, fmt.Errorf("read package %q of %q: %w", name, repository, ErrBadRepoName)
	}
	p, err := decodePackage(m)
	if err != nil {
		return Package{}, fmt.Errorf("read package %q of %q: %w", name, repository, err)
	}
	return p, nil
}

// ReadPolicy opens the policy name of repository.
func ReadPolicy(key *PublicKey, file []byte, repository, name string) (Policy, error) {
	m := new(registrypb.Policy)
	if err := read(key, file, m); err != nil {
		return Policy{}, fmt.Errorf("read policy %q of %q: %w", name, repository, err)
	}
	if m.GetRepository() != repository || m.GetName() != name {
		return Policy{}, fmt.Errorf("read policy %q of %q: %w", name, repository, ErrBadRepoName)
	}
	return decodePolicy(m), nil
}

// Open returns the payload of a file of any kind, once its signature holds. The
// payload may be about anything that the key's owner ever signed; the Read
// functions check that too. A file that unpacks to more than [MaxSize] bytes is
// refused.
func Open(key *PublicKey, file []byte) ([]byte, error) {
	signed, err := decompress(file, MaxSize)
	if err != nil {
		return nil, err
	}
	m := new(registrypb.Signed)
	if err := proto.Unmarshal(signed, m); err != nil {
		return nil, fmt.Errorf("decode envelope: %w", err)
	}
	sum := sha512.Sum512(m.GetPayload())
	if rsa.VerifyPKCS1v15(key.key, crypto.SHA512, sum[:], m.GetSignature()) != nil {
		return nil, ErrBadSignature
	}
	return m.GetPayload(), nil
}

func read(key *PublicKey, file []byte, m proto.Message) error {
	payload, err := Open(key, file)
	if err != nil {
		return err
	}
	if err := proto.Unmarshal(payload, m); err != nil {
		return fmt.Errorf("decode payload: %w", err)
	}
	return nil
}

// claimsPackage reports whether m, read as names or versions, is really a
// package. Nothing in a payload says of which kind it is, and all are signed
// with the same key: the file of a package called "acme" reads as the names of
// the repository "acme", with versions for names, and hex_core takes it for that.
// Only the field that holds a package's repository gives it away.
func claimsPackage(m proto.Message) bool {
	const packageRepository = 3
	for rest := m.ProtoReflect().GetUnknown(); len(rest) > 0; {
		number, _, n := protowire.ConsumeField(rest)
		if n < 0 || number == packageRepository {
			return true
		}
		rest = rest[n:]
	}
	return false
}

// decompress unpacks the single gzip member that file must be.
func decompress(file []byte, limit int64) ([]byte, error) {
	source := bytes.NewReader(file)
	member, err := gzip.NewReader(source)
	if err != nil {
		return nil, fmt.Errorf("decompress: %w", err)
	}
	member.Multistream(false)
	out, err := io.ReadAll(io.LimitReader(member, limit+1))
	if err != nil {
		return nil, fmt.Errorf("decompress: %w", err)
	}
	if int64(len(out)) > limit {
		return nil, fmt.Errorf("decompress: more than %d bytes", limit)
	}
	if source.Len() > 0 {
		return nil, fmt.Errorf("decompress: %d bytes after the end", source.Len())
	}
	return out, nil
}

// Package tarball reads and writes Hex package tarballs, format version 3.
//
// A tarball is an uncompressed tar archive of four members: VERSION, CHECKSUM,
// metadata.config (Erlang terms) and contents.tar.gz (the files of the package).
// The reader is made for strangers' bytes: it streams once, in bounded memory, never
// writes to disk, never follows a link, and accepts only what mix, rebar3 and gleam
// produce and all of them read alike. What two readers could understand differently
// (a member twice, bytes after the end, PAX overrides, base-256 sizes, a second gzip
// member) is refused, because a scanner and a client would then see two packages.
//
// The package knows archives, checksums and the shape of metadata. It refuses to know
// where tarballs are stored, who may publish, and what metadata means: whether a name
// is free, a licence exists or a requirement can be met is the catalog's business.
package tarball

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"slices"
)

// Limits of what the reader accepts. The first three are those of Hex clients, which
// refuse larger packages themselves; the others bound what a small archive may cost.
const (
	MaxSize     = 16 << 20  // bytes of a tarball, and of a compressed docs tarball
	MaxUnpacked = 128 << 20 // bytes of contents.tar.gz (or docs) after decompression
	MaxMetadata = 1 << 20   // bytes of metadata.config

	MaxEntries   = 20_000  // files, links and directories, also directories only implied by a path
	MaxPath      = 4096    // bytes of one path, and of the PAX or GNU record that holds it
	MaxComponent = 255     // bytes of one name between slashes
	MaxLink      = 1024    // bytes of a symbolic link's target
	MaxPaths     = 4 << 20 // bytes of all paths and link targets together

	MaxRatio  = 100     // decompressed : compressed, enforced beyond RatioFrom
	RatioFrom = 8 << 20 // decompressed bytes up to which any ratio is fine
)

// A Sum is a SHA-256 checksum. Its text form is lower-case hexadecimal.
type Sum [sha256.Size]byte

// String returns the sum in lower-case hexadecimal.
func (s Sum) String() string { return hex.EncodeToString(s[:]) }

// MarshalText implements encoding.TextMarshaler.
func (s Sum) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText accepts 64 hexadecimal digits of either case.
func (s *Sum) UnmarshalText(text []byte) error {
	if len(text) != 2*len(s) {
		return fmt.Errorf("a SHA-256 checksum has %d hexadecimal digits, not %d", 2*len(s), len(text))
	}
	_, err := hex.Decode(s[:], text)
	return err
}

// A File is one entry of a package's contents.
type File struct {
	Path string      // slash-separated, relative to the package root, without trailing slash
	Size int64       // bytes; 0 for directories and links
	Mode fs.FileMode // type bits, and 0644 or 0755; what else the archive claims is dropped
	Link string      // target of a symbolic link, as written

	// Dated tells that the archive says when the file was written or packed. mix and rebar3 give all files one time, so that
	// whoever packs the same ones gets the same bytes.
	Dated bool
}

// Sums are the two checksums of a tarball.
type Sums struct {
	Inner Sum // of VERSION, metadata.config and contents.tar.gz; in CHECKSUM and the signed index
	Outer Sum // of the whole file; in lock files and the signed index
}

// A Tarball is what Open learned about a package tarball.
type Tarball struct {
	Sums
	Metadata Metadata
	Files    []File // in archive order
	Unpacked int64  // bytes of the decompressed contents archive
	Warnings []string
}

// Open checks the whole tarball of the given size and describes it. It reads f from
// beginning to end, keeps nothing of the files' contents in memory, and does not retain f.
//
// A tarball that is not acceptable yields an *Error; acceptable archives whose metadata
// has the wrong shape yield FieldErrors. Any other error comes from reading f.
func Open(f io.ReaderAt, size int64) (*Tarball, error) {
	p, err := readPackage(f, size)
	if err != nil {
		return nil, err
	}
	t := &Tarball{}
	if t.Sums, err = p.sums(); err != nil {
		return nil, err
	}
	c, err := p.contents()
	if err != nil {
		return nil, err
	}
	t.Files, t.Unpacked = c.files, c.unpacked
	if t.Metadata, err = parseMetadata(p.metadata); err != nil {
		return nil, err
	}
	missing, err := compareFiles(t.Metadata.Files, t.Files)
	if err != nil {
		return nil, err
	}
	t.Warnings = slices.Concat(c.warnings, missing)
	return t, nil
}

// ReadMetadata reads only the outer archive and its metadata: enough to learn which
// package an upload claims to be, cheap enough to do before authorization. It verifies
// neither checksums nor contents. Errors are those of Open.
func ReadMetadata(f io.ReaderAt, size int64) (Metadata, error) {
	p, err := readPackage(f, size)
	if err != nil {
		return Metadata{}, err
	}
	return parseMetadata(p.metadata)
}

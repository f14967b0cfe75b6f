package tarball

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// The members of a package tarball, in the order in which mix and rebar3 write them.
var members = []string{"VERSION", "CHECKSUM", "metadata.config", "contents.tar.gz"}

const (
	versionMember = iota
	checksumMember
	metadataMember
	contentsMember
)

// limits of the members' sizes, by index in members.
var limits = []int64{32, 128, MaxMetadata, MaxSize}

// A span is where a member's bytes lie in the file.
type span struct{ at, size int64 }

// A pack is an outer archive whose structure and version have been checked.
type pack struct {
	f        io.ReaderAt
	size     int64
	spans    [4]span
	checksum []byte // the text of CHECKSUM
	metadata []byte // the text of metadata.config
}

// readPackage reads the outer archive. Each member must be there exactly once, as a plain
// regular file, and nothing else; the end must be marked and followed by zeros only.
func readPackage(f io.ReaderAt, size int64) (*pack, error) {
	if size > MaxSize {
		return nil, refuse(TooBig, "tarball error, package exceeds max compressed size %d bytes", MaxSize)
	}
	p := &pack{f: f, size: size}
	end, err := p.readMembers()
	if err != nil {
		return nil, in("tarball error, ", err)
	}
	if err := p.checkEnd(end); err != nil {
		return nil, in("tarball error, ", err)
	}
	if err := p.checkMissing(); err != nil {
		return nil, err
	}
	for i, s := range p.spans {
		if s.size > limits[i] {
			return nil, refuse(TooBig, "file too big: %s", members[i])
		}
	}
	return p, p.readSmall()
}

// readMembers notes where the members lie and returns the offset of the end mark.
func (p *pack) readMembers() (int64, error) {
	var b block
	for at := int64(0); ; {
		if err := p.read(b[:], at); err != nil {
			return 0, err
		}
		if b == zeroBlock {
			return at, nil
		}
		h, err := parseHeader(&b)
		if err != nil {
			return 0, err
		}
		s := span{at + blockSize, h.size}
		if err := p.add(h, s); err != nil {
			return 0, err
		}
		at = s.at + padded(s.size)
		if at > p.size {
			return 0, refuse(Truncated, "unexpected end of file")
		}
		pad := b[:at-s.at-s.size]
		if err := p.read(pad, s.at+s.size); err != nil {
			return 0, err
		}
		if !zero(pad) {
			return 0, refuse(TrailingData, "%s: data after the end of the member", h.name)
		}
	}
}

// add takes in one member.
func (p *pack) add(h header, s span) error {
	switch h.kind {
	case kindFile, kindOldFile:
	case kindPAX, kindLongName, kindLongLink, 'g':
		return refuse(BadHeader, "%q: PAX and GNU extensions are not allowed here", h.name)
	default:
		return refuse(BadKind, "%q is not a regular file", h.name)
	}
	i := slices.Index(members, h.name)
	if i < 0 {
		return refuse(Unexpected, "unexpected file %q, only %s belong in a package",
			h.name, strings.Join(members, ", "))
	}
	if p.spans[i].at != 0 {
		return refuse(Duplicate, "%s occurs twice", h.name)
	}
	if h.link != "" {
		return refuse(BadHeader, "%s: a link target for an entry that is no link", h.name)
	}
	p.spans[i] = s
	return nil
}

// checkEnd wants two zero blocks at the given offset and nothing but zeros after them.
func (p *pack) checkEnd(at int64) error {
	if at+2*blockSize > p.size {
		return refuse(Truncated, "unexpected end of file, the end-of-archive mark is missing")
	}
	buf := make([]byte, 32<<10)
	for at < p.size {
		part := buf[:min(int64(len(buf)), p.size-at)]
		if err := p.read(part, at); err != nil {
			return err
		}
		if !zero(part) {
			return refuse(TrailingData, "data after the end of the archive")
		}
		at += int64(len(part))
	}
	return nil
}

func (p *pack) checkMissing() error {
	var missing []string
	for i, s := range p.spans {
		if s.at == 0 {
			missing = append(missing, fmt.Sprintf("%q", members[i]))
		}
	}
	if missing != nil {
		return refuse(MissingFiles, "missing files: [%s]", strings.Join(missing, ","))
	}
	return nil
}

// readSmall reads all members but the contents, and checks the version.
func (p *pack) readSmall() error {
	version, err := p.member(versionMember)
	if err != nil {
		return err
	}
	if string(version) != "3" {
		return refuse(BadVersion, "unsupported version: <<%q>>", version)
	}
	if p.checksum, err = p.member(checksumMember); err != nil {
		return err
	}
	p.metadata, err = p.member(metadataMember)
	return err
}

func (p *pack) member(i int) ([]byte, error) {
	b := make([]byte, p.spans[i].size)
	return b, p.read(b, p.spans[i].at)
}

// read fills b from the given offset. What lies beyond the end is the archive's fault, a
// failing reader is not.
func (p *pack) read(b []byte, at int64) error {
	if at+int64(len(b)) > p.size {
		return refuse(Truncated, "unexpected end of file")
	}
	if n, err := p.f.ReadAt(b, at); n < len(b) {
		return fmt.Errorf("read tarball: %w", err)
	}
	return nil
}

// sums computes both checksums and compares the inner one with CHECKSUM, which every
// client reads in either case.
func (p *pack) sums() (Sums, error) {
	want, err := hex.DecodeString(string(p.checksum))
	if err != nil || len(want) != sha256.Size {
		return Sums{}, refuse(BadChecksum, "tarball error, invalid_inner_checksum: CHECKSUM must be 64 hexadecimal digits")
	}
	inner, outer := sha256.New(), sha256.New()
	inner.Write([]byte("3"))
	inner.Write(p.metadata)
	c := p.spans[contentsMember]
	_, err1 := io.Copy(inner, io.NewSectionReader(p.f, c.at, c.size))
	_, err2 := io.Copy(outer, io.NewSectionReader(p.f, 0, p.size))
	if err := errors.Join(err1, err2); err != nil {
		return Sums{}, fmt.Errorf("read tarball: %w", err)
	}
	s := Sums{Inner: Sum(inner.Sum(nil)), Outer: Sum(outer.Sum(nil))}
	if s.Inner != Sum(want) {
		return Sums{}, refuse(BadChecksum, "tarball error, inner_checksum_mismatch: CHECKSUM says %X, the members have %X",
			want, s.Inner[:])
	}
	return s, nil
}

// contents checks contents.tar.gz.
func (p *pack) contents() (*contents, error) {
	s := p.spans[contentsMember]
	c, err := readContents(io.NewSectionReader(p.f, s.at, s.size), tree{}, nil)
	return c, in("inner tarball error, ", err)
}

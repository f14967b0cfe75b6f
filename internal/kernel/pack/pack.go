// Package pack keeps archives unpacked, each as one file from which any member is read by its path.
//
// It knows paths, sizes and how members are compressed; it does not know what an archive is, who may see it, or where it
// came from. A pack is there whole or not at all, and can be made again at any time: a [Shelf] is a cache, which forgets
// what was not asked for longest when it grows too large. No member ever becomes a file of its own, so no path of a
// stranger is ever a path of this machine.
package pack

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"strings"

	"github.com/klauspost/compress/gzip"
)

// A File is one member of a pack.
type File struct {
	Path   string // slash-separated, as it was added
	Size   int64  // bytes, unpacked
	Stored int64  // bytes, as they lie in the pack
	Gzip   bool   // whether those are a gzip stream
	At     int64  // where they begin
	Check  uint32 // CRC-32C of those
}

// The layout is the magic, the members one after another, the list of them as gzipped JSON, and the trailer: where the
// list begins, its CRC-32C, and the magic again.
const (
	magic   = "hexpack1"
	trailer = 8 + 4 + len(magic)
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// errDamaged is what a file says that is no pack, or not the one that was written.
var errDamaged = errors.New("pack is damaged")

// A Pack is an open pack. Its methods may be called concurrently until it is closed.
type Pack struct {
	r       io.ReaderAt
	files   []File // by path
	size    int64
	release func()
}

// open reads the list of a pack that takes size bytes.
func open(r io.ReaderAt, size int64) (*Pack, error) {
	end := make([]byte, trailer)
	if size < int64(len(magic)+trailer) {
		return nil, errDamaged
	}
	if _, err := r.ReadAt(end, size-int64(trailer)); err != nil {
		return nil, err
	}
	at := binary.BigEndian.Uint64(end)
	if string(end[12:]) != magic || at < uint64(len(magic)) || at > uint64(size)-uint64(trailer) { //nolint:gosec // G115: size is not negative
		return nil, errDamaged
	}
	list := make([]byte, size-int64(trailer)-int64(at))  //nolint:gosec // G115: less than size
	if _, err := r.ReadAt(list, int64(at)); err != nil { //nolint:gosec // G115: less than size
		return nil, err
	}
	if crc32.Checksum(list, castagnoli) != binary.BigEndian.Uint32(end[8:]) {
		return nil, errDamaged
	}
	z, err := gzip.NewReader(bytes.NewReader(list))
	if err != nil {
		return nil, errDamaged
	}
	p := &Pack{r: r, size: size}
	if err := json.NewDecoder(z).Decode(&p.files); err != nil {
		return nil, errDamaged
	}
	list64 := int64(at) //nolint:gosec // G115: less than size
	if slices.ContainsFunc(p.files, func(f File) bool { return !f.within(list64) }) {
		return nil, errDamaged
	}
	return p, nil
}

// within reports whether a member lies between the magic and the list, and has a size.
func (f File) within(list int64) bool {
	return f.Size >= 0 && f.At >= int64(len(magic)) && f.Stored >= 0 && f.Stored <= list && f.At <= list-f.Stored
}

// Files are all members, by path. Nobody changes them.
func (p *Pack) Files() []File { return p.files }

// Find returns the member of the path.
func (p *Pack) Find(path string) (File, bool) {
	i, ok := slices.BinarySearchFunc(p.files, path, func(f File, path string) int { return strings.Compare(f.Path, path) })
	if !ok {
		return File{}, false
	}
	return p.files[i], true
}

// Has reports whether a member lies below the folder, which is given without a trailing slash.
func (p *Pack) Has(folder string) bool {
	i, _ := slices.BinarySearchFunc(p.files, folder+"/", func(f File, path string) int { return strings.Compare(f.Path, path) })
	return i < len(p.files) && strings.HasPrefix(p.files[i].Path, folder+"/")
}

// Stored reads a member as it lies in the pack: a gzip stream if f.Gzip says so. The bytes are checked.
func (p *Pack) Stored(f File) ([]byte, error) {
	b := make([]byte, f.Stored)
	if _, err := p.r.ReadAt(b, f.At); err != nil {
		return nil, fmt.Errorf("read %s of a pack: %w", f.Path, err)
	}
	if crc32.Checksum(b, castagnoli) != f.Check {
		return nil, fmt.Errorf("read %s of a pack: %w", f.Path, errDamaged)
	}
	return b, nil
}

// Read reads the first bytes of a member, most of them; the whole if it has no more.
func (p *Pack) Read(f File, most int64) ([]byte, error) {
	r, err := p.Open(f)
	if err != nil {
		return nil, err
	}
	b := make([]byte, min(f.Size, most))
	if _, err := io.ReadFull(r, b); err != nil {
		return nil, fmt.Errorf("read %s of a pack: %w", f.Path, err)
	}
	return b, nil
}

// OpenStored reads a member from its beginning as it lies in the pack; see Open for how long.
func (p *Pack) OpenStored(f File) io.Reader {
	return &checked{r: io.NewSectionReader(p.r, f.At, f.Stored), left: f.Stored, want: f.Check}
}

// Section is a member as it lies in the pack, of which any part can be read until the pack is closed. All of it is checked
// before, and none of it held.
func (p *Pack) Section(f File) (*io.SectionReader, error) {
	if _, err := io.Copy(io.Discard, p.OpenStored(f)); err != nil {
		return nil, fmt.Errorf("read %s of a pack: %w", f.Path, err)
	}
	return io.NewSectionReader(p.r, f.At, f.Stored), nil
}

// Open reads a member from its beginning, unpacked. The reader needs no closing and is good until the pack is closed;
// only one that is read to its end has been checked.
func (p *Pack) Open(f File) (io.Reader, error) {
	stored := p.OpenStored(f)
	if !f.Gzip {
		return stored, nil
	}
	z, err := gzip.NewReader(stored)
	if err != nil {
		return nil, fmt.Errorf("read %s of a pack: %w", f.Path, err)
	}
	return z, nil
}

// A checked reader fails at the end of bytes that are not those that were written.
type checked struct {
	r    io.Reader
	sum  uint32
	left int64
	want uint32
}

func (c *checked) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.sum = crc32.Update(c.sum, castagnoli, b[:n])
	if c.left -= int64(n); c.left == 0 && n > 0 && c.sum != c.want {
		return 0, errDamaged
	}
	return n, err
}

// Close gives the pack back to its shelf.
func (p *Pack) Close() { p.release() }

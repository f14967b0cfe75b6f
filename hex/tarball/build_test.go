package tarball

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
	"sync"
	"testing"
)

// An entry is one member of a hand-made archive.
type entry struct {
	name, body, link string
	kind             byte // '0' if zero
	mode             int64
	size             string       // overrides the size field
	gnu              bool         // GNU instead of ustar header
	tweak            func(*block) // changes the header before its checksum is made
	badSum           bool
}

func (e entry) bytes() []byte {
	var b block
	copy(b[0:100], e.name)
	copy(b[100:108], fmt.Sprintf("%07o\x00", cmp.Or(e.mode, 0o644)))
	copy(b[124:136], cmp.Or(e.size, fmt.Sprintf("%011o", len(e.body))))
	copy(b[136:148], "00000000000")
	b[156] = cmp.Or(e.kind, '0')
	copy(b[157:257], e.link)
	if e.gnu {
		copy(b[257:265], "ustar  \x00")
	} else {
		copy(b[257:265], "ustar\x0000")
	}
	if e.tweak != nil {
		e.tweak(&b)
	}
	sum := headerSum(&b)
	if e.badSum {
		sum++
	}
	copy(b[148:156], fmt.Sprintf("%06o\x00 ", sum))
	padding := make([]byte, padded(int64(len(e.body)))-int64(len(e.body)))
	return slices.Concat(b[:], []byte(e.body), padding)
}

var eof = make([]byte, 2*blockSize)

// archive joins entries and marks the end.
func archive(entries ...entry) []byte {
	var out []byte
	for _, e := range entries {
		out = append(out, e.bytes()...)
	}
	return append(out, eof...)
}

func gzipped(data []byte) []byte {
	var b bytes.Buffer
	z := packers.Get().(*gzip.Writer)
	defer packers.Put(z)
	z.Reset(&b)
	z.Write(data)
	z.Close()
	return b.Bytes()
}

// packers are what gzipped packs with: each has nearly a megabyte.
var packers = sync.Pool{New: func() any { return gzip.NewWriter(nil) }}

// stored makes a gzip stream without the help of compress/gzip, with the given file name.
func stored(data []byte, name string) []byte {
	out := []byte{0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 255}
	out = append(append(out, name...), 0)
	out = append(out, 1, byte(len(data)), byte(len(data)>>8), ^byte(len(data)), ^byte(len(data)>>8))
	out = append(out, data...)
	out = binary.LittleEndian.AppendUint32(out, crc32.ChecksumIEEE(data))
	return binary.LittleEndian.AppendUint32(out, uint32(len(data)))
}

// A parcel is a package tarball in parts, any of which may be spoiled.
type parcel struct {
	version, checksum, metadata, contents *string
	order                                 []string
	gnu                                   bool
	more                                  []entry // further outer members
	outer                                 func([]entry) []entry
	tail                                  func([]byte) []byte // changes the finished bytes
}

const goodMetadata = `{<<"name">>,<<"demo">>}.
{<<"version">>,<<"1.0.0">>}.
{<<"app">>,<<"demo">>}.
{<<"build_tools">>,[<<"mix">>]}.
`

// listing makes metadata that lists the given files.
func listing(files ...string) string {
	quoted := make([]string, len(files))
	for i, f := range files {
		f = strings.ReplaceAll(f, `\`, `\\`)
		quoted[i] = `<<"` + strings.ReplaceAll(f, `"`, `\"`) + `"/utf8>>`
	}
	return goodMetadata + `{<<"files">>,[` + strings.Join(quoted, ",") + "]}.\n"
}

var goodContents = string(gzipped(archive(entry{name: "mix.exs", body: "# mix\n"})))

func (p parcel) bytes() []byte {
	version := deref(p.version, "3")
	metadata := deref(p.metadata, listing("mix.exs"))
	contents := deref(p.contents, goodContents)
	sum := sha256.Sum256([]byte(version + metadata + contents))
	members := []entry{
		{name: "VERSION", body: version, gnu: p.gnu},
		{name: "CHECKSUM", body: deref(p.checksum, fmt.Sprintf("%X", sum)), gnu: p.gnu},
		{name: "metadata.config", body: metadata, gnu: p.gnu},
		{name: "contents.tar.gz", body: contents, gnu: p.gnu},
	}
	if p.order != nil {
		slices.SortFunc(members, func(a, b entry) int {
			return slices.Index(p.order, a.name) - slices.Index(p.order, b.name)
		})
	}
	if p.outer != nil {
		members = p.outer(members)
	}
	out := archive(append(members, p.more...)...)
	if p.tail != nil {
		out = p.tail(out)
	}
	return out
}

func deref(s *string, fallback string) string {
	if s == nil {
		return fallback
	}
	return *s
}

// holding is a package with these contents, all listed.
func holding(entries ...entry) parcel {
	var names []string
	for _, e := range entries {
		names = append(names, e.name)
	}
	return raw(archive(entries...), names...)
}

// raw is a package around the given inner archive.
func raw(inner []byte, listed ...string) parcel {
	return parcel{contents: new(string(gzipped(inner))), metadata: new(listing(append(listed, "mix.exs")...))}
}

func (p parcel) open(t testing.TB) (*Tarball, error) {
	t.Helper()
	b := p.bytes()
	return Open(bytes.NewReader(b), int64(len(b)))
}

// record makes a PAX record.
func record(key, value string) string {
	n := len(key) + len(value) + 3
	for n != len(fmt.Sprintf("%d %s=%s\n", n, key, value)) {
		n++
	}
	return fmt.Sprintf("%d %s=%s\n", n, key, value)
}

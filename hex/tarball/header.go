package tarball

import (
	"bytes"
	"strconv"
	"strings"
)

const blockSize = 512

type block [blockSize]byte

var zeroBlock block

// Entry types of a tar header. Everything else is refused.
const (
	kindFile     = '0'
	kindOldFile  = 0
	kindLink     = '2'
	kindDir      = '5'
	kindPAX      = 'x' // attributes of the next entry
	kindLongName = 'L' // GNU: path of the next entry
	kindLongLink = 'K' // GNU: link target of the next entry
)

// A header is a tar header block, read strictly. It exists beside archive/tar because that
// package is lenient by design: it merges extensions and guesses formats silently, so its
// caller cannot tell that another reader would see something else.
type header struct {
	name string // with the ustar prefix
	link string
	mode int64
	size int64
	kind byte
	time int64 // seconds since 1970; -1 where it is too large to be octal
}

// parseHeader accepts POSIX ustar headers (mix, rebar3) and plain GNU headers (gleam). It
// refuses V7, star and sparse headers, signed checksums, base-256 sizes, and text after a NUL.
func parseHeader(b *block) (header, error) {
	sum, err := octal(b[148:156])
	if err != nil || sum != headerSum(b) {
		return header{}, refuse(BadHeader, "invalid header checksum")
	}
	prefix := ""
	switch string(b[257:265]) {
	case "ustar\x0000":
		if prefix, err = text(b[345:500]); err != nil {
			return header{}, err
		}
		if !zero(b[500:]) {
			return header{}, refuse(BadHeader, "unsupported header format (star)")
		}
	case "ustar  \x00":
		if !zero(b[345:]) {
			return header{}, refuse(BadHeader, "unsupported GNU header fields")
		}
	default:
		return header{}, refuse(BadHeader, "unsupported header format")
	}
	h := header{kind: b[156]}
	if h.name, err = text(b[0:100]); err != nil {
		return header{}, err
	}
	if prefix != "" {
		h.name = prefix + "/" + h.name
	}
	if h.link, err = text(b[157:257]); err != nil {
		return header{}, err
	}
	if h.mode, err = octal(b[100:108]); err != nil {
		return header{}, err
	}
	if h.size, err = octal(b[124:136]); err != nil {
		return header{}, err
	}
	for _, f := range [][]byte{b[108:116], b[116:124]} { // uid, gid
		if _, err := number(f); err != nil {
			return header{}, err
		}
	}
	if h.time, err = number(b[136:148]); err != nil {
		return header{}, err
	}
	return h, nil
}

// headerSum adds the bytes of a header, its checksum field taken as blanks.
func headerSum(b *block) int64 {
	var n int64
	for i, c := range b {
		if i >= 148 && i < 156 {
			c = ' '
		}
		n += int64(c)
	}
	return n
}

// octal reads a numeric field; an empty one is zero. Blanks may stand before the digits,
// blanks and NULs after them; base-256 numbers are refused.
func octal(f []byte) (int64, error) {
	s := strings.TrimLeft(strings.TrimRight(string(f), " \x00"), " ")
	if s == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(s, 8, 40)
	if err != nil {
		return 0, refuse(BadHeader, "a numeric field is not octal")
	}
	return int64(n), nil
}

// number reads a field that may be beyond octal, which is -1: gleam writes user ids as
// base-256, so a non-negative one passes.
func number(f []byte) (int64, error) {
	if f[0] == 0x80 {
		return -1, nil
	}
	return octal(f)
}

// text reads a NUL-padded field.
func text(f []byte) (string, error) {
	s, rest, _ := bytes.Cut(f, []byte{0})
	if !zero(rest) {
		return "", refuse(BadHeader, "text after a NUL in a header")
	}
	return string(s), nil
}

func zero(b []byte) bool {
	return len(bytes.TrimLeft(b, "\x00")) == 0
}

// padded rounds a size up to whole blocks.
func padded(size int64) int64 { return (size + blockSize - 1) &^ (blockSize - 1) }

// parsePAX reads the records of a PAX header into an extension. Only attributes that real
// clients write are accepted: path, linkpath, a size equal to the header's, and times and
// owners, which are ignored but must be numbers, since hex_core crashes on others.
func parsePAX(data string, x *extension) error {
	for data != "" {
		digits, _, _ := strings.Cut(data, " ")
		n, err := strconv.Atoi(digits)
		if err != nil || n <= len(digits)+1 || n > len(data) || data[n-1] != '\n' {
			return refuse(BadHeader, "malformed PAX record")
		}
		key, value, ok := strings.Cut(data[len(digits)+1:n-1], "=")
		if !ok || strings.Contains(value, "\x00") {
			return refuse(BadHeader, "malformed PAX record")
		}
		data = data[n:]
		if err := x.set(key, value); err != nil {
			return err
		}
	}
	return nil
}

// An extension holds what PAX or GNU records say about the entry that follows them.
type extension struct {
	seen             bool
	path, link, size string
}

func (x *extension) set(key, value string) error {
	field := new(string)
	switch key {
	case "path":
		field = &x.path
	case "linkpath":
		field = &x.link
	case "size":
		field = &x.size
	case "mtime", "atime", "ctime", "uid", "gid":
		if !decimal(value) {
			return refuse(BadHeader, "PAX attribute %q is not a number", key)
		}
	case "uname", "gname":
	default:
		return refuse(BadHeader, "unsupported PAX attribute %.80q", key)
	}
	if value == "" || *field != "" {
		return refuse(BadHeader, "PAX attribute %q is empty or given twice", key)
	}
	*field = value
	return nil
}

// decimal reports whether s is digits, perhaps with a fraction.
func decimal(s string) bool {
	whole, fraction, dot := strings.Cut(s, ".")
	isDigits := func(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
	return isDigits(whole) && (!dot || isDigits(fraction))
}

// apply overrides what the header says.
func (x extension) apply(h header) (header, error) {
	if x.path != "" {
		h.name = x.path
	}
	if x.link != "" {
		if h.kind != kindLink {
			return h, refuse(BadHeader, "a link target for an entry that is no link")
		}
		h.link = x.link
	}
	if x.size != "" && x.size != strconv.FormatInt(h.size, 10) {
		return h, refuse(BadHeader, "two different sizes")
	}
	return h, nil
}

package erlterm

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Tags of the external term format (erts "External Term Format", chapter 13), as far as we take
// or give them.
const (
	version = 131

	tagNewFloat      = 70
	tagCompressed    = 80
	tagSmallInteger  = 97
	tagInteger       = 98
	tagFloat         = 99
	tagAtom          = 100
	tagSmallTuple    = 104
	tagLargeTuple    = 105
	tagNil           = 106
	tagString        = 107
	tagList          = 108
	tagBinary        = 109
	tagSmallBig      = 110
	tagSmallAtom     = 115
	tagMap           = 116
	tagAtomUTF8      = 118
	tagSmallAtomUTF8 = 119
)

const (
	maxDepth = 64      // containers within containers
	maxTerms = 100_000 // terms in one body, the root and map keys included
	maxAtom  = 255     // characters, as in Erlang itself

	floatText = 31 // bytes of a FLOAT_EXT, "%.20e" padded with NUL
)

// Decode reads one external term as a JSON-like tree: nil, bool, int64, float64, string, []any and
// map[string]any. The result shares no memory with b.
//
// Binaries become strings and must be UTF-8. Lists, tuples and STRING_EXT become []any. The atoms
// true, false, nil and undefined become their values, and any other atom the string of its name;
// a map key is the name of an atom or a binary. Refused are compressed terms, functions, processes,
// ports, references, bit strings, improper lists, floats that are not finite, integers beyond
// 64 bits, duplicate keys, bytes after the term, more than 64 levels and more than 100,000 terms.
// An error tells at which byte reading stopped.
func Decode(b []byte) (any, error) {
	d := decoder{rest: b, terms: maxTerms}
	v, err := d.root()
	if err != nil {
		return nil, fmt.Errorf("erlang term, byte %d: %w", len(b)-len(d.rest), err)
	}
	return v, nil
}

var errTruncated = errors.New("the term ends too early")

// A decoder consumes rest. Its terms are what may still be read: a container pays for all its
// elements before their slots are allocated, so that nested lies about length cannot add up.
type decoder struct {
	rest  []byte
	terms int
}

func (d *decoder) root() (any, error) {
	v, err := d.uint(1)
	if err != nil {
		return nil, err
	}
	if v != version {
		return nil, fmt.Errorf("version %d is not %d", v, version)
	}
	if err := d.pay(1); err != nil {
		return nil, err
	}
	t, err := d.term(0)
	if err != nil {
		return nil, err
	}
	if len(d.rest) > 0 {
		return nil, fmt.Errorf("%d bytes after the term", len(d.rest))
	}
	return t, nil
}

// term reads a term inside depth containers.
func (d *decoder) term(depth int) (any, error) {
	tag, err := d.uint(1)
	if err != nil {
		return nil, err
	}
	switch tag {
	case tagSmallInteger:
		n, err := d.uint(1)
		return int64(n), err
	case tagInteger:
		n, err := d.uint(4)
		return int64(int32(n)), err
	case tagSmallBig:
		return d.big()
	case tagNewFloat:
		return d.newFloat()
	case tagFloat:
		return d.textFloat()
	case tagBinary:
		return d.text(4)
	case tagAtom, tagSmallAtom, tagAtomUTF8, tagSmallAtomUTF8:
		name, err := d.atom(tag)
		return atomValue(name), err
	case tagNil:
		return []any{}, nil
	case tagString:
		return d.byteList()
	case tagSmallTuple, tagLargeTuple, tagList, tagMap:
		if depth == maxDepth {
			return nil, fmt.Errorf("more than %d levels deep", maxDepth)
		}
		return d.container(tag, depth+1)
	case tagCompressed:
		return nil, errors.New("compressed terms are refused")
	}
	return nil, fmt.Errorf("tag %d is refused", tag)
}

func (d *decoder) container(tag uint64, depth int) (any, error) {
	switch tag {
	case tagMap:
		return d.dict(depth)
	case tagList:
		return d.list(depth)
	case tagSmallTuple:
		return d.elements(1, depth)
	default:
		return d.elements(4, depth)
	}
}

// elements reads a length of width bytes and as many terms.
func (d *decoder) elements(width, depth int) ([]any, error) {
	n, err := d.count(width, 1)
	if err != nil {
		return nil, err
	}
	elems := make([]any, n)
	for i := range elems {
		if elems[i], err = d.term(depth); err != nil {
			return nil, err
		}
	}
	return elems, nil
}

func (d *decoder) list(depth int) ([]any, error) {
	elems, err := d.elements(4, depth)
	if err != nil {
		return nil, err
	}
	tail, err := d.uint(1)
	if err != nil {
		return nil, err
	}
	if tail != tagNil {
		return nil, errors.New("improper lists are refused")
	}
	return elems, nil
}

func (d *decoder) dict(depth int) (map[string]any, error) {
	n, err := d.count(4, 2)
	if err != nil {
		return nil, err
	}
	m := make(map[string]any, n)
	for range n {
		k, err := d.key()
		if err != nil {
			return nil, err
		}
		if _, twice := m[k]; twice {
			return nil, fmt.Errorf("duplicate key %.64q", k)
		}
		if m[k], err = d.term(depth); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (d *decoder) key() (string, error) {
	tag, err := d.uint(1)
	if err != nil {
		return "", err
	}
	switch tag {
	case tagBinary:
		return d.text(4)
	case tagAtom, tagSmallAtom, tagAtomUTF8, tagSmallAtomUTF8:
		return d.atom(tag)
	}
	return "", fmt.Errorf("tag %d is refused as a key: keys are binaries or atoms", tag)
}

func (d *decoder) byteList() ([]any, error) {
	n, err := d.count(2, 1)
	if err != nil {
		return nil, err
	}
	list := make([]any, n)
	for i, b := range d.take(n) {
		list[i] = int64(b)
	}
	return list, nil
}

// big reads the SMALL_BIG_EXT of an int64. No client sends more, and no field of ours holds more.
func (d *decoder) big() (any, error) {
	n, err := d.uint(1)
	if err != nil {
		return nil, err
	}
	sign, err := d.uint(1)
	if err != nil {
		return nil, err
	}
	if n > 8 {
		return nil, errors.New("integers beyond 64 bits are refused")
	}
	if len(d.rest) < int(n) {
		return nil, errTruncated
	}
	var le [8]byte
	copy(le[:], d.take(int(n)))
	return signed(sign, binary.LittleEndian.Uint64(le[:]))
}

func signed(sign, magnitude uint64) (any, error) {
	switch {
	case sign == 0 && magnitude <= math.MaxInt64:
		return int64(magnitude), nil
	case sign == 1 && magnitude <= math.MaxInt64+1:
		return -int64(magnitude), nil // the least int64 is its own negative
	case sign > 1:
		return nil, fmt.Errorf("sign %d of an integer is neither 0 nor 1", sign)
	}
	return nil, errors.New("integers beyond 64 bits are refused")
}

func (d *decoder) newFloat() (any, error) {
	bits, err := d.uint(8)
	if err != nil {
		return nil, err
	}
	return finite(math.Float64frombits(bits))
}

func (d *decoder) textFloat() (any, error) {
	if len(d.rest) < floatText {
		return nil, errTruncated
	}
	s := strings.TrimRight(string(d.take(floatText)), "\x00")
	// ParseFloat would take more than Erlang writes: inf, nan, hexadecimals, underscores.
	if strings.Trim(s, "0123456789+-.e") != "" {
		return nil, fmt.Errorf("%q is no float", s)
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return nil, fmt.Errorf("%q is no float", s)
	}
	return finite(f)
}

func finite(f float64) (any, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil, errors.New("floats that are not finite are refused")
	}
	return f, nil
}

// atom reads the name of an atom; the tag tells the width of its length and its encoding.
func (d *decoder) atom(tag uint64) (string, error) {
	width := 2
	if tag == tagSmallAtom || tag == tagSmallAtomUTF8 {
		width = 1
	}
	name, err := d.bytes(width)
	if err != nil {
		return "", err
	}
	if tag == tagAtom || tag == tagSmallAtom {
		name = latin1(name)
	}
	if !utf8.Valid(name) {
		return "", errors.New("an atom is not valid UTF-8")
	}
	if utf8.RuneCount(name) > maxAtom {
		return "", fmt.Errorf("an atom has more than %d characters", maxAtom)
	}
	return string(name), nil
}

func latin1(b []byte) []byte {
	text := make([]byte, 0, len(b))
	for _, c := range b {
		text = utf8.AppendRune(text, rune(c))
	}
	return text
}

func atomValue(name string) any {
	switch name {
	case "true":
		return true
	case "false":
		return false
	case "nil", "undefined":
		return nil
	}
	return name
}

// text reads a length of width bytes and as many bytes of UTF-8.
func (d *decoder) text(width int) (string, error) {
	b, err := d.bytes(width)
	if err != nil {
		return "", err
	}
	if !utf8.Valid(b) {
		return "", errors.New("a binary is not valid UTF-8")
	}
	return string(b), nil
}

// bytes reads a length of width bytes and as many bytes, which still belong to the input.
func (d *decoder) bytes(width int) ([]byte, error) {
	n, err := d.uint(width)
	if err != nil {
		return nil, err
	}
	if n > uint64(len(d.rest)) {
		return nil, errTruncated
	}
	return d.take(int(n)), nil
}

// count reads a length of width bytes and pays for that many groups of per terms, of which each
// needs at least one byte.
func (d *decoder) count(width, per int) (int, error) {
	n, err := d.uint(width)
	if err != nil {
		return 0, err
	}
	if n*uint64(per) > uint64(len(d.rest)) {
		return 0, errTruncated
	}
	return int(n), d.pay(int(n) * per)
}

func (d *decoder) pay(terms int) error {
	if terms > d.terms {
		return fmt.Errorf("more than %d terms", maxTerms)
	}
	d.terms -= terms
	return nil
}

// uint reads a big-endian number of width bytes, at most 8.
func (d *decoder) uint(width int) (uint64, error) {
	if len(d.rest) < width {
		return 0, errTruncated
	}
	var be [8]byte
	copy(be[8-width:], d.take(width))
	return binary.BigEndian.Uint64(be[:]), nil
}

// take consumes n bytes, which the caller knows to be there.
func (d *decoder) take(n int) []byte {
	b := d.rest[:n]
	d.rest = d.rest[n:]
	return b
}

package erlterm

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"unicode/utf8"
)

// Encode returns v as an external term; see Append.
func Encode(v any) ([]byte, error) { return Append(nil, v) }

// Append appends v to dst as one external term, never compressed. It takes the tree that Decode
// gives, and for convenience int, uint64, []string and map[string]string as well; any other type is
// an error that names it. Equal trees give equal bytes: keys are written in sorted order.
//
// Strings and keys become binaries, and must be UTF-8. The only atoms written are nil, true and
// false, because clients decode with [safe] and lose the whole body over an atom they have never
// seen. They are spelled as ATOM_EXT, the one spelling that every release of Erlang reads.
//
// On error the result is dst as it was.
func Append(dst []byte, v any) ([]byte, error) {
	b, err := appendTerm(append(dst, version), v, 0)
	if err != nil {
		return dst, fmt.Errorf("erlang term: %w", err)
	}
	return b, nil
}

// appendTerm appends a term inside depth containers.
func appendTerm(dst []byte, v any, depth int) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return appendAtom(dst, "nil"), nil
	case bool:
		return appendAtom(dst, fmt.Sprint(v)), nil
	case string:
		return appendBinary(dst, v)
	case int:
		return appendInt(dst, int64(v)), nil
	case int64:
		return appendInt(dst, v), nil
	case uint64:
		if v > math.MaxInt64 {
			return nil, fmt.Errorf("%d is beyond 64 bits with a sign", v)
		}
		return appendInt(dst, int64(v)), nil
	case float64:
		return appendFloat(dst, v)
	case []any:
		return appendList(dst, v, depth)
	case []string:
		return appendList(dst, v, depth)
	case map[string]any:
		return appendMap(dst, v, depth)
	case map[string]string:
		return appendMap(dst, v, depth)
	}
	return nil, fmt.Errorf("a %T cannot be written", v)
}

func appendAtom(dst []byte, name string) []byte {
	dst = append(dst, tagAtom, 0, byte(len(name)))
	return append(dst, name...)
}

func appendBinary(dst []byte, s string) ([]byte, error) {
	if !utf8.ValidString(s) {
		return nil, fmt.Errorf("the string %.64q is not valid UTF-8", s)
	}
	dst, err := appendHead(dst, tagBinary, len(s))
	if err != nil {
		return nil, err
	}
	return append(dst, s...), nil
}

func appendInt(dst []byte, n int64) []byte {
	switch {
	case n >= 0 && n <= math.MaxUint8:
		return append(dst, tagSmallInteger, byte(n))
	case n >= math.MinInt32 && n <= math.MaxInt32:
		return binary.BigEndian.AppendUint32(append(dst, tagInteger), uint32(n))
	}
	sign, magnitude := byte(0), uint64(n)
	if n < 0 {
		sign, magnitude = 1, -magnitude
	}
	head := len(dst)
	dst = append(dst, tagSmallBig, 0, sign)
	for ; magnitude > 0; magnitude >>= 8 {
		dst = append(dst, byte(magnitude))
		dst[head+1]++
	}
	return dst
}

func appendFloat(dst []byte, f float64) ([]byte, error) {
	if _, err := finite(f); err != nil {
		return nil, err
	}
	return binary.BigEndian.AppendUint64(append(dst, tagNewFloat), math.Float64bits(f)), nil
}

func appendList[T any](dst []byte, list []T, depth int) ([]byte, error) {
	if len(list) == 0 {
		return append(dst, tagNil), nil
	}
	dst, err := appendOpening(dst, tagList, len(list), depth)
	if err != nil {
		return nil, err
	}
	for _, v := range list {
		if dst, err = appendTerm(dst, v, depth+1); err != nil {
			return nil, err
		}
	}
	return append(dst, tagNil), nil
}

func appendMap[T any](dst []byte, m map[string]T, depth int) ([]byte, error) {
	dst, err := appendOpening(dst, tagMap, len(m), depth)
	if err != nil {
		return nil, err
	}
	for _, k := range slices.Sorted(maps.Keys(m)) {
		if dst, err = appendBinary(dst, k); err != nil {
			return nil, err
		}
		if dst, err = appendTerm(dst, m[k], depth+1); err != nil {
			return nil, fmt.Errorf("%s: %w", k, err)
		}
	}
	return dst, nil
}

// appendOpening begins a container. What Decode would refuse as too deep is not written either,
// which also stops trees that contain themselves.
func appendOpening(dst []byte, tag byte, n, depth int) ([]byte, error) {
	if depth == maxDepth {
		return nil, fmt.Errorf("more than %d levels deep", maxDepth)
	}
	return appendHead(dst, tag, n)
}

func appendHead(dst []byte, tag byte, n int) ([]byte, error) {
	if uint64(n) > math.MaxUint32 {
		return nil, errors.New("a length beyond 32 bits")
	}
	return binary.BigEndian.AppendUint32(append(dst, tag), uint32(n)), nil
}

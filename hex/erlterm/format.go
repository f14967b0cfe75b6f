package erlterm

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Format appends forms to dst as consult text, one a line, that Consult, file:consult and the
// reader in hex_core all read back as the same terms. Binaries are written as UTF-8 literals, and
// as bytes if no literal can hold them: io_lib does so for control characters that have no escape,
// and we for a backslash at the end. What Consult would refuse for what it is (not for its size,
// depth or number) is an error, and so is a value that is none of its types. On error the result is
// dst as it was.
func Format(dst []byte, forms ...Tuple) ([]byte, error) {
	text := dst
	for _, form := range forms {
		var err error
		if text, err = formatTerm(text, form); err != nil {
			return dst, fmt.Errorf("format: %w", err)
		}
		text = append(text, ".\n"...)
	}
	return text, nil
}

func formatTerm(dst []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case int64:
		return strconv.AppendInt(dst, v, 10), nil
	case Atom:
		return formatAtom(dst, string(v))
	case Binary:
		return formatBinary(dst, string(v))
	case Charlist:
		return formatQuoted(dst, string(v), '"')
	case Tuple:
		return formatElements(dst, "{", "}", v)
	case List:
		return formatElements(dst, "[", "]", v)
	case Map:
		return formatMap(dst, v)
	}
	return nil, fmt.Errorf("a %T is no term", v)
}

func formatElements(dst []byte, opening, closing string, elems []any) ([]byte, error) {
	dst = append(dst, opening...)
	for i, v := range elems {
		if i > 0 {
			dst = append(dst, ',')
		}
		var err error
		if dst, err = formatTerm(dst, v); err != nil {
			return nil, err
		}
	}
	return append(dst, closing...), nil
}

func formatMap(dst []byte, m Map) ([]byte, error) {
	seen := map[any]bool{}
	dst = append(dst, "#{"...)
	for i, pair := range m {
		if i > 0 {
			dst = append(dst, ',')
		}
		if !isKey(pair.Key) {
			return nil, fmt.Errorf("a %T is no key", pair.Key)
		}
		if seen[pair.Key] {
			return nil, fmt.Errorf("duplicate key %.64v", pair.Key)
		}
		seen[pair.Key] = true
		var err error
		if dst, err = formatTerm(dst, pair.Key); err != nil {
			return nil, err
		}
		if dst, err = formatTerm(append(dst, " => "...), pair.Value); err != nil {
			return nil, err
		}
	}
	return append(dst, '}'), nil
}

func formatAtom(dst []byte, name string) ([]byte, error) {
	if utf8.RuneCountInString(name) > maxAtom {
		return nil, fmt.Errorf("atom of more than %d characters", maxAtom)
	}
	if isPlain(name) {
		return append(dst, name...), nil
	}
	return formatQuoted(dst, name, '\'')
}

// isPlain reports whether an atom needs no quotes.
func isPlain(name string) bool {
	if name == "" || name[0] < 'a' || name[0] > 'z' || reserved[name] {
		return false
	}
	return strings.IndexFunc(name, func(r rune) bool { return r > 127 || !isAtomChar(byte(r)) }) < 0
}

func formatBinary(dst []byte, s string) ([]byte, error) {
	if !utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0 {
		return nil, fmt.Errorf("the binary %.64q is not UTF-8 text without NUL", s)
	}
	dst = append(dst, "<<"...)
	switch {
	case s == "":
	case !isLiteral(s):
		dst = formatBytes(dst, s)
	default:
		dst = append(appendQuoted(dst, s, '"'), "/utf8"...)
	}
	return append(dst, ">>"...), nil
}

func formatBytes(dst []byte, s string) []byte {
	for i, c := range []byte(s) {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = strconv.AppendInt(dst, int64(c), 10)
	}
	return dst
}

func formatQuoted(dst []byte, s string, quote byte) ([]byte, error) {
	if !utf8.ValidString(s) || !isLiteral(s) {
		return nil, fmt.Errorf("the string %.64q has no literal", s)
	}
	return appendQuoted(dst, s, quote), nil
}

// isLiteral reports whether text can be written between quotes.
func isLiteral(s string) bool {
	return strings.IndexFunc(s, isUnwritable) < 0 && !endsInBackslash(s)
}

// isUnwritable reports whether a character may stand in no literal: a control character that has no
// escape of its own.
func isUnwritable(r rune) bool {
	return r < utf8.RuneSelf && isControl(byte(r)) && unescapes[byte(r)] == 0
}

func appendQuoted(dst []byte, s string, quote byte) []byte {
	dst = append(dst, quote)
	for _, c := range []byte(s) {
		switch e := unescapes[c]; {
		case e != 0:
			dst = append(dst, '\\', e)
		case c == quote || c == '\\':
			dst = append(dst, '\\', c)
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, quote)
}

// unescapes turns escapes around, but for the blank, which stands for itself.
var unescapes = func() (table [256]byte) {
	for e, c := range escapes {
		if c != ' ' {
			table[c] = e
		}
	}
	return table
}()

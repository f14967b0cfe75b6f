package lockfile

import (
	"bytes"
	"errors"
	"strings"
)

// A token is a string, a word or atom, or one mark of punctuation.
type token struct {
	kind byte // " for a string, a for a word, else the mark itself
	text string
}

var errEnd = errors.New("the lock file ends within a string")

// A scanner reads the tokens that the notations of Elixir, of Erlang and of TOML have in common.
type scanner struct {
	rest []byte
}

// next returns a token, or one of kind zero at the end.
func (s *scanner) next() (token, error) {
	s.rest = bytes.TrimLeft(s.rest, " \t\r\n")
	if len(s.rest) == 0 {
		return token{}, nil
	}
	switch c := s.rest[0]; {
	case c == '"':
		return s.text()
	case c == '#': // a comment of Elixir or TOML
		_, s.rest, _ = bytes.Cut(s.rest, []byte("\n"))
		return s.next()
	case isWord(c):
		n := bytes.IndexFunc(s.rest, func(r rune) bool { return r > 127 || !isWord(byte(r)) })
		if n < 0 {
			n = len(s.rest)
		}
		t := token{'a', string(s.rest[:n])}
		s.rest = s.rest[n:]
		return t, nil
	default:
		s.rest = s.rest[1:]
		return token{kind: c}, nil
	}
}

// text reads a string. Of escapes only that of the quote and of the backslash are understood, for names have none.
func (s *scanner) text() (token, error) {
	var out strings.Builder
	for i := 1; i < len(s.rest); i++ {
		switch c := s.rest[i]; {
		case c == '"':
			s.rest = s.rest[i+1:]
			return token{'"', out.String()}, nil
		case c == '\\' && i+1 < len(s.rest):
			i++
			out.WriteByte(s.rest[i])
		default:
			out.WriteByte(c)
		}
	}
	return token{}, errEnd
}

func isWord(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '@' || c == '-'
}

// An entry is a pair of brackets: what stands in it, and the pairs within.
type entry struct {
	open   byte
	tokens []token
}

var errDeep = errors.New("the lock file has brackets within brackets without end")

// each calls do for each pair of brackets when it closes, with the tokens that stand in it and in no other within.
func each(text []byte, do func(entry)) error {
	s := scanner{text}
	var stack []entry
	for {
		t, err := s.next()
		if err != nil {
			return err
		}
		switch t.kind {
		case 0:
			return nil
		case '{', '[':
			if len(stack) == deepest {
				return errDeep
			}
			stack = append(stack, entry{open: t.kind})
		case '}', ']':
			if len(stack) == 0 {
				return ErrUnknown
			}
			do(stack[len(stack)-1])
			stack = stack[:len(stack)-1]
		default:
			if len(stack) > 0 && len(stack[len(stack)-1].tokens) < mostTokens {
				top := &stack[len(stack)-1]
				top.tokens = append(top.tokens, t)
			}
		}
	}
}

// mostTokens is how many tokens of an entry are looked at; a package has some twenty.
const mostTokens = 100

// strings are the strings of an entry, in order.
func (e entry) strings() []string {
	var out []string
	for _, t := range e.tokens {
		if t.kind == '"' {
			out = append(out, t.text)
		}
	}
	return out
}

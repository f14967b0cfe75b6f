package erlterm

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
)

// quoted reads a string up to the quote it begins with.
func (p *parser) quoted() (string, error) {
	quote, start := p.peek(), p.pos
	p.pos++
	var s []byte
	for p.pos < len(p.text) {
		c := p.peek()
		switch {
		case c == quote && endsInBackslash(p.text[:p.pos]):
			return "", p.fail("expected no backslash, nor one and ^, at the end of a string")
		case c == quote:
			p.pos++
			return string(s), nil
		case c == '\\':
			e, err := p.escape()
			if err != nil {
				return "", err
			}
			s = append(s, e)
		case isControl(c) && !isBlank(c):
			return "", p.expected("a printable character")
		default:
			s = append(s, c)
			p.pos++
		}
	}
	p.pos = start
	return "", p.fail("expected the string to be closed by %c", quote)
}

// endsInBackslash reports whether a string, escaped or not, is one whose closing quote hex_core
// takes for an escaped one: its token rule lets a backslash stand for itself, and the longest match
// wins, so that the string swallows the text up to the next quote.
func endsInBackslash[T string | []byte](s T) bool {
	return strings.HasSuffix(strings.TrimSuffix(string(s[max(0, len(s)-2):]), "^"), `\`)
}

// escape reads a backslash and what follows. Named are the escapes that Erlang writes; other
// punctuation and letters stand for themselves, as in all readers. Where readers differ, which is
// at \x, at digits, at \^ and before a blank, there is no escape.
func (p *parser) escape() (byte, error) {
	p.pos++
	c := p.peek()
	if named, ok := escapes[c]; ok {
		p.pos++
		return named, nil
	}
	if c == 'x' || c == '^' || isDigit(c) || c <= ' ' || c >= utf8.RuneSelf || isControl(c) {
		return 0, p.expected(`one of n r t v b f e s d " ' \ after a backslash`)
	}
	p.pos++
	return c, nil
}

var escapes = map[byte]byte{
	'n': '\n', 'r': '\r', 't': '\t', 'v': '\v', 'b': '\b', 'f': '\f', 'e': 27, 's': ' ', 'd': 127,
}

// reserved words are atoms only in quotes (Erlang reference manual, "Reserved Words", with maybe and
// else as of OTP 27).
var reserved = map[string]bool{
	"after": true, "and": true, "andalso": true, "band": true, "begin": true, "bnot": true,
	"bor": true, "bsl": true, "bsr": true, "bxor": true, "case": true, "catch": true, "cond": true,
	"div": true, "else": true, "end": true, "fun": true, "if": true, "let": true, "maybe": true,
	"not": true, "of": true, "or": true, "orelse": true, "receive": true, "rem": true, "try": true,
	"when": true, "xor": true,
}

func isDigit(c byte) bool   { return c >= '0' && c <= '9' }
func isBlank(c byte) bool   { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }
func isControl(c byte) bool { return c < ' ' || c == 127 }

func isAtomChar(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || isDigit(c) || c == '_' || c == '@'
}

// peek returns the next byte, or NUL at the end; the grammar takes NUL nowhere.
func (p *parser) peek() byte {
	if p.pos == len(p.text) {
		return 0
	}
	return p.text[p.pos]
}

func (p *parser) at(token string) bool {
	return bytes.HasPrefix(p.text[p.pos:], []byte(token))
}

// accept consumes the token if it is next after any blanks.
func (p *parser) accept(token string) bool {
	p.skipBlanks()
	if !p.at(token) {
		return false
	}
	p.pos += len(token)
	return true
}

func (p *parser) skipBlanks() {
	for isBlank(p.peek()) {
		p.pos++
	}
}

func (p *parser) expected(what string) error {
	if p.pos == len(p.text) {
		return p.fail("expected %s, found the end", what)
	}
	r, _ := utf8.DecodeRune(p.text[p.pos:])
	return p.fail("expected %s, found %q", what, r)
}

func (p *parser) fail(format string, args ...any) error {
	before := p.text[:p.pos]
	line := bytes.Count(before, []byte("\n"))
	column := utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:])
	return fmt.Errorf("%d:%d: %s", line+1, column+1, fmt.Sprintf(format, args...))
}

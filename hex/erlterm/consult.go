package erlterm

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The terms of consult text, besides int64. They are what the notation says, unlike the tree of
// Decode: whether a pair list means a map, or a Charlist may stand for a Binary, is for the reader
// of the terms to decide.
type (
	// An Atom is the name of an atom, such as true or undefined; at most 255 characters.
	Atom string
	// A Binary is text: UTF-8 without NUL, however it was spelled.
	Binary string
	// A Charlist is a quoted string outside << and >>, which is a list of characters to Erlang.
	Charlist string
	// A Tuple is {…}.
	Tuple []any
	// A List is a proper list […].
	List []any
	// A Map is #{…} in written order. Its keys are distinct and are of type Atom, Binary, Charlist
	// or int64.
	Map []Pair
	// A Pair is one association of a Map.
	Pair struct{ Key, Value any }
)

// Limits bound what Consult takes. A zero field means its default.
type Limits struct {
	Size  int // bytes of text; by default 1 MiB
	Depth int // containers within containers, which is also the depth of recursion; by default 32
	Terms int // terms of all kinds; by default 200,000
}

func (l Limits) withDefaults() Limits {
	return Limits{
		Size:  defaulted(l.Size, 1<<20),
		Depth: defaulted(l.Depth, 32),
		Terms: defaulted(l.Terms, 200_000),
	}
}

func defaulted(n, fallback int) int {
	if n == 0 {
		return fallback
	}
	return n
}

// maxDigits bounds integers before they are parsed. The reference reader spends half a minute on a
// megabyte of digits.
const maxDigits = 20

// Consult reads text as a sequence of tuples, each ended by a dot, which is how Hex clients write
// metadata.config. Nothing is evaluated. Values are Atom, Binary, Charlist, int64, Tuple, List and
// Map; List, Tuple and Map are never nil.
//
// The notation is what the clients write and no more, so that readers agree about an accepted text:
// a binary is one string literal, with or without /utf8, or a list of bytes; there are no comments,
// floats, functions, calls, tails, sizes, macros, character or based literals, no juxtaposed strings,
// no numeric or control escapes, and no string that ends in a backslash, of which hex_core does not
// find the end. Text must be UTF-8 and is never taken as Latin-1; a literal without /utf8 is UTF-8
// all the same, because gleam writes it so.
//
// An error names line and column, counted in characters from 1, and what was expected there.
func Consult(text []byte, lim Limits) ([]Tuple, error) {
	p := parser{text: text, lim: lim.withDefaults()}
	if len(text) > p.lim.Size {
		return nil, fmt.Errorf("text of %d bytes is longer than %d", len(text), p.lim.Size)
	}
	if p.pos = firstInvalid(text); p.pos < len(text) {
		return nil, p.fail("not valid UTF-8")
	}
	p.pos = 0
	var forms []Tuple
	for p.skipBlanks(); p.pos < len(text); p.skipBlanks() {
		form, err := p.form()
		if err != nil {
			return nil, err
		}
		forms = append(forms, form)
	}
	if len(forms) == 0 {
		return nil, p.expected(`"{"`)
	}
	return forms, nil
}

// firstInvalid returns the offset of the first byte that is not UTF-8, or the length of b.
func firstInvalid(b []byte) int {
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n <= 1 {
			return i
		}
		i += n
	}
	return len(b)
}

// A parser reads text from pos on. Errors are reported at pos.
type parser struct {
	text  []byte
	pos   int
	terms int
	lim   Limits
}

func (p *parser) form() (Tuple, error) {
	if p.peek() != '{' {
		return nil, p.expected(`"{"`)
	}
	if err := p.count(); err != nil {
		return nil, err
	}
	form, err := p.tuple(1)
	if err != nil {
		return nil, err
	}
	if !p.accept(".") {
		return nil, p.expected(`"."`)
	}
	if p.pos < len(p.text) && !isBlank(p.peek()) {
		return nil, p.expected(`white space after "."`)
	}
	return form, nil
}

// term reads a term; a container would be at the given depth.
func (p *parser) term(depth int) (any, error) {
	p.skipBlanks()
	if err := p.count(); err != nil {
		return nil, err
	}
	switch c := p.peek(); {
	case c == '{':
		return p.tuple(depth)
	case c == '[':
		return p.list(depth)
	case p.at("#{"):
		return p.dict(depth)
	case p.at("<<"):
		return p.binary()
	case c == '"':
		s, err := p.quoted()
		return Charlist(s), err
	case c == '\'' || c >= 'a' && c <= 'z':
		return p.atom()
	case c == '-' || isDigit(c):
		return p.integer()
	}
	return nil, p.expected("a term")
}

func (p *parser) count() error {
	if p.terms++; p.terms > p.lim.Terms {
		return p.fail("more than %d terms", p.lim.Terms)
	}
	return nil
}

func (p *parser) tuple(depth int) (Tuple, error) {
	elems, err := p.elements("{", "}", depth)
	return elems, err
}

func (p *parser) list(depth int) (List, error) {
	elems, err := p.elements("[", "]", depth)
	return elems, err
}

func (p *parser) elements(opening, closing string, depth int) ([]any, error) {
	if err := p.open(opening, depth); err != nil {
		return nil, err
	}
	elems := []any{}
	err := p.sequence(closing, func() error {
		v, err := p.term(depth + 1)
		elems = append(elems, v)
		return err
	})
	return elems, err
}

func (p *parser) dict(depth int) (Map, error) {
	if err := p.open("#{", depth); err != nil {
		return nil, err
	}
	pairs := Map{}
	seen := map[any]bool{}
	err := p.sequence("}", func() error {
		pair, err := p.pair(seen, depth+1)
		pairs = append(pairs, pair)
		return err
	})
	return pairs, err
}

// pair reads key => value and adds the key to those seen in the map at hand.
func (p *parser) pair(seen map[any]bool, depth int) (Pair, error) {
	p.skipBlanks()
	start := p.pos
	k, err := p.term(depth)
	if err != nil {
		return Pair{}, err
	}
	if !isKey(k) {
		p.pos = start
		return Pair{}, p.fail("expected an atom, a string or an integer as key")
	}
	if seen[k] {
		p.pos = start
		return Pair{}, p.fail("duplicate key")
	}
	seen[k] = true
	if !p.accept("=>") {
		return Pair{}, p.expected(`"=>"`)
	}
	v, err := p.term(depth)
	return Pair{k, v}, err
}

func isKey(term any) bool {
	switch term.(type) {
	case Atom, Binary, Charlist, int64:
		return true
	}
	return false
}

// open consumes the opening of a container at the given depth, which is next in the text.
func (p *parser) open(opening string, depth int) error {
	if depth > p.lim.Depth {
		return p.fail("more than %d levels deep", p.lim.Depth)
	}
	p.pos += len(opening)
	return nil
}

// sequence reads items and the commas between them up to closing, which it consumes.
func (p *parser) sequence(closing string, item func() error) error {
	if p.accept(closing) {
		return nil
	}
	for {
		if err := item(); err != nil {
			return err
		}
		if p.accept(closing) {
			return nil
		}
		if !p.accept(",") {
			return p.expected(fmt.Sprintf(`"," or %q`, closing))
		}
	}
}

// binary reads one literal or a list of bytes between << and >>. A literal is the same text with
// and without /utf8, for no escape makes a character beyond ASCII.
func (p *parser) binary() (Binary, error) {
	start := p.pos
	s, err := p.segments()
	if err != nil {
		return "", err
	}
	if !utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0 {
		p.pos = start
		return "", p.fail("expected a binary that is UTF-8 text without NUL")
	}
	return Binary(s), nil
}

func (p *parser) segments() (string, error) {
	p.pos += len("<<")
	if p.skipBlanks(); p.peek() != '"' {
		return p.bytes()
	}
	s, err := p.quoted()
	if err != nil {
		return "", err
	}
	if p.accept("/") && !p.accept("utf8") {
		return "", p.expected(`"utf8"`)
	}
	if !p.accept(">>") {
		return "", p.expected(`">>"`)
	}
	return s, nil
}

// bytes reads the numbers up to >>.
func (p *parser) bytes() (string, error) {
	var b []byte
	err := p.sequence(">>", func() error {
		p.skipBlanks()
		start := p.pos
		n, err := p.integer()
		if err != nil {
			return err
		}
		if n < 0 || n > 255 {
			p.pos = start
			return p.fail("expected a byte, 0 to 255")
		}
		b = append(b, byte(n))
		return nil
	})
	return string(b), err
}

func (p *parser) integer() (int64, error) {
	start := p.pos
	if p.peek() == '-' {
		p.pos++
	}
	digits := p.pos
	for isDigit(p.peek()) {
		p.pos++
	}
	if p.pos == digits {
		return 0, p.expected("an integer")
	}
	literal, length := p.text[start:p.pos], p.pos-digits
	if length > maxDigits {
		p.pos = start
		return 0, p.fail("integer of %d digits is longer than %d", length, maxDigits)
	}
	n, err := strconv.ParseInt(string(literal), 10, 64)
	if err != nil {
		p.pos = start
		return 0, p.fail("integer %s is beyond 64 bits", literal)
	}
	return n, nil
}

func (p *parser) atom() (Atom, error) {
	start := p.pos
	name, err := p.atomName()
	if err != nil {
		return "", err
	}
	if utf8.RuneCountInString(name) > maxAtom {
		p.pos = start
		return "", p.fail("atom of more than %d characters", maxAtom)
	}
	return Atom(name), nil
}

func (p *parser) atomName() (string, error) {
	if p.peek() == '\'' {
		return p.quoted()
	}
	start := p.pos
	for isAtomChar(p.peek()) {
		p.pos++
	}
	name := string(p.text[start:p.pos])
	if reserved[name] {
		p.pos = start
		return "", p.fail("expected a term, found the reserved word %q", name)
	}
	return name, nil
}

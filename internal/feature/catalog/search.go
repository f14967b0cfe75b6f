package catalog

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"hexhub/hex/name"
)

// A Search is what somebody typed to find packages, taken apart. The zero Search finds all.
type Search struct {
	Free         string     // words in the name or the description
	Name         string     // exact, or with * at either end; perhaps REPOSITORY/NAME
	Description  string     // words, of which one suffices
	Depends      string     // what the newest release requires: NAME or REPOSITORY:NAME
	BuildTool    string     // of any release
	UpdatedAfter *time.Time // or at that time; nil for none
	Extra        []string   // paths into the extra metadata with a value at the end: "key,key,value"

	nameIn, namePattern pattern // of Name
	freeIn, freePattern pattern // of Free
	freeWords           words
	words               words // of Description
}

// ParseSearch reads the grammar of hex.pm: free text and KEY:VALUE, where the value may be quoted. Of a
// key that is repeated the last counts, save for extra. Unknown keys, such as that of a URL, and values
// that cannot be read say nothing. It never fails: text that is no query is free text.
func ParseSearch(text string) Search {
	var s Search
	var free []string
	for rest := strings.TrimSpace(text); rest != ""; rest = strings.TrimLeftFunc(rest, unicode.IsSpace) {
		var key, value string
		key, value, rest = token(rest)
		switch {
		case key == "":
			free = append(free, value)
		case key == "extra" && !isExtra(value):
			return Search{Free: text}.compiled()
		default:
			s.set(key, value)
		}
	}
	s.Free = strings.Join(free, " ")
	return s.compiled()
}

// token cuts the first token off. A word without a key has none.
func token(text string) (key, value, rest string) {
	space := strings.IndexFunc(text, unicode.IsSpace)
	if colon := strings.IndexByte(text, ':'); colon > 0 && (space < 0 || colon < space) {
		key, text = text[:colon], text[colon+1:]
		if quoted, ok := strings.CutPrefix(text, `"`); ok {
			value, rest, _ = strings.Cut(quoted, `"`)
			return key, value, rest
		}
		space = strings.IndexFunc(text, unicode.IsSpace)
	}
	if space < 0 {
		return key, text, ""
	}
	return key, text[:space], text[space:]
}

func isExtra(value string) bool { return strings.IndexByte(value, ',') > 0 }

func (s *Search) set(key, value string) {
	switch key {
	case "name":
		s.Name = value
	case "description":
		s.Description = value
	case "depends":
		s.Depends = value
	case "build_tool":
		s.BuildTool = value
	case "updated_after":
		if t, err := time.Parse(time.RFC3339, value); err == nil && t.Equal(t.UTC()) {
			if _, offset := t.Zone(); offset == 0 {
				s.UpdatedAfter = new(t.UTC())
			}
		}
	case "extra":
		s.Extra = append(s.Extra, value)
	}
}

// compiled prepares what match asks of every package.
func (s Search) compiled() Search {
	s.nameIn, s.namePattern = cutRepository(s.Name, starred)
	s.freeIn, s.freePattern = cutRepository(s.Free, contained)
	s.freeWords, s.words = parseWords(s.Free), parseWords(s.Description)
	return s
}

// cutRepository makes patterns of REPOSITORY/NAME or of NAME.
func cutRepository(text string, as func(string) pattern) (repository, pkg pattern) {
	if in, n, ok := strings.Cut(text, "/"); ok {
		return as(in), as(n)
	}
	return pattern{front: true, back: true}, as(text)
}

// A pattern is a text with any text allowed in front or behind.
type pattern struct {
	text        string
	front, back bool
}

// starred reads asterisks at the ends.
func starred(s string) pattern {
	s, front := strings.CutPrefix(lower(s), "*")
	s, back := strings.CutSuffix(s, "*")
	return pattern{s, front, back}
}

// contained allows what is long enough to be a part.
func contained(s string) pattern {
	long := utf8.RuneCountInString(s) >= 3
	return pattern{lower(s), long, long}
}

func lower(s string) string { return strings.ToLower(s) }

func (p pattern) match(s string) bool {
	switch {
	case p.front && p.back:
		return strings.Contains(s, p.text)
	case p.front:
		return strings.HasSuffix(s, p.text)
	case p.back:
		return strings.HasPrefix(s, p.text)
	}
	return s == p.text
}

// IsZero reports whether the Search finds all.
func (s *Search) IsZero() bool {
	return s.Free == "" && s.Name == "" && s.Description == "" && s.Depends == "" && s.BuildTool == "" &&
		s.UpdatedAfter == nil && len(s.Extra) == 0
}

// String returns a text that ParseSearch reads as s.
func (s *Search) String() string {
	var tokens []string
	add := func(key, value string) {
		if strings.ContainsFunc(value, unicode.IsSpace) {
			value = `"` + value + `"` // one with a space was quoted, so there is no quote in it
		}
		tokens = append(tokens, key+":"+value)
	}
	for _, t := range []struct{ key, value string }{
		{"name", s.Name}, {"description", s.Description}, {"depends", s.Depends}, {"build_tool", s.BuildTool},
	} {
		if t.value != "" {
			add(t.key, t.value)
		}
	}
	if s.UpdatedAfter != nil {
		add("updated_after", s.UpdatedAfter.Format(time.RFC3339Nano))
	}
	for _, extra := range s.Extra {
		add("extra", extra)
	}
	if s.Free != "" {
		tokens = append(tokens, s.Free)
	}
	return strings.Join(tokens, " ")
}

// Match reports whether the package is what was searched for. The cheap questions come first. A requirement of
// hexpm is also one of def, the server's own repository.
func (s *Search) Match(p *Package, def name.Repository) bool {
	switch {
	case s.UpdatedAfter != nil && p.UpdatedAt.Before(*s.UpdatedAfter),
		s.BuildTool != "" && !slices.Contains(p.Summary.BuildTools, s.BuildTool),
		s.Name != "" && !(s.namePattern.match(p.Name.String()) && s.nameIn.match(p.Repository.String())),
		s.Depends != "" && !p.dependsOn(s.Depends, def),
		s.Description != "" && !s.words.match(p.Meta.description()),
		s.Free != "" && !s.matchFree(p):
		return false
	}
	return !slices.ContainsFunc(s.Extra, func(path string) bool { return !p.Meta.hasExtra(path) })
}

func (s *Search) matchFree(p *Package) bool {
	return s.freePattern.match(p.Name.String()) && s.freeIn.match(p.Repository.String()) ||
		s.freeWords.match(p.Meta.description())
}

func (m Meta) description() string {
	if m.Description == nil {
		return ""
	}
	return *m.Description
}

// dependsOn reports whether the newest release requires NAME of any repository, or REPOSITORY:NAME. The
// default repository is also hexpm.
func (p *Package) dependsOn(text string, def name.Repository) bool {
	in, pkg, qualified := strings.Cut(text, ":")
	if !qualified {
		pkg = text
	}
	return slices.ContainsFunc(p.Summary.Depends, func(ref string) bool {
		r, n, _ := strings.Cut(ref, "/")
		return n == pkg && (!qualified || r == in || in == hexpm.String() && r == def.String())
	})
}

// hasExtra reports whether the extra metadata contains the value at the end of path, in the sense of
// PostgreSQL: objects and lists may hold more.
func (m Meta) hasExtra(path string) bool {
	if m.Extra == nil {
		return false
	}
	d := json.NewDecoder(bytes.NewReader(m.Extra))
	d.UseNumber()
	var have any
	if d.Decode(&have) != nil {
		return false
	}
	keys := strings.Split(path, ",")
	for _, key := range keys[:len(keys)-1] {
		object, _ := have.(map[string]any)
		have = object[key]
	}
	return holds(have, keys[len(keys)-1])
}

// holds compares with a value as it is typed: a number, a text, or [value] for a list that holds it.
func holds(have any, typed string) bool {
	if element, ok := strings.CutPrefix(typed, "["); ok {
		list, _ := have.([]any)
		element = strings.TrimRight(element, "]")
		return slices.ContainsFunc(list, func(e any) bool { return isTyped(e, element) })
	}
	return isTyped(have, typed)
}

func isTyped(have any, typed string) bool {
	if n, err := strconv.ParseInt(typed, 10, 64); err == nil {
		return have == json.Number(strconv.FormatInt(n, 10))
	}
	return have == any(typed)
}

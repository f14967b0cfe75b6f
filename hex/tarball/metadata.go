package tarball

import (
	"slices"
	"strings"

	"hexhub/hex/erlterm"
)

// MaxFields bounds the bytes of all metadata except the list of files, which is as long as
// the package is large. A release's metadata is stored and sent whole.
const MaxFields = 64 << 10

// Metadata is metadata.config with its shape checked: every field has its type, and both
// encodings of requirements are read. Whether the values mean anything is not checked; in
// particular Name and Version are what the tarball claims, for the name and version packages
// to parse. In lists and maps, nil is absent and empty is empty.
type Metadata struct {
	Name         string            `json:"name"`
	Version      string            `json:"version"`
	App          string            `json:"app"`                  // OTP application
	Description  *string           `json:"description,omitzero"` // nil if absent
	Licenses     []string          `json:"licenses,omitzero"`
	Links        map[string]string `json:"links,omitzero"`
	BuildTools   []string          `json:"build_tools"`     // guessed from Files if absent, without duplicates
	Files        []string          `json:"files"`           // as listed; also directories if mix wrote it
	Requirements []Requirement     `json:"requirements"`    // in written order, by distinct names
	Elixir       string            `json:"elixir,omitzero"` // requirement on Elixir, "" if absent
	Maintainers  []string          `json:"maintainers,omitzero"`

	// Extra is the publisher's own data: nil, bool, int64, string, []any and map[string]any.
	Extra map[string]any `json:"extra,omitzero"`

	// SecretScanIgnore are the globs of files that a secret scan shall pass over.
	SecretScanIgnore []string `json:"secret_scan_ignore,omitzero"`
}

// A Requirement is a dependency as the package states it.
type Requirement struct {
	Name        string `json:"name"`
	App         string `json:"app"`
	Requirement string `json:"requirement"`
	Repository  string `json:"repository,omitzero"` // "" if absent, which means hexpm
	Optional    bool   `json:"optional,omitzero"`
}

// parseMetadata reads metadata.config. Text that is no sequence of distinct key-value terms
// yields an *Error; what has the wrong type or is missing yields FieldErrors, all at once.
func parseMetadata(config []byte) (Metadata, error) {
	values, err := consult(config)
	if err != nil {
		return Metadata{}, err
	}
	d := decoder{values: values, errs: FieldErrors{}}
	m := d.metadata()
	if len(d.errs) > 0 {
		return Metadata{}, d.errs
	}
	return m, nil
}

// consult reads the terms by key. hex_core takes the last of two equal keys, other readers
// the first, so neither is accepted.
func consult(config []byte) (map[string]any, error) {
	forms, err := erlterm.Consult(config, erlterm.Limits{Size: MaxMetadata})
	if err != nil {
		return nil, refuse(BadMetadata, "error reading package metadata: %v", err)
	}
	values := map[string]any{}
	for _, f := range forms {
		key, ok := pairKey(f)
		if !ok {
			return nil, refuse(BadMetadata, "error reading package metadata: not in key-value format")
		}
		if _, ok := values[key]; ok {
			return nil, refuse(BadMetadata, "error reading package metadata: the key %q occurs twice", key)
		}
		values[key] = f[1]
	}
	return values, nil
}

func pairKey(term any) (string, bool) {
	t, ok := term.(erlterm.Tuple)
	if !ok || len(t) != 2 {
		return "", false
	}
	key, ok := t[0].(erlterm.Binary)
	return string(key), ok
}

// pairs reads a map, or a list of pairs, which stands for one in all of metadata.config.
func pairs(v any) (pairs []erlterm.Pair, ok bool) {
	switch v := v.(type) {
	case erlterm.Map:
		for _, p := range v {
			if _, ok := p.Key.(erlterm.Binary); !ok {
				return nil, false
			}
		}
		return v, true
	case erlterm.List:
		for _, e := range v {
			if _, ok := pairKey(e); !ok {
				return nil, false
			}
			t := e.(erlterm.Tuple)
			pairs = append(pairs, erlterm.Pair{Key: t[0], Value: t[1]})
		}
		return pairs, true
	}
	return nil, false
}

// A decoder collects what is wrong with the fields.
type decoder struct {
	values map[string]any
	errs   FieldErrors
	bytes  int
}

func (d *decoder) metadata() Metadata {
	m := Metadata{
		Name:         d.required("name", "name"),
		Version:      d.required("version", "version"),
		App:          d.required("meta.app", "app"),
		Licenses:     d.list("meta.licenses", d.values["licenses"]),
		Links:        d.links(),
		BuildTools:   d.list("meta.build_tools", d.values["build_tools"]),
		Files:        d.files(),
		Requirements: d.requirements(),
		Elixir:       d.optional("meta.elixir", "elixir"),
		Maintainers:  d.list("meta.maintainers", d.values["maintainers"]),
		Extra:        d.extra(),

		SecretScanIgnore: d.secretScan(),
	}
	if _, ok := d.values["description"]; ok {
		m.Description = new(d.optional("meta.description", "description"))
	}
	if _, ok := d.values["build_tools"]; !ok {
		m.BuildTools = guessBuildTools(m.Files)
	}
	m.BuildTools = distinct(m.BuildTools)
	if len(m.BuildTools) == 0 {
		d.fail("meta.build_tools", "can't be blank")
	}
	if d.bytes > MaxFields {
		d.fail("meta", "should be at most 65536 bytes without the list of files")
	}
	return m
}

// fail notes what is wrong with a field, unless something is noted already.
func (d *decoder) fail(field, what string) {
	if _, ok := d.errs[field]; !ok {
		d.errs[field] = what
	}
}

func (d *decoder) required(field, key string) string {
	s := d.optional(field, key)
	if s == "" {
		d.fail(field, "can't be blank")
	}
	return s
}

func (d *decoder) optional(field, key string) string {
	v, ok := d.values[key]
	if !ok {
		return ""
	}
	return d.text(field, v, "expected type string")
}

// text reads a string, or fails with what was expected. A charlist is not a string: to the
// clients it is a list of integers.
func (d *decoder) text(field string, v any, expected string) string {
	b, ok := v.(erlterm.Binary)
	if !ok {
		d.fail(field, expected)
		return ""
	}
	if strings.ContainsFunc(string(b), isControl) {
		d.fail(field, "contains control characters")
	}
	d.bytes += len(b)
	return string(b)
}

// isControl reports control characters that have no place in text; terminals obey them.
func isControl(r rune) bool {
	return r < ' ' && r != '\n' && r != '\r' && r != '\t' || 0x7f <= r && r <= 0x9f
}

// list reads a list of strings; nil if v is.
func (d *decoder) list(field string, v any) []string {
	if v == nil {
		return nil
	}
	l, ok := v.(erlterm.List)
	if !ok {
		d.fail(field, "expected type list(string)")
		return nil
	}
	texts := make([]string, 0, len(l))
	for _, e := range l {
		texts = append(texts, d.text(field, e, "expected type list(string)"))
	}
	return texts
}

// files reads the list of files. It may hold anything, since it is compared, never used.
func (d *decoder) files() []string {
	l, ok := d.values["files"].(erlterm.List)
	if _, present := d.values["files"]; present && !ok {
		d.fail("meta.files", "expected type list(string)")
	}
	files := make([]string, 0, len(l))
	for _, e := range l {
		b, ok := e.(erlterm.Binary)
		if !ok {
			d.fail("meta.files", "expected type list(string)")
		}
		files = append(files, string(b))
	}
	if len(files) == 0 {
		d.fail("meta.files", "package can't be empty")
	}
	return files
}

// links reads the links. Of two with one title the last wins, as in every client: gleam
// writes two "Repository" links when the publisher has one of that title.
func (d *decoder) links() map[string]string {
	v, ok := d.values["links"]
	if !ok {
		return nil
	}
	list, ok := pairs(v)
	if !ok {
		d.fail("meta.links", "expected type map(string)")
	}
	links := make(map[string]string, len(list))
	for _, p := range list {
		title := d.text("meta.links", p.Key, "expected type map(string)")
		links[title] = d.text("meta.links", p.Value, "expected type map(string)")
	}
	return links
}

// requirements reads either encoding: mix writes a list of pair lists with the name inside,
// rebar3 and gleam pairs of a name and a pair list.
func (d *decoder) requirements() []Requirement {
	v, ok := d.values["requirements"]
	if !ok {
		return nil
	}
	named, ok := pairs(v)
	if !ok {
		named, ok = byName(v)
	}
	if !ok {
		d.fail("requirements", "expected type map(map)")
	}
	seen := map[string]bool{}
	var reqs []Requirement
	for _, p := range named {
		name := d.text("requirements", p.Key, "expected type map(map)")
		if seen[name] {
			d.fail("requirements."+name, "is given twice")
		}
		seen[name] = true
		reqs = append(reqs, d.requirement(name, p.Value))
	}
	return reqs
}

// byName turns mix's encoding of requirements into the other.
func byName(v any) (named []erlterm.Pair, ok bool) {
	l, ok := v.(erlterm.List)
	if !ok {
		return nil, false
	}
	for _, e := range l {
		fields, ok := pairs(e)
		if !ok {
			return nil, false
		}
		i := slices.IndexFunc(fields, func(p erlterm.Pair) bool { return p.Key == erlterm.Binary("name") })
		if i < 0 {
			return nil, false
		}
		named = append(named, erlterm.Pair{Key: fields[i].Value, Value: e})
	}
	return named, true
}

func (d *decoder) requirement(name string, v any) Requirement {
	field := "requirements." + name
	r := Requirement{Name: name}
	fields, ok := pairs(v)
	if !ok {
		d.fail(field, "expected type map")
		return r
	}
	seen := map[any]bool{}
	for _, p := range fields {
		if seen[p.Key] {
			d.fail(field, "has a field twice")
		}
		seen[p.Key] = true
		switch p.Key {
		case erlterm.Binary("app"):
			r.App = d.text(field, p.Value, "app: expected type string")
		case erlterm.Binary("requirement"):
			r.Requirement = d.text(field, p.Value, "requirement: expected type string")
		case erlterm.Binary("repository"):
			r.Repository = d.text(field, p.Value, "repository: expected type string")
		case erlterm.Binary("optional"):
			r.Optional = p.Value == erlterm.Atom("true")
			if !r.Optional && p.Value != erlterm.Atom("false") {
				d.fail(field, "optional: expected type boolean")
			}
		}
	}
	switch "" {
	case name:
		d.fail("requirements", "a name can't be blank")
	case r.App:
		d.fail(field, "app: can't be blank")
	case r.Requirement:
		d.fail(field, "requirement: can't be blank")
	}
	return r
}

func (d *decoder) secretScan() []string {
	v, ok := d.values["secret_scan"]
	if !ok {
		return nil
	}
	fields, ok := pairs(v)
	if !ok {
		d.fail("meta.secret_scan", "expected type map")
	}
	for _, p := range fields {
		if p.Key == erlterm.Binary("ignore") {
			return d.list("meta.secret_scan", p.Value)
		}
	}
	return nil
}

func (d *decoder) extra() map[string]any {
	v, ok := d.values["extra"]
	if !ok {
		return nil
	}
	m, ok := d.tree(v).(map[string]any)
	if !ok {
		d.fail("meta.extra", "expected type map")
	}
	return m
}

// tree reads nested data. Lists of pairs are maps, and so is the empty list, as in hex_core.
func (d *decoder) tree(v any) any {
	d.bytes += 8 // what a value costs at least, once it is stored
	if fields, ok := pairs(v); ok {
		m := make(map[string]any, len(fields))
		for _, p := range fields {
			key := d.text("meta.extra", p.Key, "expected type map")
			if _, ok := m[key]; ok {
				d.fail("meta.extra", "has a key twice")
			}
			m[key] = d.tree(p.Value)
		}
		return m
	}
	switch v := v.(type) {
	case erlterm.List:
		l := make([]any, len(v))
		for i, e := range v {
			l[i] = d.tree(e)
		}
		return l
	case int64:
		return v
	case erlterm.Atom:
		switch v {
		case "true", "false":
			return v == "true"
		case "nil", "undefined", "null":
			return nil
		}
	}
	return d.text("meta.extra", v, "expected strings, integers, booleans, lists and maps")
}

// guessBuildTools names the build tools whose files lie at the root of the package.
func guessBuildTools(files []string) []string {
	var tools []string
	for _, f := range files {
		switch f {
		case "mix.exs":
			tools = append(tools, "mix")
		case "rebar.config", "rebar":
			tools = append(tools, "rebar3")
		case "Makefile", "Makefile.win":
			tools = append(tools, "make")
		}
	}
	slices.Sort(tools)
	return tools
}

// distinct drops repetitions and keeps the order.
func distinct(texts []string) []string {
	seen := map[string]bool{}
	return slices.DeleteFunc(texts, func(s string) bool {
		dup := seen[s]
		seen[s] = true
		return dup
	})
}

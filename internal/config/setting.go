package config

import (
	"fmt"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/BurntSushi/toml"
	"github.com/alecthomas/kong"
)

// A Setting is one entry of the manual.
type Setting struct {
	Key     string // as in hexhub.toml
	Flag    string // without dashes
	Env     string
	Default string
	Help    string
	Kind    string // what a value looks like: text, list, number, duration
	index   int
}

// Settings lists every setting in the order of the manual.
func Settings() []Setting { return slices.Clone(settings()) }

var settings = sync.OnceValue(func() []Setting {
	t := reflect.TypeFor[Server]()
	out := make([]Setting, t.NumField())
	for i := range out {
		f := t.Field(i)
		key := f.Tag.Get("key")
		out[i] = Setting{
			Key: key, Flag: strings.ReplaceAll(key, ".", "-"),
			Env:     "HEXHUB_" + strings.ToUpper(strings.NewReplacer(".", "_", "-", "_").Replace(key)),
			Default: f.Tag.Get("default"), Help: f.Tag.Get("help"), Kind: kind(f.Type), index: i,
		}
	}
	return out
})

func kind(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[time.Duration]():
		return "duration"
	case t.Kind() == reflect.Slice:
		return "list"
	case t.Kind() == reflect.Int64:
		return "number"
	default:
		return "text"
	}
}

// FindSetting returns the setting with the key.
func FindSetting(key string) (Setting, bool) {
	all := settings()
	if i := slices.IndexFunc(all, func(s Setting) bool { return s.Key == key }); i >= 0 {
		return all[i], true
	}
	return Setting{}, false
}

// Value returns the setting's value in s, as one would write it.
func (x Setting) Value(s Server) string {
	switch v := reflect.ValueOf(s).Field(x.index).Interface().(type) {
	case []string:
		return strings.Join(v, ",")
	default:
		return fmt.Sprint(v)
	}
}

// A File is a configuration file that has been read.
type File struct {
	Path   string
	values map[string]string
	lines  map[string]int
}

// Read reads a configuration file. All that is wrong with it comes back at once, each problem with
// the line it is on; a "" path is an empty file.
func Read(path string) (*File, []Problem) {
	f := &File{Path: path, values: map[string]string{}, lines: map[string]int{}}
	if path == "" {
		return f, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return f, []Problem{{Why: fmt.Sprintf("read configuration: %v", err)}}
	}
	return f, f.parse(text)
}

func (f *File) parse(text []byte) []Problem {
	tree := map[string]any{}
	meta, err := toml.Decode(string(text), &tree)
	if err != nil {
		return []Problem{{Key: f.Path, Why: strings.TrimPrefix(err.Error(), "toml: ")}}
	}
	var out []Problem
	for _, k := range meta.Keys() {
		value := lookup(tree, k)
		if _, table := value.(map[string]any); table {
			continue
		}
		key, line := strings.Join(k, "."), lineOf(string(text), k)
		f.lines[key] = line
		where := fmt.Sprintf("%s:%d: %s", f.Path, line, key)
		x, known := FindSetting(key)
		if !known {
			out = append(out, Problem{where, "unknown key" + suggestion(key)})
			continue
		}
		text, why := x.render(value)
		if why != "" {
			out = append(out, Problem{where, why})
			continue
		}
		f.values[key] = text
	}
	return out
}

func lookup(tree map[string]any, key []string) any {
	var v any = tree
	for _, part := range key {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[part]
	}
	return v
}

// lineOf finds the line that sets a key, by its last part, at or after its table's header.
func lineOf(text string, key []string) int {
	header, last := strings.Join(key[:len(key)-1], "."), key[len(key)-1]
	section, dotted := "", strings.Join(key, ".")
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") {
			section = strings.Trim(line, "[] ")
			continue
		}
		name, _, ok := strings.Cut(line, "=")
		name = strings.Trim(strings.TrimSpace(name), `"'`)
		if ok && (section == header && name == last || section == "" && strings.ReplaceAll(name, " ", "") == dotted) {
			return n
		}
	}
	return 1
}

// render turns a TOML value into the text that a flag would take, or says why it cannot.
func (x Setting) render(v any) (text, why string) {
	switch v := v.(type) {
	case string:
		if x.Kind == "duration" {
			if _, err := time.ParseDuration(v); err != nil {
				return "", fmt.Sprintf("%q is not a duration; write it like \"30s\" or \"24h\"", v)
			}
		}
		if x.Kind == "number" {
			return "", fmt.Sprintf("%q is not a number; write it without quotes", v)
		}
		return v, ""
	case int64:
		if x.Kind != "number" {
			return "", fmt.Sprintf("%d is a number, but a %s is needed; put it in quotes", v, x.Kind)
		}
		return strconv.FormatInt(v, 10), ""
	case []any:
		var parts []string
		for _, e := range v {
			s, ok := e.(string)
			if !ok || x.Kind != "list" {
				return "", "is a list, but a " + x.Kind + " is needed"
			}
			parts = append(parts, s)
		}
		return strings.Join(parts, ","), ""
	default:
		return "", fmt.Sprintf("%v is not a %s", v, x.Kind)
	}
}

// suggestion is what to say after an unknown name, if a known one is near.
func suggestion(key string) string {
	best, distance := "", 3
	for _, x := range Settings() {
		if d := Distance(key, x.Key); d < distance {
			best, distance = x.Key, d
		}
	}
	if best == "" {
		return "; hexhub config manual lists all"
	}
	return fmt.Sprintf(", did you mean %q?", best)
}

// Distance counts the letters to insert, delete, replace or swap with a neighbour to make a into b.
func Distance(a, b string) int {
	prev2, prev, cur := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				cur[j] = min(cur[j], prev2[j-2]+1)
			}
		}
		prev2, prev, cur = prev, cur, prev2
	}
	return prev[len(b)]
}

// Resolve implements kong.Resolver: it gives a flag the file's value, unless the environment has one.
// (kong by itself lets a resolver beat the environment.)
func (f *File) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	key := flag.Tag.Get("key")
	if key == "" {
		return nil, nil
	}
	x, ok := FindSetting(key)
	if _, set := os.LookupEnv(x.Env); ok && set {
		return nil, nil
	}
	// What says the default is left to the default, since an empty path would become this folder.
	if v, ok := f.values[key]; ok && v != x.Default {
		return v, nil
	}
	return nil, nil
}

// Validate implements kong.Resolver.
func (f *File) Validate(*kong.Application) error { return nil }

// Source tells where a setting's value comes from when no flag is given.
func (f *File) Source(x Setting) string {
	if _, set := os.LookupEnv(x.Env); set {
		if line := f.lines[x.Key]; line > 0 {
			return fmt.Sprintf("%s (overrides %s:%d)", x.Env, f.Path, line)
		}
		return x.Env
	}
	if line := f.lines[x.Key]; line > 0 {
		return fmt.Sprintf("%s:%d", f.Path, line)
	}
	return "default"
}

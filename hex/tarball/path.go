package tarball

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// checkPath refuses paths that could leave the package, that not every file system can hold,
// or that look like something they are not. Stricter than hex.pm, which strips a leading
// slash and accepts the rest; no client produces any of them.
func checkPath(path string) error {
	switch {
	case path == "":
		return refuse(BadPath, "an entry has no name")
	case !utf8.ValidString(path):
		return refuse(BadPath, "%q is not UTF-8", path)
	case strings.HasPrefix(path, "/"):
		return refuse(UnsafePath, "%q: the path is absolute", path)
	case strings.Contains(path, `\`):
		return refuse(UnsafePath, "%q: the path contains a backslash", path)
	case hasDrive(path):
		return refuse(UnsafePath, "%q: the path starts with a drive letter", path)
	}
	if i := strings.IndexFunc(path, deceptive); i >= 0 {
		r, _ := utf8.DecodeRuneInString(path[i:])
		return refuse(BadPath, "%+q: the path contains the invisible character %U", path, r)
	}
	for part := range strings.SplitSeq(path, "/") {
		switch {
		case part == "..":
			return refuse(UnsafePath, "%s: The path points above the current working directory", path)
		case part == "" || part == ".":
			return refuse(BadPath, "%q: the path has an empty or '.' component", path)
		case len(part) > MaxComponent:
			return refuse(BadPath, "%q: a component is longer than %d bytes", path, MaxComponent)
		}
	}
	return nil
}

// undotted takes the components out of a path that mean the folder itself: the name of what tar packs as "." has such.
// What remains is to be checked.
func undotted(path string) string {
	parts := strings.Split(path, "/")
	return strings.Join(slices.DeleteFunc(parts, func(part string) bool { return part == "." }), "/")
}

// deceptive reports characters that are not shown as what they are: controls, bidirectional
// and zero-width formats, line separators, private use.
func deceptive(r rune) bool {
	if r < unicode.MaxASCII {
		return r < ' '
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Zl, unicode.Zp)
}

func hasDrive(path string) bool {
	return len(path) >= 2 && path[1] == ':' && ('a' <= path[0]|0x20 && path[0]|0x20 <= 'z')
}

// A place is something that exists once an archive is unpacked.
type place struct {
	path string
	kind byte // kindFile, kindLink or kindDir
	said bool // has an entry of its own; false for directories implied by a path
}

// A tree is what would have been unpacked so far, keyed by folded path, so that names which
// a file system ignoring case takes for one are found. Names that differ only in Unicode
// normalization (é as one character or as two) are not: clients keep them apart.
type tree struct {
	places     map[string]place
	links      []File
	bytes      int
	exactPaths bool // paths that differ in case are different
	noLinks    bool // only files and directories are taken
	dots       bool // a component "." of a path is left out, not refused
}

// add takes in an entry.
func (t *tree) add(f File, kind byte) error {
	if t.noLinks && kind == kindLink {
		return refuse(BadKind, "%q is a symbolic link; only regular files and directories are allowed here", f.Path)
	}
	if t.bytes += len(f.Path) + len(f.Link); t.bytes > MaxPaths {
		return refuse(TooMany, "the paths take more than %d bytes", MaxPaths)
	}
	if err := t.addParents(f.Path); err != nil {
		return err
	}
	key := t.key(f.Path)
	old, ok := t.places[key]
	switch {
	case !ok:
	case old.path != f.Path:
		return refuse(PathCollision, "%q and %q differ only in case", old.path, f.Path)
	case old.said:
		return refuse(Duplicate, "%q occurs twice", f.Path)
	case kind != kindDir:
		return refuse(PathConflict, "%q is both a file and a directory", f.Path)
	}
	if kind == kindLink {
		t.links = append(t.links, f)
	}
	return t.put(key, place{f.Path, kind, true})
}

// addParents makes the directories a path lies in. It starts at the innermost one and
// stops at the first that exists, whose own parents then exist as well.
func (t *tree) addParents(path string) error {
	for i := strings.LastIndexByte(path, '/'); i >= 0; i = strings.LastIndexByte(path[:i], '/') {
		dir := path[:i]
		key := t.key(dir)
		switch old, ok := t.places[key]; {
		case !ok:
			if err := t.put(key, place{path: dir, kind: kindDir}); err != nil {
				return err
			}
		case old.path != dir:
			return refuse(PathCollision, "%q and %q differ only in case", old.path, dir)
		case old.kind == kindLink:
			return refuse(UnsafeLink, "%q lies below the symbolic link %q", path, dir)
		case old.kind != kindDir:
			return refuse(PathConflict, "%q is both a file and a directory", dir)
		default:
			return nil
		}
	}
	return nil
}

func (t *tree) key(path string) string {
	if t.exactPaths {
		return path
	}
	return fold(path)
}

func (t *tree) put(key string, p place) error {
	if t.places == nil {
		t.places = map[string]place{}
	}
	if t.places[key] = p; len(t.places) > MaxEntries {
		return refuse(TooMany, "more than %d files and directories", MaxEntries)
	}
	return nil
}

// checkLinks refuses links whose target is not inside the package, or is reached through
// another link, which would make the reading of ".." depend on the reader. It runs at the
// end, because entries may follow the links that lead to them.
func (t *tree) checkLinks() error {
	for _, l := range t.links {
		if err := t.checkLink(l); err != nil {
			return err
		}
	}
	return nil
}

func (t *tree) checkLink(l File) error {
	unsafe := func(why string) error {
		return refuse(UnsafeLink, "unsafe_symlink %q -> %q: %s", l.Path, l.Link, why)
	}
	switch {
	case l.Link == "" || len(l.Link) > MaxLink:
		return unsafe("the target is empty or too long")
	case l.Link[0] == '/' || hasDrive(l.Link):
		return unsafe("the target is absolute")
	case !utf8.ValidString(l.Link) || strings.Contains(l.Link, `\`) || strings.ContainsFunc(l.Link, deceptive):
		return unsafe("the target has invisible characters or backslashes")
	}
	at := parent(l.Path)
	for part := range strings.SplitSeq(l.Link, "/") {
		switch part {
		case "", ".":
			continue
		case "..":
			if at == "" {
				return unsafe("the target is outside the package")
			}
			at = parent(at)
			continue
		}
		if at != "" {
			at += "/"
		}
		at += part
		if t.places[t.key(at)].kind == kindLink {
			return unsafe("the target is reached through another link")
		}
	}
	return nil
}

// parent returns the path of the directory that path lies in; "" is the root.
func parent(path string) string {
	return path[:max(strings.LastIndexByte(path, '/'), 0)]
}

// fold maps paths that differ only in case to one string.
func fold(path string) string {
	return strings.Map(func(r rune) rune {
		if r < utf8.RuneSelf {
			return unicode.ToLower(r)
		}
		least := r
		for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
			least = min(least, f)
		}
		return unicode.ToLower(least)
	}, path)
}

// suspicious names directories and files that a source package has little reason to contain.
// They are allowed, since some do, but the reader of a release should know.
var suspicious = map[string]string{
	".git": "version control data", ".hg": "version control data", ".svn": "version control data",
	".ssh": "secure shell keys", ".gnupg": "keys", ".aws": "credentials",
	".hex": "Hex credentials or package state", ".npmrc": "credentials", ".netrc": "credentials",
	".github": "CI configuration", ".gitlab-ci.yml": "CI configuration", ".circleci": "CI configuration",
	"hex_metadata.config": "a file that Hex overwrites when it unpacks the package",
}

// reserved are file names that Windows takes for devices.
var reserved = func() map[string]bool {
	m := map[string]bool{"con": true, "prn": true, "aux": true, "nul": true}
	for _, d := range "123456789" {
		m["com"+string(d)], m["lpt"+string(d)] = true, true
	}
	return m
}()

// warn returns what a reader should know about a path, or "".
func warn(path string) string {
	for part := range strings.SplitSeq(strings.ToLower(path), "/") {
		if what, ok := suspicious[part]; ok {
			return path + ": " + what
		}
		stem, _, _ := strings.Cut(part, ".")
		if reserved[stem] || strings.HasSuffix(part, ".") || strings.HasSuffix(part, " ") || strings.ContainsAny(part, `<>:"|?*`) {
			return path + ": not a file name on Windows"
		}
	}
	return ""
}

package world

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/tools/txtar"

	"hexhub/hex/name"
	"hexhub/hex/tarball"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/org"
)

// forms are the lines of a world: what must follow the first word, then what may.
var forms = map[string]string{
	"user":    "NAME [admin] [unverified] [email=ADDRESS] [password=TEXT] [name=TEXT]",
	"org":     "NAME [admin=USERS] [write=USERS] [read=USERS]",
	"key":     "OWNER NAME [permissions=DOMAIN:RESOURCE,…]",
	"package": "REPOSITORY/NAME [owner=USERS] [maintainer=USERS]",
	"policy":  "ORG/NAME [public] [cooldown=TEXT] [severity=NAME] [deny=PACKAGES] [allow=PACKAGES]",
	"release": "REPOSITORY/NAME VERSION [requires=TEXT] [optional=TEXT] [app=NAME] [tool=NAME] [elixir=TEXT] " +
		"[description=TEXT] [licenses=LIST] [link=URL] [retired=REASON:TEXT] [docs]",
}

// A script is a world as written, with every word checked that can be by itself.
type script struct {
	users    []line
	orgs     []line
	keys     []line
	policies []line
	packages map[catalog.Ref]line
	releases []release
}

// A line is one fact: a word, those that must follow it, and its attributes, which are empty for flags.
type line struct {
	number int
	verb   string
	args   []string
	attrs  map[string]string
}

func (l line) fault(format string, args ...any) error {
	return l.wrap(fmt.Errorf(format, args...))
}

func (l line) wrap(err error) error { return fmt.Errorf("line %d: %s: %w", l.number, l.verb, err) }

func (l line) has(flag string) bool { _, ok := l.attrs[flag]; return ok }

// list returns the attribute's parts between commas.
func (l line) list(attr string) []string {
	var out []string
	for part := range strings.SplitSeq(l.attrs[attr], ",") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

// or returns the attribute, or what it is when absent.
func (l line) or(attr, absent string) string {
	if v, ok := l.attrs[attr]; ok {
		return v
	}
	return absent
}

// parse reads a world for a server whose default repository has the name.
func parse(text []byte, defaultRepository name.Repository) (*script, error) {
	archive := txtar.Parse(text)
	s := &script{packages: map[catalog.Ref]line{}}
	number := 0
	for text := range strings.Lines(string(archive.Comment)) {
		number++
		if err := s.line(number, text); err != nil {
			return nil, err
		}
	}
	for _, f := range archive.Files {
		if err := s.file(f, defaultRepository); err != nil {
			return nil, err
		}
	}
	for _, r := range s.releases {
		if _, ok := s.packages[r.ref]; !ok {
			return nil, r.fault("%s has no package line", r.ref)
		}
	}
	slices.SortStableFunc(s.releases, func(a, b release) int { return a.version.Compare(b.version) })
	return s, nil
}

func (s *script) line(number int, text string) error {
	words, err := split(text)
	if err != nil {
		return fmt.Errorf("line %d: %w", number, err)
	}
	if len(words) == 0 || strings.HasPrefix(words[0], "#") {
		return nil
	}
	l := line{number: number, verb: words[0], attrs: map[string]string{}}
	form, ok := forms[l.verb]
	if !ok {
		return fmt.Errorf("line %d: %q begins no line; these do: %s", number, l.verb, strings.Join(slices.Sorted(maps.Keys(forms)), ", "))
	}
	if err := l.fill(words[1:], strings.Fields(form)); err != nil {
		return l.fault("%w; write: %s %s", err, l.verb, form)
	}
	return s.add(l)
}

// split cuts text at spaces outside double quotes, and drops the quotes.
func split(text string) ([]string, error) {
	var words []string
	var word strings.Builder
	quoted, begun := false, false
	for _, c := range strings.TrimSpace(text) + " " {
		switch {
		case c == '"':
			quoted, begun = !quoted, true
		case c == ' ' && !quoted:
			if begun {
				words = append(words, word.String())
			}
			word.Reset()
			begun = false
		default:
			word.WriteRune(c)
			begun = true
		}
	}
	if quoted {
		return nil, errors.New(`a " is never closed`)
	}
	return words, nil
}

// fill sorts words into arguments and attributes, as the fields of a form say.
func (l *line) fill(words, form []string) error {
	for _, field := range form {
		if strings.HasPrefix(field, "[") {
			break
		}
		if len(words) == 0 {
			return fmt.Errorf("%s is missing", field)
		}
		l.args, words = append(l.args, words[0]), words[1:]
	}
	for _, w := range words {
		key, value, valued := strings.Cut(w, "=")
		known := slices.ContainsFunc(form, func(field string) bool {
			if valued {
				return strings.HasPrefix(field, "["+key+"=")
			}
			return field == "["+key+"]"
		})
		if !known {
			return fmt.Errorf("%q does not belong here", w)
		}
		if l.has(key) {
			return fmt.Errorf("%s is there twice", key)
		}
		l.attrs[key] = value
	}
	return nil
}

func (s *script) add(l line) error {
	switch l.verb {
	case "user":
		s.users = append(s.users, l)
	case "org":
		if _, err := name.ParseRepository(l.args[0]); err != nil {
			return l.fault("the name %q %w", l.args[0], err)
		}
		if len(l.list("admin")) == 0 {
			return l.fault("an organization needs an admin")
		}
		s.orgs = append(s.orgs, l)
	case "key":
		s.keys = append(s.keys, l)
	case "policy":
		s.policies = append(s.policies, l)
	case "package":
		ref, err := parseRef(l.args[0])
		if err != nil {
			return l.wrap(err)
		}
		if first, twice := s.packages[ref]; twice {
			return l.fault("%s is in line %d already", ref, first.number)
		}
		s.packages[ref] = l
	case "release":
		r, err := parseRelease(l)
		if err != nil {
			return l.wrap(err)
		}
		s.releases = append(s.releases, r)
	}
	return nil
}

func parseRef(text string) (catalog.Ref, error) {
	repository, pkg, ok := strings.Cut(text, "/")
	if !ok {
		return catalog.Ref{}, fmt.Errorf("%q is not written REPOSITORY/NAME", text)
	}
	r, err := name.ParseRepository(repository)
	if err != nil {
		return catalog.Ref{}, fmt.Errorf("the repository %q %w", repository, err)
	}
	p, err := name.ParsePackage(pkg)
	if err != nil {
		return catalog.Ref{}, fmt.Errorf("the package %q %w", pkg, err)
	}
	return catalog.Ref{Repository: r, Name: p}, nil
}

func parsePermission(text string) access.Permission {
	domain, resource, _ := strings.Cut(text, ":")
	return access.Permission{Domain: domain, Resource: resource}
}

// file gives a file of the archive to its release: [REPOSITORY/]NAME-VERSION/PATH, or NAME-VERSION:docs/PATH to its
// documentation. No repository has a dash in its name, and every release has.
func (s *script) file(f txtar.File, defaultRepository name.Repository) error {
	repository, rest := defaultRepository.String(), f.Name
	if first, after, _ := strings.Cut(f.Name, "/"); !strings.Contains(first, "-") {
		repository, rest = first, after
	}
	of, path, _ := strings.Cut(rest, "/")
	of, isDocs := strings.CutSuffix(of, ":docs")
	i := slices.IndexFunc(s.releases, func(r release) bool {
		return r.ref.Repository.String() == repository && of == r.ref.Name.String()+"-"+r.version.String()
	})
	if i < 0 || path == "" {
		return fmt.Errorf("the file %q is in no release of this world; write [REPOSITORY/]NAME-VERSION/PATH", f.Name)
	}
	file := tarball.Source{Path: path, Content: f.Data}
	if isDocs {
		s.releases[i].docs = append(s.releases[i].docs, file)
	} else {
		s.releases[i].files = append(s.releases[i].files, file)
	}
	return nil
}

// roles are the attributes of an org line that name members, the one needed to found it first.
var roles = []org.Role{org.Admin, org.Write, org.Read}

package preview

import (
	"net/url"
	"path"
	"slices"
	"strings"

	"hexhub/internal/kernel/markup"
)

// usual are the names under which a text is looked for, the best first: for a README hex.pm's, in its order. Each is also
// taken in other letters, if there is none in these.
var usual = map[Part][]string{
	Readme:    {"README.md", "readme.md", "README.markdown", "readme.markdown", "README.txt", "readme.txt", "README", "readme"},
	Changelog: {"CHANGELOG.md", "CHANGELOG.markdown", "CHANGELOG.txt", "CHANGELOG", "CHANGES.md", "CHANGES", "HISTORY.md", "NEWS.md", "RELEASE_NOTES.md", "RELEASENOTES.md"},
	License: {
		"LICENSE", "LICENSE.md", "LICENSE.txt", "LICENCE", "LICENCE.md", "LICENCE.txt", "COPYING", "COPYING.md", "COPYING.txt",
		"LICENSE-APACHE", "LICENSE-MIT", "UNLICENSE", "NOTICE",
	},
}

// rankOf tells how good a name is for a part, less being better, if it is one at all.
func rankOf(part Part, name string) (rank int, ok bool) {
	names := usual[part]
	if i := slices.Index(names, name); i >= 0 {
		return i, true
	}
	i := slices.IndexFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
	return len(names) + i, i >= 0
}

func isMarkdown(name string) bool {
	ext := strings.ToLower(path.Ext(name))
	return ext == ".md" || ext == ".markdown"
}

// A linker tells where relative links in a text of a release lead: to other files of it, or nowhere.
type linker struct {
	base string // path of the release's page
	dir  string // in which the text lies
	has  func(path string) bool
	page func(file string) string // of a file that has one of its own beside the files; nil knows none
}

// FilePath is where a file of a release is shown, whose page is at base.
func FilePath(base, file string) string {
	return (&url.URL{Path: base + "/files/" + file}).EscapedPath()
}

// RawPath is where the bytes of such a file are.
func RawPath(base, file string) string { return FilePath(base, file) + "?view=raw" }

// file is the path of a file that the release has, from its top.
func (l linker) file(to string) (file string, u *url.URL, ok bool) {
	u, err := url.Parse(to)
	if err != nil || u.Path == "" {
		return "", nil, false
	}
	file = path.Join(l.dir, u.Path)
	if strings.HasPrefix(u.Path, "/") {
		file = strings.TrimPrefix(path.Clean(u.Path), "/")
	}
	return file, u, l.has(file)
}

func (l linker) link(to string) string {
	file, u, ok := l.file(to)
	if !ok {
		return ""
	}
	page := FilePath(l.base, file)
	if l.page != nil {
		if own := l.page(file); own != "" {
			page = own
		}
	}
	if u.Fragment != "" && isMarkdown(file) {
		page += "#" + (&url.URL{Path: markup.Prefix + u.Fragment}).EscapedPath()
	} else if u.Fragment != "" {
		page += "#" + u.EscapedFragment()
	}
	return page
}

// image is where the bytes of a picture are.
func (l linker) image(to string) string {
	file, _, ok := l.file(to)
	if !ok || !isPicture(file) {
		return ""
	}
	return RawPath(l.base, file)
}

// linker leads from the texts to each other and to all other files.
func (t texts) linker(base string) linker {
	return linker{
		base: base,
		has:  func(file string) bool { return contains(t.files, file) },
		page: func(file string) string {
			for _, part := range parts {
				if t.by[part].name == file && part != Readme {
					return base + "/" + string(part)
				} else if t.by[part].name == file {
					return base
				}
			}
			return ""
		},
	}
}

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

// link tells where a relative link in one of the texts leads: to another of them, or nowhere.
func (t texts) link(to, base string) string {
	u, err := url.Parse(to)
	if err != nil {
		return ""
	}
	file := path.Clean(u.Path)
	for _, part := range parts {
		if t[part].name != file {
			continue
		}
		page := base
		if part != Readme {
			page += "/" + string(part)
		}
		if u.Fragment != "" && isMarkdown(file) {
			page += "#" + (&url.URL{Path: markup.Prefix + u.Fragment}).EscapedPath()
		}
		return page
	}
	return ""
}

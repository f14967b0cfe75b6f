package dochost

import (
	"bytes"
	"net/url"
	"path"
	"regexp"
	"strings"

	"golang.org/x/net/html"

	"hexhub/internal/kernel/pack"
)

// A page is one file of an archive.
type page struct{ archive, path string }

// A manner is how a page is, as far as it matters here.
type manner struct {
	menu bool   // it brings a menu of versions itself, or is not one to give one
	to   string // file that it sends its readers to

	text string // file that it shows in a frame, beside its menu
}

// longest is how much of a page is looked at.
const longest = 4 << 20

// mannerOf looks at a page once.
func (s *surface) mannerOf(a *asked, tree *pack.Pack, f pack.File) (manner, error) {
	key := page{a.release.Docs.Hash.String(), f.Path}
	if m, ok := s.manners.Get(key); ok {
		return m, nil
	}
	text, err := tree.Read(f, longest)
	if err != nil {
		return manner{}, err
	}
	m := manner{menu: f.Size > longest || bytes.Contains(text, []byte("docs_config.js")) || bodyEnd(text) < 0 || path.Base(f.Path) == edocMenu}
	if path.Base(f.Path) == "index.html" && f.Size < 4096 {
		m.to = sendsTo(tree, path.Dir(f.Path), text)
	}
	if _, ok := tree.Find(edocText); ok && f.Path == "index.html" && bytes.Contains(text, []byte(`src="`+edocText+`"`)) {
		m.text = edocText
	}
	s.manners.Add(key, m)
	return m, nil
}

// EDoc's first page shows these two in frames: a menu, and what is chosen from it.
const (
	edocMenu = "modules-frame.html"
	edocText = "overview-summary.html"
)

var refresh = regexp.MustCompile(`(?i)<meta\s+http-equiv="?refresh"?\s+content="\s*0\s*;\s*url=([^"]+)"`)

// bodyEnd is where the body of a page begins, behind its tag, or -1 if there is none. What is in a comment or a script is
// no tag.
func bodyEnd(text []byte) int {
	for z, at := html.NewTokenizer(bytes.NewReader(text)), 0; ; {
		token := z.Next()
		if token == html.ErrorToken {
			return -1
		}
		at += len(z.Raw())
		if name, _ := z.TagName(); token == html.StartTagToken && string(name) == "body" {
			return at
		}
	}
}

// sendsTo returns the file to which a page does nothing but send its readers, if it is in the archive. ExDoc's first page
// is like that, and browsers would lose the theme on the way.
func sendsTo(tree *pack.Pack, folder string, text []byte) string {
	found := refresh.FindSubmatch(text)
	if found == nil {
		return ""
	}
	u, err := url.Parse(strings.TrimSpace(string(found[1])))
	if err != nil || u.IsAbs() || u.Host != "" || u.Fragment != "" || strings.HasPrefix(u.Path, "/") {
		return ""
	}
	file := path.Join(folder, u.Path)
	if _, ok := tree.Find(file); !ok {
		return ""
	}
	return file
}

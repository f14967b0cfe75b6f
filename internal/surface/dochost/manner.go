package dochost

import (
	"bytes"
	"net/url"
	"path"
	"regexp"
	"strings"

	"hexhub/internal/kernel/pack"
)

// A page is one file of an archive.
type page struct{ archive, path string }

// A manner is how a page is, as far as it matters here.
type manner struct {
	menu bool   // it brings a menu of versions itself, or is not one to give one
	to   string // file that it sends its readers to
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
	m := manner{menu: f.Size > longest || bytes.Contains(text, []byte("docs_config.js")) || bodyTag.Find(text) == nil || path.Base(f.Path) == edocMenu}
	if path.Base(f.Path) == "index.html" && f.Size < 4096 {
		m.to = sendsTo(tree, path.Dir(f.Path), text)
	}
	s.manners.Add(key, m)
	return m, nil
}

// edocMenu is the page that EDoc shows beside the others, in a frame.
const edocMenu = "modules-frame.html"

var (
	bodyTag = regexp.MustCompile(`(?i)<body(?:\s(?:"[^"]*"|'[^']*'|[^>"'])*)?>`)
	refresh = regexp.MustCompile(`(?i)<meta\s+http-equiv="?refresh"?\s+content="\s*0\s*;\s*url=([^"]+)"`)
)

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

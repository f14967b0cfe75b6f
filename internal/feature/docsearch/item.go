package docsearch

import (
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// An Item is one place in a documentation.
type Item struct {
	Type  string `json:"t"` // such as module, function or extras, as the one who wrote it calls it
	Ref   string `json:"r"` // page and anchor below the root of the documentation: Plug.Conn.html#assign/3
	Title string `json:"n"`
	Text  string `json:"d"` // Markdown, or plain text
}

// The most of one place, and of one documentation, that is kept.
const (
	longestType  = 30
	longestRef   = 500
	longestTitle = 300
	longestText  = 8 << 10
	mostItems    = 20_000
	mostText     = 16 << 20 // bytes of all texts together
)

// A collection takes items of one documentation, as many as may be.
type collection struct {
	items []Item
	text  int
	tally
}

// full reports whether nothing more is taken.
func (c *collection) full() bool { return len(c.items) >= mostItems || c.text >= mostText }

// add takes an item in if it leads anywhere and has a title.
func (c *collection) add(i Item) {
	i.Title = strings.Join(strings.Fields(cut(i.Title, longestTitle)), " ")
	if c.full() || i.Title == "" || !leads(i.Ref) {
		return
	}
	i.Type, i.Text = cut(strings.ToLower(i.Type), longestType), cut(i.Text, longestText)
	c.items = append(c.items, i)
	c.text += len(i.Text)
}

// cut is the beginning of a stranger's text, as text.
func cut(s string, most int) string {
	s = s[:min(len(s), most)]
	for len(s) > 0 && len(s) >= most-utf8.UTFMax { // a letter may have been cut in two
		if r, n := utf8.DecodeLastRuneInString(s); r != utf8.RuneError || n != 1 {
			break
		}
		s = s[:len(s)-1]
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' || r == utf8.RuneError {
			return ' '
		}
		return r
	}, s)
}

// leads reports whether the reference leads to a page of the same documentation, and not out of it.
func leads(ref string) bool {
	if ref == "" || len(ref) > longestRef || !utf8.ValidString(ref) || strings.ContainsFunc(ref, isOdd) {
		return false
	}
	u, err := url.Parse(ref)
	return err == nil && u.Scheme == "" && u.Host == "" && u.User == nil && u.Path != "" && u.Path[0] != '/' &&
		!slices.Contains(strings.Split(u.Path, "/"), "..")
}

func isOdd(r rune) bool { return r == '\\' || unicode.IsControl(r) || unicode.IsSpace(r) }

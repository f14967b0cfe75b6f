package ui

import (
	"net/url"
	"strings"
)

// Local reads where to go next from what a stranger may have written. It returns the address anew, as a
// path of this site with perhaps a query, or nothing if it is not plainly one: browsers read "//evil",
// "/\evil" and "/%09/evil" as another host's.
func Local(text string) string {
	if len(text) > 2048 || !strings.HasPrefix(text, "/") || strings.ContainsFunc(text, odd) {
		return ""
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || u.Opaque != "" || u.Fragment != "" {
		return ""
	}
	if strings.ContainsFunc(u.Path, odd) || strings.Contains(u.Path, "//") || u.RawPath != "" {
		return ""
	}
	for part := range strings.SplitSeq(u.Path, "/") {
		if part == "." || part == ".." {
			return ""
		}
	}
	return (&url.URL{Path: u.Path, RawQuery: u.RawQuery}).String()
}

// odd is what no address that we make contains unescaped.
func odd(r rune) bool { return r <= ' ' || r == '\\' || r == '#' || r >= 0x7f }

package quality

import (
	"net/url"
	"strings"
	"testing"

	"hexhub/hex/version"
)

// FuzzEndless: what is said to admit all versions there will ever be admits one that is far away.
func FuzzEndless(f *testing.F) {
	for _, q := range []string{">= 1.0.0", "~> 1.0", ">= 1.0.0 and < 2.0.0", "> 1.0.0 or < 0.1.0", "!= 1.0.0", "== 1.0.0 or >= 2.0.0"} {
		f.Add(q)
	}
	far := version.MustParse("9999999.9999999.9999999")
	f.Fuzz(func(t *testing.T, text string) {
		q, err := version.ParseRequirement(text)
		said := endless(text)
		if err != nil || !said || strings.ContainsAny(text, "0123456789") && len(text) > 60 {
			return // numbers that are greater still
		}
		for _, n := range strings.FieldsFunc(text, func(r rune) bool { return r < '0' || r > '9' }) {
			if len(n) > 6 {
				return
			}
		}
		if !q.Match(far, true) {
			t.Errorf("%q is said to have no end, and does not admit %s", text, far)
		}
	})
}

// FuzzShowsTests: what is said to show what came of tests is a link to a host.
func FuzzShowsTests(f *testing.F) {
	for _, link := range []string{"https://github.com/a/b/actions/workflows/ci.yml", "/actions/", "https://travis-ci.com.evil.example", "//circleci.com/x", "https://gitlab.com/a/b/-/pipelines"} {
		f.Add(link)
	}
	f.Fuzz(func(t *testing.T, link string) {
		if u, err := url.Parse(link); ShowsTests(link) && (err != nil || u.Hostname() == "") {
			t.Errorf("%q is said to show what came of tests; %v", link, err)
		}
		IsBuilder(link)
	})
}

// FuzzIsSource: a link that is said to lead to source code leads to a host.
func FuzzIsSource(f *testing.F) {
	for _, link := range []string{"https://github.com/a/b", "https://git.sr.ht/~a", "https://notgithub.com", "//github.com", "https://GITHUB.com:443"} {
		f.Add(link)
	}
	f.Fuzz(func(t *testing.T, link string) {
		if !isSource(link) {
			return
		}
		if u, err := url.Parse(link); err != nil || !strings.Contains(u.Hostname(), ".") {
			t.Errorf("%q is said to lead to source code; %v", link, err)
		}
	})
}

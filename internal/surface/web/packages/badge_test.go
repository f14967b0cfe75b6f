package packages_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"
)

const badgeWorld = `
user joe
user zoe
org guild admin=zoe

package hub/decimal owner=joe
release hub/decimal 1.0.0 description="Whole numbers." licenses=Apache-2.0
release hub/decimal 2.0.0 description="Numbers & <more>." licenses=MIT requires="plug ~> 1.0"
package hub/plug owner=joe
release hub/plug 1.0.0 retired="security:it leaks"
package guild/vault
release guild/vault 9.9.9
`

func TestBadgesTellTheTruth(t *testing.T) {
	s := newWorld(t, badgeWorld)
	for path, want := range map[string]string{
		"/badge/decimal/version.svg":                       "hex: v2.0.0",
		"/badge/decimal/downloads.svg":                     "downloads: 0/week",
		"/badge/decimal/docs.svg":                          "docs: none",
		"/badge/decimal/license.svg":                       "license: MIT",
		"/badge/decimal/deps.svg":                          "requires: 1 package",
		"/badge/plug/version.svg":                          "hex: v1.0.0 retired",
		"/badge/decimal/version.svg?label=":                "v2.0.0",
		"/badge/decimal/version.svg?label=%3Cb%3E&color=0": "&lt;b&gt;: v2.0.0",
		"/badge/nothing/version.svg":                       "hex: not public",
		"/badge/vault/version.svg":                         "hex: not public",
	} {
		rec := s.ask(path, visit{})
		if rec.Code != 200 || !strings.Contains(rec.Body.String(), "<title>"+want+"</title>") || rec.Header().Get("Content-Type") != "image/svg+xml" {
			t.Errorf("%s: want %q in %s", path, want, rec.Body)
		}
	}
	for _, path := range []string{"/badge/decimal/version", "/badge/decimal/nothing.svg", "/badge/decimal/version.png"} {
		if rec := s.ask(path, visit{}); rec.Code != 404 {
			t.Errorf("%s: %d", path, rec.Code)
		}
	}
	colored := s.ask("/badge/decimal/version.svg?color=ff0&style=square", visit{}).Body.String()
	if !strings.Contains(colored, "#ffff00") || !strings.Contains(colored, `rx="0"`) {
		t.Errorf("neither colour nor style: %s", colored)
	}
}

// The badge says what the page says.
func TestQualityIsTheSameOnBadgeAndPage(t *testing.T) {
	s := newWorld(t, badgeWorld)
	score := regexp.MustCompile(`(\d+) %`)
	said := score.FindString(words(s.page(200, "/packages/decimal/quality", visit{}).one(t, "main", "", "")))
	if badge := s.ask("/badge/decimal/quality.svg", visit{}).Body.String(); said == "" || !strings.Contains(badge, "<title>quality: "+said+"</title>") {
		t.Errorf("the page says %q, and the badge is %s", said, badge)
	}
}

// What the maker shows is what its address answers, and is written in each of three ways. Strangers make none of what is private.
func TestBadgesAreMadeOnAPage(t *testing.T) {
	s := newWorld(t, badgeWorld)
	p := s.page(200, "/packages/decimal/badges?style=pill&color=honey", visit{})
	for _, kind := range []string{"version", "downloads", "docs", "license", "deps", "quality"} {
		at := "https://hub.example.com/badge/decimal/" + kind + ".svg?color=honey&style=pill"
		if got := words(p.one(t, "pre", "id", kind+"-address")); got != at {
			t.Errorf("the address is %s", got)
		}
		if got := words(p.one(t, "pre", "id", kind+"-markdown")); !strings.HasPrefix(got, "[![decimal "+kind+"]("+at+")](https://hub.example.com/packages/decimal") {
			t.Errorf("in Markdown it is %s", got)
		}
		if got := words(p.one(t, "pre", "id", kind+"-html")); !strings.Contains(got, `<img src="`+strings.ReplaceAll(at, "&", "&amp;")+`" alt="decimal `+kind+`">`) {
			t.Errorf("in HTML it is %s", got)
		}
	}
	if got := words(s.page(200, "/packages/decimal", visit{}).one(t, "pre", "id", "badge")); got != "[![decimal version](https://hub.example.com/badge/decimal/version.svg)](https://hub.example.com/packages/decimal)" {
		t.Errorf("the package's page offers %s", got)
	}
	if rec := s.ask("/packages/guild/vault/badges", visit{}); rec.Code != 404 {
		t.Errorf("somebody makes badges of what is private: %d", rec.Code)
	}
}

// L3: badges of a private package are seen by whoever has its secret, as long as that is shared; all others are told what they are
// told of none at all.
func TestL3PrivateBadgesNeedTheirSecret(t *testing.T) {
	s := newWorld(t, badgeWorld)
	told := func(path string) string {
		t.Helper()
		rec := s.ask(path, visit{})
		if rec.Code != 200 {
			t.Errorf("%s: %d", path, rec.Code)
		}
		return rec.Body.String()
	}
	absent := told("/badge/guild/nothing/version.svg")
	hidden := func(why, path string) {
		t.Helper()
		if got := told(path); got != absent {
			t.Errorf("%s: %s", why, got)
		}
	}
	post := func(deed string) {
		t.Helper()
		rec := s.ask("/packages/guild/vault/badges", visit{as: "zoe", method: "POST", form: url.Values{"deed": {deed}}})
		if rec.Code != 303 {
			t.Fatalf("%s: %d %s", deed, rec.Code, rec.Body)
		}
	}
	address := func() string {
		t.Helper()
		at := words(s.page(200, "/packages/guild/vault/badges", visit{as: "zoe"}).one(t, "pre", "id", "version-address"))
		return strings.TrimPrefix(at, "https://hub.example.com")
	}
	hidden("it is not shared yet", "/badge/guild/vault/version.svg")
	hidden("an empty secret", "/badge/guild/vault/version.svg?token=")
	post("share")
	first := address()
	if got := told(first); !strings.Contains(got, "hex: v9.9.9") {
		t.Errorf("the shared badge is %s", got)
	}
	hidden("no secret", "/badge/guild/vault/version.svg")
	hidden("a guess", "/badge/guild/vault/version.svg?token=guess")
	hidden("the secret of another", strings.Replace(first, "vault", "nothing", 1))
	post("share")
	hidden("the secret of before", first)
	second := address()
	post("hide")
	hidden("after it was hidden", second)
}

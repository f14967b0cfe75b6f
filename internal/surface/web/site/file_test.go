package site_test

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"image/png"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"hexhub/internal/feature/audit"
	"hexhub/internal/hubtest"
)

const filesWorld = `
user root admin
user joe
user zoe
org guild admin=zoe

package hexhub/decimal owner=joe
release hexhub/decimal 1.0.0 description="Whole numbers." licenses=Apache-2.0
release hexhub/decimal 2.0.0 description="Numbers & <more>." licenses=MIT requires="plug ~> 1.0"
package hexhub/plug owner=joe
release hexhub/plug 1.0.0 retired="security:it leaks"
package guild/vault owner=zoe
release guild/vault 9.9.9 description="the canary sings"

key joe all permissions=api,repositories
`

// A feed as a reader of news would read it.
type feed struct {
	ID      string `xml:"id"`
	Title   string `xml:"title"`
	Updated string `xml:"updated"`
	Links   []struct {
		Rel  string `xml:"rel,attr"`
		Href string `xml:"href,attr"`
	} `xml:"link"`
	Entries []struct {
		ID      string `xml:"id"`
		Title   string `xml:"title"`
		Updated string `xml:"updated"`
		Summary string `xml:"summary"`
		Link    struct {
			Href string `xml:"href,attr"`
		} `xml:"link"`
	} `xml:"entry"`
}

func readFeed(t *testing.T, h *hubtest.Hub, path string) feed {
	t.Helper()
	a := h.Anonymous().Get(path).Expect(t, 200)
	if kind := a.Header.Get("Content-Type"); kind != "application/atom+xml; charset=utf-8" {
		t.Errorf("%s is %s", path, kind)
	}
	var f feed
	if err := xml.Unmarshal(a.Body, &f); err != nil {
		t.Fatalf("%s: %v in %s", path, err, a.Body)
	}
	ids := map[string]bool{f.ID: true}
	for _, e := range f.Entries {
		if ids[e.ID] || !strings.HasPrefix(e.ID, "urn:uuid:") {
			t.Errorf("%s: the id %q is bad or not the only one", path, e.ID)
		}
		ids[e.ID] = true
		if _, err := time.Parse(time.RFC3339, e.Updated); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	if _, err := time.Parse(time.RFC3339, f.Updated); err != nil || f.Title == "" || len(f.Links) != 2 || f.Links[0].Href != h.URL+path {
		t.Errorf("%s: %+v", path, f)
	}
	return f
}

// What the operator calls the registry is what is read where it shows elsewhere: in readers of feeds, in pictures beside links, in
// other sites, and in the bar of addresses.
func TestTheNameOfTheSiteIsSaidElsewhere(t *testing.T) {
	h := hubtest.World(t, filesWorld)
	ask := func(path string) string { return string(h.Anonymous().Get(path).Expect(t, 200).Body) }
	picture := ask("/og.png")
	if err := h.Settings.Set(t.Context(), audit.By{}, "site.name", "Acme & Sons"); err != nil {
		t.Fatal(err)
	}
	if got := readFeed(t, h, "/feeds/releases.atom").Title; !strings.Contains(got, "Acme & Sons") {
		t.Errorf("the feed is called %q", got)
	}
	embed := "/oembed?url=" + url.QueryEscape(h.URL+"/packages/decimal")
	for path, want := range map[string]string{embed: `"provider_name":"Acme \u0026 Sons"`, "/hexsearch.xml": "<ShortName>Acme &amp; Sons</ShortName>"} {
		if got := ask(path); !strings.Contains(got, want) {
			t.Errorf("%s has no %s: %s", path, want, got)
		}
	}
	if ask("/og.png") == picture {
		t.Error("the picture is as it was")
	}
}

func TestFeedsTellWhatIsNew(t *testing.T) {
	h := hubtest.World(t, filesWorld)
	releases, packages := readFeed(t, h, "/feeds/releases.atom"), readFeed(t, h, "/feeds/new.atom")
	if len(releases.Entries) != 3 || len(packages.Entries) != 2 || packages.Entries[0].Title != "plug" {
		t.Fatalf("releases: %+v\npackages: %+v", releases, packages)
	}
	of := readFeed(t, h, "/packages/decimal/feed.atom")
	if len(of.Entries) != 2 || of.Entries[0].Title != "decimal 2.0.0" || of.Entries[0].Summary != "Numbers & <more>." || of.Entries[0].Link.Href != h.URL+"/packages/decimal/2.0.0" {
		t.Errorf("of the package: %+v", of)
	}
	if e := readFeed(t, h, "/packages/plug/feed.atom").Entries[0]; e.Summary != "Retired: security: it leaks" {
		t.Errorf("of a retired release: %+v", e)
	}
	if f := readFeed(t, h, "/users/joe/feed.atom"); len(f.Entries) != 3 {
		t.Errorf("of the user: %+v", f)
	}
	for _, path := range []string{"/packages/vault/feed.atom", "/packages/nothing/feed.atom", "/users/zoe/feed.atom", "/users/nobody/feed.atom"} {
		h.Anonymous().Get(path).Expect(t, 404)
	}
}

// An entry is the same one after it changed and wherever it stands, so that nobody reads it twice.
func TestFeedEntriesKeepTheirIDs(t *testing.T) {
	h := hubtest.World(t, filesWorld)
	before := map[string]string{}
	for _, e := range readFeed(t, h, "/feeds/releases.atom").Entries {
		before[e.Title] = e.ID
	}
	tag := h.Anonymous().Get("/feeds/releases.atom").Header.Get("ETag")
	h.As("joe/all").Do("POST", "/api/packages/decimal/releases/1.0.0/retire", map[string]string{"reason": "other"}).Expect(t, 204)
	h.As("joe/all").Publish(hubtest.Tarball(t, "plug", "1.1.0")).Expect(t, 201)
	for _, path := range []string{"/feeds/releases.atom", "/packages/decimal/feed.atom", "/users/joe/feed.atom"} {
		for _, e := range readFeed(t, h, path).Entries {
			if want := before[e.Title]; want != "" && e.ID != want {
				t.Errorf("%s: %s was %s and is %s", path, e.Title, want, e.ID)
			}
		}
	}
	if tag == "" || h.Anonymous().Get("/feeds/releases.atom").Header.Get("ETag") == tag {
		t.Errorf("the feed changed, and its tag %q did not", tag)
	}
}

// What somebody has already is not sent again.
func TestFilesAreNotSentTwice(t *testing.T) {
	h := hubtest.World(t, filesWorld)
	for _, path := range []string{"/feeds/releases.atom", "/badge/decimal/version.svg", "/og/decimal.png", "/og.png", "/sitemap.xml", "/robots.txt", "/llms.txt"} {
		c := h.Anonymous()
		tag := c.Get(path).Expect(t, 200).Header.Get("ETag")
		c.Header = http.Header{"If-None-Match": {tag}}
		if a := c.Get(path); a.Status != http.StatusNotModified || len(a.Body) != 0 {
			t.Errorf("%s: %d and %d bytes for the tag %s", path, a.Status, len(a.Body), tag)
		}
	}
}

// L3: a badge, a picture and a feed of a private package are those of none at all, byte for byte.
func TestL3PicturesOfThePrivateAreThoseOfTheAbsent(t *testing.T) {
	h := hubtest.World(t, filesWorld)
	for _, path := range []string{"/badge/%s/version.svg", "/badge/%s/downloads.svg", "/badge/%s/license.svg?label=x", "/badge/%s/quality.svg", "/og/%s.png", "/og/%s/9.9.9.png", "/packages/%s/feed.atom"} {
		private, none := h.Anonymous().Get(fmt.Sprintf(path, "vault")), h.Anonymous().Get(fmt.Sprintf(path, "abcde"))
		text := func(a hubtest.Answer) []byte {
			body := bytes.ReplaceAll(a.Body, []byte(a.Header.Get("X-Request-Id")), []byte("ID"))
			return bytes.ReplaceAll(bytes.ReplaceAll(body, []byte("vault"), []byte("NAME")), []byte("abcde"), []byte("NAME"))
		}
		if private.Status != none.Status || !bytes.Equal(text(private), text(none)) || private.Header.Get("Cache-Control") != none.Header.Get("Cache-Control") || private.Header.Get("ETag") != none.Header.Get("ETag") {
			t.Errorf("%s: %d %v\n%d %v", path, private.Status, private.Header, none.Status, none.Header)
		}
	}
}

func TestCardsArePictures(t *testing.T) {
	h := hubtest.World(t, filesWorld)
	for path, keep := range map[string]string{"/og/decimal.png": "public, max-age=3600", "/og/decimal/1.0.0.png": "public, max-age=3600", "/og.png": "public, max-age=3600", "/og/nothing.png": "no-store"} {
		a := h.Anonymous().Get(path).Expect(t, 200)
		config, err := png.DecodeConfig(bytes.NewReader(a.Body))
		if err != nil || config.Width != 1200 || config.Height != 630 || a.Header.Get("Cache-Control") != keep {
			t.Errorf("%s: %v, %v, %v", path, config, err, a.Header)
		}
	}
	h.Anonymous().Get("/og/decimal").Expect(t, 404)
	old, latest := h.Anonymous().Get("/og/decimal/1.0.0.png").Header.Get("ETag"), h.Anonymous().Get("/og/decimal/2.0.0.png").Header.Get("ETag")
	if latest != h.Anonymous().Get("/og/decimal.png").Header.Get("ETag") || latest == old {
		t.Errorf("the pictures of two versions are %s and %s", old, latest)
	}
}

// A link to a package is shown with the package's picture, and one to what only some may know of with the site's.
func TestPagesNameTheirPicture(t *testing.T) {
	h := hubtest.World(t, filesWorld)
	picture := regexp.MustCompile(`<meta property="og:image" content="([^"]*)">`)
	for path, want := range map[string]string{
		"/packages/decimal": "/og/decimal.png", "/packages/decimal/1.0.0": "/og/decimal/1.0.0.png", "/packages/decimal/versions": "/og/decimal.png",
		"/packages/guild/vault": "/og.png", "/packages": "/og.png",
	} {
		c := h.Anonymous()
		if strings.Contains(path, "vault") {
			c = loggedIn(t, h, "zoe")
		}
		named := picture.FindSubmatch(c.Get(path).Expect(t, 200).Body)
		if len(named) < 2 || string(named[1]) != h.URL+want {
			t.Errorf("%s names %q, want %s", path, named, want)
			continue
		}
		if a := h.Anonymous().Get(want); a.Status != 200 || a.Header.Get("Content-Type") != "image/png" {
			t.Errorf("%s: %d %v", want, a.Status, a.Header)
		}
	}
}

func TestSitemapListsEveryPublicPackage(t *testing.T) {
	h := hubtest.World(t, filesWorld)
	var list struct {
		URLs []struct {
			Loc string `xml:"loc"`
		} `xml:"url"`
	}
	read := func() (all []string) {
		list.URLs = nil
		if err := xml.Unmarshal(h.Anonymous().Get("/sitemap.xml").Expect(t, 200).Body, &list); err != nil {
			t.Fatal(err)
		}
		for _, u := range list.URLs {
			all = append(all, strings.TrimPrefix(u.Loc, h.URL))
		}
		return all
	}
	if got := fmt.Sprint(read()); strings.Contains(got, "/packages/decimal") {
		t.Errorf("everybody may register, and what is new is listed: %s", got)
	}
	if err := h.Settings.Set(t.Context(), audit.By{}, "site.noindex", "0"); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(read()); !strings.Contains(got, "/packages/decimal /packages/plug") || strings.Contains(got, "vault") {
		t.Errorf("listed: %s", got)
	}
	h.Anonymous().Get("/sitemap.xml?part=1").Expect(t, 404)
	robots := string(h.Anonymous().Get("/robots.txt").Expect(t, 200).Body)
	for _, want := range []string{"Sitemap: " + h.URL + "/sitemap.xml\n", "Disallow: /packages/*/files\n", "Disallow: /diff/\n", "Disallow: /diffs\n"} {
		if !strings.Contains(robots, want) {
			t.Errorf("robots.txt lacks %s: %s", want, robots)
		}
	}
	if text := string(h.Anonymous().Get("/llms.txt").Expect(t, 200).Body); !strings.Contains(text, h.URL+"/connect") {
		t.Errorf("llms.txt: %s", text)
	}
}

// Where there is nobody to tell of holes, nobody is named.
func TestSecurityContactIsToldWhenThereIsOne(t *testing.T) {
	h := hubtest.World(t, filesWorld)
	h.Anonymous().Get("/.well-known/security.txt").Expect(t, 404)
	for value, want := range map[string]string{"security@example.com": "mailto:security@example.com", "https://example.com/report": "https://example.com/report"} {
		if err := h.Settings.Set(t.Context(), audit.By{}, "site.security-contact", value); err != nil {
			t.Fatal(err)
		}
		text := string(h.Anonymous().Get("/.well-known/security.txt").Expect(t, 200).Body)
		if !strings.HasPrefix(text, "Contact: "+want+"\nExpires: 20") {
			t.Errorf("%s: %s", value, text)
		}
	}
	for _, bad := range []string{"javascript:alert(1)", "http://example.com", "nobody", "https://a b", "a@b.org\nContact: x"} {
		if err := h.Settings.Set(t.Context(), audit.By{}, "site.security-contact", bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

package site

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"hexhub/internal/feature/shelf"
	"hexhub/internal/surface/web/ui"
)

const plain = "text/plain; charset=utf-8"

// closed are the paths at which robots have no business, as RFC 9309 writes them: where people do something, and where each
// of countless addresses costs the registry work, such as every file of every version, and every pair of versions.
var closed = []string{
	"/setup", "/account", "/dashboard", "/admin", "/login", "/sudo", "/oauth/", "/api/", "/suggest",
	"/diff/", "/diffs", "/packages/*/files", "/search", "/compare",
}

// addRobots adds what is for programs that look around, rather than for people.
func (s *site) addRobots() {
	s.web.File("GET /robots.txt", func(*http.Request) (ui.File, error) {
		var b strings.Builder
		b.WriteString("User-agent: *\n")
		for _, path := range closed {
			fmt.Fprintf(&b, "Disallow: %s\n", path)
		}
		fmt.Fprintf(&b, "\nSitemap: %s/sitemap.xml\nSitemap: %s/docs_sitemap.xml\n", s.Registry.URL, s.Registry.URL)
		return ui.File{Kind: plain, Keep: "public, max-age=86400", Body: []byte(b.String())}, nil
	})
	s.web.File("GET /sitemap.xml", s.sitemap)
	s.web.File("GET /docs_sitemap.xml", s.docsSitemap)
	s.web.File("GET /llms.txt", func(*http.Request) (ui.File, error) {
		return ui.File{Kind: plain, Keep: "public, max-age=3600", Body: []byte(s.forModels())}, nil
	})
	s.web.File("GET /.well-known/security.txt", func(*http.Request) (ui.File, error) {
		contact := s.Said(s.DB.View()).SecurityContact
		if contact == "" {
			return ui.File{}, absent
		}
		// RFC 9116 wants to be told when this is no longer to be relied upon.
		until := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 6, 0)
		body := fmt.Sprintf("Contact: %s\nExpires: %s\nPreferred-Languages: en\nCanonical: %s/.well-known/security.txt\n", contact, until.Format(time.RFC3339), s.Registry.URL)
		return ui.File{Kind: plain, Keep: "public, max-age=3600", Body: []byte(body)}, nil
	})
}

// forModels tells a language model in few words what this is and where the facts are.
func (s *site) forModels() string {
	var b strings.Builder
	u := s.Registry.URL
	fmt.Fprintf(&b, "# %s\n\n> %s\n\n", s.Registry.Repository, s.promise(s.DB.View()))
	b.WriteString("This is a registry of Hex packages, for Elixir, Erlang and Gleam. It is not hex.pm: clients must be pointed at it first.\n\n")
	fmt.Fprintf(&b, "## Use\n\n- [Connect a client](%s/connect): mix, rebar3, Gleam\n- [Publish a package](%s/publish)\n- [Public key](%s/keys) that signs every release list: %s\n\n", u, u, u, s.Registry.Fingerprint)
	fmt.Fprintf(&b, "## Facts\n\n- [A package](%s/packages/NAME): replace NAME; [as JSON](%s/api/packages/NAME), [one release](%s/api/packages/NAME/releases/VERSION)\n", u, u, u)
	fmt.Fprintf(&b, "- [Search](%s/packages?search=WORDS); [as JSON](%s/api/packages?search=WORDS)\n- [New releases](%s/feeds/releases.atom), [new packages](%s/feeds/new.atom): Atom\n- [All packages](%s/sitemap.xml)\n- [API](%s/api)\n- [State](%s/status)\n", u, u, u, u, u, u, u)
	return b.String()
}

// perSitemap is how many addresses a list may have; sitemaps.org allows 50,000.
const perSitemap = 45_000

// A sitemap keeps the lists of addresses that were made from the names.
type sitemap struct {
	mu    sync.Mutex // guards all below
	names []shelf.Name
	size  int      // how many of the names are listed
	files [][]byte // the whole or, if there are several, the list of them and then each
}

func (s *site) sitemap(r *http.Request) (ui.File, error) {
	names := s.Shelf.Names(nil)
	return partOf(r, s.sitemaps.of(names, s.listed(names), s.Registry.URL))
}

// listed are the packages that robots may remember.
func (s *site) listed(names []shelf.Name) []shelf.Name {
	if s.Unlisted == nil {
		return names
	}
	since := time.Now().Add(-s.Unlisted(s.DB.View()))
	return slices.DeleteFunc(slices.Clone(names), func(n shelf.Name) bool { return n.InsertedAt.After(since) })
}

// partOf is the part of a list that is asked for.
func partOf(r *http.Request, files [][]byte) (ui.File, error) {
	part, _ := strconv.Atoi(r.URL.Query().Get("part")) // without one, the first
	if part < 0 || part >= len(files) {
		return ui.File{}, absent
	}
	return ui.File{Kind: "application/xml; charset=utf-8", Keep: "public, max-age=3600", Body: files[part]}, nil
}

// of returns the list of those that are listed among the names.
func (m *sitemap) of(names, listed []shelf.Name, base string) [][]byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	same := len(names) == len(m.names) && (len(names) == 0 || &names[0] == &m.names[0]) && len(listed) == m.size
	if m.files == nil || !same {
		m.names, m.size, m.files = names, len(listed), sitemaps(listed, base)
	}
	return m.files
}

func sitemaps(names []shelf.Name, base string) [][]byte {
	var pages []address
	for _, path := range []string{"/", "/packages", "/connect", "/publish", "/docs", "/keys"} {
		pages = append(pages, address{base + path, time.Time{}})
	}
	for _, n := range names {
		pages = append(pages, address{base + "/packages/" + n.Package, n.ChangedAt})
	}
	return inParts(pages, base+"/sitemap.xml")
}

// inParts is a list at an address or, if it would be too long, the list of its parts and then each.
func inParts(pages []address, at string) [][]byte {
	if len(pages) <= perSitemap {
		return [][]byte{listed("urlset", "url", pages)}
	}
	var files [][]byte
	var parts []address
	for n := 1; len(pages) > 0; n++ {
		some := pages[:min(perSitemap, len(pages))]
		pages = pages[len(some):]
		files = append(files, listed("urlset", "url", some))
		parts = append(parts, address{fmt.Sprintf("%s?part=%d", at, n), time.Time{}})
	}
	return append([][]byte{listed("sitemapindex", "sitemap", parts)}, files...)
}

type address struct {
	url     string
	changed time.Time
}

func listed(root, each string, all []address) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s<%s xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n", xml.Header, root)
	for _, a := range all {
		fmt.Fprintf(&b, "<%s><loc>", each)
		_ = xml.EscapeText(&b, []byte(a.url)) // a bytes.Buffer takes everything
		b.WriteString("</loc>")
		if !a.changed.IsZero() {
			fmt.Fprintf(&b, "<lastmod>%s</lastmod>", a.changed.UTC().Format(time.RFC3339))
		}
		fmt.Fprintf(&b, "</%s>\n", each)
	}
	fmt.Fprintf(&b, "</%s>\n", root)
	return b.Bytes()
}

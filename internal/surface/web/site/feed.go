package site

import (
	"crypto/sha256"
	"encoding/xml"
	"fmt"
	"net/http"
	"time"

	"hexhub/internal/feature/shelf"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/surface/web/ui"
)

// A feed is what readers of news fetch, as RFC 4287 has it.
type feed struct {
	XMLName xml.Name `xml:"http://www.w3.org/2005/Atom feed"`
	ID      string   `xml:"id"`
	Title   string   `xml:"title"`
	Updated string   `xml:"updated"`
	Author  person   `xml:"author"`
	Links   []link   `xml:"link"`
	Entries []entry  `xml:"entry"`
}

type entry struct {
	ID        string  `xml:"id"`
	Title     string  `xml:"title"`
	Published string  `xml:"published"`
	Updated   string  `xml:"updated"`
	Author    *person `xml:"author"`
	Link      link    `xml:"link"`
	Summary   string  `xml:"summary,omitempty"`
}

type person struct {
	Name string `xml:"name"`
	URI  string `xml:"uri,omitempty"`
}

type link struct {
	Rel  string `xml:"rel,attr"`
	Type string `xml:"type,attr,omitempty"`
	Href string `xml:"href,attr"`
}

func (s *site) addFeeds() {
	s.web.File("GET /feeds/releases.atom", func(*http.Request) (ui.File, error) {
		return s.feed("/feeds/releases.atom", "/packages?sort=updated_at", "New releases", s.Shelf.Releases(nil), false)
	})
	s.web.File("GET /feeds/new.atom", func(*http.Request) (ui.File, error) {
		return s.feed("/feeds/new.atom", "/packages?sort=inserted_at", "New packages", s.Shelf.Packages(nil), true)
	})
	s.web.File("GET /packages/{package}/feed.atom", func(r *http.Request) (ui.File, error) {
		pkg := r.PathValue("package")
		items, ok := s.Shelf.OfPackage(pkg)
		if !ok {
			return ui.File{}, absent
		}
		return s.feed("/packages/"+pkg+"/feed.atom", "/packages/"+pkg, "Releases of "+pkg, items, false)
	})
	s.web.File("GET /users/{user}/feed.atom", func(r *http.Request) (ui.File, error) {
		user, items, ok := s.Shelf.OfUser(r.PathValue("user"))
		if !ok {
			return ui.File{}, absent
		}
		return s.feed("/users/"+user+"/feed.atom", "/users/"+user, "Releases of the packages of "+user, items, false)
	})
}

// absent is how what is not there and what is private are answered alike.
var absent = fault.New(fault.NotFound, "The address may be misspelled, or what it named is gone.")

// feed writes one that is found at a path, and tells what a page shows. An entry of a package leads to the package.
func (s *site) feed(path, page, title string, items []shelf.Item, packages bool) (ui.File, error) {
	name := s.web.Name(s.DB.View())
	f := feed{
		ID: stableID("feed", s.Registry.Repository, path), Title: title + " · " + name, Author: person{Name: name},
		Links: []link{{"self", atomType, s.Registry.URL + path}, {"alternate", "text/html", s.Registry.URL + page}},
	}
	var newest time.Time
	for _, i := range items {
		e := entry{
			ID: stableID("release", i.ID), Title: i.Package + " " + i.Version, Published: atom(i.InsertedAt), Updated: atom(i.UpdatedAt),
			Link:    link{Rel: "alternate", Type: "text/html", Href: s.Registry.URL + "/packages/" + i.Package + "/" + i.Version},
			Summary: summary(i),
		}
		at := i.UpdatedAt
		if packages {
			e.ID, e.Title, e.Link.Href = stableID("package", i.ID), i.Package, s.Registry.URL+"/packages/"+i.Package
			e.Updated, at = e.Published, i.InsertedAt // a package is new once
		}
		if i.Publisher != "" {
			e.Author = &person{Name: i.Publisher, URI: s.Registry.URL + "/users/" + i.Publisher}
		}
		if at.After(newest) {
			newest = at
		}
		f.Entries = append(f.Entries, e)
	}
	f.Updated = atom(newest)
	body, err := xml.Marshal(f)
	if err != nil {
		return ui.File{}, fmt.Errorf("write a feed: %w", err)
	}
	return ui.File{Kind: atomType + "; charset=utf-8", Keep: "public, max-age=60", Body: append([]byte(xml.Header), body...)}, nil
}

const atomType = "application/atom+xml"

func summary(i shelf.Item) string {
	if i.Retired == nil {
		return i.About
	}
	why := "Retired: " + string(i.Retired.Reason)
	if i.Retired.Message != "" {
		why += ": " + i.Retired.Message
	}
	return why
}

// atom writes a time. Without any, it is the beginning of all: a feed must have one.
func atom(at time.Time) string {
	if at.IsZero() {
		at = time.Unix(0, 0)
	}
	return at.UTC().Format(time.RFC3339)
}

// stableID is an id that names the same thing for ever, wherever the registry is found.
func stableID(parts ...string) string {
	var all []byte
	for _, p := range parts {
		all = append(append(all, p...), 0)
	}
	b := sha256.Sum256(all)
	b[6], b[8] = b[6]&0x0f|0x80, b[8]&0x3f|0x80 // version 8, as RFC 9562 has it for one's own
	return fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:16])
}

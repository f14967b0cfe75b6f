package packages

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"hexhub/internal/kernel/fault"
	"hexhub/internal/surface/web/ui"
)

// An embedded package is how other sites show a link to it, in the words of oembed.com.
type embedded struct {
	Version     string `json:"version"`
	Type        string `json:"type"`
	Title       string `json:"title"`
	Author      string `json:"author_name,omitempty"`
	AuthorURL   string `json:"author_url,omitempty"`
	Provider    string `json:"provider_name"`
	ProviderURL string `json:"provider_url"`
	KeptFor     int    `json:"cache_age"` // seconds
	Picture     string `json:"thumbnail_url,omitempty"`
	PictureWide int    `json:"thumbnail_width,omitempty"`
	PictureTall int    `json:"thumbnail_height,omitempty"`
	About       string `json:"description,omitempty"` // which oembed.com does not have, and readers take
}

// The size of the pictures of packages.
const pictureWide, pictureTall = 1200, 630

// errNotEmbedded is for pages that are none of a public package's, and for what nobody is to know of.
var errNotEmbedded = fault.New(fault.NotFound, "No public package has this address. Send the address of a package's page as url.")

// embed tells other sites how to show a link to a public package. A private one and none at all look the same.
func (p *pages) embed(r *http.Request) (ui.File, error) {
	q := r.URL.Query()
	if format := q.Get("format"); format != "" && format != "json" {
		return ui.File{}, fault.New(fault.Unsupported, "This is told as JSON only. Ask for format=json.")
	}
	a, ok := p.embeddable(q.Get("url"))
	if !ok {
		return ui.File{}, errNotEmbedded
	}
	s, err := p.public(r, a)
	if err != nil || !s.forAll() {
		return ui.File{}, errNotEmbedded
	}
	s.Meta = p.meta(r.Context(), s)
	body, err := json.Marshal(p.embedded(s, q))
	return ui.File{Kind: "application/json; charset=utf-8", Keep: "public, max-age=3600", Body: body}, err
}

// embeddable reads which package an address of this site is about.
func (p *pages) embeddable(at string) (address, bool) {
	path, ours := strings.CutPrefix(at, p.Registry.URL+"/packages/")
	path, _, _ = strings.Cut(path, "#")
	path, _, _ = strings.Cut(path, "?")
	if !ours || path == "" {
		return address{}, false
	}
	return parseAddress(strings.Split(path, "/"))
}

func (p *pages) embedded(s *subject, asked url.Values) embedded {
	e := embedded{
		Version: "1.0", Type: "link", Title: s.Package.Name.String() + " " + s.Release.Version.String(),
		Provider: p.web.Name(s.view), ProviderURL: p.Registry.URL, KeptFor: 3600,
	}
	if owners := s.owners(); len(owners) > 0 {
		e.Author, e.AuthorURL = owners[0].Name, p.Registry.URL+owners[0].Path
	}
	if about := s.Meta.Description; about != nil {
		e.About = *about
	}
	if fits(asked.Get("maxwidth"), pictureWide) && fits(asked.Get("maxheight"), pictureTall) {
		e.Picture, e.PictureWide, e.PictureTall = p.Registry.URL+s.picture(), pictureWide, pictureTall
	}
	return e
}

// fits reports whether a side of the picture is no longer than what was asked for, if something was.
func fits(most string, side int) bool {
	n, err := strconv.Atoi(most)
	return err != nil || side <= n
}

// embedding is the path at which other sites are told how to show a link to the page; empty if it is not for all.
func (p *pages) embedding(s *subject) string {
	if !s.forAll() {
		return ""
	}
	return "/oembed?" + url.Values{"format": {"json"}, "url": {p.Registry.URL + s.Here()}}.Encode()
}

package find

import (
	"encoding/xml"
	"net/http"
	"strings"

	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/search"
	"hexhub/internal/surface/web/ui"
)

const mostSuggested = 8

// suggestions are the packages that somebody who types may mean.
type suggestions struct {
	Typed string
	Rows  []ui.PackageRow
	Total int  // packages that are found
	Close bool // none is: the rows are names that may have been meant
}

// suggest answers while somebody types: with options for the search box of a page, with a document for scripts, or
// with what browsers understand in their own search box.
func (f *find) suggest(w http.ResponseWriter, r *http.Request) error {
	w.Header().Add("Vary", "Accept")
	typed := strings.TrimSpace(r.URL.Query().Get("q"))
	v := f.DB.View()
	q := search.Query{In: f.readable(v, r), Search: catalog.ParseSearch(typed), PerPage: mostSuggested}
	var found search.Found
	if typed != "" {
		found = f.Search.Find(q)
	}
	hits := found.Hits
	if found.Total == 0 {
		hits = found.Close
	}
	switch {
	case r.URL.Query().Get("as") == "opensearch":
		return f.sendJSON(w, r, "application/x-suggestions+json", f.forBrowsers(typed, hits))
	case strings.HasPrefix(r.Header.Get("Accept"), "text/html"):
		s := suggestions{Typed: typed, Rows: f.rows(v, hits, q.Search.Free), Total: found.Total, Close: found.Total == 0}
		f.head(w, r, "text/html; charset=utf-8")
		return f.web.Show(w, http.StatusOK, s.options())
	}
	return f.sendJSON(w, r, "application/json", suggestionsJSON{typed, found.Total, found.Total == 0, f.describe(hits)})
}

type suggestionsJSON struct {
	Query    string        `json:"query"`
	Total    int           `json:"total"`
	Close    bool          `json:"close"` // nothing was found: these are names that may have been meant
	Packages []packageJSON `json:"packages"`
}

// forBrowsers is a list of what to type, what that is, and where it leads.
func (f *find) forBrowsers(typed string, hits []search.Hit) []any {
	names, words, paths := []string{}, []string{}, []string{}
	for _, h := range hits {
		names, words, paths = append(names, h.Name.String()), append(words, h.Description()), append(paths, f.URL+f.path(h))
	}
	return []any{typed, names, words, paths}
}

// short is as much of a name as browsers take for the name of a search.
func short(name string) string {
	runes := []rune(name)
	return strings.TrimSpace(string(runes[:min(16, len(runes))]))
}

// openSearch tells browsers how to search here from where addresses are typed.
func (f *find) openSearch(w http.ResponseWriter, r *http.Request) error {
	type link struct {
		Type     string `xml:"type,attr"`
		Template string `xml:"template,attr"`
	}
	type image struct {
		Type string `xml:"type,attr"`
		URL  string `xml:",chardata"`
	}
	name := f.web.Name(f.web.View(r))
	body, err := xml.MarshalIndent(struct {
		XMLName     xml.Name `xml:"http://a9.com/-/spec/opensearch/1.1/ OpenSearchDescription"`
		ShortName   string
		Description string
		Encoding    string `xml:"InputEncoding"`
		Image       image
		Links       []link `xml:"Url"`
	}{
		ShortName: short(name), Description: "Search the packages of " + name, Encoding: "UTF-8",
		Image: image{"image/png", f.URL + "/favicon.png"},
		Links: []link{
			{"text/html", f.URL + "/packages?search={searchTerms}"},
			{"application/x-suggestions+json", f.URL + "/suggest?as=opensearch&q={searchTerms}"},
		},
	}, "", "  ")
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/opensearchdescription+xml")
	w.Header().Set("Cache-Control", "public, max-age=86400")
	_, _ = w.Write(append([]byte(xml.Header), append(body, '\n')...)) // who went away does not miss it
	return nil
}

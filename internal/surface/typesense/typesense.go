// Package typesense speaks of searches in documentation as a Typesense server does, as far as mix and the pages of
// documentation ask one.
//
// It knows the parameters and the answer. It refuses to know who asks and what he may read, and how a request came.
package typesense

import (
	"net/url"
	"strconv"
	"strings"

	"hexhub/hex/name"
	"hexhub/hex/version"
	"hexhub/internal/feature/docsearch"
	"hexhub/internal/kernel/fault"
)

// The bounds of Typesense, which clients know.
const (
	perPage     = 10
	mostPerPage = 250
	mostFilters = 500
)

// A Request is what was asked for.
type Request struct {
	docsearch.Query
	page, perPage int
}

// Is reports whether the parameters are those of such a search.
func Is(q url.Values) bool { return q.Has("query_by") || q.Has("filter_by") }

// Parse reads parameters: q, query_by, filter_by, page and per_page. What somebody may read the caller adds.
func Parse(q url.Values) (Request, error) {
	r := Request{page: 1, perPage: perPage}
	r.Typed = q.Get("q")
	r.Titles = q.Get("query_by") == "title"
	if !q.Has("q") {
		return r, malformed("Parameter `q` is required.")
	}
	if err := number(q, "page", 1, docsearch.MostDeep, &r.page); err != nil {
		return r, err
	}
	if err := number(q, "per_page", 0, mostPerPage, &r.perPage); err != nil {
		return r, err
	}
	var err error
	r.Only, err = filters(q.Get("filter_by"))
	r.From, r.Size = (r.page-1)*r.perPage, r.perPage
	return r, err
}

func malformed(words string) error { return fault.New(fault.Malformed, "%s", words) }

func number(q url.Values, param string, least, most int, to *int) error {
	if !q.Has(param) {
		return nil
	}
	n, err := strconv.Atoi(q.Get(param))
	if err != nil || n < least || n > most {
		return malformed("Parameter `" + param + "` must be a number from " + strconv.Itoa(least) + " to " + strconv.Itoa(most) + ".")
	}
	*to = n
	return nil
}

// filters reads package:=[NAME-VERSION,…], or one without brackets; nothing filters nothing. A package of a repository
// beside the default one is REPOSITORY/NAME-VERSION, which hex.pm does not know. A list of which nothing is the name of a
// package is not nil: it finds nothing.
func filters(text string) ([]docsearch.Pin, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return nil, nil
	}
	list, ok := strings.CutPrefix(text, "package:")
	if !ok || strings.Contains(text, "&&") || strings.Contains(text, "||") {
		return nil, malformed("Parameter `filter_by` is understood as package:=[NAME-VERSION,…] only.")
	}
	list = strings.Trim(strings.TrimPrefix(list, "="), "[] ")
	pins := []docsearch.Pin{}
	for one := range strings.SplitSeq(list, ",") {
		if p, ok := parsePin(strings.Trim(one, " `")); ok && len(pins) < mostFilters {
			pins = append(pins, p)
		}
	}
	return pins, nil
}

func parsePin(text string) (p docsearch.Pin, ok bool) {
	in, rest, scoped := strings.Cut(text, "/")
	var err error
	if !scoped {
		rest = text
	} else if p.Repository, err = name.ParseRepository(in); err != nil {
		return p, false
	}
	pkg, ver, pinned := strings.Cut(rest, "-") // no name has a dash
	if p.Package, err = name.ParsePackage(pkg); err != nil {
		return p, false
	}
	if pinned {
		p.Version, err = version.Parse(ver)
	}
	return p, err == nil
}

// An Answer is what a Typesense server says of what it found, but for the time that it took: that could tell how much there is
// besides.
type Answer struct {
	Facets  []string `json:"facet_counts"`
	Found   int      `json:"found"`
	Hits    []Hit    `json:"hits"`
	Page    int      `json:"page"`
	Request struct {
		Collection string `json:"collection_name"`
		PerPage    int    `json:"per_page"`
		Q          string `json:"q"`
	} `json:"request_params"`
	CutOff bool `json:"search_cutoff"`
}

// A Hit is one place.
type Hit struct {
	Document   Document               `json:"document"`
	Highlight  map[string]Highlight   `json:"highlight"`
	Highlights []map[string]Highlight `json:"highlights"` // the old form of the same, which nobody reads here
}

// A Document is a place as it was put in. URL and repository are beyond hex.pm: documentation is at addresses of its own
// here.
type Document struct {
	ID         string `json:"id"`
	Package    string `json:"package"` // NAME-VERSION
	Repository string `json:"repository"`
	Type       string `json:"type"`
	Ref        string `json:"ref"`
	Title      string `json:"title"`
	Doc        string `json:"doc"`
	URL        string `json:"url"`
}

// A Highlight is a text in which is marked what was asked for.
type Highlight struct {
	Snippet string `json:"snippet"`
}

// Answer tells what was found. Address says where a place is shown.
func (r Request) Answer(found docsearch.Found, address func(docsearch.Hit) string) Answer {
	a := Answer{Facets: []string{}, Found: found.Total, Hits: []Hit{}, Page: r.page}
	a.Request.Collection, a.Request.PerPage, a.Request.Q = "hexdocs", r.perPage, r.Typed
	for _, h := range found.Hits {
		of := h.Ref.Name.String() + "-" + h.Version.String()
		a.Hits = append(a.Hits, Hit{
			Document: Document{
				ID: h.Ref.Repository.String() + "/" + of + "/" + h.Item.Ref, Package: of, Repository: h.Ref.Repository.String(),
				Type: h.Type, Ref: h.Item.Ref, Title: h.Title, Doc: h.Text, URL: address(h),
			},
			Highlight:  map[string]Highlight{"title": {snippet(h.Name)}, "doc": {snippet(h.Excerpt)}},
			Highlights: []map[string]Highlight{},
		})
	}
	return a
}

// escaper makes text of strangers text in HTML, for pages show snippets as that.
var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&#34;", "'", "&#39;")

func snippet(spans []docsearch.Span) string {
	var b strings.Builder
	for _, s := range spans {
		text := escaper.Replace(s.Text)
		if s.Mark {
			text = "<mark>" + text + "</mark>"
		}
		b.WriteString(text)
	}
	return b.String()
}

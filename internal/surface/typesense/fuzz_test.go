package typesense

import (
	"net/url"
	"testing"

	"hexhub/hex/name"
	"hexhub/hex/version"
	"hexhub/internal/feature/docsearch"
)

// FuzzParse: whatever is asked for has bounds, and what no filter names is not looked at.
func FuzzParse(f *testing.F) {
	for _, query := range []string{
		"q=a&query_by=doc,title&filter_by=package:=[plug-1.0.0,%20acme/plug]", "q=&filter_by=package:=plug", "q=a&page=-1", "q=a&per_page=251", "q=a&page=999999999999999999999",
		"q=a&filter_by=package:=[]", "q=a&filter_by=a||b", "q=a&filter_by=package:=[`plug-1.0.0`]&page=2&per_page=0", "filter_by=package:", "q=a&q=b",
	} {
		f.Add(query)
	}
	f.Fuzz(func(t *testing.T, query string) {
		q, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		r, err := Parse(q)
		if err != nil {
			return
		}
		if r.Size < 0 || r.Size > mostPerPage || r.From < 0 || r.From > docsearch.MostDeep*mostPerPage || len(r.Only) > mostFilters {
			t.Errorf("%q asks for %d from %d on, in %d packages", query, r.Size, r.From, len(r.Only))
		}
		if filter := q.Get("filter_by"); len(filter) > 0 && r.Only == nil && len(trimmed(filter)) > 0 {
			t.Errorf("%q filters nothing", query)
		}
	})
}

func trimmed(s string) string {
	for _, r := range s {
		if r > ' ' && r < 0x7f {
			return s
		}
	}
	return ""
}

// FuzzParsePin: a pin says again what it was read from.
func FuzzParsePin(f *testing.F) {
	for _, text := range []string{"plug", "plug-1.0.0", "acme/plug-1.0.0-rc.1+b", "/plug", "a/b/c", "plug-", "-1.0.0", "ACME/plug"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, ok := parsePin(text)
		if !ok {
			return
		}
		again := p.Package.String()
		if p.Repository != (name.Repository{}) {
			again = p.Repository.String() + "/" + again
		}
		if p.Version != (version.Version{}) {
			again += "-" + p.Version.String()
		}
		if q, ok := parsePin(again); !ok || q != p {
			t.Errorf("%q is %q, which is %v, %t", text, again, q, ok)
		}
	})
}

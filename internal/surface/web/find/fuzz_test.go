package find

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hexhub/internal/feature/docsearch"
)

// Whatever an address says, what is read of it has an address that says the same.
func FuzzQuestion(f *testing.F) {
	for _, query := range []string{"q=gen+server", "q=a&packages=decimal,guild/vault:1.0.0,decimal&page=3", "page=-1&packages=,,/,:", "q=%00%ff&page=99999999999999999999", "packages=a:1.0.0:2,b/c/d"} {
		f.Add(query)
	}
	f.Fuzz(func(t *testing.T, query string) {
		values, _ := url.ParseQuery(query) // as requests do, which leave out what is garbled
		s := parseQuestion(values)
		if len(s.Packages) > mostPackages || len(s.pins()) != len(s.Packages) || s.Number < 1 || (s.Number-1)*placesPerPage >= docsearch.MostDeep {
			t.Errorf("%q is read as %+v", query, s)
		}
		to, err := url.Parse(s.link())
		if err != nil || to.Path != "/search" || to.Fragment != "" {
			t.Fatalf("%q is at %q: %v", query, s.link(), err)
		}
		if diff := cmp.Diff(s, parseQuestion(to.Query())); diff != "" {
			t.Errorf("%q is at %q, which says something else (-first +again):\n%s", query, s.link(), diff)
		}
	})
}

// A package that is named has one name, in which nothing can be hidden.
func FuzzPin(f *testing.F) {
	for _, text := range []string{"decimal", "decimal:1.0.0-rc.1", "guild/vault", "guild/vault:1.0.0", "a:01.0.0", "A", "a/b/c", ":", "a:1.0.0+b"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, ok := parsePin(text)
		if !ok {
			return
		}
		said := p.Package.String()
		if in := p.Repository.String(); in != "" {
			said = in + "/" + said
		}
		if strings.Contains(text, ":") {
			said += ":" + p.Version.String()
		}
		if again, ok := parsePin(said); !ok || again != p || strings.ContainsAny(text, ", \n<>\"") {
			t.Errorf("%q is read as %+v, which is %q", text, p, said)
		}
	})
}

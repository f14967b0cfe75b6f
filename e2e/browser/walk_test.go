package browser

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"hexhub/internal/hubtest"
)

// isMissing reports whether a page that is asked for has to be absent.
func isMissing(path string) bool { return path == "/nothing" }

// Every link that anybody sees leads somewhere, nothing that people wrote becomes more than text, and nothing breaks.
func TestEveryLinkLeadsSomewhere(t *testing.T) {
	s := newSite(t)
	s.sprinkle()
	s.scribble()
	for _, visitor := range visitors {
		w := &walk{site: s, visitor: visitor, found: map[string]string{}, ids: map[string]map[string]bool{}, texts: map[string]bool{}}
		for _, p := range pages(t) {
			if p.visitor == visitors[0] || p.visitor == visitor {
				w.find("the table of routes", p.path)
			}
		}
		w.find("the visitor", "/packages/sprinkled")
		w.run()
		t.Logf("%s walked through %d addresses", visitor, len(w.found))
	}
}

// A walk is one visitor's way through all pages.
type walk struct {
	*site
	visitor   string
	found     map[string]string // addresses, by what names them, and who named them first
	todo      []string
	fragments []string                   // links into the midst of a page
	ids       map[string]map[string]bool // of each page, what can be linked to
	texts     map[string]bool
}

// most is how many addresses one walk has at most: a site whose links never end is a fault.
const most = 3000

func (w *walk) find(from, path string) {
	if _, known := w.found[path]; known {
		return
	}
	w.found[path] = from
	w.todo = append(w.todo, path)
}

func (w *walk) run() {
	w.t.Helper()
	for len(w.todo) > 0 {
		if len(w.found) > most {
			w.t.Errorf("%s finds no end: %s", w.visitor, strings.Join(w.todo[:10], "\n"))
			return
		}
		path := w.todo[0]
		w.todo = w.todo[1:]
		w.visit(path)
	}
	for _, link := range w.fragments {
		path, fragment, _ := strings.Cut(link, "#")
		if ids, seen := w.ids[path]; seen && !ids[fragment] {
			w.t.Errorf("%s: a link leads to %s, and that page has no such place", w.visitor, link)
		}
	}
}

func (w *walk) visit(path string) {
	w.t.Helper()
	a := w.look(path)
	if a.Status >= http.StatusBadRequest && (a.Status != http.StatusNotFound || !isMissing(path)) {
		w.t.Errorf("%s: %s, to which %s leads, is answered %d", w.visitor, path, w.found[path], a.Status)
	}
	if to := a.Header.Get("Location"); to != "" {
		w.link(path, to)
	}
	if !strings.HasPrefix(a.Header.Get("Content-Type"), "text/html") {
		return
	}
	w.ids[path] = map[string]bool{}
	for n := range document(w.t, a.Body).Descendants() {
		switch {
		case n.Type != html.ElementNode:
		case path[0] == '/':
			w.element(path, n)
		default: // whose scripts and styles are its publisher's
			w.ids[path][attribute(n, "id")] = true
			w.links(path, n)
		}
	}
}

// look asks for an address of the site by its path, and for one of documentation by its host as well, which is told
// nothing of the visitor.
func (w *walk) look(at string) hubtest.Answer {
	w.t.Helper()
	c := w.as(w.visitor)
	host, path, _ := strings.Cut(strings.TrimPrefix(at, "http://"), "/")
	if host != "" {
		c.Header = http.Header{"Host": {host}, "Accept": {"text/html"}}
	}
	return c.Get("/" + path)
}

// element demands that an element is no one's but ours, and follows what it links to.
func (w *walk) element(path string, n *html.Node) {
	w.t.Helper()
	for _, a := range n.Attr {
		if strings.HasPrefix(a.Key, "on") || a.Key == "style" || a.Key == "srcdoc" {
			w.t.Errorf("%s: %s has an element %s with %s=%q", w.visitor, path, n.Data, a.Key, a.Val)
		}
		if strings.HasPrefix(strings.ToLower(strings.TrimSpace(a.Val)), "javascript:") {
			w.t.Errorf("%s: %s has a script in %s=%q", w.visitor, path, a.Key, a.Val)
		}
	}
	w.ids[path][attribute(n, "id")] = true
	switch n.Data {
	case "script":
		if attribute(n, "src") == "" && !slices.Contains([]string{"application/json", "application/ld+json"}, attribute(n, "type")) {
			w.t.Errorf("%s: %s has a script in the page", w.visitor, path)
		}
	case "style":
		w.t.Errorf("%s: %s has a style in the page", w.visitor, path)
	}
	w.links(path, n)
}

// links follows what an element links to.
func (w *walk) links(path string, n *html.Node) {
	w.t.Helper()
	switch n.Data {
	case "script", "img", "frame":
		w.link(path, attribute(n, "src"))
	case "a", "link":
		w.link(path, attribute(n, "href"))
	case "form":
		if !strings.EqualFold(attribute(n, "method"), "post") {
			w.link(path, attribute(n, "action"))
		}
	}
}

// link notes an address of this site, or of documentation, that a page leads to.
func (w *walk) link(from, to string) {
	if to == "" {
		return
	}
	at := from
	if from[0] == '/' {
		at = w.URL + from
	}
	base, err := url.Parse(at)
	if err != nil {
		w.t.Fatal(err)
	}
	u, err := base.Parse(to)
	if err != nil {
		w.t.Errorf("%s: %s links to %q: %v", w.visitor, from, to, err)
		return
	}
	fragment := u.Fragment
	u.Fragment = ""
	path := u.RequestURI()
	switch {
	case u.Scheme != "http":
		return
	case w.Origins.Serves(u.Host):
		path = "http://" + u.Host + path
	case "http://"+u.Host != w.URL:
		return
	}
	w.find(from, path)
	if fragment != "" {
		w.fragments = append(w.fragments, path+"#"+fragment)
	}
}

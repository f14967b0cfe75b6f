// Package uitest is a browser for tests of pages: it keeps cookies, follows redirects, fills in forms as they were
// sent, and reads HTML as strictly as a test can. It asks a handler in this process, without a network, so that time
// may be what a test wants.
package uitest

import (
	"encoding/xml"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// A Browser is one with cookies of its own. Whatever goes wrong ends its test.
type Browser struct {
	testing.TB
	client *http.Client
	url    string
}

// New returns a browser of the site at the URL, which asks the handler from the address and port.
func New(t testing.TB, site http.Handler, url string, from *string) *Browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &Browser{t, &http.Client{Jar: jar, Transport: wire{site, from}}, url}
}

// A wire carries requests to the site without a network.
type wire struct {
	site http.Handler
	from *string
}

// RoundTrip implements http.RoundTripper.
func (w wire) RoundTrip(r *http.Request) (*http.Response, error) {
	in := r.Clone(r.Context())
	in.RemoteAddr, in.RequestURI = *w.from, r.URL.RequestURI()
	if in.Host == "" {
		in.Host = r.URL.Host
	}
	in.URL = &url.URL{Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: r.URL.RawQuery}
	if in.Body == nil {
		in.Body = http.NoBody
	}
	rec := httptest.NewRecorder()
	w.site.ServeHTTP(rec, in)
	res := rec.Result()
	res.Request = r
	return res, nil
}

// Get opens a page of the site.
func (b *Browser) Get(path string) Page {
	b.Helper()
	r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, b.url+path, nil)
	b.must(err)
	return b.Do(r)
}

// Post sends a form of names and values in turn.
func (b *Browser) Post(path string, fields ...string) Page {
	b.Helper()
	form := url.Values{}
	for pair := range slices.Chunk(fields, 2) {
		form.Add(pair[0], pair[1])
	}
	r, err := http.NewRequestWithContext(b.Context(), http.MethodPost, b.url+path, strings.NewReader(form.Encode()))
	b.must(err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", b.url)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return b.Do(r)
}

// Submit sends the form of the page that goes to the action, with what is filled in already, and more.
func (b *Browser) Submit(p Page, action string, fields ...string) Page {
	b.Helper()
	for _, form := range p.Find("form") {
		if form.Attr["action"] != action {
			continue
		}
		var all []string
		given := map[string]bool{}
		for pair := range slices.Chunk(fields, 2) {
			given[pair[0]] = true
		}
		for _, in := range form.Find("input") {
			_, checked := in.Attr["checked"]
			if box := in.Attr["type"] == "checkbox" || in.Attr["type"] == "radio"; given[in.Attr["name"]] || box && !checked {
				continue
			}
			all = append(all, in.Attr["name"], in.Attr["value"])
		}
		for _, in := range form.Find("select") {
			for _, o := range in.Find("option") {
				if _, selected := o.Attr["selected"]; selected && !given[in.Attr["name"]] {
					all = append(all, in.Attr["name"], o.Attr["value"])
				}
			}
		}
		return b.Post(action, append(all, fields...)...)
	}
	b.Fatalf("%s has no form to %s:\n%s", p.Path, action, p.HTML)
	return Page{}
}

// Do sends a request as a browser of people does.
func (b *Browser) Do(r *http.Request) Page {
	b.Helper()
	if r.Header.Get("User-Agent") == "" {
		r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
	}
	res, err := b.client.Do(r)
	b.must(err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	b.must(err)
	p := Page{Path: res.Request.URL.Path, Status: res.StatusCode, Header: res.Header, HTML: string(body)}
	if strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") {
		p.Node = parse(b.TB, p.HTML)
	}
	return p
}

// Still makes the browser stay where it is told to go on.
func (b *Browser) Still() *Browser {
	c := *b.client
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Browser{b.TB, &c, b.url}
}

// Cookie returns the value of a cookie that the browser has for the site, by its full name.
func (b *Browser) Cookie(name string) string {
	u, err := url.Parse(b.url)
	b.must(err)
	for _, c := range b.client.Jar.Cookies(u) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

// SetCookie gives the browser a cookie of the site.
func (b *Browser) SetCookie(name, value string) {
	u, err := url.Parse(b.url)
	b.must(err)
	b.client.Jar.SetCookies(u, []*http.Cookie{{Name: name, Value: value, Path: "/", Secure: true}})
}

// A Page is an answer, at the path to which the browser was led.
type Page struct {
	Path   string
	Status int
	Header http.Header
	HTML   string
	Node
}

// A Node is an element of a page.
type Node struct {
	Tag  string
	Attr map[string]string
	Text string // of itself and all below it
	Kids []*Node
}

// parse reads HTML as strictly as a test can: what we send is well-formed, so an end tag that is missing
// or a quote that is not escaped fails.
func parse(t testing.TB, html string) Node {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(html))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	root := &Node{}
	open := []*Node{root}
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("the page is no HTML: %v\n%s", err, html)
		}
		switch token := token.(type) {
		case xml.StartElement:
			n := &Node{Tag: token.Name.Local, Attr: map[string]string{}}
			for _, a := range token.Attr {
				n.Attr[a.Name.Local] = a.Value
			}
			top := open[len(open)-1]
			top.Kids = append(top.Kids, n)
			open = append(open, n)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			for _, n := range open {
				n.Text += string(token)
			}
		}
	}
	return *root
}

// Find returns all elements below with the tag, and with the attributes, names and values in turn.
func (n Node) Find(tag string, attrs ...string) []*Node {
	want := map[string]string{}
	for pair := range slices.Chunk(attrs, 2) {
		want[pair[0]] = pair[1]
	}
	var out []*Node
	for _, kid := range n.Kids {
		same := func(k string) bool { return kid.Attr[k] == want[k] }
		if kid.Tag == tag && !slices.ContainsFunc(slices.Collect(maps.Keys(want)), func(k string) bool { return !same(k) }) {
			out = append(out, kid)
		}
		out = append(out, kid.Find(tag, attrs...)...)
	}
	return out
}

// Says reports whether the visible words of the page contain the text, however it is broken into lines.
func (n Node) Says(text string) bool {
	return strings.Contains(strings.Join(strings.Fields(n.Text), " "), text)
}

// Heading is the page's one h1.
func (p Page) Heading() string {
	all := p.Find("h1")
	if len(all) != 1 {
		return ""
	}
	return strings.Join(strings.Fields(all[0].Text), " ")
}

// FaultOf returns what the page says of the field with the id, which must point to it.
func (p Page) FaultOf(id string) string {
	for _, in := range p.Find("input", "id", id) {
		if in.Attr["aria-invalid"] != "true" || !strings.Contains(in.Attr["aria-describedby"], id+"-error") {
			return ""
		}
		for _, e := range p.Find("p", "id", id+"-error") {
			return e.Text
		}
	}
	return ""
}

// Problem is what the page says above a form.
func (p Page) Problem() string {
	for _, e := range p.Find("div", "role", "alert") {
		return strings.Join(strings.Fields(e.Text), " ")
	}
	return ""
}

// Flash is what the page says of the step before.
func (p Page) Flash() string {
	for _, e := range p.Find("p", "role", "status") {
		return e.Text
	}
	return ""
}

// Wants demands where the browser is, with which status and heading.
func (p Page) Wants(t testing.TB, status int, path, heading string) {
	t.Helper()
	if p.Status != status || p.Path != path || p.Heading() != heading {
		t.Errorf("%d %s %q, want %d %s %q\n%s", p.Status, p.Path, p.Heading(), status, path, heading, p.HTML)
	}
}

func (b *Browser) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

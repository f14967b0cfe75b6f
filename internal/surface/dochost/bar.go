package dochost

import (
	"bytes"
	_ "embed"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/klauspost/compress/gzip"

	"hexhub/internal/kernel/pack"
	"hexhub/internal/surface/call"
)

// A barred page is one with the bar in it.
type barred struct{ plain, compressed []byte }

// A barredPage names one.
type barredPage struct {
	page
	look
}

// A line of a menu of versions, or of a list of them.
type line struct {
	Version, URL             string
	Current, Retired, Latest bool
}

// A bar is what a page shows that brings no menu of versions: which package and version it is of, the others, and the way
// back. It works without scripts, and neither its style nor the page's reaches the other.
type bar struct {
	Package, Version, Home string
	Theme                  string // dark or light, or empty for that of the reader's system
	Lines                  []line
	Modules                []way // of EDoc's pages that are shown without their frames
}

var (
	//go:embed bar.html
	barText     string
	barTemplate = template.Must(template.New("bar").Parse(barText))
)

// A look is what the bar depends on besides the page that it is in.
type look struct {
	theme  string
	framed bool // the page is in a frame of a page of the archive, such as EDoc's first
}

func lookOf(r *http.Request) look { return look{themeOf(r), r.Header.Get("Sec-Fetch-Dest") == "frame"} }

// query is what keeps the theme in an address.
func (l look) query() url.Values {
	if l.theme == "" {
		return url.Values{}
	}
	return url.Values{"theme": {l.theme}}
}

// themeOf is the theme that the address asks for, if any.
func themeOf(r *http.Request) string {
	if theme := r.URL.Query().Get("theme"); theme == "dark" || theme == "light" {
		return theme
	}
	return ""
}

// sendBarred sends a page with the bar in it.
func (s *surface) sendBarred(w http.ResponseWriter, r *http.Request, a *asked, tree *pack.Pack, f pack.File) error {
	l, compressed := lookOf(r), call.Takes(r, "gzip")
	if compressed {
		w.Header().Set("Content-Encoding", "gzip")
	}
	tag := a.barredTag(l, compressed)
	if call.Known(r, tag) {
		return sendBytes(w, r, tag, nil)
	}
	b, err := s.bar(a, tree, f, l)
	if err != nil {
		return err
	}
	body := b.plain
	if compressed {
		body = b.compressed
	}
	return sendBytes(w, r, tag, body)
}

// barredTag is the entity tag of a page with the bar in it, which changes when the versions do.
func (a *asked) barredTag(l look, compressed bool) string {
	tag := strings.TrimSuffix(a.tag(compressed), `"`)
	if l.framed {
		tag += "-framed"
	}
	return tag + "-" + a.shown.tag[1:]
}

// rememberedBar is how many bytes a page with the bar has at most, in both forms, that is remembered: how long pages are, and
// how many, strangers decide.
const rememberedBar = 512 << 10

// bar returns a page with the bar in it, which may be remembered.
func (s *surface) bar(a *asked, tree *pack.Pack, f pack.File, l look) (barred, error) {
	key := barredPage{page{a.release.Docs.Hash.String() + a.shown.tag + a.at, f.Path}, l}
	if b, ok := s.bars.Get(key); ok && a.ticket == "" { // whose addresses nobody else is told
		return b, nil
	}
	b, err := s.barIn(a, tree, f, l)
	if err == nil && a.ticket == "" && len(b.plain)+len(b.compressed) <= rememberedBar {
		s.bars.Add(key, b)
	}
	return b, err
}

func (s *surface) barIn(a *asked, tree *pack.Pack, f pack.File, l look) (barred, error) {
	text, err := tree.Read(f, f.Size)
	if err != nil {
		return barred{}, err
	}
	html, err := withBar(text, bodyEnd(text), bar{
		Package: a.place.Name.String(), Version: a.release.Version.String(), Home: s.home(a), Theme: l.theme, Lines: a.lines(f.Path, l), Modules: a.modules(tree, l),
	})
	if err != nil {
		return barred{}, err
	}
	var compressed bytes.Buffer
	z := gzip.NewWriter(&compressed)
	_, err = z.Write(html)
	if err = errors.Join(err, z.Close()); err != nil {
		return barred{}, err
	}
	return barred{html, compressed.Bytes()}, nil
}

// withBar is a page with the bar put in at a place of it.
func withBar(text []byte, at int, b bar) ([]byte, error) {
	var html bytes.Buffer
	html.Write(text[:at])
	if err := barTemplate.Execute(&html, b); err != nil {
		return nil, err
	}
	html.Write(text[at:])
	return html.Bytes(), nil
}

// home is the page of the release on the site.
func (s *surface) home(a *asked) string {
	home := s.Site + "/packages/"
	if !a.repository.Default() {
		home += a.repository.Name.String() + "/"
	}
	home += a.place.Name.String()
	if a.at != "" {
		home += a.at
	}
	return home
}

// lines are all versions, the newest first, with what leads to the file in each, or to its first page if it has no such
// file. From a page in a frame they lead to first pages, for those bring the frames.
func (a *asked) lines(file string, l look) []line {
	latest, _ := a.shown.set.Latest()
	query := l.query()
	if l.framed {
		file = "index.html"
	}
	if file != "index.html" {
		query.Set(otherwise, "front")
	}
	var out []line
	for _, rel := range slices.Backward(a.shown.set) {
		out = append(out, line{
			Version: rel.Version.String(), URL: withQuery(a.address(rel.Version.String(), file), query),
			Current: rel.Version == a.release.Version, Latest: rel.Version == latest.Version, Retired: rel.Retirement != nil,
		})
	}
	return out
}

// mostModules is how many pages the bar lists.
const mostModules = 500

// modules are the pages that EDoc lists in a frame, for those who see a page without it.
func (a *asked) modules(tree *pack.Pack, l look) (out []way) {
	if _, edoc := tree.Find(edocMenu); !edoc || l.framed {
		return nil
	}
	query := l.query()
	for _, f := range tree.Files() {
		name, page := strings.CutSuffix(f.Path, ".html")
		if len(out) < mostModules && page && !strings.Contains(name, "/") && !slices.Contains([]string{"index.html", edocMenu, edocText, "404.html"}, f.Path) {
			out = append(out, way{withQuery(a.address(strings.TrimPrefix(a.at, "/"), f.Path), query), name})
		}
	}
	return out
}

func withQuery(address string, q url.Values) string {
	if len(q) == 0 {
		return address
	}
	return address + "?" + q.Encode()
}

// otherwise is the parameter of a page's address that says what to show if there is no such page: the front.
const otherwise = "else"

// choose leads who has chosen another version from a menu to the page that is meant, or to the version's first page if
// there is none. It returns false for everybody else.
func (a *asked) choose(w http.ResponseWriter, r *http.Request, there bool) bool {
	q := r.URL.Query()
	if q.Get(otherwise) != "front" {
		return false
	}
	q.Del(otherwise)
	r = r.Clone(r.Context())
	r.URL.RawQuery = q.Encode()
	path := a.at + "/"
	if there {
		path += a.path
	}
	_ = a.lead(w, r, path) // which cannot fail
	return true
}

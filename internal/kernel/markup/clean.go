package markup

import (
	"net/url"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	nethtml "golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// allowed are the elements that stay. Of others only the content stays, or not even that, see void.
var allowed = set(
	atom.A, atom.Abbr, atom.B, atom.Blockquote, atom.Br, atom.Caption, atom.Code, atom.Dd, atom.Del, atom.Details, atom.Div,
	atom.Dl, atom.Dt, atom.Em, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Hr, atom.I, atom.Img, atom.Ins,
	atom.Kbd, atom.Li, atom.Mark, atom.Ol, atom.P, atom.Pre, atom.Q, atom.S, atom.Samp, atom.Small, atom.Span, atom.Strong,
	atom.Sub, atom.Summary, atom.Sup, atom.Table, atom.Tbody, atom.Td, atom.Tfoot, atom.Th, atom.Thead, atom.Tr, atom.Ul,
	atom.Var,
)

// void are the elements whose content is no text, or is read by other rules than the rest of a page.
var void = set(
	atom.Script, atom.Style, atom.Template, atom.Noscript, atom.Iframe, atom.Noembed, atom.Noframes, atom.Object, atom.Embed,
	atom.Svg, atom.Math, atom.Textarea, atom.Select, atom.Title, atom.Xmp, atom.Plaintext, atom.Audio, atom.Video, atom.Canvas,
	atom.Frame, atom.Frameset, atom.Head, atom.Applet,
)

func set(atoms ...atom.Atom) map[atom.Atom]bool {
	m := make(map[atom.Atom]bool, len(atoms))
	for _, a := range atoms {
		m[a] = true
	}
	return m
}

var (
	idText     = regexp.MustCompile(`^[a-z][a-z0-9-]*-[\p{L}\p{N}_.-]+$`)
	classText  = regexp.MustCompile(`^(code|plain|scroll|anchor|picture|aside|aside-title|[a-z][a-z0-9]{0,2})$`)
	alignText  = regexp.MustCompile(`^(left|center|right)$`)
	numberText = regexp.MustCompile(`^[0-9]{1,4}$`)
	ownPath    = regexp.MustCompile(`^/[A-Za-z0-9]`)
	harmless   = regexp.MustCompile(`^(https?://|mailto:|/[A-Za-z0-9]|/$|#)`)
)

func exactly(text string) *regexp.Regexp {
	return regexp.MustCompile("^" + regexp.QuoteMeta(text) + "$")
}

// A rewriter makes a tree hold what is allowed, and nothing else.
type rewriter struct {
	Options
	until    time.Time       // after which nothing gets colours
	coloured int             // bytes so far
	ids      map[string]int  // how often each was wanted
	marked   []*nethtml.Node // headings, in their order
	headings []Heading
	title    string
}

func newRewriter(o Options) *rewriter {
	if o.Prefix == "" {
		o.Prefix = Prefix
	}
	if o.Top == 0 {
		o.Top = 2
	}
	return &rewriter{Options: o, until: time.Now().Add(budget), ids: map[string]int{}}
}

// children rewrites what lies in n.
func (r *rewriter) children(n *nethtml.Node) {
	for c := n.FirstChild; c != nil; {
		next := c.NextSibling
		r.node(c)
		c = next
	}
}

func (r *rewriter) node(n *nethtml.Node) {
	switch {
	case n.Type == nethtml.TextNode:
	case n.Type != nethtml.ElementNode, n.Namespace != "", void[n.DataAtom]:
		n.Parent.RemoveChild(n)
	default:
		r.element(n)
	}
}

func (r *rewriter) element(n *nethtml.Node) {
	if n.DataAtom == atom.Input {
		checkbox(n)
		return
	}
	if n.DataAtom == atom.Pre && r.code(n) {
		return
	}
	r.children(n)
	attrs := n.Attr
	n.Attr = nil
	switch n.DataAtom {
	case atom.A:
		r.link(n, attrs)
	case atom.Img:
		r.image(n, attrs)
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		r.heading(n, attrs)
	case atom.Th, atom.Td:
		cell(n, attrs)
	case atom.Table:
		scroll(n)
	case atom.Pre:
		n.Attr = []nethtml.Attribute{{Key: "tabindex", Val: "0"}}
	case atom.Ol:
		keep(n, attrs, "start", numberText)
	case atom.Details:
		if _, ok := get(attrs, "open"); ok {
			n.Attr = append(n.Attr, nethtml.Attribute{Key: "open"})
		}
	case atom.Abbr:
		keep(n, attrs, "title", nil)
	case atom.P, atom.Div:
		keep(n, attrs, "align", alignText)
	case atom.Center:
		n.Data, n.DataAtom = "div", atom.Div
		n.Attr = []nethtml.Attribute{{Key: "align", Val: "center"}}
	case atom.Li, atom.Dt, atom.Dd, atom.Summary:
		if !inPlace(n) {
			n.Data, n.DataAtom = "div", atom.Div
		}
	case atom.Blockquote:
		aside(n)
	}
	if !allowed[n.DataAtom] {
		unwrap(n)
		return
	}
	if id, ok := get(attrs, "id"); ok && n.Parent != nil && !isHeading(n) {
		r.identify(n, id)
	}
}

// inPlace reports whether an item stands in the list that it is an item of.
func inPlace(n *nethtml.Node) bool {
	p := n.Parent.DataAtom
	switch n.DataAtom {
	case atom.Li:
		return p == atom.Ul || p == atom.Ol
	case atom.Summary:
		return p == atom.Details
	default:
		return p == atom.Dl
	}
}

func get(attrs []nethtml.Attribute, key string) (string, bool) {
	for _, a := range attrs {
		if a.Namespace == "" && a.Key == key {
			return a.Val, true
		}
	}
	return "", false
}

func keep(n *nethtml.Node, attrs []nethtml.Attribute, key string, as *regexp.Regexp) {
	if val, ok := get(attrs, key); ok && (as == nil || as.MatchString(val)) {
		n.Attr = append(n.Attr, nethtml.Attribute{Key: key, Val: val})
	}
}

// unwrap puts what lies in n in its place.
func unwrap(n *nethtml.Node) {
	for c := n.FirstChild; c != nil; c = n.FirstChild {
		n.RemoveChild(c)
		n.Parent.InsertBefore(c, n)
	}
	n.Parent.RemoveChild(n)
}

func element(name atom.Atom, attrs ...nethtml.Attribute) *nethtml.Node {
	return &nethtml.Node{Type: nethtml.ElementNode, Data: name.String(), DataAtom: name, Attr: attrs}
}

func textNode(text string) *nethtml.Node { return &nethtml.Node{Type: nethtml.TextNode, Data: text} }

// wrap puts n into a new parent, which takes its place.
func wrap(n, parent *nethtml.Node) {
	n.Parent.InsertBefore(parent, n)
	n.Parent.RemoveChild(n)
	parent.AppendChild(n)
}

// checkbox says in a character whether a task is done.
func checkbox(n *nethtml.Node) {
	if kind, _ := get(n.Attr, "type"); kind == "checkbox" {
		box := "☐"
		if _, done := get(n.Attr, "checked"); done {
			box = "☑"
		}
		n.Parent.InsertBefore(textNode(box), n)
	}
	n.Parent.RemoveChild(n)
}

// link keeps a link that leads to a page, and the words of all others.
func (r *rewriter) link(n *nethtml.Node, attrs []nethtml.Attribute) {
	if name, ok := get(attrs, "name"); ok {
		r.identify(n, name)
	}
	href, ok := get(attrs, "href")
	if ok {
		href, ok = r.target(href)
	}
	if !ok || strings.TrimSpace(words(n)) == "" && find(n, atom.Img) == nil {
		if len(n.Attr) == 0 {
			unwrap(n)
		}
		return
	}
	n.Attr = append(n.Attr, nethtml.Attribute{Key: "href", Val: href})
	if foreign(href) {
		n.Attr = append(n.Attr, nethtml.Attribute{Key: "rel", Val: "nofollow noopener noreferrer"})
	}
	keep(n, attrs, "title", nil)
}

func foreign(href string) bool { return !strings.HasPrefix(href, "/") && !strings.HasPrefix(href, "#") }

// target tells where a link leads, if it may.
func (r *rewriter) target(href string) (string, bool) {
	href = strings.TrimSpace(href)
	if len(href) > maxURL {
		return "", false
	}
	if anchor, ok := strings.CutPrefix(href, "#"); ok {
		id := r.idOf(anchor)
		return "#" + id, id != ""
	}
	u, err := url.Parse(href)
	if err != nil || u.User != nil {
		return "", false
	}
	switch {
	case u.Scheme == "mailto" && u.Opaque != "":
		return href, !strings.ContainsFunc(href, unicode.IsSpace)
	case u.Scheme == "" && u.Host != "" && u.Opaque == "":
		u.Scheme = "https"
	case u.Scheme == "" && u.Opaque == "":
		if r.Link == nil || href == "" {
			return "", false
		}
		to := r.Link(href)
		return to, harmless.MatchString(to)
	}
	return u.String(), (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

// image keeps a picture that we have, and leaves the words of any other, which lead to it.
func (r *rewriter) image(n *nethtml.Node, attrs []nethtml.Attribute) {
	src, _ := get(attrs, "src")
	alt, _ := get(attrs, "alt")
	alt = strings.TrimSpace(alt)
	u, err := url.Parse(strings.TrimSpace(src))
	if err == nil && len(src) <= maxURL && u.Scheme == "" && u.Host == "" && u.Opaque == "" && r.Image != nil {
		if own := r.Image(strings.TrimSpace(src)); ownPath.MatchString(own) {
			n.Attr = []nethtml.Attribute{{Key: "src", Val: own}, {Key: "alt", Val: alt}, {Key: "loading", Val: "lazy"}}
			return
		}
	}
	if alt == "" && err == nil {
		alt = path.Base(u.Path)
	}
	if alt == "" || alt == "." || alt == "/" {
		alt = "picture"
	}
	n.Data, n.DataAtom = "span", atom.Span
	n.Attr = []nethtml.Attribute{{Key: "class", Val: "picture"}}
	n.AppendChild(textNode(alt))
	if within(n, atom.A) || err != nil {
		return
	}
	if to, ok := r.target(src); ok {
		a := element(atom.A, nethtml.Attribute{Key: "href", Val: to})
		if foreign(to) {
			a.Attr = append(a.Attr, nethtml.Attribute{Key: "rel", Val: "nofollow noopener noreferrer"})
		}
		wrap(n, a)
	}
}

func within(n *nethtml.Node, name atom.Atom) bool {
	for p := range n.Ancestors() {
		if p.DataAtom == name {
			return true
		}
	}
	return false
}

func find(n *nethtml.Node, name atom.Atom) *nethtml.Node {
	for d := range n.Descendants() {
		if d.DataAtom == name {
			return d
		}
	}
	return nil
}

// words are those of all that lies in n.
func words(n *nethtml.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == nethtml.TextNode {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}

// cell keeps how a cell of a table is aligned. A head without words is a cell like others.
func cell(n *nethtml.Node, attrs []nethtml.Attribute) {
	keep(n, attrs, "align", alignText)
	keep(n, attrs, "colspan", numberText)
	keep(n, attrs, "rowspan", numberText)
	if n.DataAtom == atom.Th && strings.TrimSpace(words(n)) == "" {
		n.Data, n.DataAtom = "td", atom.Td
	}
}

// scroll lets a wide table scroll in itself.
func scroll(n *nethtml.Node) {
	wrap(n, element(atom.Div, nethtml.Attribute{Key: "class", Val: "scroll"}, nethtml.Attribute{Key: "tabindex", Val: "0"}))
}

// asides are the remarks that GitHub knows, by the word that a quote begins with.
var asides = map[string]string{
	"[!NOTE]": "Note", "[!TIP]": "Tip", "[!IMPORTANT]": "Important", "[!WARNING]": "Warning", "[!CAUTION]": "Caution",
}

// aside gives a quote that is a remark its title.
func aside(n *nethtml.Node) {
	p := n.FirstChild
	for p != nil && p.Type == nethtml.TextNode {
		p = p.NextSibling
	}
	if p == nil || p.DataAtom != atom.P || p.FirstChild == nil || p.FirstChild.Type != nethtml.TextNode {
		return
	}
	first, rest, _ := strings.Cut(p.FirstChild.Data, "\n")
	title := asides[strings.TrimSpace(first)]
	if title == "" {
		return
	}
	p.FirstChild.Data = rest
	n.Attr = []nethtml.Attribute{{Key: "class", Val: "aside"}}
	head := element(atom.P, nethtml.Attribute{Key: "class", Val: "aside-title"})
	head.AppendChild(textNode(title))
	n.InsertBefore(head, p)
}

func isHeading(n *nethtml.Node) bool {
	return slices.Contains([]atom.Atom{atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6}, n.DataAtom)
}

// heading notes a heading. Those without words, and those in other headings' places, are none.
func (r *rewriter) heading(n *nethtml.Node, attrs []nethtml.Attribute) {
	text := strings.Join(strings.Fields(words(n)), " ")
	if text == "" || within(n, atom.A) || within(n, atom.Summary) || within(n, atom.Table) {
		n.Data, n.DataAtom = "div", atom.Div
		return
	}
	keep(n, attrs, "align", alignText)
	if r.Title && r.title == "" && len(r.marked) == 0 && n.DataAtom == atom.H1 && first(n) {
		r.title = text
		n.Parent.RemoveChild(n)
		return
	}
	r.marked = append(r.marked, n)
	r.headings = append(r.headings, Heading{Text: text})
}

// first reports whether nothing but blanks stands before n.
func first(n *nethtml.Node) bool {
	for s := n.PrevSibling; s != nil; s = s.PrevSibling {
		if s.Type != nethtml.TextNode || strings.TrimSpace(s.Data) != "" {
			return false
		}
	}
	return true
}

// level gives headings their levels and ids, so that each is at most one below the one before it.
func (r *rewriter) level(*nethtml.Node) {
	highest := 6
	for _, n := range r.marked {
		highest = min(highest, levelOf(n))
	}
	before := r.Top - 1
	for i, n := range r.marked {
		level := min(levelOf(n)-highest+r.Top, before+1, 6)
		before = level
		r.headings[i].Level = level
		r.headings[i].ID = r.identify(n, slug(r.headings[i].Text))
		n.Data = "h" + strconv.Itoa(level)
		n.DataAtom = atom.Lookup([]byte(n.Data))
		if r.headings[i].ID != "" && find(n, atom.A) == nil {
			anchor(n, r.headings[i].ID)
		}
	}
}

func levelOf(n *nethtml.Node) int { return int(n.Data[1] - '0') }

// anchor makes a heading a link to itself.
func anchor(n *nethtml.Node, id string) {
	a := element(atom.A, nethtml.Attribute{Key: "class", Val: "anchor"}, nethtml.Attribute{Key: "href", Val: "#" + id})
	for c := n.FirstChild; c != nil; c = n.FirstChild {
		n.RemoveChild(c)
		a.AppendChild(c)
	}
	n.AppendChild(a)
}

// identify gives n an id that no other has, and returns it.
func (r *rewriter) identify(n *nethtml.Node, text string) string {
	id := r.idOf(text)
	if id == "" {
		return ""
	}
	unique := id
	for r.ids[unique] > 0 {
		unique = id + "-" + strconv.Itoa(r.ids[id])
		r.ids[id]++
	}
	r.ids[unique] = 1
	n.Attr = append(slices.DeleteFunc(n.Attr, func(a nethtml.Attribute) bool { return a.Key == "id" }), nethtml.Attribute{Key: "id", Val: unique})
	return unique
}

// idOf is the id under which a document's text is known to its page; empty if it cannot be one.
func (r *rewriter) idOf(text string) string {
	if unescaped, err := url.PathUnescape(text); err == nil {
		text = unescaped
	}
	text = strings.TrimPrefix(text, r.Prefix)
	if len(text) > 200 || !idText.MatchString(r.Prefix+text) {
		return ""
	}
	return r.Prefix + text
}

// slug is what a heading is called in links to it, as GitHub does.
func slug(text string) string {
	var b strings.Builder
	for _, c := range strings.ToLower(text) {
		switch {
		case unicode.IsLetter(c), unicode.IsNumber(c), c == '_', c == '-':
			b.WriteRune(c)
		case c == ' ':
			b.WriteByte('-')
		}
		if b.Len() > 100 {
			break
		}
	}
	return b.String()
}

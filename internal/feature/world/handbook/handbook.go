// Package handbook writes documentation for made-up releases, in the shapes that real tools give to theirs: ExDoc for
// Elixir, EDoc for Erlang, and what gleam makes.
//
// It knows what these tools put where, which scripts read which, and how their pages use what a server adds, so that
// a registry can be tried and tested without them. It refuses to know everything else about the languages: it reads
// modules, functions and comments in the plainest form, and no more of a page looks like the real one than a reader
// needs to find his way.
package handbook

import (
	"embed"
	"fmt"
	"html/template"
	"strings"

	"hexhub/hex/tarball"
	"hexhub/internal/kernel/markup"
)

// A Release is what documentation is about.
type Release struct {
	Name, Version, Description string
	Tool                       string // the build tool, such as mix
	Files                      []tarball.Source
}

//go:embed exdoc edoc gleam
var shapes embed.FS

var templates = template.Must(template.ParseFS(shapes, "*/*.html"))

// Write returns the documentation's files, in the shape that the release's tool makes. Equal releases get equal files.
func Write(r Release) ([]tarball.Source, error) {
	b := read(r)
	write := b.exdoc
	switch r.Tool {
	case "rebar3":
		write = b.edoc
	case "gleam":
		write = b.gleam
	}
	if err := write(); err != nil {
		return nil, fmt.Errorf("write the documentation of %s %s: %w", r.Name, r.Version, err)
	}
	return b.made, nil
}

// A book is documentation in the making.
type book struct {
	Release
	Extras  []page
	Modules []page

	made []tarball.Source
}

// A page is about a module, or is a text that the release brings.
type page struct {
	ID        string // its address without .html
	Title     string
	Text      string // Markdown
	Functions []function
}

// HTML is the text as it is shown.
func (p page) HTML() template.HTML { return html(p.Text) }

// A function is one of a module, in whatever language.
type function struct {
	Name  string
	Args  string // as written, with parentheses; empty for a constant
	Text  string // Markdown
	Arity int
}

// ID tells the function apart from others of its module, as Elixir and Erlang do.
func (f function) ID() string { return fmt.Sprintf("%s/%d", f.Name, f.Arity) }

// Link leads to the function within its page.
func (f function) Link() template.URL { return template.URL("#" + f.ID()) } //nolint:gosec // letters, digits and a slash

// First is how the text begins.
func (f function) First() string {
	line, _, _ := strings.Cut(strings.TrimSpace(f.Text), "\n")
	return line
}

// HTML is the text as it is shown.
func (f function) HTML() template.HTML { return html(f.Text) }

func html(text string) template.HTML {
	d := markup.Markdown([]byte(text), markup.Options{Top: 1, Link: pageOf, Image: func(string) string { return "" }})
	return template.HTML(strings.ReplaceAll(string(d.HTML), `href="/`, `href="`)) //nolint:gosec // markup makes only what is safe
}

// pageOf leads from a file of the release to its page. Markup takes paths from the top of a site only.
func pageOf(address string) string {
	return "/" + strings.ToLower(strings.TrimSuffix(address, ".md")) + ".html"
}

// add puts a file into the documentation.
func (b *book) add(path, content string) {
	b.made = append(b.made, tarball.Source{Path: path, Content: []byte(content)})
}

// render puts a page into the documentation.
func (b *book) render(path, shape string, p any) error {
	var w strings.Builder
	err := templates.ExecuteTemplate(&w, shape, struct {
		*book
		Page any
		Up   string // to the top of the documentation
	}{b, p, up(path)})
	b.add(path, w.String())
	return err
}

func up(path string) string {
	if n := strings.Count(path, "/"); n > 0 {
		return strings.TrimSuffix(strings.Repeat("../", n), "/")
	}
	return "."
}

// copy puts a file of the shape into the documentation.
func (b *book) copy(path, from string) error {
	content, err := shapes.ReadFile(from)
	b.add(path, string(content))
	return err
}

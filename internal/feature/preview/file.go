package preview

import (
	"bytes"
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"hexhub/internal/feature/catalog"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/markup"
	"hexhub/internal/kernel/pack"
)

// A Kind is how a file can be shown.
type Kind int

// The kinds.
const (
	Binary  Kind = iota // not at all
	Code                // line by line
	Prose               // as a text with headings and links
	Picture             // as one
)

const (
	mostRead = 4 << 20 // bytes of a file that is shown; what follows is not
	sniffed  = 8 << 10 // bytes that tell what a file is
)

// A File is one of a release, ready to be put into a page.
type File struct {
	Kind    Kind
	Written bool // it may be shown as it was written as well: Markdown, and drawings

	Document markup.Document // of Prose
	Listing  markup.Listing  // of Code
	Page     int             // of Code, from 1
	Pages    int
	Lines    int  // of Code, in all
	Cut      bool // the file is longer than what is shown of it on all pages
}

// A Look is how a file is looked at. The zero value works.
type Look struct {
	Written bool // as it was written, if it may be
	Page    int  // of a long file, from 1; zero means 1
}

// File shows a file of a release, which it refuses with fault.NotFound if there is none of the path. Base is the path of the release's page, below which its files have theirs.
func (p *Previews) File(ctx context.Context, r catalog.Release, file string, look Look, base string) (File, error) {
	if look.Page = max(look.Page, 1); look.Page > 1 { // however many are asked for that are not there, they are one
		first, err := p.File(ctx, r, file, Look{Written: look.Written}, base)
		if err != nil {
			return File{}, err
		}
		look.Page = min(look.Page, max(first.Pages, 1))
	}
	k := key{r.Outer, Part(fmt.Sprintf("file %d %t %s", look.Page, look.Written, file)), base}
	return once(ctx, p, k, func(ctx context.Context) (File, int, error) {
		files, err := p.sources.Open(ctx, r)
		if err != nil {
			return File{}, 0, err
		}
		defer files.Close()
		shown, err := show(files, file, look, base)
		return shown, len(shown.Document.HTML) + len(shown.Listing.HTML) + 100*len(shown.Document.Headings), err
	})
}

func show(files *pack.Pack, file string, look Look, base string) (File, error) {
	f, ok := files.Find(file)
	if !ok {
		return File{}, fault.New(fault.NotFound, "this version has no file %s", file)
	}
	text, err := files.Read(f, mostRead)
	if err != nil {
		return File{}, err
	}
	shown := File{Kind: KindOf(file, text), Cut: f.Size > mostRead}
	shown.Written = isMarkdown(file) && shown.Kind == Prose || PictureType(file, text[:min(len(text), sniffed)]) == drawing
	if shown.Written && look.Written {
		shown.Kind = Code
	}
	switch shown.Kind {
	case Prose:
		l := linker{base: base, dir: path.Dir(file), has: func(path string) bool { _, ok := files.Find(path); return ok || files.Has(path) }}
		shown.Document = markup.Markdown(text, markup.Options{Top: 3, Link: l.link, Image: l.image}) // below the file's name
	case Code:
		shown.list(file, text, look.Page)
	}
	return shown, nil
}

// list shows a page of a file.
func (f *File) list(name string, text []byte, page int) {
	f.Lines = bytes.Count(text, []byte("\n"))
	if len(text) > 0 && text[len(text)-1] != '\n' {
		f.Lines++
	}
	f.Pages = max(1, (f.Lines+markup.MaxLines-1)/markup.MaxLines)
	f.Page = min(page, f.Pages)
	before := (f.Page - 1) * markup.MaxLines
	for range before {
		text = text[bytes.IndexByte(text, '\n')+1:]
	}
	f.Listing = markup.List(name, text, before+1)
}

// PageOf is the page of a file on which a line is shown.
func PageOf(line int) int { return (max(line, 1)-1)/markup.MaxLines + 1 }

// KindOf tells what a file is by its name and by the bytes that it begins with. A drawing in SVG is a picture: within an img
// element it neither runs nor loads anything, and opened by itself it is where the caller puts what is not to be trusted.
func KindOf(name string, head []byte) Kind {
	switch head = head[:min(len(head), sniffed)]; {
	case PictureType(name, head) != "":
		return Picture
	case !isText(head):
		return Binary
	case isMarkdown(name):
		return Prose
	}
	return Code
}

// pictures are the types of pictures by their extensions, with how such files begin.
var pictures = map[string]struct{ kind, begins, has string }{
	".png": {"image/png", "\x89PNG\r\n\x1a\n", ""}, ".gif": {"image/gif", "GIF8", ""},
	".jpg": {"image/jpeg", "\xff\xd8\xff", ""}, ".jpeg": {"image/jpeg", "\xff\xd8\xff", ""},
	".webp": {"image/webp", "RIFF", "WEBP"}, ".avif": {"image/avif", "", "ftypavif"},
	".svg": {drawing, "", "<svg"},
}

// drawing is the type of pictures that are texts.
const drawing = "image/svg+xml"

// PictureType is the media type of a picture whose name and beginning agree; empty for anything else.
func PictureType(name string, head []byte) string {
	p, ok := pictures[strings.ToLower(path.Ext(name))]
	if p.kind != drawing { // which may begin with anything
		head = head[:min(len(head), 16)]
	}
	if !ok || !bytes.HasPrefix(head, []byte(p.begins)) || !bytes.Contains(head, []byte(p.has)) {
		return ""
	}
	return p.kind
}

// isText reports whether people can read what a file begins with. A few letters of an old alphabet do not matter.
func isText(head []byte) bool {
	if bytes.IndexByte(head, 0) >= 0 {
		return false
	}
	foreign := 0
	for i := 0; i < len(head); {
		r, n := utf8.DecodeRune(head[i:])
		if i += n; r == utf8.RuneError && n == 1 {
			foreign++
		}
	}
	return foreign <= len(head)/20+3
}

// isPicture reports whether a name is that of a picture that is shown.
func isPicture(name string) bool {
	_, ok := pictures[strings.ToLower(path.Ext(name))]
	return ok
}

// contains reports whether the sorted paths have the file, or a folder of that name.
func contains(paths []string, path string) bool {
	if _, found := slices.BinarySearch(paths, path); found {
		return true
	}
	i, _ := slices.BinarySearch(paths, path+"/")
	return i < len(paths) && strings.HasPrefix(paths[i], path+"/")
}

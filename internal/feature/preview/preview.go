// Package preview shows what is in a release without fetching it: its README, its changelog, its licence, and each of its
// files.
//
// It knows how such files are called and that a tarball is read once for many who ask at the same time; what was read is
// kept in memory, up to a number of bytes, by the tarball's checksum. It refuses to know who may see a release, and
// HTTP. A tarball costs no more than when it was published: see hex/tarball for the bounds.
package preview

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"hexhub/hex/tarball"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/source"
	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/flight"
	"hexhub/internal/kernel/keep"
	"hexhub/internal/kernel/markup"
)

// A Part is one of the texts that a release may have.
type Part string

// The parts, by the name that their pages have.
const (
	Readme    Part = "readme"
	Changelog Part = "changelog"
	License   Part = "license"
)

var parts = []Part{Readme, Changelog, License}

// Options are what Previews may be told. The zero value works.
type Options struct {
	Bytes int // that are kept; zero means 64 MiB
}

const (
	defaultBytes = 64 << 20
	atOnce       = 2 // tarballs that are read, or texts that are rendered
)

// Previews read releases. They are safe for concurrent use.
type Previews struct {
	blobs   blob.Store
	sources *source.Sources
	kept    *keep.Shelf[key, any]
	flight  flight.Group[any]
	slots   chan struct{} // taken by who reads or renders, so that previews never take all of a machine
}

// New returns the previews of the releases whose tarballs are in blobs, and whose files are opened by sources.
func New(blobs blob.Store, sources *source.Sources, o Options) *Previews {
	if o.Bytes == 0 {
		o.Bytes = defaultBytes
	}
	return &Previews{blobs: blobs, sources: sources, kept: keep.New[key, any](o.Bytes), slots: make(chan struct{}, atOnce)}
}

// A Preview is one text of a release, with which others it has.
type Preview struct {
	Names    map[Part]string // of the files, as far as there are any
	Document markup.Document // the zero one if the release has no such text
	Files    []string        // paths of all files, in their order; nobody changes them
	Settings Settings
	Dated    bool // the tarball says of some file when it was written or packed; see [tarball.File]
}

// Settings are what build tools read of a project, as it is written, as far as it has such files. Nobody changes them.
type Settings struct{ Rebar, Gleam []byte }

// mostSettings is how much of such a file is read.
const mostSettings = 64 << 10

// take reads a file if it is one of them.
func (s *Settings) take(file string, r io.Reader) (err error) {
	r = io.LimitReader(r, mostSettings)
	switch file {
	case "rebar.config":
		s.Rebar, err = io.ReadAll(r)
	case "gleam.toml":
		s.Gleam, err = io.ReadAll(r)
	}
	return err
}

// Has reports whether the release has the text.
func (p Preview) Has(part Part) bool { return p.Names[part] != "" }

// Names tells which texts a release has, and renders none. It fails as Show does.
func (p *Previews) Names(ctx context.Context, r catalog.Release) (Preview, error) {
	t, err := p.texts(ctx, r)
	return t.names(), err
}

// Show returns a text of a release, ready to be put into a page. Base is the path of the release's page, below which
// its texts have theirs; relative links between them lead there, and others nowhere.
//
// It fails when the tarball cannot be read now, as when this node waits for it.
func (p *Previews) Show(ctx context.Context, r catalog.Release, part Part, base string) (Preview, error) {
	t, err := p.texts(ctx, r)
	if err != nil {
		return Preview{}, err
	}
	shown := t.names()
	if !shown.Has(part) {
		return shown, nil
	}
	shown.Document, err = p.document(ctx, key{r.Outer, part, base}, t)
	return shown, err
}

// A key is what something is kept under: texts by the sum alone, a document by all three.
type key struct {
	sum  tarball.Sum
	part Part
	base string
}

func (k key) String() string { return fmt.Sprintf("%s %s %s", k.sum, k.part, k.base) }

// texts are those of a release.
type texts struct {
	by    map[Part]text
	files []string // paths of all files, in their order
	dated bool
	Settings
}

type text struct {
	name string
	body []byte
}

func (t texts) names() Preview {
	p := Preview{Names: map[Part]string{}, Files: t.files, Settings: t.Settings, Dated: t.dated}
	for part, text := range t.by {
		p.Names[part] = text.name
	}
	return p
}

func (t texts) size() (n int) {
	for _, x := range t.by {
		n += len(x.body) + len(x.name)
	}
	for _, f := range t.files {
		n += len(f) + 16
	}
	return n + len(t.Rebar) + len(t.Gleam)
}

// once returns what is kept under k, or makes it while others who want the same wait.
func once[T any](ctx context.Context, p *Previews, k key, perform func(context.Context) (T, int, error)) (T, error) {
	kept := func() (any, bool) { return p.kept.Get(k) }
	v, err := p.flight.Once(ctx, k.String(), kept, func(ctx context.Context) (any, error) {
		p.slots <- struct{}{}
		defer func() { <-p.slots }()
		v, size, err := perform(ctx)
		if err == nil {
			p.kept.Put(k, v, size)
		}
		return v, err
	})
	if err != nil {
		var none T
		return none, err
	}
	return v.(T), nil
}

// texts reads the texts out of a release's tarball.
func (p *Previews) texts(ctx context.Context, r catalog.Release) (texts, error) {
	return once(ctx, p, key{sum: r.Outer}, func(ctx context.Context) (texts, int, error) {
		t, err := p.extract(ctx, r.Outer)
		if err != nil {
			return texts{}, 0, fmt.Errorf("preview of %s %s: %w", r.Ref(), r.Version, err)
		}
		return t, t.size(), nil
	})
}

func (p *Previews) extract(ctx context.Context, sum tarball.Sum) (texts, error) {
	f, err := p.blobs.Open(ctx, blob.Hash(sum))
	if err != nil {
		return texts{}, err
	}
	defer f.Close()
	t, best := texts{by: map[Part]text{}}, map[Part]int{}
	err = tarball.Walk(f, f.Size(), func(f tarball.File, r io.Reader) error {
		t.files, t.dated = append(t.files, f.Path), t.dated || f.Dated
		for _, part := range parts {
			rank, ok := rankOf(part, f.Path)
			if !ok || t.by[part].name != "" && rank >= best[part] {
				continue
			}
			body, err := io.ReadAll(io.LimitReader(r, markup.MaxSize+1)) // one more, so that it is seen to be cut
			if err != nil {
				return err
			}
			t.by[part], best[part] = text{f.Path, body}, rank
			break
		}
		return t.take(f.Path, r)
	})
	if refused, ok := errors.AsType[*tarball.Error](err); ok {
		return texts{}, ignore(refused) // it was admitted under older rules, and has nothing that may be shown
	}
	slices.Sort(t.files)
	return t, err
}

// ignore says that an error is none for the caller.
func ignore(error) error { return nil }

// document renders a text.
func (p *Previews) document(ctx context.Context, k key, t texts) (markup.Document, error) {
	return once(ctx, p, k, func(context.Context) (markup.Document, int, error) {
		l := t.linker(k.base)
		d := render(t.by[k.part], markup.Options{Link: l.link, Image: l.image})
		return d, len(d.HTML) + 100*len(d.Headings), nil
	})
}

func render(t text, o markup.Options) markup.Document {
	if isMarkdown(t.name) {
		return markup.Markdown(t.body, o)
	}
	return markup.Text(t.body)
}

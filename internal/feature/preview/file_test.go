package preview_test

import (
	"strings"
	"testing"
	"unsafe"

	"hexhub/internal/feature/preview"
	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/fault"
)

const png = "\x89PNG\r\n\x1a\n\x00\x00"

func TestFilesAreShownByWhatTheyAre(t *testing.T) {
	var blobs blob.Memory
	p := previews(t, &blobs, preview.Options{})
	r := release(t, &blobs, map[string]string{
		"lib/a.ex": "defmodule A", "guide/use.md": "# Use\n[a](../lib/a.ex#L1) [lib](../lib) [top](/lib/a.ex) [none](b.ex) ![logo](logo.png) ![x](x.svg)",
		"guide/logo.png": png, "guide/x.svg": "<?xml version='1.0'?><!-- x --><svg/>", "fake.png": "<html>", "data": "a\x00b", "latin.erl": "% M\xfcller", "empty": "",
	})
	for file, want := range map[string]preview.Kind{
		"lib/a.ex": preview.Code, "guide/use.md": preview.Prose, "guide/logo.png": preview.Picture, "guide/x.svg": preview.Picture,
		"fake.png": preview.Code, "data": preview.Binary, "latin.erl": preview.Code, "empty": preview.Code,
	} {
		if f, err := p.File(t.Context(), r, file, preview.Look{}, "/packages/demo/1.0.0"); err != nil || f.Kind != want {
			t.Errorf("%s is shown as %d, want %d: %v", file, f.Kind, want, err)
		}
	}
	if _, err := p.File(t.Context(), r, "lib", preview.Look{}, "/"); !fault.Is(err, fault.NotFound) {
		t.Errorf("a folder is shown: %v", err)
	}
	f, _ := p.File(t.Context(), r, "guide/use.md", preview.Look{}, "/packages/demo/1.0.0")
	const at = "/packages/demo/1.0.0/files/"
	for _, want := range []string{
		`<a href="` + at + `lib/a.ex#L1">a</a>`, `<a href="` + at + `lib">lib</a>`, `<a href="` + at + `lib/a.ex">top</a>`, " none ",
		`<img src="` + at + `guide/logo.png?view=raw"`, `<img src="` + at + `guide/x.svg?view=raw"`,
	} {
		if !strings.Contains(string(f.Document.HTML), want) {
			t.Errorf("the text lacks %s:\n%s", want, f.Document.HTML)
		}
	}
	f, _ = p.File(t.Context(), r, "guide/use.md", preview.Look{Written: true}, "/")
	if f.Kind != preview.Code || !f.Written || f.Listing.Lines != 2 {
		t.Errorf("as it was written: %+v", f)
	}
}

func TestLongFilesHavePages(t *testing.T) {
	var blobs blob.Memory
	p := previews(t, &blobs, preview.Options{})
	r := release(t, &blobs, map[string]string{"long.txt": strings.Repeat("x\n", 12_000) + "end", "huge.txt": strings.Repeat("0123456789abcde\n", 300_000)})
	f, err := p.File(t.Context(), r, "long.txt", preview.Look{Page: preview.PageOf(12_001)}, "/")
	if err != nil || f.Page != 3 || f.Pages != 3 || f.Lines != 12_001 || f.Listing.Lines != 2001 || !strings.Contains(string(f.Listing.HTML), `id="L12001"`) {
		t.Errorf("%v, page %d of %d, %d lines of %d", err, f.Page, f.Pages, f.Listing.Lines, f.Lines)
	}
	if f, _ := p.File(t.Context(), r, "long.txt", preview.Look{Page: 1 << 40}, "/"); f.Page != 3 {
		t.Errorf("a page that is not there is %d", f.Page)
	}
	if f, _ := p.File(t.Context(), r, "huge.txt", preview.Look{Page: 1}, "/"); !f.Cut {
		t.Error("nobody is told that a file is longer than what is shown")
	}
}

// Whoever asks for ever other pages that are not there has a file coloured no more often than it has pages.
func TestPagesThatAreNotThereAreNotMade(t *testing.T) {
	var blobs blob.Memory
	p := previews(t, &blobs, preview.Options{})
	r := release(t, &blobs, map[string]string{"a.ex": "defmodule A", "long.ex": strings.Repeat("x\n", 6_000), "a.md": "# A"})
	for _, file := range []string{"a.ex", "long.ex", "a.md"} {
		last := func(page int) *byte {
			f, err := p.File(t.Context(), r, file, preview.Look{Page: page}, "/")
			if err != nil {
				t.Fatal(err)
			}
			return unsafe.StringData(string(f.Document.HTML + f.Listing.HTML))
		}
		if last(7) != last(1<<40) {
			t.Errorf("%s was made again", file)
		}
	}
}

// A README leads to the files beside it, and shows their pictures.
func TestAReadmeLeadsToFiles(t *testing.T) {
	var blobs blob.Memory
	p := previews(t, &blobs, preview.Options{})
	r := release(t, &blobs, map[string]string{"README.md": "[a](lib/a%20b.ex) [lib](lib/) ![logo](assets/logo.png) [out](../x) ![gone](assets/no.png)", "lib/a b.ex": "", "assets/logo.png": png})
	_, html := show(t, p, r, preview.Readme)
	for _, want := range []string{
		`href="/packages/demo/1.0.0/files/lib/a%20b.ex"`, `href="/packages/demo/1.0.0/files/lib"`, `src="/packages/demo/1.0.0/files/assets/logo.png?view=raw"`, " out ", `<span class="picture">gone</span>`,
	} {
		if !strings.Contains(html, want) {
			t.Errorf("the README lacks %s:\n%s", want, html)
		}
	}
}

// D5: the name alone makes no picture, and neither do the bytes.
func TestD5OnlyPicturesArePictures(t *testing.T) {
	for name, head := range map[string]string{
		"a.png": "<script>", "a.svg": "<html>", "b.html": "<svg/>", "a.html": png, "a.jpg": png, "a.webp": "RIFF____WAVE", "a.gif": "", "a.PNG.html": png,
	} {
		if kind := preview.PictureType(name, []byte(head)); kind != "" {
			t.Errorf("%s is %s", name, kind)
		}
	}
	for name, want := range map[string][2]string{"a.PNG": {png, "image/png"}, "a.SVG": {"<?xml?>\n<svg/>", "image/svg+xml"}} {
		if kind := preview.PictureType(name, []byte(want[0])); kind != want[1] {
			t.Errorf("%s is %q", name, kind)
		}
	}
}

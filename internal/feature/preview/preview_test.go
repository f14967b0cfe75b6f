package preview_test

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"hexhub/hex/name"
	"hexhub/hex/tarball"
	"hexhub/hex/version"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/preview"
	"hexhub/internal/feature/source"
	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/pack"
)

// release puts a tarball of the files into blobs.
func release(t *testing.T, blobs blob.Store, files map[string]string) catalog.Release {
	t.Helper()
	var sources []tarball.Source
	for path, content := range files {
		sources = append(sources, tarball.Source{Path: path, Content: []byte(content)})
	}
	var b bytes.Buffer
	sums, err := tarball.Write(&b, tarball.Metadata{Name: "demo", Version: "1.0.0", App: "demo", BuildTools: []string{"mix"}, Requirements: []tarball.Requirement{}}, sources)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := blobs.Put(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	return catalog.Release{Repository: name.MustRepository("acme"), Package: name.MustPackage("demo"), Version: version.MustParse("1.0.0"), Outer: sums.Outer}
}

// previews are those of what is in blobs.
func previews(t testing.TB, blobs blob.Store, o preview.Options) *preview.Previews {
	t.Helper()
	shelf, err := pack.NewShelf(t.TempDir(), pack.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shelf.Close() })
	return preview.New(blobs, source.New(blobs, shelf), o)
}

func show(t *testing.T, p *preview.Previews, r catalog.Release, part preview.Part) (preview.Preview, string) {
	t.Helper()
	shown, err := p.Show(t.Context(), r, part, "/packages/demo/1.0.0")
	if err != nil {
		t.Fatal(err)
	}
	return shown, string(shown.Document.HTML)
}

// The order is hex.pm's; other spellings do when there is none of these.
func TestTheUsualNamesAreTakenInHexsOrder(t *testing.T) {
	for _, c := range []struct {
		files string
		want  string
	}{
		{"readme README.txt README.md", "README.md"}, // no tarball has names that differ in case only
		{"readme README.txt readme.md", "readme.md"},
		{"readme README.txt", "README.txt"},
		{"Readme.md", "Readme.md"},
		{"Readme.md README", "README"},
		{"docs/README.md", ""},
		{"READYOU.md mix.exs", ""},
	} {
		var blobs blob.Memory
		files := map[string]string{"mix.exs": ""}
		for name := range strings.FieldsSeq(c.files) {
			files[name] = "x"
		}
		shown, _ := show(t, previews(t, &blobs, preview.Options{}), release(t, &blobs, files), preview.Readme)
		if got := shown.Names[preview.Readme]; got != c.want {
			t.Errorf("of %s %q is shown, want %q", c.files, got, c.want)
		}
	}
}

func TestTextsAreShownByTheirKind(t *testing.T) {
	var blobs blob.Memory
	p := previews(t, &blobs, preview.Options{})
	r := release(t, &blobs, map[string]string{
		"README.md":    "# Hello\n[changes](./CHANGELOG.md#v1) [terms](LICENSE) [me](README.md) [other](lib/a.ex) [up](../../x)",
		"CHANGELOG.md": "# v1", "LICENSE": "# a <b>",
	})
	shown, html := show(t, p, r, preview.Readme)
	for _, want := range []string{
		`>Hello</a></h2>`, `<a href="/packages/demo/1.0.0/changelog#user-content-v1">changes</a>`, `<a href="/packages/demo/1.0.0/license">terms</a>`,
		`<a href="/packages/demo/1.0.0">me</a>`, ` other up`,
	} {
		if !strings.Contains(html, want) {
			t.Errorf("the README lacks %s:\n%s", want, html)
		}
	}
	if !shown.Has(preview.Changelog) || !shown.Has(preview.License) {
		t.Errorf("names = %v", shown.Names)
	}
	if _, html := show(t, p, r, preview.License); !strings.Contains(html, "# a &lt;b&gt;") {
		t.Errorf("the licence is shown as %s", html)
	}
	if shown, html := show(t, p, release(t, &blobs, map[string]string{"mix.exs": ""}), preview.Readme); html != "" || shown.Has(preview.Readme) {
		t.Errorf("a README that is not there is shown as %s", html)
	}
}

// counted counts how often blobs are opened, and lets a test hold them.
type counted struct {
	blob.Memory
	opened atomic.Int32
	gate   chan struct{}
}

func (c *counted) Open(ctx context.Context, h blob.Hash) (blob.Reader, error) {
	c.opened.Add(1)
	if c.gate != nil {
		<-c.gate
	}
	return c.Memory.Open(ctx, h)
}

func TestManyReadersShareOneExtraction(t *testing.T) {
	blobs := counted{gate: make(chan struct{})}
	p := previews(t, &blobs, preview.Options{})
	r := release(t, &blobs, map[string]string{"README.md": "# Hello"})
	var readers sync.WaitGroup
	for range 20 {
		readers.Go(func() {
			if _, html := show(t, p, r, preview.Readme); !strings.Contains(html, "Hello") {
				t.Errorf("shown: %s", html)
			}
		})
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	if _, err := p.Show(gone, r, preview.Readme, "/"); err == nil {
		t.Error("a reader who left is still waited for")
	}
	close(blobs.gate)
	readers.Wait()
	show(t, p, r, preview.Readme)
	if n := blobs.opened.Load(); n != 1 {
		t.Errorf("the tarball was opened %d times", n)
	}
}

func TestWhatIsKeptIsBounded(t *testing.T) {
	var blobs counted
	p := previews(t, &blobs, preview.Options{Bytes: 6000})
	first := release(t, &blobs, map[string]string{"README.md": strings.Repeat("a", 2000)})
	second := release(t, &blobs, map[string]string{"README.md": strings.Repeat("b", 2000)})
	for range 3 {
		show(t, p, first, preview.Readme)
	}
	if n := blobs.opened.Load(); n != 1 {
		t.Errorf("what fits is not kept: opened %d times", n)
	}
	show(t, p, second, preview.Readme)
	show(t, p, first, preview.Readme)
	if n := blobs.opened.Load(); n != 3 {
		t.Errorf("opened %d times, want 3: one more does not fit", n)
	}
}

// A tarball that is not here yet is asked for again; one that would be refused today has nothing to show.
func TestWhatCannotBeReadIsNotRemembered(t *testing.T) {
	var blobs blob.Memory
	p := previews(t, &blobs, preview.Options{})
	files := map[string]string{"README.md": "# Hello"}
	r := release(t, new(blob.Memory), files)
	if _, err := p.Show(t.Context(), r, preview.Readme, "/"); err == nil {
		t.Error("a tarball that is not here was read")
	}
	release(t, &blobs, files)
	if _, html := show(t, p, r, preview.Readme); !strings.Contains(html, "Hello") {
		t.Errorf("shown: %s", html)
	}
	h, _, err := blobs.Put(t.Context(), strings.NewReader("no tarball"))
	if err != nil {
		t.Fatal(err)
	}
	r.Outer = tarball.Sum(h)
	if shown, html := show(t, p, r, preview.Readme); html != "" || shown.Has(preview.Readme) {
		t.Errorf("of what is no tarball is shown: %s", html)
	}
}

// D7, T41: a README as long as a tarball may hold costs no more than the part that is shown.
func TestT41LongTextsAreCut(t *testing.T) {
	var blobs blob.Memory
	p := previews(t, &blobs, preview.Options{})
	r := release(t, &blobs, map[string]string{"README.md": strings.Repeat("words and words\n\n", 200_000)})
	shown, html := show(t, p, r, preview.Readme)
	if !shown.Document.Cut || len(html) > 1<<20 {
		t.Errorf("cut = %t, %d bytes", shown.Document.Cut, len(html))
	}
}

package tarball

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var (
	word   = rapid.StringMatching(`[a-z][a-z0-9_]{1,20}`)
	phrase = rapid.StringMatching(`[a-zA-Z0-9 äß漢"\\'.,\n-]{0,60}`)
)

func drawMetadata(t *rapid.T) Metadata {
	m := Metadata{
		Name: word.Draw(t, "name"), Version: "1.0." + fmt.Sprint(rapid.IntRange(0, 99).Draw(t, "patch")), App: word.Draw(t, "app"),
		BuildTools: rapid.SliceOfNDistinct(word, 1, 3, rapid.ID[string]).Draw(t, "build tools"),
		Elixir:     rapid.SampledFrom([]string{"", "~> 1.15"}).Draw(t, "elixir"),
	}
	if rapid.Bool().Draw(t, "described") {
		m.Description = new(phrase.Draw(t, "description"))
		m.Licenses = rapid.SliceOfN(phrase, 0, 3).Draw(t, "licenses")
		m.Links = rapid.MapOfN(phrase, phrase, 0, 3).Draw(t, "links")
		m.Maintainers = rapid.SliceOfN(phrase, 0, 3).Draw(t, "maintainers")
		m.SecretScanIgnore = rapid.SliceOfN(phrase, 0, 3).Draw(t, "ignored")
		m.Extra = map[string]any{"n": int64(7), "nil": nil, "b": true, "m": map[string]any{phrase.Draw(t, "key"): []any{phrase.Draw(t, "value"), false}}}
	}
	for _, name := range rapid.SliceOfNDistinct(word, 0, 4, rapid.ID[string]).Draw(t, "dependencies") {
		m.Requirements = append(m.Requirements, Requirement{
			Name: name, App: word.Draw(t, "app"), Requirement: "~> 1.0",
			Repository: rapid.SampledFrom([]string{"", "acme"}).Draw(t, "repository"), Optional: rapid.Bool().Draw(t, "optional"),
		})
	}
	return m
}

func drawSources(t *rapid.T) []Source {
	path := rapid.StringMatching(`[a-z]{1,8}/[a-zé漢]{1,90}/[a-z]{1,60}\.(ex|erl)`)
	var sources []Source
	for _, p := range rapid.SliceOfNDistinct(path, 1, 8, rapid.ID[string]).Draw(t, "paths") {
		s := Source{Path: p, Content: rapid.SliceOfN(rapid.Byte(), 0, 2000).Draw(t, "content"), Executable: rapid.Bool().Draw(t, "executable")}
		sources = append(sources, s)
	}
	return append(sources, Source{Path: "link", Link: sources[0].Path})
}

// What Write is given, Open gives back; and the order of the files does not matter.
func TestOpenInvertsWrite(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, sources := drawMetadata(t), drawSources(t)
		var b bytes.Buffer
		sums, err := Write(&b, m, sources)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Open(bytes.NewReader(b.Bytes()), int64(b.Len()))
		if err != nil {
			t.Fatal(err)
		}
		m.Files = got.Metadata.Files // compared below
		if diff := cmp.Diff(m, got.Metadata); diff != "" {
			t.Fatalf("metadata (-want +got):\n%s", diff)
		}
		if got.Sums != sums {
			t.Fatalf("sums = %v, Write said %v", got.Sums, sums)
		}
		want := map[string]File{}
		for _, s := range sources {
			f := File{Path: s.Path, Size: int64(len(s.Content)), Mode: 0o644, Link: s.Link}
			if s.Executable {
				f.Mode = 0o755
			}
			if s.Link != "" {
				f.Mode = 1<<27 | 0o755
			}
			want[s.Path] = f
		}
		files := map[string]File{}
		for i, f := range got.Files {
			files[f.Path] = f
			if got.Metadata.Files[i] != f.Path {
				t.Fatalf("listed %q as file %d, packed %q", got.Metadata.Files[i], i, f.Path)
			}
		}
		if diff := cmp.Diff(want, files); diff != "" {
			t.Fatalf("files (-want +got):\n%s", diff)
		}
		var again bytes.Buffer
		rand.Shuffle(len(sources), func(i, j int) { sources[i], sources[j] = sources[j], sources[i] })
		if _, err := Write(&again, m, sources); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(b.Bytes(), again.Bytes()) {
			t.Fatal("the same files in another order made another tarball")
		}
	})
}

// Write does not make what Open would refuse.
func TestWriteChecksItsWork(t *testing.T) {
	good := Metadata{Name: "demo", Version: "1.0.0", App: "demo", BuildTools: []string{"mix"}}
	for name, test := range map[string]struct {
		m     Metadata
		files []Source
		code  Code
	}{
		"T12 traversal":   {good, []Source{{Path: "../x"}}, UnsafePath},
		"T13 unsafe link": {good, []Source{{Path: "a"}, {Path: "x", Link: "/etc/passwd"}}, UnsafeLink},
		"T15 same path":   {good, []Source{{Path: "x"}, {Path: "x"}}, Duplicate},
		"T30 of zeros":    {good, []Source{{Path: "x", Content: make([]byte, 9<<20)}}, TooBig},
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			_, err := Write(&b, test.m, test.files)
			if e, ok := errors.AsType[*Error](err); !ok || e.Code != test.code || b.Len() > 0 {
				t.Errorf("wrote %d bytes, err = %v; want none and %s", b.Len(), err, test.code)
			}
		})
	}
	_, err := Write(new(bytes.Buffer), Metadata{}, []Source{{Path: "x"}})
	if _, ok := errors.AsType[FieldErrors](err); !ok {
		t.Errorf("without metadata: err = %v, want FieldErrors", err)
	}
	bad := good
	bad.Extra = map[string]any{"float": 1.5}
	if _, err := Write(new(bytes.Buffer), bad, []Source{{Path: "x"}}); err == nil {
		t.Error("a float in extra was written")
	}
}

func TestSumText(t *testing.T) {
	var s Sum
	if err := s.UnmarshalText([]byte(strings.Repeat("aB", 32))); err != nil || s.String() != strings.Repeat("ab", 32) {
		t.Errorf("sum = %s, %v", s, err)
	}
	for _, bad := range []string{"", "ab", strings.Repeat("ab", 33), strings.Repeat("zz", 32)} {
		if err := s.UnmarshalText([]byte(bad)); err == nil {
			t.Errorf("%q is read as a checksum", bad)
		}
	}
	b, err := json.Marshal(map[string]Sum{"sum": s})
	if want := `{"sum":"` + s.String() + `"}`; err != nil || string(b) != want {
		t.Errorf("JSON = %s, %v; want %s", b, err, want)
	}
}

func BenchmarkOpen(b *testing.B) {
	files := []Source{{Path: "mix.exs", Content: []byte("# mix\n")}}
	for i := range 40 { // about 100 KiB packed, 320 KiB unpacked
		source := strings.Repeat("  def call(conn, opts), do: conn\n", 160) + incompressible(2500)
		files = append(files, Source{Path: fmt.Sprintf("lib/demo/module_%d.ex", i), Content: []byte(source)})
	}
	var buf bytes.Buffer
	if _, err := Write(&buf, Metadata{Name: "demo", Version: "1.0.0", App: "demo", BuildTools: []string{"mix"}}, files); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(buf.Len()))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Open(bytes.NewReader(buf.Bytes()), int64(buf.Len())); err != nil {
			b.Fatal(err)
		}
	}
}

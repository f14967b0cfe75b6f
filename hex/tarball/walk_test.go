package tarball

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWalkShowsEachFileOnce(t *testing.T) {
	files := []Source{
		{Path: "README.md", Content: []byte("# Hello")},
		{Path: "lib/a.ex", Content: bytes.Repeat([]byte("x"), 2000)},
		{Path: "link", Link: "README.md"},
		{Path: "empty", Content: nil},
		{Path: "last", Content: []byte("end")},
	}
	var b bytes.Buffer
	if _, err := Write(&b, Metadata{Name: "a", Version: "1.0.0", App: "a", BuildTools: []string{"mix"}, Requirements: []Requirement{}}, files); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	walk := func(visit func(File, io.Reader) error) error {
		return Walk(bytes.NewReader(b.Bytes()), int64(b.Len()), visit)
	}
	err := walk(func(f File, r io.Reader) error {
		if f.Path == "lib/a.ex" {
			r = io.LimitReader(r, 3) // the rest is passed over
		}
		text, err := io.ReadAll(r)
		got[f.Path] += string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"README.md": "# Hello", "lib/a.ex": "xxx", "empty": "", "last": "end"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Walk (-want +got):\n%s", diff)
	}

	stop := errors.New("stop")
	if err := walk(func(File, io.Reader) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("the visitor's error became %v", err)
	}
}

// What mix and rebar3 pack tells nothing of when they did; an archive in which one file has a time does.
func TestTarballsTellWhenTheyWerePacked(t *testing.T) {
	read := func(name string) []byte {
		b, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	at := func(field string) []byte {
		timed := entry{name: "mix.exs", body: "x", tweak: func(b *block) { copy(b[136:148], field) }}
		return holding(entry{name: "README.md", body: "x"}, timed).bytes()
	}
	for name, c := range map[string]struct {
		tarball []byte
		dated   bool
	}{
		"mix": {read("mix.tar"), false}, "rebar3": {read("rebar3.tar"), false}, "no time": {at(""), false},
		"a time": {at("14710245200\x00"), true}, "a time beyond octal": {at("\x80\x00\x00\x00\x00\x00\x00\x00\x65\x00\x00\x00"), true},
	} {
		dated := false
		err := Walk(bytes.NewReader(c.tarball), int64(len(c.tarball)), func(f File, _ io.Reader) error {
			dated = dated || f.Dated
			return nil
		})
		if err != nil || dated != c.dated {
			t.Errorf("%s: dated is %t, want %t: %v", name, dated, c.dated, err)
		}
	}
}

// T30: what a small archive may cost is bounded for readers of one file as for those of all.
func TestT30WalkStopsAtBombs(t *testing.T) {
	b := holding(entry{name: "README.md", body: strings.Repeat("\x00", 9<<20)}).bytes()
	err := Walk(bytes.NewReader(b), int64(len(b)), func(_ File, r io.Reader) error {
		_, err := io.Copy(io.Discard, r)
		return err
	})
	if e, ok := errors.AsType[*Error](err); !ok || e.Code != TooBig {
		t.Errorf("err = %v, want %s", err, TooBig)
	}
}

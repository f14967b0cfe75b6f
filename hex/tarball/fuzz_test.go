package tarball

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"strings"
	"testing"
	"unicode/utf8"

	"hexhub/hex/version"
)

// Whatever comes in is refused for a reason or obeys the rules that readers of a Tarball
// rely on.
func FuzzOpen(f *testing.F) {
	for name := range goldens {
		f.Add(golden(f, name))
	}
	f.Add(gleamParcel("x").bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := Open(bytes.NewReader(b), int64(len(b)))
		checkRefusal(t, err)
		if err == nil {
			checkFiles(t, got.Files)
		}
	})
}

// FuzzContents leaves out the outer archive, whose checksums keep the fuzzer away from the
// inner one.
func FuzzContents(f *testing.F) {
	f.Add(archive(entry{name: "a", body: "x"}, entry{name: "b", kind: '2', link: "a"}, entry{name: "c/", kind: '5'}))
	f.Add(archive(entry{name: "L", kind: 'L', body: "long\x00", gnu: true}, entry{name: "a", gnu: true}))
	f.Add(archive(entry{name: "x", kind: 'x', body: record("path", "é")}, entry{}))
	f.Fuzz(func(t *testing.T, inner []byte) {
		b := gzipped(inner)
		c, err := readContents(io.NewSectionReader(bytes.NewReader(b), 0, int64(len(b))), tree{}, nil)
		checkRefusal(t, err)
		if err == nil {
			checkFiles(t, c.files)
		}
	})
}

// FuzzOpenDocs gets at the gzip stream itself, which FuzzContents always makes well.
func FuzzOpenDocs(f *testing.F) {
	page := archive(entry{name: "index.html", body: "<html>"}, entry{name: "assets/", kind: '5'})
	f.Add(gzipped(page))
	f.Add(append(gzipped(page), gzipped(page)...))
	f.Add(gzipped(archive(entry{name: "1.0.0/index.html"})))
	f.Add(gzipped(archive(entry{name: "a", kind: '2', link: "b"})))
	f.Add(gzipped(archive(entry{name: "./", kind: '5'}, entry{name: "./a/./b"}, entry{name: ".//.."})))
	f.Fuzz(func(t *testing.T, b []byte) {
		files, err := openDocs(b)
		checkRefusal(t, err)
		checkFiles(t, files)
		for _, file := range files {
			first, _, _ := strings.Cut(file.Path, "/")
			if _, err := version.Parse(first); err == nil || !file.Mode.IsRegular() {
				t.Errorf("%+v is no page of documentation", file)
			}
		}
		if err == nil && len(files) == 0 {
			t.Error("documentation without a page is accepted")
		}
	})
}

// FuzzDocsContents leaves out the gzip stream, whose checksum keeps the fuzzer of FuzzOpenDocs away from what is in it.
func FuzzDocsContents(f *testing.F) {
	f.Add(archive(entry{name: "index.html", body: "<html>"}, entry{name: "assets/", kind: '5'}, entry{name: "Index.html"}))
	f.Add(archive(entry{name: "./", kind: '5'}, entry{name: "./a/./b"}, entry{name: "a/./c"}))
	f.Add(archive(entry{name: "L", kind: 'L', body: "./a/./long\x00", gnu: true}, entry{name: "a", gnu: true}))
	f.Add(archive(entry{name: "x", kind: 'x', body: record("path", "./é")}, entry{}))
	f.Add(archive(entry{name: "a", kind: '2', link: "b"}))
	f.Fuzz(func(t *testing.T, inner []byte) {
		b := gzipped(inner)
		read := map[string]int64{}
		c, err := readContents(io.NewSectionReader(bytes.NewReader(b), 0, int64(len(b))), tree{exactPaths: true, noLinks: true, dots: true}, func(f File, r io.Reader) error {
			n, err := io.Copy(io.Discard, r)
			read[f.Path] += n
			return err
		})
		checkRefusal(t, err)
		if err != nil {
			return
		}
		checkFiles(t, c.files)
		for _, file := range c.files {
			if !file.Mode.IsRegular() && !file.Mode.IsDir() {
				t.Errorf("%+v is neither file nor folder", file)
			}
			if file.Mode.IsRegular() && read[file.Path] != file.Size {
				t.Errorf("%d bytes of %+v were visited", read[file.Path], file)
			}
		}
	})
}

func FuzzMetadata(f *testing.F) {
	f.Add([]byte(listing("mix.exs")))
	f.Add([]byte(*gleamParcel("x").metadata))
	f.Add([]byte(config("extra", `[{<<"a">>,[{<<"b">>,[1,true,nil]}]}]`)))
	f.Add([]byte(config("requirements", `[[{<<"name">>,<<"a">>},{<<"app">>,<<"a">>},{<<"requirement">>,<<"1">>}]]`)))
	f.Fuzz(func(t *testing.T, config []byte) {
		m, err := parseMetadata(config)
		checkRefusal(t, err)
		if err != nil {
			return
		}
		if m.Name == "" || m.Version == "" || m.App == "" || len(m.Files) == 0 || len(m.BuildTools) == 0 {
			t.Errorf("a required field is empty: %+v", m)
		}
		for _, r := range m.Requirements {
			if r.Name == "" || r.App == "" || r.Requirement == "" {
				t.Errorf("requirement is incomplete: %+v", r)
			}
		}
	})
}

func checkRefusal(t *testing.T, err error) {
	t.Helper()
	_, isError := errors.AsType[*Error](err)
	_, isFields := errors.AsType[FieldErrors](err)
	if err != nil && !isError && !isFields {
		t.Errorf("neither a refusal nor field errors: %v", err)
	}
	if err != nil && !utf8.ValidString(err.Error()) {
		t.Errorf("text is not UTF-8: %q", err)
	}
}

func checkFiles(t *testing.T, files []File) {
	t.Helper()
	seen := map[string]bool{}
	for _, f := range files {
		if !fs.ValidPath(f.Path) || seen[f.Path] || f.Size < 0 || f.Mode.IsDir() && f.Size > 0 {
			t.Errorf("unsafe file %+v", f)
		}
		seen[f.Path] = true
	}
}

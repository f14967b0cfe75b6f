package tarball

import (
	"bytes"
	"errors"
	"io/fs"
	"testing"
	"unicode/utf8"
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
		files, err := openDocs(gzipped(inner))
		checkRefusal(t, err)
		checkFiles(t, files)
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

package tarball

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func openDocs(b []byte) ([]File, error) { return OpenDocs(bytes.NewReader(b), int64(len(b))) }

func TestOpenDocsKeepsRegularFiles(t *testing.T) {
	got, err := openDocs(gzipped(archive(
		entry{name: "index.html", body: "<html>"},
		entry{name: "Changelog.html"},
		entry{name: "changelog.html"}, // a module and a page
		entry{name: "assets/", kind: '5'},
		entry{name: "latest", kind: '2', link: "index.html"},
		entry{name: ".nojekyll"},
		entry{name: "dist/1.0.0/x.js", body: "x"},
		entry{name: "1.0/x"},
	)))
	if err != nil {
		t.Fatal(err)
	}
	want := []File{
		{Path: "index.html", Size: 6, Mode: 0o644},
		{Path: "Changelog.html", Mode: 0o644},
		{Path: "changelog.html", Mode: 0o644},
		{Path: ".nojekyll", Mode: 0o644},
		{Path: "dist/1.0.0/x.js", Size: 1, Mode: 0o644},
		{Path: "1.0/x", Mode: 0o644},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("OpenDocs (-want +got):\n%s", diff)
	}
}

func TestHostileDocsAreRefused(t *testing.T) {
	page := entry{name: "index.html", body: "<html>"}
	for name, test := range map[string]struct {
		docs []byte
		code Code
	}{
		"T12 traversal":      {gzipped(archive(page, entry{name: "../x"})), UnsafePath},
		"T13 link":           {gzipped(archive(page, entry{name: "a", kind: '2', link: "/etc/passwd"})), UnsafeLink},
		"T14 hard link":      {gzipped(archive(page, entry{name: "a", kind: '1', link: "index.html"})), BadKind},
		"T15 twice":          {gzipped(archive(page, page)), Duplicate},
		"T19 empty":          {gzipped(archive()), Empty},
		"T21 plain tar":      {archive(page), BadGzip},
		"T21 two members":    {append(gzipped(archive(page)), gzipped(archive(page))...), TrailingData},
		"T30 zeros":          {gzipped(archive(page, entry{name: "a", body: strings.Repeat("\x00", 9<<20)})), TooBig},
		"T38 version folder": {gzipped(archive(page, entry{name: "1.0.0/index.html"})), VersionedPaths},
		"T38 pre-release":    {gzipped(archive(page, entry{name: "1.0.0-rc.1+x/index.html"})), VersionedPaths},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := openDocs(test.docs)
			e, ok := errors.AsType[*Error](err)
			if !ok || e.Code != test.code || !strings.HasPrefix(e.Text, "tarball error, ") {
				t.Errorf("err = %v, want %s", err, test.code)
			}
		})
	}
	if _, err := OpenDocs(bytes.NewReader(nil), MaxSize+1); err == nil {
		t.Error("documentation beyond the greatest size is accepted")
	}
}

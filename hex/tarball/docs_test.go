package tarball

import (
	"bytes"
	"errors"
	"fmt"
	"io"
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

// Archives of the folder ".", as tar makes them, hold what those of its files do.
func TestDottedDocsAreRead(t *testing.T) {
	long := strings.Repeat("a/./", 40) + "deep.html"
	var read []string
	b := gzipped(archive(
		entry{name: "./", kind: '5'},
		entry{name: "././index.html", body: "<html>"},
		entry{name: "./assets/", kind: '5'},
		entry{name: "./assets/./.dot", body: "x"},
		entry{name: "L", kind: 'L', body: long + "\x00", gnu: true}, entry{gnu: true},
	))
	got, err := WalkDocs(bytes.NewReader(b), int64(len(b)), func(f File, _ io.Reader) error { read = append(read, f.Path); return nil })
	if err != nil {
		t.Fatal(err)
	}
	want := []File{{Path: "index.html", Size: 6, Mode: 0o644}, {Path: "assets/.dot", Size: 1, Mode: 0o644}, {Path: strings.Repeat("a/", 40) + "deep.html", Mode: 0o644}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("OpenDocs (-want +got):\n%s", diff)
	}
	if len(read) != len(want) || read[0] != "index.html" {
		t.Errorf("visited %q", read)
	}
}

func TestHostileDocsAreRefused(t *testing.T) {
	page := entry{name: "index.html", body: "<html>"}
	crowd := make([]entry, MaxEntries)
	for i := range crowd {
		crowd[i].name = fmt.Sprint("f", i)
	}
	docs := func(more ...entry) []byte { return gzipped(archive(append([]entry{page}, more...)...)) }
	for name, test := range map[string]struct {
		docs []byte
		code Code
	}{
		"T11 global PAX":         {docs(entry{name: "x", kind: 'g', body: record("path", "abc")}), BadKind},
		"T11 sparse":             {docs(entry{name: "x", kind: 'S'}), BadKind},
		"T11 GNU sparse fields":  {docs(entry{name: "a", gnu: true, tweak: func(b *block) { b[482] = 1 }}), BadHeader},
		"T11 base-256 size":      {docs(entry{name: "a", size: "\x80" + strings.Repeat("\x00", 10) + "\x01", body: "x"}), BadHeader},
		"T11 negative size":      {docs(entry{name: "a", size: strings.Repeat("\xff", 12)}), BadHeader},
		"T11 size not octal":     {docs(entry{name: "a", size: "0000000008 "}), BadHeader},
		"T11 size with blank":    {docs(entry{name: "a", size: "0000000 001", body: "x"}), BadHeader},
		"T11 size beyond end":    {docs(entry{name: "a", size: "00077777777"}), Truncated},
		"T11 header checksum":    {docs(entry{name: "a", badSum: true}), BadHeader},
		"T11 V7 header":          {docs(entry{name: "a", tweak: func(b *block) { clear(b[257:265]) }}), BadHeader},
		"T11 star header":        {docs(entry{name: "a", tweak: func(b *block) { copy(b[508:], "tar\x00") }}), BadHeader},
		"T11 PAX size differs":   {docs(entry{name: "x", kind: 'x', body: record("size", "7")}, entry{name: "a", body: "x"}), BadHeader},
		"T11 PAX sparse":         {docs(entry{name: "x", kind: 'x', body: record("GNU.sparse.name", "a")}, entry{name: "a"}), BadHeader},
		"T11 long name and PAX":  {docs(entry{name: "x", kind: 'L', body: "a\x00"}, entry{name: "x", kind: 'x', body: record("path", "b")}, entry{name: "a"}), BadHeader},
		"T11 traversal by PAX":   {docs(entry{name: "x", kind: 'x', body: record("path", "../x")}, entry{name: "a"}), UnsafePath},
		"T11 version by PAX":     {docs(entry{name: "x", kind: 'x', body: record("path", "1.0.0/x")}, entry{name: "a"}), VersionedPaths},
		"T11 traversal by GNU":   {docs(entry{name: "L", kind: 'L', body: "../x\x00"}, entry{name: "a"}), UnsafePath},
		"T11 link by GNU":        {docs(entry{name: "K", kind: 'K', body: "/etc/passwd\x00"}, entry{name: "a", kind: '2'}), BadKind},
		"T12 traversal":          {docs(entry{name: "../x"}), UnsafePath},
		"T12 absolute":           {docs(entry{name: "/etc/cron.d/x"}), UnsafePath},
		"T12 drive":              {docs(entry{name: "C:/x"}), UnsafePath},
		"T12 backslash":          {docs(entry{name: `a\..\x`}), UnsafePath},
		"T13 link out":           {docs(entry{name: "a", kind: '2', link: "/etc/passwd"}), BadKind},
		"T13 link inside":        {docs(entry{name: "a", kind: '2', link: "index.html"}), BadKind},
		"T13 written through":    {docs(entry{name: "a", kind: '2', link: "assets"}, entry{name: "a/x"}), BadKind},
		"T14 hard link":          {docs(entry{name: "a", kind: '1', link: "index.html"}), BadKind},
		"T14 character device":   {docs(entry{name: "a", kind: '3'}), BadKind},
		"T14 block device":       {docs(entry{name: "a", kind: '4'}), BadKind},
		"T14 pipe":               {docs(entry{name: "a", kind: '6'}), BadKind},
		"T15 twice":              {docs(page), Duplicate},
		"T12 dotted traversal":   {docs(entry{name: "./../x"}), UnsafePath},
		"T12 dotted root":        {docs(entry{name: ".//etc/x"}), UnsafePath},
		"T12 dotted drive":       {docs(entry{name: "./C:/x"}), UnsafePath},
		"T12 nothing but dots":   {docs(entry{name: "./."}), BadPath},
		"T14 full folder":        {docs(entry{name: "./", kind: '5', body: "x"}), BadHeader},
		"T15 dotted twice":       {docs(entry{name: "./index.html"}), Duplicate},
		"T15 dotted conflict":    {docs(entry{name: "./index.html/x"}), PathConflict},
		"T15 file as folder":     {docs(entry{name: "index.html/x"}), PathConflict},
		"T16 set-user-id":        {docs(entry{name: "a", mode: 0o104755}), BadMode},
		"T17 hidden direction":   {docs(entry{name: "a\u202egnp.html"}), BadPath},
		"T17 not UTF-8":          {docs(entry{name: "a\xff"}), BadPath},
		"T19 empty":              {gzipped(archive()), Empty},
		"T19 only folders":       {gzipped(archive(entry{name: "a/", kind: '5'})), Empty},
		"T20 many files":         {docs(crowd...), TooMany},
		"T21 plain tar":          {archive(page), BadGzip},
		"T21 two members":        {append(gzipped(archive(page)), gzipped(archive(page))...), TrailingData},
		"T21 trailing bytes":     {append(gzipped(archive(page)), "junk"...), TrailingData},
		"T21 wrong checksum":     {[]byte(flip(string(gzipped(archive(page))), len(gzipped(archive(page)))-8)), BadGzip},
		"T21 truncated trailer":  {gzipped(archive(page))[:len(gzipped(archive(page)))-3], Truncated},
		"T30 zeros":              {docs(entry{name: "a", body: strings.Repeat("\x00", 9<<20)}), TooBig},
		"T38 version folder":     {docs(entry{name: "1.0.0/index.html"}), VersionedPaths},
		"T38 pre-release folder": {docs(entry{name: "1.0.0-rc.1+x/index.html"}), VersionedPaths},
		"T38 dotted version":     {docs(entry{name: "./1.0.0/index.html"}), VersionedPaths},
		"T38 version as a file":  {docs(entry{name: "1.0.0"}), VersionedPaths},
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

// T7: documentation of which the end is missing is refused, wherever it is cut.
func TestT7CutDocsAreRefused(t *testing.T) {
	whole := gzipped(archive(entry{name: "index.html", body: incompressible(2000)}, entry{name: "a.html", body: "<html>"}))
	if _, err := openDocs(whole); err != nil {
		t.Fatal(err)
	}
	for n := range len(whole) {
		if e, ok := errors.AsType[*Error](openDocsError(whole[:n])); !ok || e.Code != Truncated && e.Code != BadGzip {
			t.Errorf("the first %d of %d bytes: %v", n, len(whole), e)
		}
	}
	// Here it is not the gzip stream that is cut, but what is in it.
	inner := archive(entry{name: "index.html", body: "<html>"})
	for n := range len(inner) {
		if e, ok := errors.AsType[*Error](openDocsError(gzipped(inner[:n]))); !ok || e.Code != Truncated {
			t.Errorf("the first %d of %d bytes, packed: %v", n, len(inner), e)
		}
	}
}

func openDocsError(b []byte) error {
	_, err := openDocs(b)
	return err
}

// T18: what hides in a package is a file like any other in documentation, which nobody unpacks to work in it.
func TestT18HiddenDocsAreFiles(t *testing.T) {
	paths := []string{"index.html", ".git/hooks/pre-commit", ".ssh/id_ed25519", ".hex/hex.config", ".github/workflows/ci.yml", "hex_metadata.config"}
	var entries []entry
	for _, path := range paths {
		entries = append(entries, entry{name: path, mode: 0o755})
	}
	files, err := openDocs(gzipped(archive(entries...)))
	if err != nil || len(files) != len(paths) {
		t.Fatalf("%d files, %v; want %d", len(files), err, len(paths))
	}
	for i, f := range files {
		if f.Path != paths[i] || !f.Mode.IsRegular() {
			t.Errorf("%+v, want the file %s", f, paths[i])
		}
	}
}

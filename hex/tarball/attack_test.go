package tarball

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// Every hostile archive is refused, and for its own reason. The ids are those of the
// project's list of security cases.
func TestHostileArchivesAreRefused(t *testing.T) {
	file := entry{name: "mix.exs", body: "# mix\n"}
	link := func(name, target string) entry { return entry{name: name, link: target, kind: '2'} }
	replaced := func(i int, e func(entry) entry) parcel {
		return parcel{outer: func(m []entry) []entry { m[i] = e(m[i]); return m }}
	}
	tailed := func(tail func([]byte) []byte) parcel { return parcel{tail: tail} }
	packed := func(contents string) parcel { return parcel{contents: &contents} }
	pax := func(e entry, records string) parcel {
		return raw(archive(entry{name: "PaxHeaders.0/x", kind: 'x', body: records}, e), e.name)
	}

	for name, test := range map[string]struct {
		parcel parcel
		code   Code
		text   string // part of the message
	}{
		"T1 metadata.config twice": {parcel{more: []entry{{name: "metadata.config", body: goodMetadata}}}, Duplicate, "tarball error, metadata.config occurs twice"},
		"T1 contents.tar.gz twice": {parcel{more: []entry{{name: "contents.tar.gz", body: "x"}}}, Duplicate, ""},
		"T2 extra file":            {parcel{more: []entry{{name: "EXTRA", body: "x"}}}, Unexpected, `unexpected file "EXTRA"`},
		"T3 outer traversal":       {parcel{more: []entry{{name: "../VERSION", body: "3"}}}, Unexpected, ""},
		"T3 outer absolute":        {parcel{more: []entry{{name: "/VERSION", body: "3"}}}, Unexpected, ""},
		"T3 ustar prefix":          {replaced(0, func(e entry) entry { e.tweak = func(b *block) { copy(b[345:], "..") }; return e }), Unexpected, "../VERSION"},
		"T4 symbolic link":         {replaced(0, func(e entry) entry { e.kind, e.link, e.body = '2', "CHECKSUM", ""; return e }), BadKind, ""},
		"T4 hard link":             {replaced(2, func(e entry) entry { e.kind, e.link, e.body = '1', "VERSION", ""; return e }), BadKind, ""},
		"T4 directory":             {replaced(3, func(e entry) entry { e.kind, e.body = '5', ""; return e }), BadKind, ""},
		"T4 link name of a file":   {replaced(0, func(e entry) entry { e.link = "CHECKSUM"; return e }), BadHeader, ""},
		"T5 garbage after the end": {tailed(func(b []byte) []byte { return append(b, "garbage"...) }), TrailingData, "tarball error, data after the end"},
		"T5 second archive":        {tailed(func(b []byte) []byte { return append(b, b...) }), TrailingData, ""},
		"T5 garbage in padding": {
			tailed(func(b []byte) []byte { b[blockSize+1] = 'x'; return b }), TrailingData,
			"VERSION: data after the end of the member",
		},
		"T6 no end mark":        {tailed(func(b []byte) []byte { return b[:len(b)-2*blockSize] }), Truncated, "unexpected end of file"},
		"T6 half an end mark":   {tailed(func(b []byte) []byte { return b[:len(b)-blockSize] }), Truncated, "end-of-archive mark is missing"},
		"T7 cut in a member":    {tailed(func(b []byte) []byte { return b[:3000] }), Truncated, ""},
		"T7 cut in a header":    {tailed(func(b []byte) []byte { return b[:700] }), Truncated, ""},
		"T7 empty file":         {tailed(func(b []byte) []byte { return nil }), Truncated, ""},
		"T7 only an end mark":   {tailed(func(b []byte) []byte { return make([]byte, 1024) }), MissingFiles, `missing files: ["VERSION","CHECKSUM","metadata.config","contents.tar.gz"]`},
		"T7 member missing":     {parcel{outer: func(m []entry) []entry { return m[:3] }}, MissingFiles, `missing files: ["contents.tar.gz"]`},
		"T7 size beyond end":    {replaced(3, func(e entry) entry { e.size = "00077777777"; return e }), Truncated, ""},
		"T8 CHECKSUM not hex":   {parcel{checksum: new(strings.Repeat("z", 64))}, BadChecksum, "tarball error, invalid_inner_checksum"},
		"T8 CHECKSUM odd":       {parcel{checksum: new(strings.Repeat("A", 63))}, BadChecksum, ""},
		"T8 CHECKSUM short":     {parcel{checksum: new("AB")}, BadChecksum, ""},
		"T8 CHECKSUM wrong":     {parcel{checksum: new(strings.Repeat("A", 64))}, BadChecksum, "inner_checksum_mismatch"},
		"T8 CHECKSUM long":      {parcel{checksum: new(strings.Repeat("A", 129))}, TooBig, "file too big: CHECKSUM"},
		"T9 VERSION is not 3":   {parcel{version: new("2")}, BadVersion, `unsupported version: <<"2">>`},
		"T9 VERSION with line":  {parcel{version: new("3\n")}, BadVersion, `unsupported version: <<"3\n">>`},
		"T9 VERSION empty":      {parcel{version: new("")}, BadVersion, ""},
		"T9 VERSION long":       {parcel{version: new(strings.Repeat("3", 33))}, TooBig, "file too big: VERSION"},
		"T10 ./VERSION":         {replaced(0, func(e entry) entry { e.name = "./VERSION"; return e }), Unexpected, ""},
		"T11 outer PAX":         {parcel{more: []entry{{name: "x", kind: 'x', body: record("path", "abc")}}}, BadHeader, "PAX and GNU extensions"},
		"T11 outer global PAX":  {parcel{more: []entry{{name: "x", kind: 'g', body: record("path", "abc")}}}, BadHeader, ""},
		"T11 outer long name":   {parcel{more: []entry{{name: "././@LongLink", kind: 'L', body: "VERSION\x00"}}}, BadHeader, ""},
		"T11 outer base-256":    {replaced(0, func(e entry) entry { e.size = "\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01"; return e }), BadHeader, ""},
		"T11 outer negative":    {replaced(0, func(e entry) entry { e.size = strings.Repeat("\xff", 12); return e }), BadHeader, ""},
		"T11 size not octal":    {replaced(0, func(e entry) entry { e.size = "0000000008 "; return e }), BadHeader, ""},
		"T11 size with blank":   {replaced(0, func(e entry) entry { e.size = "0000000 001"; return e }), BadHeader, ""},
		"T11 header checksum":   {replaced(0, func(e entry) entry { e.badSum = true; return e }), BadHeader, "invalid header checksum"},
		"T11 V7 header":         {replaced(0, func(e entry) entry { e.tweak = func(b *block) { clear(b[257:265]) }; return e }), BadHeader, ""},
		"T11 star header":       {replaced(0, func(e entry) entry { e.tweak = func(b *block) { copy(b[508:], "tar\x00") }; return e }), BadHeader, ""},
		"T11 GNU sparse fields": {raw(archive(entry{name: "a", gnu: true, tweak: func(b *block) { b[482] = 1 }}), "a"), BadHeader, ""},
		"T11 name after NUL":    {raw(archive(entry{name: "a\x00b"}), "a"), BadHeader, "text after a NUL"},

		"T11 inner global PAX":      {raw(archive(entry{name: "x", kind: 'g', body: record("path", "abc")}, file)), BadKind, ""},
		"T11 inner sparse":          {raw(archive(entry{name: "x", kind: 'S'}, file)), BadKind, ""},
		"T11 inner base-256 size":   {raw(archive(entry{name: "a", size: "\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"}), "a"), BadHeader, ""},
		"T11 PAX size differs":      {pax(file, record("size", "7")), BadHeader, "two different sizes"},
		"T11 PAX unknown attribute": {pax(file, record("GNU.sparse.realsize", "999")), BadHeader, "unsupported PAX attribute"},
		"T11 PAX link of a file":    {pax(file, record("linkpath", "/etc/")), BadHeader, ""},
		"T11 PAX path twice":        {pax(file, record("path", "a")+record("path", "b")), BadHeader, "given twice"},
		"T11 PAX length lies":       {pax(file, "99 path=a\n"), BadHeader, "malformed"},
		"T11 PAX length negative":   {pax(file, "-9 path=a\n"), BadHeader, "malformed"},
		"T11 PAX time not a number": {pax(file, record("mtime", "now")), BadHeader, "not a number"},
		"T11 PAX not ended":         {pax(file, "9 path=ab"), BadHeader, "malformed"},
		"T11 PAX path with NUL":     {pax(file, record("path", "a\x00b")), BadHeader, "malformed"},
		"T11 PAX too long":          {pax(file, record("path", strings.Repeat("a", 4094))), BadHeader, "extension header of"},
		"T11 PAX after PAX": {
			raw(archive(entry{name: "x", kind: 'x', body: record("path", "a")}, entry{name: "x", kind: 'x', body: record("path", "b")}, file)),
			BadHeader, "two extension headers",
		},
		"T11 long name and PAX": {
			raw(archive(entry{name: "x", kind: 'L', body: "a\x00"}, entry{name: "x", kind: 'x', body: record("path", "b")}, file)),
			BadHeader, "two extension headers",
		},
		"T11 extension without entry": {raw(archive(file, entry{name: "x", kind: 'x', body: record("path", "a")})), BadHeader, ""},

		"T12 traversal":             {holding(entry{name: "lib/../../x"}), UnsafePath, "The path points above the current working directory"},
		"T12 traversal by PAX":      {pax(file, record("path", "../x")), UnsafePath, ""},
		"T12 traversal by GNU name": {raw(archive(entry{name: "L", kind: 'L', body: "../x\x00"}, file)), UnsafePath, ""},
		"T12 traversal by prefix":   {raw(archive(entry{name: "x", tweak: func(b *block) { copy(b[345:], "..") }})), UnsafePath, ""},
		"T12 absolute":              {holding(entry{name: "/etc/passwd"}), UnsafePath, "absolute"},
		"T12 backslash":             {holding(entry{name: `..\x`}), UnsafePath, "backslash"},
		"T12 UNC":                   {holding(entry{name: `\\host\share`}), UnsafePath, "backslash"},
		"T12 drive":                 {holding(entry{name: "C:x"}), UnsafePath, "drive letter"},
		"T12 dot":                   {holding(entry{name: "./x"}), BadPath, ""},
		"T12 empty component":       {holding(entry{name: "a//b"}), BadPath, ""},
		"T12 no name":               {holding(entry{name: ""}), BadPath, ""},
		"T12 file with slash":       {holding(entry{name: "a/"}), BadPath, ""},

		"T13 link absolute":        {holding(file, link("a", "/etc/passwd")), UnsafeLink, "unsafe_symlink"},
		"T13 link up":              {holding(file, link("a", "../x")), UnsafeLink, "outside the package"},
		"T13 link up in between":   {holding(file, link("lib/a", "b/../../../x")), UnsafeLink, ""},
		"T13 link backslash":       {holding(file, link("a", `..\x`)), UnsafeLink, ""},
		"T13 link drive":           {holding(file, link("a", "C:/x")), UnsafeLink, ""},
		"T13 link empty":           {holding(file, link("a", "")), UnsafeLink, ""},
		"T13 link by PAX":          {raw(archive(file, entry{name: "x", kind: 'x', body: record("linkpath", "../x")}, link("a", "mix.exs")), "a"), UnsafeLink, ""},
		"T13 link then write":      {holding(file, link("a", "lib"), entry{name: "a/x"}), UnsafeLink, "lies below the symbolic link"},
		"T13 write then link":      {holding(entry{name: "a/x"}, link("a", "lib")), PathConflict, ""},
		"T13 link through link":    {holding(file, link("b", "lib"), link("a", "b/../../x")), UnsafeLink, ""},
		"T13 link to later link":   {holding(file, link("a", "b/x"), link("b", "lib")), UnsafeLink, "through another link"},
		"T13 link to itself":       {holding(file, link("a", "a")), UnsafeLink, "through another link"},
		"T13 link to folded link":  {holding(file, link("a", "B/x"), link("b", "lib")), UnsafeLink, "through another link"},
		"T13 link with contents":   {holding(file, entry{name: "a", kind: '2', link: "b", body: "x"}), BadHeader, ""},
		"T13 link for Hex's file":  {holding(file, link("hex_metadata.config", "mix.exs")), UnsafePath, ""},
		"T13 folder for Hex's":     {holding(file, entry{name: "HEX_metadata.config/x"}), UnsafePath, ""},
		"T14 hard link":            {holding(entry{name: "a", kind: '1', link: "mix.exs"}), BadKind, ""},
		"T14 character device":     {holding(entry{name: "a", kind: '3'}), BadKind, ""},
		"T14 block device":         {holding(entry{name: "a", kind: '4'}), BadKind, ""},
		"T14 fifo":                 {holding(entry{name: "a", kind: '6'}), BadKind, ""},
		"T14 contiguous file":      {holding(entry{name: "a", kind: '7'}), BadKind, ""},
		"T14 directory with bytes": {holding(file, entry{name: "a/", kind: '5', body: "x"}), BadHeader, ""},
		"T15 twice":                {holding(file, file), Duplicate, "occurs twice"},
		"T15 directory twice":      {holding(file, entry{name: "a/", kind: '5'}, entry{name: "a", kind: '5'}), Duplicate, ""},
		"T15 case":                 {holding(entry{name: "README"}, entry{name: "readme"}), PathCollision, "differ only in case"},
		"T15 case of a directory":  {holding(entry{name: "Lib/a"}, entry{name: "lib/b"}), PathCollision, ""},
		"T15 case beyond ASCII":    {holding(entry{name: "É"}, entry{name: "é"}), PathCollision, ""},
		"T15 Kelvin sign":          {holding(entry{name: "k"}, entry{name: "\u212a"}), PathCollision, ""},
		"T15 file then directory":  {holding(entry{name: "a"}, entry{name: "a/b"}), PathConflict, "both a file and a directory"},
		"T15 directory then file":  {holding(entry{name: "a/b"}, entry{name: "a"}), PathConflict, ""},
		"T16 set-user-id":          {holding(entry{name: "a", mode: 0o104755}), BadMode, "set-user-id"},
		"T16 set-group-id":         {holding(entry{name: "a", mode: 0o102755}), BadMode, ""},
		"T17 line break":           {holding(entry{name: "a\r\nSet-Cookie: x"}), BadPath, "invisible"},
		"T17 escape sequence":      {holding(entry{name: "a\x1b[2J"}), BadPath, "U+001B"},
		"T17 bidi override":        {holding(entry{name: "a\u202etxt.exe"}), BadPath, `"a\u202etxt.exe"`},
		"T17 zero width":           {holding(entry{name: "a\u200b"}), BadPath, ""},
		"T17 line separator":       {holding(entry{name: "a\u2028"}), BadPath, ""},
		"T17 not UTF-8":            {raw(archive(entry{name: "a\xff"})), BadPath, "not UTF-8"},
		"T17 long component":       {pax(file, record("path", "lib/"+strings.Repeat("a", 256))), BadPath, "component is longer"},
		"T17 long path":            {raw(archive(entry{name: "L", kind: 'L', body: strings.Repeat("a/", 2048) + "a"}, file)), BadHeader, "extension header of 4097 bytes"},

		"T19 no contents":      {raw(archive()), Empty, "the archive contains no files"},
		"T19 only directories": {raw(archive(entry{name: "a/", kind: '5'})), Empty, ""},
		"T19 only links":       {raw(archive(entry{name: "a", kind: '2', link: "b"}), "a"), Empty, ""},
		"T20 too many entries": {raw(archive(slices.Collect(func(yield func(entry) bool) {
			for i := range MaxEntries + 1 {
				if !yield(entry{name: fmt.Sprint("f", i)}) {
					return
				}
			}
		})...)), TooMany, "more than 20000 files and directories"},
		"T20 implied directories": {raw(archive(slices.Collect(func(yield func(entry) bool) {
			for i := range 800 {
				if !yield(entry{name: fmt.Sprint("f", i, strings.Repeat("/d", 45))}) {
					return
				}
			}
		})...)), TooMany, "more than 20000 files and directories"},

		"T21 two gzip members":  {packed(goodContents + goodContents), TrailingData, "data after the gzip stream"},
		"T21 split in members":  {packed(string(gzipped(file.bytes())) + string(gzipped(eof))), Truncated, ""},
		"T21 garbage after":     {packed(goodContents + "x"), TrailingData, ""},
		"T21 zeros after":       {packed(goodContents + "\x00"), TrailingData, ""},
		"T21 bad CRC":           {packed(flip(goodContents, len(goodContents)-8)), BadGzip, "invalid checksum"},
		"T21 bad length":        {packed(flip(goodContents, len(goodContents)-1)), BadGzip, "invalid checksum"},
		"T21 truncated trailer": {packed(goodContents[:len(goodContents)-4]), Truncated, ""},
		"T21 no trailer":        {packed(goodContents[:len(goodContents)-8]), Truncated, ""},
		"T21 corrupt":           {packed(flip(goodContents, 20)), BadGzip, ""},
		"T21 long FNAME":        {packed(string(stored(archive(file), strings.Repeat("n", 64<<10)))), BadGzip, ""},
		"T21 plain tar":         {packed(string(archive(file))), BadGzip, "not a valid gzip stream"},
		"T21 zstd":              {packed("\x28\xb5\x2f\xfd\x04\x00\x01\x00\x00" + strings.Repeat("\x00", 99)), BadGzip, ""},
		"T21 empty":             {packed(""), Truncated, ""},
		"T21 inner garbage":     {raw(append(archive(file), "garbage"...)), TrailingData, ""},
		"T21 inner end missing": {raw(file.bytes()), Truncated, ""},
		"T21 inner half an end": {raw(append(file.bytes(), make([]byte, blockSize)...)), Truncated, ""},
		"T21 zero then entry":   {raw(slices.Concat(make([]byte, blockSize), archive(file))), TrailingData, ""},

		"T39 unlisted file": {raw(archive(file, entry{name: "lib/evil.ex"}), "lib"), UnlistedFile, "lib/evil.ex: the file is not listed"},
		"T39 unlisted link": {raw(archive(file, link("a", "mix.exs"))), UnlistedFile, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := test.parcel.open(t)
			e, ok := errors.AsType[*Error](err)
			switch {
			case !ok:
				t.Fatalf("Open = %v, %v; want it refused as %s", got, err, test.code)
			case e.Code != test.code:
				t.Errorf("refused as %s (%s), want %s", e.Code, e, test.code)
			case !strings.Contains(e.Text, test.text):
				t.Errorf("text %q does not contain %q", e, test.text)
			case strings.ContainsFunc(e.Text, deceptive):
				t.Errorf("text %q repeats characters that deceive", e)
			}
			if test.parcel.contents != nil {
				refuseDocs(t, name, []byte(*test.parcel.contents), test.code)
			}
		})
	}
}

// refuseDocs demands that what is no contents of a package is no documentation either, for the same reason if there is
// no other.
func refuseDocs(t *testing.T, name string, archive []byte, code Code) {
	t.Helper()
	_, err := openDocs(archive)
	if harmlessDocs[name] {
		if err != nil {
			t.Errorf("as documentation it is refused: %v", err)
		}
		return
	}
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Code != code && e.Code != BadKind || strings.ContainsFunc(e.Text, deceptive) {
		t.Errorf("as documentation: %v, want %s, or %s if it is a link", err, code, BadKind)
	}
}

// harmlessDocs are what hurts only those who unpack a package, or compare it with its metadata.
var harmlessDocs = map[string]bool{
	"T12 dot": true, "T13 folder for Hex's": true, "T39 unlisted file": true,
	"T15 case": true, "T15 case of a directory": true, "T15 case beyond ASCII": true, "T15 Kelvin sign": true,
}

func flip(s string, at int) string {
	b := []byte(s)
	b[at] ^= 0x55
	return string(b)
}

// What is unusual but harmless stays possible.
func TestUnusualArchivesAreRead(t *testing.T) {
	file := entry{name: "mix.exs", body: "# mix\n"}
	link := func(name, target string) entry { return entry{name: name, link: target, kind: '2'} }
	for name, p := range map[string]parcel{
		"T5 padded to a tar record":       {tail: func(b []byte) []byte { return append(b, make([]byte, 10240)...) }},
		"T8 lower-case CHECKSUM":          {checksum: new(lowerSum())},
		"T11 old type of a regular file":  holding(entry{name: "a", tweak: func(b *block) { b[156] = 0 }}),
		"T11 PAX with the same size":      raw(archive(entry{name: "x", kind: 'x', body: record("size", "6") + record("mtime", "946684800.5")}, file)),
		"T13 link inside the package":     holding(file, link("priv/a", "../mix.exs")),
		"T13 link to a folder":            holding(file, link("priv/a", "../lib"), entry{name: "lib/x"}),
		"T13 link to nothing":             holding(file, link("a", "nothing")),
		"T13 link by GNU record":          raw(archive(file, entry{name: "K", kind: 'K', body: "mix.exs\x00", gnu: true}, entry{name: "a", kind: '2', gnu: true}), "a"),
		"T15 folder after its files":      holding(entry{name: "a/b"}, entry{name: "a/", kind: '5'}),
		"T16 sticky folder":               holding(file, entry{name: "a/", kind: '5', mode: 0o43777}),
		"T17 names beyond ASCII":          holding(entry{name: "lib/漢字 – é.ex"}),
		"T21 gzip with a file name":       {contents: new(string(stored(archive(file), "contents.tar")))},
		"T30 much of the same, but small": holding(entry{name: "zeros", body: strings.Repeat("\x00", 7<<20)}),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := p.open(t); err != nil {
				t.Errorf("Open: %v", err)
			}
		})
	}
}

func lowerSum() string {
	b := parcel{}.bytes()
	t, err := Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		panic(err)
	}
	return t.Inner.String()
}

// Modes are reduced to what matters: whether a file is executable.
func TestModesAreMasked(t *testing.T) {
	got, err := holding(
		entry{name: "a", mode: 0o100666}, entry{name: "b", mode: 0o777}, entry{name: "c", mode: 0o100}, entry{name: "d", mode: 0o1644},
	).open(t)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"-rw-r--r--", "-rwxr-xr-x", "-rwxr-xr-x", "-rw-r--r--"} {
		if f := got.Files[i]; f.Mode.String() != want {
			t.Errorf("mode of %s = %s, want %s", f.Path, f.Mode, want)
		}
	}
}

func TestSuspiciousPathsAreWarned(t *testing.T) {
	for path, warned := range map[string]bool{
		"T18 .git/hooks/pre-commit":    true,
		"T18 priv/.ssh/id_ed25519":     true,
		"T18 .github/workflows/ci.yml": true,
		"T18 hex_metadata.config":      true,
		"T17 lib/aux.ex":               true,
		"T17 lib/x.":                   true,
		"T17 lib/a:b":                  true,
		"T17 lib/auxiliary.ex":         false,
		"T18 .formatter.exs":           false,
		"T18 lib/git.ex":               false,
	} {
		t.Run(path, func(t *testing.T) {
			_, path, _ := strings.Cut(path, " ")
			got, err := holding(entry{name: path}).open(t)
			if err != nil {
				t.Fatal(err)
			}
			has := slices.ContainsFunc(got.Warnings, func(w string) bool { return strings.HasPrefix(w, path+": ") })
			if has != warned {
				t.Errorf("warnings = %q, want one about %s: %t", got.Warnings, path, warned)
			}
		})
	}
}

// Sizes at and beyond the limits.
func TestTarballTooBig(t *testing.T) {
	tooBig := func(t *testing.T, err error, text string) {
		t.Helper()
		if e, ok := errors.AsType[*Error](err); !ok || e.Code != TooBig || !strings.Contains(e.Text, text) {
			t.Errorf("err = %v, want %s: %s", err, TooBig, text)
		}
	}
	t.Run("compressed", func(t *testing.T) {
		_, err := Open(bytes.NewReader(nil), MaxSize+1)
		tooBig(t, err, "exceeds max compressed size")
	})
	t.Run("E12 metadata", func(t *testing.T) {
		_, err := parcel{metadata: new(listing("mix.exs") + strings.Repeat(" ", MaxMetadata))}.open(t)
		tooBig(t, err, "file too big: metadata.config")
	})
}

// A failing reader is not the publisher's fault.
func TestReadErrorIsNoRefusal(t *testing.T) {
	b := holding(entry{name: "mix.exs", body: incompressible(100 << 10)}).bytes()
	for _, at := range []int64{0, 1000, 3000, int64(len(b)) - 2000} {
		_, err := Open(brokenReader{bytes.NewReader(b), at}, int64(len(b)))
		if !errors.Is(err, errBroken) {
			t.Errorf("broken at %d: err = %v, want %v", at, err, errBroken)
		}
	}
}

var errBroken = errors.New("disk on fire")

type brokenReader struct {
	*bytes.Reader
	at int64
}

func (r brokenReader) ReadAt(p []byte, off int64) (int, error) {
	if off+int64(len(p)) > r.at {
		return 0, errBroken
	}
	return r.Reader.ReadAt(p, off)
}

// incompressible makes n bytes that gzip cannot shrink.
func incompressible(n int) string {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{}).Read(b)
	return string(b)
}

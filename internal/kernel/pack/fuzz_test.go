package pack

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
)

// FuzzRoundTrip packs members whose paths and bytes are cut out of one text, and reads them back.
func FuzzRoundTrip(f *testing.F) {
	f.Add("a/b.html\x00a/c\x00index.html", []byte(strings.Repeat("<p>hello", 100)))
	f.Add("a\x00a/\x00a//b\x00", []byte{})
	f.Fuzz(func(t *testing.T, paths string, body []byte) {
		var b bytes.Buffer
		w, err := newWriter(&b, 1<<30)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string][]byte{}
		for i, path := range strings.Split(paths, "\x00") {
			if _, twice := want[path]; twice || strings.ToValidUTF8(path, "") != path {
				continue // no archive has such
			}
			want[path] = body[min(i, len(body)):]
			if err := w.Add(path, bytes.NewReader(want[path])); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.finish(); err != nil {
			t.Fatal(err)
		}
		p, err := open(bytes.NewReader(b.Bytes()), int64(b.Len()))
		if err != nil {
			t.Fatal(err)
		}
		for path, content := range want {
			checkMember(t, p, path, content)
		}
		if len(p.Files()) != len(want) || !slices.IsSortedFunc(p.Files(), func(a, b File) int { return strings.Compare(a.Path, b.Path) }) {
			t.Errorf("%d members, want %d in their order", len(p.Files()), len(want))
		}
	})
}

func checkMember(t *testing.T, p *Pack, path string, want []byte) {
	t.Helper()
	f, ok := p.Find(path)
	if !ok || f.Size != int64(len(want)) {
		t.Fatalf("%q: found %v of %d bytes, want %d", path, ok, f.Size, len(want))
	}
	if got, err := p.Read(f, 1<<30); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%q: read %d bytes, %v; want %d", path, len(got), err, len(want))
	}
	for i := range len(path) {
		if path[i] == '/' && !p.Has(path[:i]) {
			t.Errorf("nothing is said to lie in %q, and %q does", path[:i], path)
		}
	}
}

// FuzzOpen opens what a disk may have made of a pack, or somebody who reckoned its checksum anew: it is damaged, or each of
// its members is or can be read within bounds.
func FuzzOpen(f *testing.F) {
	f.Add([]byte("hexpack1xyz"), []byte(`[{"Path":"a","Size":3,"Stored":3,"At":8,"Check":1}]`), true)
	f.Add([]byte("hexpack1"), []byte(`[{"Path":"a","Size":-3,"Stored":9223372036854775807,"At":-1,"Gzip":true}]`), true)
	f.Add([]byte(magic), []byte(magic), false)
	f.Fuzz(func(t *testing.T, b, list []byte, listed bool) {
		if listed {
			b = withList(t, b, list)
		}
		p, err := open(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		for _, f := range p.Files() {
			if got, err := p.Read(f, 1<<20); err == nil && int64(len(got)) != min(f.Size, 1<<20) {
				t.Errorf("%+v: read %d bytes", f, len(got))
			}
			p.Find(f.Path)
			p.Has(f.Path)
			_, _ = p.Stored(f)
		}
	})
}

// withList appends a list to members, as a Writer does.
func withList(t *testing.T, members, list []byte) []byte {
	t.Helper()
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write(list); err != nil {
		t.Fatal(err)
	}
	z.Close()
	end := binary.BigEndian.AppendUint64(nil, uint64(len(members)))
	end = binary.BigEndian.AppendUint32(end, crc32.Checksum(packed.Bytes(), castagnoli))
	return slices.Concat(members, packed.Bytes(), end, []byte(magic))
}

package docsearch

import (
	"bytes"
	"testing"

	"hexhub/hex/tarball"
)

// FuzzReadArchive reads documentation whose data and page hold anything: what comes of it is within the bounds, and has
// addresses below that of the documentation.
func FuzzReadArchive(f *testing.F) {
	f.Add("dist/search_data-1F.js", []byte(`searchData={"items":[{"type":"module","ref":"A.html","title":"A","doc":"d"}]}`), []byte(`<h1 id="a">A</h1><p>b`))
	f.Add("search-data.json", []byte(`{"items":[]}`), []byte(`<a name="x">y</a>`))
	f.Fuzz(func(t *testing.T, path string, data, page []byte) {
		var b bytes.Buffer
		if err := tarball.WriteDocs(&b, []tarball.Source{{Path: path, Content: data}, {Path: "index.html", Content: page}}); err != nil {
			return // no archive has such paths
		}
		c, err := readArchive(bytes.NewReader(b.Bytes()), int64(b.Len()))
		if err != nil {
			t.Fatal(err)
		}
		if len(c.items) > mostItems {
			t.Errorf("%d items", len(c.items))
		}
		c.check(t)
	})
}

package preview

import (
	"io/fs"
	"net/url"
	"path"
	"slices"
	"strings"
	"testing"
)

// FuzzLink: what a text of a release links to and shows is a file of that release, whatever is written.
func FuzzLink(f *testing.F) {
	f.Add("guide/use.md lib/a.ex logo.png", "guide", "../lib/a.ex#L1")
	f.Add("a/../b.md x", ".", "/b.md?view=raw")
	f.Add("a?b.png a#b.md a%2fb.png", "", "a%3Fb.png")
	f.Add("a.png", ".", "//evil.example/a.png")
	f.Fuzz(func(t *testing.T, paths, dir, to string) {
		var files []string
		for file := range strings.FieldsSeq(paths) {
			if fs.ValidPath(file) && file != "." { // as the reader of archives takes no others
				files = append(files, file)
			}
		}
		slices.Sort(files)
		const base = "/packages/demo/1.0.0"
		l := texts{files: files}.linker(base)
		l.dir = path.Clean(dir)
		for _, address := range []string{l.link(to), l.image(to)} {
			if address != "" {
				checkBelow(t, files, base, address)
			}
		}
	})
}

func checkBelow(t *testing.T, files []string, base, address string) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil || u.Host != "" || u.Scheme != "" || u.User != nil {
		t.Fatalf("%q leads elsewhere: %v", address, err)
	}
	file, below := strings.CutPrefix(path.Clean(u.Path), base+"/files/")
	if !below || !contains(files, file) || strings.ContainsAny(address, "\"<> \n") {
		t.Errorf("%q is none of %q below %s", address, files, base)
	}
}

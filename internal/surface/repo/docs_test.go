package repo_test

import (
	"bytes"
	"testing"

	"hexhub/hex/tarball"
	"hexhub/hex/version"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/docs"
	"hexhub/internal/kernel/blob"
)

// Documentation is what was uploaded, byte for byte, and can be opened.
func TestDocsAreWhatWasUploaded(t *testing.T) {
	s := newServer(t, script, &blob.Memory{})
	jose, _ := account.ByName(s.DB.View(), "jose")
	upload := func(page string) []byte {
		t.Helper()
		var b bytes.Buffer
		if err := tarball.WriteDocs(&b, []tarball.Source{{Path: "index.html", Content: []byte(page)}}); err != nil {
			t.Fatal(err)
		}
		up, err := s.Blobs.Spool(t.Context(), bytes.NewReader(b.Bytes()), 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		defer up.Close()
		archive, err := docs.Examine(up)
		if err != nil {
			t.Fatal(err)
		}
		by := access.Actor{User: jose, Via: access.Password}
		if _, err := docs.New(s.DB, s.Blobs).Upload(t.Context(), by, ref("hexhub", "decimal"), version.MustParse("2.0.0"), archive); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	const path = "/docs/decimal-2.0.0.tar.gz"
	tags := map[string]bool{}
	for _, page := range []string{"first", "second"} {
		want := upload(page)
		got := s.get(t, path)
		if !bytes.Equal(got.Body.Bytes(), want) {
			t.Errorf("%d bytes are served, %d were uploaded", got.Body.Len(), len(want))
		}
		tags[got.Header().Get("ETag")] = true
		if w := s.ask(path, "Range", "bytes=0-1"); w.Code != 206 || !bytes.Equal(w.Body.Bytes(), want[:2]) {
			t.Errorf("range = %d with %d bytes", w.Code, w.Body.Len())
		}
	}
	if len(tags) != 2 {
		t.Errorf("replaced documentation has the entity tags %v", tags)
	}
	if n := s.downloads(t, ref("hexhub", "decimal"), "2.0.0"); n != 0 {
		t.Errorf("fetching documentation counts %d downloads of the package", n)
	}
}

// A key for documentation fetches that and nothing else; where there is none, nobody finds any.
func TestKeysForDocsFetchDocs(t *testing.T) {
	s := newServer(t, script, &blob.Memory{})
	for path, want := range map[string]int{
		"/repos/guild/docs/secret-1.0.0.tar.gz": 200, "/repos/guild/docs/secret-2.0.0.tar.gz": 404,
		"/repos/guild/packages/secret": 404, "/repos/guild/tarballs/secret-1.0.0.tar": 404, "/repos/guild/names": 404,
		"/docs/decimal-2.10.0.tar.gz": 404, "/docs/decimal-2.0.0.tar": 404, "/docs/decimal-2.0.0.tar.gz/": 404, "/docs/": 404,
		"/repos/nobody/docs/secret-1.0.0.tar.gz": 404,
	} {
		if w := s.ask(path, s.as("jose/docs")...); w.Code != want {
			t.Errorf("%s = %d, want %d", path, w.Code, want)
		}
	}
}

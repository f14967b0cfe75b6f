package api_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"hexhub/hex/tarball"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/audit"
	"hexhub/internal/kernel/blob"
)

// pages packs documentation of one page.
func pages(t testing.TB, page string) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := tarball.WriteDocs(&b, []tarball.Source{{Path: "index.html", Content: []byte(page)}}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func (w *world) hasDocs(prefix, pkg, version, user string) bool {
	w.Helper()
	return tree(w, w.expect(200, "GET", prefix+"/packages/"+pkg+"/releases/"+version, nil, w.as(user)))["has_docs"].(bool)
}

// Documentation comes, is replaced at any time, and goes; in both formats an answer without a body has no
// content type, which hex_core would try to read.
func TestDocsComeAndGo(t *testing.T) {
	w := newWorld(t)
	w.publish("jose", "", "decimal", "1.0.0")
	w.publish("eva", "/repos/forge", "vault", "1.0.0")
	for _, c := range []struct{ user, prefix, pkg, file, page string }{
		{"jose", "", "decimal", "https://hub.test/repo/docs/decimal-1.0.0.tar.gz", "https://decimal.docs.test/"},
		{"jose", "/repos/hexpm", "decimal", "https://hub.test/repo/docs/decimal-1.0.0.tar.gz", "https://decimal.docs.test/"},
		{"eva", "/repos/forge", "vault", "https://hub.test/repo/repos/forge/docs/vault-1.0.0.tar.gz", "https://forge--vault.docs.test/"},
		{"eva", "/repos/any/repos/forge", "vault", "https://hub.test/repo/repos/forge/docs/vault-1.0.0.tar.gz", "https://forge--vault.docs.test/"},
	} {
		t.Run(c.prefix, func(t *testing.T) {
			path := c.prefix + "/packages/" + c.pkg + "/releases/1.0.0/docs"
			w.expect(404, "GET", path, nil, w.as(c.user))
			w.expect(404, "DELETE", path, nil, w.as(c.user))
			for i, head := range []want{func(*http.Request) {}, inTerms, header("Content-Encoding", "x-gzip"), header("Content-Type", "application/x-tar")} {
				rec := w.expect(201, "POST", path, pages(t, fmt.Sprint("page ", i)), w.as(c.user), head)
				if h := rec.Header(); rec.Body.Len() > 0 || h.Get("Content-Type") != "" || h.Get("Location") != c.page+"1.0.0/" {
					t.Errorf("upload %d: %q %v", i, rec.Body, h)
				}
			}
			rec := w.expect(302, "GET", path, nil, w.as(c.user), inTerms)
			if h := rec.Header(); rec.Body.Len() > 0 || h.Get("Content-Type") != "" || h.Get("Location") != c.file {
				t.Errorf("redirect: %q %v", rec.Body, h)
			}
			if strings.ContainsAny(c.file, "?#@") || strings.Contains(c.file, w.keys[c.user]) {
				t.Errorf("L12 the link %s carries more than a path", c.file)
			}
			if !w.hasDocs(c.prefix, c.pkg, "1.0.0", c.user) {
				t.Error("the release does not say that it has documentation")
			}
			for below, want := range map[string]string{"": c.page, "/releases/1.0.0": c.page + "1.0.0/"} {
				if got := tree(w, w.expect(200, "GET", c.prefix+"/packages/"+c.pkg+below, nil, w.as(c.user)))["docs_html_url"]; got != want {
					t.Errorf("the documentation of %q is said to be at %v, want %s", below, got, want)
				}
			}
			rec = w.expect(204, "DELETE", path, nil, w.as(c.user), inTerms)
			if rec.Body.Len() > 0 || rec.Header().Get("Content-Type") != "" {
				t.Errorf("delete: %q %v", rec.Body, rec.Header())
			}
			if w.hasDocs(c.prefix, c.pkg, "1.0.0", c.user) {
				t.Error("the release still says that it has documentation")
			}
			w.expect(404, "GET", path, nil, w.as(c.user))
			w.expect(404, "DELETE", path, nil, w.as(c.user))
		})
	}
	entries, _, err := audit.List(t.Context(), w.db.View(), audit.PackageRef("forge", "vault"), "", 100)
	w.must(err)
	if got := entries[0].Action + " " + entries[1].Action; got != "docs.revert docs.publish" {
		t.Errorf("the last audit entries are %s", got)
	}
}

// What is cached of a package or a release is asked for again when its documentation comes or goes.
func TestDocsMoveEntityTags(t *testing.T) {
	w := newWorld(t)
	w.publish("jose", "", "decimal", "1.0.0")
	paths := []string{"/packages", "/packages/decimal", "/packages/decimal/releases/1.0.0"}
	tags := map[string]map[string]bool{}
	for i, deed := range []func(){
		func() {},
		func() { w.expect(201, "POST", paths[2]+"/docs", pages(t, "x"), w.as("jose")) },
		func() { w.expect(204, "DELETE", paths[2]+"/docs", nil, w.as("jose")) },
	} {
		deed()
		for _, path := range paths {
			tag := w.expect(200, "GET", path, nil).Header().Get("ETag")
			if tags[path] == nil {
				tags[path] = map[string]bool{}
			}
			tags[path][tag] = true
			if len(tags[path]) != i+1 {
				t.Errorf("%s after %d deeds has had %d entity tags", path, i, len(tags[path]))
			}
		}
	}
}

// T38: documentation belongs to a release that is there, and to its owners; a version belongs to one package.
func TestT38DocsNeedARelease(t *testing.T) {
	w := newWorld(t)
	w.publish("jose", "", "decimal", "1.0.0", "1.1.0")
	w.publish("eva", "/repos/forge", "vault", "1.0.0")
	w.keys["reader"] = w.key("jose", "reader", readAPI)
	w.keys["packager"] = w.key("jose", "packager", access.Permission{Domain: "package", Resource: "decimal"})
	w.expect(201, "POST", "/packages/decimal/releases/1.1.0/docs", pages(t, "x"), w.as("packager"))
	w.expect(204, "DELETE", "/packages/decimal/releases/1.1.0", nil, w.as("jose"))
	good := pages(t, "x")
	for _, c := range []struct {
		name, who, path string
		want            int
	}{
		{"before there is a package", "jose", "/packages/other/releases/1.0.0/docs", 404},
		{"before the release exists", "jose", "/packages/decimal/releases/2.0.0/docs", 404},
		{"after it was reverted", "jose", "/packages/decimal/releases/1.1.0/docs", 404},
		{"someone else's", "bob", "/packages/decimal/releases/1.0.0/docs", 403},
		{"nobody", "", "/packages/decimal/releases/1.0.0/docs", 401},
		{"by a key that reads", "reader", "/packages/decimal/releases/1.0.0/docs", 401},
		{"in another's private repository", "bob", "/repos/forge/packages/vault/releases/1.0.0/docs", 404},
		{"in a private repository, not there", "bob", "/repos/forge/packages/vault/releases/9.0.0/docs", 404},
		{"of no version", "jose", "/packages/decimal/releases/latest/docs", 400},
		{"of no name", "jose", "/packages/De-Cimal/releases/1.0.0/docs", 404},
	} {
		for _, method := range []string{"POST", "DELETE"} {
			body := any(good)
			if method == "DELETE" {
				body = nil
			}
			as := func(*http.Request) {}
			if c.who != "" {
				as = w.as(c.who)
			}
			if rec := w.do(method, c.path, body, as); rec.Code != c.want {
				t.Errorf("T38 %s %s: %d %s, want %d", method, c.name, rec.Code, rec.Body, c.want)
			}
		}
	}
	w.expect(404, "GET", "/packages/decimal/releases/1.1.0/docs", nil)
	w.expect(201, "POST", "/packages/decimal/releases?replace=false", pack(t, "decimal", "1.1.0"), w.as("jose"))
	if w.hasDocs("", "decimal", "1.1.0", "jose") {
		t.Error("T38 a version that was reverted and published again has its old documentation")
	}
}

// To whoever may not read a private repository, documentation that is there looks like none.
func TestL5PrivateDocsLookAbsent(t *testing.T) {
	w := newWorld(t)
	w.publish("eva", "/repos/forge", "vault", "1.0.0", "2.0.0")
	w.expect(201, "POST", "/repos/forge/packages/vault/releases/1.0.0/docs", pages(t, "x"), w.as("eva"))
	for _, as := range []want{w.as("bob"), func(*http.Request) {}} {
		for _, method := range []string{"GET", "HEAD"} {
			there := w.do(method, "/repos/forge/packages/vault/releases/1.0.0/docs", nil, as)
			absent := w.do(method, "/repos/nobody/packages/vault/releases/1.0.0/docs", nil, as)
			if there.Code != 404 || absent.Code != 404 || there.Body.String() != absent.Body.String() || there.Header().Get("Location") != "" {
				t.Errorf("L5 %s: %d %s, absent %d %s", method, there.Code, there.Body, absent.Code, absent.Body)
			}
		}
	}
}

// What is no documentation hears so at once, under the field that clients print, and changes nothing.
func TestBadDocsAreRefused(t *testing.T) {
	w := newWorld(t)
	w.publish("jose", "", "decimal", "1.0.0")
	w.expect(201, "POST", "/packages/decimal/releases/1.0.0/docs", pages(t, "good"), w.as("jose"))
	before := w.blobCount()
	good := pages(t, "better")
	for name, body := range map[string][]byte{
		"nothing": {}, "no archive": []byte("<html>"), "T21 two members": append(bytes.Clone(good), good...), "T21 trailing bytes": append(bytes.Clone(good), 'x'),
		"T21 cut": good[:len(good)-4], "a package": pack(t, "decimal", "1.0.0"),
	} {
		rec := w.expect(422, "POST", "/packages/decimal/releases/1.0.0/docs", body, w.as("jose"))
		errs, _ := tree(t, rec)["errors"].(map[string]any)
		if text, _ := errs["tar"].(string); !strings.HasPrefix(text, "tarball error, ") {
			t.Errorf("%s: %s", name, rec.Body)
		}
	}
	rec := w.expect(422, "POST", "/packages/decimal/releases/1.0.0/docs", nil, w.as("jose"), func(r *http.Request) {
		r.Body, r.ContentLength = io.NopCloser(io.LimitReader(zeros{}, 17<<20)), -1
	})
	if !strings.Contains(rec.Body.String(), "max compressed size") {
		t.Errorf("T30 17 MiB: %s", rec.Body)
	}
	w.expect(422, "POST", "/packages/decimal/releases/1.0.0/docs", good, w.as("jose"), func(r *http.Request) { r.ContentLength = tarball.MaxSize + 1 })
	w.expect(415, "POST", "/packages/decimal/releases/1.0.0/docs", good, w.as("jose"), header("Content-Encoding", "br"))
	if now := w.blobCount(); now != before || !w.hasDocs("", "decimal", "1.0.0", "jose") {
		t.Errorf("refused documentation left %d blobs, of %d before", now, before)
	}
}

func (w *world) blobCount() int {
	w.Helper()
	n := 0
	for _, err := range w.blobs.(*blob.Memory).Walk(w.Context()) {
		w.must(err)
		n++
	}
	return n
}

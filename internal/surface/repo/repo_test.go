package repo_test

import (
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"hexhub/hex/registry"
	"hexhub/hex/version"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/store"
	"hexhub/internal/kernel/store/storetest"
)

// What clients fetch is signed, is about what they asked for, and tells of bytes that they can fetch.
func TestFilesTellWhatWasPublished(t *testing.T) {
	s := newServer(t, script, &blob.Memory{})
	key, err := registry.ParsePublicKey(s.get(t, "/public_key").Body.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		prefix, repository, pkg string
		headers                 []string
		versions                []string
	}{
		{"", "hexhub", "decimal", nil, []string{"2.0.0", "2.1.0-rc-1.2", "2.10.0"}},
		{"/repos/guild", "guild", "secret", s.as("jose/all"), []string{"1.0.0"}},
		{"/repos/guild", "guild", "secret", s.as("guild/bot"), []string{"1.0.0"}},
	} {
		t.Run(c.prefix+"/"+c.pkg, func(t *testing.T) {
			names, err := registry.ReadNames(key, s.get(t, c.prefix+"/names", c.headers...).Body.Bytes(), c.repository)
			if err != nil || len(names.Packages) != 1 || names.Packages[0].Name != c.pkg {
				t.Errorf("names = %+v, error = %v", names, err)
			}
			list, err := registry.ReadVersions(key, s.get(t, c.prefix+"/versions", c.headers...).Body.Bytes(), c.repository)
			if err != nil || len(list.Packages) != 1 || len(list.Packages[0].Versions) != len(c.versions) {
				t.Errorf("versions = %+v, error = %v", list, err)
			}
			p, err := registry.ReadPackage(key, s.get(t, c.prefix+"/packages/"+c.pkg, c.headers...).Body.Bytes(), c.repository, c.pkg)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, r := range p.Releases {
				got = append(got, r.Version)
				tarball := s.get(t, fmt.Sprintf("%s/tarballs/%s-%s.tar", c.prefix, c.pkg, r.Version), c.headers...)
				if sum := hexSum(tarball.Body.Bytes()); sum != fmt.Sprintf("%x", r.OuterChecksum) {
					t.Errorf("tarball of %s has checksum %s, the index says %x", r.Version, sum, r.OuterChecksum)
				}
			}
			if diff := cmp.Diff(c.versions, got); diff != "" {
				t.Errorf("releases (-want +got):\n%s", diff)
			}
		})
	}
}

func TestHeadersOfFiles(t *testing.T) {
	s := newServer(t, script, &blob.Memory{})
	member := s.as("jose/all")
	for _, c := range []struct {
		path    string
		headers []string
		want    map[string]string
	}{
		{"/packages/decimal", nil, map[string]string{
			"Content-Type": "application/octet-stream", "Cache-Control": "public, no-cache", "Vary": "",
		}},
		{"/names", nil, map[string]string{"Content-Type": "application/octet-stream", "Cache-Control": "public, no-cache"}},
		{"/tarballs/decimal-2.0.0.tar", nil, map[string]string{
			"Content-Type": "application/x-tar", "Cache-Control": "public, no-cache", "Accept-Ranges": "bytes",
		}},
		{"/docs/decimal-2.0.0.tar.gz", nil, map[string]string{
			"Content-Type": "application/gzip", "Cache-Control": "public, no-cache", "Accept-Ranges": "bytes", "Vary": "",
		}},
		{"/repos/guild/docs/secret-1.0.0.tar.gz", member, map[string]string{
			"Content-Type": "application/gzip", "Cache-Control": "private, no-store", "Vary": "Authorization",
		}},
		{"/repos/guild/policies/open", nil, map[string]string{
			"Content-Type": "application/octet-stream", "Cache-Control": "public, no-cache", "Vary": "",
		}},
		{"/repos/guild/policies/strict", member, map[string]string{
			"Content-Type": "application/octet-stream", "Cache-Control": "private, no-store", "Vary": "Authorization",
		}},
		{"/public_key", nil, map[string]string{"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "public, no-cache"}},
		{"/installs/hex-1.x.csv", nil, map[string]string{"Content-Type": "text/csv; charset=utf-8", "Content-Length": "0"}},
		{"/repos/guild/packages/secret", member, map[string]string{"Cache-Control": "private, no-store", "Vary": "Authorization"}},
		{"/repos/guild/tarballs/secret-1.0.0.tar", member, map[string]string{
			"Cache-Control": "private, max-age=86400", "Vary": "Authorization",
		}},
	} {
		for _, method := range []string{"GET", "HEAD"} {
			t.Run(method+" "+c.path, func(t *testing.T) {
				w := s.ask(method+" "+c.path, c.headers...)
				if w.Code != http.StatusOK {
					t.Fatalf("status = %d: %s", w.Code, w.Body)
				}
				for header, want := range c.want {
					if got := w.Header().Get(header); got != want {
						t.Errorf("%s = %q, want %q", header, got, want)
					}
				}
				if got := w.Header().Get("Content-Encoding"); got != "" {
					t.Errorf("M5 Content-Encoding = %q: clients would decompress twice", got)
				}
				if etag := w.Header().Get("ETag"); len(etag) < 3 || etag[0] != '"' {
					t.Errorf("ETag = %q, want a strong one", etag)
				}
				if w.Header().Get("X-HexHub-Revision") == "" || w.Header().Get("X-Content-Type-Options") != "nosniff" {
					t.Errorf("headers = %v", w.Header())
				}
				if method == "HEAD" && w.Body.Len() > 0 {
					t.Errorf("%d bytes answer HEAD", w.Body.Len())
				}
				if got, want := w.Header().Get("Content-Length"), s.get(t, c.path, c.headers...).Header().Get("Content-Length"); got != want {
					t.Errorf("Content-Length = %s, GET says %s", got, want)
				}
			})
		}
	}
}

func TestNotModified(t *testing.T) {
	s := newServer(t, script, &blob.Memory{})
	for _, path := range []string{"/names", "/versions", "/packages/decimal", "/tarballs/decimal-2.0.0.tar", "/docs/decimal-2.0.0.tar.gz", "/repos/guild/policies/open", "/public_key"} {
		etag := s.get(t, path).Header().Get("ETag")
		for _, c := range []struct {
			name   string
			header []string
			want   int
		}{
			{"none", nil, 200},
			{"empty value, as old rebar3 sends", []string{"If-None-Match", ""}, 200},
			{"the tag", []string{"If-None-Match", etag}, 304},
			{"another tag", []string{"If-None-Match", `"other"`}, 200},
			{"tag without quotes", []string{"If-None-Match", etag[1 : len(etag)-1]}, 200},
			{"weak", []string{"If-None-Match", "W/" + etag}, 304},
			{"list", []string{"If-None-Match", `"a", ` + etag + `, "b"`}, 304},
			{"list of weak ones without blanks", []string{"If-None-Match", `W/"a",W/` + etag}, 304},
			{"list without it", []string{"If-None-Match", `"a","b"`}, 200},
			{"two headers", []string{"If-None-Match", `"a"`, "If-None-Match", etag}, 304},
			{"star", []string{"If-None-Match", "*"}, 304},
			{"later date, which may hide a publish of the same second", []string{"If-Modified-Since", "Fri, 01 Jan 2100 00:00:00 GMT"}, 200},
		} {
			for _, method := range []string{"GET", "HEAD"} {
				t.Run(method+" "+path+" "+c.name, func(t *testing.T) {
					w := s.ask(method+" "+path, c.header...)
					if w.Code != c.want {
						t.Fatalf("status = %d, want %d", w.Code, c.want)
					}
					if w.Code == 304 && (w.Body.Len() > 0 || w.Header().Get("ETag") != etag || w.Header().Get("Content-Type") != "") {
						t.Errorf("304 has %d bytes and headers %v", w.Body.Len(), w.Header())
					}
				})
			}
		}
	}
}

// A client that has just published sees its release although it, or a cache, asks with what it has.
func TestPublishIsSeenAtOnce(t *testing.T) {
	s := newServer(t, script, &blob.Memory{})
	before := s.get(t, "/packages/decimal")
	jose, _ := account.ByName(s.DB.View(), "jose")
	actor := access.Actor{User: jose, Via: access.Password}
	err := s.Catalog.Retire(t.Context(), actor, ref("hexhub", "decimal"), version.MustParse("2.0.0"), catalog.Retirement{Reason: catalog.Invalid})
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/packages/decimal", "/versions"} {
		after := s.ask(path, "If-None-Match", before.Header().Get("ETag"), "If-Modified-Since", before.Header().Get("Last-Modified"),
			"X-HexHub-Revision", fmt.Sprint(s.DB.Revision()))
		if after.Code != 200 || after.Body.String() == before.Body.String() {
			t.Errorf("%s after the change = %d, %d bytes", path, after.Code, after.Body.Len())
		}
	}
}

// A version that may still be replaced is revalidated, or a cache would answer with bytes that the index
// no longer names.
func TestTarballIsKeptOnceSettled(t *testing.T) {
	signer() // outside the bubble
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, script, &blob.Memory{})
		keep := func() string { return s.get(t, "/tarballs/decimal-2.0.0.tar").Header().Get("Cache-Control") }
		if got := keep(); got != "public, no-cache" {
			t.Errorf("within the window Cache-Control = %q", got)
		}
		time.Sleep(26 * time.Hour)
		if got := keep(); got != "public, max-age=604800, immutable" {
			t.Errorf("after the window Cache-Control = %q", got)
		}
	})
}

func TestDownloadsAreCounted(t *testing.T) {
	const path = "/tarballs/decimal-2.0.0.tar"
	for _, c := range []struct {
		name, target string
		headers      []string
		status       int
		counts       int64
	}{
		{"GET", path, nil, 200, 1},
		{"GET not modified", path, []string{"If-None-Match", "*"}, 304, 1},
		{"GET of several ranges, answered whole", path, []string{"Range", "bytes=0-1,3-4"}, 200, 1},
		{"HEAD", "HEAD " + path, nil, 200, 0},
		{"HEAD not modified", "HEAD " + path, []string{"If-None-Match", "*"}, 304, 0},
		{"range", path, []string{"Range", "bytes=0-1"}, 206, 0},
		{"unknown version", "/tarballs/decimal-9.9.9.tar", nil, 404, 0},
		{"index", "/packages/decimal", nil, 200, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newServer(t, script, &blob.Memory{})
			if w := s.ask(c.target, c.headers...); w.Code != c.status {
				t.Fatalf("status = %d, want %d", w.Code, c.status)
			}
			if got := s.downloads(t, ref("hexhub", "decimal"), "2.0.0"); got != c.counts {
				t.Errorf("counted %d, want %d", got, c.counts)
			}
		})
	}
}

func TestPaths(t *testing.T) {
	s := newServer(t, script, &blob.Memory{})
	member := s.as("jose/all")
	for _, c := range []struct {
		target  string
		headers []string
		want    int
	}{
		{"/tarballs/decimal-2.1.0-rc-1.2.tar", nil, 200}, // split at the first dash
		{"/repos/hexhub/packages/decimal", nil, 200},
		{"/repos/hexpm/packages/decimal", nil, 200},
		{"/repos/hexpm:guild/packages/secret", member, 200},
		{"/repos/hexhub:guild/tarballs/secret-1.0.0.tar", member, 200},
		{"/repos/guild/public_key", nil, 200},
		{"/repos/nobody/public_key", nil, 200}, // the server has one key, which is no secret

		{"/", nil, 404},
		{"/repos", nil, 404},
		{"/names/", nil, 404},
		{"/packages/", nil, 404},
		{"/packages/decimal/", nil, 404},
		{"/packages/Decimal", nil, 404},
		{"/packages/..", nil, 404},
		{"/packages/decimal%20", nil, 404},
		{"/packages/secret", nil, 404},
		{"/packages%2Fdecimal", nil, 404}, // M6: one path to us, another to a cache
		{"/tarballs/decimal-2.0.0.tar.gz", nil, 404},
		{"/tarballs/decimal-2.0.0", nil, 404},
		{"/tarballs/decimal-02.0.0.tar", nil, 404},
		{"/tarballs/decimal-2.0.0+b.tar", nil, 404},
		{"/tarballs/decimal-2.0.tar", nil, 404},
		{"/tarballs/decimal.tar", nil, 404},
		{"/tarballs/-2.0.0.tar", nil, 404},
		{"/docs/decimal-2.0.0.tar.gz", nil, 200},
		{"/docs/decimal-02.0.0.tar.gz", nil, 404},
		{"/docs/decimal-2.0.0.tar", nil, 404},
		{"/repos/guild/installs/hex-1.x.csv", member, 404},
		{"/policies/open", nil, 404},
		{"/policies/open", member, 404},
		{"/repos/hexhub/policies/open", nil, 404},
		{"/repos/guild/policies/o%70en", nil, 200},
		{"/repos/guild/policies%2Fopen", nil, 401},
		{"/repos/guild/policies/open/x", member, 404},
		{"/repos/guild:/packages/secret", member, 404},

		{"POST /names", nil, 405},
		{"DELETE /tarballs/decimal-2.0.0.tar", nil, 405},
		{"OPTIONS /repos/guild/names", nil, 405},
	} {
		t.Run(c.target, func(t *testing.T) {
			w := s.ask(c.target, c.headers...)
			if w.Code != c.want {
				t.Fatalf("status = %d, want %d", w.Code, c.want)
			}
			if c.want >= 400 && w.Header().Get("Cache-Control") != "no-store" {
				t.Errorf("Cache-Control of a refusal = %q", w.Header().Get("Cache-Control"))
			}
			if c.want == 405 && w.Header().Get("Allow") != "GET, HEAD" {
				t.Errorf("Allow = %q", w.Header().Get("Allow"))
			}
		})
	}
}

// Who has heard of a change, from another node, is not answered as if it had not been.
func TestLaterRevisionIsWaitedFor(t *testing.T) {
	signer() // outside the bubble
	synctest.Test(t, func(t *testing.T) {
		log := storetest.NewSeverable(store.NewMemory())
		s := newServerOver(t, log, script, &blob.Memory{})
		log.Deafen()
		rev, _, err := log.Log.Commit(t.Context(), store.Txn{Ops: []store.Op{{Key: "elsewhere/x"}}})
		if err != nil {
			t.Fatal(err)
		}
		next := fmt.Sprint(rev)
		for _, header := range [][]string{{"X-HexHub-Revision", next}, {"Cookie", "hexhub_revision=" + next}} {
			start := time.Now()
			w := s.ask("/packages/decimal", header...)
			if w.Code != 503 || w.Header().Get("Retry-After") != "1" || time.Since(start) != 2*time.Second {
				t.Errorf("%s: %d after %v, headers %v", header[0], w.Code, time.Since(start), w.Header())
			}
		}
		answer := make(chan int)
		go func() { answer <- s.ask("/packages/decimal", "X-HexHub-Revision", next).Code }()
		synctest.Wait()
		log.Cut(false)
		if code := <-answer; code != 200 {
			t.Errorf("status once the revision is there = %d", code)
		}
		// After a restore, clients hold revisions that the log has not come to.
		if w := s.ask("/packages/decimal", "X-HexHub-Revision", "999999"); w.Code != 200 {
			t.Errorf("a revision that may never come is answered %d", w.Code)
		}
	})
}

// Who is cut off from the others serves what is public, whatever credential comes along, and refuses what is not
// to whoever sends one, be it there or not. Without one nothing is different.
func TestStaleServesOnlyWhatIsPublic(t *testing.T) {
	signer() // outside the bubble
	synctest.Test(t, func(t *testing.T) {
		log := storetest.NewSeverable(store.NewMemory())
		s := newServerOver(t, log, script, &blob.Memory{})
		log.Cut(true)
		time.Sleep(2 * time.Second)
		for path, want := range map[string][2]int{ // without and with a key
			"/packages/decimal":                      {200, 200},
			"/tarballs/decimal-2.0.0.tar":            {200, 200},
			"/packages/absent":                       {404, 404},
			"/public_key":                            {200, 200},
			"/repos/guild/policies/open":             {200, 200},
			"/repos/guild/policies/strict":           {401, 503},
			"/repos/ghost/policies/strict":           {401, 503},
			"/repos/guild/packages/secret":           {401, 503},
			"/repos/guild/packages/absent":           {401, 503},
			"/repos/ghost/packages/secret":           {401, 503},
			"/repos/guild/tarballs/secret-1.0.0.tar": {401, 503},
		} {
			for i, header := range [][]string{nil, {"Authorization", s.secrets["jose/all"]}} {
				w := s.ask(path, header...)
				if w.Code != want[i] {
					t.Errorf("%s with %v: %d, want %d", path, header, w.Code, want[i])
				}
				if w.Code == 503 && (w.Header().Get("Retry-After") == "" || w.Header().Get("Cache-Control") != "no-store") {
					t.Errorf("%s is refused with headers %v", path, w.Header())
				}
			}
		}
	})
}

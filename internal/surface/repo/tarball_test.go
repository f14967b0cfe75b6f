package repo_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hexhub/internal/kernel/blob"
)

func unzipped(t testing.TB, b []byte) []byte {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestRanges(t *testing.T) {
	s := newServer(t, script, &blob.Memory{})
	const path = "/tarballs/decimal-2.0.0.tar"
	whole := s.get(t, path).Body.String()
	for _, c := range []struct {
		name, ranges string
		status       int
		want         string
	}{
		{"first bytes", "bytes=0-9", 206, whole[:10]},
		{"from the middle", "bytes=100-", 206, whole[100:]},
		{"last bytes", "bytes=-5", 206, whole[len(whole)-5:]},
		{"W14 two ranges", "bytes=0-1,3-4", 200, whole},
		{"W14 a thousand overlapping ranges", "bytes=" + strings.Repeat("0-,", 999) + "0-", 200, whole},
		{"out of bounds", fmt.Sprintf("bytes=%d-", len(whole)), 416, "invalid range: failed to overlap\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := s.ask(path, "Range", c.ranges)
			if w.Code != c.status || w.Body.String() != c.want {
				t.Errorf("status = %d with %d bytes, want %d with %d", w.Code, w.Body.Len(), c.status, len(c.want))
			}
		})
	}
}

// big is a world with a release whose tarball takes many reads: it cannot be compressed much.
func big() string {
	var b strings.Builder
	b.WriteString(script + "package hexhub/big owner=jose\nrelease hexhub/big 1.0.0\n-- big-1.0.0/lib/big.ex --\n")
	for i := range 8_000 {
		fmt.Fprintf(&b, "# %x\n", sha256.Sum256(fmt.Append(nil, i)))
	}
	return b.String()
}

// T3: bytes that do not match the index never arrive as a whole, in one piece or in ranges.
func TestT3DamagedTarballIsNeverDeliveredWhole(t *testing.T) {
	dir := t.TempDir()
	blobs, err := blob.OpenDisk(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer blobs.Close()
	s := newServer(t, big(), blobs)
	web := httptest.NewServer(s)
	defer web.Close()
	for _, path := range []string{"/tarballs/big-1.0.0.tar", "/tarballs/decimal-2.0.0.tar"} {
		size := s.get(t, path).Body.Len()
		damageLast(t, dir, int64(size))
		for _, ranges := range []string{"", "bytes=0-", "bytes=10-"} {
			t.Run(path+" "+ranges, func(t *testing.T) {
				r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, web.URL+path, nil)
				if err != nil {
					t.Fatal(err)
				}
				if ranges != "" {
					r.Header.Set("Range", ranges)
				}
				res, err := web.Client().Do(r)
				if err != nil {
					return // cut before anything came
				}
				defer res.Body.Close()
				got, err := io.ReadAll(res.Body)
				if err == nil && res.StatusCode < 500 {
					t.Errorf("%d with %d of %d bytes, and no error", res.StatusCode, len(got), size)
				}
				if res.StatusCode >= 500 && (res.Header.Get("ETag") != "" || res.Header.Get("Cache-Control") != "no-store") {
					t.Errorf("headers of the refusal = %v", res.Header)
				}
			})
		}
	}
	if got := s.downloads(t, ref("hexhub", "big"), "1.0.0"); got != 1 {
		t.Errorf("counted %d downloads, want the one that was good", got)
	}
}

// damageLast changes the last byte of the blobs of a size.
func damageLast(t *testing.T, dir string, size int64) {
	t.Helper()
	damaged := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil || info.Size() != size {
			return err
		}
		damaged++
		if err := os.Chmod(path, 0o600); err != nil {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		b[len(b)-1] ^= 1
		return os.WriteFile(path, b, 0o600)
	})
	if err != nil || damaged == 0 {
		t.Fatalf("damaged %d blobs, error = %v", damaged, err)
	}
}

func TestMissingBlobIsOurFault(t *testing.T) {
	blobs := &blob.Memory{}
	s := newServer(t, script, blobs)
	for info := range blobs.Walk(t.Context()) {
		if _, err := blobs.Delete(t.Context(), info.Hash, info.Modified.Add(1)); err != nil {
			t.Fatal(err)
		}
	}
	w := s.ask("/tarballs/decimal-2.0.0.tar")
	if w.Code != 500 || w.Header().Get("ETag") != "" || !strings.Contains(w.Body.String(), "request id: id") {
		t.Errorf("answer = %d %v %s", w.Code, w.Header(), w.Body)
	}
}

// T37: where a name ends and a version begins is the same for all: what looks like another release's file is not.
func TestT37NamesAndVersionsAreToldApart(t *testing.T) {
	s := newServer(t, script+"package hexhub/aa owner=jose\nrelease hexhub/aa 1.0.0-b-2.0.0\npackage hexhub/aa_b owner=jose\nrelease hexhub/aa_b 2.0.0\n", &blob.Memory{})
	one, other := s.get(t, "/tarballs/aa-1.0.0-b-2.0.0.tar").Body.String(), s.get(t, "/tarballs/aa_b-2.0.0.tar").Body.String()
	if one == other || !strings.Contains(one, `"1.0.0-b-2.0.0"`) {
		t.Error("two releases have one file")
	}
	for _, path := range []string{"/tarballs/aa-1.0.0.tar", "/tarballs/aa-b-2.0.0.tar", "/tarballs/aa-1.0.0-b.tar", "/tarballs/aa_b-1.0.0-b-2.0.0.tar", "/tarballs/aa-2.0.0.tar", "/tarballs/aa--2.0.0.tar"} {
		if w := s.ask(path); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

// T40: a name in a path is never a path of this machine.
func TestT40NamesAreNoPaths(t *testing.T) {
	s := newServer(t, script, &blob.Memory{})
	for _, name := range []string{"..%2fdecimal", "%2e%2e%2f%2e%2e%2fetc%2fpasswd", "decimal%00", "..%5cdecimal", "../decimal", "%2e%2e/decimal", "decimal/../decimal", "./decimal"} {
		for _, path := range []string{"/tarballs/" + name + "-2.0.0.tar", "/docs/" + name + "-2.0.0.tar.gz", "/packages/" + name, "/repos/" + name + "/names", "/tarballs/decimal-" + name + ".tar"} {
			if w := s.ask(path); w.Code < 300 {
				t.Errorf("%s: %d", path, w.Code)
			}
		}
	}
}

package blob_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/blob/blobtest"
)

func openDisk(t testing.TB, dir string) *blob.Disk {
	t.Helper()
	d, err := blob.OpenDisk(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func put(t testing.TB, s blob.Store, b []byte) blob.Hash {
	t.Helper()
	h, _, err := s.Put(t.Context(), bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func readAll(t testing.TB, s blob.Store, h blob.Hash) ([]byte, error) {
	t.Helper()
	r, err := s.Open(t.Context(), h)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

// path is where the disk keeps h.
func path(dir string, h blob.Hash) string {
	s := h.String()
	return filepath.Join(dir, s[:2], s)
}

// touch sets the time of a file, so that it is a changed one.
func touch(t testing.TB, name string, second int64) {
	t.Helper()
	if err := os.Chtimes(name, time.Time{}, time.Unix(second, 0)); err != nil {
		t.Fatal(err)
	}
}

// temps are the names of temporary files in dir.
func temps(t testing.TB, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(dir, "tmp"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestDisk(t *testing.T) {
	blobtest.TestStore(t, func(t *testing.T) blob.Store {
		dir := t.TempDir()
		d := openDisk(t, dir)
		t.Cleanup(func() { // runs after the uploads of the test are closed, and before the disk is
			if left := temps(t, dir); len(left) > 0 {
				t.Errorf("T33 temporary files are left: %v", left)
			}
		})
		return d
	})
}

func TestMemory(t *testing.T) {
	blobtest.TestStore(t, func(*testing.T) blob.Store { return new(blob.Memory) })
}

func TestHashHasOneSpelling(t *testing.T) {
	h := blob.Hash(sha256.Sum256(nil))
	if got, err := blob.Parse(h.String()); err != nil || got != h {
		t.Errorf("Parse(String) = %v, %v", got, err)
	}
	var back struct{ H blob.Hash }
	text, err := json.Marshal(struct{ H blob.Hash }{h})
	if err != nil || string(text) != `{"H":"`+h.String()+`"}` {
		t.Fatalf("as JSON: %s, %v", text, err)
	}
	if err := json.Unmarshal(text, &back); err != nil || back.H != h {
		t.Errorf("from JSON: %v, %v", back.H, err)
	}
	for name, s := range map[string]string{
		"empty":                "",
		"short":                h.String()[1:],
		"long":                 h.String() + "0",
		"upper case":           strings.ToUpper(h.String()),
		"no digit":             "g" + h.String()[1:],
		"T40 climbs":           "../../" + h.String()[6:],
		"T40 climbs, encoded":  "%2e%2e%2f" + h.String()[9:],
		"T40 NUL":              "\x00" + h.String()[1:],
		"T40 absolute":         "/etc" + h.String()[4:],
		"two-byte digit":       "é" + h.String()[2:],
		"space at the far end": h.String()[:63] + " ",
	} {
		if got, err := blob.Parse(s); err == nil {
			t.Errorf("%s: Parse(%q) = %v", name, s, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(blob.Hash(sha256.Sum256(nil)).String())
	f.Add("../../../../etc/passwd")
	f.Fuzz(func(t *testing.T, s string) {
		if h, err := blob.Parse(s); err == nil && h.String() != s {
			t.Errorf("%q was taken for %s", s, h)
		}
	})
}

func TestStoreDoesNotFollowLinksOutside(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	d := openDisk(t, dir)
	b := []byte("T40")
	h := blob.Hash(sha256.Sum256(b))
	if err := os.Symlink(outside, filepath.Join(dir, h.String()[:2])); err != nil {
		t.Fatal(err)
	}
	if _, _, err := d.Put(t.Context(), bytes.NewReader(b)); err == nil {
		t.Error("T40 Put went through a link that leaves the store")
	}
	if left, _ := os.ReadDir(outside); len(left) > 0 {
		t.Errorf("T40 written outside: %v", left)
	}
}

func TestCorruptBlobIsNeverDeliveredWhole(t *testing.T) {
	good := blobtest.Bytes(200_000)
	flip := func(i int) []byte { b := bytes.Clone(good); b[i] ^= 1; return b }
	for name, bad := range map[string][]byte{
		"C8 first bit":       flip(0),
		"C8 last bit":        flip(len(good) - 1),
		"C8 bit in between":  flip(100_000),
		"C8 short":           good[:len(good)-1],
		"C8 emptied":         {},
		"C8 longer":          append(bytes.Clone(good), 0),
		"C8 zeros of a hole": make([]byte, len(good)),
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			d := openDisk(t, dir)
			h := put(t, d, good)
			if err := os.WriteFile(path(dir, h), bad, 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := readAll(t, d, h)
			if !errors.Is(err, blob.ErrCorrupt) || (len(bad) > 0 && len(got) >= len(bad)) {
				t.Errorf("read %d of %d bytes, %v; want ErrCorrupt before the end", len(got), len(bad), err)
			}
			if err := d.Check(t.Context(), h); !errors.Is(err, blob.ErrCorrupt) {
				t.Errorf("Check = %v, want ErrCorrupt", err)
			}
			put(t, d, good)
			if got, err := readAll(t, d, h); err != nil || !bytes.Equal(got, good) {
				t.Errorf("C8 putting the right bytes does not heal: %v", err)
			}
		})
	}
}

func TestCorruptBlobBreaksTheResponse(t *testing.T) {
	dir := t.TempDir()
	d := openDisk(t, dir)
	b := blobtest.Bytes(1 << 20)
	h := put(t, d, b)
	b[1<<19] ^= 1
	if err := os.WriteFile(path(dir, h), b, 0o600); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		r, err := d.Open(q.Context(), h)
		if err != nil {
			panic(err)
		}
		defer r.Close()
		http.ServeContent(w, q, "x.tar", time.Time{}, r)
	}))
	defer srv.Close()
	resp, err := srv.Client().Get(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if n, err := io.Copy(io.Discard, resp.Body); err == nil {
		t.Errorf("C8 the client took all %d corrupt bytes for whole", n)
	}
}

// A blob that was read once is trusted, so rot which the file's time does not show is found by Check.
func TestCheckEndsTrust(t *testing.T) {
	dir := t.TempDir()
	d := openDisk(t, dir)
	b := blobtest.Bytes(50_000)
	h := put(t, d, b)
	if _, err := readAll(t, d, h); err != nil {
		t.Fatal(err)
	}
	info, err := d.Stat(t.Context(), h)
	if err != nil {
		t.Fatal(err)
	}
	b[0] ^= 1
	if err := errors.Join(os.WriteFile(path(dir, h), b, 0o600), os.Chtimes(path(dir, h), info.Modified, info.Modified)); err != nil {
		t.Fatal(err)
	}
	if err := d.Check(t.Context(), h); !errors.Is(err, blob.ErrCorrupt) {
		t.Fatalf("C8 Check = %v, want ErrCorrupt", err)
	}
	if _, err := readAll(t, d, h); !errors.Is(err, blob.ErrCorrupt) {
		t.Errorf("C8 after Check the blob is still served: %v", err)
	}
}

func TestPuttingAgainRenewsTheTime(t *testing.T) {
	dir := t.TempDir()
	d := openDisk(t, dir)
	b := []byte("old")
	h := put(t, d, b)
	old := time.Now().Add(-48 * time.Hour)
	for range 200 {
		if err := os.Chtimes(path(dir, h), old, old); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		wg.Go(func() { put(t, d, b) })
		wg.Go(func() {
			if _, err := d.Delete(t.Context(), h, time.Now().Add(-24*time.Hour)); err != nil {
				t.Error(err)
			}
		})
		wg.Wait()
		if _, err := readAll(t, d, h); err != nil {
			t.Fatalf("C13 the sweeper took a blob that was put again: %v", err)
		}
	}
}

func TestLeftoversAreSweptByALoneOpen(t *testing.T) {
	dir := t.TempDir()
	first := openDisk(t, dir)
	left := filepath.Join(dir, "tmp", "LEFTOVER")
	if err := os.WriteFile(left, []byte("half an upl"), 0o600); err != nil {
		t.Fatal(err)
	}
	second := openDisk(t, dir)
	if len(temps(t, dir)) != 1 {
		t.Fatal("T33 the file of a store in use was swept")
	}
	sp, err := first.Spool(t.Context(), strings.NewReader("in flight"), 100)
	if err != nil {
		t.Fatal(err)
	}
	second.Close()
	second = openDisk(t, dir)
	if _, _, err := first.Put(t.Context(), sp); err != nil {
		t.Errorf("T33 another's open disturbed an upload: %v", err)
	}
	sp.Close()
	first.Close()
	second.Close()
	openDisk(t, dir)
	if got := temps(t, dir); len(got) > 0 {
		t.Errorf("T33 left after a lone open: %v", got)
	}
}

// The test binary run again is another process that has the store open.
func TestAnotherProcessKeepsItsUploads(t *testing.T) {
	if dir := os.Getenv("BLOB_TEST_DIR"); dir != "" {
		d := openDisk(t, dir)
		sp, err := d.Spool(t.Context(), strings.NewReader("child"), 100)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println("spooled")
		io.Copy(io.Discard, os.Stdin) // until the parent says
		h, _, err := d.Put(t.Context(), sp)
		fmt.Println(h, err)
		return
	}
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestAnotherProcessKeepsItsUploads$")
	cmd.Env = append(os.Environ(), "BLOB_TEST_DIR="+dir)
	in, err1 := cmd.StdinPipe()
	out, err2 := cmd.StdoutPipe()
	if err := errors.Join(err1, err2, cmd.Start()); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(out, make([]byte, len("spooled\n"))); err != nil {
		t.Fatal(err)
	}
	d := openDisk(t, dir)
	in.Close()
	said, err := io.ReadAll(out)
	if err := errors.Join(err, cmd.Wait()); err != nil {
		t.Fatalf("%s: %v", said, err)
	}
	if b, err := readAll(t, d, sha256.Sum256([]byte("child"))); string(b) != "child" {
		t.Errorf("T33 the other process's upload is lost: %v; it said %s", err, said)
	}
}

// Package blobtest says in tests what every blob.Store promises. It knows no particular store.
package blobtest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/fault"
)

// TestStore tests the stores that open returns. Each call must return an empty one, which open
// closes when its test ends.
func TestStore(t *testing.T, open func(t *testing.T) blob.Store) {
	for _, law := range []struct {
		name string
		test func(*testing.T, blob.Store)
	}{
		{"what was put can be read", putRead},
		{"what was not put is not found", absent},
		{"a reader reads, seeks and reads at offsets", reader},
		{"http ranges are served", ranges},
		{"a reader outlives a delete", outlives},
		{"T35 fifty puts of equal bytes keep one blob", together},
		{"T33 an upload that breaks off leaves nothing", brokenOff},
		{"a cancelled put leaves nothing", cancelled},
		{"a spooled upload is put without being read again", spooled},
		{"a spooled upload that is not put leaves nothing", spooledOnly},
		{"T32 spooling stops at the limit", spoolLimit},
		{"C13 a blob put since is not deleted", deleteBefore},
		{"walk is ordered and can be left", walk},
	} {
		t.Run(law.name, func(t *testing.T) { law.test(t, open(t)) })
	}
	t.Run("a spooled upload of another store is copied", func(t *testing.T) { foreign(t, open(t), open(t)) })
}

// Bytes returns n bytes that are always the same for n, and do not repeat.
func Bytes(n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{byte(n), byte(n >> 8), byte(n >> 16)}).Read(b)
	return b
}

func put(t *testing.T, s blob.Store, b []byte) blob.Hash {
	t.Helper()
	h, size, err := s.Put(t.Context(), bytes.NewReader(b))
	if err != nil {
		t.Fatalf("Put: %v", err)
	}
	if h != sha256.Sum256(b) || size != int64(len(b)) {
		t.Fatalf("Put = %s, %d; want the SHA-256 and size of the %d bytes", h, size, len(b))
	}
	return h
}

func wantBytes(t *testing.T, s blob.Store, h blob.Hash, want []byte) {
	t.Helper()
	r, err := s.Open(t.Context(), h)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	defer r.Close()
	got, err := io.ReadAll(r)
	if err != nil || !bytes.Equal(got, want) {
		t.Fatalf("read %d bytes, %v; want the %d put", len(got), err, len(want))
	}
	if r.Size() != int64(len(want)) {
		t.Errorf("Size = %d, want %d", r.Size(), len(want))
	}
}

func wantAbsent(t *testing.T, s blob.Store, h blob.Hash) {
	t.Helper()
	_, openErr := s.Open(t.Context(), h)
	_, statErr := s.Stat(t.Context(), h)
	for name, err := range map[string]error{"Open": openErr, "Stat": statErr, "Check": s.Check(t.Context(), h)} {
		if !errors.Is(err, blob.ErrNotFound) {
			t.Errorf("%s = %v, want ErrNotFound", name, err)
		}
	}
}

// all returns the hashes that Walk yields.
func all(t *testing.T, s blob.Store) []blob.Hash {
	t.Helper()
	var out []blob.Hash
	for info, err := range s.Walk(t.Context()) {
		if err != nil {
			t.Fatalf("Walk: %v", err)
		}
		out = append(out, info.Hash)
	}
	return out
}

func putRead(t *testing.T, s blob.Store) {
	for _, n := range []int{0, 1, 64 << 10, 64<<10 + 1, 300_000} {
		b := Bytes(n)
		h := put(t, s, b)
		for range 2 { // the second time it may come from somewhere quicker
			wantBytes(t, s, h, b)
		}
		info, err := s.Stat(t.Context(), h)
		if err != nil || info.Hash != h || info.Size != int64(n) {
			t.Errorf("Stat = %+v, %v", info, err)
		}
		if age := time.Since(info.Modified); age.Abs() > time.Minute {
			t.Errorf("a blob put now is %v old", age)
		}
		if err := s.Check(t.Context(), h); err != nil {
			t.Errorf("Check: %v", err)
		}
	}
}

func absent(t *testing.T, s blob.Store) {
	h := blob.Hash(sha256.Sum256([]byte("never put")))
	wantAbsent(t, s, h)
	if ok, err := s.Delete(t.Context(), h, time.Now()); ok || err != nil {
		t.Errorf("Delete = %v, %v; want nothing to delete", ok, err)
	}
	if got := all(t, s); len(got) > 0 {
		t.Errorf("an empty store holds %v", got)
	}
}

func reader(t *testing.T, s blob.Store) {
	b := Bytes(10_000)
	h := put(t, s, b)
	for range 2 {
		r, err := s.Open(t.Context(), h)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = r.Close() })
		if err := iotest.TestReader(r, b); err != nil {
			t.Error(err)
		}
		if _, err := r.Seek(-1, io.SeekStart); err == nil {
			t.Error("a seek before the start succeeded")
		}
	}
}

func ranges(t *testing.T, s blob.Store) {
	b := Bytes(100_000)
	h := put(t, s, b)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		r, err := s.Open(q.Context(), h)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		defer r.Close()
		http.ServeContent(w, q, "", time.Time{}, r)
	}))
	defer srv.Close()
	for _, c := range []struct {
		header string
		status int
		want   []byte
	}{
		{"", http.StatusOK, b},
		{"", http.StatusOK, b}, // again, now that it has been read whole
		{"bytes=0-9", http.StatusPartialContent, b[:10]},
		{"bytes=50000-", http.StatusPartialContent, b[50_000:]},
		{"bytes=-1", http.StatusPartialContent, b[99_999:]},
		{"bytes=100000-", http.StatusRequestedRangeNotSatisfiable, nil},
	} {
		q, err := http.NewRequestWithContext(t.Context(), "GET", srv.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		if c.header != "" {
			q.Header.Set("Range", c.header)
		}
		resp, err := srv.Client().Do(q)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != c.status || c.want != nil && !bytes.Equal(got, c.want) {
			t.Errorf("Range %q: status %d, %d bytes, %v; want %d, %d bytes", c.header, resp.StatusCode, len(got), err, c.status, len(c.want))
		}
	}
}

func outlives(t *testing.T, s blob.Store) {
	b := Bytes(200_000)
	h := put(t, s, b)
	r, err := s.Open(t.Context(), h)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if ok, err := s.Delete(t.Context(), h, time.Now().Add(time.Hour)); !ok || err != nil {
		t.Fatalf("Delete = %v, %v", ok, err)
	}
	wantAbsent(t, s, h)
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, b) {
		t.Errorf("after the delete: %d bytes, %v", len(got), err)
	}
}

func together(t *testing.T, s blob.Store) {
	b := Bytes(100_000)
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			h, _, err := s.Put(t.Context(), bytes.NewReader(b))
			if err != nil {
				t.Errorf("Put: %v", err)
				return
			}
			if err := s.Check(t.Context(), h); err != nil {
				t.Errorf("an acknowledged blob: %v", err)
			}
		})
	}
	wg.Wait()
	if got := all(t, s); len(got) != 1 {
		t.Errorf("%d blobs, want one", len(got))
	}
}

func brokenOff(t *testing.T, s blob.Store) {
	b := Bytes(200_000)
	gone := errors.New("connection reset by peer")
	for _, n := range []int{0, 1, 100_000, len(b)} {
		r := io.MultiReader(bytes.NewReader(b[:n]), iotest.ErrReader(gone))
		if _, _, err := s.Put(t.Context(), r); !errors.Is(err, gone) {
			t.Errorf("Put of %d bytes that break off = %v", n, err)
		}
		wantAbsent(t, s, sha256.Sum256(b[:n]))
	}
	if got := all(t, s); len(got) > 0 {
		t.Errorf("left behind: %v", got)
	}
}

func cancelled(t *testing.T, s blob.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := s.Put(ctx, strings.NewReader("late")); !errors.Is(err, context.Canceled) {
		t.Errorf("Put = %v, want context.Canceled", err)
	}
	wantAbsent(t, s, sha256.Sum256([]byte("late")))
	put(t, s, []byte("kept"))
	var last error
	for _, err := range s.Walk(ctx) {
		last = err
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("Walk ended with %v, want context.Canceled", last)
	}
}

func spool(t *testing.T, s blob.Store, b []byte) *blob.Spooled {
	t.Helper()
	sp, err := s.Spool(t.Context(), bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatalf("Spool: %v", err)
	}
	t.Cleanup(func() { sp.Close() })
	if sp.Hash() != sha256.Sum256(b) || sp.Size() != int64(len(b)) {
		t.Fatalf("spooled %s, %d bytes", sp.Hash(), sp.Size())
	}
	return sp
}

func spooled(t *testing.T, s blob.Store) {
	b := Bytes(150_000)
	sp := spool(t, s, b)
	wantAbsent(t, s, sp.Hash())
	for range 2 { // the second Put must be as good as the first
		h, size, err := s.Put(t.Context(), sp)
		if err != nil || h != sp.Hash() || size != sp.Size() {
			t.Fatalf("Put = %s, %d, %v", h, size, err)
		}
		wantBytes(t, s, h, b)
		got := make([]byte, len(b))
		if _, err := sp.ReadAt(got, 0); err != nil || !bytes.Equal(got, b) {
			t.Errorf("after the Put the upload cannot be read: %v", err)
		}
	}
	for range 2 {
		if err := sp.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	wantBytes(t, s, sp.Hash(), b)
}

func spooledOnly(t *testing.T, s blob.Store) {
	sp := spool(t, s, Bytes(1000))
	if err := iotest.TestReader(sp, Bytes(1000)); err != nil {
		t.Error(err)
	}
	if err := sp.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	wantAbsent(t, s, sp.Hash())
	if got := all(t, s); len(got) > 0 {
		t.Errorf("left behind: %v", got)
	}
}

func spoolLimit(t *testing.T, s blob.Store) {
	b := Bytes(100_000)
	endless := io.MultiReader(bytes.NewReader(b), iotest.ErrReader(errors.New("read too far")))
	if _, err := s.Spool(t.Context(), endless, 10_000); !fault.Is(err, fault.TooLarge) {
		t.Errorf("Spool over the limit = %v, want too large", err)
	}
	if sp := spool(t, s, b); sp.Size() != int64(len(b)) {
		t.Errorf("exactly the limit was cut to %d", sp.Size())
	}
}

func foreign(t *testing.T, from, to blob.Store) {
	b := Bytes(70_000)
	sp := spool(t, from, b)
	if _, err := io.CopyN(io.Discard, sp, 100); err != nil { // Put takes all of it wherever it stands
		t.Fatal(err)
	}
	h, _, err := to.Put(t.Context(), sp)
	if err != nil {
		t.Fatal(err)
	}
	wantBytes(t, to, h, b)
	wantAbsent(t, from, h)
}

func deleteBefore(t *testing.T, s blob.Store) {
	b := Bytes(5000)
	h := put(t, s, b)
	if ok, err := s.Delete(t.Context(), h, time.Now().Add(-time.Hour)); ok || err != nil {
		t.Errorf("Delete of a young blob = %v, %v", ok, err)
	}
	wantBytes(t, s, h, b)
	if ok, err := s.Delete(t.Context(), h, time.Now().Add(time.Hour)); !ok || err != nil {
		t.Errorf("Delete of an old blob = %v, %v", ok, err)
	}
	wantAbsent(t, s, h)
	if put(t, s, b) != h {
		t.Error("another hash the second time")
	}
	wantBytes(t, s, h, b)
}

func walk(t *testing.T, s blob.Store) {
	want := map[string]int64{}
	for n := range 20 {
		want[put(t, s, Bytes(n)).String()] = int64(n)
	}
	got, last := map[string]int64{}, ""
	for info, err := range s.Walk(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if info.Hash.String() <= last {
			t.Errorf("%s after %s", info.Hash, last)
		}
		last = info.Hash.String()
		got[last] = info.Size
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	n := 0
	for range s.Walk(t.Context()) {
		if n++; n == 3 {
			break
		}
	}
	if n != 3 {
		t.Errorf("left the walk after %d, want 3", n)
	}
}

package s3_test

import (
	"bytes"
	"crypto/md5"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"testing"

	"hexhub/internal/kernel/blob/blobtest"
	"hexhub/internal/kernel/blob/s3"
)

// objectsAgainst returns the objects in a naughty server's bucket.
func objectsAgainst(t *testing.T, n *naughty) *s3.Objects {
	t.Helper()
	o, err := s3.NewObjects(n.serve(t))
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestPassingTroubleWithObjectsIsOutlasted(t *testing.T) {
	b := blobtest.Bytes(100_000)
	for name, n := range map[string]*naughty{
		"C17 put is told to slow down":       {before: first("PUT", 2, http.StatusServiceUnavailable, "SlowDown")},
		"C17 put meets an internal error":    {before: first("PUT", 1, http.StatusInternalServerError, "InternalError")},
		"C17 get is told to slow down":       {before: first("GET", 2, http.StatusServiceUnavailable, "SlowDown")},
		"C17 asking is told to slow down":    {before: first("HEAD", 2, http.StatusServiceUnavailable, "SlowDown")},
		"C17 delete is told to slow down":    {before: first("DELETE", 2, http.StatusServiceUnavailable, "SlowDown")},
		"C17 the connection breaks on a put": {before: breakOff("PUT", 1)},
		"C17 the connection breaks on a get": {before: breakOff("GET", 1)},
		"C17 the answer breaks off":          {before: cut(50_000, fmt.Sprintf("%x", md5.Sum(b)))},
		"C17 encrypted buckets' other tag":   {etag: func(string) string { return "0123456789abcdef0123456789abcdef-1" }},
		"C17 the first is kept in part":      {store: once(func(b []byte) []byte { return b[:len(b)/2] })},
		"C17 the first is kept wrongly":      {store: once(func(b []byte) []byte { b[7] ^= 1; return b })},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := objectsAgainst(t, n)
			if err := o.Put(t.Context(), "set/card", bytes.NewReader(b), int64(len(b))); err != nil {
				t.Fatal(err)
			}
			r, err := o.Get(t.Context(), "set/card")
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, b) {
				t.Errorf("read %d bytes, %v; want the %d put", len(got), err, len(b))
			}
			if err := o.Delete(t.Context(), "set/card"); err != nil {
				t.Error(err)
			}
			if _, err := o.Get(t.Context(), "set/card"); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("a deleted object: %v", err)
			}
		})
	}
}

// An object that another took the place of while it was read is not delivered half and half.
func TestObjectsAreNotMixed(t *testing.T) {
	n := &naughty{before: cut(50_000, "x")}
	o := objectsAgainst(t, n)
	b := blobtest.Bytes(100_000)
	b[99_999] ^= 1 // cut sends the first half of the bytes without this
	if err := o.Put(t.Context(), "head", bytes.NewReader(b), int64(len(b))); err != nil {
		t.Fatal(err)
	}
	r, err := o.Get(t.Context(), "head")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if got, err := io.ReadAll(r); err == nil {
		t.Errorf("read %d bytes of two objects", len(got))
	}
}

// A listing that breaks off goes on where it was: nothing is left out, nothing comes twice.
func TestBrokenListingGoesOn(t *testing.T) {
	n := &naughty{page: 2}
	o := objectsAgainst(t, n)
	for i := range 7 {
		if err := o.Put(t.Context(), fmt.Sprintf("set/%d", i), bytes.NewReader(nil), 0); err != nil {
			t.Fatal(err)
		}
	}
	n.mu.Lock()
	n.before = func(w http.ResponseWriter, r *http.Request, count int) bool {
		if r.Method != "GET" || count != 2 {
			return false
		}
		refuse(w, http.StatusForbidden, "RequestTimeTooSkewed") // which minio does not repeat by itself
		return true
	}
	n.mu.Unlock()
	var got []string
	for found, err := range o.List(t.Context(), "set/") {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, found.Name)
	}
	if want := "[set/0 set/1 set/2 set/3 set/4 set/5 set/6]"; fmt.Sprint(got) != want {
		t.Errorf("listed %v, want %s", got, want)
	}
}

func TestLastingTroubleWithObjectsIsTold(t *testing.T) {
	n := &naughty{before: first("PUT", 99, http.StatusForbidden, "SignatureDoesNotMatch")}
	options := n.serve(t)
	options.Names = s3.Names{Storage: "the backup's bucket", SecretKey: "backup.s3.secret-key-file"}
	o, err := s3.NewObjects(options)
	if err != nil {
		t.Fatal(err)
	}
	err = o.Put(t.Context(), "a", bytes.NewReader([]byte("x")), 1)
	wantUnavailable(t, err, "the backup's bucket refused to store a file: the secret key is not the access key's; mend backup.s3.secret-key-file")
}

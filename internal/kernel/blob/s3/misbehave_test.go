package s3_test

import (
	"bytes"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/blob/blobtest"
	"hexhub/internal/kernel/blob/s3"
	"hexhub/internal/kernel/fault"
)

func wantUnavailable(t *testing.T, err error, words string) {
	t.Helper()
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.Kind != fault.Unavailable || !strings.Contains(f.Message, words) {
		t.Errorf("error is %v; want unavailable, and %q", err, words)
	}
}

// naughty is a small S3 server that misbehaves as it is told.
type naughty struct {
	// before may answer a request in the server's place, and says whether it did. n counts requests of
	// that method from one.
	before func(w http.ResponseWriter, r *http.Request, n int) bool
	etag   func(sum string) string // what the server takes the MD5 of an object for; nil is the truth
	store  func(b []byte) []byte   // what it keeps of what it was sent; nil is all
	page   int                     // objects in one answer of a listing; zero is all

	mu      sync.Mutex // guards below
	counts  map[string]int
	objects map[string][]byte
}

func (s *naughty) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts[r.Method]++
	if s.before != nil && s.before(w, r, s.counts[r.Method]) {
		return
	}
	key := strings.TrimPrefix(r.URL.Path, "/bucket/")
	switch r.Method {
	case "PUT":
		s.put(w, r, key, body)
	case "DELETE":
		delete(s.objects, key)
		w.WriteHeader(http.StatusNoContent)
	case "GET", "HEAD":
		if key == "" {
			s.list(w, r.URL.Query())
			return
		}
		s.get(w, r, key)
	}
}

func (s *naughty) put(w http.ResponseWriter, r *http.Request, key string, body []byte) {
	if sum := sha256.Sum256(body); r.Header.Get("X-Amz-Content-Sha256") != hex.EncodeToString(sum[:]) {
		refuse(w, http.StatusBadRequest, "XAmzContentSHA256Mismatch")
		return
	}
	if s.store != nil {
		body = s.store(bytes.Clone(body))
	}
	s.objects[key] = body
	w.Header().Set("ETag", s.tag(key))
}

func (s *naughty) tag(key string) string {
	sum := fmt.Sprintf("%x", md5.Sum(s.objects[key]))
	if s.etag != nil {
		sum = s.etag(sum)
	}
	return `"` + sum + `"`
}

func (s *naughty) list(w http.ResponseWriter, query url.Values) {
	type entry struct {
		Key, ETag    string
		Size         int
		LastModified string
	}
	var out struct {
		XMLName               xml.Name `xml:"ListBucketResult"`
		Contents              []entry
		IsTruncated           bool
		NextContinuationToken string
	}
	after := max(query.Get("start-after"), query.Get("continuation-token"))
	for key, b := range s.objects {
		if strings.HasPrefix(key, query.Get("prefix")) && key > after {
			out.Contents = append(out.Contents, entry{key, s.tag(key), len(b), time.Now().UTC().Format(time.RFC3339)})
		}
	}
	slices.SortFunc(out.Contents, func(a, b entry) int { return strings.Compare(a.Key, b.Key) })
	if s.page > 0 && len(out.Contents) > s.page {
		out.Contents, out.IsTruncated = out.Contents[:s.page], true
		out.NextContinuationToken = out.Contents[s.page-1].Key
	}
	w.Header().Set("Content-Type", "application/xml")
	_ = xml.NewEncoder(w).Encode(out)
}

func (s *naughty) get(w http.ResponseWriter, r *http.Request, key string) {
	b, ok := s.objects[key]
	if !ok {
		refuse(w, http.StatusNotFound, "NoSuchKey")
		return
	}
	w.Header().Set("ETag", s.tag(key))
	http.ServeContent(w, r, "", time.Now(), bytes.NewReader(b))
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	fmt.Fprintf(w, "<Error><Code>%s</Code><Message>no</Message></Error>", code)
}

// serve starts the server and says how to reach its bucket.
func (s *naughty) serve(t *testing.T) s3.Options {
	t.Helper()
	s.counts, s.objects = map[string]int{}, map[string][]byte{}
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	return s3.Options{
		Endpoint: srv.Listener.Addr().String(), Insecure: true, Bucket: "bucket", PathStyle: true,
		AccessKey: "k", SecretKey: "s", Spool: new(blob.Memory), Pause: time.Millisecond,
	}
}

// against returns a store in a naughty server's bucket.
func against(t *testing.T, n *naughty) *s3.Store {
	t.Helper()
	return open(t, n.serve(t))
}

// first answers the first n requests of a method with an error.
func first(method string, n, status int, code string) func(http.ResponseWriter, *http.Request, int) bool {
	return func(w http.ResponseWriter, r *http.Request, count int) bool {
		if r.Method != method || count > n {
			return false
		}
		refuse(w, status, code)
		return true
	}
}

func TestPassingTroubleIsOutlasted(t *testing.T) {
	b := blobtest.Bytes(100_000)
	for name, n := range map[string]*naughty{
		"C17 put is told to slow down":       {before: first("PUT", 2, http.StatusServiceUnavailable, "SlowDown")},
		"C17 put meets an internal error":    {before: first("PUT", 1, http.StatusInternalServerError, "InternalError")},
		"C17 listing is told to slow down":   {before: first("GET", 1, http.StatusServiceUnavailable, "SlowDown")},
		"C17 one server's clock is wrong":    {before: first("PUT", 1, http.StatusForbidden, "RequestTimeTooSkewed")},
		"C17 bytes are damaged on the way":   {before: first("PUT", 1, http.StatusBadRequest, "BadDigest")},
		"C17 the connection breaks on a put": {before: breakOff("PUT", 1)},
		"C17 the connection breaks on a get": {before: breakOff("GET", 2)},
		"C17 the answer breaks off":          {before: cut(50_000, "x")},
		"C17 encrypted buckets' other tag":   {etag: func(string) string { return "0123456789abcdef0123456789abcdef-1" }},
		"C17 the tag is nonsense":            {etag: func(string) string { return "" }},
		"C17 the first copy is kept in part": {store: once(func(b []byte) []byte { return b[:len(b)/2] })},
		"C17 the first copy is kept wrongly": {store: once(func(b []byte) []byte { b[7] ^= 1; return b })},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := against(t, n)
			h := put(t, s, b)
			r, err := s.Open(t.Context(), h)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, b) {
				t.Errorf("read %d bytes, %v; want the %d put", len(got), err, len(b))
			}
		})
	}
}

// breakOff drops the connection of the nth request of a method.
func breakOff(method string, n int) func(http.ResponseWriter, *http.Request, int) bool {
	return func(_ http.ResponseWriter, r *http.Request, count int) bool {
		if r.Method == method && count == n {
			panic(http.ErrAbortHandler)
		}
		return false
	}
}

// cut lets the first answer with an object end early, as a lost connection does. tag is the object's.
func cut(size int, tag string) func(http.ResponseWriter, *http.Request, int) bool {
	done := false
	return func(w http.ResponseWriter, r *http.Request, _ int) bool {
		if r.Method != "GET" || r.URL.Query().Has("list-type") || done {
			return false
		}
		done = true
		b := blobtest.Bytes(100_000)
		w.Header().Set("ETag", `"`+tag+`"`)
		w.Header().Set("Last-Modified", time.Now().UTC().Format(http.TimeFormat))
		w.Header().Set("Content-Length", fmt.Sprint(len(b)))
		_, _ = w.Write(b[:size])
		panic(http.ErrAbortHandler)
	}
}

// once does something to the first object only.
func once(do func([]byte) []byte) func([]byte) []byte {
	done := false
	return func(b []byte) []byte {
		if done {
			return b
		}
		done = true
		return do(b)
	}
}

func TestLastingTroubleIsNotAcknowledged(t *testing.T) {
	b := blobtest.Bytes(1000)
	for name, c := range map[string]struct {
		server *naughty
		want   string
	}{
		"C17 clocks differ":       {&naughty{before: first("PUT", 99, http.StatusForbidden, "RequestTimeTooSkewed")}, "set both by NTP"},
		"C17 no right to put":     {&naughty{before: first("PUT", 99, http.StatusForbidden, "AccessDenied")}, "let it list, get, put and delete"},
		"C17 always wrong bytes":  {&naughty{store: func(b []byte) []byte { b[7] ^= 1; return b }}, "try again later"},
		"C5 the quota is used up": {&naughty{before: first("PUT", 99, http.StatusInsufficientStorage, "QuotaExceeded")}, "raise it"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := against(t, c.server)
			_, _, err := s.Put(t.Context(), bytes.NewReader(b))
			wantUnavailable(t, err, c.want)
			if left := len(c.server.objects); left > 0 {
				t.Errorf("%d objects are left that nobody was told of", left)
			}
		})
	}
}

// An object that rots after it was stored is never delivered whole.
func TestCorruptObjectIsNeverDeliveredWhole(t *testing.T) {
	n := &naughty{}
	s := against(t, n)
	b := blobtest.Bytes(100_000)
	h := put(t, s, b)
	for key := range n.objects {
		n.objects[key][99_999] ^= 1
	}
	r, err := s.Open(t.Context(), h)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if got, err := io.ReadAll(r); !errors.Is(err, blob.ErrCorrupt) || len(got) >= len(b) {
		t.Errorf("C8 read %d of %d bytes, %v; want ErrCorrupt before the end", len(got), len(b), err)
	}
}

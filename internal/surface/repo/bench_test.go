package repo_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"hexhub/internal/kernel/blob"
)

// sink is a ResponseWriter that keeps nothing, so that only the handler is measured.
type sink struct{ header http.Header }

func (s sink) Header() http.Header         { return s.header }
func (s sink) Write(b []byte) (int, error) { return len(b), nil }
func (s sink) WriteHeader(int)             {}

func BenchmarkGet(b *testing.B) {
	s := newServer(b, script, &blob.Memory{})
	member := http.Header{"Authorization": {s.secrets["jose/all"]}}
	etag := s.get(b, "/packages/decimal").Header().Get("ETag")
	for _, c := range []struct {
		name, path string
		header     http.Header
	}{
		{"package", "/packages/decimal", http.Header{}},
		{"package not modified", "/packages/decimal", http.Header{"If-None-Match": {etag}}},
		{"private package", "/repos/guild/packages/secret", member},
		{"names", "/names", http.Header{}},
		{"tarball not modified", "/tarballs/decimal-2.0.0.tar", http.Header{"If-None-Match": {"*"}}},
		{"missing", "/packages/missing", http.Header{}},
	} {
		b.Run(c.name, func(b *testing.B) {
			r := httptest.NewRequest(http.MethodGet, c.path, nil)
			r.Header = c.header
			w := sink{http.Header{}}
			b.ReportAllocs()
			for b.Loop() {
				clear(w.header)
				s.ServeHTTP(w, r)
			}
		})
	}
}

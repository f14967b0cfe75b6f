package call_test

import (
	"net/http"
	"strings"
	"testing"

	"hexhub/internal/surface/call"
)

// FuzzTakes: nobody is sent what he did not ask for.
func FuzzTakes(f *testing.F) {
	for _, header := range []string{"gzip", "br, GZIP", "gzip;q=0", "gzip; q=0.0", "gzip;Q=0.00", "gzip ; q = 0.001", "deflate", "gzip;q=x", "*", "gzip;q=1;q=0", ";", ",,gzip,"} {
		f.Add(header)
	}
	f.Fuzz(func(t *testing.T, header string) {
		r := &http.Request{Header: http.Header{"Accept-Encoding": {header}}}
		takes := call.Takes(r, "gzip")
		if takes && !strings.Contains(strings.ToLower(header), "gzip") {
			t.Errorf("%q takes gzip", header)
		}
		r.Header = http.Header{"Accept-Encoding": {header + ", gzip;q=0.0"}}
		if !strings.Contains(strings.ToLower(header), "gzip") && call.Takes(r, "gzip") {
			t.Errorf("%q, which refuses gzip, takes it", r.Header)
		}
	})
}

func TestTakes(t *testing.T) {
	for header, want := range map[string]bool{
		"gzip": true, "br, GZIP": true, "gzip;q=1": true, "gzip; q = 0.001": true, "": false, "br": false, "*": false,
		"gzip;q=0": false, "gzip;q=0.0": false, "gzip; Q=0.000": false, "gzip;q=none": false,
	} {
		if got := call.Takes(&http.Request{Header: http.Header{"Accept-Encoding": {header}}}, "gzip"); got != want {
			t.Errorf("%q: %t, want %t", header, got, want)
		}
	}
}

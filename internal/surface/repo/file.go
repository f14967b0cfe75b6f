package repo

import (
	"crypto/sha256"
	"net/http"
	"strconv"
	"time"

	"hexhub/hex/tarball"
	"hexhub/internal/surface/call"
)

// Values of headers that many answers share. Nobody changes them: whoever sets a header replaces them.
var (
	octets    = []string{"application/octet-stream"}
	tar       = []string{"application/x-tar"}
	gzip      = []string{"application/gzip"}
	textPlain = []string{"text/plain; charset=utf-8"}
	textCSV   = []string{"text/csv; charset=utf-8"}
	nosniff   = []string{"nosniff"}
	perCaller = []string{"Authorization"}
)

// A keeping says what caches may do with an answer.
type keeping struct {
	control []string
	private bool
}

var (
	shared      = keeping{control: []string{"public, no-cache"}}
	sharedLong  = keeping{control: []string{"public, max-age=604800, immutable"}}
	private     = keeping{control: []string{"private, no-store"}, private: true}
	privateLong = keeping{control: []string{"private, max-age=86400"}, private: true}
)

func (k keeping) tell(h http.Header) {
	h["Cache-Control"] = k.control
	if k.private {
		h["Vary"] = perCaller
	}
}

// set sets a header whose name is given in canonical form.
func set(w http.ResponseWriter, header, value string) { w.Header()[header] = []string{value} }

// A file is an answer that is held in memory. If it is compressed, then by its own format: there is never
// a Content-Encoding, because most clients decompress once only.
type file struct {
	body     []byte
	etag     string
	modified time.Time // may be zero
	media    []string
}

func fixed(body []byte, media []string) file {
	return file{body: body, etag: etagOf(sha256.Sum256(body)), media: media}
}

func etagOf(sum tarball.Sum) string { return `"` + sum.String() + `"` }

// send sends the file whole; it knows no ranges, which nobody asks for.
func (f file) send(w http.ResponseWriter, r *http.Request, k keeping) error {
	h := w.Header()
	k.tell(h)
	validate(w, f.etag, f.modified)
	if call.Known(r, f.etag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	h["Content-Type"], h["X-Content-Type-Options"] = f.media, nosniff
	set(w, "Content-Length", strconv.Itoa(len(f.body)))
	if r.Method != http.MethodHead {
		w.Write(f.body)
	}
	return nil
}

// validate tells what to ask with next time. Last-Modified is for people: it counts in seconds, in which
// much can be published, so If-Modified-Since is never answered 304.
func validate(w http.ResponseWriter, etag string, modified time.Time) {
	set(w, "Etag", etag)
	if !modified.IsZero() {
		set(w, "Last-Modified", modified.UTC().Format(http.TimeFormat))
	}
}

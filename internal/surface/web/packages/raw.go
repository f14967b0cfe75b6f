package packages

import (
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"hexhub/internal/feature/preview"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/pack"
	"hexhub/internal/surface/call"
	"hexhub/internal/surface/web/ui"
)

// raw answers with the bytes of a file as they are. Whatever they are, browsers take them for nothing but text, a
// picture, or something to be saved: it was written by a stranger and comes from our own origin (D4).
func (p *pages) raw(w http.ResponseWriter, r *http.Request, s *subject, files *pack.Pack) error {
	switch {
	case s.unread:
		return errUnread
	case files == nil:
		return errAbsent
	}
	f, ok := files.Find(s.File)
	if !ok {
		return errAbsent
	}
	head, err := files.Read(f, rawSample)
	if err != nil {
		return err
	}
	kind, how := rawKind(f.Path, head)
	h := w.Header()
	h.Set("Content-Security-Policy", rawPolicy)
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", mime.FormatMediaType(how, map[string]string{"filename": f.Path[strings.LastIndexByte(f.Path, '/')+1:]}))
	h.Set("ETag", `W/"`+ui.Tag(s.Release.Outer.String(), f.Path)+`"`)
	h.Set("X-Robots-Tag", "noindex") // for robots that were led here by somebody else's page
	h.Set("Cache-Control", "no-cache")
	if !s.Repository.Public {
		h.Set("Cache-Control", "no-store")
	}
	h.Add("Vary", "Accept-Encoding")
	if r.Header.Get("If-None-Match") == h.Get("ETag") {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	return p.send(w, r, files, f)
}

var errUnread = fault.New(fault.Unavailable, "The files of this version cannot be read just now.")

// rawPolicy lets drawings have the colours that they bring along, and nothing else: scripts run in none, and what they name
// is not loaded.
const rawPolicy = "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; frame-ancestors 'none'"

const rawSample = 8 << 10 // bytes that tell what a file is

// rawKind is the media type that a file is served as, and whether it is shown or saved.
func rawKind(name string, head []byte) (kind, how string) {
	switch preview.KindOf(name, head) {
	case preview.Picture:
		return preview.PictureType(name, head), "inline"
	case preview.Binary:
		return "application/octet-stream", "attachment"
	default:
		return "text/plain; charset=utf-8", "inline"
	}
}

// send writes a file as it lies in the pack if the browser takes that, else unpacked. What goes wrong once the answer has
// begun can only be seen by its length.
func (p *pages) send(w http.ResponseWriter, r *http.Request, files *pack.Pack, f pack.File) error {
	size := f.Size
	if f.Gzip && call.Takes(r, "gzip") {
		w.Header().Set("Content-Encoding", "gzip")
		size, f.Gzip = f.Stored, false // as bytes that mean nothing
	}
	body, err := files.Open(f)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Length", strconv.FormatInt(size, 10))
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return nil
	}
	if _, err := io.Copy(w, body); err != nil {
		p.Log.Debug("visitor went away", "err", err)
	}
	return nil
}

package dochost

import (
	"errors"
	"log/slog"
	"net/http"

	"hexhub/internal/kernel/fault"
	"hexhub/internal/surface/call"
)

var (
	errAbsent = fault.New(fault.NotFound, "The address may be misspelled, or what it named is gone.")
	errMethod = errors.New("method not allowed")
)

// statuses has the kinds of fault that can occur here. Another one is a bug.
var statuses = map[fault.Kind]int{
	fault.Unauthenticated: http.StatusUnauthorized,
	fault.Forbidden:       http.StatusForbidden,
	fault.NotFound:        http.StatusNotFound,
	fault.Limited:         http.StatusTooManyRequests,
	fault.Unavailable:     http.StatusServiceUnavailable,
}

// refuse answers for an error.
func (s *surface) refuse(w http.ResponseWriter, r *http.Request, err error) {
	call.Note(r.Context(), slog.String("error", err.Error()))
	h := w.Header()
	for _, name := range []string{"Etag", "Content-Encoding", "Content-Disposition", "Access-Control-Allow-Origin", "Link", "Vary", "Accept-Ranges"} {
		h.Del(name)
	}
	status, n := s.noticeOf(r, err)
	if status == http.StatusMethodNotAllowed {
		h.Set("Allow", "GET, HEAD")
	}
	if status == http.StatusUnauthorized {
		// In words that no browser asks its user a password for: whoever opens a page is sent to log in.
		h.Set("Www-Authenticate", `Bearer realm="hex"`)
	}
	if f, ok := errors.AsType[*fault.Error](err); ok {
		call.RetryAfter(h, f.RetryAfter)
	}
	if err := n.send(w, r, status); err != nil {
		s.Log.Error("documentation failed", "request", call.From(r.Context()).ID, "err", err)
	}
}

// noticeOf says what an error means to a reader.
func (s *surface) noticeOf(r *http.Request, err error) (int, notice) {
	f, ok := errors.AsType[*fault.Error](err)
	n := notice{Heading: "There is no such page", Ways: []way{{s.Site + "/packages", "All packages"}}}
	switch {
	case errors.Is(err, errMethod):
		n.Heading, n.Text = "Documentation is only read", "Ask with GET or HEAD."
		return http.StatusMethodNotAllowed, n
	case !ok || statuses[f.Kind] == 0:
		id := call.From(r.Context()).ID
		s.Log.Error("documentation failed", "request", id, "path", call.From(r.Context()).Path(r.URL.EscapedPath()), "err", err)
		n.Heading, n.Text, n.Request = "That did not work", "It is our fault, and it is logged. Tell your administrator this request id.", id
		return http.StatusInternalServerError, n
	case f.Kind == fault.Unauthenticated:
		n.Heading, n.Text = "Show who you are", "Send an API key that may read this documentation in the Authorization header, or open it in a browser: "+f.Message+"."
		return http.StatusUnauthorized, n
	case f.Kind == fault.Forbidden:
		n.Heading = "Open it once more"
	case f.Kind != fault.NotFound:
		n.Heading = "Not just now"
	}
	n.Text = f.Message
	return statuses[f.Kind], n
}

package dochost

import (
	"errors"
	"log/slog"
	"math"
	"net/http"
	"strconv"

	"hexhub/internal/kernel/fault"
	"hexhub/internal/surface/call"
)

var (
	errAbsent = fault.New(fault.NotFound, "There is no such page. The address may be misspelled, or what it named is gone.")
	errMethod = errors.New("method not allowed")
)

// statuses has the kinds of fault that can occur here. Another one is a bug.
var statuses = map[fault.Kind]int{
	fault.Unauthenticated: http.StatusUnauthorized,
	fault.NotFound:        http.StatusNotFound,
	fault.Limited:         http.StatusTooManyRequests,
	fault.Unavailable:     http.StatusServiceUnavailable,
}

// refuse answers for an error. Nobody keeps it: what is missing now may be there in a moment.
func (s *surface) refuse(w http.ResponseWriter, r *http.Request, err error) {
	call.Note(r.Context(), slog.String("error", err.Error()))
	h := w.Header()
	for _, name := range []string{"Etag", "Content-Encoding", "Content-Disposition", "Access-Control-Allow-Origin", "Link"} {
		h.Del(name)
	}
	status, words := http.StatusInternalServerError, "It is our fault, and it is logged. Tell your administrator this request id: "+call.From(r.Context()).ID
	f, ok := errors.AsType[*fault.Error](err)
	switch {
	case errors.Is(err, errMethod):
		status, words = http.StatusMethodNotAllowed, "Documentation is only read."
		h.Set("Allow", "GET, HEAD")
	case ok && statuses[f.Kind] != 0:
		status, words = statuses[f.Kind], f.Message
		if f.RetryAfter > 0 {
			h.Set("Retry-After", strconv.Itoa(int(math.Ceil(f.RetryAfter.Seconds()))))
		}
	default:
		s.Log.Error("documentation failed", "request", call.From(r.Context()).ID, "path", r.URL.Path, "err", err)
	}
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		w.Write([]byte(words + "\n"))
	}
}

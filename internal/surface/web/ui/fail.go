package ui

import (
	"errors"
	"net/http"

	"hexhub/internal/kernel/fault"
	"hexhub/internal/surface/call"
)

func notFound(http.ResponseWriter, *http.Request) error {
	return fault.New(fault.NotFound, "Nothing is here. The address may be misspelled, or what it named is gone.")
}

// fail answers with a page that says what went wrong, for whom it may be told.
func (u *Web) fail(w http.ResponseWriter, r *http.Request, err error) {
	status, heading, words := http.StatusInternalServerError, "That did not work.", "It is our fault, and it is logged. Tell your administrator this request id: "+call.From(r.Context()).ID
	if f, ok := errors.AsType[*fault.Error](err); ok && f.Kind != fault.Internal {
		status, words = statusOf(f.Kind), f.Message
	} else {
		u.o.Log.Error("page failed", "request", call.From(r.Context()).ID, "path", r.URL.EscapedPath(), "err", err)
	}
	switch status {
	case http.StatusNotFound:
		heading = "Nothing is here."
	case http.StatusForbidden:
		heading = "This link does not work."
	}
	page := struct {
		Page
		Heading, Problem string
	}{u.Page(heading), heading, words}
	if err := u.frame.Show(w, status, "message", page); err != nil {
		u.o.Log.Error("page failed", "err", err)
	}
}

func statusOf(k fault.Kind) int {
	switch k {
	case fault.Malformed:
		return http.StatusBadRequest
	case fault.Invalid:
		return http.StatusUnprocessableEntity
	case fault.Unauthenticated:
		return http.StatusUnauthorized
	case fault.Forbidden:
		return http.StatusForbidden
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Conflict:
		return http.StatusConflict
	case fault.Limited:
		return http.StatusTooManyRequests
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	default:
		return http.StatusInternalServerError
	}
}

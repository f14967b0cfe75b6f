package ui

import (
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"hexhub/internal/kernel/fault"
	"hexhub/internal/surface/call"
)

func notFound(http.ResponseWriter, *http.Request) error {
	return fault.New(fault.NotFound, "The address may be misspelled, or what it named is gone.")
}

// A Message is a page that says one thing and where to go from there.
type Message struct {
	Heading, Problem string
	Next             *Step
}

// A Step is a link to go on with.
type Step struct{ Path, Words string }

// Say answers with a message.
func (u *Web) Say(w http.ResponseWriter, r *http.Request, status int, m Message) error {
	return u.Show(w, status, messagePage{u.Page(w, r, m.Heading), m}.show())
}

type messagePage struct {
	Page
	Message
}

// fail answers with a page that says what went wrong, for whom it may be told.
func (u *Web) fail(w http.ResponseWriter, r *http.Request, err error) {
	c := call.From(r.Context())
	f, ok := errors.AsType[*fault.Error](err)
	if ok && f.Kind != fault.Internal {
		call.Note(r.Context(), slog.String("error", err.Error()))
	} else {
		u.o.Log.Error("page failed", "request", c.ID, "path", c.Path(r.URL.EscapedPath()), "err", err)
		f = fault.New(fault.Internal, "It is our fault, and it is logged. Tell your administrator this request id: %s", c.ID)
	}
	w.Header().Set("Cache-Control", "no-store")
	if f.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(f.RetryAfter/time.Second)+1))
	}
	m := Message{Heading: heading(f.Kind), Problem: f.Message, Next: &Step{"/", "To the home page"}}
	switch {
	case f.Kind == fault.Internal:
	case f.Message == "":
		m.Problem = sentence("", f.Fields.String())
	default:
		m.Problem = sentence("", f.Message)
	}
	if f.Kind == fault.Limited && f.RetryAfter > 0 {
		m.Problem += " It is possible again in " + long(f.RetryAfter) + "."
	}
	if err := u.Say(w, r, statusOf(f.Kind), m); err != nil {
		u.o.Log.Error("page failed", "request", c.ID, "err", err)
	}
}

func heading(k fault.Kind) string {
	switch k {
	case fault.Malformed, fault.Invalid, fault.TooLarge, fault.Unsupported:
		return "That cannot be read."
	case fault.Unauthenticated:
		return "Log in first."
	case fault.Forbidden:
		return "That is not allowed."
	case fault.NotFound:
		return "Nothing is here."
	case fault.Conflict:
		return "That is not possible now."
	case fault.Limited:
		return "Too many tries."
	case fault.Unavailable:
		return "Not just now."
	default:
		return "That did not work."
	}
}

func statusOf(k fault.Kind) int {
	switch k {
	case fault.Malformed, fault.TooLarge, fault.Unsupported:
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

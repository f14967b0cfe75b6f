package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"hexhub/internal/kernel/fault"
	"hexhub/internal/surface/call"
	"hexhub/internal/surface/door"
)

// A refusal is a failure of the exchange itself, which no kind of fault stands for.
type refusal struct {
	status  int
	message string // empty is null
}

// Error implements error.
func (e *refusal) Error() string {
	if e.message == "" {
		return http.StatusText(e.status)
	}
	return e.message
}

var (
	errNotAcceptable  = &refusal{http.StatusNotAcceptable, ""}
	errLengthRequired = &refusal{http.StatusLengthRequired, ""}
	errTooSlow        = &refusal{http.StatusRequestTimeout, "Request timeout"}
	errNotFound       = fault.New(fault.NotFound, "Page not found")
)

// statusClosed is what the log calls a request whose client went away, as nginx does; nobody reads it.
const statusClosed = 499

// kinds maps each kind of fault to its status and to the words for a fault without any.
var kinds = map[fault.Kind]refusal{
	fault.Internal:        {http.StatusInternalServerError, "Internal server error"},
	fault.Malformed:       {http.StatusBadRequest, "Bad request"},
	fault.Invalid:         {http.StatusUnprocessableEntity, "Validation error(s)"}, // rebar3_hex matches these words
	fault.Unauthenticated: {http.StatusUnauthorized, "missing authentication information"},
	fault.Forbidden:       {http.StatusForbidden, "account not authorized for this action"},
	fault.NotFound:        {http.StatusNotFound, "Page not found"},
	fault.Conflict:        {http.StatusConflict, "Conflict"},
	fault.TooLarge:        {http.StatusRequestEntityTooLarge, "Payload too large"},
	fault.Unsupported:     {http.StatusUnsupportedMediaType, "Unsupported media type"},
	fault.Limited:         {http.StatusTooManyRequests, "Too many requests"},
	fault.Unavailable:     {http.StatusServiceUnavailable, "Service unavailable"},
}

// Refuse returns what answers an error that is found before a request reaches any route.
func Refuse(err error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f, _ := negotiate(r)
		fail(w, r, f, err)
	})
}

// fail answers for an error. What is absent and what must seem so get the same bytes, and of an error
// that is no fault nothing is told.
func fail(w http.ResponseWriter, r *http.Request, f format, err error) {
	call.Note(r.Context(), slog.String("error", err.Error()))
	if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
		w.WriteHeader(statusClosed)
		return
	}
	said, errs := words(err)
	if flt, ok := errors.AsType[*fault.Error](err); ok {
		door.Challenge(w.Header(), flt)
	}
	body := object{"status": said.status, "message": nil}
	if said.message != "" {
		body["message"] = said.message
	}
	if errs != nil {
		body["errors"] = errs
	}
	if err := (&answer{status: said.status, body: body, cache: unkept}).send(w, r, f); err != nil {
		call.Note(r.Context(), slog.String("unsent", err.Error()))
		w.WriteHeader(http.StatusInternalServerError)
	}
}

// words returns what may be told of an error.
func words(err error) (said refusal, errs object) {
	if ref, ok := errors.AsType[*refusal](err); ok {
		return *ref, nil
	}
	flt, ok := errors.AsType[*fault.Error](err)
	if !ok {
		return kinds[fault.Internal], nil
	}
	said = kinds[flt.Kind]
	switch flt.Kind {
	case fault.Internal, fault.NotFound:
	case fault.Invalid:
		errs = nested(flt.Fields)
		if len(errs) == 0 {
			errs = object{"base": flt.Message}
		}
	default:
		if flt.Message != "" {
			said.message = flt.Message
		}
	}
	return said, errs
}

// nested returns validation messages as a tree. Its leaves are texts: mix crashes on anything else.
func nested(f fault.Fields) object {
	out := object{}
	for k, v := range f {
		switch v := v.(type) {
		case fault.Fields:
			out[k] = nested(v)
		case string:
			out[k] = v
		}
	}
	return out
}

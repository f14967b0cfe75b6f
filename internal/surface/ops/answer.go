package ops

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"

	"hexhub/internal/kernel/fault"
	"hexhub/internal/surface/call"
	"hexhub/internal/surface/door"
)

// A Problem is the body of every answer that is not 200.
type Problem struct {
	Kind    string       `json:"kind"`           // as fault.Kind prints it
	Code    string       `json:"code,omitempty"` // a detail for programs, such as totp_required
	Message string       `json:"message"`
	Fields  fault.Fields `json:"fields,omitempty"` // what is wrong, by field; only of kind "invalid"
	Request string       `json:"request"`          // the id that the log has, too
}

// A handler does a deed. It returns what to send as JSON, or a stream; nil sends an empty object.
type handler func(*Ops, *http.Request) (any, error)

// A stream writes an answer of lines of JSON. One that cannot be finished ends without its last chunk,
// which clients notice.
type stream func(io.Writer) error

// maxBody is the most that a request may hold, in bytes.
const maxBody = 64 << 10

var statuses = map[fault.Kind]int{
	fault.Internal: 500, fault.Malformed: 400, fault.Invalid: 422, fault.Unauthenticated: 401, fault.Forbidden: 403,
	fault.NotFound: 404, fault.Conflict: 409, fault.TooLarge: 413, fault.Unsupported: 415, fault.Limited: 429,
	fault.Unavailable: 503,
}

// do answers in JSON what h returns, and notes for the log which deed it was, without anything of the bodies.
func (o *Ops) do(w http.ResponseWriter, r *http.Request, h handler) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	body, err := h(o, r)
	status := http.StatusOK
	if err != nil {
		status, body = problem(err, call.From(r.Context()).ID)
		if f, ok := errors.AsType[*fault.Error](err); ok {
			door.Challenge(w.Header(), f)
		}
		call.Note(r.Context(), slog.String("error", err.Error()))
	}
	call.Note(r.Context(), slog.String("deed", r.Pattern), slog.Int("status", status))
	if lines, ok := body.(stream); ok {
		w.Header().Set("Content-Type", "application/x-ndjson")
		if err := lines(w); err != nil {
			call.Note(r.Context(), slog.String("unsent", err.Error()))
			panic(http.ErrAbortHandler)
		}
		return
	}
	if err := send(w, status, body); err != nil {
		call.Note(r.Context(), slog.String("unsent", err.Error()))
	}
}

func send(w http.ResponseWriter, status int, body any) error {
	if body == nil {
		body = struct{}{}
	}
	text, err := json.Marshal(body)
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, err = w.Write(append(text, '\n'))
	return err
}

// problem is what is told of an error: the words for people, whatever the log has more of.
func problem(err error, id string) (int, Problem) {
	p := Problem{Kind: fault.Of(err).String(), Request: id}
	if f, ok := errors.AsType[*fault.Error](err); ok {
		p.Message, p.Fields, p.Code = f.Message, f.Fields, f.Code
	}
	if p.Message == "" && len(p.Fields) == 0 {
		p.Message = "the server failed to do this; its log says more about request " + id
	}
	return statuses[fault.Of(err)], p
}

// decode reads the body of a request.
func decode[T any](r *http.Request) (T, error) {
	var v T
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		return v, fault.Wrap(fault.Malformed, err, "the request is not what this server understands; "+
			"are the command and the running server of the same version?")
	}
	return v, nil
}

func (o *Ops) noSuchDeed(r *http.Request) (any, error) {
	return nil, fault.New(fault.NotFound, "this server knows no operator's deed %s %s; are the command and the running server of the same version?", r.Method, r.URL.Path)
}

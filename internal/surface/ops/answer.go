package ops

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"hexhub/internal/kernel/fault"
)

// A Problem is the body of every answer that is not 200.
type Problem struct {
	Kind    string       `json:"kind"` // as fault.Kind prints it
	Message string       `json:"message"`
	Fields  fault.Fields `json:"fields,omitempty"` // what is wrong, by field; only of kind "invalid"
	Request string       `json:"request"`          // the id that the log has, too
}

// A handler returns what to send as JSON; nil sends an empty object.
type handler func(*http.Request) (any, error)

// maxBody is the most that a request may hold, in bytes.
const maxBody = 64 << 10

var statuses = map[fault.Kind]int{
	fault.Internal: 500, fault.Malformed: 400, fault.Invalid: 422, fault.Unauthenticated: 401, fault.Forbidden: 403,
	fault.NotFound: 404, fault.Conflict: 409, fault.TooLarge: 413, fault.Unsupported: 415, fault.Limited: 429,
	fault.Unavailable: 503,
}

// handle turns h into a handler that answers in JSON and logs a line, without anything of the bodies.
func (o *Ops) handle(h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, start := rand.Text(), time.Now()
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		body, err := h(r)
		status := http.StatusOK
		if err != nil {
			status, body = problem(err, id)
		}
		w.Header().Set("X-Request-Id", id)
		if err := send(w, status, body); err != nil {
			o.Logger.Error("operator's answer is not sent", "request", id, "error", err)
		}
		attrs := []any{"request", id, "deed", r.Pattern, "status", status, "took", time.Since(start)}
		if err != nil {
			attrs = append(attrs, slog.Any("error", err))
		}
		o.Logger.Info("operator", attrs...)
	})
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

// problem is what is told of an error. Whoever can open the socket may read the log, but gets the words
// for people all the same.
func problem(err error, id string) (int, Problem) {
	p := Problem{Kind: fault.Of(err).String(), Request: id}
	if f, ok := errors.AsType[*fault.Error](err); ok {
		p.Message, p.Fields = f.Message, f.Fields
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

func noSuchDeed(r *http.Request) (any, error) {
	return nil, fault.New(fault.NotFound, "this server knows no operator's deed %s %s; are the command and the running server of the same version?", r.Method, r.URL.Path)
}

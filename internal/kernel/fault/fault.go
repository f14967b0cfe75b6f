// Package fault gives errors a kind and public words.
//
// A fault says what a client may be told; whatever it wraps stays inside. It knows the ten kinds of
// failure that a registry can speak of, and knows no status code, no encoding and no feature: each
// surface maps kinds to its own protocol, once. An error that is no fault is internal, and nothing
// of it is ever told.
package fault

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// A Kind classifies a failure by what the caller can do about it.
type Kind int

// The kinds. Internal is the zero value: an error nobody has classified is a bug of ours.
const (
	Internal        Kind = iota // a bug; logged once, nothing told
	Malformed                   // cannot be read at all
	Invalid                     // readable, but fails validation; see Error.Fields
	Unauthenticated             // no or bad credentials, or the credential lacks the scope
	Forbidden                   // known and visible, but not allowed
	NotFound                    // absent, or must seem so
	Conflict                    // changed meanwhile, or exists already
	TooLarge                    // over a size limit
	Unsupported                 // a media type or an encoding we do not take or give
	Limited                     // over a rate limit; see Error.RetryAfter
	Unavailable                 // no quorum, read-only, draining; the same call may work later
)

var names = [...]string{
	"internal", "malformed", "invalid", "unauthenticated", "forbidden", "not found",
	"conflict", "too large", "unsupported", "limited", "unavailable",
}

// String returns the kind in lower-case words.
func (k Kind) String() string {
	if k < 0 || int(k) >= len(names) {
		return fmt.Sprintf("kind %d", int(k))
	}
	return names[k]
}

// Fields holds validation messages by field name. A value is either a string (the first message for
// that field) or nested Fields, which is the shape Hex clients print. Lists never occur: the mix
// client crashes on them.
type Fields map[string]any

// Error is a failure with a kind and words for the public.
// Treat it as immutable; it may be shared between goroutines.
type Error struct {
	Kind       Kind
	Message    string        // public; empty means the surface's default words for the kind
	Fields     Fields        // only for Invalid
	Code       string        // a machine-readable detail that some surface needs, such as "revoked_key"
	RetryAfter time.Duration // for Limited and Unavailable; zero when unknown
	Err        error         // private cause, for logs only; may be nil
}

// Error implements error. It joins public words and private cause, and so is for logs, not clients.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(or(e.Message, e.Kind.String()))
	if len(e.Fields) > 0 {
		b.WriteString(" (" + e.Fields.String() + ")")
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	return b.String()
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// String renders fields in name order, nested ones with dots: "meta.app can't be blank; name is reserved".
func (f Fields) String() string { return strings.Join(f.lines(""), "; ") }

func (f Fields) lines(prefix string) []string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(f)) {
		switch v := f[k].(type) {
		case Fields:
			out = append(out, v.lines(prefix+k+".")...)
		default:
			out = append(out, fmt.Sprintf("%s%s %v", prefix, k, v))
		}
	}
	return out
}

// Unwrap returns the private cause.
func (e *Error) Unwrap() error { return e.Err }

// New returns a fault of kind k with public words, formatted as fmt.Sprintf does. A cause is added
// with Wrap, never with %w, so that its text cannot become public by accident.
func New(k Kind, format string, args ...any) *Error {
	return &Error{Kind: k, Message: fmt.Sprintf(format, args...)}
}

// Wrap returns a fault of kind k with public words msg around the private cause err.
func Wrap(k Kind, err error, msg string) *Error {
	return &Error{Kind: k, Message: msg, Err: err}
}

// Validation returns an Invalid fault for the given fields.
func Validation(f Fields) *Error { return &Error{Kind: Invalid, Fields: f} }

// Field returns an Invalid fault for one field, named by its path from the outside in, with a message.
// Field("is reserved", "name") reports {"name": "is reserved"}.
func Field(msg string, path ...string) *Error {
	var v any = msg
	for _, p := range slices.Backward(path) {
		v = Fields{p: v}
	}
	f, ok := v.(Fields)
	if !ok {
		f = Fields{"base": msg}
	}
	return Validation(f)
}

// Of returns the kind of err: that of the first fault in its tree, else Internal.
func Of(err error) Kind {
	if f, ok := errors.AsType[*Error](err); ok {
		return f.Kind
	}
	return Internal
}

// Is reports whether err is a fault of kind k.
func Is(err error, k Kind) bool { return err != nil && Of(err) == k }

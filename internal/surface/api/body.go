package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"os"
	"unicode/utf8"

	"hexhub/hex/erlterm"
	"hexhub/internal/kernel/fault"
)

const (
	maxBody  = 8_000_000 // bytes of a body that is parsed; uploads have bounds of their own
	maxDepth = 64        // of nested values in it, and
	maxTerms = 100_000   // of values in all; the same as erlterm's, so that JSON is no way around them
)

// params are what a request says besides its path: the query's fields, and over them the body's. They
// are the tree that both formats decode to; numbers of JSON are float64.
type params map[string]any

// params reads the whole body, in whatever format it says it is. A body that is no map says nothing, as
// an empty one does: old clients send an empty list or nil.
func (r *request) params() (params, error) {
	body, err := r.bodyParams()
	if err != nil {
		return nil, err
	}
	p := queryParams(r.URL.Query())
	maps.Copy(p, body)
	return p, nil
}

// bodyParams is params without the query, for secrets, which have no place in an address.
func (r *request) bodyParams() (params, error) {
	p := params{}
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxBody))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return nil, fault.New(fault.TooLarge, "Payload too large")
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, errTooSlow
	}
	if err != nil {
		return nil, fault.Wrap(fault.Malformed, err, "Bad request")
	}
	r.bodyRead()
	if len(body) == 0 {
		return p, nil // whatever the content type says: gleam sends one with nothing
	}
	tree, err := decode(r.Header.Get("Content-Type"), body)
	if err != nil {
		return nil, err
	}
	if m, ok := tree.(map[string]any); ok {
		maps.Copy(p, m)
	}
	return p, nil
}

func queryParams(q url.Values) params {
	p := params{}
	for k := range q {
		p[k] = q.Get(k)
	}
	return p
}

// formParams has the fields of a form. One that occurs several times is a list, as it would be in the other
// formats, and so no text that one reader could take from its first and another from its last.
func formParams(form url.Values) map[string]any {
	p := map[string]any{}
	for k, values := range form {
		p[k] = values[0]
		if len(values) > 1 {
			all := []any{}
			for _, v := range values {
				all = append(all, v)
			}
			p[k] = all
		}
	}
	return p
}

// decode reads a body by its content type.
func decode(contentType string, body []byte) (any, error) {
	kind, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		kind = "" // then no format is found
	}
	if kind == "application/x-www-form-urlencoded" {
		form, err := url.ParseQuery(string(body))
		if err != nil || !utf8.Valid(body) {
			return nil, fault.Wrap(fault.Malformed, err, "Bad request")
		}
		return formParams(form), nil
	}
	f, ok := formatOf(kind)
	if !ok {
		return nil, fault.New(fault.Unsupported, "Unsupported media type: send application/json or application/vnd.hex+erlang")
	}
	var tree any
	if f == termFormat {
		tree, err = erlterm.Decode(body)
	} else {
		tree, err = decodeJSON(body)
	}
	if err != nil {
		return nil, fault.Wrap(fault.Malformed, err, "Bad request")
	}
	return tree, nil
}

// decodeJSON reads one JSON value under the bounds that terms have. Keys must be distinct and text must
// be UTF-8, so that no other reader can understand the body differently.
func decodeJSON(body []byte) (any, error) {
	if !utf8.Valid(body) {
		return nil, errors.New("JSON is not UTF-8")
	}
	d := &jsonReader{tokens: json.NewDecoder(bytes.NewReader(body))}
	v, err := d.value(0)
	if err != nil {
		return nil, err
	}
	if _, err := d.tokens.Token(); err != io.EOF {
		return nil, errors.New("something follows the JSON value")
	}
	return v, nil
}

type jsonReader struct {
	tokens *json.Decoder
	terms  int
}

func (d *jsonReader) value(depth int) (any, error) {
	if d.terms++; d.terms > maxTerms || depth > maxDepth {
		return nil, fmt.Errorf("JSON of more than %d values or %d levels", maxTerms, maxDepth)
	}
	t, err := d.tokens.Token()
	if err != nil {
		return nil, fmt.Errorf("read JSON: %w", err)
	}
	switch t {
	case json.Delim('['):
		return d.list(depth)
	case json.Delim('{'):
		return d.object(depth)
	}
	return t, nil
}

func (d *jsonReader) list(depth int) (any, error) {
	out := []any{}
	for d.tokens.More() {
		v, err := d.value(depth + 1)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, d.end()
}

func (d *jsonReader) object(depth int) (any, error) {
	out := map[string]any{}
	for d.tokens.More() {
		k, err := d.tokens.Token()
		if err != nil {
			return nil, fmt.Errorf("read JSON: %w", err)
		}
		key, ok := k.(string)
		if _, twice := out[key]; twice || !ok {
			return nil, fmt.Errorf("JSON with the key %.40q twice", key)
		}
		if out[key], err = d.value(depth + 1); err != nil {
			return nil, err
		}
	}
	return out, d.end()
}

func (d *jsonReader) end() error {
	if _, err := d.tokens.Token(); err != nil {
		return fmt.Errorf("read JSON: %w", err)
	}
	return nil
}

// The fields of params, as their types. A field that is absent or null is the zero value; one of
// another type is noted in bad under its name.

func (p params) text(bad fault.Fields, field string) string {
	s, ok := p[field].(string)
	if !ok && p[field] != nil {
		bad[field] = "expected type string"
	}
	return s
}

func (p params) flag(bad fault.Fields, field string) bool {
	switch v := p[field].(type) {
	case nil:
		return false
	case bool:
		return v
	case string: // a query's
		return v == "true"
	}
	bad[field] = "expected type boolean"
	return false
}

func (p params) maps(bad fault.Fields, field string) []params {
	elements, ok := p[field].([]any)
	if !ok && p[field] != nil {
		bad[field] = "expected type list(map)"
	}
	var out []params
	for _, e := range elements {
		m, ok := e.(map[string]any)
		if !ok {
			bad[field] = "expected type list(map)"
			continue
		}
		out = append(out, m)
	}
	return out
}

// invalid returns a validation fault if anything is noted in bad.
func invalid(bad fault.Fields) error {
	if len(bad) == 0 {
		return nil
	}
	return fault.Validation(bad)
}

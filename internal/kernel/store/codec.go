package store

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"strings"
)

// extras are the fields of a stored row that its Go type does not have, by name; a value is either
// json.RawMessage, or extras below a field that the type does have.
type extras map[string]any

// decodeRow reads a row. The usual case, a row without unknown fields, is decoded once.
func decodeRow[T any](value []byte) (any, extras, error) {
	row := new(T)
	if strict(value).Decode(row) == nil {
		return row, nil, nil
	}
	*row = *new(T)
	if err := json.Unmarshal(value, row); err != nil {
		return nil, nil, err
	}
	return row, unknown(value, reflect.TypeFor[T]()), nil
}

// decodeRows reads many rows, whose values are read as one stream because a decoder's buffer costs more
// than a row. A row that the stream stumbles over is decoded alone, which tells why.
func decodeRows[T any](records []Record) ([]any, []extras, error) {
	rows, unknown := make([]any, len(records)), make([]extras, len(records))
	var stream []byte
	ends := make([]int64, len(records))
	for i, rec := range records {
		stream = append(append(stream, rec.Value...), '\n')
		ends[i] = int64(len(stream))
	}
	from := int64(0)
	d := strict(stream)
	for i, rec := range records {
		row := new(T)
		if err := d.Decode(row); err == nil && from+d.InputOffset() == ends[i]-1 {
			rows[i] = row
			continue
		}
		var err error
		if rows[i], unknown[i], err = decodeRow[T](rec.Value); err != nil {
			return nil, nil, fmt.Errorf("decode row %s: %w", rec.Key, err)
		}
		from = ends[i]
		d = strict(stream[from:])
	}
	return rows, unknown, nil
}

func strict(stream []byte) *json.Decoder {
	d := json.NewDecoder(bytes.NewReader(stream))
	d.DisallowUnknownFields()
	return d
}

func encodeRow(row any, x extras) ([]byte, error) {
	b, err := json.Marshal(row)
	if err != nil || len(x) == 0 {
		return b, err
	}
	return restore(b, x)
}

// unknown returns the fields in the JSON object value that type t does not have. It looks into
// structs, not into lists or maps: an unknown field of an element is lost when its list is rewritten.
func unknown(value []byte, t reflect.Type) extras {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	var have map[string]json.RawMessage
	if t.Kind() != reflect.Struct || json.Unmarshal(value, &have) != nil {
		return nil
	}
	x, fields := extras{}, jsonFields(t)
	for k, raw := range have {
		ft, known := fields[k]
		if !known {
			x[k] = raw
		} else if below := unknown(raw, ft); len(below) > 0 {
			x[k] = below
		}
	}
	return x
}

func jsonFields(t reflect.Type) map[string]reflect.Type {
	out := map[string]reflect.Type{}
	for f := range t.Fields() {
		tag, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && tag == "" && f.Type.Kind() == reflect.Struct:
			maps.Copy(out, jsonFields(f.Type))
		case !f.IsExported() || tag == "-":
		case tag != "":
			out[tag] = f.Type
		default:
			out[f.Name] = f.Type
		}
	}
	return out
}

// restore adds the extras to the JSON object that this binary wrote.
func restore(object []byte, x extras) ([]byte, error) {
	var have map[string]json.RawMessage
	if err := json.Unmarshal(object, &have); err != nil {
		return nil, fmt.Errorf("keep unknown fields: %w", err)
	}
	for k, v := range x {
		switch v := v.(type) {
		case json.RawMessage:
			have[k] = v
		case extras:
			if _, still := have[k]; !still {
				continue // the field itself was cleared, and what hung on it with it
			}
			inner, err := restore(have[k], v)
			if err != nil {
				continue // no longer an object
			}
			have[k] = inner
		}
	}
	return json.Marshal(have)
}

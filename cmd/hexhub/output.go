package main

import (
	"encoding/json"
	"maps"
)

// json prints the fields of a result, and the version of their meaning, as one object.
func (s *session) json(fields map[string]any) error {
	out := maps.Clone(fields)
	out["v"] = 1
	e := json.NewEncoder(s.out)
	e.SetIndent("", "  ")
	return e.Encode(out)
}

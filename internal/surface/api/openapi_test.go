package api_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"hexhub/hex/erlterm"
	"hexhub/internal/surface/api"
)

type node = map[string]any

// readDocument returns the document that is served.
func readDocument(t *testing.T) node {
	t.Helper()
	rec := newWorld(t).expect(200, "GET", "/openapi.yaml", nil)
	if got := rec.Header().Get("Content-Type"); got != "application/yaml" {
		t.Errorf("Content-Type = %q", got)
	}
	var doc node
	if err := yaml.UnmarshalStrict(rec.Body.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

func child(v any, path ...string) any {
	for _, key := range path {
		m, _ := v.(node)
		v = m[key]
	}
	return v
}

// The document has every route, and no other. What lies below /repos/NAME is there as a server; what lies below
// /operator belongs to another surface, and the node compares it.
func TestEveryRouteIsInTheDocument(t *testing.T) {
	below := regexp.MustCompile(`^(/repos/\{(base|repository)\})+/`)
	served, written := map[string]bool{}, map[string]bool{}
	for _, r := range api.Routes() {
		path := below.ReplaceAllString(r.Path, "/")
		if r.Path == "/repos/{base}/repos/{repository}" || r.Path == "/repos/{base}/repos" {
			path = strings.TrimPrefix(r.Path, "/repos/{base}")
		}
		served[r.Method+" "+path] = true
	}
	for path, item := range child(readDocument(t), "paths").(node) {
		for method := range item.(node) {
			if method != "parameters" && !strings.HasPrefix(path, "/operator/") {
				written[strings.ToUpper(method)+" "+path] = true
			}
		}
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(served)), slices.Sorted(maps.Keys(written))); diff != "" {
		t.Errorf("routes that are served (-) and that openapi.yaml has (+) differ:\n%s", diff)
	}
}

// Every path's variables are declared, every reference leads somewhere, and every operation says what it is.
func TestTheDocumentIsWhole(t *testing.T) {
	doc := readDocument(t)
	walk("", doc, func(at string, n node) {
		if ref, ok := n["$ref"].(string); ok && resolve(doc, ref) == nil {
			t.Errorf("%s refers to %s, which is not there", at, ref)
		}
	})
	variable := regexp.MustCompile(`\{(\w+)\}`)
	for path, item := range child(doc, "paths").(node) {
		var declared []string
		parameters, _ := child(item, "parameters").([]any)
		for _, p := range parameters {
			name, _ := child(deref(doc, p), "name").(string)
			declared = append(declared, name)
		}
		for _, m := range variable.FindAllStringSubmatch(path, -1) {
			if !slices.Contains(declared, m[1]) {
				t.Errorf("%s does not declare %s", path, m[1])
			}
		}
		for method, op := range item.(node) {
			if method != "parameters" && (child(op, "summary") == nil || child(op, "tags") == nil) {
				t.Errorf("%s %s has no summary or no tag", method, path)
			}
		}
	}
}

// Every example is what its schema says, and is the same in Erlang terms.
func TestEveryExampleDecodes(t *testing.T) {
	doc := readDocument(t)
	examples := 0
	walk("", doc, func(at string, n node) {
		example, given := n["example"]
		schema, ok := n["schema"]
		if !given || !ok {
			return
		}
		examples++
		for _, wrong := range validate(doc, schema, example, at) {
			t.Error(wrong)
		}
		if strings.Contains(at, "parameters") {
			return
		}
		encoded, err := erlterm.Encode(whole(example))
		if err != nil {
			t.Errorf("%s has no form in Erlang terms: %v", at, err)
			return
		}
		back, err := erlterm.Decode(encoded)
		if diff := cmp.Diff(whole(example), back); err != nil || diff != "" {
			t.Errorf("%s is not the same in Erlang terms: %v\n%s", at, err, diff)
		}
	})
	if examples < 50 {
		t.Errorf("found only %d examples", examples)
	}
}

// whole makes numbers without a fraction whole, as terms have them.
func whole(v any) any {
	switch v := v.(type) {
	case float64:
		if v == math.Trunc(v) {
			return int64(v)
		}
	case node:
		out := node{}
		for k, e := range v {
			out[k] = whole(e)
		}
		return out
	case []any:
		out := []any{}
		for _, e := range v {
			out = append(out, whole(e))
		}
		return out
	}
	return v
}

// What clients are shown is what the document says: the golden files obey its schemas.
func TestAnswersAreAsTheDocumentSays(t *testing.T) {
	doc := readDocument(t)
	for file, schema := range map[string]string{
		"package": "Package", "package_private": "Package", "release": "Release", "release_days": "Release", "release_retired": "Release",
		"me": "Me", "user": "User", "key": "Key", "owner": "Owner", "repository": "Repository", "auth": "Probe", "org": "Organization", "member": "Member", "invalid": "Error", "not_found": "Error",
		"packages": "[Package", "orgs": "[Organization", "members": "[Member", "keys": "[Key", "owners": "[Owner", "repositories": "[Repository",
	} {
		text, err := os.ReadFile("testdata/" + file + ".json")
		if err != nil {
			t.Fatal(err)
		}
		_, body, _ := strings.Cut(string(text), "\n")
		_, body, _ = strings.Cut(body, "\n")
		var got any
		if err := json.Unmarshal([]byte(body), &got); err != nil {
			t.Fatal(err)
		}
		name, many := strings.CutPrefix(schema, "[")
		expected := any(node{"$ref": "#/components/schemas/" + name})
		if many {
			expected = node{"type": "array", "items": expected}
		}
		for _, wrong := range validate(doc, expected, got, file) {
			t.Error(wrong)
		}
	}
}

// walk visits every map of a tree.
func walk(at string, v any, visit func(at string, n node)) {
	switch v := v.(type) {
	case node:
		visit(at, v)
		for _, k := range slices.Sorted(maps.Keys(v)) {
			walk(at+"/"+k, v[k], visit)
		}
	case []any:
		for i, e := range v {
			walk(fmt.Sprintf("%s/%d", at, i), e, visit)
		}
	}
}

func resolve(doc node, ref string) any {
	return child(doc, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
}

func deref(doc node, v any) any {
	for {
		ref, ok := child(v, "$ref").(string)
		if !ok {
			return v
		}
		v = resolve(doc, ref)
	}
}

// validate tells what of v is not as the schema has it, for the words of JSON Schema that the document uses.
func validate(doc node, schema, v any, at string) []string {
	s, _ := deref(doc, schema).(node)
	var wrong []string
	note := func(format string, args ...any) { wrong = append(wrong, at+": "+fmt.Sprintf(format, args...)) }
	if types := list(s["type"]); len(types) > 0 && !slices.Contains(types, any(typeOf(v))) && (typeOf(v) != "integer" || !slices.Contains(types, any("number"))) {
		note("is %s, not %v", typeOf(v), types)
	}
	if values, ok := s["enum"].([]any); ok && !slices.ContainsFunc(values, func(e any) bool { return reflect.DeepEqual(e, v) }) {
		note("%v is none of %v", v, values)
	}
	if want, ok := s["const"]; ok && !reflect.DeepEqual(want, v) {
		note("%v is not %v", v, want)
	}
	if pattern, ok := s["pattern"].(string); ok {
		if text, _ := v.(string); !regexp.MustCompile(pattern).MatchString(text) {
			note("%q does not match %s", text, pattern)
		}
	}
	for _, part := range list(s["allOf"]) {
		wrong = append(wrong, validate(doc, part, v, at)...)
	}
	switch v := v.(type) {
	case node:
		for _, key := range list(s["required"]) {
			if _, ok := v[key.(string)]; !ok {
				note("lacks %s", key)
			}
		}
		for key, e := range v {
			if property := child(s, "properties", key); property != nil {
				wrong = append(wrong, validate(doc, property, e, at+"."+key)...)
			} else if s["additionalProperties"] != nil {
				wrong = append(wrong, validate(doc, s["additionalProperties"], e, at+"."+key)...)
			}
		}
	case []any:
		for i, e := range v {
			wrong = append(wrong, validate(doc, s["items"], e, fmt.Sprintf("%s[%d]", at, i))...)
		}
	}
	return wrong
}

// list makes one value a list of it.
func list(v any) []any {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		return v
	}
	return []any{v}
}

func typeOf(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case float64:
		if v == math.Trunc(v) {
			return "integer"
		}
		return "number"
	case []any:
		return "array"
	}
	return "object"
}

package erlterm

import (
	"encoding/hex"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// golden is {"a":null,"b":true,"e":[],"f":7.5,"n":[1,300,"x"]} as written by Erlang/OTP 25.
const golden = "8374000000056d00000001616400036e696c6d0000000162640004747275656d00000001656a6d000000016646" +
	"401e0000000000006d000000016e6c000000036101620000012c6d00000001786a"

func TestGoldenVector(t *testing.T) {
	tree := map[string]any{"a": nil, "b": true, "e": []any{}, "f": 7.5, "n": []any{int64(1), int64(300), "x"}}
	if got := encodeHex(t, tree); got != golden {
		t.Errorf("Encode:\n got %s\nwant %s", got, golden)
	}
	if diff := cmp.Diff(tree, decodeHex(t, golden)); diff != "" {
		t.Errorf("Decode (-want +got):\n%s", diff)
	}
}

// Each term that Erlang wrote is read as its tree; and where there is but one way to write it, we
// write it in the same bytes.
func TestVectorsOfErlang(t *testing.T) {
	vectors := readVectors(t)
	numbers := make([]any, 256)
	for i := range numbers {
		numbers[i] = int64(i + 1)
	}
	for name, c := range map[string]struct {
		want any
		same bool // we write the same bytes
	}{
		"nil":            {nil, true},
		"true":           {true, true},
		"false":          {false, true},
		"undefined":      {nil, false},
		"atom":           {"admin", false},
		"atom-latin1":    {"é", false},
		"atom-utf8":      {"漢", false},
		"atom-long-utf8": {strings.Repeat("漢", 255), false},
		"nil-26":         {nil, false},
		"true-26":        {true, false},
		"atom-26":        {"é", false},
		"zero":           {int64(0), true},
		"byte":           {int64(255), true},
		"int-256":        {int64(256), true},
		"int-minus-1":    {int64(-1), true},
		"int32-max":      {int64(math.MaxInt32), true},
		"int32-min":      {int64(math.MinInt32), true},
		"int32-over":     {int64(math.MaxInt32 + 1), true},
		"int32-under":    {int64(math.MinInt32 - 1), true},
		"int64-max":      {int64(math.MaxInt64), true},
		"int64-min":      {int64(math.MinInt64), true},
		"float":          {7.5, true},
		"float-tiny":     {-math.SmallestNonzeroFloat64, true},
		"float-text":     {-1.5e300, false},
		"binary":         {"kůň", true},
		"binary-empty":   {"", true},
		"list":           {[]any{int64(1), int64(300), "x"}, true},
		"list-empty":     {[]any{}, true},
		"string":         {[]any{int64(0), int64(97), int64(255)}, false},
		"tuple":          {[]any{"a", []any{}, int64(1)}, false},
		"tuple-large":    {numbers, false},
		"map-empty":      {map[string]any{}, true},
		"map-nested":     {map[string]any{"a": int64(1), "b": map[string]any{"c": []any{map[string]any{}}}}, true},
		"map-atom-keys":  {map[string]any{"resource": nil, "transfer": true}, false},
		"key-create": {map[string]any{
			"name": "host", "permissions": []any{map[string]any{"domain": "api", "resource": nil}},
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			vector := vectors[name]
			delete(vectors, name)
			if diff := cmp.Diff(c.want, decodeHex(t, vector)); diff != "" {
				t.Errorf("Decode (-want +got):\n%s", diff)
			}
			if got := encodeHex(t, c.want); c.same && got != vector {
				t.Errorf("Encode:\n got %s\nwant %s", got, vector)
			}
		})
	}
	for name := range vectors {
		if !strings.HasPrefix(name, "no-") {
			t.Errorf("vector %s is not tested", name)
		}
	}
}

func TestEncodeTakesConvenientTypes(t *testing.T) {
	for _, c := range []struct{ convenient, plain any }{
		{300, int64(300)},
		{uint64(math.MaxInt64), int64(math.MaxInt64)},
		{[]string{"a", "b"}, []any{"a", "b"}},
		{[]string(nil), []any{}},
		{map[string]string{"b": "2", "a": "1"}, map[string]any{"a": "1", "b": "2"}},
		{map[string]string(nil), map[string]any{}},
	} {
		if got, want := encodeHex(t, c.convenient), encodeHex(t, c.plain); got != want {
			t.Errorf("Encode(%#v):\n got %s\nwant %s", c.convenient, got, want)
		}
	}
}

func TestEncodeRefusesWhatDecodeWouldNotTake(t *testing.T) {
	loop := []any{nil}
	loop[0] = loop
	for _, c := range []struct {
		name string
		v    any
		want string
	}{
		{"a type it does not know", map[string]any{"k": []any{struct{}{}}}, "erlang term: k: a struct {} cannot be written"},
		{"uint64 beyond int64", uint64(math.MaxInt64) + 1, "beyond 64 bits"},
		{"NaN", math.NaN(), "not finite"},
		{"Inf", math.Inf(-1), "not finite"},
		{"string not UTF-8", "\xe9", "not valid UTF-8"},
		{"key not UTF-8", map[string]any{"\xe9": nil}, "not valid UTF-8"},
		{"a tree within itself", loop, "levels deep"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, err := Append([]byte("before"), c.v)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error = %v, want %q", err, c.want)
			}
			if string(b) != "before" {
				t.Errorf("result = %q, want dst as it was", b)
			}
		})
	}
}

func TestDecodedTreeSharesNoMemory(t *testing.T) {
	b := []byte{131, tagBinary, 0, 0, 0, 1, 'a'}
	v, err := Decode(b)
	b[6] = 'b'
	if err != nil || v != "a" {
		t.Errorf("got %v, %v after the input changed, want a", v, err)
	}
}

func encodeHex(t *testing.T, v any) string {
	t.Helper()
	b, err := Encode(v)
	if err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(b)
}

func decodeHex(t *testing.T, vector string) any {
	t.Helper()
	v, err := Decode(unhex(t, vector))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// readVectors returns the terms of testdata/vectors.txt, in hexadecimal, by name.
func readVectors(t testing.TB) map[string]string {
	t.Helper()
	text, err := os.ReadFile("testdata/vectors.txt")
	if err != nil {
		t.Fatal(err)
	}
	vectors := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if name, vector, ok := strings.Cut(strings.TrimSpace(line), " "); ok && name != "#" {
			vectors[name] = vector
		}
	}
	return vectors
}

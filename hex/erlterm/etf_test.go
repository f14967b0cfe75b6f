package erlterm

import (
	"encoding/hex"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// golden is {"a":null,"b":true,"e":[],"f":7.5,"n":[1,300,"x"]} as written by Erlang/OTP 25.
const golden = "8374000000056d00000001616400036e696c6d0000000162640004747275656d00000001656a6d000000016646" +
	"401e0000000000006d000000016e6c000000036101620000012c6d00000001786a"

func TestGoldenVector(t *testing.T) {
	tree := map[string]any{"a": nil, "b": true, "e": []any{}, "f": 7.5, "n": []any{int64(1), int64(300), "x"}}
	b, err := Encode(tree)
	if err != nil {
		t.Fatal(err)
	}
	if got := hex.EncodeToString(b); got != golden {
		t.Errorf("Encode:\n got %s\nwant %s", got, golden)
	}
	v, err := Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(tree, v); diff != "" {
		t.Errorf("Decode (-want +got):\n%s", diff)
	}
}

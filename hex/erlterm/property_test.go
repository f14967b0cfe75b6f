package erlterm

import (
	"bytes"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestDecodeUndoesEncode(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := tree(4).Draw(t, "tree")
		b, err := Encode(v)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Decode(b)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(v, got); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
	})
}

func TestConsultUndoesFormat(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		forms := rapid.SliceOfN(tupleOf(term(4)), 1, 4).Draw(t, "forms")
		text, err := Format(nil, forms...)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Consult(text, Limits{})
		if err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		if diff := cmp.Diff(forms, got); diff != "" {
			t.Fatalf("(-want +got):\n%s\nin\n%s", diff, text)
		}
	})
}

// tree generates what Decode may return.
func tree(depth int) *rapid.Generator[any] {
	leaf := rapid.OneOf(
		rapid.Just[any](nil), rapid.Bool().AsAny(), rapid.Int64().AsAny(), rapid.Float64().AsAny(),
		text().AsAny(),
	)
	if depth == 0 {
		return leaf
	}
	return rapid.OneOf(leaf,
		rapid.SliceOfN(tree(depth-1), 0, 5).AsAny(),
		rapid.MapOfN(text(), tree(depth-1), 0, 5).AsAny(),
	)
}

// text generates valid UTF-8 rich in what needs care: quotes, backslashes, control characters.
func text() *rapid.Generator[string] {
	special := rapid.SampledFrom([]rune("\"'\\^xn /\n\t\r\x01\x7f\u0080\u2028\ufeff.é漢😀"))
	return rapid.StringOfN(rapid.OneOf(special, rapid.Rune()), 0, 12, -1)
}

// term generates what Consult may return in a tuple.
func term(depth int) *rapid.Generator[any] {
	literal := text().Filter(isLiteral)
	leaf := rapid.OneOf(
		rapid.Map(text().Filter(func(s string) bool { return !bytes.ContainsRune([]byte(s), 0) }),
			func(s string) any { return Binary(s) }),
		rapid.Map(literal, func(s string) any { return Charlist(s) }),
		rapid.Map(rapid.OneOf(literal, rapid.StringMatching(`[a-z][a-zA-Z0-9_@]{0,4}`)),
			func(s string) any { return Atom(s) }),
		rapid.Int64().AsAny(),
	)
	if depth == 0 {
		return leaf
	}
	inner := term(depth - 1)
	return rapid.OneOf(leaf,
		tupleOf(inner).AsAny(),
		rapid.Map(rapid.SliceOfN(inner, 0, 4), func(s []any) any { return List(s) }),
		rapid.Map(rapid.SliceOfNDistinct(pairOf(leaf, inner), 0, 4, func(p Pair) any { return p.Key }),
			func(p []Pair) any { return Map(p) }),
	)
}

func tupleOf(elem *rapid.Generator[any]) *rapid.Generator[Tuple] {
	return rapid.Map(rapid.SliceOfN(elem, 0, 4), func(s []any) Tuple { return s })
}

func pairOf(key, value *rapid.Generator[any]) *rapid.Generator[Pair] {
	return rapid.Custom(func(t *rapid.T) Pair { return Pair{key.Draw(t, "key"), value.Draw(t, "value")} })
}

// What Decode takes, Encode writes and Decode takes again, as the same tree.
func FuzzDecode(f *testing.F) {
	for _, vector := range readVectors(f) {
		f.Add(unhex(f, vector))
	}
	f.Add(unhex(f, golden))
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := Decode(b)
		if err != nil {
			return
		}
		again, err := Encode(v)
		if err != nil {
			t.Fatalf("%#v is read and cannot be written: %v", v, err)
		}
		w, err := Decode(again)
		if err != nil {
			t.Fatalf("%#v is written and cannot be read: %v", v, err)
		}
		if diff := cmp.Diff(v, w); diff != "" {
			t.Fatalf("(-first +second):\n%s", diff)
		}
	})
}

// What Consult takes, Format writes and Consult takes again, as the same terms.
func FuzzConsult(f *testing.F) {
	sample, err := os.ReadFile("testdata/metadata.config")
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{
		string(sample), "{a}.", "{<<\"a\\n\\\\ b\"/utf8>>, <<1,2>>}.\n", "{#{'A' => \"b\", -1 => []}}.", "{<<\"\\^a\">>}.",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		forms, err := Consult(text, Limits{})
		if err != nil {
			return
		}
		again, err := Format(nil, forms...)
		if err != nil {
			t.Fatalf("%#v is read and cannot be written: %v", forms, err)
		}
		got, err := Consult(again, Limits{Size: 1 << 30})
		if err != nil {
			t.Fatalf("%v in what was written:\n%s", err, again)
		}
		if diff := cmp.Diff(forms, got); diff != "" {
			t.Fatalf("(-first +second):\n%s", diff)
		}
	})
}

// release is the answer to a request for a release, of usual size.
var release = map[string]any{
	"version": "1.4.4", "checksum": "b36da4d8b1c2", "has_docs": true, "downloads": int64(123456789),
	"inserted_at": "2030-01-01T00:00:00Z", "updated_at": "2030-01-01T00:00:00Z", "retirement": nil,
	"url": "https://hex.example.org/api/packages/jason/releases/1.4.4",
	"meta": map[string]any{
		"app": "jason", "build_tools": []any{"mix"}, "elixir": "~> 1.4", "extra": map[string]any{},
	},
	"publisher": map[string]any{"username": "michal", "email": "michal@example.org"},
	"requirements": map[string]any{
		"decimal": map[string]any{"app": "decimal", "optional": true, "requirement": "~> 1.0 or ~> 2.0"},
	},
}

func BenchmarkEncode(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Encode(release); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	body, err := Encode(release)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Decode(body); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkConsult(b *testing.B) {
	text, err := os.ReadFile("testdata/metadata.config")
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Consult(text, Limits{}); err != nil {
			b.Fatal(err)
		}
	}
}

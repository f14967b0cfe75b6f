package erlterm

import (
	"bytes"
	"encoding/binary"
	"math"
	"runtime"
	"strings"
	"testing"
)

// etf builds an external term from tags, numbers of bytes and text.
func etf(parts ...any) []byte {
	b := []byte{version}
	for _, p := range parts {
		switch p := p.(type) {
		case int:
			b = append(b, byte(p))
		case uint32:
			b = binary.BigEndian.AppendUint32(b, p)
		case string:
			b = append(b, p...)
		case []byte:
			b = append(b, p...)
		}
	}
	return b
}

func bitsOf(f float64) []byte { return binary.BigEndian.AppendUint64(nil, math.Float64bits(f)) }

func TestDecodeRefusesHostileTerms(t *testing.T) {
	vectors := readVectors(t)
	erl := func(name string) []byte { return unhex(t, vectors["no-"+name]) }
	key := etf(tagBinary, uint32(1), "a")[1:]
	long := etf(tagBinary, uint32(100_000), strings.Repeat("a", 100_000))[1:]
	for _, c := range []struct {
		name string
		body []byte
		want string
	}{
		{"E1 compressed", erl("compressed"), "compressed"},
		{"E1 compressed with 4 GiB promised", etf(tagCompressed, uint32(math.MaxUint32), "x\x9c"), "compressed"},
		{"E1 compressed inside", etf(tagSmallTuple, 1, tagCompressed, uint32(1)), "compressed"},
		{"E2 fun", erl("fun"), "tag 112 is refused"},
		{"E2 old fun", etf(117, uint32(0)), "tag 117 is refused"},
		{"E2 export", erl("export"), "tag 113 is refused"},
		{"E2 pid", erl("pid"), "tag 88 is refused"},
		{"E2 port", erl("port"), "tag 89 is refused"},
		{"E2 v4 port", etf(120, key), "tag 120 is refused"},
		{"E2 reference", erl("ref"), "tag 90 is refused"},
		{"E2 bit string", erl("bitstring"), "tag 77 is refused"},
		{"E2 atom cache reference", etf(82, 0), "tag 82 is refused"},
		{"E2 distribution header", etf(68, 0), "tag 68 is refused"},
		{"E2 local term", etf(121, 0), "tag 121 is refused"},
		{"E2 another version", []byte{130, tagNil}, "version 130"},
		{"E3 list longer than the body", etf(tagList, uint32(math.MaxUint32)), "ends too early"},
		{"E3 tuple longer than the body", etf(tagLargeTuple, uint32(math.MaxUint32)), "ends too early"},
		{"E3 small tuple longer than the body", etf(tagSmallTuple, 255, tagNil), "ends too early"},
		{"E3 map larger than the body", etf(tagMap, uint32(math.MaxUint32)), "ends too early"},
		{"E3 map with keys and no room for values", etf(tagMap, uint32(2), "abc"), "ends too early"},
		{"E3 binary longer than the body", etf(tagBinary, uint32(math.MaxUint32), "a"), "ends too early"},
		{"E3 atom longer than the body", etf(tagAtomUTF8, 255, 255, "a"), "ends too early"},
		{"E3 string longer than the body", etf(tagString, 255, 255, "a"), "ends too early"},
		{"E3 small big of 255 bytes", erl("small-big-255"), "beyond 64 bits"},
		{"E3 small big longer than the body", etf(tagSmallBig, 8, 0, "abc"), "ends too early"},
		{"E3 large big", erl("large-big"), "tag 111 is refused"},
		{"E3 large big of 2 GiB", etf(111, uint32(math.MaxInt32+1), 0), "tag 111 is refused"},
		{"E3 integer just over int64", erl("int64-over"), "beyond 64 bits"},
		{"E3 integer just under int64", erl("int64-under"), "beyond 64 bits"},
		{"E3 integer with a strange sign", etf(tagSmallBig, 1, 2, 5), "sign 2"},
		{"E3 empty", nil, "ends too early"},
		{"E3 version alone", etf(), "ends too early"},
		{"E3 integer cut short", etf(tagInteger, 1, 2, 3), "ends too early"},
		{"E3 float cut short", etf(tagNewFloat, 1, 2, 3), "ends too early"},
		{"E3 old float cut short", etf(tagFloat, "1.5"), "ends too early"},
		{"E3 more than 100,000 terms", etf(tagList, uint32(maxTerms), bytes.Repeat([]byte{tagNil}, maxTerms+1)), "more than 100000 terms"},
		{"E3 lists that lie at every level", lies(), "more than 100000 terms"},
		{"E4 a million lists", etf(bytes.Repeat([]byte{tagList, 0, 0, 0, 1}, 1e6)), "more than 64 levels"},
		{"E4 a million tuples", etf(bytes.Repeat([]byte{tagSmallTuple, 1}, 1e6)), "more than 64 levels"},
		{"E4 a million maps", etf(bytes.Repeat(append([]byte{tagMap, 0, 0, 0, 1}, key...), 1e6)), "more than 64 levels"},
		{"E5 duplicate keys", etf(tagMap, uint32(2), key, tagNil, key, tagNil), `duplicate key "a"`},
		{"E5 duplicate keys as atom and binary", etf(tagMap, uint32(2), key, tagNil, tagSmallAtom, 1, "a", tagNil), `duplicate key "a"`},
		{"E5 duplicate keys of 100 kB", etf(tagMap, uint32(2), long, tagNil, long, tagNil), `duplicate key "aaaa`},
		{"E5 key neither atom nor binary", erl("integer-key"), "refused as a key"},
		{"E5 improper list", erl("improper"), "improper"},
		{"E5 list without tail", etf(tagList, uint32(1), tagNil), "ends too early"},
		{"E5 NaN", etf(tagNewFloat, bitsOf(math.NaN())), "not finite"},
		{"E5 infinity", etf(tagNewFloat, bitsOf(math.Inf(1))), "not finite"},
		{"E5 old float inf", etf(tagFloat, "inf", make([]byte, 28)), "is no float"},
		{"E5 old float 1e999", etf(tagFloat, "1e999", make([]byte, 26)), "is no float"},
		{"E5 old float in hexadecimal", etf(tagFloat, "0x1p4", make([]byte, 26)), "is no float"},
		{"E5 old float with NUL within", etf(tagFloat, "1.\x005", make([]byte, 27)), "is no float"},
		{"E5 trailing bytes", erl("trailing"), "1 bytes after the term"},
		{"E5 binary not UTF-8", erl("latin1-binary"), "not valid UTF-8"},
		{"E5 key not UTF-8", etf(tagMap, uint32(1), tagBinary, uint32(1), 233, tagNil), "not valid UTF-8"},
		{"E6 atom not UTF-8", etf(tagSmallAtomUTF8, 1, 233), "not valid UTF-8"},
		{"E6 atom of 256 characters", etf(tagAtom, 1, 0, strings.Repeat("a", 256)), "more than 255 characters"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var err error
			used := allocated(func() { _, err = Decode(c.body) })
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error = %v, want %q", err, c.want)
			}
			if err != nil && len(err.Error()) > 200 {
				t.Errorf("the error repeats %d bytes of the body", len(err.Error()))
			}
			// A list may have paid for 100,000 slots of 16 bytes before it proves wrong.
			if used > 2<<20 {
				t.Errorf("%d bytes allocated for a body of %d", used, len(c.body))
			}
		})
	}
}

// lies is a megabyte of lists, each of which claims as many elements as bytes remain.
func lies() []byte {
	b := etf()
	for len(b) < 60*5 {
		b = binary.BigEndian.AppendUint32(append(b, tagList), 50_000)
	}
	return append(b, make([]byte, 1<<20)...)
}

// What is deepest and largest among the accepted terms is accepted, or the limits would be others.
func TestDecodeTakesUpToItsLimits(t *testing.T) {
	deep := etf(bytes.Repeat([]byte{tagSmallTuple, 1}, maxDepth), tagNil)
	many := etf(tagList, uint32(maxTerms-1), bytes.Repeat([]byte{tagNil}, maxTerms))
	for _, body := range [][]byte{deep, many} {
		if _, err := Decode(body); err != nil {
			t.Error(err)
		}
	}
}

// E6: a name that Erlang may not know comes as a string, and none goes out but nil, true, false.
func TestAtomsOfStrangersAreStrings(t *testing.T) {
	v, err := Decode(etf(tagSmallAtomUTF8, 11, "never_heard"))
	if err != nil || v != "never_heard" {
		t.Fatalf("E6 unknown atom: got %v, %v", v, err)
	}
	if got, want := encodeHex(t, v), "836d0000000b6e657665725f6865617264"; got != want {
		t.Errorf("E6 unknown atom written back: got %s, want the binary %s", got, want)
	}
}

func TestConsultRefusesHostileText(t *testing.T) {
	for _, c := range []struct {
		name, text, want string
	}{
		{"E7 900 kB integer", "{<<\"a\">>, " + strings.Repeat("9", 900_000) + "}.", "1:11: integer of 900000 digits is longer than 20"},
		{"E7 900 kB negative integer", "{-" + strings.Repeat("9", 900_000) + "}.", "1:2: integer of 900000 digits"},
		{"E7 900 kB integer as a byte", "{<<" + strings.Repeat("0", 900_000) + ">>}.", "1:4: integer of 900000 digits"},
		{"E7 20 digits beyond 64 bits", "{99999999999999999999}.", "1:2: integer 99999999999999999999 is beyond 64 bits"},
		{"E8 400,000 lists", "{" + strings.Repeat("[", 400_000), "1:33: more than 32 levels deep"},
		{"E8 400,000 tuples", strings.Repeat("{", 400_000), "1:33: more than 32 levels deep"},
		{"E8 100,000 maps as values", "{" + strings.Repeat("#{a=>", 100_000), "more than 32 levels deep"},
		{"E8 100,000 maps as keys", "{" + strings.Repeat("#{", 100_000), "more than 32 levels deep"},
		{"E9 fun", "{fun() -> ok end}.", `1:2: expected a term, found the reserved word "fun"`},
		{"E9 fun reference", "{fun lists:map/2}.", "reserved word"},
		{"E9 local call", "{halt()}.", `1:6: expected "," or "}", found '('`},
		{"E9 remote call", "{os:cmd(\"id\")}.", `1:4: expected "," or "}", found ':'`},
		{"E9 macro", "{?MODULE}.", "1:2: expected a term, found '?'"},
		{"E9 variable", "{X}.", "1:2: expected a term, found 'X'"},
		{"E9 record", "{#rec{}}.", "1:2: expected a term, found '#'"},
		{"E9 printed reference", "{#Ref<0.1.2.3>}.", "1:2: expected a term, found '#'"},
		{"E9 printed pid", "{<0.1.0>}.", "1:2: expected a term, found '<'"},
		{"E9 comment", "% hello\n{a}.", `1:1: expected "{", found '%'`},
		{"E9 comment within", "{a % b\n}.", `1:4: expected "," or "}", found '%'`},
		{"E9 tail", "{[a|b]}.", `1:4: expected "," or "]", found '|'`},
		{"E9 size", `{<<"a":8>>}.`, `1:7: expected ">>", found ':'`},
		{"E9 size of a byte", "{<<1:8>>}.", `expected "," or ">>", found ':'`},
		{"E9 another type", `{<<"a"/utf16>>}.`, `1:8: expected "utf8", found 'u'`},
		{"E9 more types", `{<<"a"/utf8-signed>>}.`, `expected ">>", found '-'`},
		{"E9 type of a byte", `{<<1/utf8>>}.`, `expected "," or ">>", found '/'`},
		{"E9 float", "{1.5}.", `1:3: expected "," or "}", found '.'`},
		{"E9 exponent", "{1e5}.", `found 'e'`},
		{"E9 base", "{16#ff}.", `found '#'`},
		{"E9 grouped digits", "{1_000}.", `found '_'`},
		{"E9 plus", "{+1}.", "expected a term, found '+'"},
		{"E9 operator", "{1-1}.", "found '-'"},
		{"E9 detached sign", "{- 1}.", "expected an integer, found ' '"},
		{"E9 character", "{$a}.", "expected a term, found '$'"},
		{"E9 sigil", `{~"a"}.`, "expected a term, found '~'"},
		{"E9 quoted function", "{'a'()}.", `found '('`},
		{"E10 duplicate keys in a map", `{#{<<"a">> => 1, <<"a"/utf8>> => 2}}.`, "1:18: duplicate key"},
		{"E10 duplicate keys as bytes", `{#{<<"a">> => 1, <<97>> => 2}}.`, "1:18: duplicate key"},
		{"E10 map as key", `{#{#{} => 1}}.`, "1:4: expected an atom, a string or an integer as key"},
		{"E11 Latin-1", "{<<\"caf\xe9\">>}.", "1:8: not valid UTF-8"},
		{"E11 Latin-1 on line 2", "{a}.\n{<<\"ů\xe9\">>}.", "2:6: not valid UTF-8"},
		{"E11 surrogate", "{<<\"\xed\xa0\x80\">>}.", "not valid UTF-8"},
		{"E11 overlong", "{<<\"\xc0\xaf\">>}.", "not valid UTF-8"},
		{"E11 bytes that are no text", "{<<233>>}.", "1:2: expected a binary that is UTF-8 text without NUL"},
		{"E11 byte order mark", "\ufeff{a}.", `1:1: expected "{"`},
		{"E12 over a megabyte", strings.Repeat("{a}.\n", 1<<18), "text of 1310720 bytes is longer than 1048576"},
		{"E12 too many terms", strings.Repeat("{[]}.\n", 100_001), "100001:1: more than 200000 terms"},
		{"E12 no final dot", "{a}", `1:4: expected ".", found the end`},
		{"E12 no final dot before another", "{a}\n{b}.", `2:1: expected ".", found '{'`},
		{"E12 dots without space", "{a}.{b}.", `1:5: expected white space after "."`},
		{"E12 empty", "", `1:1: expected "{", found the end`},
		{"E12 blank", " \r\n\t", `2:2: expected "{", found the end`},
		{"E12 not a tuple", "[a].", `1:1: expected "{", found '['`},
		{"E12 atom alone", "a.", `1:1: expected "{"`},
		{"E12 trailing comma", "{a,}.", "1:4: expected a term, found '}'"},
		{"E12 no comma", "{a b}.", `1:4: expected "," or "}", found 'b'`},
		{"E12 unclosed tuple", "{a", `1:3: expected "," or "}", found the end`},
		{"E12 unclosed string", "{<<\"abc\n", "1:4: expected the string to be closed by \""},
		{"E12 unclosed atom", "{'abc", "1:2: expected the string to be closed by '"},
		{"E12 unclosed escape", `{<<"abc\`, "found the end"},
		{"E12 octal escape", `{<<"\101">>}.`, "1:6: expected one of"},
		{"E12 octal NUL", `{<<"\0">>}.`, "1:6: expected one of"},
		{"E12 hexadecimal escape", `{<<"\x41">>}.`, "1:6: expected one of"},
		{"E12 control escape", `{<<"\^A">>}.`, "1:6: expected one of"},
		{"E12 escaped blank", `{<<"\ ">>}.`, "1:6: expected one of"},
		{"E12 escaped line end", "{<<\"\\\n\">>}.", "1:6: expected one of"},
		{"E12 escaped letter beyond ASCII", `{<<"\é">>}.`, "1:6: expected one of"},
		{"E12 backslash at the end hides the quote from hex_core", `{<<"a\\">>, <<"b">>}.`, "1:8: expected no backslash"},
		{"E12 backslash and ^ at the end hide the quote from hex_core", `{<<"a\\^">>, <<"b">>}.`, "1:9: expected no backslash"},
		{"E12 backslash at the end of an atom", `{'a\\', 'b'}.`, "1:6: expected no backslash"},
		{"E12 NUL in a literal", "{<<\"a\x00b\">>}.", "1:6: expected a printable character"},
		{"E12 NUL as a byte", "{<<97,0,98>>}.", "without NUL"},
		{"E12 NUL as white space", "{a}.\x00", "1:5: expected white space"},
		{"E12 terminal escape in a literal", "{<<\"\x1b[2J\">>}.", "1:5: expected a printable character"},
		{"E12 no-break space", "{a,\u00a0b}.", "1:4: expected a term"},
		{"E12 strings side by side", `{"a" "b"}.`, `1:6: expected "," or "}", found '"'`},
		{"E12 strings side by side in a binary", `{<<"a" "b">>}.`, `1:8: expected ">>", found '"'`},
		{"E12 strings as segments", `{<<"a","b">>}.`, `1:7: expected ">>", found ','`},
		{"E12 byte out of range", "{<<256>>}.", "1:4: expected a byte, 0 to 255"},
		{"E12 negative byte", "{<<-1>>}.", "1:4: expected a byte, 0 to 255"},
		{"E12 atom of 256 characters", "{" + strings.Repeat("a", 256) + "}.", "1:2: atom of more than 255 characters"},
		{"E12 no arrow", "{#{a}}.", `1:5: expected "=>", found '}'`},
	} {
		t.Run(c.name, func(t *testing.T) {
			var err error
			used := allocated(func() { _, err = Consult([]byte(c.text), Limits{}) })
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error = %.200v, want %q", err, c.want)
			}
			// Of the text one copy is ours (the conversion above), and 200,000 terms may have been read.
			if used > 32<<20 {
				t.Errorf("%d bytes allocated for a text of %d", used, len(c.text))
			}
		})
	}
}

func TestConsultObeysLimits(t *testing.T) {
	for _, c := range []struct {
		text string
		lim  Limits
	}{
		{"{abc}.", Limits{Size: 6}},
		{"{[[]]}.", Limits{Depth: 3}},
		{"{[a,b]}.", Limits{Terms: 4}},
	} {
		if _, err := Consult([]byte(c.text), c.lim); err != nil {
			t.Errorf("%s at its limit %+v: %v", c.text, c.lim, err)
		}
		tight := Limits{max(0, c.lim.Size-1), max(0, c.lim.Depth-1), max(0, c.lim.Terms-1)}
		if _, err := Consult([]byte(c.text), tight); err == nil {
			t.Errorf("%s is accepted beyond its limit %+v", c.text, tight)
		}
	}
}

// The most that an accepted text can make us hold is a small multiple of the terms allowed.
func TestConsultIsFrugal(t *testing.T) {
	text := []byte("{[" + strings.Repeat("[],", 199_000) + "[]]}.")
	var err error
	used := allocated(func() { _, err = Consult(text, Limits{}) })
	if err != nil {
		t.Fatal(err)
	}
	if used > 64<<20 {
		t.Errorf("%d bytes allocated for a text of %d", used, len(text))
	}
}

// allocated returns the bytes that f allocates, kept or not.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

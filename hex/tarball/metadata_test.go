package tarball

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// config replaces one field of valid metadata, or drops it if value is "".
func config(field, value string) string {
	fields := map[string]string{
		"name": `<<"demo">>`, "version": `<<"1.0.0">>`, "app": `<<"demo">>`,
		"build_tools": `[<<"mix">>]`, "files": `[<<"mix.exs">>]`,
	}
	fields[field] = value
	var b strings.Builder
	for k, v := range fields {
		if v != "" {
			fmt.Fprintf(&b, "{<<%q>>,%s}.\n", k, v)
		}
	}
	return b.String()
}

func TestMetadataShapeIsStrict(t *testing.T) {
	const (
		str    = "expected type string"
		list   = "expected type list(string)"
		strMap = "expected type map(string)"
		blank  = "can't be blank"
	)
	dep := func(fields string) string { return `[{<<"dep">>,[` + fields + `]}]` }
	for name, test := range map[string]struct{ field, value, key, want string }{
		"E12 no name":                 {"name", "", "name", blank},
		"E12 name empty":              {"name", `<<"">>`, "name", blank},
		"E12 name is a charlist":      {"name", `"demo"`, "name", str},
		"E12 name is an atom":         {"name", `demo`, "name", str},
		"E12 version is a number":     {"version", `1`, "version", str},
		"E12 no version":              {"version", ``, "version", blank},
		"E12 no app":                  {"app", "", "meta.app", blank},
		"E12 app is an atom":          {"app", "demo", "meta.app", str},
		"E12 description is a list":   {"description", `[<<"a">>]`, "meta.description", str},
		"E12 description undefined":   {"description", `undefined`, "meta.description", str},
		"E12 licenses is a binary":    {"licenses", `<<"MIT">>`, "meta.licenses", list},
		"E12 licenses of charlists":   {"licenses", `["MIT"]`, "meta.licenses", list},
		"E12 licenses is a map":       {"licenses", `#{}`, "meta.licenses", list},
		"E12 build_tools of atoms":    {"build_tools", `[mix]`, "meta.build_tools", list},
		"E12 build_tools empty":       {"build_tools", `[]`, "meta.build_tools", blank},
		"E12 build_tools not guessed": {"build_tools", ``, "meta.build_tools", ""},
		"E12 no files":                {"files", "", "meta.files", "package can't be empty"},
		"E12 files empty":             {"files", "[]", "meta.files", "package can't be empty"},
		"E12 files is a map":          {"files", "#{}", "meta.files", list},
		"E12 files of pairs":          {"files", `[{<<"a">>,<<"b">>}]`, "meta.files", list},
		"E12 links is a list":         {"links", `[<<"a">>]`, "meta.links", strMap},
		"E12 links of lists":          {"links", `[{<<"a">>,[<<"b">>]}]`, "meta.links", strMap},
		"E12 links with atom keys":    {"links", `[{a,<<"b">>}]`, "meta.links", strMap},
		"E12 elixir is a list":        {"elixir", `[]`, "meta.elixir", str},
		"E12 maintainers":             {"maintainers", `<<"me">>`, "meta.maintainers", list},
		"E12 extra is a list":         {"extra", `[1]`, "meta.extra", "expected type map"},
		"E12 extra has an atom":       {"extra", `[{<<"a">>,b}]`, "meta.extra", "expected strings, integers, booleans, lists and maps"},
		"E12 extra has a tuple":       {"extra", `[{<<"a">>,{1,2,3}}]`, "meta.extra", "expected strings, integers, booleans, lists and maps"},
		"E10 extra has a key twice":   {"extra", `[{<<"a">>,1},{<<"a">>,2}]`, "meta.extra", "has a key twice"},
		"E12 secret_scan":             {"secret_scan", `<<"*">>`, "meta.secret_scan", "expected type map"},
		"E12 secret_scan globs":       {"secret_scan", `[{<<"ignore">>,<<"*">>}]`, "meta.secret_scan", list},
		"E12 requirements is text":    {"requirements", `<<"dep">>`, "requirements", "expected type map(map)"},
		"E12 requirements mixed":      {"requirements", `[[{<<"name">>,<<"a">>}],{<<"b">>,[]}]`, "requirements", "expected type map(map)"},
		"E12 requirement unnamed":     {"requirements", `[[{<<"app">>,<<"a">>}]]`, "requirements", "expected type map(map)"},
		"E12 requirement name blank":  {"requirements", `[{<<"">>,[]}]`, "requirements", "a name can't be blank"},
		"E12 requirement name number": {"requirements", `[[{<<"name">>,1}]]`, "requirements", "expected type map(map)"},
		"E12 requirement is text":     {"requirements", `[{<<"dep">>,<<"~> 1.0">>}]`, "requirements.dep", "expected type map"},
		"E12 requirement no app":      {"requirements", dep(`{<<"requirement">>,<<"~> 1.0">>}`), "requirements.dep", "app: can't be blank"},
		"E12 requirement missing":     {"requirements", dep(`{<<"app">>,<<"dep">>}`), "requirements.dep", "requirement: can't be blank"},
		"E12 requirement undefined":   {"requirements", dep(`{<<"app">>,<<"a">>},{<<"requirement">>,undefined}`), "requirements.dep", "requirement: expected type string"},
		"E12 requirement app":         {"requirements", dep(`{<<"app">>,a},{<<"requirement">>,<<"1">>}`), "requirements.dep", "app: expected type string"},
		"E12 requirement optional":    {"requirements", dep(`{<<"app">>,<<"a">>},{<<"requirement">>,<<"1">>},{<<"optional">>,<<"true">>}`), "requirements.dep", "optional: expected type boolean"},
		"E12 requirement repository":  {"requirements", dep(`{<<"app">>,<<"a">>},{<<"requirement">>,<<"1">>},{<<"repository">>,hexpm}`), "requirements.dep", "repository: expected type string"},
		"E10 requirement field twice": {"requirements", dep(`{<<"app">>,<<"a">>},{<<"app">>,<<"b">>},{<<"requirement">>,<<"1">>}`), "requirements.dep", "has a field twice"},
		"E10 requirement twice": {"requirements", `[[{<<"name">>,<<"dep">>},{<<"app">>,<<"a">>},{<<"requirement">>,<<"1">>}],
			[{<<"name">>,<<"dep">>},{<<"app">>,<<"a">>},{<<"requirement">>,<<"2">>}]]`, "requirements.dep", "is given twice"},
		"E13 terminal escapes":      {"description", `<<"\e[2Jgone">>`, "meta.description", "contains control characters"},
		"E13 C1 control":            {"licenses", `[<<"a` + "\u009b" + `2J"/utf8>>]`, "meta.licenses", "contains control characters"},
		"E13 10000 links":           {"links", "[" + manyLinks(10_000) + "]", "meta", "should be at most 65536 bytes without the list of files"},
		"E13 long description":      {"description", `<<"` + strings.Repeat("a", MaxFields+1) + `">>`, "meta", "should be at most 65536 bytes without the list of files"},
		"E13 a million little ones": {"extra", `[{<<"a">>,[` + strings.Repeat("[],", 50_000) + `[]]}]`, "meta", "should be at most 65536 bytes without the list of files"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parseMetadata([]byte(config(test.field, test.value)))
			if test.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			want := FieldErrors{test.key: test.want}
			if got, ok := errors.AsType[FieldErrors](err); !ok || !maps.Equal(got, want) {
				t.Errorf("err = %v, want %v", err, want)
			}
		})
	}
}

func manyLinks(n int) string {
	links := make([]string, n)
	for i := range links {
		links[i] = fmt.Sprintf(`{<<"link %d">>,<<"https://example.org/">>}`, i)
	}
	return strings.Join(links, ",")
}

func TestMetadataIsKeyValueTerms(t *testing.T) {
	for name, text := range map[string]string{
		"E10 key twice":      listing("a") + `{<<"name">>,<<"other">>}.`,
		"E12 empty":          "",
		"E12 no final dot":   `{<<"name">>,<<"demo">>}`,
		"E12 triple":         `{<<"name">>,<<"demo">>,1}.`,
		"E12 atom key":       `{name,<<"demo">>}.`,
		"E12 list":           `[{<<"name">>,<<"demo">>}].`,
		"E9 comment":         "% x\n" + listing("a"),
		"E9 function":        `{<<"name">>,fun() -> halt() end}.`,
		"E8 depth":           `{<<"extra">>,` + strings.Repeat("[", 400_000) + strings.Repeat("]", 400_000) + `}.`,
		"E7 digits":          `{<<"extra">>,` + strings.Repeat("9", 900_000) + `}.`,
		"E11 Latin-1":        "{<<\"name\">>,<<\"d\xe9mo\">>}.",
		"E12 embedded NUL":   "{<<\"name\">>,<<\"de\x00mo\">>}.",
		"E12 octal escape":   `{<<"name">>,<<"\144emo">>}.`,
		"E12 two literals":   `{<<"name">>,<<"de" "mo">>}.`,
		"E12 control escape": `{<<"name">>,<<"de\^Xmo">>}.`,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parcel{metadata: &text}.open(t)
			e, ok := errors.AsType[*Error](err)
			if !ok || e.Code != BadMetadata || !strings.HasPrefix(e.Text, "error reading package metadata: ") {
				t.Errorf("err = %v, want %s", err, BadMetadata)
			}
		})
	}
}

func TestMetadataKnowsAbsentFromEmpty(t *testing.T) {
	m, err := parseMetadata([]byte(listing("a")))
	if err != nil {
		t.Fatal(err)
	}
	if m.Description != nil || m.Licenses != nil || m.Links != nil || m.Maintainers != nil || m.Extra != nil {
		t.Errorf("absent fields are not nil: %+v", m)
	}
	m, err = parseMetadata([]byte(listing("a") + `{<<"description">>,<<"">>}. {<<"licenses">>,[]}. {<<"links">>,[]}. {<<"maintainers">>,[]}. {<<"extra">>,[]}.`))
	if err != nil {
		t.Fatal(err)
	}
	if m.Description == nil || m.Licenses == nil || m.Links == nil || m.Maintainers == nil || m.Extra == nil {
		t.Errorf("empty fields are nil: %+v", m)
	}
}

// Both encodings of requirements, and maps in their place, mean the same.
func TestRequirementEncodingsAgree(t *testing.T) {
	want := []Requirement{
		{Name: "jason", App: "jason", Requirement: "~> 1.4", Repository: "acme", Optional: true},
		{Name: "plug", App: "plug_app", Requirement: ">= 0.0.0"},
	}
	const (
		jason = `{<<"app">>,<<"jason">>},{<<"requirement">>,<<"~> 1.4">>},{<<"optional">>,true},{<<"repository">>,<<"acme">>}`
		plug  = `{<<"app">>,<<"plug_app">>},{<<"requirement">>,<<">= 0.0.0">>},{<<"optional">>,false}`
	)
	arrows := strings.NewReplacer("{<<", "<<", ">>,<<", ">> => <<", ">>,true}", ">> => true", ">>,false}", ">> => false", ">>}", ">>")
	for name, text := range map[string]string{
		"mix":       `[[{<<"name">>,<<"jason">>},` + jason + `],[` + plug + `,{<<"name">>,<<"plug">>}]]`,
		"rebar3":    `[{<<"jason">>,[` + jason + `]},{<<"plug">>,[` + plug + `]}]`,
		"maps":      `#{<<"jason">> => #{` + arrows.Replace(jason) + `}, <<"plug">> => #{` + arrows.Replace(plug) + `}}`,
		"defaulted": `[{<<"jason">>,[` + jason + `]},{<<"plug">>,[{<<"app">>,<<"plug_app">>},{<<"requirement">>,<<">= 0.0.0">>}]}]`,
	} {
		t.Run(name, func(t *testing.T) {
			m, err := parseMetadata([]byte(config("requirements", text)))
			if err != nil {
				t.Fatalf("%v in %s", err, text)
			}
			if diff := cmp.Diff(want, m.Requirements); diff != "" {
				t.Errorf("requirements (-want +got):\n%s", diff)
			}
		})
	}
}

func TestBuildToolsAreGuessed(t *testing.T) {
	for _, test := range []struct {
		files string
		want  []string
	}{
		{`[<<"mix.exs">>,<<"lib/Makefile">>]`, []string{"mix"}},
		{`[<<"rebar.config">>,<<"rebar">>,<<"Makefile.win">>,<<"Makefile">>]`, []string{"make", "rebar3"}},
		{`[<<"mix.exs">>,<<"rebar.config">>]`, []string{"mix", "rebar3"}},
	} {
		text := strings.Replace(config("files", test.files), "{<<\"build_tools\">>,[<<\"mix\">>]}.\n", "", 1)
		m, err := parseMetadata([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, m.BuildTools); diff != "" {
			t.Errorf("guessed from %s (-want +got):\n%s", test.files, diff)
		}
	}
	m, err := parseMetadata([]byte(config("build_tools", `[<<"make">>,<<"mix">>,<<"make">>]`)))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"make", "mix"}, m.BuildTools); diff != "" {
		t.Errorf("repeated build tools (-want +got):\n%s", diff)
	}
}

// All faults are reported at once, under the names the API uses.
func TestFieldErrorsAreComplete(t *testing.T) {
	_, err := parseMetadata([]byte(`{<<"name">>,1}. {<<"files">>,[]}. ` + `{<<"licenses">>,<<"MIT">>}.`))
	want := "invalid package metadata: meta.app can't be blank, meta.build_tools can't be blank, meta.files package can't be empty, " +
		"meta.licenses expected type list(string), name expected type string, version can't be blank"
	if err == nil || err.Error() != want {
		t.Errorf("err = %v\nwant  %s", err, want)
	}
}

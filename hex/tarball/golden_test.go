package tarball

import (
	"bytes"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func golden(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func sum(s string) (sum Sum) {
	if err := sum.UnmarshalText([]byte(s)); err != nil {
		panic(err)
	}
	return sum
}

var (
	long = "lib/" + strings.Repeat("l", 120) + ".ex"
	deep = "lib/" + strings.Repeat("d", 60)
)

// The tarballs in testdata were made by hex_core as of mix Hex 2.5 and by the hex_core in
// rebar3 3.19, and the checksums are what they said of their work.
var goldens = map[string]*Tarball{
	"mix.tar": {
		Sums: Sums{
			Inner: sum("62d5355d89ae73c0203c9e865029e2731464d67540a9da87f694c387f2f516cb"),
			Outer: sum("dd35c60471445dbe86659954d9536d5fc01ccb481b715b979e6c5f883cffc3c8"),
		},
		Metadata: Metadata{
			Name: "demo_mix", Version: "1.2.3-rc.1", App: "demo",
			Description: new("Démo 漢字\nsecond \"line\""),
			Licenses:    []string{"Apache-2.0", "MIT"},
			Links:       map[string]string{"Docs": "https://example.org/docs", "GitHub": "https://example.org/demo"},
			BuildTools:  []string{"mix"},
			Files: []string{
				"lib", "lib/demo.ex", long, deep, deep + "/" + strings.Repeat("e", 60) + "/deep.ex",
				"lib/é漢.ex", "priv", "priv/empty", "priv/link", "priv/run.sh", "mix.exs", "README.md",
			},
			Elixir: "~> 1.14",
			Extra:  map[string]any{"a": map[string]any{"b": []any{int64(1), int64(2)}, "c": true}},
			Requirements: []Requirement{
				{Name: "jason", App: "jason", Requirement: "~> 1.4 and >= 1.4.1", Repository: "hexpm", Optional: true},
				{Name: "decimal", App: "decimal", Requirement: "~> 2.0", Repository: "hexpm"},
			},
		},
		Files: []File{
			{Path: "lib/demo.ex", Size: 22, Mode: 0o644},
			{Path: long, Size: 7, Mode: 0o644},
			{Path: deep + "/" + strings.Repeat("e", 60) + "/deep.ex", Size: 7, Mode: 0o644},
			{Path: "lib/é漢.ex", Size: 10, Mode: 0o644},
			{Path: "priv/empty", Mode: fs.ModeDir | 0o755},
			{Path: "priv/link", Mode: fs.ModeSymlink | 0o755, Link: "../lib/demo.ex"},
			{Path: "priv/run.sh", Size: 10, Mode: 0o755},
			{Path: "mix.exs", Size: 6, Mode: 0o644},
			{Path: "README.md", Size: 7, Mode: 0o644},
		},
		Unpacked: 11264,
	},
	"rebar3.tar": {
		Sums: Sums{
			Inner: sum("03185ba6224f03400aecfff89afee3224885a68ab31f370c687ff841afa570a0"),
			Outer: sum("53020068e255963edccdc6ad864622029729e96426db2e7e84fc1785bf01bd90"),
		},
		Metadata: Metadata{
			Name: "demo_rebar3", Version: "0.1.0", App: "demo",
			Description:  new("Erlang — bibliothèque"),
			Licenses:     []string{"Apache-2.0"},
			Links:        map[string]string{},
			BuildTools:   []string{"rebar3"},
			Files:        []string{"src/demo.erl", "rebar.config", "src/demo.app.src", "priv/run.sh"},
			Requirements: []Requirement{{Name: "cowboy", App: "cowboy", Requirement: "~>2.9"}},
		},
		Files: []File{
			{Path: "src/demo.erl", Size: 15, Mode: 0o644},
			{Path: "rebar.config", Size: 11, Mode: 0o644},
			{Path: "src/demo.app.src", Size: 23, Mode: 0o644},
			{Path: "priv/run.sh", Size: 10, Mode: 0o755},
		},
		Unpacked: 5120,
	},
}

func TestOpenReadsWhatClientsMake(t *testing.T) {
	for name, want := range goldens {
		t.Run(name, func(t *testing.T) {
			b := golden(t, name)
			got, err := Open(bytes.NewReader(b), int64(len(b)))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("Open (-want +got):\n%s", diff)
			}
			m, err := ReadMetadata(bytes.NewReader(b), int64(len(b)))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want.Metadata, m); diff != "" {
				t.Errorf("ReadMetadata (-want +got):\n%s", diff)
			}
		})
	}
}

// gleamParcel is shaped as gleam makes packages with the Rust crate tar: GNU headers, owner
// fields left empty, another order of members, no /utf8, and long names in GNU records.
func gleamParcel(listed ...string) parcel {
	name := "src/" + strings.Repeat("g", 120) + ".gleam"
	big := func(b *block) { copy(b[108:116], "\x80\x00\x00\x00\x77\x35\x94\x00") } // a user id beyond octal
	contents := string(gzipped(archive(
		entry{name: "gleam.toml", body: "name = \"demo\"\n", mode: 0o100644, gnu: true, tweak: big},
		entry{name: "././@LongLink", body: name + "\x00", kind: 'L', gnu: true},
		entry{name: name[:100], body: "pub fn main() {}\n", mode: 0o600, gnu: true},
		entry{name: "src/wo\u0308rter/demo.gleam", body: "", mode: 0o600, gnu: true},
	)))
	metadata := `{<<"name">>, <<"demo">>}.
{<<"app">>, <<"demo">>}.
{<<"version">>, <<"1.2.3">>}.
{<<"description">>, <<"Wörter">>}.
{<<"licenses">>, [<<"MIT">>]}.
{<<"build_tools">>, [<<"gleam">>]}.
{<<"links">>, [
  {<<"Repository">>, <<"https://example.org/old">>},
  {<<"Repository">>, <<"https://example.org/demo">>}
]}.
{<<"requirements">>, [
  {<<"gleam_stdlib">>, [
    {<<"app">>, <<"gleam_stdlib">>},
    {<<"optional">>, false},
    {<<"requirement">>, <<">= 0.44.0 and < 2.0.0">>}
  ]}
]}.
{<<"files">>, [
  <<"gleam.toml">>,
  <<"` + strings.Join(append(listed, "src/wo\u0308rter/demo.gleam"), "\">>,\n  <<\"") + `">>
]}.
`
	return parcel{
		gnu: true, metadata: &metadata, contents: &contents,
		order: []string{"VERSION", "metadata.config", "contents.tar.gz", "CHECKSUM"},
	}
}

func TestOpenReadsGleam(t *testing.T) {
	name := "src/" + strings.Repeat("g", 120) + ".gleam"
	got, err := gleamParcel(name).open(t)
	if err != nil {
		t.Fatal(err)
	}
	want := []File{
		{Path: "gleam.toml", Size: 14, Mode: 0o644},
		{Path: name, Size: 17, Mode: 0o644},
		{Path: "src/wo\u0308rter/demo.gleam", Mode: 0o644},
	}
	if diff := cmp.Diff(want, got.Files); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if got := *got.Metadata.Description; got != "Wörter" {
		t.Errorf("description = %q, want UTF-8 read without /utf8", got)
	}
	if got, want := got.Metadata.Links, map[string]string{"Repository": "https://example.org/demo"}; !cmp.Equal(got, want) {
		t.Errorf("links = %v, want the last of two: %v", got, want)
	}
	want2 := []Requirement{{Name: "gleam_stdlib", App: "gleam_stdlib", Requirement: ">= 0.44.0 and < 2.0.0"}}
	if diff := cmp.Diff(want2, got.Metadata.Requirements); diff != "" {
		t.Errorf("requirements (-want +got):\n%s", diff)
	}
}

// On Windows gleam wrote backslashes into the list of files, where they are escapes.
func TestOpenReadsGleamOnWindows(t *testing.T) {
	if _, err := gleamParcel(`src\` + strings.Repeat("g", 120) + `.gleam`).open(t); err != nil {
		t.Fatal(err)
	}
}

// mix lists the directories it visits, even one of which nothing was packed.
func TestListedButMissingIsWarned(t *testing.T) {
	p := parcel{metadata: new(listing("mix.exs", "lib", "priv/"))}
	got, err := p.open(t)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"lib: listed in the metadata but not in the package",
		"priv: listed in the metadata but not in the package",
	}
	if diff := cmp.Diff(want, got.Warnings); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
}

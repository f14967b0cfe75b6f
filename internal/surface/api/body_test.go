package api

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hexhub/hex/name"
	"hexhub/hex/version"
	"hexhub/internal/feature/catalog"
)

// Whatever decodes is what encoding/json makes of it, and can be told in terms.
func FuzzDecodeJSON(f *testing.F) {
	for _, seed := range []string{`{"a":[1,null,true,"x"]}`, `[]`, `{"a":{"a":{}}}`, `"\ud800"`, `{"a":1,"a":2}`, `1e400`, ` {} `} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := decodeJSON(body)
		if err != nil {
			return
		}
		var want any
		if err := json.Unmarshal(body, &want); err != nil {
			t.Fatalf("%q decodes, but is no JSON: %v", body, err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%q: %s", body, d)
		}
		if _, err := termFormat.marshal(got); err != nil {
			t.Errorf("%q: %v", body, err)
		}
	})
}

// What people paste into their projects is data, whatever a publisher calls his application.
func TestConfigsCannotSmuggleCode(t *testing.T) {
	a := &api{Rooms: Rooms{Default: name.MustRepository("hexhub")}}
	for _, c := range []struct{ app, version, mix, rebar string }{
		{"foo", "1.2.3", `{:foo, "~> 1.2"}`, `{foo, "1.2.3"}`},
		{"foo", "0.2.3", `{:foo, "~> 0.2.3"}`, `{foo, "0.2.3"}`},
		{"foo", "2.0.0-rc.1", `{:foo, "~> 2.0.0-rc.1"}`, `{foo, "2.0.0-rc.1"}`},
		{"bar", "1.0.0", `{:bar, "~> 1.0", hex: :foo}`, `{bar, "1.0.0", {pkg, foo}}`},
		{`a"#{File.rm("b")}`, "1.0.0", `{:"a\"\#{File.rm(\"b\")}", "~> 1.0", hex: :foo}`, `{'a"#{File.rm("b")}', "1.0.0", {pkg, foo}}`},
		{`a', os:cmd("b"), 'c`, "1.0.0", `{:"a', os:cmd(\"b\"), 'c", "~> 1.0", hex: :foo}`, `{'a\', os:cmd("b"), \'c', "1.0.0", {pkg, foo}}`},
	} {
		got := a.presentConfigs(catalog.Release{
			Repository: a.Default, Package: name.MustPackage("foo"), Version: version.MustParse(c.version), App: c.app,
		})
		want := object{"mix.exs": c.mix, "rebar.config": c.rebar, "erlang.mk": "dep_foo = hex " + c.version}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s %s: %s", c.app, c.version, d)
		}
	}
}

package e2e

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"hexhub/hex/name"
	"hexhub/hex/registry"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/hubtest"
)

var update = flag.Bool("update", false, "write the golden files anew")

// fixed is a world of which every byte of the registry is known: the clock stands still at the beginning
// of 2000, and the key is hubtest's.
const fixed = `
user jose
user eva
org guild admin=jose
package hexhub/decimal owner=jose
release hexhub/decimal 1.9.0 retired="security:see GHSA-1"
release hexhub/decimal 2.0.0-rc.1
release hexhub/decimal 2.0.0 optional="jason ~> 1.0"
package hexhub/jason owner=eva
release hexhub/jason 1.4.1 requires="elsewhere >= 0.1.0 and < 3.0.0" retired=renamed
package guild/secret
release guild/secret 0.1.0 requires="decimal ~> 2.0" app=hush tool=rebar3
`

// fixedFiles derives the files of the fixed world. Time passes in a bubble only when nothing else happens.
func fixedFiles(t *testing.T) map[string]registry.File {
	t.Helper()
	files := map[string]registry.File{}
	synctest.Test(t, func(t *testing.T) {
		h := hubtest.World(t, fixed)
		for _, repository := range []string{"hexhub", "guild"} {
			r := name.MustRepository(repository)
			names, err := h.Index.Names(r, h.DB.Revision())
			if err != nil {
				t.Fatal(err)
			}
			versions, err := h.Index.Versions(r, h.DB.Revision())
			if err != nil {
				t.Fatal(err)
			}
			files[repository+"/names"], files[repository+"/versions"] = names.File, versions.File
		}
		for _, ref := range []catalog.Ref{
			{Repository: name.MustRepository("hexhub"), Name: name.MustPackage("decimal")},
			{Repository: name.MustRepository("hexhub"), Name: name.MustPackage("jason")},
			{Repository: name.MustRepository("guild"), Name: name.MustPackage("secret")},
		} {
			f, ok, err := h.Index.Package(ref)
			if err != nil || !ok {
				t.Fatalf("%s: there = %t, %v", ref, ok, err)
			}
			files[ref.Repository.String()+"/packages/"+ref.Name.String()] = f.File
		}
	})
	return files
}

// What is signed never changes by accident: the same facts make the same bytes in every version. Only a
// Go that compresses the tarballs of the world otherwise may change checksums, and with them these files.
func TestRegistryFilesAreGolden(t *testing.T) {
	for path, f := range fixedFiles(t) {
		payload, err := registry.Open(hubtest.Signer(t).Public(), f.Body)
		if err != nil {
			t.Fatal(err)
		}
		golden := filepath.Join("testdata", "registry", filepath.FromSlash(path)+".pb")
		if *update {
			if err := os.MkdirAll(filepath.Dir(golden), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(golden, payload, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(payload, want) {
			t.Errorf("%s has another payload than %s", path, golden)
		}
	}
}

// hex_core reads from those files what the world tells. This one, of 2022, does not know times.
func TestHexCoreReadsTheRegistry(t *testing.T) {
	t.Parallel()
	c, files := startHexCore(t), fixedFiles(t)
	pem, err := hubtest.Signer(t).Public().PEM()
	if err != nil {
		t.Fatal(err)
	}
	read := func(path, decode string, args ...any) any {
		signed := goBytes(t, c.call("zlib", "gunzip", erlangBytes(files[path].Body)))
		payload := goBytes(t, c.must("r3_hex_registry", "decode_and_verify_signed", erlangBytes(signed), string(pem)))
		return c.must("r3_hex_registry", decode, append([]any{erlangBytes(payload)}, args...)...)
	}
	type (
		m = map[string]any
		l = []any
	)
	for _, f := range []struct {
		path, decode string
		args         l
		want         any
	}{
		{"hexhub/names", "decode_names", l{"hexhub"}, l{m{"name": "decimal"}, m{"name": "jason"}}},
		{"hexhub/versions", "decode_versions", l{"hexhub"}, l{
			m{"name": "decimal", "versions": l{"1.9.0", "2.0.0-rc.1", "2.0.0"}, "retired": l{int64(0)}},
			m{"name": "jason", "versions": l{"1.4.1"}, "retired": l{int64(0)}},
		}},
		{"guild/versions", "decode_versions", l{"guild"}, l{m{"name": "secret", "versions": l{"0.1.0"}, "retired": l{}}}},
		{"hexhub/packages/decimal", "decode_package", l{"hexhub", "decimal"}, l{
			m{"version": "1.9.0", "dependencies": l{}, "retired": m{"reason": "RETIRED_SECURITY", "message": "see GHSA-1"}},
			m{"version": "2.0.0-rc.1", "dependencies": l{}},
			m{"version": "2.0.0", "dependencies": l{m{"package": "jason", "requirement": "~> 1.0", "optional": true}}},
		}},
		{"hexhub/packages/jason", "decode_package", l{"hexhub", "jason"}, l{
			m{"version": "1.4.1", "retired": m{"reason": "RETIRED_RENAMED"}, "dependencies": l{
				m{"package": "elsewhere", "requirement": ">= 0.1.0 and < 3.0.0", "repository": "hexpm"},
			}},
		}},
		{"guild/packages/secret", "decode_package", l{"guild", "secret"}, l{
			m{"version": "0.1.0", "dependencies": l{m{"package": "decimal", "requirement": "~> 2.0", "repository": "hexhub"}}},
		}},
	} {
		got := read(f.path, f.decode, f.args...)
		list, _ := got.([]any)
		for _, release := range list { // the golden files have the checksums
			if m, ok := release.(map[string]any); ok {
				delete(m, "inner_checksum")
				delete(m, "outer_checksum")
			}
		}
		if diff := cmp.Diff(f.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", f.path, diff)
		}
	}
	hexpm := c.call("r3_hex_core", "default_config").(map[string]any)["repo_public_key"]
	names := c.call("zlib", "gunzip", erlangBytes(files["hexhub/names"].Body))
	if why := c.refused("r3_hex_registry", "decode_and_verify_signed", names, hexpm); why != "unverified" {
		t.Errorf("with hex.pm's key: %v, want unverified", why)
	}
}

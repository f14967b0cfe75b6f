package world

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hexhub/hex/name"
	"hexhub/hex/tarball"
	"hexhub/hex/version"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/org"
	"hexhub/internal/feature/policy"
	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/limit"
	"hexhub/internal/kernel/store"
)

var hexhub = name.MustRepository("hexhub")

// emptyRooms are rooms in which nobody has been yet.
func emptyRooms(t *testing.T) Rooms {
	t.Helper()
	db, err := store.Open(t.Context(), store.NewMemory(), store.Options{},
		audit.Tables, limit.Tables, account.Tables, org.Tables, access.Tables, catalog.Tables, policy.Tables)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	accounts := account.New(db, account.Options{Cost: account.Cost{Memory: 64, Passes: 1, Lanes: 1}})
	r := Rooms{
		DB: db, Blobs: &blob.Memory{}, Repository: hexhub, Accounts: accounts, Orgs: org.New(db, org.Options{}),
		Access:  access.New(db, accounts, make([]byte, 32), access.Options{DefaultRepository: hexhub, ThingOf: catalog.ThingOf}),
		Catalog: catalog.New(db, catalog.Options{DefaultRepository: hexhub}),
	}
	if _, err := r.Orgs.EnsureDefault(t.Context(), hexhub); err != nil {
		t.Fatal(err)
	}
	return r
}

const small = `
# Facts come in any order.
release hexhub/decimal 2.1.0 requires="jason ~> 1.0" app=dec retired="security:see GHSA-1" description="Numbers" licenses="MIT, ISC"
release hexhub/decimal 2.0.0
package hexhub/decimal owner=jose maintainer=eva
release hexhub/jason 1.4.0 optional="decimal ~> 2.0"
package hexhub/jason owner=eva
package guild/secret
release guild/secret 1.0.0 requires="jason ~> 1.0, elsewhere >= 2.0.0 and < 3.0.0" docs
key jose ci permissions=api:write,repositories
key guild bot permissions=repository:guild
policy guild/strict public cooldown=7d severity=high deny="evil, worse" allow=jason
org guild admin=jose write=eva
user jose admin email=jose@valim.example password="a long passphrase"
user eva name="Eva Lind"
user max unverified
-- decimal-2.1.0/lib/dec.ex --
defmodule Dec do
end
-- guild/secret-1.0.0/src/secret.erl --
-module(secret).
`

func TestWorldIsBuiltWhateverTheOrder(t *testing.T) {
	facts, files, _ := strings.Cut(small, "-- ")
	lines := strings.SplitAfter(facts, "\n")
	backwards := slices.Clone(lines)
	slices.Reverse(backwards)
	for name, order := range map[string][]string{"as written": lines, "backwards": backwards} {
		t.Run(name, func(t *testing.T) {
			checkSmall(t, strings.Join(order, "")+"\n-- "+files)
		})
	}
}

func checkSmall(t *testing.T, text string) {
	t.Helper()
	r := emptyRooms(t)
	w, err := Build(t.Context(), r, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	v := r.DB.View()
	jose, err := r.Accounts.Login(t.Context(), "jose@valim.example", "a long passphrase", account.Origin{})
	if err != nil || !jose.Admin || !jose.Verified() {
		t.Errorf("jose logs in: %v; admin = %t, verified = %t", err, jose.Admin, jose.Verified())
	}
	eva, _ := account.ByName(v, "eva")
	if role := org.RoleOf(v, name.MustRepository("guild"), eva.ID); role != org.Write || eva.FullName != "Eva Lind" {
		t.Errorf("eva is %q, with role %q in guild", eva.FullName, role)
	}
	if max, ok := account.ByName(v, "max"); !ok || max.Verified() {
		t.Errorf("max: there = %t, verified = %t, want unverified", ok, max.Verified())
	}
	checkDecimal(t, r)
	checkSecret(t, r)
	strict, _ := policy.Get(v, name.MustRepository("guild"), "strict")
	if len(strict.Repositories) != 2 || strict.Repositories[0].Repository != hexhub || len(strict.Repositories[1].Overrides) != 3 || strict.Visibility != policy.Public {
		t.Errorf("policy = %+v", strict)
	}
	for text, want := range map[string]bool{"guild/secret 1.0.0": true, "hexhub/jason 1.4.0": false} {
		ref, ver, _ := strings.Cut(text, " ")
		in, pkg, _ := strings.Cut(ref, "/")
		rel, _ := catalog.GetRelease(v, catalog.Ref{Repository: name.MustRepository(in), Name: name.MustPackage(pkg)}, version.MustParse(ver))
		if rel.HasDocs() != want {
			t.Errorf("%s has documentation: %t", text, rel.HasDocs())
		}
	}
	for _, k := range []string{"jose/ci", "guild/bot"} {
		if len(w.Secrets[k]) != 32 {
			t.Errorf("secret of %s = %q", k, w.Secrets[k])
		}
	}
}

func checkDecimal(t *testing.T, r Rooms) {
	t.Helper()
	v := r.DB.View()
	ref := catalog.Ref{Repository: hexhub, Name: name.MustPackage("decimal")}
	p, _ := catalog.Get(v, ref)
	var levels []access.Level
	for _, o := range p.Owners {
		levels = append(levels, o.Level)
	}
	if diff := cmp.Diff([]access.Level{access.Full, access.Maintainer}, levels); diff != "" {
		t.Errorf("owners of decimal (-want +got):\n%s", diff)
	}
	rel, ok := catalog.GetRelease(v, ref, version.MustParse("2.1.0"))
	if !ok || rel.App != "dec" || len(rel.Requirements) != 1 || rel.Requirements[0].Repository != hexhub {
		t.Errorf("decimal 2.1.0 = %+v", rel)
	}
	if diff := cmp.Diff(&catalog.Retirement{Reason: catalog.Security, Message: "see GHSA-1"}, rel.Retirement); diff != "" {
		t.Errorf("retirement (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"lib/dec.ex"}, filesOf(t, r, rel)); diff != "" {
		t.Errorf("files of decimal 2.1.0 (-want +got):\n%s", diff)
	}
}

func checkSecret(t *testing.T, r Rooms) {
	t.Helper()
	ref := catalog.Ref{Repository: name.MustRepository("guild"), Name: name.MustPackage("secret")}
	rel, _ := catalog.GetRelease(r.DB.View(), ref, version.MustParse("1.0.0"))
	found := map[string]string{}
	for _, q := range rel.Requirements {
		found[q.Package.String()] = q.Repository.String()
	}
	if diff := cmp.Diff(map[string]string{"jason": "hexhub", "elsewhere": "hexpm"}, found); diff != "" {
		t.Errorf("requirements of secret (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"src/secret.erl"}, filesOf(t, r, rel)); diff != "" {
		t.Errorf("files of secret (-want +got):\n%s", diff)
	}
}

// Documentation that is written in a world is taken as it is, and none is made up beside it.
func TestDocsMayBeWritten(t *testing.T) {
	r := emptyRooms(t)
	text := "user jose\npackage hexhub/plug owner=jose\nrelease hexhub/plug 1.0.0\n-- plug-1.0.0:docs/index.html --\n<h1>Plug</h1>\n"
	if _, err := Build(t.Context(), r, []byte(text)); err != nil {
		t.Fatal(err)
	}
	rel, _ := catalog.GetRelease(r.DB.View(), catalog.Ref{Repository: hexhub, Name: name.MustPackage("plug")}, version.MustParse("1.0.0"))
	if !rel.HasDocs() {
		t.Fatal("plug has no documentation")
	}
	f, err := r.Blobs.Open(t.Context(), blob.Hash(rel.Docs.Hash))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var got []string
	if _, err := tarball.WalkDocs(f, f.Size(), func(f tarball.File, _ io.Reader) error { got = append(got, f.Path); return nil }); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"index.html"}, got); diff != "" {
		t.Errorf("pages (-want +got):\n%s", diff)
	}
}

// filesOf reads the release's tarball, which is kept under the checksum that its row tells.
func filesOf(t *testing.T, r Rooms, rel catalog.Release) []string {
	t.Helper()
	f, err := r.Blobs.Open(t.Context(), blob.Hash(rel.Outer))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	opened, err := tarball.Open(f, f.Size())
	if err != nil {
		t.Fatal(err)
	}
	return opened.Metadata.Files
}

// What is wrong is told with the line it is in, and before anything is done.
func TestErrorsNameTheLine(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"unknown verb", "user jose\nuzer eva", `line 2: "uzer" begins no line`},
		{"missing argument", "user", "line 1: user: NAME is missing; write: user NAME [admin]"},
		{"unknown attribute", "user jose emial=x", `line 1: user: "emial=x" does not belong here`},
		{"flag with a value", "user jose admin=yes", `"admin=yes" does not belong here`},
		{"attribute twice", "user jose name=a name=b", "name is there twice"},
		{"open quote", `user jose name="a`, `line 1: a " is never closed`},
		{"organization without admin", "org guild", "an organization needs an admin"},
		{"bad repository", "package A.B/x", `the repository "A.B"`},
		{"bad package", "package hexhub/X", `the package "X"`},
		{"no repository", "package decimal", `"decimal" is not written REPOSITORY/NAME`},
		{"package twice", "package hexhub/aa\npackage hexhub/aa", "line 2: package: hexhub/aa is in line 1 already"},
		{"bad version", "release hexhub/aa 1", `the version "1"`},
		{"bad requirement", `release hexhub/aa 1.0.0 requires="bb ~> x"`, `the requirement "~> x" of bb`},
		{"release of no package", "release hexhub/aa 1.0.0", "line 1: release: hexhub/aa has no package line"},
		{"file of no release", "-- aa-1.0.0/x --\n", `the file "aa-1.0.0/x" is in no release`},
		{"unknown owner", "package hexhub/aa owner=nemo\nrelease hexhub/aa 1.0.0", "line 2: release: there is no user nemo"},
		{"nobody may publish", "package hexhub/aa\nrelease hexhub/aa 1.0.0", "the package, in line 1, needs an owner"},
		{"unknown organization", "user jose\npackage guild/aa owner=jose\nrelease guild/aa 1.0.0", "line 3: release: there is no repository guild"},
		{"circle", "user jose\npackage hexhub/aa owner=jose\npackage hexhub/bb owner=jose\n" +
			`release hexhub/aa 1.0.0 requires="bb ~> 1.0"` + "\n" + `release hexhub/bb 1.0.0 requires="aa ~> 1.0"`, "line 4: release: hexhub/aa requires, through others, itself"},
		{"refused deed", "user jose\npackage hexhub/aa owner=jose\nrelease hexhub/aa 1.0.0 licenses=NONSENSE", "line 3: release:"},
		{"unknown permission", "user jose\nkey jose ci permissions=all", "line 2: key:"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Build(t.Context(), emptyRooms(t), []byte(c.text))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error = %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestDemoIsBuiltOnce(t *testing.T) {
	r := emptyRooms(t)
	if err := Demo(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	v := r.DB.View()
	public := 0
	for range catalog.In(v, hexhub) {
		public++
	}
	if public < 12 {
		t.Errorf("the demo has %d public packages, want a dozen", public)
	}
	// Nothing in it requires what it has not: somebody who tries it meets no missing package.
	for _, in := range []string{"hexhub", "guild", "northwind"} {
		for rel := range catalog.ReleasesIn(v, name.MustRepository(in)) {
			for _, q := range rel.Requirements {
				if _, ok := catalog.Get(v, q.Ref()); !ok {
					t.Errorf("%s %s requires %s, which is not there", rel.Ref(), rel.Version, q.Ref())
				}
			}
		}
	}
	if err := Demo(t.Context(), r); !errors.Is(err, ErrNotEmpty) {
		t.Errorf("a second demo: %v, want ErrNotEmpty", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(small))
	f.Add(demo)
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := parse(text, hexhub)
		if err != nil {
			return
		}
		for _, r := range s.releases { // what parses can be packed or refused, never crashes
			_ = r.metadata()
			_ = r.contents()
		}
	})
}

package index_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"hexhub/hex/name"
	"hexhub/hex/registry"
	"hexhub/hex/tarball"
	"hexhub/hex/version"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/index"
	"hexhub/internal/feature/policy"
	"hexhub/internal/kernel/store"
)

var (
	hexhub  = name.MustRepository("hexhub")
	acme    = name.MustRepository("acme_inc")
	decimal = catalog.Ref{Repository: hexhub, Name: name.MustPackage("decimal")}
	plug    = catalog.Ref{Repository: hexhub, Name: name.MustPackage("plug")}
	secret  = catalog.Ref{Repository: acme, Name: name.MustPackage("secret")}
	epoch   = time.Date(2026, 11, 24, 12, 0, 0, 123456000, time.UTC)
)

// The rows are written as catalog keeps them, without its rules: what may be published is not the
// index's business.
var (
	packageRows = catalog.Tables[0].(*store.Table[catalog.Package])
	releaseRows = catalog.Tables[1].(*store.Table[catalog.Release])
)

// signer is made once: the time it takes to find primes is no part of any test.
var signer = sync.OnceValue(func() *registry.Signer {
	s, err := registry.GenerateKey()
	if err != nil {
		panic(err)
	}
	return s
})

func open(t testing.TB, log store.Log) *store.DB {
	t.Helper()
	db, err := store.Open(context.Background(), log, store.Options{}, catalog.Tables, policy.Tables, index.Tables)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db
}

func newIndex(t testing.TB, db *store.DB, o index.Options) *index.Index {
	t.Helper()
	x, err := index.New(db, signer(), o)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func packageRow(ref catalog.Ref, updated time.Time) catalog.Package {
	return catalog.Package{ID: ref.Name.String(), Repository: ref.Repository, Name: ref.Name, InsertedAt: epoch, UpdatedAt: updated}
}

func releaseRow(ref catalog.Ref, v string) catalog.Release {
	return catalog.Release{
		ID: ref.String() + v, Repository: ref.Repository, Package: ref.Name, Version: version.MustParse(v),
		Inner: sum("inner " + v), Outer: sum("outer " + v), Size: 1, App: ref.Name.String(), InsertedAt: epoch,
	}
}

func sum(s string) tarball.Sum { return sha256.Sum256([]byte(s)) }

func update(t testing.TB, db *store.DB, fn func(*store.Tx)) {
	t.Helper()
	if err := db.Update(t.Context(), func(tx *store.Tx) error { fn(tx); return nil }); err != nil {
		t.Fatal(err)
	}
}

// publish writes releases of a package, which it updates at epoch.
func publish(t testing.TB, db *store.DB, ref catalog.Ref, releases ...catalog.Release) {
	t.Helper()
	update(t, db, func(tx *store.Tx) {
		packageRows.Put(tx, packageRow(ref, epoch))
		for _, r := range releases {
			releaseRows.Put(tx, r)
		}
	})
}

func readPackage(t testing.TB, x *index.Index, ref catalog.Ref) registry.Package {
	t.Helper()
	f, ok, err := x.Package(ref)
	if !ok || err != nil {
		t.Fatalf("Package(%s): found = %t, error = %v", ref, ok, err)
	}
	p, err := registry.ReadPackage(signer().Public(), f.Body, ref.Repository.String(), ref.Name.String())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func versionsOf(p registry.Package) []string {
	var out []string
	for _, r := range p.Releases {
		out = append(out, r.Version)
	}
	return out
}

func TestPackageTellsWhatWasPublished(t *testing.T) {
	db := open(t, store.NewMemory())
	first, retired := releaseRow(secret, "1.9.0"), releaseRow(secret, "1.10.0-rc.1")
	first.Requirements = []catalog.Requirement{
		{Package: name.MustPackage("decimal"), Repository: hexhub, Requirement: "~> 2.0", App: "decimal"},
		{Package: name.MustPackage("inner"), Repository: acme, Requirement: ">= 1.0.0", App: "innards", Optional: true},
		{Package: name.MustPackage("jason"), Repository: name.MustRepository("hexpm"), Requirement: "", App: "jason"},
	}
	retired.Retirement = &catalog.Retirement{Reason: catalog.Renamed, Message: "use other"}
	publish(t, db, secret, releaseRow(secret, "1.10.0"), retired, first)

	got := readPackage(t, newIndex(t, db, index.Options{}), secret)
	want := registry.Package{Repository: "acme_inc", Name: "secret", Releases: []registry.Release{
		{
			Version: "1.9.0", InnerChecksum: sum("inner 1.9.0"), OuterChecksum: sum("outer 1.9.0"), PublishedAt: epoch,
			Dependencies: []registry.Dependency{
				{Package: "inner", Requirement: ">= 1.0.0", Optional: true, App: "innards"},
				{Package: "decimal", Requirement: "~> 2.0", Repository: "hexhub"},
				{Package: "jason", Requirement: ">= 0.0.0", Repository: "hexpm"},
			},
		},
		{
			Version: "1.10.0-rc.1", InnerChecksum: sum("inner 1.10.0-rc.1"), OuterChecksum: sum("outer 1.10.0-rc.1"), PublishedAt: epoch,
			Retirement: &registry.Retirement{Reason: registry.ReasonRenamed, Message: "use other"},
		},
		{Version: "1.10.0", InnerChecksum: sum("inner 1.10.0"), OuterChecksum: sum("outer 1.10.0"), PublishedAt: epoch},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("package (-want +got):\n%s", diff)
	}
}

func TestPackageWithoutReleasesHasNoFile(t *testing.T) {
	db := open(t, store.NewMemory())
	update(t, db, func(tx *store.Tx) { packageRows.Put(tx, packageRow(plug, epoch)) })
	x := newIndex(t, db, index.Options{})
	for _, ref := range []catalog.Ref{plug, decimal} {
		if _, ok, err := x.Package(ref); ok || err != nil {
			t.Errorf("Package(%s): found = %t, error = %v", ref, ok, err)
		}
	}
}

// A client that has just published must see its release, however lately the file was made.
func TestPackageIsNeverStale(t *testing.T) {
	db := open(t, store.NewMemory())
	x := newIndex(t, db, index.Options{})
	for i := range 20 {
		v := fmt.Sprintf("1.%d.0", i)
		publish(t, db, decimal, releaseRow(decimal, v))
		if got := versionsOf(readPackage(t, x, decimal)); len(got) != i+1 || got[i] != v {
			t.Fatalf("after publishing %s: versions = %v", v, got)
		}
	}
	update(t, db, func(tx *store.Tx) {
		for i := range 20 {
			releaseRows.Delete(tx, releaseRows.Key(releaseRow(decimal, fmt.Sprintf("1.%d.0", i))))
		}
		packageRows.Delete(tx, decimal.Key())
	})
	if _, ok, _ := x.Package(decimal); ok {
		t.Error("the package has a file after it was reverted")
	}
}

func TestFileIsKeptWhileNothingItTellsChanges(t *testing.T) {
	db := open(t, store.NewMemory())
	x := newIndex(t, db, index.Options{})
	publish(t, db, decimal, releaseRow(decimal, "1.0.0"))
	before, _, _ := x.Package(decimal)
	for i := range 5 {
		publish(t, db, secret, releaseRow(secret, fmt.Sprintf("1.%d.0", i)))
	}
	after, _, _ := x.Package(decimal)
	if &before.Body[0] != &after.Body[0] {
		t.Error("the file was made anew although only another repository changed")
	}
}

// All nodes name equal files alike, so that a client may ask any of them.
func TestNodesDeriveEqualFiles(t *testing.T) {
	log := store.NewMemory()
	a, b := open(t, log), open(t, log)
	publish(t, a, decimal, releaseRow(decimal, "1.0.0"), releaseRow(decimal, "2.0.0"))
	if err := b.WaitFor(t.Context(), a.Revision()); err != nil {
		t.Fatal(err)
	}
	fa, _, _ := newIndex(t, a, index.Options{}).Package(decimal)
	fb, _, _ := newIndex(t, b, index.Options{}).Package(decimal)
	if diff := cmp.Diff(fa, fb); diff != "" {
		t.Errorf("files of two nodes differ:\n%s", diff)
	}
}

func readVersions(t testing.TB, x *index.Index, repository name.Repository, since store.Revision) map[string]string {
	t.Helper()
	f, err := x.Versions(repository, since)
	if err != nil {
		t.Fatal(err)
	}
	vs, err := registry.ReadVersions(signer().Public(), f.Body, repository.String())
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, p := range vs.Packages {
		var texts []string
		for _, v := range p.Versions {
			if v.Retired {
				v.Version += "!"
			}
			texts = append(texts, v.Version)
		}
		out[p.Name] = strings.Join(texts, " ")
	}
	return out
}

func readNames(t testing.TB, x *index.Index, repository name.Repository, since store.Revision) []registry.NamesEntry {
	t.Helper()
	f, err := x.Names(repository, since)
	if err != nil {
		t.Fatal(err)
	}
	n, err := registry.ReadNames(signer().Public(), f.Body, repository.String())
	if err != nil {
		t.Fatal(err)
	}
	return n.Packages
}

// Whatever happens to one package, the list is as if it had been read anew.
func TestListsFollowEveryChange(t *testing.T) {
	db := open(t, store.NewMemory())
	x := newIndex(t, db, index.Options{})
	retired := releaseRow(decimal, "1.10.0")
	retired.Retirement = &catalog.Retirement{Reason: catalog.Security}
	steps := []struct {
		name   string
		change func(*store.Tx)
		want   map[string]string
	}{
		{"nothing", func(*store.Tx) {}, map[string]string{}},
		{"publish", func(tx *store.Tx) {
			packageRows.Put(tx, packageRow(decimal, epoch))
			releaseRows.Put(tx, releaseRow(decimal, "1.10.0"))
			releaseRows.Put(tx, releaseRow(decimal, "1.9.0"))
		}, map[string]string{"decimal": "1.9.0 1.10.0"}},
		{"another package", func(tx *store.Tx) {
			packageRows.Put(tx, packageRow(plug, epoch))
			releaseRows.Put(tx, releaseRow(plug, "0.1.0"))
		}, map[string]string{"decimal": "1.9.0 1.10.0", "plug": "0.1.0"}},
		{"retire, the package's row untouched", func(tx *store.Tx) {
			releaseRows.Put(tx, retired)
		}, map[string]string{"decimal": "1.9.0 1.10.0!", "plug": "0.1.0"}},
		{"another repository", func(tx *store.Tx) {
			packageRows.Put(tx, packageRow(secret, epoch))
			releaseRows.Put(tx, releaseRow(secret, "6.6.6"))
		}, map[string]string{"decimal": "1.9.0 1.10.0!", "plug": "0.1.0"}},
		{"revert a release", func(tx *store.Tx) {
			releaseRows.Delete(tx, releaseRows.Key(releaseRow(decimal, "1.9.0")))
		}, map[string]string{"decimal": "1.10.0!", "plug": "0.1.0"}},
		{"revert a package", func(tx *store.Tx) {
			releaseRows.Delete(tx, releaseRows.Key(releaseRow(plug, "0.1.0")))
			packageRows.Delete(tx, plug.Key())
		}, map[string]string{"decimal": "1.10.0!"}},
	}
	for _, s := range steps {
		update(t, db, s.change)
		if diff := cmp.Diff(s.want, readVersions(t, x, hexhub, db.Revision())); diff != "" {
			t.Fatalf("versions after %q (-want +got):\n%s", s.name, diff)
		}
		var names []string
		for _, n := range readNames(t, x, hexhub, db.Revision()) {
			names = append(names, n.Name)
		}
		var want []string
		for n := range s.want {
			want = append(want, n)
		}
		slices.Sort(want)
		if !slices.Equal(names, want) {
			t.Fatalf("names after %q = %v, want %v", s.name, names, want)
		}
	}
}

func TestNamesTellWhenPackagesChanged(t *testing.T) {
	db := open(t, store.NewMemory())
	publish(t, db, decimal, releaseRow(decimal, "1.0.0"))
	later := epoch.Add(time.Hour)
	update(t, db, func(tx *store.Tx) {
		packageRows.Put(tx, packageRow(plug, later))
		releaseRows.Put(tx, releaseRow(plug, "1.0.0"))
	})
	x := newIndex(t, db, index.Options{})
	want := []registry.NamesEntry{{Name: "decimal", UpdatedAt: epoch}, {Name: "plug", UpdatedAt: later}}
	if diff := cmp.Diff(want, readNames(t, x, hexhub, 0)); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	if f, _ := x.Names(hexhub, 0); !f.Modified.Equal(later) {
		t.Errorf("Modified = %v, want %v", f.Modified, later)
	}
}

// A burst of publishes costs a few lists, but nobody waits longer than the lull, and who knows of a
// later revision does not wait at all.
func TestListsRestBetweenChanges(t *testing.T) {
	signer() // outside the bubble
	synctest.Test(t, func(t *testing.T) {
		db := open(t, store.NewMemory())
		x := newIndex(t, db, index.Options{})
		publish(t, db, decimal, releaseRow(decimal, "1.0.0"))
		lists := func(since store.Revision) string { return readVersions(t, x, hexhub, since)["decimal"] }
		if got := lists(0); got != "1.0.0" {
			t.Fatalf("versions = %q", got)
		}
		publish(t, db, decimal, releaseRow(decimal, "2.0.0"))
		time.Sleep(199 * time.Millisecond)
		if got := lists(0); got != "1.0.0" {
			t.Errorf("within the lull versions = %q", got)
		}
		if got := lists(db.Revision()); got != "1.0.0 2.0.0" {
			t.Errorf("versions at the revision just made = %q", got)
		}
		publish(t, db, decimal, releaseRow(decimal, "3.0.0"))
		time.Sleep(200 * time.Millisecond)
		if got := lists(0); got != "1.0.0 2.0.0 3.0.0" {
			t.Errorf("after the lull versions = %q", got)
		}
	})
}

func TestCrowdCostsOneSignature(t *testing.T) {
	db := open(t, store.NewMemory())
	x := newIndex(t, db, index.Options{})
	publish(t, db, decimal, releaseRow(decimal, "1.0.0"))
	var crowd sync.WaitGroup
	bodies := make([]*byte, 32)
	for i := range bodies {
		crowd.Go(func() {
			if f, ok, err := x.Package(decimal); ok && err == nil {
				bodies[i] = &f.Body[0]
			}
		})
	}
	crowd.Wait()
	for i, b := range bodies {
		if b == nil || b != bodies[0] {
			t.Fatalf("caller %d got a file of his own", i)
		}
	}
}

func TestReadersAndWritersMeet(t *testing.T) {
	db := open(t, store.NewMemory())
	x := newIndex(t, db, index.Options{CacheBytes: 4 << 10})
	refs := []catalog.Ref{decimal, plug, secret}
	for _, ref := range refs {
		publish(t, db, ref, releaseRow(ref, "0.0.1"))
	}
	var wg sync.WaitGroup
	for i, ref := range refs {
		wg.Go(func() {
			for n := range 20 {
				publish(t, db, ref, releaseRow(ref, fmt.Sprintf("1.%d.0", n)))
				if got := versionsOf(readPackage(t, x, ref)); len(got) != n+2 {
					t.Errorf("%s after %d publishes: versions = %v", ref, n+1, got)
				}
			}
		})
		wg.Go(func() {
			for range 20 {
				readPackage(t, x, refs[(i+1)%len(refs)])
				readVersions(t, x, ref.Repository, db.Revision())
			}
		})
	}
	wg.Wait()
}

func TestMemoryIsBounded(t *testing.T) {
	db := open(t, store.NewMemory())
	var refs []catalog.Ref
	for i := range 40 {
		ref := catalog.Ref{Repository: hexhub, Name: name.MustPackage(fmt.Sprintf("pkg%d", i))}
		publish(t, db, ref, releaseRow(ref, "1.0.0"))
		refs = append(refs, ref)
	}
	x := newIndex(t, db, index.Options{CacheBytes: 16 << 10}) // about ten files
	body := func(ref catalog.Ref) *byte {
		f, ok, err := x.Package(ref)
		if !ok || err != nil {
			t.Fatalf("Package(%s): found = %t, error = %v", ref, ok, err)
		}
		return &f.Body[0]
	}
	favourite := body(refs[0])
	for _, ref := range refs[1:] {
		body(ref)
		if body(refs[0]) != favourite {
			t.Fatalf("the file asked for all the time was let go of before others, at %s", ref)
		}
	}
	second := body(refs[39])
	if body(refs[39]) != second {
		t.Error("the file asked for last was not kept")
	}
	for range 2 {
		for _, ref := range refs[1:] {
			body(ref)
		}
	}
	if body(refs[0]) == favourite {
		t.Error("a file that was not asked for is kept although others fill the memory")
	}
}

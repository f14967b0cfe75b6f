package search_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"hexhub/hex/name"
	"hexhub/hex/version"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/org"
	"hexhub/internal/feature/search"
	"hexhub/internal/feature/stats"
	"hexhub/internal/kernel/store"
)

var (
	hexhub = name.MustRepository("hexhub")
	guild  = name.MustRepository("guild")
	mill   = name.MustRepository("mill")
	epoch  = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

	packageRows = catalog.Tables[0].(*store.Table[catalog.Package])
	releaseRows = catalog.Tables[1].(*store.Table[catalog.Release])
	totalRows   = stats.Tables[0].(*store.Table[stats.DownloadTotal])

	public  = []org.Repository{{Name: hexhub, Public: true}}
	members = []org.Repository{{Name: hexhub, Public: true}, {Name: guild, Org: guild}}
)

func open(t testing.TB) *store.DB {
	t.Helper()
	db, err := store.Open(context.Background(), store.NewMemory(), store.Options{}, catalog.Tables, stats.Tables)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db
}

type fataler interface{ Fatal(args ...any) }

func update(t fataler, db *store.DB, write func(*store.Tx)) {
	if err := db.Update(context.Background(), func(tx *store.Tx) error { write(tx); return nil }); err != nil {
		t.Fatal(err)
	}
}

// A change makes of a plain package what a test is about.
type change func(*catalog.Package, *catalog.Release, *stats.DownloadTotal)

func about(words string) change {
	return func(p *catalog.Package, _ *catalog.Release, _ *stats.DownloadTotal) { p.Meta.Description = &words }
}

func downloaded(n int64) change {
	return func(_ *catalog.Package, _ *catalog.Release, d *stats.DownloadTotal) {
		d.Total, d.Days = n, stats.Days{{Date: stats.Today() - 3, Count: n}}
	}
}

func retired(_ *catalog.Package, r *catalog.Release, _ *stats.DownloadTotal) {
	r.Retirement = &catalog.Retirement{Reason: catalog.Deprecated}
}

func documented(p *catalog.Package, r *catalog.Release, _ *stats.DownloadTotal) {
	r.Docs, p.DocsUpdatedAt = &catalog.Docs{}, epoch
}

func licensed(licenses ...string) change {
	return func(p *catalog.Package, _ *catalog.Release, _ *stats.DownloadTotal) { p.Meta.Licenses = licenses }
}

func built(tools ...string) change {
	return func(p *catalog.Package, _ *catalog.Release, _ *stats.DownloadTotal) { p.Summary.BuildTools = tools }
}

func needs(refs ...string) change {
	return func(p *catalog.Package, _ *catalog.Release, _ *stats.DownloadTotal) { p.Summary.Depends = refs }
}

func updated(days int) change {
	return func(p *catalog.Package, _ *catalog.Release, _ *stats.DownloadTotal) {
		p.UpdatedAt = epoch.AddDate(0, 0, days)
	}
}

// putTx writes REPOSITORY/NAME, or NAME in the default repository.
func putTx(tx *store.Tx, ref string, changes ...change) {
	p, r, d := rows(ref, changes...)
	packageRows.Put(tx, p)
	releaseRows.Put(tx, r)
	if d.Total > 0 {
		totalRows.Put(tx, d)
	}
}

func rows(ref string, changes ...change) (catalog.Package, catalog.Release, stats.DownloadTotal) {
	in, n, ok := strings.Cut(ref, "/")
	if !ok {
		in, n = "hexhub", ref
	}
	repository, pkg, one := name.MustRepository(in), name.MustPackage(n), version.MustParse("1.0.0")
	p := catalog.Package{
		ID: ref, Repository: repository, Name: pkg, InsertedAt: epoch, UpdatedAt: epoch,
		Summary: catalog.Summary{Latest: one, Stable: one, BuildTools: []string{"mix"}},
	}
	r := catalog.Release{Repository: repository, Package: pkg, Version: one}
	d := stats.DownloadTotal{Repository: repository, Package: pkg}
	for _, c := range changes {
		c(&p, &r, &d)
	}
	return p, r, d
}

// world has one package a line: REPOSITORY/NAME, and perhaps : and a description.
func world(t testing.TB, write func(tx *store.Tx)) (*store.DB, *search.Index) {
	t.Helper()
	db := open(t)
	update(t, db, write)
	return db, search.New(db, search.Options{Default: hexhub})
}

func typed(text string) search.Query {
	return search.Query{In: public, Search: catalog.ParseSearch(text)}
}

func names(hits []search.Hit) string {
	var out []string
	for _, h := range hits {
		if h.Repository == hexhub {
			out = append(out, h.Name.String())
		} else {
			out = append(out, h.Ref().String())
		}
	}
	return strings.Join(out, " ")
}

func TestRank(t *testing.T) {
	_, x := world(t, func(tx *store.Tx) {
		putTx(tx, "phoenix", about("Peace of mind from prototype to production"), downloaded(1_000_000))
		putTx(tx, "phoenix_html", about("View helpers"), downloaded(500_000))
		putTx(tx, "phoenix_live_view", about("Rich, real-time experiences with server-rendered HTML"), downloaded(400_000))
		putTx(tx, "phoenix_old", about("Gone"), downloaded(400_001), retired)
		putTx(tx, "absinthe_phoenix", about("Subscriptions"), downloaded(100))
		putTx(tx, "live_phoenix", downloaded(1))
		putTx(tx, "euphoenixa", downloaded(5))
		putTx(tx, "plug", about("Compose web applications, as Phoenix does"), downloaded(10))
		putTx(tx, "jason", about("A blazing fast JSON parser and generator in pure Elixir"), downloaded(2_000_000))
		putTx(tx, "json", downloaded(10))
		putTx(tx, "json_corpus", downloaded(0))
		putTx(tx, "tiny_json")
		putTx(tx, "parse_trans", about("Parse transform utilities"))
		putTx(tx, "yes", about("Parsing of arguments in the test"))
	})
	for _, c := range []struct{ typed, want string }{
		{"phoenix", "phoenix phoenix_html phoenix_live_view phoenix_old absinthe_phoenix live_phoenix euphoenixa plug"},
		{"Phoenix.LiveView", "phoenix_live_view"},
		{"phoenix live view", "phoenix_live_view"},
		{"phoenixliveview", "phoenix_live_view"},
		{"live pho", "phoenix_live_view live_phoenix"}, // popularity climbs a step
		{"html", "phoenix_html phoenix_live_view"},
		{"html server", "phoenix_live_view"},
		{"json", "json json_corpus tiny_json jason"},
		{"j", "jason json json_corpus tiny_json"},
		{"parsing", "parse_trans yes"},
		{"the test", "yes"},
		{"oenix", "phoenix phoenix_html phoenix_live_view phoenix_old absinthe_phoenix euphoenixa live_phoenix"},
		{"elephant", ""},
		{"phoenix elephant", ""},
		{"!!!", ""},
	} {
		if got := names(x.Find(typed(c.typed)).Hits); got != c.want {
			t.Errorf("%q finds %s\nwant %s", c.typed, got, c.want)
		}
	}
}

func TestCloseNamesAreOfferedWhenNothingIsFound(t *testing.T) {
	_, x := world(t, func(tx *store.Tx) {
		for _, n := range []string{"phoenix", "phoenix_html", "ecto", "ecto_sql", "jason", "json", "plug", "guild/pheonix"} {
			putTx(tx, n)
		}
		putTx(tx, "jsone", downloaded(10))
	})
	for _, c := range []struct{ typed, want string }{
		{"pheonix", "phoenix"},
		{"Pheonix HTML", "phoenix_html"},
		{"ecot", "ecto"},
		{"jsom", "json"},
		{"jsoon", "json jsone jason"}, // one letter before two, then downloads
		{"xylophone", ""},
		{"plug", ""}, // found
		{"x", ""},
	} {
		if got := names(x.Find(typed(c.typed)).Close); got != c.want {
			t.Errorf("%q is close to %s, want %s", c.typed, got, c.want)
		}
	}
}

func TestFilters(t *testing.T) {
	_, x := world(t, func(tx *store.Tx) {
		putTx(tx, "aa", licensed("MIT"), documented, needs("hexhub/jason"), downloaded(3))
		putTx(tx, "bb", licensed("Apache-2.0", "MIT"), built("rebar3"), updated(9), downloaded(2))
		putTx(tx, "cc", built("gleam", "mix"), retired, updated(3), downloaded(1))
		putTx(tx, "guild/dd", licensed("mit"), updated(10))
	})
	for _, c := range []struct {
		name string
		q    search.Query
		want string
	}{
		{"all", typed(""), "aa bb cc"},
		{"a member", search.Query{In: members}, "aa bb cc guild/dd"},
		{"tool", typed("build_tool:rebar3"), "bb"},
		{"depends", typed("depends:jason"), "aa"},
		{"updated after", typed("updated_after:2026-01-04T00:00:00Z"), "bb cc"},
		{"name", typed("name:*b"), "bb"},
		{"license in any case", search.Query{In: members, License: "MIT"}, "aa bb guild/dd"},
		{"docs", search.Query{In: public, Docs: true}, "aa"},
		{"retired only", search.Query{In: public, Retired: search.OnlyRetired}, "cc"},
		{"not retired", search.Query{In: public, Retired: search.NotRetired}, "aa bb"},
		{"private", search.Query{In: members, Visibility: search.Private}, "guild/dd"},
		{"public", search.Query{In: members, Visibility: search.Public}, "aa bb cc"},
		{"repository", search.Query{In: members, Repository: guild}, "guild/dd"},
		{"repository that one may not read", search.Query{In: public, Repository: guild}, ""},
		{"repository before the name", search.Query{In: members, Search: catalog.ParseSearch("guild/d")}, "guild/dd"},
		{"another before the name", search.Query{In: members, Search: catalog.ParseSearch("hexhub/dd")}, ""},
		{"by name", search.Query{In: public, Sort: catalog.ByName}, "aa bb cc"},
		{"by update", search.Query{In: members, Sort: catalog.ByUpdated}, "guild/dd bb cc aa"},
		{"by all downloads", search.Query{In: members, Sort: catalog.ByTotalDownloads}, "aa bb cc guild/dd"},
		{"page", search.Query{In: members, Sort: catalog.ByName, Page: 2, PerPage: 3}, "guild/dd"},
		{"page beyond the last", search.Query{In: members, Page: 1 << 62, PerPage: 3}, ""},
	} {
		if got := names(x.Find(c.q).Hits); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	got := x.Find(search.Query{In: members, Search: catalog.ParseSearch("build_tool:mix"), Docs: true, Count: true}).Choices
	want := search.Choices{
		Tools:        []search.Choice{{"mix", 1}},
		Licenses:     []search.Choice{{"MIT", 1}},
		Repositories: []search.Choice{{"hexhub", 1}},
		Public:       1, Docs: 1, NotRetired: 1,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("choices of what is built with mix and has documentation (-want +got):\n%s", diff)
	}
	got = x.Find(search.Query{In: members, Search: catalog.ParseSearch("build_tool:rebar3"), Count: true}).Choices
	if want := []search.Choice{{"mix", 3}, {"gleam", 1}, {"rebar3", 1}}; !slices.Equal(got.Tools, want) {
		t.Errorf("tools to choose instead of rebar3 = %v, want %v", got.Tools, want)
	}
}

func TestWhatWasPublishedIsFoundAtOnce(t *testing.T) {
	db, x := world(t, func(tx *store.Tx) { putTx(tx, "plug") })
	check := func(when, typedText, want string) {
		t.Helper()
		if got := names(x.Find(typed(typedText)).Hits); got != want {
			t.Errorf("%s, %q finds %q, want %q", when, typedText, got, want)
		}
	}
	check("at first", "decimal", "")
	update(t, db, func(tx *store.Tx) { putTx(tx, "decimal", about("Numbers")) })
	check("published", "decimal", "decimal")
	check("published", "numbers", "decimal")
	update(t, db, func(tx *store.Tx) { putTx(tx, "decimal", about("Arithmetic")) })
	check("described anew", "numbers", "")
	check("described anew", "arithmetic", "decimal")
	update(t, db, func(tx *store.Tx) { putTx(tx, "decimal", about("Arithmetic"), retired) })
	if hits := x.Find(typed("decimal")).Hits; len(hits) != 1 || !hits[0].Retired {
		t.Errorf("after it was retired = %v, want it retired", hits)
	}
	update(t, db, func(tx *store.Tx) { packageRows.Delete(tx, "hexhub/decimal") })
	check("reverted", "decimal", "")
	check("reverted", "arithmetic", "")
	check("reverted", "plug", "plug")
}

func TestRunKeepsUpWithoutBeingAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db, x := world(t, func(tx *store.Tx) { putTx(tx, "plug") })
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { _ = x.Run(ctx) })
		time.Sleep(time.Second)
		update(t, db, func(tx *store.Tx) { putTx(tx, "jason"); putTx(tx, "bandit") })
		time.Sleep(time.Second)
		if !x.IsCurrent() {
			t.Error("a second after a publish the index is still as it was")
		}
		update(t, db, func(tx *store.Tx) { putTx(tx, "jason", downloaded(3)) })
		time.Sleep(time.Minute)
		if got := names(x.Find(typed("")).Hits); got != "jason bandit plug" {
			t.Errorf("a minute after downloads = %s, want jason first", got)
		}
		stop()
		running.Wait()
	})
}

var pool = struct{ refs, words, typed []string }{
	refs: []string{
		"phoenix", "phoenix_html", "phoenix_live_view", "ecto", "ecto_sql", "jason", "json",
		"guild/phoenix", "guild/ecto_secret", "guild/vault", "mill/phoenix_mill", "mill/jsn", "mill/ec",
	},
	words: []string{"json", "parser", "fast", "web", "the", "secret", "phoenix", "live", "parsing", "vault"},
	typed: []string{"", "p", "ph", "phoenix", "pheonix", "ecto", "ecto sql", "jsn", "json", "live view", "vault", "vautl", "guild/v", "guild/", "secret", "parse", "e", "name:*o*", "depends:jason"},
}

// drawn writes a package or removes it, as chance has it.
func drawn(t *rapid.T, ref string) func(*store.Tx) {
	if rapid.IntRange(0, 4).Draw(t, "remove") == 0 {
		p, r, _ := rows(ref)
		return func(tx *store.Tx) {
			packageRows.Delete(tx, packageRows.Key(p))
			releaseRows.Delete(tx, releaseRows.Key(r))
		}
	}
	changes := []change{
		about(strings.Join(rapid.SliceOfN(rapid.SampledFrom(pool.words), 0, 6).Draw(t, "description"), " ")),
		downloaded(rapid.Int64Range(0, 1000).Draw(t, "downloads")),
		built(rapid.SampledFrom([]string{"mix", "rebar3", "gleam"}).Draw(t, "tool")),
		licensed(rapid.SampledFrom([]string{"MIT", "Apache-2.0"}).Draw(t, "license")),
	}
	if rapid.Bool().Draw(t, "retired") {
		changes = append(changes, retired)
	}
	return func(tx *store.Tx) { putTx(tx, ref, changes...) }
}

func drawnQuery(t *rapid.T, in []org.Repository) search.Query {
	return search.Query{
		In: in, Search: catalog.ParseSearch(rapid.SampledFrom(pool.typed).Draw(t, "typed")), Count: true,
		Sort:    rapid.SampledFrom([]catalog.Sort{"", catalog.ByName, catalog.ByRecentDownloads}).Draw(t, "sort"),
		PerPage: rapid.IntRange(1, 8).Draw(t, "per page"), Page: rapid.IntRange(1, 3).Draw(t, "page"),
		Retired: rapid.SampledFrom([]search.Retired{"", search.NotRetired}).Draw(t, "retired"),
	}
}

// same reports how two answers differ.
func same(a, b search.Found) string {
	return cmp.Diff(a, b, cmpopts.IgnoreUnexported(search.Entry{}, search.Downloads{}), cmpopts.EquateEmpty(),
		cmp.Comparer(func(a, b catalog.Package) bool { return a.ID == b.ID }),
		cmp.Comparer(func(a, b version.Version) bool { return a == b }))
}

// An index that followed the rows answers what one made from them does, whatever happened.
func TestFollowingIsMakingAnew(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		db, err := store.Open(context.Background(), store.NewMemory(), store.Options{}, catalog.Tables, stats.Tables)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		followed := search.New(db, search.Options{Default: hexhub})
		in := append(slices.Clone(members), org.Repository{Name: mill, Org: mill})
		for range rapid.IntRange(1, 15).Draw(t, "steps") {
			update(t, db, drawn(t, rapid.SampledFrom(pool.refs).Draw(t, "ref")))
			if rapid.Bool().Draw(t, "ask") {
				followed.Find(search.Query{In: in})
			}
		}
		followed.Find(search.Query{In: in})
		followed.Recount()
		q := drawnQuery(t, in)
		if diff := same(search.New(db, search.Options{Default: hexhub}).Find(q), followed.Find(q)); diff != "" {
			t.Fatalf("%+v (-made anew +followed):\n%s", q, diff)
		}
	})
}

// L2, L3: what one may not read changes nothing in what one sees: neither hits nor order, counts, choices or
// names that are offered.
func TestL2WhatOneMayNotReadChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		write := func(keep func(ref string) bool, refs []string, deeds []func(*store.Tx)) *search.Index {
			db, err := store.Open(context.Background(), store.NewMemory(), store.Options{}, catalog.Tables, stats.Tables)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(db.Close)
			for i, ref := range refs {
				if keep(ref) {
					update(t, db, deeds[i])
				}
			}
			return search.New(db, search.Options{Default: hexhub})
		}
		refs := rapid.SliceOfN(rapid.SampledFrom(pool.refs), 1, 15).Draw(t, "refs")
		var deeds []func(*store.Tx)
		for _, ref := range refs {
			deeds = append(deeds, drawn(t, ref))
		}
		all := write(func(string) bool { return true }, refs, deeds)
		without := write(func(ref string) bool { return !strings.HasPrefix(ref, "mill/") }, refs, deeds)
		for _, in := range [][]org.Repository{public, members} {
			q := drawnQuery(t, in)
			if diff := same(without.Find(q), all.Find(q)); diff != "" {
				t.Fatalf("%+v (-without what is secret +with it):\n%s", q, diff)
			}
		}
	})
}

// Whoever types the name of a package has it first, whatever the order.
func TestExactNameIsFirst(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		db, err := store.Open(context.Background(), store.NewMemory(), store.Options{}, catalog.Tables, stats.Tables)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		n := rapid.StringMatching(`[a-c][a-c_]{1,4}`)
		refs := rapid.SliceOfNDistinct(n, 1, 12, rapid.ID).Draw(t, "names")
		update(t, db, func(tx *store.Tx) {
			for _, ref := range refs {
				putTx(tx, ref, about(strings.Join(refs, " ")), downloaded(rapid.Int64Range(0, 1_000_000).Draw(t, "downloads")))
			}
		})
		want := rapid.SampledFrom(refs).Draw(t, "typed")
		q := typed(want)
		q.Sort = rapid.SampledFrom([]catalog.Sort{"", catalog.ByName, catalog.ByRecentDownloads, catalog.ByUpdated}).Draw(t, "sort")
		found := search.New(db, search.Options{Default: hexhub}).Find(q)
		first := slices.IndexFunc(found.Hits, func(h search.Hit) bool { return h.Name.String() == want })
		if first < 0 || first >= found.Exact || q.Sort == "" && first > 0 {
			t.Fatalf("%s finds %s, the first %d exact", want, names(found.Hits), found.Exact)
		}
	})
}

func TestMark(t *testing.T) {
	for _, c := range []struct{ pkg, typed, want string }{
		{"phoenix_live_view", "live", "phoenix_[live]_view"},
		{"phoenix_live_view", "LiveView", "phoenix_[live_view]"},
		{"phoenix_live_view", "nixli", "phoe[nix_li]ve_view"},
		{"phoenix_live_view", "view rich", "phoenix_live_[view]"},
		{"phoenix", "json", "phoenix"},
		{"phoenix", "", "phoenix"},
	} {
		from, to := search.Mark(c.pkg, c.typed)
		got := c.pkg
		if to > 0 {
			got = c.pkg[:from] + "[" + c.pkg[from:to] + "]" + c.pkg[to:]
		}
		if got != c.want {
			t.Errorf("%q in %s: %s, want %s", c.typed, c.pkg, got, c.want)
		}
	}
}

func FuzzFind(f *testing.F) {
	for _, s := range []string{"", "phoenix", "a/b/c", "/", "_", "é", "\xff", `name:"a b" c`, "Phoenix.LiveView", strings.Repeat("a", 300), strings.Repeat("a ", 300), "the", "K"} {
		f.Add(s)
	}
	_, x := world(f, func(tx *store.Tx) {
		putTx(tx, "phoenix", about("Größe K \x00 web"))
		putTx(tx, "aa_aa")
	})
	f.Fuzz(func(t *testing.T, text string) {
		found := x.Find(typed(text))
		if found.Total > 2 || len(found.Hits) != found.Total || len(found.Close) > 2 {
			t.Fatalf("%q finds %+v of two packages", text, found)
		}
		for _, h := range append(found.Hits, found.Close...) {
			n := h.Name.String()
			if from, to := search.Mark(n, text); from < 0 || from > to || to > len(n) {
				t.Fatalf("%q marks %d to %d of %s", text, from, to, n)
			}
		}
		again := catalog.ParseSearch(text)
		if second := catalog.ParseSearch(again.String()); second.String() != again.String() || second.Free != again.Free {
			t.Fatalf("%q is written %q, which is read as %q", text, again.String(), second.String())
		}
	})
}

func ExampleMark() {
	from, to := search.Mark("phoenix_live_view", "live view")
	fmt.Println(from, to)
	// Output: 8 17
}

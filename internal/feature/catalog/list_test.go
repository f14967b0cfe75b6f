package catalog_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hexhub/hex/name"
	"hexhub/hex/tarball"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/kernel/store"
)

// found lists what the query finds, in order.
func (w *world) found(q catalog.Query) string {
	page, _ := w.List(w.db.View(), q)
	var names []string
	for _, p := range page {
		names = append(names, p.Name.String())
	}
	return strings.Join(names, " ")
}

func ref(n string) catalog.Ref {
	return catalog.Ref{Repository: hexhub, Name: name.MustPackage(n)}
}

func TestSort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		counts := func(n map[string]int64) func(*store.View, name.Repository) map[name.Package]int64 {
			return func(*store.View, name.Repository) map[name.Package]int64 {
				m := map[name.Package]int64{}
				for k, c := range n {
					m[name.MustPackage(k)] = c
				}
				return m
			}
		}
		w.Catalog = catalog.New(w.db, catalog.Options{
			DefaultRepository: hexhub,
			Recent:            counts(map[string]int64{"bb": 5, "cc": 7}),
			Total:             counts(map[string]int64{"dd": 9, "bb": 8, "aa": 8}),
		})
		for _, n := range []string{"cc", "aa", "dd", "bb"} {
			w.publish(t, "joe", ref(n), "1.0.0")
			time.Sleep(time.Second)
		}
		w.publish(t, "joe", ref("aa"), "1.1.0")
		for _, test := range []struct {
			sort catalog.Sort
			want string
		}{
			{catalog.ByName, "aa bb cc dd"},
			{catalog.ByInserted, "bb dd aa cc"},
			{catalog.ByUpdated, "aa bb dd cc"},
			{catalog.ByRecentDownloads, "cc bb aa dd"},
			{catalog.ByTotalDownloads, "dd aa bb cc"},
			{catalog.ByDownloads, "dd aa bb cc"},
			{"", "aa bb cc dd"},
			{"shoe_size", "aa bb cc dd"},
		} {
			if got := w.found(catalog.Query{Repositories: []name.Repository{hexhub}, Sort: test.sort}); got != test.want {
				t.Errorf("sort=%s: %s, want %s", test.sort, got, test.want)
			}
		}
	})
}

func TestPages(t *testing.T) {
	w := newWorld(t)
	for i := range 5 {
		w.publish(t, "joe", ref(fmt.Sprintf("p%d", i)), "1.0.0")
	}
	for _, test := range []struct {
		page, per int
		want      string
	}{
		{1, 2, "p0 p1"},
		{2, 2, "p2 p3"},
		{3, 2, "p4"},
		{4, 2, ""},
		{0, 2, "p0 p1"},
		{-7, 0, "p0 p1 p2 p3 p4"},
		{1, 5, "p0 p1 p2 p3 p4"},
		{2, 5, ""},
		{1, 101, "p0 p1 p2 p3 p4"},
		{math.MaxInt, 100, ""},
		{math.MaxInt, 1, ""},
	} {
		q := catalog.Query{Repositories: []name.Repository{hexhub}, Sort: catalog.ByName, Page: test.page, PerPage: test.per}
		if got := w.found(q); got != test.want {
			t.Errorf("page %d of %d: %s, want %s", test.page, test.per, got, test.want)
		}
		if _, total := w.List(w.db.View(), q); total != 5 {
			t.Errorf("page %d: %d packages in all, want 5", test.page, total)
		}
	}
}

// L2: what somebody may not see is neither listed nor counted.
func TestViewersSeeTheirRepositories(t *testing.T) {
	w := newWorld(t)
	w.publish(t, "joe", jason, "1.0.0")
	w.publish(t, "wes", tool, "1.0.0", needs("jason"))
	w.publish(t, "bob", gear, "1.0.0")
	ofOrg := access.Actor{Org: beta, Via: access.Password}
	for _, test := range []struct {
		name  string
		actor access.Actor
		repos string
		want  string
	}{
		{"anonymous", w.as(""), "hexhub", "jason"},
		{"nobody's member", w.as("joe"), "hexhub", "jason"},
		{"reader", w.as("rob"), "hexhub acme", "jason tool"},
		{"administrator of another", w.as("bob"), "hexhub beta", "gear jason"},
		{"organization", ofOrg, "hexhub beta", "gear jason"},
	} {
		t.Run("L2 "+test.name, func(t *testing.T) {
			var repos []name.Repository
			var names []string
			for _, r := range w.Visible(w.db.View(), test.actor) {
				repos, names = append(repos, r.Name), append(names, r.Name.String())
			}
			if got := strings.Join(names, " "); got != test.repos {
				t.Errorf("repositories are %s, want %s", got, test.repos)
			}
			for _, search := range []string{"", "package"} {
				q := catalog.Query{Repositories: repos, Sort: catalog.ByName, Search: search}
				_, total := w.List(w.db.View(), q)
				if got := w.found(q); got != test.want || total != len(repos) {
					t.Errorf("search %q: %s and %d in all, want %s", search, got, total, test.want)
				}
			}
			if got := catalog.Count(w.db.View(), repos); got != len(repos) {
				t.Errorf("%d packages are counted, want %d", got, len(repos))
			}
		})
	}
}

func TestListKnowsWhenItIsStale(t *testing.T) {
	w := newWorld(t)
	w.publish(t, "joe", jason, "1.0.0")
	view := w.db.View()
	w.List(view, catalog.Query{Repositories: []name.Repository{hexhub}, Search: "nothing like this"})
	view.Close()
	w.publish(t, "wes", tool, "1.0.0")
	if view.Stale() {
		t.Error("stale for a package of another repository")
	}
	w.publish(t, "joe", plug, "1.0.0")
	if !view.Stale() {
		t.Error("not stale although there is another package")
	}
}

func extra(m map[string]any) change { return func(t *tarball.Metadata) { t.Extra = m } }

func TestSearch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		add := func(r catalog.Ref, who, description string, changes ...change) {
			w.publish(t, who, r, "1.0.0", append(changes, describe(&description))...)
			time.Sleep(time.Hour)
		}
		start := time.Now()
		add(jason, "joe", "A blazing fast JSON parser and generator in pure Elixir", extra(map[string]any{
			"level": int64(3), "word": "two", "list": []any{"x", int64(7)}, "deep": map[string]any{"er": "yes"},
		}))
		add(ref("jason_ex"), "joe", "Extras/libraries for logging", needs("jason"))
		add(ref("ja"), "joe", "Ömlaut parsing, ÜBERS", needs("hexpm/jason"))
		add(plug, "joe", "Compose web applications", func(m *tarball.Metadata) { m.BuildTools = []string{"rebar3"} })
		add(tool, "ann", "Secret tool", needs("jason"))
		w.publish(t, "joe", ref("jason_ex"), "2.0.0-rc.1", describe(new("Extras/libraries for logging"))) // requires nothing
		for _, test := range []struct{ search, want string }{
			{"", "ja jason jason_ex plug tool"},
			{"  \t ", "ja jason jason_ex plug tool"},
			{"jason", "jason jason_ex"},
			{"JASON", "jason jason_ex"},
			{"aso", "jason jason_ex"},
			{"ja", "ja"},
			{"as", ""},
			{"json", "jason"},
			{"parser", "jason"},
			{"parse", "ja"},
			{"parsed", "ja"},
			{"logs", "jason_ex"},
			{"library", "jason_ex"},
			{"LIBRARIES!", "jason_ex"},
			{"application", "plug"},
			{"web secret", "plug tool"},
			{"über", "ja"},
			{"ömlaut", "ja"},
			{"for in the and", ""},
			{"elix", ""},
			{"hexhub/jas", "jason jason_ex"},
			{"acme/tool", "tool"},
			{"acm/ool", "tool"},
			{"acme/jason", ""},
			{"jas_n", ""},
			{"%", ""},
			{"name:jason", "jason"},
			{"name:Jason*", "jason jason_ex"},
			{"name:*ex", "jason_ex"},
			{"name:*a*", "ja jason jason_ex"},
			{"name:hexhub/*son", "jason"},
			{"name:acme/*", "tool"},
			{"name:a*e/tool", ""},
			{"name:plug name:ja", "ja"},
			{"description:generators", "jason"},
			{`description:"web extra"`, "jason_ex plug"},
			{`description:"web extra`, "jason_ex plug"},
			{"description:", "ja jason jason_ex plug tool"},
			{"depends:jason", "ja jason_ex tool"},
			{"depends:hexhub:jason", "jason_ex tool"},
			{"depends:hexpm:jason", "ja jason_ex tool"},
			{"depends:acme:jason", ""},
			{"build_tool:rebar3", "plug"},
			{"build_tool:mi", ""},
			{"build_tool:mix name:*x", "jason_ex"},
			{"updated_after:" + start.Add(3*time.Hour).Format(time.RFC3339), "plug tool jason_ex"},
			{"updated_after:" + start.Add(3*time.Hour).Format("2006-01-02T15:04:05+00:00"), "plug tool jason_ex"},
			{"updated_after:yesterday", "ja jason jason_ex plug tool"},
			{"updated_after:2100-01-01T00:00:00+02:00", "ja jason jason_ex plug tool"},
			{"updated_after:2100-01-01T00:00:00Z", ""},
			{"extra:level,3", "jason"},
			{"extra:level,4", ""},
			{"extra:word,two", "jason"},
			{"extra:deep,er,yes", "jason"},
			{"extra:deep,yes", ""},
			{"extra:list,[x]", "jason"},
			{"extra:list,[7]", "jason"},
			{"extra:list,x", ""},
			{"extra:word,two extra:level,3", "jason"},
			{"extra:word,two extra:level,4", ""},
			{"extra:level name:plug", "jason_ex"}, // free text, as a whole
			{"http://x.org/y", "ja jason jason_ex plug tool"},
			{"unknown:key plug", "plug"},
			{":jason", ""},
		} {
			q := catalog.Query{Repositories: []name.Repository{hexhub, acme}, Sort: catalog.ByName, Search: test.search}
			if got := w.found(q); got != test.want {
				t.Errorf("search %q: %s\nwant: %s", test.search, got, test.want)
			}
		}
	})
}

func FuzzParseSearch(f *testing.F) {
	for _, s := range []string{"", "jason", "name:*a*", `description:"two words" x`, `name:"open`, "extra:a,b,[1]", "extra:,", ":::", "a/b/c", "\xff\xfe ö"} {
		f.Add(s)
	}
	w := newWorld(f)
	w.publish(f, "joe", jason, "1.0.0", extra(map[string]any{"a": map[string]any{"b": int64(1)}}))
	f.Fuzz(func(t *testing.T, text string) {
		_, total := w.List(w.db.View(), catalog.Query{Repositories: []name.Repository{hexhub}, Search: text})
		if total > 1 {
			t.Fatalf("%q finds %d of one package", text, total)
		}
		// A word alone is the same whatever space is around it.
		if a, b := catalog.ParseSearch(text), catalog.ParseSearch(" "+text+"\n"); a.Free != b.Free && !strings.Contains(text, "extra:") {
			t.Fatalf("%q is free text %q, with space around %q", text, a.Free, b.Free)
		}
	})
}

// crowded is a world of so many packages with the descriptions that packages have.
func crowded(b *testing.B, n int) *world {
	w := newWorld(b)
	words := strings.Fields("a library for parsing and generating fast JSON web socket client server Elixir Erlang wrapper around the HTTP API of some service with telemetry logging and tests")
	for chunk := range slices.Chunk(slices.Collect(upTo(n)), 200) {
		w.put(b, func(tx *store.Tx) {
			for _, i := range chunk {
				var d []string
				for k := range 15 {
					d = append(d, words[(i*7+k*k)%len(words)])
				}
				catalog.PutForTest(tx, ref(fmt.Sprintf("package_%d", i)), strings.Join(d, " "), time.Unix(int64(i*7919%n), 0))
			}
		})
	}
	return w
}

func upTo(n int) func(func(int) bool) {
	return func(yield func(int) bool) {
		for i := range n {
			if !yield(i) {
				return
			}
		}
	}
}

func BenchmarkList20000Packages(b *testing.B) {
	w := crowded(b, 20000)
	for _, bench := range []struct {
		name string
		q    catalog.Query
	}{
		{"by name", catalog.Query{Sort: catalog.ByName}},
		{"by name, page 150", catalog.Query{Sort: catalog.ByName, Page: 150}},
		{"by updated_at", catalog.Query{Sort: catalog.ByUpdated}},
		{"search name", catalog.Query{Sort: catalog.ByName, Search: "name:*_1999*"}},
		{"search word", catalog.Query{Sort: catalog.ByName, Search: "parsers"}},
		{"search three words not there", catalog.Query{Sort: catalog.ByName, Search: "elephant tortoise monkey"}},
		{"search depends", catalog.Query{Sort: catalog.ByName, Search: "depends:jason"}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			bench.q.Repositories = []name.Repository{hexhub}
			b.ReportAllocs()
			for b.Loop() {
				w.List(w.db.View(), bench.q)
			}
		})
	}
}

func BenchmarkPublish(b *testing.B) {
	w := newWorld(b)
	w.publish(b, "joe", jason, "1.0.0")
	joe := w.as("joe")
	i := 0
	for b.Loop() {
		d := draft(ref(fmt.Sprintf("package_%d", i)), "1.0.0", needs("jason", "plug"))
		if _, _, err := w.Publish(b.Context(), joe, d, false); err != nil {
			b.Fatal(err)
		}
		i++
	}
}

func BenchmarkPublishAnotherOf200Versions(b *testing.B) {
	w := newWorld(b)
	joe := w.as("joe")
	for i := range 200 {
		w.publish(b, "joe", jason, fmt.Sprintf("1.%d.0", i), needs("plug"))
	}
	d := draft(jason, "1.100.0", needs("plug"))
	for b.Loop() {
		if _, _, err := w.Publish(b.Context(), joe, d, true); err != nil {
			b.Fatal(err)
		}
	}
}

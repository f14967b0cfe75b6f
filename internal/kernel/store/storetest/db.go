package storetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"

	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
)

// A row is what the laws are tried on.
type row struct {
	Name string   `json:"name"`
	Mail string   `json:"mail,omitempty"`
	Team string   `json:"team,omitempty"`
	Tags []string `json:"tags,omitempty"`
	N    int      `json:"n,omitempty"`
	In   inner    `json:"in,omitzero"`
}

type inner struct {
	N int `json:"n,omitempty"`
}

var (
	rows   = store.NewTable("row", func(r row) string { return r.Name })
	byMail = rows.Unique("mail", func(r row) []string { return some(r.Mail) })
	byTeam = rows.Group("team", func(r row) []string { return some(r.Team) })
	byTag  = rows.Index("tag", func(r row) []string { return r.Tags })
	colds  = store.NewCold("cold", func(r row) string { return r.Name })
)

func some(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

// A pair is two nodes over one log.
type pair struct {
	log  store.Log
	a, b *store.DB
}

// TestDB runs the laws of a DB over logs that open returns empty, for the suite to close.
func TestDB(t *testing.T, open func(testing.TB) store.Log) {
	for _, law := range []struct {
		name string
		test func(*testing.T, pair)
	}{
		{"view is one moment", oneMoment},
		{"write is seen here at once, and elsewhere after WaitFor", seen},
		{"view wakes for its own row and sleeps through others", wakes},
		{"update runs again when, and only when, what it read has changed", rerun},
		{"failed and cancelled updates change nothing", failures},
		{"one of many claimants gets a unique value", claimants},
		{"group never loses its last member", lastMember},
		{"group never outgrows its bound", bound},
		{"no increment is lost", counters},
		{"unknown fields survive a rewrite", unknownFields},
		{"cold rows belong to the view's moment", coldRows},
		{"node that fell behind compaction reloads under load", reloads},
		{"tables agree with a model", agreesWithModel},
		{"histories of registers are linearizable", linearizable},
		{"node that is cut off knows its age", ages},
		{"no outcome is told of old rows", judgesNoOldRows},
		{"revision that cannot come is not waited for", futures},
		{"who is patient waits for a leader", patient},
		{"node that starts alone shows what it has", startsAlone},
	} {
		t.Run(law.name, func(t *testing.T) {
			log := open(t)
			t.Cleanup(func() {
				if err := log.Close(); err != nil {
					t.Errorf("Close: %v", err)
				}
			})
			law.test(t, pair{log: log, a: openDB(t, log), b: openDB(t, log)})
		})
	}
}

func openDB(t testing.TB, log store.Log) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), log, store.Options{}, store.Schema{rows, colds})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db
}

// update fails the test if the Update fails.
func update(t testing.TB, db *store.DB, fn func(tx *store.Tx)) {
	t.Helper()
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		fn(tx)
		return nil
	})
	if err != nil {
		t.Errorf("Update: %v", err)
	}
}

func write(t testing.TB, db *store.DB, rs ...row) {
	t.Helper()
	update(t, db, func(tx *store.Tx) {
		for _, r := range rs {
			rows.Put(tx, r)
		}
	})
}

// meet waits until b shows all that a shows.
func (p pair) meet(t testing.TB) {
	t.Helper()
	if err := p.b.WaitFor(t.Context(), p.a.Revision()); err != nil {
		t.Fatal(err)
	}
}

// either returns the nodes in turn.
func (p pair) either(i int) *store.DB {
	if i%2 == 0 {
		return p.a
	}
	return p.b
}

func names(seq func(func(row) bool)) (out []string) {
	for r := range seq {
		out = append(out, r.Name)
	}
	return out
}

// oneMoment moves amounts between rows, hot and cold, whose sum is always the same, while others look.
func oneMoment(t *testing.T, p pair) {
	const sum, moves = 1000, 60
	update(t, p.a, func(tx *store.Tx) {
		rows.Put(tx, row{Name: "x", Team: "t", N: sum})
		rows.Put(tx, row{Name: "y", Team: "t"})
		colds.Put(tx, row{Name: "z"})
	})
	p.meet(t)
	done := make(chan struct{})
	var lookers, movers sync.WaitGroup
	for _, db := range []*store.DB{p.a, p.b} {
		lookers.Go(func() {
			for last := store.Revision(0); ; {
				v := db.View()
				x, _ := rows.Get(v, "x")
				z, _, err := colds.Get(t.Context(), v, "z")
				total := z.N
				for r := range byTeam.In(v, "t") {
					total += r.N
				}
				if again, _ := rows.Get(v, "x"); err != nil || total != sum || again.N != x.N || v.Revision() < last {
					t.Errorf("at %d after %d: sum %d, x %d and then %d, %v", v.Revision(), last, total, x.N, again.N, err)
					return
				}
				last = v.Revision()
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	for w := range 2 {
		movers.Go(func() {
			for i := range moves {
				update(t, p.either(w), func(tx *store.Tx) {
					x, _ := rows.Get(tx, "x")
					y, _ := rows.Get(tx, "y")
					z, _, err := colds.Get(t.Context(), tx, "z")
					if err != nil {
						t.Error(err)
					}
					x.N, y.N, z.N = x.N-2*i, y.N+i, z.N+i
					rows.Put(tx, x)
					rows.Put(tx, y)
					colds.Put(tx, z)
				})
			}
		})
	}
	movers.Wait()
	close(done)
	lookers.Wait()
}

func seen(t *testing.T, p pair) {
	for i := range 50 {
		here, there := p.either(i), p.either(i+1)
		write(t, here, row{Name: "x", Mail: fmt.Sprint("m", i), Team: fmt.Sprint("t", i), Tags: []string{"old", fmt.Sprint("g", i)}, N: i})
		rev := here.Revision()
		if err := there.WaitFor(t.Context(), rev); err != nil {
			t.Fatal(err)
		}
		for _, db := range []*store.DB{here, there} {
			v := db.View()
			r, ok := rows.Get(v, "x")
			owner, mailed := byMail.Get(v, fmt.Sprint("m", i))
			_, old := byMail.Get(v, fmt.Sprint("m", i-1))
			got := slices.Concat(names(byTeam.In(v, fmt.Sprint("t", i))), names(byTag.Each(v, fmt.Sprint("g", i))))
			left := slices.Concat(names(byTeam.In(v, fmt.Sprint("t", i-1))), names(byTag.Each(v, fmt.Sprint("g", i-1))))
			if !ok || r.N != i || !mailed || owner.N != i || old || len(got) != 2 || len(left) != 0 || v.Revision() < rev {
				t.Fatalf("write %d of revision %d: row %v %v, owner %v %v, old owner %v, indices %v, old indices %v at %d",
					i, rev, r, ok, owner, mailed, old, got, left, v.Revision())
			}
		}
	}
}

func wakes(t *testing.T, p pair) {
	write(t, p.a, row{Name: "ann", Mail: "a@x", Team: "red"}, row{Name: "zoe", Team: "blue"})
	p.meet(t)
	for _, c := range []struct {
		name string
		read func(*store.View)
		wake row
		near bool // may wake early, for a neighbour's sake
	}{
		{"row", func(v *store.View) { rows.Get(v, "ann") }, row{Name: "ann", Mail: "a@x", Team: "red", N: 1}, false},
		{"absent row", func(v *store.View) { rows.Get(v, "bob") }, row{Name: "bob"}, true},
		{"unique value", func(v *store.View) { byMail.Get(v, "a@x") }, row{Name: "ann", Mail: "b@x", Team: "red"}, false},
		{"absent unique value", func(v *store.View) { byMail.Get(v, "c@x") }, row{Name: "carl", Mail: "c@x"}, true},
		{"group", func(v *store.View) { names(byTeam.In(v, "red")) }, row{Name: "dan", Team: "red"}, false},
		{"left group", func(v *store.View) { names(byTeam.In(v, "red")) }, row{Name: "dan", Team: "green"}, false},
		{"index", func(v *store.View) { names(byTag.Each(v, "tea")) }, row{Name: "eve", Tags: []string{"tea"}}, true},
		{"prefix", func(v *store.View) { names(rows.Prefix(v, "f")) }, row{Name: "fay"}, true},
	} {
		v := p.b.View()
		c.read(v)
		v.Close() // what a View saw outlives its tables
		write(t, p.a, row{Name: "zoe", Team: "blue", N: p.n()})
		p.meet(t)
		if v.Stale() && !c.near {
			t.Errorf("%s: stale for a row it did not read", c.name)
		}
		woken := make(chan error, 1)
		go func() { woken <- v.Wait(t.Context()) }()
		write(t, p.a, c.wake)
		p.meet(t)
		if !v.Stale() {
			t.Errorf("%s: not stale after %+v", c.name, c.wake)
			continue
		}
		if err := <-woken; err != nil {
			t.Errorf("%s: Wait = %v", c.name, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	v := p.b.View()
	rows.Get(v, "zoe")
	if err := v.Wait(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Wait = %v, want its context's error", err)
	}
}

// n returns a number that differs from call to call, as long as commits come between.
func (p pair) n() int { return int(p.a.Revision()) }

// rerun lets the other node commit something while an Update is under way here.
func rerun(t *testing.T, p pair) {
	get := func(tx *store.Tx) { rows.Get(tx, "x") }
	getAbsent := func(tx *store.Tx) { rows.Get(tx, "none") }
	group := func(tx *store.Tx) { names(byTeam.In(tx, "t")) }
	mail := func(tx *store.Tx) { byMail.Get(tx, "x@x") }
	mailAbsent := func(tx *store.Tx) { byMail.Get(tx, "none@x") }
	cold := func(key string) func(tx *store.Tx) {
		return func(tx *store.Tx) {
			if _, _, err := colds.Get(t.Context(), tx, key); err != nil {
				t.Error(err)
			}
		}
	}
	putRow := func(r row) func(*store.Tx) { return func(tx *store.Tx) { rows.Put(tx, r) } }
	putCold := func(r row) func(*store.Tx) { return func(tx *store.Tx) { colds.Put(tx, r) } }
	del := func(key string) func(*store.Tx) { return func(tx *store.Tx) { rows.Delete(tx, key) } }
	for _, c := range []struct {
		name      string
		read      func(*store.Tx)
		interfere func(*store.Tx)
		runs      int
	}{
		{"row read, row changed", get, putRow(row{Name: "x", Team: "t", Mail: "x@x", N: 9}), 2},
		{"row read, row deleted", get, del("x"), 2},
		{"row read, other row changed", get, putRow(row{Name: "y", Team: "t", N: 9}), 1},
		{"absence read, row made", getAbsent, putRow(row{Name: "none"}), 2},
		{"absence read, other row made", getAbsent, putRow(row{Name: "nonesuch"}), 1},
		{"phantom insert: group read, row joined", group, putRow(row{Name: "new", Team: "t"}), 2},
		{"phantom delete: group read, row deleted", group, del("y"), 2},
		{"group read, member left", group, putRow(row{Name: "y", Team: "u"}), 2},
		{"group read, member changed", group, putRow(row{Name: "y", Team: "t", N: 9}), 2},
		{"group read, row joined another", group, putRow(row{Name: "new", Team: "u"}), 1},
		{"group read, another lost one", group, del("z"), 1},
		{"owner read, value moved", mail, func(tx *store.Tx) {
			rows.Put(tx, row{Name: "x", Team: "t"})
			rows.Put(tx, row{Name: "z", Team: "u", Mail: "x@x"})
		}, 2},
		{"owner read, owner changed", mail, putRow(row{Name: "x", Team: "t", Mail: "x@x", N: 9}), 2},
		{"free value read, value claimed", mailAbsent, putRow(row{Name: "z", Mail: "none@x", Team: "u"}), 2},
		{"free value read, other value claimed", mailAbsent, putRow(row{Name: "z", Mail: "other@x", Team: "u"}), 1},
		{"cold row read, row changed", cold("c"), putCold(row{Name: "c", N: 9}), 2},
		{"cold row read, row deleted", cold("c"), func(tx *store.Tx) { colds.Delete(tx, "c") }, 2},
		{"cold absence read, row made", cold("d"), putCold(row{Name: "d"}), 2},
		{"cold row read, other row changed", cold("c"), putCold(row{Name: "d", N: 9}), 1},
		{"row overwritten unread, row changed", putRow(row{Name: "x", Team: "t", N: 5}), putRow(row{Name: "x", Team: "t", N: 9}), 2},
		{"row deleted unread, row changed", del("x"), putRow(row{Name: "x", Team: "t", N: 9}), 2},
		{"joined a group unread, another joined it", putRow(row{Name: "v", Team: "t"}), putRow(row{Name: "w", Team: "t"}), 1},
	} {
		update(t, p.a, func(tx *store.Tx) {
			for _, name := range []string{"none", "nonesuch", "new", "v", "w", "x", "z"} {
				rows.Delete(tx, name)
			}
			rows.Put(tx, row{Name: "x", Team: "t", Mail: "x@x"})
			rows.Put(tx, row{Name: "y", Team: "t"})
			rows.Put(tx, row{Name: "z", Team: "u"})
			colds.Put(tx, row{Name: "c"})
			colds.Delete(tx, "d")
		})
		p.meet(t)
		runs := 0
		update(t, p.a, func(tx *store.Tx) {
			c.read(tx)
			if runs++; runs == 1 {
				update(t, p.b, c.interfere)
			}
			rows.Put(tx, row{Name: "result", N: p.n()})
		})
		if runs != c.runs {
			t.Errorf("%s: ran %d times, want %d", c.name, runs, c.runs)
		}
	}
}

func failures(t *testing.T, p pair) {
	write(t, p.a, row{Name: "x", N: 1})
	before := p.a.Revision()
	broken := errors.New("broken")
	err := p.a.Update(t.Context(), func(tx *store.Tx) error {
		rows.Put(tx, row{Name: "x", N: 2})
		return broken
	})
	if !errors.Is(err, broken) {
		t.Errorf("Update = %v, want its function's error", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	err = p.a.Update(ctx, func(tx *store.Tx) error {
		rows.Put(tx, row{Name: "x", N: 3})
		cancel()
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Update = %v, want its context's error", err)
	}
	p.a.SetReadOnly(fault.New(fault.Unavailable, "read-only"))
	err = p.a.Update(t.Context(), func(tx *store.Tx) error {
		rows.Put(tx, row{Name: "x", N: 4})
		return nil
	})
	if !fault.Is(err, fault.Unavailable) {
		t.Errorf("Update of a read-only DB = %v", err)
	}
	p.a.SetReadOnly(nil)
	update(t, p.a, func(tx *store.Tx) { // undoes itself
		rows.Put(tx, row{Name: "new", Mail: "n@x", Team: "t"})
		rows.Delete(tx, "new")
	})
	if r, _ := rows.Get(p.a.View(), "x"); r.N != 1 {
		t.Errorf("x = %+v after failures", r)
	}
	page, err := p.log.Range(t.Context(), "row/x", "row/x\x00", 0, 1)
	if err != nil || page.Records[0].Revision != before {
		t.Errorf("the log shows x as of %v, %v; want %d", page.Records, err, before)
	}
	v := p.a.View()
	if _, ok := byMail.Get(v, "n@x"); ok || len(names(byTeam.In(v, "t"))) > 0 {
		t.Error("a row that its own transaction deleted left index entries")
	}
}

func claimants(t *testing.T, p pair) {
	const many = 50
	results := make([]error, many)
	var wg sync.WaitGroup
	for i := range many {
		wg.Go(func() {
			results[i] = p.either(i).Update(t.Context(), func(tx *store.Tx) error {
				rows.Put(tx, row{Name: fmt.Sprintf("user%d", i), Mail: "one@x"})
				return nil
			})
		})
	}
	wg.Wait()
	p.meet(t)
	won := slices.IndexFunc(results, func(err error) bool { return err == nil })
	for i, err := range results {
		if taken, ok := errors.AsType[*store.TakenError](err); i != won && (!ok || taken.Value != "one@x" || !fault.Is(err, fault.Conflict)) {
			t.Errorf("user%d got %v; user%d won, the others must be told of the conflict", i, err, won)
		}
	}
	v := p.b.View()
	owner, _ := byMail.Get(v, "one@x")
	if all := names(rows.All(v)); won < 0 || owner.Name != fmt.Sprintf("user%d", won) || len(all) != 1 {
		t.Errorf("winner %d, owner %q, rows %v", won, owner.Name, all)
	}
}

func lastMember(t *testing.T, p pair) {
	for round := range 10 {
		write(t, p.a, row{Name: "l", Team: "on"}, row{Name: "r", Team: "on"})
		p.meet(t)
		var wg sync.WaitGroup
		for i, who := range []string{"l", "r"} {
			wg.Go(func() {
				update(t, p.either(i), func(tx *store.Tx) {
					if len(names(byTeam.In(tx, "on"))) < 2 {
						return
					}
					if round%2 == 0 {
						rows.Delete(tx, who)
					} else {
						rows.Put(tx, row{Name: who, Team: "off"})
					}
				})
			})
		}
		wg.Wait()
		for _, db := range []*store.DB{p.a, p.b} {
			if err := db.WaitFor(t.Context(), max(p.a.Revision(), p.b.Revision())); err != nil {
				t.Fatal(err)
			}
			if left := names(byTeam.In(db.View(), "on")); len(left) != 1 {
				t.Fatalf("round %d: members are %v, want exactly one", round, left)
			}
		}
	}
}

func bound(t *testing.T, p pair) {
	const most = 5
	full := errors.New("full")
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			err := p.either(i).Update(t.Context(), func(tx *store.Tx) error {
				if len(names(byTeam.In(tx, "small"))) >= most {
					return full
				}
				rows.Put(tx, row{Name: fmt.Sprint(i), Team: "small"})
				return nil
			})
			if err != nil && !errors.Is(err, full) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	p.meet(t)
	if got := names(byTeam.In(p.b.View(), "small")); len(got) != most {
		t.Errorf("members are %v, want %d", got, most)
	}
}

func counters(t *testing.T, p pair) {
	const workers, each, keys = 32, 8, 3
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := range each {
				update(t, p.either(w), func(tx *store.Tx) {
					own, _ := rows.Get(tx, fmt.Sprint("k", (w+i)%keys))
					sum, _ := rows.Get(tx, "sum")
					rows.Put(tx, row{Name: fmt.Sprint("k", (w+i)%keys), N: own.N + 1})
					rows.Put(tx, row{Name: "sum", N: sum.N + 1})
				})
			}
		})
	}
	wg.Wait()
	p.meet(t)
	got := map[string]int{}
	for r := range rows.All(p.b.View()) {
		got[r.Name] = r.N
	}
	total := 0
	for _, k := range slices.Sorted(maps.Keys(got)) {
		if k != "sum" {
			total += got[k]
		}
	}
	if want := workers * each; total != want || got["sum"] != want {
		t.Errorf("counters are %v, want a sum of %d twice", got, want)
	}
}

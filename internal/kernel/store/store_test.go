package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"hexhub/internal/kernel/store"
)

type person struct {
	Name  string   `json:"name"`
	Email string   `json:"email,omitempty"`
	Team  string   `json:"team,omitempty"`
	Likes []string `json:"likes,omitempty"`
	Count int      `json:"count,omitempty"`
}

var (
	people  = store.NewTable("person", func(p person) string { return store.Path(p.Name) })
	byEmail = people.Unique("email", func(p person) []string {
		if p.Email == "" {
			return nil
		}
		return []string{p.Email}
	})
	byTeam  = people.Group("team", func(p person) []string { return []string{p.Team} })
	byLikes = people.Index("likes", func(p person) []string { return p.Likes })
	letters = store.NewCold("letter", func(p person) string { return p.Name })
	schema  = store.Schema{people, letters}
)

func open(t testing.TB, log store.Log) *store.DB {
	t.Helper()
	db, err := store.Open(context.Background(), log, store.Options{}, schema)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db
}

func put(t testing.TB, db *store.DB, ps ...person) {
	t.Helper()
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		for _, p := range ps {
			people.Put(tx, p)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestWriteIsSeenWhenUpdateReturns(t *testing.T) {
	db := open(t, store.NewMemory())
	put(t, db, person{Name: "ann", Email: "ann@x", Team: "red", Likes: []string{"tea", "go"}})
	v := db.View()
	if p, ok := people.Get(v, "ann"); !ok || p.Email != "ann@x" {
		t.Fatalf("Get = %v, %v", p, ok)
	}
	if p, ok := byEmail.Get(v, "ann@x"); !ok || p.Name != "ann" {
		t.Fatalf("by e-mail = %v, %v", p, ok)
	}
	for _, like := range []string{"tea", "go"} {
		if got := slices.Collect(byLikes.Each(v, like)); len(got) != 1 {
			t.Errorf("likes %s = %v", like, got)
		}
	}
	if n := db.Stats().Rows["person"]; n != 1 {
		t.Errorf("rows = %d, want 1", n)
	}
}

func TestTakenValueFailsTheUpdate(t *testing.T) {
	db := open(t, store.NewMemory())
	put(t, db, person{Name: "ann", Email: "a@x"})
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		people.Put(tx, person{Name: "bob", Email: "a@x"})
		return nil
	})
	taken, ok := errors.AsType[*store.TakenError](err)
	if !ok || taken.Value != "a@x" || taken.Index != "email" {
		t.Fatalf("err = %v, want the e-mail taken", err)
	}
	if _, ok := people.Get(db.View(), "bob"); ok {
		t.Fatal("a failed Update left a row")
	}
	// Moving the value within one transaction is no violation.
	err = db.Update(t.Context(), func(tx *store.Tx) error {
		people.Put(tx, person{Name: "ann"})
		people.Put(tx, person{Name: "bob", Email: "a@x"})
		return nil
	})
	if p, _ := byEmail.Get(db.View(), "a@x"); err != nil || p.Name != "bob" {
		t.Fatalf("owner = %q, %v; want bob", p.Name, err)
	}
}

func TestViewKnowsWhenStale(t *testing.T) {
	db := open(t, store.NewMemory())
	put(t, db, person{Name: "ann", Team: "red"}, person{Name: "zoe", Team: "blue"})
	one, set, all := db.View(), db.View(), db.View()
	people.Get(one, "ann")
	for range byTeam.In(set, "red") {
	}
	for range people.All(all) {
	}
	one.Close()
	put(t, db, person{Name: "zoe", Team: "blue", Count: 1})
	if one.Stale() || set.Stale() {
		t.Error("stale for a row it never read")
	}
	if !all.Stale() {
		t.Error("a View of the whole table slept through a change")
	}
	put(t, db, person{Name: "ann", Team: "red", Count: 1})
	if !one.Stale() || !set.Stale() {
		t.Error("not stale although what it read has changed")
	}
	if err := one.Wait(t.Context()); err != nil {
		t.Errorf("Wait on a stale View = %v", err)
	}
}

func TestFieldsOfANewerBinarySurviveARewrite(t *testing.T) {
	log := store.NewMemory()
	row := `{"name":"ann","count":1,"motto":"ship","pet":{"name":"rex"}}`
	if _, _, err := log.Commit(t.Context(), store.Txn{Ops: []store.Op{{Key: "person/ann", Value: []byte(row)}}}); err != nil {
		t.Fatal(err)
	}
	db := open(t, log)
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		p, _ := people.Get(tx, "ann")
		p.Count++
		people.Put(tx, p)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	page, err := log.Range(t.Context(), "person/ann", "person/ann\x00", 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(page.Records[0].Value, &got); err != nil {
		t.Fatal(err)
	}
	if got["motto"] != "ship" || got["pet"] == nil || got["count"] != 2.0 {
		t.Fatalf("row = %s", page.Records[0].Value)
	}
}

func TestNoUpdateIsLostUnderContention(t *testing.T) {
	db := open(t, store.NewMemory())
	put(t, db, person{Name: "ann"})
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			for range 10 {
				_ = db.Update(context.Background(), func(tx *store.Tx) error {
					p, _ := people.Get(tx, "ann")
					p.Count++
					people.Put(tx, p)
					return nil
				})
			}
		})
	}
	wg.Wait()
	if p, _ := people.Get(db.View(), "ann"); p.Count != 320 {
		t.Fatalf("count = %d, want 320", p.Count)
	}
}

// Two doctors may not both leave: each sees the other on call, but the fence lets only one go.
func TestFenceForbidsWriteSkew(t *testing.T) {
	for range 20 {
		db := open(t, store.NewMemory())
		put(t, db, person{Name: "ann", Team: "on"}, person{Name: "bob", Team: "on"})
		var wg sync.WaitGroup
		for _, who := range []string{"ann", "bob"} {
			wg.Go(func() {
				_ = db.Update(context.Background(), func(tx *store.Tx) error {
					if len(slices.Collect(byTeam.In(tx, "on"))) > 1 {
						people.Put(tx, person{Name: who, Team: "off"})
					}
					return nil
				})
			})
		}
		wg.Wait()
		if left := slices.Collect(byTeam.In(db.View(), "on")); len(left) != 1 {
			t.Fatalf("on call = %v, want exactly one", left)
		}
	}
}

// C18: what a start costs grows with the rows, and no faster: eight times as many take eight times the memory.
func TestC18StartGrowsNoFasterThanTheRows(t *testing.T) {
	perRow := func(rows int) float64 {
		log := store.NewMemory()
		for first := 0; first < rows; first += store.MaxOps {
			var txn store.Txn
			for i := first; i < min(first+store.MaxOps, rows); i++ {
				name := fmt.Sprintf("person-%07d", i)
				txn.Ops = append(txn.Ops, store.Op{Key: "person/" + name, Value: fmt.Appendf(nil, `{"name":%q,"team":"team-%d"}`, name, i%100)})
			}
			if _, _, err := log.Commit(t.Context(), txn); err != nil {
				t.Fatal(err)
			}
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		db := open(t, log)
		runtime.ReadMemStats(&after)
		n := 0
		for range people.All(db.View()) {
			n++
		}
		if n != rows {
			t.Fatalf("%d rows of %d are there", n, rows)
		}
		return float64(after.TotalAlloc-before.TotalAlloc) / float64(rows)
	}
	few, many := perRow(4_000), perRow(32_000)
	if many > few*3/2 {
		t.Errorf("a row costs %.0f bytes to load among 4,000 and %.0f among 32,000", few, many)
	}
}

func TestPathKeepsPartsApart(t *testing.T) {
	if a, b := store.Path("a/b", "c"), store.Path("a", "b/c"); a == b {
		t.Fatalf("two different paths are both %q", a)
	}
	if got := store.Path("hexpm", "decimal", "2.1.0-rc.1"); got != "hexpm/decimal/2.1.0-rc.1" {
		t.Errorf("a plain path became %q", got)
	}
	if got := store.Path("..", "%2f", "ü"); strings.ContainsAny(got, "ü ") || strings.Count(got, "/") != 2 {
		t.Errorf("Path = %q", got)
	}
}

func TestColdRowsAreReadAtTheViewsMoment(t *testing.T) {
	db := open(t, store.NewMemory())
	write := func(n int) {
		t.Helper()
		err := db.Update(t.Context(), func(tx *store.Tx) error {
			letters.Put(tx, person{Name: "a/1", Count: n})
			letters.Put(tx, person{Name: fmt.Sprintf("b/%d", n)})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	write(1)
	old := db.View()
	write(2)
	for _, c := range []struct {
		v    *store.View
		want int
	}{{db.View(), 2}, {old, 1}, {db.View(), 2}} {
		if p, ok, err := letters.Get(t.Context(), c.v, "a/1"); !ok || err != nil || p.Count != c.want {
			t.Errorf("letter = %+v %v %v, want count %d", p, ok, err, c.want)
		}
	}
	rows, next, err := letters.Page(t.Context(), db.View(), "b/", "", 1)
	if err != nil || len(rows) != 1 || next != "b/1" {
		t.Fatalf("first page = %v, next %q, %v", rows, next, err)
	}
	rows, next, err = letters.Page(t.Context(), db.View(), "b/", next, 1)
	if err != nil || len(rows) != 1 || rows[0].Name != "b/2" || next != "" {
		t.Fatalf("second page = %v, next %q, %v", rows, next, err)
	}
}

func TestFallingBehindCompactionReloads(t *testing.T) {
	log := &stalling{Log: store.NewMemory(), gate: make(chan struct{})}
	db := open(t, log)
	old := db.View()
	people.Get(old, "nobody")
	for i := range 5 { // written behind the DB's back, as another node would
		op := store.Op{Key: fmt.Sprintf("person/p%d", i), Value: fmt.Appendf(nil, `{"name":"p%d"}`, i)}
		if _, _, err := log.Commit(t.Context(), store.Txn{Ops: []store.Op{op}}); err != nil {
			t.Fatal(err)
		}
	}
	page, _ := log.Range(t.Context(), "a", "b", 0, 1)
	if err := log.Compact(t.Context(), page.At); err != nil {
		t.Fatal(err)
	}
	close(log.gate)
	if err := db.WaitFor(t.Context(), page.At); err != nil {
		t.Fatal(err)
	}
	if n := len(slices.Collect(people.All(db.View()))); n != 5 {
		t.Errorf("people = %d, want 5", n)
	}
	if !old.Stale() || db.Stats().Reloads != 1 {
		t.Errorf("old View stale = %v, reloads = %d; want true, 1", old.Stale(), db.Stats().Reloads)
	}
}

// stalling is a log whose watch stands still until the gate opens.
type stalling struct {
	store.Log
	gate chan struct{}
}

func (s *stalling) Watch(ctx context.Context, after store.Revision, apply func([]store.Change, store.Revision) error) error {
	<-s.gate
	return s.Log.Watch(ctx, after, apply)
}

func TestUpdateEndsWithItsContext(t *testing.T) {
	log := &stalling{Log: store.NewMemory(), gate: make(chan struct{})}
	db := open(t, log)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	err := db.Update(ctx, func(tx *store.Tx) error {
		people.Put(tx, person{Name: "ann"})
		return nil
	})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("err = %v, want the deadline", err)
	}
	close(log.gate)
}

func world(b *testing.B, n int) *store.DB {
	log := store.NewMemory()
	for i := 0; i < n; i += 500 {
		var txn store.Txn
		for j := i; j < min(i+500, n); j++ {
			txn.Ops = append(txn.Ops, store.Op{Key: fmt.Sprintf("person/p%06d", j), Value: fmt.Appendf(nil, `{"name":"p%06d","team":"t%d"}`, j, j/10)})
		}
		if _, _, err := log.Commit(b.Context(), txn); err != nil {
			b.Fatal(err)
		}
	}
	return open(b, log)
}

func BenchmarkViewByKey(b *testing.B) {
	db := world(b, 20_000)
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := people.Get(db.View(), "p010000"); !ok {
			b.Fatal("absent")
		}
	}
}

func BenchmarkViewByIndex(b *testing.B) {
	db := world(b, 20_000)
	b.ReportAllocs()
	for b.Loop() {
		for p := range byTeam.In(db.View(), "t1000") {
			_ = p
			break
		}
	}
}

func BenchmarkViewStale(b *testing.B) {
	db := world(b, 1000)
	v := db.View()
	people.Get(v, "p000001")
	for range byTeam.In(v, "t5") {
	}
	v.Close()
	for b.Loop() {
		if v.Stale() {
			b.Fatal("stale")
		}
	}
}

func BenchmarkUpdate(b *testing.B) {
	db := world(b, 1000)
	for b.Loop() {
		put(b, db, person{Name: "p000001", Count: 1})
	}
}

package stats_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"hexhub/hex/name"
	"hexhub/hex/version"
	"hexhub/internal/feature/stats"
	"hexhub/internal/kernel/store"
)

var (
	hexhub = name.MustRepository("hexhub")
	jason  = stats.Ref{Repository: hexhub, Package: name.MustPackage("jason"), Version: version.MustParse("1.0.0")}
	jason2 = stats.Ref{Repository: hexhub, Package: name.MustPackage("jason"), Version: version.MustParse("2.0.0-rc.1")}
	plug   = stats.Ref{Repository: hexhub, Package: name.MustPackage("plug"), Version: version.MustParse("1.0.0")}
)

func open(t testing.TB, log store.Log) *store.DB {
	t.Helper()
	db, err := store.Open(context.Background(), log, store.Options{}, stats.Tables)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db
}

func total(db *store.DB, ref stats.Ref) int64 {
	row, _ := stats.Release(db.View(), ref.Repository, ref.Package, ref.Version)
	return row.Total
}

func flush(t *testing.T, c *stats.Counter) {
	t.Helper()
	if err := c.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// Two nodes count and flush at once.
func TestSumsAreExact(t *testing.T) {
	log := store.NewMemory()
	dbs := []*store.DB{open(t, log), open(t, log)}
	const clients, each = 8, 500
	var counting sync.WaitGroup
	var counters []*stats.Counter
	for i, db := range dbs {
		c := stats.New(db, stats.Options{Node: fmt.Sprint(i)})
		counters = append(counters, c)
		for range clients {
			counting.Go(func() { download(t, c, each) })
		}
	}
	counting.Wait()
	for _, c := range counters {
		flush(t, c)
	}
	want := int64(len(dbs) * clients * each)
	for _, db := range dbs {
		if err := db.WaitFor(t.Context(), dbs[1].Revision()); err != nil {
			t.Fatal(err)
		}
		if got := total(db, jason); got != want {
			t.Errorf("1.0.0 downloaded %d times, want %d", got, want)
		}
		if got := total(db, jason2); got != want/2 {
			t.Errorf("2.0.0-rc.1 downloaded %d times, want %d", got, want/2)
		}
		if got := stats.Downloads(db.View(), hexhub, jason.Package).All; got != want+want/2 {
			t.Errorf("package downloaded %d times, want %d", got, want+want/2)
		}
	}
}

// download counts one release so many times and another half as often, and flushes now and then.
func download(t *testing.T, c *stats.Counter, times int) {
	for n := range times {
		c.Count(jason)
		if n%2 == 0 {
			c.Count(jason2)
		}
		if n%50 == 0 {
			if err := c.Flush(t.Context()); err != nil {
				t.Error(err)
			}
		}
	}
}

// A lostAnswer commits, and then says that it could not.
type lostAnswer struct {
	store.Log
	left int // answers to lose
}

func (l *lostAnswer) Commit(ctx context.Context, txn store.Txn) (store.Revision, bool, error) {
	rev, ok, err := l.Log.Commit(ctx, txn)
	if l.left > 0 {
		l.left--
		return 0, false, errors.New("the answer was lost")
	}
	return rev, ok, err
}

// An awayLog commits nothing while it is away.
type awayLog struct {
	store.Log
	away bool
}

func (l *awayLog) Commit(ctx context.Context, txn store.Txn) (store.Revision, bool, error) {
	if l.away {
		return 0, false, errors.New("away")
	}
	return l.Log.Commit(ctx, txn)
}

func TestBatchIsAddedOnceThoughTheAnswerWasLost(t *testing.T) {
	db := open(t, &lostAnswer{Log: store.NewMemory(), left: 2})
	c := stats.New(db, stats.Options{})
	c.Count(jason)
	for range 2 {
		if err := c.Flush(t.Context()); err == nil {
			t.Fatal("a lost answer is no error")
		}
		c.Count(jason)
	}
	flush(t, c)
	if got := total(db, jason); got != 3 {
		t.Errorf("downloaded %d times, want 3", got)
	}
}

func TestCountsSurviveALogThatIsAway(t *testing.T) {
	log := &awayLog{Log: store.NewMemory(), away: true}
	db := open(t, log)
	c := stats.New(db, stats.Options{})
	for range 5 {
		c.Count(jason)
		if err := c.Flush(t.Context()); err == nil {
			t.Fatal("flushed to a log that is away")
		}
	}
	log.away = false
	flush(t, c)
	if got := total(db, jason); got != 5 {
		t.Errorf("downloaded %d times, want 5", got)
	}
}

func TestRunAddsNowAndThenAndAtItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := open(t, store.NewMemory())
		c := stats.New(db, stats.Options{Every: time.Minute})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- c.Run(ctx) }()
		c.Count(jason)
		synctest.Wait()
		if got := total(db, jason); got != 0 {
			t.Errorf("%d at once", got)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := total(db, jason); got != 1 {
			t.Errorf("%d after a minute, want 1", got)
		}
		c.Count(jason)
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if got := total(db, jason); got != 2 {
			t.Errorf("%d at the end, want 2", got)
		}
	})
}

func TestViewsEndWithYesterday(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := open(t, store.NewMemory())
		c := stats.New(db, stats.Options{})
		// One on the first day, two on the second, and so on, a hundred days long.
		const days = 100
		for n := range days {
			if n > 0 {
				time.Sleep(24 * time.Hour)
			}
			for range n + 1 {
				c.Count(jason)
			}
			flush(t, c)
		}
		sum := func(first, last int) (s int64) {
			for n := first; n <= last; n++ {
				s += int64(n)
			}
			return s
		}
		want := stats.Views{Day: 99, Week: sum(93, 99), Recent: sum(10, 99), All: sum(1, 100)}
		v := db.View()
		if diff := cmp.Diff(want, stats.Downloads(v, hexhub, jason.Package)); diff != "" {
			t.Errorf("views (-want +got):\n%s", diff)
		}
		if got := stats.Recent(v, hexhub)[jason.Package]; got != want.Recent {
			t.Errorf("recent = %d, want %d", got, want.Recent)
		}
		if got := stats.Total(v, hexhub)[jason.Package]; got != want.All {
			t.Errorf("total = %d, want %d", got, want.All)
		}
		row, _ := stats.Release(v, hexhub, jason.Package, jason.Version)
		if len(row.Days) != stats.Kept || row.Days[0].Count != days-stats.Kept+1 {
			t.Errorf("%d days are kept, the first with %d; want %d with %d", len(row.Days), row.Days[0].Count, stats.Kept, days-stats.Kept+1)
		}
		if got, ok := stats.Package(v, hexhub, plug.Package); ok {
			t.Errorf("plug was never downloaded, but has %+v", got)
		}
	})
}

func TestADayBelongsToTheCountNotToTheFlush(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(24*time.Hour - time.Second) // bubbles begin at midnight
		db := open(t, store.NewMemory())
		c := stats.New(db, stats.Options{})
		c.Count(jason)
		time.Sleep(2 * time.Second)
		c.Count(jason)
		flush(t, c)
		row, _ := stats.Release(db.View(), hexhub, jason.Package, jason.Version)
		today := stats.Today()
		if diff := cmp.Diff(stats.Days{{Date: today - 1, Count: 1}, {Date: today, Count: 1}}, row.Days); diff != "" {
			t.Errorf("days (-want +got):\n%s", diff)
		}
	})
}

func TestManyRowsTakeSeveralBatches(t *testing.T) {
	db := open(t, store.NewMemory())
	c := stats.New(db, stats.Options{})
	for i := range 700 {
		c.Count(stats.Ref{Repository: hexhub, Package: jason.Package, Version: version.MustParse(fmt.Sprintf("1.0.%d", i))})
	}
	flush(t, c)
	if got := stats.Downloads(db.View(), hexhub, jason.Package).All; got != 700 {
		t.Errorf("downloaded %d times, want 700", got)
	}
	if got := total(db, stats.Ref{Repository: hexhub, Package: jason.Package, Version: version.MustParse("1.0.699")}); got != 1 {
		t.Errorf("the last release was downloaded %d times, want 1", got)
	}
}

func TestRepositoriesAreCountedApart(t *testing.T) {
	db := open(t, store.NewMemory())
	c := stats.New(db, stats.Options{})
	other := jason
	other.Repository = name.MustRepository("hexhub2")
	c.Count(jason)
	c.Count(other)
	c.Count(other)
	flush(t, c)
	if got := stats.Total(db.View(), hexhub); len(got) != 1 || got[jason.Package] != 1 {
		t.Errorf("hexhub has %v", got)
	}
}

func TestDaysRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		counts := rapid.MapOfN(rapid.Int32Range(0, 40000), rapid.Int64Range(1, 1<<40), 0, 92).Draw(t, "counts")
		days := stats.Days{}
		for date := range stats.Date(40001) {
			if n, ok := counts[int32(date)]; ok {
				days = append(days, stats.Day{Date: date, Count: n})
			}
		}
		text, err := json.Marshal(days)
		if err != nil {
			t.Fatal(err)
		}
		var got stats.Days
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(days, got); diff != "" {
			t.Fatalf("%s (-want +got):\n%s", text, diff)
		}
	})
}

func TestDate(t *testing.T) {
	d, err := stats.ParseDate("2026-02-28")
	if err != nil || (d+1).String() != "2026-03-01" {
		t.Errorf("2026-02-28 is %v, %v, and the day after %v", d, err, d+1)
	}
	if _, err := stats.ParseDate("yesterday"); err == nil {
		t.Error("yesterday is a date")
	}
	if err := json.Unmarshal([]byte(`{"soon":1}`), new(stats.Days)); err == nil {
		t.Error("read a day named soon")
	}
}

func BenchmarkCount(b *testing.B) {
	c := stats.New(open(b, store.NewMemory()), stats.Options{})
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			c.Count(jason)
		}
	})
}

func BenchmarkRecent20000Packages(b *testing.B) {
	db := open(b, store.NewMemory())
	c := stats.New(db, stats.Options{})
	for i := range 20000 {
		c.Count(stats.Ref{Repository: hexhub, Package: name.MustPackage(fmt.Sprintf("package_%d", i)), Version: jason.Version})
	}
	if err := c.Flush(b.Context()); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		stats.Recent(db.View(), hexhub)
	}
}

package limit_test

import (
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"hexhub/internal/kernel/limit"
	"hexhub/internal/kernel/store"
)

// nodes opens n databases over one log, as n nodes would.
func nodes(t *testing.T, n int) []*store.DB {
	t.Helper()
	log := store.NewMemory()
	dbs := make([]*store.DB, n)
	for i := range dbs {
		db, err := store.Open(t.Context(), log, store.Options{}, limit.Tables)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(db.Close)
		dbs[i] = db
	}
	return dbs
}

func spend(t *testing.T, db *store.DB, key string, now time.Time) limit.Result {
	t.Helper()
	res, err := limit.Spend(t.Context(), db, key, logins, now)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func update(t *testing.T, db *store.DB, fn func(*store.Tx)) {
	t.Helper()
	if err := db.Update(t.Context(), func(tx *store.Tx) error { fn(tx); return nil }); err != nil {
		t.Fatal(err)
	}
}

func TestExactlyTheLimitPassesOnAllNodesAtOnce(t *testing.T) {
	dbs, now := nodes(t, 3), time.Unix(1_700_000_000, 0)
	var passed atomic.Int64
	var wg sync.WaitGroup
	for i := range 60 {
		wg.Go(func() {
			res, err := limit.Spend(t.Context(), dbs[i%len(dbs)], "login:u", logins, now)
			if err != nil {
				t.Error(err)
			}
			if res.Allowed {
				passed.Add(1)
			}
		})
	}
	wg.Wait()
	if passed.Load() != int64(logins.Limit) {
		t.Errorf("%d of 60 passed, want %d", passed.Load(), logins.Limit)
	}
	for i, db := range dbs {
		if err := db.WaitFor(t.Context(), dbs[0].Revision()); err != nil {
			t.Fatal(err)
		}
		if !limit.Spent(db.View(), "login:u", logins, now) {
			t.Errorf("node %d does not know that the limit is used up", i)
		}
	}
}

func TestExactWindowsEndAndKeysAreApart(t *testing.T) {
	db, now := nodes(t, 1)[0], time.Unix(1_700_000_000, 0)
	for range logins.Limit {
		spend(t, db, "login:a/b", now)
	}
	if spend(t, db, "login:a/b", now).Allowed {
		t.Error("allowed over the limit")
	}
	for name, res := range map[string]limit.Result{
		"another key":     spend(t, db, "login:a", now),
		"the next window": spend(t, db, "login:a/b", now.Add(logins.Rest(now))),
	} {
		if !res.Allowed || res.Remaining != logins.Limit-1 {
			t.Errorf("%s: %+v", name, res)
		}
	}
}

func TestForgivenKeysBeginAnewAndReturnedOnesGetOneBack(t *testing.T) {
	db, now := nodes(t, 1)[0], time.Unix(1_700_000_000, 0)
	for range logins.Limit {
		spend(t, db, "k", now)
	}
	update(t, db, func(tx *store.Tx) { limit.UnspendTx(tx, "k", logins, now) })
	if a, b := spend(t, db, "k", now), spend(t, db, "k", now); !a.Allowed || b.Allowed {
		t.Errorf("with one given back, two more: %v, %v; want only the first", a.Allowed, b.Allowed)
	}
	update(t, db, func(tx *store.Tx) { limit.ForgiveTx(tx, "k", logins) })
	if res := spend(t, db, "k", now); !res.Allowed || res.Remaining != logins.Limit-1 {
		t.Errorf("forgiven: %+v", res)
	}
	update(t, db, func(tx *store.Tx) {
		limit.UnspendTx(tx, "k", logins, now)
		limit.UnspendTx(tx, "k", logins, now)
	})
	if res := spend(t, db, "k", now); res.Remaining != logins.Limit-1 {
		t.Errorf("more given back than was counted: %+v", res)
	}
}

func TestW19FastClockDoesNotFreeAtTheBoundary(t *testing.T) {
	db, start := nodes(t, 1)[0], time.Unix(0, 0).Add(1000*logins.Window)
	before, after := start.Add(-time.Second), start.Add(time.Second) // two nodes' clocks at one moment
	passed := 0
	for range 100 {
		for _, now := range []time.Time{before, after} {
			if spend(t, db, "k", now).Allowed {
				passed++
			}
		}
	}
	if passed > 2*logins.Limit {
		t.Errorf("%d passed around the boundary, want at most %d", passed, 2*logins.Limit)
	}
}

func TestC4ClockSetBackDoesNotLockOutExactly(t *testing.T) {
	db, now := nodes(t, 1)[0], time.Unix(1_700_000_000, 0)
	for range logins.Limit {
		spend(t, db, "k", now)
	}
	if !spend(t, db, "k", now.Add(-time.Hour)).Allowed {
		t.Error("a clock set back an hour locks out")
	}
}

func TestRefusalsWriteNothing(t *testing.T) {
	db, now := nodes(t, 1)[0], time.Unix(1_700_000_000, 0)
	for range logins.Limit {
		spend(t, db, "k", now)
	}
	before := db.Revision()
	for range 50 {
		spend(t, db, "k", now)
	}
	if db.Revision() != before {
		t.Errorf("50 refusals made %d commits", db.Revision()-before)
	}
}

func TestLongKeysAreCountedByTheirHash(t *testing.T) {
	db, now := nodes(t, 1)[0], time.Unix(1_700_000_000, 0)
	long := strings.Repeat("x", 300_000)
	for range logins.Limit {
		spend(t, db, long, now)
	}
	if spend(t, db, long, now).Allowed || !spend(t, db, long+"y", now).Allowed {
		t.Error("long keys are not told apart")
	}
	update(t, db, func(tx *store.Tx) { limit.ForgiveTx(tx, long, logins) })
	if !spend(t, db, long, now).Allowed {
		t.Error("a long key is not forgiven")
	}
}

func TestForgetDeletesClosedWindowsOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := store.NewMemory()
		db, err := store.Open(t.Context(), log, store.Options{}, limit.Tables)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		for i := range 450 {
			spend(t, db, "old:"+strings.Repeat("i", i), time.Now())
		}
		time.Sleep(logins.Window + 2*time.Minute)
		spend(t, db, "new", time.Now())
		if err := limit.Forget(t.Context(), db); err != nil {
			t.Fatal(err)
		}
		if rows := db.Stats().Rows["attempt"]; rows != 1 {
			t.Errorf("%d rows are left, want that of the open window", rows)
		}
		if res := spend(t, db, "new", time.Now()); res.Remaining != logins.Limit-2 {
			t.Errorf("the open window is forgotten: %+v", res)
		}
	})
}

// A Tx that counts and then fails has counted nothing: whoever wants a failure counted returns nil.
func TestCountsBelongToTheirTransaction(t *testing.T) {
	db, now := nodes(t, 1)[0], time.Unix(1_700_000_000, 0)
	refusal := errors.New("refused")
	for range 2 * logins.Limit {
		err := db.Update(t.Context(), func(tx *store.Tx) error {
			limit.SpendTx(tx, "k", logins, now)
			return refusal
		})
		if !errors.Is(err, refusal) {
			t.Fatal(err)
		}
	}
	if limit.Spent(db.View(), "k", logins, now) {
		t.Error("refused transactions counted")
	}
}

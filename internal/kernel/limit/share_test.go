package limit_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hexhub/internal/kernel/limit"
	"hexhub/internal/kernel/store"
)

// A cluster is limiters that share over one log, within a synctest bubble.
type cluster struct {
	dbs      []*store.DB
	limiters []*limit.Limiter
	kill     []context.CancelFunc
}

func newCluster(t *testing.T, n int, nodes func(context.Context) int) *cluster {
	t.Helper()
	c, log := &cluster{}, store.NewMemory()
	for range n {
		db, err := store.Open(t.Context(), log, store.Options{}, limit.Tables)
		if err != nil {
			t.Fatal(err)
		}
		ctx, kill := context.WithCancel(t.Context())
		l, ended := limit.New(10_000), make(chan struct{})
		s := limit.NewSharer(db, l, limit.Sharing{Nodes: nodes})
		go func() {
			defer close(ended)
			if err := s.Run(ctx); err != nil {
				t.Error(err)
			}
		}()
		t.Cleanup(func() { kill(); <-ended; db.Close() })
		c.dbs, c.limiters, c.kill = append(c.dbs, db), append(c.limiters, l), append(c.kill, kill)
	}
	synctest.Wait()
	return c
}

func many(n int) func(context.Context) int { return func(context.Context) int { return n } }

// hop sends requests of a key at a pace, each to the node that pick says, and tells how many passed.
func (c *cluster) hop(key string, rule limit.Rule, requests int, pause time.Duration, pick func(i int) int) int {
	passed := 0
	for i := range requests {
		if c.limiters[pick(i)].Allow(key, rule, time.Now()).Allowed {
			passed++
		}
		time.Sleep(pause)
	}
	return passed
}

func TestW19HoppingBetweenNodesGainsFewPercent(t *testing.T) {
	for _, n := range []int{2, 3, 5} {
		for name, pick := range map[string]func(i int) int{
			"in turn":            func(i int) int { return i % n },
			"mostly one":         func(i int) int { return max(0, i%10-9+n-1) },
			"one after another":  func(i int) int { return i * n / 700 },
			"at the threshold":   func(i int) int { return (i / 20) % n },
			"all but one a hint": func(i int) int { return min(i%50, n-1) },
		} {
			t.Run(fmt.Sprintf("%d nodes, %s", n, name), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					c := newCluster(t, n, many(n))
					// Twelve a second for almost a minute: 700 where 500 are allowed.
					passed := c.hop("user:1", perUser, 700, 80*time.Millisecond, pick)
					if passed < perUser.Limit || passed > perUser.Limit*103/100 {
						t.Errorf("%d passed, want %d and at most three percent more", passed, perUser.Limit)
					}
				})
			})
		}
	}
}

func TestW19FloodOverNodesIsStoppedWithinTwoRounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 3, many(3))
		// A thousand a second: what passes before the nodes have spoken is each node's own limit at most.
		passed := c.hop("ip:192.0.2.1", perIP, 20_000, time.Millisecond, func(i int) int { return i % 3 })
		if passed > 3*perIP.Limit {
			t.Errorf("%d passed, want at most %d", passed, 3*perIP.Limit)
		}
		for i, l := range c.limiters {
			if res := l.Allow("ip:192.0.2.1", perIP, time.Now()); res.Allowed || res.Remaining != 0 {
				t.Errorf("node %d still allows: %+v", i, res)
			}
		}
	})
}

func TestNodeThatDiesStopsCountingWithItsWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 2, many(2))
		c.hop("k", perIP, 60, time.Millisecond, func(int) int { return 0 })
		time.Sleep(time.Second)
		c.kill[0]()
		if got := c.hop("k", perIP, 60, time.Millisecond, func(int) int { return 1 }); got != 40 {
			t.Errorf("after the other node counted 60 and died, %d passed, want 40", got)
		}
		time.Sleep(time.Minute)
		if got := c.hop("k", perIP, 120, time.Millisecond, func(int) int { return 1 }); got != 100 {
			t.Errorf("in the next window %d passed, want 100", got)
		}
		time.Sleep(10 * time.Minute)
		if err := limit.Forget(t.Context(), c.dbs[1]); err != nil {
			t.Fatal(err)
		}
		if rows := c.dbs[1].Stats().Rows["limit-share"]; rows != 0 {
			t.Errorf("%d rows of what nodes said are left", rows)
		}
	})
}

func TestQuietServerWritesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 3, many(3))
		before := c.dbs[0].Revision()
		for i := range 1000 { // far from any limit
			c.limiters[i%3].Allow(fmt.Sprint("ip:", i%300), perIP, time.Now())
			time.Sleep(100 * time.Millisecond)
		}
		if after := c.dbs[0].Revision(); after != before {
			t.Errorf("requests far from any limit made %d commits", after-before)
		}
		c.hop("busy", perIP, 90, time.Millisecond, func(int) int { return 0 })
		time.Sleep(time.Second)
		before = c.dbs[0].Revision()
		time.Sleep(10 * time.Minute)
		if after := c.dbs[0].Revision(); after != before {
			t.Errorf("with nothing new to tell, %d commits in ten minutes", after-before)
		}
	})
}

func TestBusyNodeWritesFourTimesASecondAtMost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 2, many(2))
		time.Sleep(30 * time.Second)
		before := c.dbs[0].Revision()
		for i := range 10_000 { // one node, ten seconds, fifty clients
			c.limiters[0].Allow(fmt.Sprint("ip:", i%50), limit.Rule{Limit: 1000, Window: time.Minute}, time.Now())
			time.Sleep(time.Millisecond)
		}
		if commits := c.dbs[0].Revision() - before; commits > 41 {
			t.Errorf("%d commits in ten seconds, want four a second", commits)
		}
	})
}

func TestNodeAloneTellsNothing(t *testing.T) {
	for name, nodes := range map[string]func(context.Context) int{"never asked": nil, "one node": many(1)} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCluster(t, 1, nodes)
				before := c.dbs[0].Revision()
				if got := c.hop("k", perIP, 300, time.Millisecond, func(int) int { return 0 }); got != perIP.Limit {
					t.Errorf("%d passed, want %d", got, perIP.Limit)
				}
				if after := c.dbs[0].Revision(); after != before {
					t.Errorf("%d commits, want none", after-before)
				}
			})
		})
	}
}

// However many keys are near their limits, and whatever they are called, a node's row stays small.
func TestWhatIsToldIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 2, many(2))
		for i := range 5000 {
			rule := limit.Rule{Limit: 1, Window: time.Hour}
			c.limiters[0].Allow(fmt.Sprintf("%s:%d", strings.Repeat("\x01", 90), i), rule, time.Now())
			c.limiters[0].Allow(fmt.Sprintf("%s:%d", strings.Repeat("x", 10_000), i), rule, time.Now())
		}
		log := c.dbs[0]
		time.Sleep(time.Second)
		synctest.Wait()
		if rows := log.Stats().Rows["limit-share"]; rows != 1 {
			t.Fatalf("%d rows, want one", rows)
		}
		if size := limit.LargestShare(log.View()); size == 0 || size > 400 {
			t.Errorf("the row tells of %d keys, want at most 400", size)
		}
	})
}

func BenchmarkAllowWhileSharing(b *testing.B) {
	log := store.NewMemory()
	db, err := store.Open(b.Context(), log, store.Options{}, limit.Tables)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	l := limit.New(1 << 18)
	ctx, stop := context.WithCancel(b.Context())
	ended := make(chan error)
	go func() { ended <- limit.NewSharer(db, l, limit.Sharing{Nodes: many(3)}).Run(ctx) }()
	b.ReportAllocs()
	for b.Loop() {
		l.Allow("user:1", limit.Rule{Limit: 1 << 30, Window: time.Hour}, time.Now())
	}
	stop()
	<-ended
}

package limit_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"hexhub/internal/kernel/limit"
)

var (
	perUser = limit.Rule{Limit: 500, Window: time.Minute}
	perIP   = limit.Rule{Limit: 100, Window: time.Minute}
	logins  = limit.Rule{Limit: 10, Window: 15 * time.Minute}
)

func TestWindowsFollowTheWallClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := limit.New(1000)
		time.Sleep(59 * time.Second) // synctest begins at midnight, UTC
		start := time.Now()
		for i := range 3 {
			want := limit.Result{Allowed: true, Limit: 100, Remaining: 99 - i, Reset: start.Unix() + 1}
			if d := cmp.Diff(want, l.Allow("ip:192.0.2.1", perIP, time.Now())); d != "" {
				t.Error(d)
			}
		}
		time.Sleep(time.Second - 1)
		if got := l.Allow("ip:192.0.2.1", perIP, time.Now()); got.Remaining != 96 {
			t.Errorf("in the window's last nanosecond %d remain, want 96", got.Remaining)
		}
		time.Sleep(time.Nanosecond)
		want := limit.Result{Allowed: true, Limit: 100, Remaining: 99, Reset: start.Unix() + 61}
		if d := cmp.Diff(want, l.Allow("ip:192.0.2.1", perIP, time.Now())); d != "" {
			t.Errorf("in the next window: %s", d)
		}
	})
}

func TestOverTheLimitNothingPassesUntilReset(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := limit.New(1000)
		for range 10 {
			if got := l.Allow("login:alice", logins, time.Now()); !got.Allowed {
				t.Fatal("refused within the limit")
			}
		}
		for range 100 {
			got := l.Allow("login:alice", logins, time.Now())
			if got.Allowed || got.Remaining != 0 {
				t.Fatalf("over the limit: %+v", got)
			}
			time.Sleep(time.Second) // asking must not prolong it
		}
		reset := l.Allow("login:alice", logins, time.Now()).Reset
		time.Sleep(time.Until(time.Unix(reset, 0)) - time.Millisecond)
		if l.Allow("login:alice", logins, time.Now()).Allowed {
			t.Error("allowed before the reset that was told")
		}
		time.Sleep(time.Millisecond)
		if !l.Allow("login:alice", logins, time.Now()).Allowed {
			t.Error("refused at the reset that was told")
		}
	})
}

func TestKeysAndRulesCountApart(t *testing.T) {
	l, now := limit.New(1000), time.Unix(1_000_000, 0)
	one := limit.Rule{Limit: 1, Window: time.Minute}
	l.Allow("user:1", one, now)
	for name, allowed := range map[string]bool{
		"the same key":    l.Allow("user:1", one, now).Allowed,
		"another key":     !l.Allow("user:2", one, now).Allowed,
		"another rule":    !l.Allow("user:1", perUser, now).Allowed,
		"a longer window": !l.Allow("user:1", limit.Rule{Limit: 1, Window: time.Hour}, now).Allowed,
	} {
		if allowed {
			t.Errorf("%s is not counted apart", name)
		}
	}
	if l.Allow("nobody", limit.Rule{Limit: 0, Window: time.Minute}, now).Allowed {
		t.Error("a limit of none allows one")
	}
}

func TestAskingCountsNothing(t *testing.T) {
	l, now := limit.New(1000), time.Unix(1_700_000_000, 0)
	for i := range logins.Limit {
		for range 2 {
			if l.Exhausted("login:x", logins, now) {
				t.Fatalf("exhausted after %d of %d", i, logins.Limit)
			}
		}
		l.Allow("login:x", logins, now)
	}
	if !l.Exhausted("login:x", logins, now) {
		t.Error("the limit is used up, and Exhausted does not say so")
	}
	if l.Exhausted("login:y", logins, now) || l.Exhausted("login:x", logins, now.Add(logins.Window)) {
		t.Error("another key, or the next window, is exhausted too")
	}
}

func TestResetIsRoundedUp(t *testing.T) {
	l := limit.New(1000)
	got := l.Allow("k", limit.Rule{Limit: 1, Window: 1500 * time.Millisecond}, time.UnixMilli(3100))
	if got.Reset != 5 { // the window ends at 4.5 s
		t.Errorf("Reset = %d, want 5", got.Reset)
	}
}

func TestClockSetBackDoesNotLockOut(t *testing.T) {
	l, now := limit.New(1000), time.Unix(1_000_000, 0)
	for range 101 {
		l.Allow("ip:192.0.2.1", perIP, now)
	}
	if got := l.Allow("ip:192.0.2.1", perIP, now.Add(-time.Hour)); !got.Allowed {
		t.Errorf("C4 a clock set back an hour locks out: %+v", got)
	}
}

// In every window exactly the limit passes, whatever is asked: against a model.
func TestExactlyTheLimitPasses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l, now := limit.New(10_000), time.UnixMilli(rapid.Int64Range(0, 1e13).Draw(t, "start"))
		passed := map[string]int{}
		rules := []limit.Rule{{1, time.Second}, {3, 2 * time.Second}, {2, 700 * time.Millisecond}}
		for range rapid.IntRange(1, 200).Draw(t, "requests") {
			now = now.Add(time.Duration(rapid.IntRange(0, 500).Draw(t, "ms")) * time.Millisecond)
			key := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "key")
			rule := rapid.SampledFrom(rules).Draw(t, "rule")
			window := fmt.Sprint(key, rule, now.UnixMilli()/rule.Window.Milliseconds())
			got := l.Allow(key, rule, now)
			if want := passed[window] < rule.Limit; got.Allowed != want {
				t.Fatalf("%s: allowed %v, want %v after %d", window, got.Allowed, want, passed[window])
			}
			if got.Allowed {
				passed[window]++
			}
			if got.Remaining != rule.Limit-passed[window] {
				t.Fatalf("%s: %d remain after %d", window, got.Remaining, passed[window])
			}
			if end := time.Unix(got.Reset, 0); !end.After(now) || end.Sub(now) > rule.Window+time.Second {
				t.Fatalf("%s: resets %v from now", window, end.Sub(now))
			}
		}
	})
}

func TestLimitHoldsAgainstBypass(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	t.Run("W19 many connections at once", func(t *testing.T) {
		l := limit.New(1000)
		var passed atomic.Int64
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				for range 100 {
					if l.Allow("user:1", perUser, now).Allowed {
						passed.Add(1)
					}
				}
			})
		}
		wg.Wait()
		if passed.Load() != 500 {
			t.Errorf("%d passed, want 500", passed.Load())
		}
	})
	t.Run("W19 a flood of keys frees nobody", func(t *testing.T) {
		l := limit.New(6400)
		for i := range 20 {
			for range perIP.Limit {
				l.Allow("limited:"+strconv.Itoa(i), perIP, now)
			}
		}
		for i := range 200_000 {
			l.Allow("flood:"+strconv.Itoa(i), perIP, now)
		}
		for i := range 20 {
			if l.Allow("limited:"+strconv.Itoa(i), perIP, now).Allowed {
				t.Errorf("key %d is free again", i)
			}
		}
	})
	t.Run("A2 hopping within an IPv6 /64", func(t *testing.T) {
		l, passed := limit.New(1000), 0
		for range 1000 {
			a := netip.MustParseAddr("2001:db8:1:2::").As16()
			for i := 8; i < 16; i++ {
				a[i] = byte(rand.Uint32())
			}
			if l.Allow(limit.IPKey(netip.AddrFrom16(a)), perIP, now).Allowed {
				passed++
			}
		}
		if passed != perIP.Limit {
			t.Errorf("%d passed, want %d", passed, perIP.Limit)
		}
	})
}

func TestIPKey(t *testing.T) {
	for _, c := range []struct{ name, addr, want string }{
		{"IPv4", "192.0.2.1", "ip:192.0.2.1"},
		{"A2 IPv4 mapped into IPv6", "::ffff:192.0.2.1", "ip:192.0.2.1"},
		{"A2 IPv4 mapped, with a zone", "::ffff:192.0.2.1%eth0", "ip:192.0.2.1"},
		{"A2 IPv6", "2001:db8:1:2:3:4:5:6", "ip:2001:db8:1:2::/64"},
		{"A2 IPv6 with a zone", "fe80::1%eth0", "ip:fe80::/64"},
		{"loopback", "::1", "ip:::/64"},
	} {
		if got := limit.IPKey(netip.MustParseAddr(c.addr)); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	if got := limit.IPKey(netip.Addr{}); !strings.HasPrefix(got, "ip:") {
		t.Errorf("no address: %q", got)
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestMemoryIsBounded(t *testing.T) {
	const keys = 10_000
	before := heap()
	l, now := limit.New(keys), time.Unix(1_000_000, 0)
	big := strings.Repeat("x", 1000) // of which a key is a piece
	for i := range 300_000 {
		request := strconv.Itoa(i) + big
		l.Allow(request[:6], perIP, now)
		l.Allow(request[:7], logins, now)
		l.Allow(request[:8], limit.Rule{Limit: 0, Window: time.Hour}, now)
		now = now.Add(time.Millisecond)
	}
	if used := int64(heap()) - int64(before); used > keys*400 {
		t.Errorf("900,000 keys take %d kB, want at most %d", used>>10, keys*400>>10)
	}
	runtime.KeepAlive(l)
}

func TestKnownKeyDoesNotAllocate(t *testing.T) {
	l, now := limit.New(1000), time.Unix(1_000_000, 0)
	n := testing.AllocsPerRun(1000, func() {
		l.Allow("user:1", perUser, now)
		now = now.Add(time.Second) // also across windows
	})
	if n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkAllow(b *testing.B) {
	now := time.Unix(1_000_000, 0)
	b.Run("known key", func(b *testing.B) {
		l := limit.New(1 << 18)
		b.ReportAllocs()
		for b.Loop() {
			l.Allow("user:1", perUser, now)
		}
	})
	b.Run("100,000 keys, all cores", func(b *testing.B) {
		l, keys := limit.New(1<<18), make([]string, 100_000)
		for i := range keys {
			keys[i] = "user:" + strconv.Itoa(i)
		}
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				l.Allow(keys[rand.IntN(len(keys))], perUser, now)
			}
		})
	})
	b.Run("flood of new keys", func(b *testing.B) {
		l, i, buf := limit.New(1<<18), 0, []byte(nil)
		b.ReportAllocs()
		for b.Loop() {
			i++
			buf = strconv.AppendInt(buf[:0], int64(i), 10)
			l.Allow(string(buf), perIP, now)
		}
	})
	b.Run("IPKey", func(b *testing.B) {
		a := netip.MustParseAddr("2001:db8:1:2:3:4:5:6")
		b.ReportAllocs()
		for b.Loop() {
			limit.IPKey(a)
		}
	})
}

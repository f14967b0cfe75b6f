package account

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

var cheap = Cost{Memory: 8, Passes: 1, Lanes: 1}

func TestA3HashingWaitsForItsTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHasher(cheap, 2)
		h.turns <- struct{}{}
		h.turns <- struct{}{} // both turns are taken
		ctx, leave := context.WithCancel(t.Context())
		var gaveUp, hashed atomic.Int32
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() {
				if _, err := h.hash(ctx, "password"); errors.Is(err, context.Canceled) {
					gaveUp.Add(1)
				}
			})
			wg.Go(func() {
				if _, err := h.hash(t.Context(), "password"); err == nil {
					hashed.Add(1)
				}
			})
		}
		synctest.Wait()
		if hashed.Load() != 0 {
			t.Error("a third password was hashed although two turns are taken")
		}
		leave()
		synctest.Wait()
		if gaveUp.Load() != 5 {
			t.Errorf("%d of 5 whose client left gave up", gaveUp.Load())
		}
		<-h.turns
		wg.Wait()
		if hashed.Load() != 5 {
			t.Errorf("%d of 5 who waited had their turn", hashed.Load())
		}
	})
}

// A guess at a user who does not exist must cost what one at a new user costs.
func TestA15DecoyCostsWhatAPasswordCosts(t *testing.T) {
	for _, c := range []Cost{DefaultCost, cheap} {
		h := newHasher(c, 1)
		got, salt, sum, err := parse(h.decoy)
		if err != nil || got != c || len(salt) != saltSize || len(sum) != sumSize {
			t.Errorf("the decoy costs %+v (%v), a password %+v", got, err, c)
		}
	}
}

func TestDefaultCostIsWhatOWASPAsks(t *testing.T) {
	if DefaultCost.Memory < 19<<10 || DefaultCost.Passes < 2 {
		t.Errorf("%+v is less than 19 MiB in two passes", DefaultCost)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(string(format(cheap, make([]byte, saltSize), make([]byte, sumSize))))
	f.Add("$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$AAAA")
	f.Fuzz(func(t *testing.T, s string) {
		c, salt, sum, err := parse(PasswordHash(s))
		if err != nil {
			return
		}
		if c.Passes == 0 || c.Lanes == 0 || len(sum) == 0 {
			t.Fatalf("%q costs nothing: %+v %x %x", s, c, salt, sum)
		}
	})
}

func BenchmarkHash(b *testing.B) {
	h := newHasher(DefaultCost, 1)
	for b.Loop() {
		if _, err := h.hash(b.Context(), "password"); err != nil {
			b.Fatal(err)
		}
	}
}

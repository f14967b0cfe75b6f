package flight_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"hexhub/internal/kernel/flight"
)

// One makes it for all, also when the first to ask has left.
func TestOneMakesForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g flight.Group[string]
		first, leave := context.WithCancel(t.Context())
		begin, made := make(chan bool), 0
		perform := func(ctx context.Context) (string, error) {
			<-begin
			made++
			return "it", ctx.Err()
		}
		var got [3]string
		var failed [3]error
		for i, ctx := range []context.Context{first, t.Context(), t.Context()} {
			go func() { got[i], failed[i] = g.Do(ctx, "key", perform) }()
			synctest.Wait()
		}
		leave()
		synctest.Wait()
		close(begin)
		synctest.Wait()
		if !errors.Is(failed[0], context.Canceled) || got[0] != "" {
			t.Errorf("who left got %q, %v", got[0], failed[0])
		}
		if made != 1 || got[1] != "it" || got[2] != "it" || errors.Join(failed[1:]...) != nil {
			t.Errorf("made %d times; those who stayed got %q, %v", made, got[1:], failed[1:])
		}
	})
}

// What another has made and kept, between the look at what is kept and the making, is not made again.
func TestWhatIsKeptIsNotMadeAgain(t *testing.T) {
	var g flight.Group[string]
	looks := 0
	kept := func() (string, bool) { looks++; return "kept", looks == 2 }
	got, err := g.Once(t.Context(), "key", kept, func(context.Context) (string, error) { return "made", nil })
	if got != "kept" || err != nil {
		t.Errorf("got what was %s, %v", got, err)
	}
	if got, err = g.Once(t.Context(), "key", kept, func(context.Context) (string, error) { return "made", nil }); got != "made" || err != nil {
		t.Errorf("what is not kept was %s, %v", got, err)
	}
}

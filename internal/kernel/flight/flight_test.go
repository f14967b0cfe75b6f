package flight_test

import (
	"context"
	"errors"
	"strings"
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

// When all have left, the work ends. Who comes then has it done anew, and gets it.
func TestWorkEndsWhenNobodyWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g flight.Group[string]
		leaving, leave := context.WithCancel(t.Context())
		begun, ended, ending := 0, 0, make(chan bool)
		perform := func(ctx context.Context) (string, error) {
			if begun++; begun > 1 {
				return "it", ctx.Err()
			}
			<-ctx.Done()
			ended++
			<-ending // which takes a while
			return "", ctx.Err()
		}
		for range 3 {
			go func() {
				if _, err := g.Do(leaving, "key", perform); !errors.Is(err, context.Canceled) {
					t.Errorf("who left got %v", err)
				}
			}()
		}
		synctest.Wait()
		if ended != 0 {
			t.Fatal("the work ended while they waited")
		}
		leave()
		synctest.Wait()
		if begun != 1 || ended != 1 {
			t.Fatalf("begun %d times, ended %d times", begun, ended)
		}
		var got string
		var err error
		go func() { got, err = g.Do(t.Context(), "key", perform) }()
		synctest.Wait()
		if begun != 1 {
			t.Error("the same is made twice at a time")
		}
		ending <- true
		synctest.Wait()
		if begun != 2 || got != "it" || err != nil {
			t.Errorf("begun %d times; who came later got %q, %v", begun, got, err)
		}
	})
}

// What was made although nobody waited is had by who comes before it is forgotten.
func TestWhatIsMadeNeverthelessIsHad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g flight.Group[string]
		leaving, leave := context.WithCancel(t.Context())
		ending, begun := make(chan bool), 0
		perform := func(context.Context) (string, error) { begun++; <-ending; return "it", nil }
		go func() { _, _ = g.Do(leaving, "key", perform) }()
		synctest.Wait()
		leave()
		synctest.Wait()
		var got string
		go func() { got, _ = g.Do(t.Context(), "key", perform) }()
		synctest.Wait()
		ending <- true
		synctest.Wait()
		if begun != 1 || got != "it" {
			t.Errorf("begun %d times, got %q", begun, got)
		}
	})
}

// An error is of those who waited for it, and is not kept.
func TestErrorsAreShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g flight.Group[string]
		wrong, begin, begun := errors.New("wrong"), make(chan bool), 0
		perform := func(context.Context) (string, error) { begun++; <-begin; return "", wrong }
		var failed [3]error
		for i := range failed {
			go func() { _, failed[i] = g.Do(t.Context(), "key", perform) }()
		}
		synctest.Wait()
		close(begin)
		synctest.Wait()
		for _, err := range failed {
			if !errors.Is(err, wrong) {
				t.Errorf("one got %v", err)
			}
		}
		if _, err := g.Do(t.Context(), "key", perform); begun != 2 || !errors.Is(err, wrong) {
			t.Errorf("begun %d times, %v", begun, err)
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

// A panic is one of all who wait, each of whom may catch it, and what is asked for next is made as ever.
func TestAPanicIsOfThoseWhoWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g flight.Group[string]
		begin, caught := make(chan bool), [2]any{}
		for i := range caught {
			go func() {
				defer func() { caught[i] = recover() }()
				_, _ = g.Do(t.Context(), "key", func(context.Context) (string, error) {
					<-begin
					panic("a file that nobody thought of")
				})
			}()
		}
		synctest.Wait()
		close(begin)
		synctest.Wait()
		for _, c := range caught {
			if text, _ := c.(string); !strings.HasPrefix(text, "a file that nobody thought of\n") {
				t.Errorf("caught %v", c)
			}
		}
		if got, err := g.Do(t.Context(), "key", func(context.Context) (string, error) { return "it", nil }); got != "it" || err != nil {
			t.Errorf("then got %q, %v", got, err)
		}
	})
}

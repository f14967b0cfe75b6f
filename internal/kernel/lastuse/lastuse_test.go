package lastuse_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"hexhub/internal/kernel/lastuse"
)

// Of many uses one is written in five minutes, and what is noted when the end comes is written, too.
func TestUsesAreWrittenRarelyAndNoneIsLostAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		notes := lastuse.New[string]()
		var written []string
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan bool)
		go func() {
			notes.Run(ctx, func(ctx context.Context, some []string) {
				if ctx.Err() != nil {
					t.Errorf("written with %v", ctx.Err())
				}
				written = append(written, some...)
			})
			close(ended)
		}()
		use := func(key string) {
			if now := time.Now(); notes.Due(key, now) {
				notes.Add(key, key+now.Format(" 15:04:05"))
			}
		}
		for range 12 { // a use each half minute
			use("a")
			time.Sleep(30 * time.Second)
		}
		use("b")
		stop()
		<-ended
		if want := []string{"a 00:00:00", "a 00:05:00", "b 00:06:00"}; !slices.Equal(written, want) {
			t.Errorf("written: %q, want %q", written, want)
		}
	})
}

// Of many who use a thing at once, one makes the note; and many notes come in batches.
func TestOneNoteForManyAtOnce(t *testing.T) {
	notes := lastuse.New[int]()
	var wg sync.WaitGroup
	var mu sync.Mutex
	due := 0
	for range 100 {
		wg.Go(func() {
			if notes.Due("a", time.Now()) {
				mu.Lock()
				due++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if due != 1 {
		t.Errorf("due %d times", due)
	}
	for i := range 450 {
		notes.Add(fmt.Sprint(i), i)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	var sizes []int
	notes.Run(ctx, func(_ context.Context, some []int) { sizes = append(sizes, len(some)) })
	if !slices.Equal(sizes, []int{200, 200, 50}) {
		t.Errorf("batches of %v", sizes)
	}
}

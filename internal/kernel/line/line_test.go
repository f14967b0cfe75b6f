package line_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"

	"hexhub/internal/kernel/line"
)

// So many work at once, so many wait, and who comes then is turned away at once; each who leaves lets another in.
func TestOnlySoManyWorkAndWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, told := line.New(2, 3), make(chan struct{})
		working, most := 0, 0
		var mu sync.Mutex // guards both
		work := func() {
			leave, err := l.Enter(t.Context())
			if err != nil {
				t.Error(err)
				return
			}
			defer leave()
			mu.Lock()
			working++
			most = max(most, working)
			mu.Unlock()
			<-told
			mu.Lock()
			working--
			mu.Unlock()
		}
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(work)
		}
		synctest.Wait()
		if _, err := l.Enter(t.Context()); !errors.Is(err, line.ErrFull) || working != 2 {
			t.Errorf("one too many: %v, while %d work", err, working)
		}
		told <- struct{}{}
		synctest.Wait()
		wg.Go(work)
		synctest.Wait()
		if _, err := l.Enter(t.Context()); !errors.Is(err, line.ErrFull) {
			t.Errorf("when one has come for one who left: %v", err)
		}
		close(told)
		wg.Wait()
		if most != 2 {
			t.Errorf("%d worked at once", most)
		}
	})
}

// Who waits no longer makes room, and hears why.
func TestWhoWaitsMayLeave(t *testing.T) {
	l := line.New(1, 1)
	leave, err := l.Enter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tired := errors.New("tired")
	ctx, stop := context.WithCancelCause(t.Context())
	stop(tired)
	for range 3 {
		if _, err := l.Enter(ctx); !errors.Is(err, tired) {
			t.Errorf("who leaves hears %v", err)
		}
	}
	leave()
	leave, err = l.Enter(t.Context())
	if err != nil {
		t.Fatalf("there is no room: %v", err)
	}
	leave()
}

package job_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"hexhub/internal/kernel/job"
	"hexhub/internal/kernel/store"
)

// An idle node finishes what it has begun and begins nothing; what is due waits for another, or for it to come back.
func TestIdleNodeBeginsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := open(t, store.NewMemory())
		var idle atomic.Bool
		var d diary
		end := make(chan struct{})
		q := job.New(db, job.Options{Node: "one", Idle: idle.Load})
		q.Handle(kind, job.Handler{Workers: 1, Do: func(_ context.Context, j job.Job) error {
			<-end
			d.write("%s", j.Key)
			return nil
		}})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go func() { _ = q.Run(ctx) }()
		enqueue(t, db, "first", nil, time.Now())
		synctest.Wait()
		idle.Store(true)
		enqueue(t, db, "second", nil, time.Now())
		if n := job.Held(db.View(), "one", time.Now()); n != 1 {
			t.Errorf("it holds %d jobs, want 1", n)
		}
		close(end)
		wantLines(t, &d, "first")
		time.Sleep(time.Minute)
		wantLines(t, &d, "first")
		if n := job.Held(db.View(), "one", time.Now()); n != 0 {
			t.Errorf("it holds %d jobs, want none", n)
		}
		idle.Store(false)
		time.Sleep(time.Minute)
		wantLines(t, &d, "first", "second")
	})
}
